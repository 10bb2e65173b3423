//! The files of a model that a host hands over, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::mount::Mounted;
use crate::error::{Error, Result};

/// The files of a model in memory, by the names that they would have below its folder: the way to open a model that
/// lies in an archive, was downloaded or decrypted, without writing it to the disk
/// ([`Pipeline::open_files`](crate::Pipeline::open_files)).
///
/// Which files a model needs is said for folders, and any layout of a folder will do. Clones share the bytes.
///
/// ```no_run
/// use diffusion::{CancelToken, ModelFiles, Pipeline, PipelineOptions};
///
/// let mut files = ModelFiles::new();
/// files.add("model_index.json", std::fs::read("models/demo/model_index.json").unwrap())?;
/// files.add("unet/model.onnx", std::fs::read("models/demo/unet/model.onnx").unwrap())?;
/// // … and the others …
/// let pipeline = Pipeline::open_files(&files, &PipelineOptions::default(), &mut (), &CancelToken::new())?;
/// # Ok::<(), diffusion::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ModelFiles {
    tree: Arc<Tree>,
}

/// The bytes of each file. A folder is there as long as a file is in it.
pub(super) type Tree = BTreeMap<String, Bytes>;

impl ModelFiles {
    /// No files yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the file `name`: a path relative to the model's folder, its parts separated by `/`, as `unet/model.onnx`.
    ///
    /// `contents` are kept as they are, not copied, until the last user is gone: every clone of this, and every pipeline
    /// that was opened from one. [`Bytes::from_owner`] takes anything that owns memory, as a memory map, and drops it
    /// then, on whatever thread that is. They must not change meanwhile; they need not be aligned.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a name that is empty, absolute or leads upwards, for one with a backslash, a colon
    /// or a NUL inside, for one that was added before, and for one that is a file and a folder at once.
    pub fn add(&mut self, name: &str, contents: impl Into<Bytes>) -> Result<()> {
        self.check(name)?;
        Arc::make_mut(&mut self.tree).insert(name.to_owned(), contents.into());
        Ok(())
    }

    /// Whether [`ModelFiles::add`] would take a file of that name.
    ///
    /// # Errors
    /// As [`ModelFiles::add`].
    pub fn check(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let refused = |what: &str| Err(Error::invalid(format!("the model file \"{name}\" {what}")));
        if self.tree.contains_key(name) {
            return refused("was added before; each name may be added once");
        }
        if is_folder(&self.tree, name) {
            return refused("is also the folder of another file; one name is a file or a folder");
        }
        let mut folders = name.match_indices('/').filter_map(|(end, _)| name.get(..end));
        match folders.find(|folder| self.tree.contains_key(*folder)) {
            Some(file) => refused(&format!("lies in \"{file}\", which is a file; one name is a file or a folder")),
            None => Ok(()),
        }
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tree.keys().map(String::as_str)
    }

    /// Lets paths lead to the files as they are now, for as long as what is returned lives.
    pub(crate) fn mount(&self) -> Mounted {
        Mounted::new(Arc::clone(&self.tree))
    }
}

impl fmt::Debug for ModelFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.tree.iter().map(|(name, bytes)| (name, bytes.len()))).finish()
    }
}

/// Whether a file of `tree` lies below `name`.
pub(super) fn is_folder(tree: &Tree, name: &str) -> bool {
    let start = format!("{name}/");
    tree.range(start.clone()..).next().is_some_and(|(first, _)| first.starts_with(&start))
}

fn check_name(name: &str) -> Result<()> {
    let why = match name {
        "" => "is empty",
        _ if name.contains('\0') => "has a NUL character inside",
        _ if name.contains('\\') => "has a backslash inside; folders are separated by \"/\"",
        // A drive, or a stream of a file, on Windows.
        _ if name.contains(':') => "has a colon inside",
        _ if name.starts_with('/') => "begins with \"/\"",
        _ if name.split('/').any(|part| matches!(part, "." | "..")) => "has a part \".\" or \"..\"",
        _ if name.split('/').any(str::is_empty) => "has an empty part",
        _ => return Ok(()),
    };
    let shown = name.replace('\0', "\u{fffd}");
    Err(Error::invalid(format!(
        "the name \"{shown}\" of a model file {why}; allowed is a path below the model's folder, as \"unet/model.onnx\""
    )))
}

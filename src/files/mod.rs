//! The one way to the files of a model: on the disk, or handed over in memory.
//!
//! Every room that reads a model asks here, with paths. A path whose first part is the name of a [`Mounted`] set of
//! [`ModelFiles`], as `memory:7/unet/model.onnx`, is looked up among the files that a host handed over; every other path
//! is the system's. So whoever reads a layout, a tokenizer or a graph need not know which of the two it is, and errors
//! name the file either way.
//!
//! What is read from memory is shared and not copied.

mod disk;
mod model_files;
mod mount;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

pub use model_files::ModelFiles;
pub(crate) use mount::Mounted;

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file of so many bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A device, a pipe, a socket: opening it may wait for ever.
    Other,
}

/// What lies at `path`, links followed.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] and whatever else the system says.
pub(crate) fn kind(path: &Path) -> io::Result<Kind> {
    match mount::find(path) {
        Some(place) => place.kind(),
        None => disk::kind(path),
    }
}

/// Whether a file is there.
pub(crate) fn is_file(path: &Path) -> bool {
    matches!(kind(path), Ok(Kind::File(_)))
}

/// Whether a folder is there.
pub(crate) fn is_folder(path: &Path) -> bool {
    matches!(kind(path), Ok(Kind::Folder))
}

/// Whether anything is there.
pub(crate) fn exists(path: &Path) -> bool {
    kind(path).is_ok()
}

/// The paths of what lies in a folder, in no promised order.
///
/// # Errors
/// What the system says; for a file in memory [`io::ErrorKind::NotADirectory`].
pub(crate) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match mount::find(folder) {
        Some(place) => Ok(place.list()?.into_iter().map(|name| folder.join(name)).collect()),
        None => disk::list(folder),
    }
}

/// The first `limit` bytes of a file, or as many as it has. `u64::MAX` reads all of it.
///
/// # Errors
/// What the system says; for a folder in memory [`io::ErrorKind::IsADirectory`].
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Bytes> {
    match mount::find(path) {
        Some(place) => {
            let bytes = place.bytes()?;
            Ok(bytes.slice(..usize::try_from(limit).map_or(bytes.len(), |limit| limit.min(bytes.len()))))
        }
        None => disk::read(path, limit),
    }
}

/// The whole file at `path` where it was handed over in memory; `None` for one on the disk, and for none.
pub(crate) fn in_memory(path: &Path) -> Option<Bytes> {
    mount::find(path)?.bytes().ok()
}

/// The path from the root, whatever folder the process goes to later; links are not followed.
///
/// # Errors
/// As [`std::path::absolute`].
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    match mount::find(path) {
        Some(_) => Ok(path.to_owned()),
        None => std::path::absolute(path),
    }
}

/// The folder that `path` lies in. Files in memory lie in no other folder than their own.
pub(crate) fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|_| !mount::is_root(path))
}

/// The path with every link followed. In memory there are none.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] and whatever else the system says.
pub(crate) fn canonical(path: &Path) -> io::Result<Cow<'_, Path>> {
    match mount::find(path) {
        Some(place) => place.kind().map(|_| Cow::Borrowed(path)),
        None => path.canonicalize().map(Cow::Owned),
    }
}

/// A file of which parts are read.
pub(crate) enum OpenFile {
    /// On the disk.
    Disk(std::fs::File),
    /// In memory.
    Memory(Bytes),
}

impl OpenFile {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// As [`read`].
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        match mount::find(path) {
            Some(place) => place.bytes().map(Self::Memory),
            None => disk::open(path).map(Self::Disk),
        }
    }

    /// `length` bytes from byte `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] where the file is shorter, and whatever else the system says.
    pub(crate) fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Bytes> {
        match self {
            Self::Disk(file) => disk::read_at(file, offset, length),
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).ok();
                let range = start.and_then(|start| Some(start..start.checked_add(length)?));
                let range = range.filter(|range| range.end <= bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
                Ok(bytes.slice(range))
            }
        }
    }
}

#[cfg(test)]
mod tests;

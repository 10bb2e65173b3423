//! What lies in a model folder: sub-folders and their files, one level deep, and where the graphs are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::family::Family;
use super::json;
use super::layout::GraphRole;
use crate::error::{Error, Result};
use crate::files;

/// What every exporter calls a graph.
const GRAPH_FILE: &str = "model.onnx";

/// How many names a message lists before it says how many more there are.
const SHOWN_NAMES: usize = 8;

/// The files of a folder and of its sub-folders.
pub(super) struct Inventory {
    root: PathBuf,
    /// Names of the files in the root, sorted.
    files: Vec<String>,
    /// Names of the files in each sub-folder, sorted. A sub-folder that cannot be read has none.
    folders: BTreeMap<String, Vec<String>>,
}

impl Inventory {
    /// Lists `root`, which must be a folder.
    ///
    /// # Errors
    /// [`Error::Io`] when it is not there or cannot be listed; [`Error::BadModel`] when it is a file or empty.
    pub(super) fn take(root: &Path) -> Result<Self> {
        let kind = files::kind(root).map_err(|error| Error::io("cannot open the model folder", root, error))?;
        if kind != files::Kind::Folder {
            return Err(not_a_folder(root));
        }
        let mut inventory = Self { root: root.to_path_buf(), files: Vec::new(), folders: BTreeMap::new() };
        for path in files::list(root).map_err(|error| Error::io("cannot list the model folder", root, error))? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if files::is_folder(&path) {
                let files = list_files(&path);
                if !files.iter().any(|file| file == super::index::FILE) {
                    inventory.list_variants(&path, name);
                }
                inventory.folders.insert(name.to_owned(), files);
            } else if files::is_file(&path) {
                inventory.files.push(name.to_owned());
            }
        }
        inventory.files.sort();
        if inventory.files.is_empty() && inventory.folders.is_empty() {
            return Err(Error::bad_model(
                root,
                "the folder is empty, but a model has unet/model.onnx, vae_decoder/model.onnx, \
                 text_encoder/model.onnx and tokenizer/ in it",
            ));
        }
        Ok(inventory)
    }

    /// Lists the sub-folders of the sub-folder `name` that have graphs in them.
    fn list_variants(&mut self, folder: &Path, name: &str) {
        for path in files::list(folder).unwrap_or_default() {
            if let Some(inner) = path.file_name().and_then(|inner| inner.to_str()).filter(|_| files::is_folder(&path)) {
                let files = list_files(&path);
                if files.iter().any(|file| is_graph(file)) {
                    self.folders.insert(format!("{name}/{inner}"), files);
                }
            }
        }
    }

    /// The names of the sub-folders of `folder` that have a graph in them, sorted.
    pub(super) fn variants(&self, folder: &str) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .folders
            .keys()
            .filter_map(|name| name.strip_prefix(folder)?.strip_prefix('/'))
            .filter(|variant| self.graph_name(&format!("{folder}/{variant}")).is_some())
            .collect();
        names.sort_unstable();
        names
    }

    /// Whether the file lies in the folder itself.
    pub(super) fn has_file(&self, file: &str) -> bool {
        self.files.iter().any(|name| name == file)
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the sub-folder is there and has a file in it.
    pub(super) fn is_filled(&self, folder: &str) -> bool {
        self.folders.get(folder).is_some_and(|files| !files.is_empty()) || !self.variants(folder).is_empty()
    }

    /// Whether any graph's folder has a `config.json`, as optimum writes one beside every graph.
    pub(super) fn has_graph_configs(&self) -> bool {
        // What others made and put beside the model says nothing about its exporter.
        let own = GraphRole::ALL.iter().filter(|role| !matches!(role, GraphRole::ControlNet | GraphRole::Adapter));
        own.into_iter().any(|role| self.has(role.name(), "config.json"))
    }

    /// Whether the folder of the role's tokenizer has SentencePiece's model, as T5's has and CLIP's has not.
    pub(super) fn has_t5_tokenizer(&self, role: GraphRole) -> bool {
        role.tokenizer().is_some_and(|folder| self.has(folder, "spiece.model"))
    }

    /// Whether the sub-folder has a tokenizer's files in it.
    pub(super) fn has_tokenizer(&self, folder: &str) -> bool {
        self.has(folder, "tokenizer.json")
            || self.has(folder, "spiece.model")
            || (self.has(folder, "vocab.json") && self.has(folder, "merges.txt"))
    }

    /// Whether the sub-folder has the file.
    pub(super) fn has(&self, folder: &str, file: &str) -> bool {
        self.folders.get(folder).is_some_and(|files| files.iter().any(|name| name == file))
    }

    /// The name of the graph in the sub-folder: `model.onnx`, or the only `.onnx` there is.
    pub(super) fn graph_name(&self, folder: &str) -> Option<&str> {
        match self.graphs_in(folder).as_slice() {
            names if names.contains(&GRAPH_FILE) => Some(GRAPH_FILE),
            [only] => Some(only),
            _ => None,
        }
    }

    /// The path of the graph `file`, checked to be one.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; [`Error::BadModel`] when it is empty or a Git LFS pointer.
    pub(super) fn checked(&self, file: &str) -> Result<PathBuf> {
        let path = self.root.join(file);
        check_graph_file(&path)?;
        Ok(path)
    }

    /// Every `.onnx` in the sub-folder.
    fn graphs_in(&self, folder: &str) -> Vec<&str> {
        let files = self.folders.get(folder).map_or(&[][..], Vec::as_slice);
        files.iter().map(String::as_str).filter(|name| is_graph(name)).collect()
    }

    /// The error for a folder of `family` in which `missing` is not to be found.
    pub(super) fn missing(&self, family: Family, missing: &[String]) -> Error {
        let graphs = self.all(is_graph);
        let weights = self.all(is_weights);
        if graphs.is_empty() && !weights.is_empty() {
            let root = self.root.display();
            return Error::bad_model(
                &self.root,
                format!(
                    "it has PyTorch weights ({}) but no ONNX graphs; export it first, into another folder, with: \
                     optimum-cli export onnx --model \"{root}\" \"{root}-onnx\" (after: pip install optimum-onnx)",
                    list(&weights)
                ),
            );
        }
        let found = if graphs.is_empty() { "no graph at all".to_owned() } else { list(&graphs) };
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let mut message = format!("{} {verb} missing; found: {found}", join_and(missing));
        if family != Family::StableDiffusion1 {
            message = format!("for {}, {message}", family.title());
        }
        if let Some(inner) = self.inner_model() {
            message.push_str(&format!("; the model may be one folder deeper, in \"{inner}\""));
        } else if files::parent(&self.root).is_some_and(|parent| files::is_file(&parent.join(super::index::FILE))) {
            message.push_str("; the model may be one folder higher, where model_index.json is");
        }
        Error::bad_model(&self.root, message)
    }

    /// Every file whose name fits, as `unet/model.onnx`.
    fn all(&self, fits: fn(&str) -> bool) -> Vec<String> {
        let inner = self.folders.iter().flat_map(|(folder, files)| {
            files.iter().filter(|name| fits(name)).map(move |name| format!("{folder}/{name}"))
        });
        self.files.iter().filter(|name| fits(name)).cloned().chain(inner).collect()
    }

    /// The one sub-folder that is a model folder itself.
    fn inner_model(&self) -> Option<&str> {
        self.folders
            .iter()
            .find(|(_, files)| files.iter().any(|name| name == super::index::FILE))
            .map(|(name, _)| name.as_str())
    }
}

/// The names of the files in `folder`; none when it cannot be listed, which only matters for folders we need,
/// and there the missing file is reported.
fn list_files(folder: &Path) -> Vec<String> {
    let paths = files::list(folder).unwrap_or_default().into_iter().filter(|path| files::is_file(path));
    let mut names: Vec<String> = paths.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// Tells files that are no graph by their first bytes, in words that ONNX Runtime would not find.
fn check_graph_file(path: &Path) -> Result<()> {
    let head = files::read(path, 64).map_err(|error| Error::io("cannot read", path, error))?;
    if head.is_empty() {
        return Err(Error::bad_model(
            path,
            "the file is empty, but it must be an ONNX graph; export or download it again",
        ));
    }
    if json::is_lfs_pointer(&head) {
        return Err(Error::bad_model(
            path,
            "it is a Git LFS pointer, not the graph itself; fetch it with: git lfs pull",
        ));
    }
    Ok(())
}

fn not_a_folder(path: &Path) -> Error {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_weights(name) {
        return Error::bad_model(
            path,
            "it is a checkpoint of PyTorch weights, but a model is a folder of ONNX graphs; convert it into a \
             diffusers folder, then export that one with: optimum-cli export onnx --model FOLDER FOLDER-onnx",
        );
    }
    Error::bad_model(path, "it is a file, but a model is a folder: the one that unet/ and vae_decoder/ lie in")
}

fn is_graph(name: &str) -> bool {
    has_extension(name, &["onnx"])
}

fn is_weights(name: &str) -> bool {
    has_extension(name, &["safetensors", "bin", "ckpt", "pt", "pth", "msgpack"])
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// The names, the first few of many.
fn list(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN_NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn join_and(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

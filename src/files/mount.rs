//! Paths that lead to files in memory.
//!
//! This is the one table of the whole process: what reads a model knows it by its path, down to ONNX Runtime's threads,
//! and not by an object that could be handed on. It holds no file alive; who mounted them does.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use bytes::Bytes;

use super::Kind;
use super::model_files::{Tree, is_folder};

/// What the names of roots begin with. The colon keeps them apart from every name that a model file may have.
const PREFIX: &str = "memory:";

/// Every root that paths may begin with now, by its number.
static MOUNTS: RwLock<BTreeMap<u64, Weak<Tree>>> = RwLock::new(BTreeMap::new());
/// How many there ever were: no number comes back, so a path that outlives its files leads nowhere.
static COUNT: AtomicU64 = AtomicU64::new(1);

/// Files that paths lead to for as long as this lives.
#[derive(Debug)]
pub(crate) struct Mounted {
    number: u64,
    /// What keeps the files alive.
    _tree: Arc<Tree>,
}

impl Mounted {
    pub(super) fn new(tree: Arc<Tree>) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        MOUNTS.write().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::downgrade(&tree));
        Self { number, _tree: tree }
    }

    /// The folder that the files lie in.
    pub(crate) fn root(&self) -> PathBuf {
        PathBuf::from(format!("{PREFIX}{}", self.number))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        MOUNTS.write().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// A place among files in memory; whether anything is there is another question.
pub(super) struct Place {
    tree: Arc<Tree>,
    /// Below the root; empty for the root itself.
    name: String,
}

/// Where `path` leads in memory; `None` where it is a path of the system.
pub(super) fn find(path: &Path) -> Option<Place> {
    let mut parts = path.components();
    let tree = tree_of(parts.next()?)?;
    let mut name = String::new();
    for part in parts {
        // What is no name that a file may have, ".." first of all, leads nowhere, and not to the system's files.
        let part = if let Component::Normal(part) = part { part.to_str() } else { None };
        let part = part.unwrap_or("..");
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part);
    }
    Some(Place { tree, name })
}

/// Whether `path` is the folder of files in memory itself.
pub(super) fn is_root(path: &Path) -> bool {
    find(path).is_some_and(|place| place.name.is_empty())
}

fn tree_of(root: Component<'_>) -> Option<Arc<Tree>> {
    let Component::Normal(root) = root else { return None };
    let number = root.to_str()?.strip_prefix(PREFIX)?.parse().ok()?;
    MOUNTS.read().unwrap_or_else(PoisonError::into_inner).get(&number)?.upgrade()
}

impl Place {
    pub(super) fn kind(&self) -> io::Result<Kind> {
        match self.tree.get(&self.name) {
            Some(bytes) => Ok(Kind::File(bytes.len() as u64)),
            None if self.name.is_empty() || is_folder(&self.tree, &self.name) => Ok(Kind::Folder),
            None => Err(missing()),
        }
    }

    pub(super) fn bytes(&self) -> io::Result<Bytes> {
        match self.tree.get(&self.name) {
            Some(bytes) => Ok(bytes.clone()),
            None => match self.kind()? {
                Kind::Folder => Err(io::ErrorKind::IsADirectory.into()),
                Kind::File(_) | Kind::Other => Err(missing()),
            },
        }
    }

    /// The names of what lies in the folder.
    pub(super) fn list(&self) -> io::Result<Vec<String>> {
        if self.kind()? != Kind::Folder {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let start = if self.name.is_empty() { String::new() } else { format!("{}/", self.name) };
        let below = self.tree.range(start.clone()..).map_while(|(name, _)| name.strip_prefix(start.as_str()));
        let mut names: Vec<String> =
            below.map(|name| name.split_once('/').map_or(name, |(folder, _)| folder).to_owned()).collect();
        names.dedup();
        Ok(names)
    }
}

fn missing() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no file of that name was handed over")
}

//! The folder of graphs that were prepared and optimised on this machine.
//!
//! ```text
//! DIR/graphs/<key>/model.onnx, weights.bin, entry.json     one graph, written once, never changed
//! DIR/files/<hash of a path>.json                          the content hash of a file, and its size and time then
//! ```
//! Several processes may use one folder: an entry is written beside and renamed into its place, whoever has it open
//! holds a shared lock on its `entry.json`, and whoever removes it locks that for himself first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The most bytes that a cache keeps unless told otherwise: 32 GiB, about seven Stable Diffusion 1.5 models in float32.
pub const DEFAULT_LIMIT: u64 = 32 << 30;

pub(super) const MODEL: &str = "model.onnx";
pub(super) const WEIGHTS: &str = "weights.bin";
const ENTRY: &str = "entry.json";
/// What begins the name of a folder that is being written or removed.
const MAKING: &str = "making-";

/// How old a half-written entry must be to be taken for that of a process that died.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of graphs that were prepared and optimised on this machine.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

/// A graph in the cache.
#[derive(Debug)]
pub(super) struct Stored {
    /// Its file.
    pub model: PathBuf,
    /// What is known of it.
    pub entry: Entry,
    /// Nobody removes it while this is held.
    pub lease: Arc<fs::File>,
}

/// What is known of one stored graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The file that it was made from, for people who look into the folder.
    pub source: PathBuf,
    /// What preparation changed, in sentences.
    pub done: Vec<String>,
    /// What it left, in sentences.
    pub left: Vec<String>,
    /// The bytes of each file. A weights file that was cut short would end the process when it is touched.
    sizes: Vec<(String, u64)>,
}

impl Cache {
    /// The cache in `folder`, which is made if it is not there.
    ///
    /// `limit` is in bytes; what was not used for longest goes first. What somebody has open stays, also above it.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made.
    pub fn at(folder: &Path, limit: u64) -> Result<Self> {
        let cannot = |error| Error::io("cannot make the cache folder", folder, error);
        let folder = std::path::absolute(folder).map_err(cannot)?;
        for part in ["graphs", "files"] {
            fs::create_dir_all(folder.join(part)).map_err(cannot)?;
        }
        Ok(Self { folder, limit })
    }

    /// The folder, absolute.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    fn graphs(&self) -> PathBuf {
        self.folder.join("graphs")
    }

    /// The stored graph of that key, if it is there and whole.
    pub(super) fn find(&self, key: &str) -> Option<Stored> {
        let folder = self.graphs().join(key);
        if !folder.exists() {
            return None;
        }
        let stored = self.read(&folder);
        if stored.is_none() {
            log::warn!("the cached graph at \"{}\" is damaged and will be made again", folder.display());
            self.discard(key);
        }
        stored
    }

    fn read(&self, folder: &Path) -> Option<Stored> {
        let path = folder.join(ENTRY);
        let lease = fs::File::open(&path).ok()?;
        // Whoever removes an entry locks it for himself; it is looked at only when that cannot happen any more.
        lease.try_lock_shared().ok()?;
        let entry: Entry = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        let whole = |(name, size): &(String, u64)| fs::metadata(folder.join(name)).is_ok_and(|m| m.len() == *size);
        if !entry.sizes.iter().all(whole) {
            return None;
        }
        // The time says when it was used last. A folder that cannot be written to serves as well.
        if let Ok(file) = fs::File::options().append(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(Stored { model: folder.join(MODEL), entry, lease: Arc::new(lease) })
    }

    /// Stores what `write` puts into the folder that it is given: [`MODEL`], and [`WEIGHTS`] beside it.
    ///
    /// # Errors
    /// Those of `write`, and [`Error::Io`].
    pub(super) fn insert(
        &self,
        key: &str,
        source: &Path,
        report: (Vec<String>, Vec<String>),
        write: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Stored> {
        let cannot = |error| Error::io("cannot write to the cache", &self.folder, error);
        self.sweep();
        let making = tempfile::Builder::new().prefix(MAKING).tempdir_in(self.graphs()).map_err(cannot)?;
        write(making.path())?;
        let mut sizes = Vec::new();
        for file in fs::read_dir(making.path()).map_err(cannot)? {
            let file = file.map_err(cannot)?;
            sizes.push((file.file_name().to_string_lossy().into_owned(), file.metadata().map_err(cannot)?.len()));
        }
        let (done, left) = report;
        let entry = Entry { source: source.to_owned(), done, left, sizes };
        let text = serde_json::to_vec_pretty(&entry).map_err(|error| Error::Internal(error.to_string()))?;
        fs::write(making.path().join(ENTRY), text).map_err(cannot)?;
        let place = self.graphs().join(key);
        let mut moved = fs::rename(making.path(), &place);
        if moved.is_err() && self.find(key).is_none() {
            // What was in its place was no graph, and is gone now.
            moved = fs::rename(making.path(), &place);
        }
        if moved.is_ok() {
            // The folder is where it belongs; nothing is left to be removed.
            drop(making.keep());
        }
        // If it could not be moved because another process was faster: what that wrote is the same.
        let gone = || Error::io("cannot write to the cache", &place, io::Error::other("the entry is gone again"));
        let stored = self.find(key).ok_or_else(|| moved.err().map_or_else(gone, cannot))?;
        self.evict();
        Ok(stored)
    }

    /// Removes an entry, unless somebody holds it.
    pub(super) fn discard(&self, key: &str) {
        let folder = self.graphs().join(key);
        let lock = match fs::File::open(folder.join(ENTRY)) {
            Ok(file) if file.try_lock().is_err() => return,
            Ok(file) => Some(file),
            // An entry comes into its place whole; without this file it is what an interrupted removal left.
            Err(_) => None,
        };
        // Windows renames no folder in which a file is open.
        let lock = lock.filter(|_| !cfg!(windows));
        // First out of the way, so that nobody finds half of it.
        let Ok(aside) = tempfile::Builder::new().prefix(MAKING).tempdir_in(self.graphs()) else { return };
        if let Err(error) = fs::rename(&folder, aside.path().join(key)) {
            log::debug!("the cached graph at \"{}\" cannot be removed: {error}", folder.display());
        }
        drop(lock);
    }

    /// Removes what was not used for longest until the rest fits the limit; what somebody holds stays.
    fn evict(&self) {
        let mut entries: Vec<_> = self.entries();
        entries.sort_by_key(|(_, used, _)| *used);
        let mut total: u64 = entries.iter().map(|(_, _, size)| size).sum();
        for (key, _, size) in entries {
            if total <= self.limit {
                break;
            }
            self.discard(&key);
            if !self.graphs().join(&key).exists() {
                log::info!("the cache was over its limit of {} bytes: {key} is removed", self.limit);
                total -= size;
            }
        }
    }

    /// Key, time of last use and bytes of every entry.
    fn entries(&self) -> Vec<(String, SystemTime, u64)> {
        let Ok(folders) = fs::read_dir(self.graphs()) else { return Vec::new() };
        folders
            .filter_map(|folder| {
                let path = folder.ok()?.path();
                let key = path.file_name()?.to_string_lossy().into_owned();
                let used = fs::metadata(path.join(ENTRY)).or_else(|_| fs::metadata(&path)).ok()?.modified().ok()?;
                let sizes = fs::read_dir(&path).ok()?.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
                (!key.starts_with(MAKING)).then(|| (key, used, sizes.sum()))
            })
            .collect()
    }

    /// Removes what processes that died left half-written.
    fn sweep(&self) {
        let Ok(folders) = fs::read_dir(self.graphs()) else { return };
        for folder in folders.flatten() {
            let age = || folder.metadata().ok()?.modified().ok()?.elapsed().ok();
            if folder.file_name().to_string_lossy().starts_with(MAKING) && age().is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_dir_all(folder.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> (Vec<String>, Vec<String>) {
        (vec!["done".to_owned()], vec!["left".to_owned()])
    }

    fn write(bytes: usize) -> impl FnOnce(&Path) -> Result<()> {
        move |folder| {
            fs::write(folder.join(MODEL), b"model").unwrap();
            fs::write(folder.join(WEIGHTS), vec![0; bytes]).unwrap();
            Ok(())
        }
    }

    fn insert(cache: &Cache, key: &str, bytes: usize) -> PathBuf {
        cache.insert(key, Path::new("unet.onnx"), report(), write(bytes)).unwrap().model
    }

    #[test]
    fn what_was_stored_is_found_until_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), DEFAULT_LIMIT).unwrap();
        assert!(cache.find("a").is_none());
        let model = insert(&cache, "a", 10);
        let found = cache.find("a").unwrap();
        assert_eq!((&found.model, &found.entry.done, &found.entry.left), (&model, &report().0, &report().1));
        drop(found);
        let damages: [(&str, Option<&[u8]>); 4] =
            [(WEIGHTS, Some(b"short")), (MODEL, None), (ENTRY, Some(b"")), (ENTRY, None)];
        for (file, damage) in damages {
            let path = insert(&cache, "a", 10).with_file_name(file);
            match damage {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            assert!(cache.find("a").is_none(), "{file}: a file that was cut short would end the process");
            assert!(!path.parent().unwrap().exists(), "{file}");
            insert(&cache, "a", 10);
            assert!(cache.find("a").is_some(), "{file}: it is made again");
        }
    }

    #[test]
    fn what_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), DEFAULT_LIMIT).unwrap();
        let failed = cache.insert("a", Path::new("unet.onnx"), report(), |_| Err(Error::Cancelled));
        assert!(matches!(failed, Err(Error::Cancelled)));
        assert_eq!(fs::read_dir(folder.path().join("graphs")).unwrap().count(), 0);
    }

    #[test]
    fn the_one_that_was_not_used_for_longest_makes_room_unless_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), 2500).unwrap();
        let old = SystemTime::now() - Duration::from_secs(1000);
        for (key, age) in [("a", 1), ("b", 2)] {
            let entry = insert(&cache, key, 800).with_file_name(ENTRY);
            let entry = fs::File::options().append(true).open(entry).unwrap();
            entry.set_modified(old + Duration::from_secs(age)).unwrap();
        }
        assert!(cache.find("a").is_some(), "now it is the one that was used last");
        insert(&cache, "c", 800);
        assert!(cache.find("b").is_none());
        assert!(cache.find("c").is_some());
        let held = cache.find("a").unwrap();
        insert(&cache, "d", 8000);
        assert!(held.model.exists() && cache.find("d").is_some() && cache.find("c").is_none());
        cache.discard("a");
        assert!(held.model.exists());
        drop(held);
        cache.discard("a");
        assert!(cache.find("a").is_none());
    }

    #[test]
    fn a_second_writer_of_the_same_graph_finds_the_first_ones() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), DEFAULT_LIMIT).unwrap();
        insert(&cache, "a", 10);
        insert(&cache, "a", 10);
        assert_eq!(fs::read_dir(folder.path().join("graphs")).unwrap().count(), 1);
    }
}

//! The folder of graphs that were prepared and optimised on this machine.
//!
//! ```text
//! DIR/graphs/<key>/model.onnx, weights.bin, entry.json     one graph, written once, never changed
//! DIR/files/<hash of a path>.json                          the content hash of a file, and its size and time then
//! ```
//! Several processes may use one folder: an entry is written beside and renamed into its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The most bytes that a cache keeps unless told otherwise: 32 GiB, about seven Stable Diffusion 1.5 models in float32.
pub const DEFAULT_LIMIT: u64 = 32 << 30;

pub(super) const MODEL: &str = "model.onnx";
pub(super) const WEIGHTS: &str = "weights.bin";
const ENTRY: &str = "entry.json";

/// How old a half-written entry must be to be taken for that of a process that died.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of graphs that were prepared and optimised on this machine.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
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
    /// `limit` is in bytes; what was not used for longest goes first. It may be passed by one graph, since the one in
    /// use stays.
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

    /// The stored graph of that key and what is known of it, if it is there and whole.
    pub(super) fn find(&self, key: &str) -> Option<(PathBuf, Entry)> {
        let folder = self.graphs().join(key);
        let entry: Entry = serde_json::from_slice(&fs::read(folder.join(ENTRY)).ok()?).ok()?;
        let whole = |(name, size): &(String, u64)| fs::metadata(folder.join(name)).is_ok_and(|m| m.len() == *size);
        if !entry.sizes.iter().all(whole) {
            log::warn!("the cached graph at \"{}\" is damaged and will be made again", folder.display());
            self.discard(key);
            return None;
        }
        // The time says when it was used last. A folder that cannot be written to serves as well.
        if let Ok(file) = fs::File::options().append(true).open(folder.join(ENTRY)) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some((folder.join(MODEL), entry))
    }

    /// Stores what `write` puts into the folder that it is given: [`MODEL`], and [`WEIGHTS`] beside it. Gives the path
    /// of the stored model.
    ///
    /// # Errors
    /// Those of `write`, and [`Error::Io`].
    pub(super) fn insert(
        &self,
        key: &str,
        source: &Path,
        report: (Vec<String>, Vec<String>),
        write: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let cannot = |error| Error::io("cannot write to the cache", &self.folder, error);
        self.sweep();
        let making = tempfile::Builder::new().prefix("making-").tempdir_in(self.graphs()).map_err(cannot)?;
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
        match fs::rename(making.path(), &place) {
            // Its folder is where it belongs; nothing is left to be removed.
            Ok(()) => drop(making.keep()),
            // Another process was faster: what it wrote is the same.
            Err(_) if self.find(key).is_some() => {}
            Err(error) => return Err(cannot(error)),
        }
        self.evict(key);
        Ok(place.join(MODEL))
    }

    /// Removes an entry. Who has it open keeps it on Unix; Windows refuses to remove it, and it stays.
    pub(super) fn discard(&self, key: &str) {
        let folder = self.graphs().join(key);
        if let Err(error) = fs::remove_dir_all(&folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            log::debug!("the cached graph at \"{}\" cannot be removed: {error}", folder.display());
        }
    }

    /// Removes what was not used for longest until the rest fits the limit; `kept` always stays.
    fn evict(&self, kept: &str) {
        let mut entries: Vec<_> = self.entries();
        entries.sort_by_key(|(_, used, _)| *used);
        let mut total: u64 = entries.iter().map(|(_, _, size)| size).sum();
        for (key, _, size) in entries {
            if total <= self.limit {
                break;
            }
            if key != kept {
                log::info!("the cache is over its limit of {} bytes: removing {key}", self.limit);
                self.discard(&key);
                total -= size;
            }
        }
    }

    /// Key, time of last use and bytes of every entry.
    fn entries(&self) -> Vec<(String, SystemTime, u64)> {
        let Ok(folders) = fs::read_dir(self.graphs()) else { return Vec::new() };
        folders
            .filter_map(|folder| {
                let folder = folder.ok()?;
                let used = fs::metadata(folder.path().join(ENTRY)).ok()?.modified().ok()?;
                let sizes =
                    fs::read_dir(folder.path()).ok()?.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
                Some((folder.file_name().to_string_lossy().into_owned(), used, sizes.sum()))
            })
            .collect()
    }

    /// Removes what processes that died left half-written.
    fn sweep(&self) {
        let Ok(folders) = fs::read_dir(self.graphs()) else { return };
        for folder in folders.flatten() {
            let age = || folder.metadata().ok()?.modified().ok()?.elapsed().ok();
            if folder.file_name().to_string_lossy().starts_with("making-") && age().is_some_and(|age| age > ABANDONED) {
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

    #[test]
    fn what_was_stored_is_found_until_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), DEFAULT_LIMIT).unwrap();
        assert!(cache.find("a").is_none());
        let stored = cache.insert("a", Path::new("unet.onnx"), report(), write(10)).unwrap();
        let (model, entry) = cache.find("a").unwrap();
        assert_eq!((model, entry.done, entry.left), (stored.clone(), report().0, report().1));
        fs::write(stored.with_file_name(WEIGHTS), b"short").unwrap();
        assert!(cache.find("a").is_none(), "a file that was cut short would end the process");
        assert!(!stored.exists());
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
    fn the_one_that_was_not_used_for_longest_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), 2500).unwrap();
        let old = SystemTime::now() - Duration::from_secs(1000);
        for (key, age) in [("a", 1), ("b", 2)] {
            let stored = cache.insert(key, Path::new("unet.onnx"), report(), write(800)).unwrap();
            let entry = fs::File::options().append(true).open(stored.with_file_name(ENTRY)).unwrap();
            entry.set_modified(old + Duration::from_secs(age)).unwrap();
        }
        assert!(cache.find("a").is_some(), "now it is the one that was used last");
        cache.insert("c", Path::new("unet.onnx"), report(), write(800)).unwrap();
        assert!(cache.find("b").is_none());
        assert!(cache.find("a").is_some() && cache.find("c").is_some());
        let one_too_large = cache.insert("d", Path::new("unet.onnx"), report(), write(8000)).unwrap();
        assert!(one_too_large.exists() && cache.find("a").is_none());
    }

    #[test]
    fn a_second_writer_of_the_same_graph_finds_the_first_ones() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path(), DEFAULT_LIMIT).unwrap();
        cache.insert("a", Path::new("unet.onnx"), report(), write(10)).unwrap();
        cache.insert("a", Path::new("unet.onnx"), report(), write(10)).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("graphs")).unwrap().count(), 1);
    }
}

//! Whether files are still what they were when they were looked at.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, files};

/// What the system says of a file: another size, time or identity means that it was written to or replaced.
///
/// The time of a file's content alone would not do: copying tools set it back, and models of one kind are of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileStamp {
    size: u64,
    modified_ns: u64,
    /// Unix: device, inode, and the time of the last change of anything; Windows: the time of creation.
    identity: [u64; 4],
}

impl FileStamp {
    /// The stamp of a file that links have been followed to.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified_ns = modified.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        Self { size: metadata.len(), modified_ns, identity: identity(metadata) }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> [u64; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev(), metadata.ino(), metadata.ctime().cast_unsigned(), metadata.ctime_nsec().cast_unsigned()]
}

#[cfg(windows)]
fn identity(metadata: &Metadata) -> [u64; 4] {
    use std::os::windows::fs::MetadataExt;
    [metadata.creation_time(), metadata.last_write_time(), 0, 0]
}

#[cfg(not(any(unix, windows)))]
fn identity(_metadata: &Metadata) -> [u64; 4] {
    [0; 4]
}

/// Files as they were when they were looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stamps(Vec<(PathBuf, FileStamp)>);

impl Stamps {
    /// How `files` are now.
    ///
    /// # Errors
    /// [`Error::Io`] for one that is not there.
    pub(crate) fn of<'p>(files: impl IntoIterator<Item = &'p Path>) -> Result<Self> {
        let stamp = |path: &Path| {
            let metadata = std::fs::metadata(path).map_err(|error| Error::io("cannot read", path, error))?;
            Ok((path.to_owned(), FileStamp::of(&metadata)))
        };
        // What was handed over in memory does not change.
        let on_disk = files.into_iter().filter(|path| files::in_memory(path).is_none());
        on_disk.map(stamp).collect::<Result<_>>().map(Self)
    }

    /// That all files are as they were.
    ///
    /// # Errors
    /// [`Error::BadModel`] that names the first that is not, [`Error::Io`] for one that is gone.
    pub(crate) fn check(&self) -> Result<()> {
        for (path, stamp) in &self.0 {
            let metadata = std::fs::metadata(path).map_err(|error| Error::io("cannot read", path, error))?;
            if FileStamp::of(&metadata) != *stamp {
                return Err(Error::bad_model(path, "it was changed while the model was open; open the model again"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_to_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights");
        std::fs::write(&file, b"one").unwrap();
        let old = std::fs::metadata(&file).unwrap().modified().unwrap();
        let stamps = Stamps::of([file.as_path()]).unwrap();
        stamps.check().unwrap();
        // What `cp -p` and `rsync -t` do: the same size, the same time.
        let other = folder.path().join("other");
        std::fs::write(&other, b"two").unwrap();
        std::fs::File::options().append(true).open(&other).unwrap().set_modified(old).unwrap();
        std::fs::rename(&other, &file).unwrap();
        assert!(stamps.check().unwrap_err().to_string().contains("open the model again"));
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(stamps.check(), Err(Error::Io { .. })));
    }
}

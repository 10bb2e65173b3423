//! A file's bytes without reading them: its pages come when they are touched.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

use crate::files::{self, Kind};
use crate::{Error, Result};

/// The bytes of the file at `path`: a read-only map, or where they were handed over in memory, those.
///
/// # Errors
/// [`Error::Io`] for a file that is missing or cannot be read, [`Error::BadModel`] for an empty one and for the
/// pointer that Git LFS leaves in a file's place.
pub(crate) fn map(path: &Path) -> Result<Bytes> {
    let cannot = |error| Error::io("cannot open the graph", path, error);
    match files::kind(path).map_err(cannot)? {
        Kind::File(0) => return Err(Error::bad_model(path, "the file is empty; copy or export the graph again")),
        Kind::File(_) => {}
        Kind::Folder | Kind::Other => return Err(cannot(io::Error::other("it is not a file"))),
    }
    let bytes = match files::in_memory(path) {
        Some(bytes) => bytes,
        None => {
            let file = File::open(path).map_err(cannot)?;
            Bytes::from_owner(map_file(&file).map_err(|error| Error::io("cannot read the graph", path, error))?)
        }
    };
    if bytes.starts_with(b"version https://git-lfs") {
        let message = "it is only the Git LFS pointer to the graph; run `git lfs pull` in the folder it came from";
        return Err(Error::bad_model(path, message));
    }
    Ok(bytes)
}

#[expect(unsafe_code, reason = "a graph with its weights inside may have 2 GB, of which a few kilobytes are read")]
fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read-only. A process that shortens the file while it is mapped would end us with a signal;
    // model files are not written while they are open, and ONNX Runtime maps them under the same condition.
    unsafe { Mmap::map(file) }
}

//! Files of the system.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::Kind;

pub(super) fn kind(path: &Path) -> io::Result<Kind> {
    let metadata = fs::metadata(path)?;
    Ok(match () {
        () if metadata.is_file() => Kind::File(metadata.len()),
        () if metadata.is_dir() => Kind::Folder,
        () => Kind::Other,
    })
}

pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// The limit holds for what is really read: sizes that the file system reports may be wrong.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Opens a regular file; anything else could wait for ever.
pub(super) fn open(path: &Path) -> io::Result<File> {
    match kind(path)? {
        Kind::File(_) => File::open(path),
        Kind::Folder | Kind::Other => Err(io::Error::other("it is not a file")),
    }
}

pub(super) fn read_at(file: &mut File, offset: u64, length: usize) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

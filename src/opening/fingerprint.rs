//! What a stored graph depends on, as one key: the content of its files, how it was changed, by which ONNX Runtime, for
//! which processor.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::cache::Cache;
use crate::files;
use crate::onnx::map_file_bytes;
use crate::runtime::{CancelToken, FileStamp, RuntimeInfo};
use crate::{Error, Result};

/// Raised when what is stored changes its meaning.
const FORMAT: u32 = 1;

/// How long a file must have been left alone before its time is trusted: file systems round it, by up to two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// How much is hashed between two looks at the cancel flag: some milliseconds' worth, also from a slow disk.
const CHUNK: usize = 4 << 20;

/// The key of a graph made of `files` (the graph's own first) with the settings that `settings` spells out.
///
/// # Errors
/// [`Error::Io`] for a file that cannot be read, [`Error::Cancelled`].
pub(super) fn key(
    files: &[&Path],
    settings: &str,
    runtime: &RuntimeInfo,
    cache: &Cache,
    cancel: &CancelToken,
) -> Result<String> {
    let mut hasher = Xxh3::new();
    let library = fs::metadata(&runtime.path).map(|m| m.len()).unwrap_or_default();
    let (version, passes) = (env!("CARGO_PKG_VERSION"), env!("LIBDIFFUSION_PASSES"));
    let context = format!("{FORMAT}|{version}|{passes}|{}|{library}|{}|{settings}", runtime.version, processor());
    hasher.update(context.as_bytes());
    for file in files {
        hasher.update(&content_hash(file, cache, cancel)?.to_le_bytes());
    }
    Ok(format!("{:032x}", hasher.digest128()))
}

/// What ONNX Runtime looks at when it picks kernels and layouts.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let asked = [
        ("avx", std::arch::is_x86_feature_detected!("avx")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let asked: [(&str, bool); 0] = [];
    let there = asked.into_iter().filter(|(_, there)| *there).map(|(name, _)| name);
    std::iter::once(std::env::consts::ARCH).chain(there).collect::<Vec<_>>().join("+")
}

/// What was known of a file when it was hashed.
#[derive(Serialize, Deserialize)]
struct Seen {
    stamp: FileStamp,
    hash: String,
}

/// The hash of a file's content. It is remembered with the stamp of a file on the disk, so that gigabytes of weights are
/// not read again each time they are opened.
fn content_hash(path: &Path, cache: &Cache, cancel: &CancelToken) -> Result<u128> {
    if let Some(bytes) = files::in_memory(path) {
        return hash(&bytes, cancel);
    }
    let cannot = |error| Error::io("cannot read", path, error);
    let real = path.canonicalize().map_err(cannot)?;
    let metadata = fs::metadata(&real).map_err(cannot)?;
    let stamp = FileStamp::of(&metadata);
    let name = xxhash_rust::xxh3::xxh3_128(real.as_os_str().as_encoded_bytes());
    let note = cache.files().join(format!("{name:032x}.json"));
    let known = fs::read(&note).ok().and_then(|text| serde_json::from_slice::<Seen>(&text).ok());
    if let Some(seen) = known
        && seen.stamp == stamp
        && let Ok(hash) = u128::from_str_radix(&seen.hash, 16)
    {
        return Ok(hash);
    }
    let started = SystemTime::now();
    let hash = hash(&map_file_bytes(&real)?, cancel)?;
    let settled =
        metadata.modified().is_ok_and(|modified| started.duration_since(modified).is_ok_and(|age| age > SETTLED));
    if settled {
        // Not being able to remember it costs time only.
        if let Ok(text) = serde_json::to_vec(&Seen { stamp, hash: format!("{hash:032x}") }) {
            let _ = fs::write(&note, text);
        }
    }
    Ok(hash)
}

fn hash(bytes: &[u8], cancel: &CancelToken) -> Result<u128> {
    let mut hasher = Xxh3::new();
    for chunk in bytes.chunks(CHUNK) {
        cancel.check()?;
        hasher.update(chunk);
    }
    Ok(hasher.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opening::DEFAULT_LIMIT;

    fn runtime() -> RuntimeInfo {
        RuntimeInfo { path: "none".into(), version: "1.28.0".into(), providers: vec![] }
    }

    #[test]
    fn the_key_changes_with_all_that_it_stands_for() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("cache"), DEFAULT_LIMIT).unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, b"one").unwrap();
        fs::write(&b, b"two").unwrap();
        let make = |files: &[&Path], settings: &str, runtime: &RuntimeInfo| {
            key(files, settings, runtime, &cache, &CancelToken::new()).unwrap()
        };
        let first = make(&[&a], "s", &runtime());
        assert_eq!(first, make(&[&a], "s", &runtime()));
        let others = [
            make(&[&b], "s", &runtime()),
            make(&[&a, &b], "s", &runtime()),
            make(&[&a], "t", &runtime()),
            make(&[&a], "s", &RuntimeInfo { version: "1.29.0".into(), ..runtime() }),
        ];
        assert!(!others.contains(&first));
        fs::write(&a, b"ONE").unwrap();
        assert_ne!(first, make(&[&a], "s", &runtime()), "a file of the same length, written a moment later");
        fs::write(&b, b"ONE").unwrap();
        assert_eq!(make(&[&a], "s", &runtime()), make(&[&b], "s", &runtime()), "it is the content that counts");
    }

    #[test]
    fn a_file_is_read_once_while_nobody_touches_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("cache"), DEFAULT_LIMIT).unwrap();
        let file = folder.path().join("weights");
        let write = |text: &[u8]| {
            fs::write(&file, text).unwrap();
            let old = SystemTime::now() - Duration::from_secs(60);
            fs::File::options().append(true).open(&file).unwrap().set_modified(old).unwrap();
        };
        let hash = || content_hash(&file, &cache, &CancelToken::new()).unwrap();
        write(b"one");
        let first = hash();
        let notes: Vec<_> = fs::read_dir(cache.files()).unwrap().map(|note| note.unwrap().path()).collect();
        let [note] = &notes[..] else { panic!("{notes:?}") };
        let text = fs::read_to_string(note).unwrap();
        fs::write(note, text.replace(&format!("{first:032x}"), &format!("{:032x}", 7))).unwrap();
        assert_eq!(hash(), 7, "it is what was noted, so the file was not read");
        write(b"two");
        assert!(hash() != 7 && hash() != first, "of the same size, perhaps of the same time, and another file");
    }

    #[test]
    fn hashing_can_be_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("cache"), DEFAULT_LIMIT).unwrap();
        fs::write(folder.path().join("a"), b"one").unwrap();
        let cancel = CancelToken::new();
        cancel.cancel();
        let hashed = content_hash(&folder.path().join("a"), &cache, &cancel);
        assert!(matches!(hashed, Err(Error::Cancelled)));
    }
}

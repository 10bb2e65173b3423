//! Where ONNX Runtime is looked for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::own_path::own_folder;
use super::probe::{Probed, probe};
use crate::{Error, Result};

/// The environment variable that names the library's file, or a folder that holds it.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The names that the library's file has, the one to prefer first.
#[cfg(windows)]
const NAMES: [&str; 1] = ["onnxruntime.dll"];
#[cfg(target_vendor = "apple")]
const NAMES: [&str; 2] = ["libonnxruntime.dylib", "libonnxruntime.1.dylib"];
#[cfg(not(any(windows, target_vendor = "apple")))]
const NAMES: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];

/// What the names of full versions begin and end with, as `libonnxruntime.so.1.28.0`.
#[cfg(windows)]
const VERSIONED: (&str, &str) = ("onnxruntime.", ".dll");
#[cfg(target_vendor = "apple")]
const VERSIONED: (&str, &str) = ("libonnxruntime.", ".dylib");
#[cfg(not(any(windows, target_vendor = "apple")))]
const VERSIONED: (&str, &str) = ("libonnxruntime.so.", "");

/// What to do about a library that was not found.
const HOW_TO_GET_IT: &str = "run `python3 scripts/fetch_onnxruntime.py` of libdiffusion or install onnxruntime, then \
                             pass the library's path or set ORT_DYLIB_PATH to it";

/// Finds and loads ONNX Runtime: the explicit path, else the environment's, else beside our own library, else
/// where the system's loader looks.
///
/// A path that somebody named is final: if it fails, the others are not tried, since the caller would run with
/// a library that he did not choose.
pub(super) fn find(explicit: Option<&Path>) -> Result<Probed> {
    if let Some(path) = explicit {
        return named(path, "at the path that was passed");
    }
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return named(Path::new(&path), &format!("at the path in {VARIABLE}"));
    }
    let mut failures = Vec::new();
    let folders = own_folder().map(|own| beside(&own)).unwrap_or_default();
    for file in folders.iter().flat_map(|folder| files_in(folder)) {
        match probe(&file) {
            Ok(found) => return Ok(found),
            Err(reason) => failures.push(format!("\"{}\": {reason}", file.display())),
        }
    }
    if failures.is_empty() {
        let folder =
            folders.first().map_or_else(|| "its own folder".to_owned(), |own| format!("\"{}\"", own.display()));
        failures.push(format!("{} is not in {folder}, nor in onnxruntime/ there", NAMES.join(" or ")));
    }
    for name in NAMES {
        match probe(Path::new(name)) {
            Ok(found) => return Ok(found),
            Err(reason) => failures.push(format!("the system's loader: {}", with_name(&reason, name))),
        }
    }
    Err(Error::RuntimeMissing(format!(
        "ONNX Runtime was not found, neither beside libdiffusion nor in the system: {}; {HOW_TO_GET_IT}",
        failures.join("; ")
    )))
}

/// Loads the library at a path that somebody named: a file, or a folder that is searched.
fn named(path: &Path, whose: &str) -> Result<Probed> {
    let missing = |reason: String| {
        Error::RuntimeMissing(format!(
            "ONNX Runtime cannot be loaded {whose}, \"{}\": {reason}; no other place was tried; {HOW_TO_GET_IT}",
            path.display()
        ))
    };
    if !path.exists() {
        return Err(missing("there is no such file or folder".to_owned()));
    }
    let absolute = std::path::absolute(path).map_err(|error| missing(error.to_string()))?;
    if !absolute.is_dir() {
        return probe(&absolute).map_err(missing);
    }
    let mut failures = Vec::new();
    for file in beside(&absolute).iter().flat_map(|folder| files_in(folder)) {
        match probe(&file) {
            Ok(found) => return Ok(found),
            Err(reason) => failures.push(format!("\"{}\": {reason}", file.display())),
        }
    }
    if failures.is_empty() {
        failures.push(format!("the folder has no {}", NAMES.join(" or ")));
    }
    Err(missing(failures.join("; ")))
}

/// The folders to look into for a library that lies beside `own`: itself, `onnxruntime/`, and the folders in
/// that, of which the fetch script makes one for each version; the newest first.
fn beside(own: &Path) -> Vec<PathBuf> {
    let inner = own.join("onnxruntime");
    let mut versions: Vec<PathBuf> = entries(&inner).into_iter().filter(|path| path.is_dir()).collect();
    versions.sort_by_key(|path| std::cmp::Reverse(version_key(path)));
    let mut folders = vec![own.to_owned(), inner];
    folders.extend(versions);
    folders
}

/// The files in `folder` that have one of the library's names, each file once.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = NAMES.iter().map(|name| folder.join(name)).filter(|file| file.is_file()).collect();
    let mut versioned: Vec<PathBuf> = entries(folder).into_iter().filter(|path| is_versioned(path)).collect();
    versioned.sort_by_key(|path| std::cmp::Reverse(version_key(path)));
    files.extend(versioned);
    // Links to one file would only repeat its error.
    let mut seen = Vec::new();
    files.retain(|file| {
        let real = file.canonicalize().unwrap_or_else(|_| file.clone());
        let new = !seen.contains(&real);
        seen.push(real);
        new
    });
    files
}

fn is_versioned(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let rest = name.strip_prefix(VERSIONED.0).and_then(|rest| rest.strip_suffix(VERSIONED.1));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())) && path.is_file()
}

/// The numbers in a file's name, for an order in which 1.9 comes before 1.28.
fn version_key(path: &Path) -> Vec<u32> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// What lies in a folder; nothing for one that cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The loader's words, with the name it was asked for where they lack it.
fn with_name(reason: &str, name: &str) -> String {
    if reason.contains(name) { reason.to_owned() } else { format!("{name}: {reason}") }
}

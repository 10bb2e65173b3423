//! External data: whether the files that a graph wants to read are its own.
//!
//! A graph names its weight files itself, and ONNX Runtime reads what is named. A graph from a stranger could so
//! make us map any file of the machine, or treat a number as an address; what leaves the folder is refused.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::files::{self, Kind};
use crate::onnx::ExternalTensor;
use crate::{Error, Result};

/// ONNX Runtime's mark for data in its own memory, where the offset is an address. Never found in a file.
const MEMORY_MARK: &str = "_ORT_MEM_ADDR_";

/// Checks that everything in `tensors` lies in the folder of `graph`, exists and is long enough.
///
/// A graph that is itself a symbolic link (a download cache keeps the files in one folder and links to them
/// from another) may use the folder that the link leads to as well.
///
/// # Errors
/// [`Error::BadModel`] that names the tensor, the file and what is wrong with it.
pub(crate) fn check(graph: &Path, tensors: &[ExternalTensor]) -> Result<()> {
    if tensors.is_empty() {
        return Ok(());
    }
    let folders = own_folders(graph)?;
    // A graph of thousands of tensors has a handful of files.
    let mut lengths: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in tensors {
        let bad = |why: String| Err(Error::bad_model(graph, format!("{}: {why}", describe(tensor))));
        let length = match lengths.get(tensor.location.as_str()) {
            Some(length) => *length,
            None => match data_file_length(graph, &tensor.location, &folders) {
                Ok(length) => *lengths.entry(&tensor.location).or_insert(length),
                Err(why) => return bad(why),
            },
        };
        let (Ok(offset), Ok(size)) = (tensor.offset.parse::<u64>(), tensor.length.as_deref().unwrap_or("0").parse())
        else {
            return bad("its offset and length must be whole numbers of bytes".to_owned());
        };
        if offset.checked_add(size).is_none_or(|end| end > length) {
            return bad(format!(
                "it wants {size} bytes from byte {offset} on, but the file has {length}: it is incomplete, or of another \
                 export"
            ));
        }
    }
    Ok(())
}

/// The folders that the graph's files may lie in, without links.
fn own_folders(graph: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |error| Error::io("cannot find the folder of the graph", graph, error);
    let absolute = files::absolute(graph).map_err(cannot)?;
    let beside = files::canonical(absolute.parent().unwrap_or(&absolute)).map_err(cannot)?;
    let real = files::canonical(&absolute).map_err(cannot)?;
    let behind = real.parent().map(Path::to_owned);
    Ok([beside.into_owned()].into_iter().chain(behind).collect())
}

/// The length of one data file, or why it may not be read.
fn data_file_length(graph: &Path, location: &str, folders: &[PathBuf]) -> Result<u64, String> {
    if location.is_empty() {
        return Err("it names no file".to_owned());
    }
    let relative = Path::new(location);
    // Backslashes and drive letters are paths on Windows only, but a graph is for all systems.
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || location.contains([':', '\\', '\0']) || location.contains(MEMORY_MARK) {
        return Err("the path must be relative and stay inside the folder of the graph; refused".to_owned());
    }
    let file = graph.parent().unwrap_or(Path::new("")).join(relative);
    let real = files::canonical(&file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "the file is missing; it must lie beside the graph".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    })?;
    if !folders.iter().any(|folder| real.starts_with(folder)) {
        return Err(format!("it is a link that leads out of the model's folder, to \"{}\"; refused", real.display()));
    }
    match files::kind(&real).map_err(|error| format!("the file cannot be read: {error}"))? {
        Kind::File(length) => Ok(length),
        Kind::Folder | Kind::Other => Err("it is not a file".to_owned()),
    }
}

fn describe(tensor: &ExternalTensor) -> String {
    format!("external data \"{}\" of the tensor \"{}\"", tensor.location, tensor.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_memory_is_refused_even_where_a_file_has_its_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let check = |location: &str| {
            let tensor = ExternalTensor {
                name: "w".to_owned(),
                location: location.to_owned(),
                offset: "0".to_owned(),
                length: None,
            };
            check(&folder.join("lib.rs"), &[tensor]).map_err(|error| error.to_string())
        };
        for location in ["*/_ORT_MEM_ADDR_/*", "_ORT_MEM_ADDR_", "./*/_ORT_MEM_ADDR_/*"] {
            assert!(check(location).unwrap_err().contains("must be relative"), "{location}");
        }
        assert!(check("").unwrap_err().contains("names no file"));
        assert!(check("runtime/mod.rs").is_ok());
    }

    #[test]
    fn offsets_that_are_no_numbers_or_overflow_are_refused() {
        let graph = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
        let check = |offset: &str, length: Option<&str>| {
            let tensor = ExternalTensor {
                name: "w".to_owned(),
                location: "error.rs".to_owned(),
                offset: offset.to_owned(),
                length: length.map(str::to_owned),
            };
            check(&graph, &[tensor]).map_err(|error| error.to_string())
        };
        assert_eq!(check("1", Some("2")), Ok(()));
        for (offset, length) in [("-1", None), ("x", None), ("0", Some("1.5"))] {
            assert!(check(offset, length).unwrap_err().contains("whole numbers"), "{offset} {length:?}");
        }
        let huge = u64::MAX.to_string();
        for (offset, length) in [(&*huge, Some(&*huge)), ("1", Some(&*huge)), (&*huge, None)] {
            assert!(check(offset, length).unwrap_err().contains("incomplete"), "{offset} {length:?}");
        }
    }
}

//! The rules of `CONTRIBUTING.md` that a script can check: which room may know which, and where `ort` and `unsafe`
//! may stand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, lowest first. A room may use those of a lower rank, and those of its own that it is listed with.
const ROOMS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("files", &["error"]),
    ("tensor", &["error", "files"]),
    ("rng", &["error", "tensor"]),
    ("image", &["error", "tensor"]),
    ("scheduler", &["error", "tensor", "rng"]),
    ("model", &["error", "files", "tensor", "onnx"]),
    ("onnx", &["error", "files", "tensor"]),
    ("prepare", &["error", "tensor", "onnx"]),
    ("runtime", &["error", "files", "tensor", "onnx"]),
    ("opening", &["error", "files", "onnx", "prepare", "runtime"]),
    ("text", &["error", "files", "tensor", "onnx", "model", "runtime"]),
    ("denoise", &["error", "tensor", "rng", "scheduler", "model", "runtime"]),
    ("autoencoder", &["error", "tensor", "image", "model", "runtime"]),
    (
        "pipeline",
        &[
            "error",
            "files",
            "tensor",
            "rng",
            "image",
            "scheduler",
            "model",
            "runtime",
            "opening",
            "text",
            "denoise",
            "autoencoder",
        ],
    ),
];

/// Every Rust file under `src/`, with its text without comments.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    assert!(files.len() > 20, "only {} files under src/: the test looks in the wrong place", files.len());
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let code: Vec<_> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        (file.strip_prefix(&root).unwrap().to_path_buf(), code.join("\n"))
    };
    files.into_iter().map(read).collect()
}

fn room_of(file: &Path) -> String {
    file.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The names that stand behind `crate::`, also in a group; what the crate's root re-exports counts as its room's.
fn rooms_used(code: &str) -> Vec<String> {
    let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let exporter = |name: &str| {
        let line = root
            .split(';')
            .find(|l| l.contains("pub use") && l.split(|c: char| !c.is_alphanumeric()).any(|w| w == name));
        line.and_then(|l| l.split("pub use ").nth(1)?.split("::").next().map(str::to_owned))
    };
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for used in code.split("crate::").skip(1) {
        match used.strip_prefix('{').and_then(|group| group.split_once('}')) {
            Some((group, _)) => names.extend(group.split(',').map(|item| word(item.trim()))),
            None => names.push(word(used)),
        }
    }
    names.into_iter().map(|name| exporter(&name).unwrap_or(name)).collect()
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let room = room_of(&file);
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            assert!(room == "lib" || room == "ffi", "{} is in no known room: add it to ROOMS", file.display());
            continue;
        };
        for name in rooms_used(&code) {
            let is_room = ROOMS.iter().any(|(r, _)| *r == name) || name == "ffi";
            if is_room && name != room && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} uses crate::{name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn ort_is_known_to_the_runtime_room_only() {
    let outside: Vec<_> =
        sources().into_iter().filter(|(f, c)| c.contains("ort::") && room_of(f) != "runtime").map(|(f, _)| f).collect();
    let really: Vec<_> = outside
        .into_iter()
        .filter(|f| {
            let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(f)).unwrap();
            text.match_indices("ort::").any(|(at, _)| {
                let before = text[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        })
        .collect();
    assert!(really.is_empty(), "{really:?}");
}

#[test]
fn unsafe_stands_at_the_borders_only() {
    let outside: Vec<_> = sources()
        .into_iter()
        .filter(|(file, code)| {
            let free_of_words = code.replace("unsafe_code", "").replace("unsafe_op_in_unsafe_fn", "");
            let border = ["ffi", "runtime"].contains(&room_of(file).as_str()) || file == Path::new("onnx/file.rs");
            free_of_words.contains("unsafe") && !border
        })
        .map(|(f, _)| f)
        .collect();
    assert!(outside.is_empty(), "{outside:?}");
}

/// What else would open a file, or ask for one, past the room that knows those in memory.
#[test]
fn models_are_read_through_the_room_of_files_only() {
    let rooms = ["tensor", "onnx", "model", "text", "denoise", "autoencoder"];
    let asks = ["std::fs", "File::open(", ".is_file()", ".is_dir()", ".exists()", "read_dir(", ".canonicalize()"];
    let mut wrong = Vec::new();
    for (file, code) in sources().into_iter().filter(|(file, _)| rooms.contains(&room_of(file).as_str())) {
        let code = code.split("#[cfg(test)]").next().unwrap();
        let code = code.replace("index.exists()", "").replace("OpenFile::open(", "");
        // One memory map.
        if file == Path::new("onnx/file.rs") || file.ends_with("tests.rs") {
            continue;
        }
        wrong
            .extend(asks.iter().filter(|asks| code.contains(**asks)).map(|asks| format!("{}: {asks}", file.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_c_abi_calls_the_public_rust_api_only() {
    for (file, code) in sources().into_iter().filter(|(f, _)| room_of(f) == "ffi") {
        for inner in ["denoise", "autoencoder", "text"] {
            assert!(!rooms_used(&code).contains(&inner.to_owned()), "{} uses crate::{inner}", file.display());
        }
    }
}

#[test]
fn the_library_prints_nothing() {
    for (file, code) in sources() {
        for word in ["println!", "eprintln!", "print!(", "dbg!", "todo!", "unimplemented!"] {
            assert!(!code.contains(word), "{} has {word}", file.display());
        }
    }
}

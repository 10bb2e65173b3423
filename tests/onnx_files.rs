//! ONNX files go through [`diffusion::onnx`] without losing a byte.

#![expect(clippy::unwrap_used, reason = "helpers of tests state what they expect, too")]

use std::fs;
use std::path::{Path, PathBuf};

use diffusion::onnx::{Editor, Model};

fn models() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "onnx" || e == "pb" && !path.ends_with("weights.pb")) {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    ["tests/models", "tests/golden/graphs", "models/demo"].iter().for_each(|f| walk(&root.join(f), &mut found));
    assert!(found.len() > 35, "{}", found.len());
    found
}

/// The exporters' protobuf libraries write fields in the order of their numbers, and so do we; a field that we did
/// not know would be missing. `every_field.pb` has all that there are.
#[test]
fn every_byte_is_written_again() {
    for path in models() {
        let model = Model::open(&path).unwrap();
        let (bytes, file) = (model.to_bytes(), fs::read(&path).unwrap());
        // A choice between fields is written where its lowest number would stand, elsewhere than others do; what was
        // lost would still show in the length.
        let every_field = path.ends_with("every_field.pb");
        assert!(if every_field { bytes.len() == file.len() } else { bytes == file }, "{}", path.display());
        let again = Model::parse(bytes.into(), &path).unwrap();
        assert!(again.proto() == model.proto(), "{}", path.display());
    }
}

#[test]
fn an_editor_that_does_nothing_changes_nothing() {
    for path in models().iter().filter(|path| path.extension().is_some_and(|e| e == "onnx")) {
        let before = Model::open(path).unwrap();
        let mut after = before.clone();
        Editor::new(&mut after).unwrap().finish().unwrap();
        let (old, new) = (before.graph().unwrap(), after.graph().unwrap());
        assert!(old.node == new.node && old.initializer == new.initializer, "{}", path.display());
    }
}

//! What the integration tests share: where the models are, how to open and how to spoil one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod colours;
pub mod graphs;

use std::fs;
use std::path::{Path, PathBuf};

use diffusion::{CancelToken, Generated, Pipeline, PipelineOptions, Request, Result};
use serde_json::{Map, Value};

/// A path of this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A committed tiny model.
pub fn tiny(name: &str) -> PathBuf {
    repository("tests/models").join(name)
}

/// Options that find the ONNX Runtime that the Makefile fetched, unless the environment names another.
pub fn options() -> PipelineOptions {
    let fetched = repository("target/onnxruntime/1.28.0-cpu");
    let ort_library = if std::env::var_os("ORT_DYLIB_PATH").is_some() { None } else { Some(fetched) };
    PipelineOptions { ort_library, threads: 2, ..PipelineOptions::default() }
}

/// Opens `folder` on the CPU.
pub fn open(folder: &Path) -> Result<Pipeline> {
    Pipeline::open(folder, &options(), &mut (), &CancelToken::new())
}

/// Draws, with nobody watching.
pub fn generate(pipeline: &Pipeline, request: &Request) -> Result<Generated> {
    pipeline.generate(request, &mut (), &CancelToken::new())
}

/// A copy of the model folder `name` that a test may spoil.
pub fn copy_of(name: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_into(name, folder.path());
    folder
}

/// Copies everything below `from` into `to`.
pub fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The message of an error that must happen, checked to be one sentence that a person can use.
pub fn sentence<T>(outcome: Result<T>) -> String {
    let message = match outcome {
        Ok(_) => panic!("this should have failed"),
        Err(error) => error.to_string(),
    };
    assert!(!message.contains('\n') && message.len() > 20 && message.len() < 1500, "not one sentence: {message}");
    message
}

/// Sets keys of the folder's `scheduler_config.json`; a changed `_class_name` also goes into `model_index.json`.
pub fn change_scheduler(folder: &Path, changes: &Map<String, Value>) {
    let edit = |file: &str, change: &dyn Fn(&mut Map<String, Value>)| {
        let path = folder.join(file);
        let mut object: Map<String, Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut object);
        fs::write(path, serde_json::to_string(&object).unwrap()).unwrap();
    };
    edit("scheduler/scheduler_config.json", &|object| object.extend(changes.clone()));
    if let Some(class) = changes.get("_class_name") {
        edit("model_index.json", &|object| {
            object.insert("scheduler".into(), serde_json::json!(["diffusers", class]));
        });
    }
}

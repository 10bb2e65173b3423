//! What the integration tests share: where the models are, how to open and how to spoil one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};

use diffusion::{CancelToken, Generated, Pipeline, PipelineOptions, Request, Result};

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

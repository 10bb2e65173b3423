//! Graphs through ONNX Runtime: opening, running, binding, stopping, and what bad files lead to.
//!
//! How the library itself is found is in `runtime_search.rs`, since a process loads it only once.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests state what they expect, too")]

mod bad_files;
mod bind;
mod cancel;
mod external_data;
mod providers;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diffusion::Error;
use diffusion::runtime::{self, CancelToken, Graph, GraphOptions};
use diffusion::tensor::Tensor;
use ndarray::{ArrayD, IxDyn};

/// The library that `scripts/fetch_onnxruntime.py` fetches, unless the environment names another.
fn start() {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime/1.28.0-cpu");
    let explicit = std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched);
    runtime::initialize(explicit.as_deref()).expect("run `python3 scripts/fetch_onnxruntime.py` first");
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/graphs").join(name)
}

fn open(name: &str) -> Arc<Graph> {
    start();
    Arc::new(Graph::open("unet", &golden(name), &GraphOptions::default(), &CancelToken::new()).unwrap())
}

fn open_error(path: &Path) -> Error {
    start();
    Graph::open("unet", path, &GraphOptions::default(), &CancelToken::new()).expect_err("it should be refused")
}

fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::F32(ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap())
}

fn ramp(shape: &[usize]) -> ArrayD<f32> {
    let count = shape.iter().product::<usize>();
    ArrayD::from_shape_vec(IxDyn(shape), (0..count).map(|i| i as f32 * 0.5).collect()).unwrap()
}

/// An empty folder for one test.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime graphs").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[track_caller]
fn assert_bad_model(error: &Error, path: &Path, reason: &str) {
    let text = error.to_string();
    assert!(matches!(error, Error::BadModel { path: at, .. } if at == path), "{error:?}");
    assert!(text.contains(reason), "{reason:?} is not in: {text}");
    assert!(!text.contains(".cc:") && !text.contains('\n'), "{text}");
}

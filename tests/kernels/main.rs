//! Each of the library's own operators beside ONNX Runtime's: small graphs, opened as they are and prepared.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests state what they expect, too")]

mod conv;
mod geglu;
mod group_norm;
mod layer_norm;
mod net;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use diffusion::onnx::Model;
use diffusion::prepare::{PrepareOptions, prepare};
use diffusion::rng::{Generator, NoiseSource, RngKind};
use diffusion::runtime::{self, CancelToken, Graph, GraphOptions};
use diffusion::tensor::Tensor;
use diffusion::{Provider, Result};
use ndarray::ArrayD;

use net::Net;

/// One graph twice.
struct Pair {
    original: Arc<Graph>,
    prepared: Arc<Graph>,
}

impl Pair {
    /// Opens `net` on `threads` threads as it is, and prepared: `pass` must change one place and no other pass any.
    #[track_caller]
    fn open(net: &Net, pass: &str, threads: u32) -> Self {
        let pair = Self::with_count(net, pass, threads);
        assert_eq!(pair.1, 1, "{pass}");
        pair.0
    }

    /// The same, however often the pass found something.
    #[track_caller]
    fn with_count(net: &Net, pass: &str, threads: u32) -> (Self, usize) {
        let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime/1.28.0-cpu");
        let explicit = std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched);
        runtime::initialize(explicit.as_deref()).expect("run `python3 scripts/fetch_onnxruntime.py` first");
        let folder = tempfile::tempdir().unwrap();
        let (before, after) = (folder.path().join("model.onnx"), folder.path().join("prepared.onnx"));
        fs::write(&before, net.to_bytes()).unwrap();
        let mut model = Model::open(&before).unwrap();
        let report = prepare(&mut model, &PrepareOptions::default()).unwrap();
        let count = report.count(pass);
        assert_eq!(report.done.iter().map(|line| line.count).sum::<usize>(), count, "{report}");
        fs::write(&after, model.to_bytes()).unwrap();
        let options = GraphOptions { provider: Provider::Cpu, threads, ..GraphOptions::default() };
        let open = |path| Arc::new(Graph::open("net", path, &options, &CancelToken::new()).unwrap());
        (Self { original: open(&before), prepared: open(&after) }, count)
    }

    /// What both make of the inputs, in the graph's order: the original first.
    fn run(&self, inputs: &[ArrayD<f32>]) -> [ArrayD<f32>; 2] {
        [&self.original, &self.prepared].map(|graph| run(graph, inputs).unwrap())
    }

    /// That both make the same but for rounding.
    #[track_caller]
    fn same(&self, inputs: &[ArrayD<f32>], tolerance: f64) {
        let [old, new] = self.run(inputs);
        let off = difference(&old, &new);
        assert!(off <= tolerance, "{:?}: {off:e}", inputs[0].shape());
    }
}

fn run(graph: &Arc<Graph>, inputs: &[ArrayD<f32>]) -> Result<ArrayD<f32>> {
    let named = graph.inputs().iter().zip(inputs).map(|(spec, array)| (spec.name.as_str(), Tensor::F32(array.clone())));
    let outputs = graph.run(&named.collect::<Vec<_>>(), &["y"], &CancelToken::new())?;
    Ok(outputs.into_iter().next().unwrap().into_f32())
}

/// The largest difference as a part of the largest value; infinite where one has a NaN or an infinity that the other
/// does not have there.
fn difference(wanted: &ArrayD<f32>, given: &ArrayD<f32>) -> f64 {
    assert_eq!(wanted.shape(), given.shape());
    let scale = wanted.iter().filter(|value| value.is_finite()).fold(0.0f32, |most, value| most.max(value.abs()));
    let off = |(a, b): (&f32, &f32)| match () {
        () if a == b || (a.is_nan() && b.is_nan()) => 0.0,
        () if a.is_finite() && b.is_finite() => f64::from((a - b).abs()),
        () => f64::INFINITY,
    };
    wanted.iter().zip(given).map(off).fold(0.0, f64::max) / f64::from(scale).max(1e-30)
}

/// Normally distributed numbers.
fn noise(seed: u64, shape: &[usize]) -> ArrayD<f32> {
    Generator::new(RngKind::TorchCpu, seed).unwrap().normal(shape)
}

/// Heights and widths: a single pixel, less than a tile, more than one, powers of two, primes.
const SIZES: [(usize, usize); 6] = [(1, 1), (3, 5), (7, 9), (8, 8), (17, 31), (64, 64)];

/// Values that arithmetic treats in its own way.
const ODD_VALUES: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

//! Prepared graphs compute what the graphs themselves compute, in ONNX Runtime, at several sizes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests state what they expect, too"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diffusion::Error;
use diffusion::onnx::{Editor, Model};
use diffusion::prepare::{Abilities, PrepareOptions, Report, prepare};
use diffusion::rng::{Generator, NoiseSource, RngKind};
use diffusion::runtime::{self, CancelToken, Graph, GraphOptions, IoSpec};
use diffusion::tensor::{DType, Tensor};
use ndarray::{ArrayD, IxDyn};
use tempfile::TempDir;

fn start() {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime/1.28.0-cpu");
    let explicit = std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched);
    runtime::initialize(explicit.as_deref()).expect("run `python3 scripts/fetch_onnxruntime.py` first");
}

/// Sizes for the names of dimensions: what a run of the graph is given.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    height: usize,
    width: usize,
    sequence: usize,
}

const SQUARE: Sizes = Sizes { batch: 1, height: 8, width: 8, sequence: 77 };
const ODD: Sizes = Sizes { batch: 2, height: 16, width: 24, sequence: 77 };
const SHORT: Sizes = Sizes { batch: 3, height: 12, width: 4, sequence: 5 };

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join("model.onnx")
}

/// Where a folder of this test's own has the model as it is and prepared: a small file that names the first one.
struct Pair {
    original: Arc<Graph>,
    prepared: Arc<Graph>,
    report: Report,
    /// Its own for each pair: tests run at once. The graphs above go first.
    _folder: TempDir,
}

fn pair(name: &str, options: &PrepareOptions) -> Pair {
    start();
    let source = model(name);
    let own = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = own.path();
    for entry in fs::read_dir(source.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let mut model = Model::open(&folder.join("model.onnx")).unwrap();
    let report = prepare(&mut model, options).unwrap();
    model.externalise("model.onnx").unwrap();
    fs::write(folder.join("prepared.onnx"), model.to_bytes()).unwrap();
    let open = |file: &str| {
        Arc::new(Graph::open(name, &folder.join(file), &GraphOptions::default(), &CancelToken::new()).unwrap())
    };
    Pair { original: open("model.onnx"), prepared: open("prepared.onnx"), report, _folder: own }
}

fn input(spec: &IoSpec, sizes: Sizes) -> Tensor {
    let dim = |(size, symbol): (&Option<usize>, &Option<String>)| {
        let symbol = symbol.as_deref().unwrap_or("");
        size.unwrap_or_else(|| match symbol {
            _ if symbol.contains("batch") => sizes.batch,
            _ if symbol.contains("height") => sizes.height,
            _ if symbol.contains("width") => sizes.width,
            _ if symbol.contains("sequence") => sizes.sequence,
            "channels" => 4,
            other => panic!("no size for {other:?}"),
        })
    };
    let shape: Vec<usize> = spec.shape.iter().zip(&spec.symbols).map(dim).collect();
    let count = shape.iter().product();
    let ramp =
        |scale: usize| ArrayD::from_shape_vec(IxDyn(&shape), (0..count).map(|i| (i * 7 % scale) as f32).collect());
    match spec.dtype {
        DType::I64 | DType::I32 => Tensor::from_f32(ramp(601).unwrap().mapv(|v| v.min(700.0)), spec.dtype),
        _ if spec.name == "timestep" => Tensor::from_f32(ramp(1000).unwrap() + 500.0, spec.dtype),
        _ => {
            let noise = Generator::new(RngKind::TorchCpu, 7).unwrap().normal(&shape);
            Tensor::from_f32(noise, spec.dtype)
        }
    }
}

/// The largest difference between the outputs of both, as a part of the largest value.
fn difference(pair: &Pair, sizes: Sizes) -> f64 {
    let inputs: Vec<_> = pair.original.inputs().iter().map(|spec| (spec.name.as_str(), input(spec, sizes))).collect();
    let outputs: Vec<_> = pair.original.outputs().iter().map(|spec| spec.name.as_str()).collect();
    let run = |graph: &Arc<Graph>| graph.run(&inputs, &outputs, &CancelToken::new()).unwrap();
    let (old, new) = (run(&pair.original), run(&pair.prepared));
    let mut worst = 0.0f64;
    for (old, new) in old.into_iter().zip(new) {
        let (old, new) = (old.into_f32(), new.into_f32());
        assert_eq!(old.shape(), new.shape());
        assert!(old.iter().chain(&new).all(|v| v.is_finite()));
        let scale = old.iter().fold(1.0f32, |a, b| a.max(b.abs()));
        let largest = old.iter().zip(&new).fold(0.0f32, |a, (b, c)| a.max((b - c).abs()));
        worst = worst.max(f64::from(largest / scale));
    }
    worst
}

/// Float32 keeps 24 bits, 6e-8; a softmax summed in another order and the layers behind it make some hundred of that.
const TOLERANCE: f64 = 1e-5;

#[track_caller]
fn check(name: &str, expected: &str, sizes: &[Sizes]) {
    check_with(name, expected, sizes, &PrepareOptions { kernels: false, ..PrepareOptions::default() });
}

#[track_caller]
fn check_with(name: &str, expected: &str, sizes: &[Sizes], options: &PrepareOptions) {
    let pair = pair(name, options);
    assert_eq!(pair.report.to_string(), expected, "{name}");
    for sizes in sizes {
        let difference = difference(&pair, *sizes);
        assert!(difference <= TOLERANCE, "{name} at {}x{}: {difference:e}", sizes.height, sizes.width);
    }
}

/// What a fused graph's report says.
fn fused(own: usize, cross: usize) -> String {
    let all = own + cross;
    let plural = if all == 1 { "" } else { "s" };
    format!("{all} attention{plural} fused into MultiHeadAttention ({own} self, {cross} cross)")
}

const ANY: &[Sizes] = &[SQUARE, ODD, SHORT];
/// For graphs of fixed shape.
const ONE: &[Sizes] = &[SQUARE];

#[test]
fn optimum_exports() {
    check("tests/models/tiny-optimum/unet", &fused(4, 4), ANY);
    check("tests/models/tiny-optimum/text_encoder", &fused(2, 0), ANY);
    check("tests/models/tiny-optimum/vae_decoder", &fused(1, 0), ANY);
    check("tests/models/tiny-optimum/vae_encoder", &fused(1, 0), &[Sizes { height: 64, width: 32, ..ODD }]);
    check("models/demo/unet", &format!("{}; 1 Softmax node left (no attention)", fused(7, 7)), ANY);
    check("models/demo/text_encoder", &fused(2, 0), ANY);
    check("models/demo/vae_decoder", "nothing to do", ONE);
}

#[test]
fn sdxl_exports() {
    check("tests/models/attention/sdxl_unet", &fused(4, 4), ANY);
    check("tests/models/attention/sdxl_text_2", &fused(2, 0), ANY);
}

#[test]
fn exports_of_diffusers_and_of_fixed_shape() {
    for (folder, sizes) in [("tests/models/tiny-legacy", ANY), ("tests/models/tiny-static", ONE)] {
        check(&format!("{folder}/unet"), &fused(4, 4), sizes);
        check(&format!("{folder}/text_encoder"), &fused(2, 0), sizes);
        check(&format!("{folder}/vae_decoder"), &fused(1, 0), sizes);
    }
}

#[test]
fn attention_as_older_exporters_wrote_it() {
    check("tests/models/attention/legacy_unet", &fused(1, 1), ANY);
    check("tests/models/attention/legacy_upcast", &fused(1, 1), ANY);
    check("tests/models/attention/legacy_vae", &fused(1, 0), ANY);
    check("tests/models/attention/clip_eager", &fused(2, 0), ANY);
    check("tests/models/attention/clip_old", &fused(1, 0), ANY);
    check("tests/models/attention/einsum", &fused(0, 1), ANY);
    check("tests/models/attention/single", &fused(0, 1), ANY);
}

#[test]
fn what_is_not_proven_is_left() {
    let left = |reason: &str| format!("1 Softmax node left ({reason})");
    check("tests/models/attention/probabilities", &left("the probabilities are used elsewhere too"), ANY);
    check("tests/models/attention/padding_mask", &left("the mask is not as large as the scores"), ANY);
    check("tests/models/attention/two_batches", &left("the batches of Q, K and V may differ"), ANY);
}

#[test]
fn fusing_is_for_providers_that_have_the_operator() {
    let prepared = |name: &str, options: &PrepareOptions| {
        let mut model = Model::open(&model(name)).unwrap();
        let before = model.proto().clone();
        let report = prepare(&mut model, options).unwrap();
        assert_eq!(report.is_empty(), *model.proto() == before);
        report.to_string()
    };
    let of = |types: &[DType]| PrepareOptions {
        abilities: Abilities { multi_head_attention: types.to_vec(), kernels: false },
        ..PrepareOptions::default()
    };
    let (half, single) = ("tests/models/tiny-optimum-fp16/unet", "tests/models/tiny-optimum/unet");
    assert_eq!(prepared(half, &of(&[DType::F32])), "8 Softmax nodes left (the provider fuses no float16)");
    assert_eq!(prepared(half, &of(&[DType::F16, DType::F32])), fused(4, 4));
    assert_eq!(prepared("tests/models/tiny-legacy-fp16/text_encoder", &of(&[DType::F16])), fused(2, 0));
    assert_eq!(prepared(single, &of(&[])), "8 Softmax nodes left (the provider fuses no float32)");
    let off = PrepareOptions { attention: false, kernels: false, ..PrepareOptions::default() };
    assert_eq!(prepared(single, &off), "nothing to do");
}

/// What the report says of our own operators: group norms (with SiLU), layer norms, GEGLUs, convolutions (with an
/// embedding, with a skip connection).
fn own(norms: (usize, usize), layers: usize, geglus: usize, convs: (usize, usize, usize)) -> String {
    let lines = [
        (norms.0, format!("{} group norms by our own operator ({} with SiLU)", norms.0, norms.1)),
        (layers, format!("{layers} layer norms by our own operator")),
        (geglus, format!("{geglus} GEGLUs by our own operator")),
        (
            convs.0,
            format!(
                "{} 3x3 convolutions by Winograd's algorithm ({} with an embedding added, {} with a skip connection)",
                convs.0, convs.1, convs.2
            ),
        ),
    ];
    lines.into_iter().filter(|line| line.0 > 0).map(|line| line.1).collect::<Vec<_>>().join("; ")
}

#[test]
fn our_own_operators() {
    let options = PrepareOptions { attention: false, ..PrepareOptions::default() };
    let check = |name: &str, expected: String| check_with(name, &expected, ANY, &options);
    check("models/demo/unet", own((30, 12), 23, 7, (24, 0, 11)));
    check("tests/models/tiny-optimum/unet", own((21, 17), 12, 4, (10, 4, 5)));
    check("tests/models/tiny-legacy/unet", own((21, 17), 0, 4, (10, 4, 5)));
    check("tests/models/tiny-optimum/vae_decoder", own((22, 21), 0, 0, (0, 0, 0)));
    check("tests/models/tiny-optimum/text_encoder", own((0, 0), 5, 0, (0, 0, 0)));
    // They are found behind fused attention, too, and are for float32 and for providers that have them.
    let all = format!("{}; {}", fused(4, 4), own((21, 17), 12, 4, (10, 4, 5)));
    check_with("tests/models/tiny-optimum/unet", &all, ANY, &PrepareOptions::default());
    for (name, kernels) in [("tests/models/tiny-optimum-fp16/unet", true), ("tests/models/tiny-optimum/unet", false)] {
        let mut model = Model::open(&model(name)).unwrap();
        let abilities = Abilities { kernels, ..Abilities::default() };
        let options = PrepareOptions { attention: false, kernels: true, abilities };
        assert!(prepare(&mut model, &options).unwrap().is_empty(), "{name}");
    }
}

/// Nothing is transposed or reshaped between the projections and the fused operator.
#[test]
fn fused_attention_reads_the_projections_as_they_are() {
    for name in
        ["tests/models/tiny-optimum/unet", "tests/models/attention/legacy_unet", "tests/models/attention/sdxl_unet"]
    {
        let mut model = Model::open(&model(name)).unwrap();
        prepare(&mut model, &PrepareOptions { kernels: false, ..PrepareOptions::default() }).unwrap();
        let mut editor = Editor::new(&mut model).unwrap();
        let order = editor.order().unwrap();
        let nodes: Vec<_> = order.iter().map(|id| editor.node(*id).unwrap()).collect();
        let fused: Vec<_> = nodes.iter().filter(|node| node.is("com.microsoft", "MultiHeadAttention")).collect();
        assert!(!fused.is_empty());
        for node in fused {
            for input in &node.input {
                assert_eq!(editor.maker(input).unwrap().op(), "MatMul", "{name}: {input}");
            }
            let users = editor.consumers(&node.output[0]);
            let ops: Vec<_> = users.iter().map(|id| editor.node(*id).unwrap().op().to_owned()).collect();
            assert!(ops == ["MatMul"] || ops == ["Cast"], "{name}: {ops:?}");
        }
        // What is left brings pixels to the front or back.
        let four = nodes.iter().filter(|node| node.op() == "Transpose" && node.ints("perm").len() == 4);
        for node in four {
            assert!([[0, 2, 3, 1], [0, 3, 1, 2]].iter().any(|perm| node.ints("perm") == perm), "{name}: {node:?}");
        }
        assert_eq!(editor.remove_dead(), 0);
    }
}

/// Damaged attributes and shapes lead to an error or an untouched graph, never to a panic.
#[test]
fn damaged_graphs_never_panic() {
    let whole = fs::read(model("tests/models/attention/clip_old")).unwrap();
    let (mut fused, mut refused) = (0, 0);
    // Every byte is a minute's work; a step that shares no factor with the records' sizes meets all kinds of them.
    for index in (0..whole.len()).step_by(11) {
        for flip in [0x01, 0xff] {
            let mut bytes = whole.clone();
            bytes[index] ^= flip;
            let prepared = Model::parse(bytes.into(), Path::new("damaged"))
                .and_then(|mut model| prepare(&mut model, &PrepareOptions::default()));
            match prepared {
                Ok(report) => fused += report.count("attention"),
                Err(Error::BadModel { .. }) => refused += 1,
                Err(other) => panic!("{index} {flip}: {other}"),
            }
        }
    }
    assert!(fused > 1000 && refused > 100, "{fused} {refused}");
}

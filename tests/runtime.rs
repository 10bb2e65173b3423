//! Graphs through ONNX Runtime: opening, running, binding, stopping, and what bad files lead to.
//!
//! How the library itself is found is in `runtime_search.rs`, since a process loads it only once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use diffusion::runtime::{self, CancelToken, Graph, GraphOptions, Provider};
use diffusion::tensor::{DType, Tensor};
use diffusion::{Error, Result};
use half::f16;
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

fn open(name: &str) -> Graph {
    start();
    Graph::open("unet", &golden(name), &GraphOptions::default(), &CancelToken::new()).unwrap()
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

#[test]
fn a_graph_says_what_it_wants() {
    let graph = open("step_f16_i64.onnx");
    assert_eq!(graph.name(), "unet");
    let sample = graph.input("sample").unwrap();
    assert_eq!(sample.dtype, DType::F16);
    assert_eq!(sample.shape, [None, Some(4), None, None]);
    let symbols: Vec<_> = sample.symbols.iter().map(Option::as_deref).collect();
    assert_eq!(symbols, [Some("batch"), None, Some("height"), Some("width")]);
    assert_eq!(graph.input("timestep").unwrap().dtype, DType::I64);
    assert_eq!(graph.inputs().len(), 2);
    assert_eq!(graph.outputs().len(), 1);
    assert_eq!(graph.output("out_sample").unwrap().to_string(), "float16 [batch, 4, height, width]");
    assert!(open("step_f32_i64.onnx").input("timestep").unwrap().shape.is_empty());
    assert_eq!(open("step_static_batch.onnx").input("sample").unwrap().shape[0], Some(1));
}

#[test]
fn runs_in_any_order_of_inputs_and_outputs() {
    let graph = open("two_outputs.onnx");
    let (a, b) = (f32s(&[2, 3], &[1., 2., 3., 4., 5., 6.]), f32s(&[2, 3], &[2.; 6]));
    let run = |inputs: &[(&str, &Tensor)], outputs: &[&str]| graph.run(inputs, outputs, &CancelToken::new()).unwrap();
    let both = run(&[("b", &b), ("a", &a)], &["product", "sum"]);
    assert_eq!(both[0], f32s(&[2, 3], &[2., 4., 6., 8., 10., 12.]));
    assert_eq!(both[1], f32s(&[2, 3], &[3., 4., 5., 6., 7., 8.]));
    assert_eq!(run(&[("a", &a), ("b", &b)], &["sum"]), [both[1].clone()]);
    // An array that is not in row-major order, and one without any element.
    let transposed = Tensor::F32(ramp(&[3, 2]).reversed_axes());
    let one = f32s(&[2, 3], &[1.; 6]);
    assert_eq!(run(&[("a", &transposed), ("b", &one)], &["product"])[0], f32s(&[2, 3], &[0., 1., 2., 0.5, 1.5, 2.5]));
    let empty = f32s(&[0, 3], &[]);
    assert_eq!(run(&[("a", &empty), ("b", &empty)], &["sum"])[0], empty);
}

#[test]
fn every_dtype_goes_in_and_comes_out() {
    let cases = [
        ("step_f32_i64.onnx", DType::F32, Tensor::I64(ArrayD::from_elem(IxDyn(&[]), 7))),
        ("step_f32_i32.onnx", DType::F32, Tensor::I32(ArrayD::from_elem(IxDyn(&[1]), 7))),
        ("step_f16_i64.onnx", DType::F16, Tensor::I64(ArrayD::from_elem(IxDyn(&[1]), 7))),
        ("step_f64_f32.onnx", DType::F64, Tensor::F32(ArrayD::from_elem(IxDyn(&[1]), 7.0))),
        ("step_static_batch.onnx", DType::F32, Tensor::F16(ArrayD::from_elem(IxDyn(&[1]), f16::from_f32(7.0)))),
    ];
    for (name, dtype, timestep) in cases {
        let graph = open(name);
        let sample = ramp(&[1, 4, 2, 2]);
        let expected = &sample + 7.0;
        let inputs = [("timestep", timestep), ("sample", Tensor::from_f32(sample, dtype))];
        let output = graph.run(&inputs, &["out_sample"], &CancelToken::new()).unwrap().remove(0);
        assert_eq!(output.dtype(), dtype, "{name}");
        assert_eq!(output.into_f32(), expected, "{name}");
    }
}

#[test]
fn inputs_that_do_not_fit_are_a_sentence() {
    let graph = open("step_static_batch.onnx");
    let good = || f32s(&[1, 4, 1, 1], &[0.0; 4]);
    let time = || Tensor::F16(ArrayD::from_elem(IxDyn(&[1]), f16::ONE));
    let error = |inputs: &[(&str, Tensor)], outputs: &[&str]| {
        graph.run(inputs, outputs, &CancelToken::new()).expect_err("it does not fit").to_string()
    };
    let cases: [(Vec<(&str, Tensor)>, &[&str], &str); 8] = [
        (
            vec![("sample", f32s(&[2, 4, 1, 1], &[0.0; 8])), ("timestep", time())],
            &["out_sample"],
            "the input \"sample\" of unet is float32 [2, 4, 1, 1], but the graph wants float32 [1, 4, height, width]",
        ),
        (
            vec![("sample", f32s(&[4], &[0.0; 4])), ("timestep", time())],
            &["out_sample"],
            "the input \"sample\" of unet is float32 [4], but the graph wants float32 [1, 4, height, width]",
        ),
        (
            vec![("sample", good()), ("timestep", f32s(&[1], &[1.0]))],
            &["out_sample"],
            "the input \"timestep\" of unet is float32 [1], but the graph wants float16 [1]",
        ),
        (vec![("sample", good())], &["out_sample"], "the input \"timestep\" of unet is missing"),
        (
            vec![("sample", good()), ("timestep", time()), ("time", time())],
            &["out_sample"],
            "unet has no input \"time\": it has sample, timestep",
        ),
        (
            vec![("sample", good()), ("sample", good()), ("timestep", time())],
            &["out_sample"],
            "the input \"sample\" of unet was given twice",
        ),
        (
            vec![("sample", good()), ("timestep", time())],
            &["sample"],
            "unet has no output \"sample\": it has out_sample",
        ),
        (vec![], &["out_sample"], "the input \"sample\" of unet is missing"),
    ];
    for (inputs, outputs, expected) in cases {
        assert_eq!(error(&inputs, outputs), expected);
    }
    // And it still runs.
    assert!(graph.run(&[("sample", good()), ("timestep", time())], &["out_sample"], &CancelToken::new()).is_ok());
}

#[test]
fn a_foreign_type_is_an_error_only_when_used() {
    let graph = open("strings.onnx");
    assert!(graph.inputs().is_empty() && graph.outputs().is_empty());
    let none: [(&str, Tensor); 0] = [];
    let error = graph.run(&none, &[], &CancelToken::new()).unwrap_err();
    assert!(matches!(&error, Error::Unsupported(message) if message.contains("\"text\"")), "{error}");
}

#[test]
fn a_bound_graph_steps_in_place() {
    let graph = Arc::new(open("step_f16_i64.onnx"));
    let cancel = CancelToken::new();
    let sample = ramp(&[2, 4, 1, 2]);
    let inputs = vec![
        ("sample".to_owned(), Tensor::F32(sample.clone())),
        ("timestep".to_owned(), Tensor::F32(ArrayD::from_elem(IxDyn(&[1]), 3.9))),
    ];
    let mut bound = graph.bind(inputs, "out_sample", &[2, 4, 1, 2]).unwrap();
    let mut read = vec![9.0; 16];
    bound.read_f32(&mut read).unwrap();
    assert_eq!(read, [0.0; 16]);
    for step in 0..3_u8 {
        let shift = f32::from(step);
        let values: Vec<f32> = sample.iter().map(|v| v + shift).collect();
        bound.write_f32("sample", &values).unwrap();
        bound.run(&cancel).unwrap();
        bound.read_f32(&mut read).unwrap();
        // The timestep was given as 3.9 and is an integer.
        let expected: Vec<f32> = values.iter().map(|v| v + 3.0).collect();
        assert_eq!(read, expected);
        assert_eq!(*bound.output_f32().unwrap(), *expected);
    }
    bound.write_f32("timestep", &[500.0]).unwrap();
    bound.run(&cancel).unwrap();
    assert_eq!(bound.output_f32().unwrap()[0], 502.0);

    let message = |result: Result<()>| result.unwrap_err().to_string();
    assert_eq!(
        message(bound.write_f32("sample", &[0.0; 3])),
        "the input \"sample\" of unet is bound as 16 float16, but 3 were given"
    );
    assert_eq!(message(bound.write_f32("x", &[0.0])), "unet has no input \"x\": it has sample, timestep");
    assert!(message(bound.read_f32(&mut [0.0; 17])).contains("is bound as 16 float16, but 17"));
    assert!(message(graph.bind(vec![], "out_sample", &[1, 4, 1, 1]).map(drop)).contains("is missing"));
    // The graph's other users are not disturbed by what is bound.
    let other = [
        ("sample", Tensor::from_f32(ramp(&[1, 4, 3, 3]), DType::F16)),
        ("timestep", Tensor::I64(ArrayD::from_elem(IxDyn(&[1]), 0))),
    ];
    assert_eq!(graph.run(&other, &["out_sample"], &cancel).unwrap()[0], other[0].1);
}

#[test]
fn a_bound_float32_output_is_read_without_a_copy_and_shapes_are_checked() {
    let graph = Arc::new(open("step_static_batch.onnx"));
    let inputs = || {
        vec![
            ("sample".to_owned(), Tensor::F32(ramp(&[1, 4, 1, 1]))),
            ("timestep".to_owned(), Tensor::I64(ArrayD::from_elem(IxDyn(&[1]), 2))),
        ]
    };
    let error = graph.bind(inputs(), "out_sample", &[2, 4, 1, 1]).unwrap_err();
    assert!(error.to_string().contains("cannot have the shape [2, 4, 1, 1]"), "{error}");
    let mut bound = graph.bind(inputs(), "out_sample", &[1, 4, 1, 1]).unwrap();
    bound.run(&CancelToken::new()).unwrap();
    let output = bound.output_f32().unwrap();
    assert!(matches!(output, std::borrow::Cow::Borrowed(_)));
    assert_eq!(*output, [2.0, 2.5, 3.0, 3.5]);
    drop(output);
    // A shape that the graph leaves open but the run does not give.
    let mut wrong = graph.bind(inputs(), "out_sample", &[1, 4, 2, 1]).unwrap();
    let error = wrong.run(&CancelToken::new()).unwrap_err();
    assert!(matches!(error, Error::GraphFailed { .. }), "{error}");
    bound.run(&CancelToken::new()).unwrap();
}

const SIDE: usize = 512;

fn slow_inputs(count: i64) -> Vec<(&'static str, Tensor)> {
    let identity = Tensor::F32(ndarray::Array2::eye(SIDE).into_dyn());
    vec![("x", identity.clone()), ("weight", identity), ("count", Tensor::I64(ArrayD::from_elem(IxDyn(&[]), count)))]
}

#[test]
fn cancelling_before_the_work_is_not_lost() {
    let token = CancelToken::new();
    token.cancel();
    let path = golden("slow.onnx");
    start();
    let opened = Graph::open("unet", &path, &GraphOptions::default(), &token);
    assert!(matches!(opened.unwrap_err(), Error::Cancelled));
    let graph = open("slow.onnx");
    assert!(matches!(graph.run(&slow_inputs(1), &["y"], &token).unwrap_err(), Error::Cancelled));
    token.reset();
    assert!(token.check().is_ok());
    assert!(graph.run(&slow_inputs(1), &["y"], &token).is_ok());
}

#[test]
fn cancelling_stops_a_graph_that_runs_and_leaves_it_usable() {
    let graph = Arc::new(open("slow.onnx"));
    let token = CancelToken::new();
    // Hours, if nobody stopped it.
    let (stopped, latency) = cancelled_after(&token, Duration::from_millis(300), || {
        graph.run(&slow_inputs(i64::MAX), &["y"], &token).map(drop)
    });
    assert!(matches!(stopped.unwrap_err(), Error::Cancelled));
    eprintln!("cancelled within {latency:?}");
    // Between two nodes of 0.3 GFLOP each; generous, since the machine may be busy.
    assert!(latency < Duration::from_secs(5), "{latency:?}");
    token.reset();
    assert_eq!(graph.run(&slow_inputs(2), &["y"], &token).unwrap()[0], slow_inputs(2)[0].1);

    // The same through a binding.
    let inputs = slow_inputs(i64::MAX).into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect();
    let mut bound = graph.bind(inputs, "y", &[SIDE, SIDE]).unwrap();
    let (stopped, latency) = cancelled_after(&token, Duration::from_millis(100), || bound.run(&token));
    assert!(matches!(stopped.unwrap_err(), Error::Cancelled));
    assert!(latency < Duration::from_secs(5), "{latency:?}");
    token.reset();
    bound.write_f32("count", &[3.0]).unwrap();
    bound.run(&token).unwrap();
    assert_eq!(bound.output_f32().unwrap()[SIDE + 1], 1.0);
}

#[test]
fn cancelling_stops_every_run_with_the_token_and_no_other() {
    let graphs: Vec<Graph> = (0..3).map(|_| open("slow.onnx")).collect();
    let (token, other) = (CancelToken::new(), CancelToken::new());
    std::thread::scope(|scope| {
        let stopped: Vec<_> = graphs[..2]
            .iter()
            .map(|graph| scope.spawn(|| graph.run(&slow_inputs(i64::MAX), &["y"], &token.clone())))
            .collect();
        let spared = scope.spawn(|| graphs[2].run(&slow_inputs(100), &["y"], &other));
        std::thread::sleep(Duration::from_millis(200));
        token.cancel();
        for run in stopped {
            assert!(matches!(run.join().unwrap().unwrap_err(), Error::Cancelled));
        }
        assert!(spared.join().unwrap().is_ok());
    });
}

/// What `work` returns, and how long after `cancel` it returned.
fn cancelled_after<T>(token: &CancelToken, delay: Duration, work: impl FnOnce() -> T) -> (T, Duration) {
    std::thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            std::thread::sleep(delay);
            let at = Instant::now();
            token.cancel();
            at
        });
        let result = work();
        let returned = Instant::now();
        (result, returned - canceller.join().unwrap())
    })
}

#[test]
fn providers_that_are_not_there_are_named_with_those_that_are() {
    start();
    for provider in [Provider::Cuda, Provider::TensorRt, Provider::CoreMl, Provider::DirectMl, Provider::Rocm] {
        let options = GraphOptions { provider, ..GraphOptions::default() };
        let opened = Graph::open("unet", &golden("two_outputs.onnx"), &options, &CancelToken::new());
        let error = opened.expect_err("this test runs with the CPU's library");
        assert!(matches!(error, Error::ProviderUnavailable(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(provider.name()) && text.contains("cpu"), "{text}");
    }
    for options in [
        GraphOptions { provider: Provider::Cpu, threads: 1, ..GraphOptions::default() },
        GraphOptions { low_memory: true, device_id: 3, ..GraphOptions::default() },
    ] {
        let graph = Graph::open("unet", &golden("two_outputs.onnx"), &options, &CancelToken::new()).unwrap();
        let one = f32s(&[1, 3], &[1.0; 3]);
        let sum = graph.run(&[("a", &one), ("b", &one)], &["sum"], &CancelToken::new()).unwrap();
        assert_eq!(sum[0], f32s(&[1, 3], &[2.0; 3]));
    }
}

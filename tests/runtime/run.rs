//! What a graph says about itself, and running it.

use diffusion::Error;
use std::sync::Arc;

use diffusion::runtime::{CancelToken, Graph, GraphOptions, Provider};
use diffusion::tensor::{DType, Tensor};
use half::f16;
use ndarray::{ArrayD, IxDyn};

use crate::{f32s, golden, open, ramp, start};

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

/// Inputs, outputs, and the sentence about them.
type Case<'c> = (Vec<(&'c str, Tensor)>, &'c [&'c str], &'c str);

#[test]
fn inputs_that_do_not_fit_are_a_sentence() {
    let graph = open("step_static_batch.onnx");
    let good = || f32s(&[1, 4, 1, 1], &[0.0; 4]);
    let time = || Tensor::F16(ArrayD::from_elem(IxDyn(&[1]), f16::ONE));
    let error = |inputs: &[(&str, Tensor)], outputs: &[&str]| {
        graph.run(inputs, outputs, &CancelToken::new()).expect_err("it does not fit").to_string()
    };
    let cases: [Case<'_>; 8] = [
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
        GraphOptions { prepacking: false, trim: true, device_id: 3, ..GraphOptions::default() },
    ] {
        let graph = Arc::new(Graph::open("unet", &golden("two_outputs.onnx"), &options, &CancelToken::new()).unwrap());
        let one = f32s(&[1, 3], &[1.0; 3]);
        let sum = graph.run(&[("a", &one), ("b", &one)], &["sum"], &CancelToken::new()).unwrap();
        assert_eq!(sum[0], f32s(&[1, 3], &[2.0; 3]));
    }
}

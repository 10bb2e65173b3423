//! Graphs whose inputs and output stay bound from run to run.

use std::sync::Arc;

use diffusion::runtime::CancelToken;
use diffusion::tensor::{DType, Tensor};
use diffusion::{Error, Result};
use ndarray::{ArrayD, IxDyn};

use crate::{open, ramp};

#[test]
fn a_bound_graph_steps_in_place() {
    let graph = Arc::new(open("step_f16_i64.onnx"));
    let cancel = CancelToken::new();
    let sample = ramp(&[2, 4, 1, 2]);
    let inputs = vec![
        ("sample".to_owned(), Tensor::F32(sample.clone())),
        ("timestep".to_owned(), Tensor::F32(ArrayD::from_elem(IxDyn(&[1]), 3.9))),
    ];
    let mut bound = graph.bind(inputs, "out_sample", &[2, 4, 1, 2], &CancelToken::new()).unwrap();
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
    assert!(
        message(graph.bind(vec![], "out_sample", &[1, 4, 1, 1], &CancelToken::new()).map(drop)).contains("is missing")
    );
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
    // Not even the declared shape is believed before the run: older exports declare stale ones.
    let error = graph
        .bind(inputs(), "out_sample", &[2, 4, 1, 1], &CancelToken::new())
        .unwrap()
        .run(&CancelToken::new())
        .unwrap_err();
    assert!(matches!(error, Error::GraphFailed { .. }), "{error}");
    let mut bound = graph.bind(inputs(), "out_sample", &[1, 4, 1, 1], &CancelToken::new()).unwrap();
    bound.run(&CancelToken::new()).unwrap();
    let output = bound.output_f32().unwrap();
    assert!(matches!(output, std::borrow::Cow::Borrowed(_)));
    assert_eq!(*output, [2.0, 2.5, 3.0, 3.5]);
    drop(output);
    // A shape that the graph leaves open but the run does not give.
    let mut wrong = graph.bind(inputs(), "out_sample", &[1, 4, 2, 1], &CancelToken::new()).unwrap();
    let error = wrong.run(&CancelToken::new()).unwrap_err();
    assert!(matches!(error, Error::GraphFailed { .. }), "{error}");
    bound.run(&CancelToken::new()).unwrap();
}

//! Stopping graphs before, while and after they run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diffusion::Error;
use diffusion::runtime::{CancelToken, Graph, GraphOptions};
use diffusion::tensor::Tensor;
use ndarray::{ArrayD, IxDyn};

use crate::{golden, open, start};

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
    let graph = open("slow.onnx");
    let token = CancelToken::new();
    // Hours, if nobody stopped it.
    let stopped = cancelled_after(&token, Duration::from_millis(300), || {
        graph.run(&slow_inputs(i64::MAX), &["y"], &token).map(drop)
    });
    assert!(matches!(stopped.unwrap_err(), Error::Cancelled));
    token.reset();
    assert_eq!(graph.run(&slow_inputs(2), &["y"], &token).unwrap()[0], slow_inputs(2)[0].1);

    // The same through a binding.
    let inputs = slow_inputs(i64::MAX).into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect();
    let mut bound = graph.bind(inputs, "y", &[SIDE, SIDE], &CancelToken::new()).unwrap();
    let stopped = cancelled_after(&token, Duration::from_millis(100), || bound.run(&token));
    assert!(matches!(stopped.unwrap_err(), Error::Cancelled));
    token.reset();
    bound.write_f32("count", &[3.0]).unwrap();
    bound.run(&token).unwrap();
    assert_eq!(bound.output_f32().unwrap()[SIDE + 1], 1.0);
}

#[test]
fn cancelling_stops_every_run_with_the_token_and_no_other() {
    let graphs: Vec<Arc<Graph>> = (0..3).map(|_| open("slow.onnx")).collect();
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

/// One product of matrices so large that nobody could wait for its end; `side` squared.
fn large_inputs(side: usize, count: i64) -> Vec<(&'static str, Tensor)> {
    let ones = Tensor::F32(ArrayD::from_elem(IxDyn(&[side, side]), 1.0));
    vec![("x", ones.clone()), ("weight", ones), ("count", Tensor::I64(ArrayD::from_elem(IxDyn(&[]), count)))]
}

/// ONNX Runtime looks at its flag between two operators. Whoever cancels does not wait for the end of one; the next run does.
#[test]
fn an_operator_that_does_not_end_is_left_and_the_next_run_is_as_ever() {
    const LARGE: usize = 3000;
    start();
    // Half a second on one thread of a fast processor.
    let options = GraphOptions { threads: 1, ..GraphOptions::default() };
    let graph = Arc::new(Graph::open("unet", &golden("slow.onnx"), &options, &CancelToken::new()).unwrap());
    let token = CancelToken::new();
    let known = Arc::strong_count(&graph);
    // A cancel that comes between two operators, or before the first, leaves nothing: later ones follow.
    let inputs = large_inputs(LARGE, i64::MAX);
    let left = (1..50).any(|attempt| {
        let delay = Duration::from_millis(20 * attempt);
        let stopped = cancelled_after(&token, delay, || graph.run(&inputs, &["y"], &token).map(drop));
        assert!(matches!(stopped.unwrap_err(), Error::Cancelled));
        token.reset();
        // What was left holds the graph.
        Arc::strong_count(&graph) > known
    });
    assert!(left, "no run was left");
    assert_eq!(graph.run(&slow_inputs(2), &["y"], &token).unwrap()[0], slow_inputs(2)[0].1);

    // The same through a binding, which cannot be written to before it is back.
    let inputs = inputs.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect();
    let mut bound = graph.bind(inputs, "y", &[LARGE, LARGE], &token).unwrap();
    let left = (1..50).any(|attempt| {
        let stopped = cancelled_after(&token, Duration::from_millis(20 * attempt), || bound.run(&token));
        assert!(matches!(stopped.unwrap_err(), Error::Cancelled));
        token.reset();
        matches!(bound.output_f32(), Err(Error::Cancelled))
    });
    assert!(left, "no run was left");
    // Who waits for it may cancel that too, unless it is back by now.
    let impatient = CancelToken::new();
    impatient.cancel();
    assert!(matches!(bound.ready(&impatient), Ok(()) | Err(Error::Cancelled)));
    bound.write_f32("count", &[0.0]).unwrap();
    bound.run(&token).unwrap();
    assert_eq!(bound.output_f32().unwrap()[LARGE + 1], 1.0);
}

/// What `work` returns when another thread cancels it after `delay`.
fn cancelled_after<T>(token: &CancelToken, delay: Duration, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(delay);
            token.cancel();
        });
        work()
    })
}

#[test]
fn cancelling_stops_a_graph_that_is_being_opened() {
    start();
    let path = golden("slow_to_open.onnx");
    let token = CancelToken::new();
    let open = || Graph::open("unet", &path, &GraphOptions::default(), &token);
    let took = |_| {
        let began = Instant::now();
        open().unwrap();
        began.elapsed()
    };
    let mut delay = (0..3).map(took).min().unwrap() / 4;
    // How soon is up to ONNX Runtime, which looks at the flag between the stages of opening; and how fast it opens is
    // up to the machine, so an earlier cancel follows where one came too late.
    let stopped = (0..8).any(|_| {
        let opened = cancelled_after(&token, delay, open);
        delay /= 2;
        token.reset();
        matches!(opened, Err(Error::Cancelled))
    });
    assert!(stopped);
    open().unwrap();
}

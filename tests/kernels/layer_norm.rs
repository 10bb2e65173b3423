//! `LayerNorm` beside `LayerNormalization`.

use diffusion::onnx::proto::AttributeProto;
use ndarray::ArrayD;

use crate::net::{Net, node};
use crate::{ODD_VALUES, Pair, noise};

const PASS: &str = "layer norm";

/// Sums of a row in another order, and ONNX Runtime's variance as a difference of two sums, in float32.
const TOLERANCE: f64 = 5e-6;

fn net(x: &str, width: usize, axis: i64, bias: bool) -> Net {
    let norm = node(&format!("LayerNormalization x scale{} => y", if bias { " bias" } else { "" }));
    Net::new(17, x)
        .input("x", x)
        .floats("scale", noise(1, &[width]))
        .floats("bias", noise(2, &[width]))
        .node(norm.with(AttributeProto::from_int("axis", axis)))
}

#[test]
fn sizes_batches_and_threads() {
    for (threads, width, axis, bias) in
        [(1, 32, -1, true), (2, 33, 2, false), (3, 48, -1, true), (5, 320, 2, true), (5, 2, -1, false)]
    {
        let pair = Pair::open(&net(&format!("batch tokens {width}"), width, axis, bias), PASS, threads);
        for (batch, tokens) in [1, 2, 3].into_iter().flat_map(|batch| [(batch, 1), (batch, 77), (batch, 4096)]) {
            // A row of two is one or minus one unless the two are close: then float32 decides.
            let x = noise(7, &[batch, tokens, width]);
            let tolerance = if width == 2 { 1e-3 } else { TOLERANCE };
            pair.same(&[x], tolerance);
        }
    }
}

#[test]
fn other_ranks() {
    Pair::open(&net("40", 40, 0, true), PASS, 2).same(&[noise(7, &[40])], TOLERANCE);
    let pair = Pair::open(&net("batch height width 40", 40, 3, true), PASS, 2);
    pair.same(&[noise(7, &[2, 7, 9, 40])], TOLERANCE);
    // Two axes at once are not ours.
    let two = Net::new(17, "batch 5 7").input("x", "batch 5 7").floats("scale", noise(1, &[5, 7]));
    let two = two.node(node("LayerNormalization x scale => y").with(AttributeProto::from_int("axis", 1)));
    assert_eq!(Pair::with_count(&two, PASS, 1).1, 0);
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    let pair = Pair::open(&net("batch tokens 48", 48, -1, true), PASS, 2);
    for odd in ODD_VALUES {
        let mut x = noise(7, &[2, 77, 48]);
        x[&[1, 13, 47][..]] = odd;
        let [old, new] = pair.run(&[x.clone()]);
        assert!(old.iter().any(|value| value.is_nan()));
        assert!(old.iter().zip(&new).all(|(a, b)| a.is_nan() == b.is_nan()), "{odd}");
        pair.same(&[x], TOLERANCE);
    }
}

/// The norm by its definition, in double precision.
fn exact(x: &ArrayD<f32>) -> ArrayD<f32> {
    let width = x.shape()[2];
    let (scale, bias) = (noise(1, &[width]), noise(2, &[width]));
    let mut y = x.clone();
    for row in y.as_slice_mut().unwrap().chunks_exact_mut(width) {
        let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
        let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width as f64;
        let factor = 1.0 / (variance + 1e-5).sqrt();
        for (x, (scale, bias)) in row.iter_mut().zip(scale.iter().zip(&bias)) {
            *x = ((f64::from(*x) - mean) * factor * f64::from(*scale) + f64::from(*bias)) as f32;
        }
    }
    y
}

/// ONNX Runtime itself is far off for some of these, so the definition decides.
#[test]
fn extreme_values() {
    for width in [48, 320, 1280] {
        let pair = Pair::open(&net(&format!("batch tokens {width}"), width, -1, true), PASS, 2);
        let random = noise(7, &[2, 77, width]);
        let mut flat = &random * 1e4;
        flat.slice_mut(ndarray::s![1, 5, ..]).fill(0.3e4);
        for (what, x) in [
            ("large", &random * 1e4),
            ("small", &random * 1e-4),
            ("far from zero", &random * 1.0 + 1e4),
            ("one row constant", flat),
            ("zeros", &random * 0.0),
            ("constant", &random * 0.0 + 0.1),
            ("large constant", &random * 0.0 + 12_345.678),
        ] {
            let [old, new] = pair.run(std::slice::from_ref(&x));
            let wanted = exact(&x);
            let (theirs, ours) = (crate::difference(&wanted, &old), crate::difference(&wanted, &new));
            assert!(ours <= TOLERANCE, "{what}, {width}: {ours:e}, ONNX Runtime {theirs:e}");
        }
    }
}

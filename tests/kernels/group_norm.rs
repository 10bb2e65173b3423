//! `GroupNorm` beside what exporters write.

use diffusion::onnx::proto::AttributeProto;
use ndarray::ArrayD;

use crate::net::{Net, node};
use crate::{ODD_VALUES, Pair, SIZES, noise};

const PASS: &str = "group norm";

/// Mean and variance are sums of up to 40960 float32 values, which ONNX Runtime adds in float32 and we mostly in
/// double precision, and a sigmoid differs in its last bits.
const TOLERANCE: f64 = 5e-6;

/// As PyTorch exports it.
fn by_instance(channels: usize, groups: usize, x: &str, silu: bool) -> Net {
    let ones = ArrayD::ones(vec![groups]);
    let lead = vec![1; x.split(' ').count() - 2];
    let by_channel = [vec![channels], lead].concat();
    let instance = node("InstanceNormalization grouped ones zeros => normal");
    let net = Net::new(17, x)
        .input("x", x)
        .ints("parts", &[0, groups as i64, -1])
        .floats("ones", ones.clone())
        .floats("zeros", ones * 0.0)
        .floats("scale", noise(1, &by_channel))
        .floats("bias", noise(2, &by_channel))
        .op("Shape x => shape")
        .op("Reshape x parts => grouped")
        .node(instance.with(AttributeProto::from_float("epsilon", 1e-5)))
        .op("Reshape normal shape => back")
        .op("Mul back scale => scaled");
    with_silu(net.op(&format!("Add scaled bias => {}", if silu { "norm" } else { "y" })), silu)
}

/// As ONNX has it since operator set 21.
fn whole(channels: usize, groups: usize, x: &str, silu: bool) -> Net {
    let norm = node(&format!("GroupNormalization x scale bias => {}", if silu { "norm" } else { "y" }))
        .with(AttributeProto::from_int("num_groups", groups as i64))
        .with(AttributeProto::from_float("epsilon", 1e-6));
    let net =
        Net::new(21, x).input("x", x).floats("scale", noise(1, &[channels])).floats("bias", noise(2, &[channels]));
    with_silu(net.node(norm), silu)
}

fn with_silu(net: Net, silu: bool) -> Net {
    if silu { net.op("Sigmoid norm => gate").op("Mul norm gate => y") } else { net }
}

type Writer = fn(usize, usize, &str, bool) -> Net;
const WRITERS: [Writer; 2] = [by_instance, whole];

fn sizes(channels: usize) -> String {
    format!("batch {channels} height width")
}

#[test]
fn sizes_batches_and_threads() {
    for write in WRITERS {
        for (threads, channels, groups, silu) in
            [(1, 32, 32, true), (2, 33, 3, false), (3, 48, 16, true), (5, 320, 32, false), (5, 320, 32, true)]
        {
            let pair = Pair::open(&write(channels, groups, &sizes(channels), silu), PASS, threads);
            for ((height, width), batch) in SIZES.into_iter().flat_map(|size| [(size, 1), (size, 2), (size, 3)]) {
                // One value in a group: nothing but rounding is left of it, and epsilon makes much of that.
                if height * width * channels > groups {
                    pair.same(&[noise(7, &[batch, channels, height, width])], TOLERANCE);
                }
            }
        }
    }
}

#[test]
fn pictures_of_one_axis() {
    for write in WRITERS {
        let pair = Pair::open(&write(48, 4, "batch 48 pixels", true), PASS, 2);
        [1, 2, 15, 1000].into_iter().for_each(|pixels| pair.same(&[noise(7, &[2, 48, pixels])], TOLERANCE));
    }
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    for write in WRITERS {
        for silu in [false, true] {
            let pair = Pair::open(&write(48, 4, &sizes(48), silu), PASS, 2);
            for odd in ODD_VALUES {
                let mut x = noise(7, &[2, 48, 7, 9]);
                x[&[1, 13, 3, 8][..]] = odd;
                let [old, new] = pair.run(&[x.clone()]);
                assert!(old.iter().any(|value| value.is_nan()));
                assert!(old.iter().zip(&new).all(|(a, b)| a.is_nan() == b.is_nan()), "{odd}");
                pair.same(&[x], TOLERANCE);
            }
        }
    }
}

/// The norm by its definition, in double precision, with the scales and biases of the graphs.
fn exact(x: &ArrayD<f32>, groups: usize, epsilon: f64) -> ArrayD<f32> {
    let [batch, channels, height, width] = x.shape() else { unreachable!("pictures have four axes") };
    let (pixels, size) = (height * width, channels / groups * height * width);
    let (scale, bias) = (noise(1, &[*channels]), noise(2, &[*channels]));
    let mut y = x.clone();
    let values: &mut [f32] = y.as_slice_mut().unwrap();
    assert_eq!(values.len(), batch * groups * size);
    for (unit, group) in values.chunks_exact_mut(size).enumerate() {
        let mean = group.iter().map(|x| f64::from(*x)).sum::<f64>() / size as f64;
        let variance = group.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / size as f64;
        let factor = 1.0 / (variance + epsilon).sqrt();
        for (at, x) in group.iter_mut().enumerate() {
            let channel = unit % groups * (channels / groups) + at / pixels;
            *x = ((f64::from(*x) - mean) * factor * f64::from(scale[channel]) + f64::from(bias[channel])) as f32;
        }
    }
    y
}

/// ONNX Runtime itself is far off for some of these, so the definition decides.
#[test]
fn extreme_values() {
    for (write, epsilon) in WRITERS.into_iter().zip([1e-5, 1e-6]) {
        let pair = Pair::open(&write(48, 4, &sizes(48), false), PASS, 2);
        let random = noise(7, &[2, 48, 17, 31]);
        let mut flat = &random * 1e4;
        flat.slice_mut(ndarray::s![1, 12..24, .., ..]).fill(0.3e4);
        for (what, x) in [
            ("large", &random * 1e4),
            ("small", &random * 1e-4),
            ("far from zero", &random * 1.0 + 1e4),
            ("one group constant", flat),
            ("zeros", &random * 0.0),
            ("constant", &random * 0.0 + 0.1),
            ("large constant", &random * 0.0 + 12_345.678),
        ] {
            let [old, new] = pair.run(std::slice::from_ref(&x));
            let wanted = exact(&x, 4, epsilon);
            let (theirs, ours) = (crate::difference(&wanted, &old), crate::difference(&wanted, &new));
            assert!(ours <= TOLERANCE, "{what}: {ours:e}, ONNX Runtime {theirs:e}");
        }
    }
}

/// A value times itself, or added to itself, is no scale and no bias.
#[test]
fn what_is_not_proven_is_left() {
    let net = |times: &str, plus: &str| {
        Net::new(17, "1 32 1")
            .input("x", "1 32 1")
            .ints("parts", &[0, 4, -1])
            .ints("shape", &[1, 32, 1])
            .floats("ones", ArrayD::ones(vec![4]))
            .floats("zeros", ArrayD::zeros(vec![4]))
            .floats("scale", noise(1, &[32, 1]))
            .floats("bias", noise(2, &[32, 1]))
            .op("Reshape x parts => grouped")
            .op("InstanceNormalization grouped ones zeros => normal")
            .op("Reshape normal shape => back")
            .op(times)
            .op(plus)
    };
    for (times, plus, wanted) in [
        ("Mul back back => scaled", "Add scaled bias => y", 0),
        ("Mul back scale => scaled", "Add scaled scaled => y", 0),
        ("Mul back scale => scaled", "Add scaled bias => y", 1),
    ] {
        let (pair, count) = Pair::with_count(&net(times, plus), PASS, 1);
        assert_eq!(count, wanted, "{times}, {plus}");
        pair.same(&[noise(7, &[1, 32, 1])], TOLERANCE);
    }
}

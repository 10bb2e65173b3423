//! `GeGlu` beside halves, gelu and product.

use diffusion::onnx::proto::AttributeProto;

use crate::net::{Net, node};
use crate::{ODD_VALUES, Pair, difference, noise};

const PASS: &str = "geglu";

/// Our erf is off by up to 1.5·10⁻⁷, ONNX Runtime's by about as much; both are multiplied by a half and a value.
const TOLERANCE: f64 = 1e-6;

fn start(opset: i64, width: usize) -> Net {
    Net::new(opset, &format!("batch tokens {width}")).input("x", &format!("batch tokens {}", 2 * width))
}

fn sliced(net: Net, width: usize) -> Net {
    let width = width as i64;
    net.ints("zero", &[0])
        .ints("half", &[width])
        .ints("end", &[2 * width])
        .ints("axis", &[-1])
        .ints("step", &[1])
        .op("Slice x zero half axis step => value")
        .op("Slice x half end axis step => gate")
}

fn cut(net: Net) -> Net {
    let parts = node("Split x => value gate").with(AttributeProto::from_int("axis", -1));
    net.node(parts.with(AttributeProto::from_int("num_outputs", 2)))
}

fn by_erf(net: Net) -> Net {
    net.number("root", std::f32::consts::SQRT_2)
        .number("one", 1.0)
        .number("a_half", 0.5)
        .op("Div gate root => inner")
        .op("Erf inner => erf")
        .op("Add erf one => plus")
        .op("Mul gate plus => times")
        .op("Mul times a_half => gelu")
        .op("Mul value gelu => y")
}

/// As other exporters order the product.
fn by_half_first(net: Net) -> Net {
    net.number("root", std::f32::consts::FRAC_1_SQRT_2)
        .number("one", 1.0)
        .number("a_half", 0.5)
        .op("Mul gate root => inner")
        .op("Erf inner => erf")
        .op("Add one erf => plus")
        .op("Mul a_half gate => half_gate")
        .op("Mul half_gate plus => gelu")
        .op("Mul gelu value => y")
}

fn by_gelu(net: Net) -> Net {
    net.op("Gelu gate => gelu").op("Mul value gelu => y")
}

/// Every way to write it.
fn forms(width: usize) -> [Net; 5] {
    [
        by_erf(sliced(start(17, width), width)),
        by_half_first(sliced(start(17, width), width)),
        by_erf(cut(start(18, width))),
        by_gelu(cut(start(20, width))),
        by_gelu(sliced(start(20, width), width)),
    ]
}

#[test]
fn forms_sizes_batches_and_threads() {
    for (threads, width) in [(1, 32), (2, 33), (3, 48), (5, 1), (5, 1280)] {
        for net in forms(width) {
            let pair = Pair::open(&net, PASS, threads);
            for (batch, tokens) in [(1, 1), (2, 15), (3, 77), (2, 527)] {
                pair.same(&[noise(7, &[batch, tokens, 2 * width])], TOLERANCE);
            }
        }
    }
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    for (form, net) in forms(48).iter().enumerate() {
        let pair = Pair::open(net, PASS, 2);
        for (odd, place) in ODD_VALUES.into_iter().flat_map(|odd| [(odd, 3), (odd, 50)]) {
            let mut x = noise(7, &[2, 15, 96]);
            x[&[1, 9, place][..]] = odd;
            let [old, new] = pair.run(&[x]);
            let off = difference(&old, &new);
            assert!(off <= TOLERANCE, "form {form}, {odd} at {place}: {off:e}");
        }
    }
}

#[test]
fn extreme_values() {
    for net in forms(48) {
        let pair = Pair::open(&net, PASS, 2);
        let random = noise(7, &[2, 15, 96]);
        for x in [&random * 1e4, &random * 1e15, &random * 1e-4, &random * 0.0, &random * 0.0 + 3.0] {
            pair.same(&[x], TOLERANCE);
        }
        // The gelu of -3 is 700 times smaller than what it is the difference of.
        pair.same(&[&random * 0.0 - 3.0], 700.0 * TOLERANCE);
    }
}

/// Places that only look like it.
#[test]
fn what_is_not_proven_is_left() {
    let swapped = |net: Net| net.op("Gelu value => gelu").op("Mul gate gelu => y");
    let tanh = |net: Net| {
        let gelu = node("Gelu gate => gelu").with(AttributeProto::from_text("approximate", "tanh"));
        net.node(gelu).op("Mul value gelu => y")
    };
    let used = |net: Net| net.op("Gelu gate => gelu").op("Mul value gelu => z").op("Add z gelu => y");
    for net in [swapped(cut(start(20, 32))), swapped(sliced(start(20, 32), 32)), tanh(cut(start(20, 32)))] {
        assert_eq!(Pair::with_count(&net, PASS, 1).1, 0);
    }
    assert_eq!(Pair::with_count(&used(cut(start(20, 32))), PASS, 1).1, 0);
}

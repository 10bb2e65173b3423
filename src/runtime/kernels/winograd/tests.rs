//! Against the definition of a convolution, in double precision, for every kind of vector that this processor has.

use super::super::pool::test::Threads;
use super::*;

/// Numbers that look random, about as large as 1, mostly of one sign as after SiLU.
fn numbers(count: usize, mut seed: u32) -> Vec<f32> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1u32 << 23) as f32 - 0.7
    };
    (0..count).map(|_| next()).collect()
}

fn archs() -> Vec<Arch> {
    let mut archs = vec![Arch::new(), Arch::Scalar];
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
    archs
}

/// The sum over channels and kernel, at one place of the output.
fn direct(conv: &Conv<'_>, picture: usize, output: usize, row: usize, column: usize) -> f64 {
    let ConvShape { inputs, outputs, height, width, pads, .. } = conv.shape;
    let mut sum = 0.0;
    for input in 0..inputs {
        for (i, j) in (0..9).map(|tap| (tap / 3, tap % 3)) {
            let (y, x) = ((row + i).wrapping_sub(pads[0]), (column + j).wrapping_sub(pads[1]));
            if y < height && x < width {
                let pixel = conv.x[((picture * inputs + input) * height + y) * width + x];
                sum += f64::from(pixel) * f64::from(conv.weights[((i * 3 + j) * outputs + output) * inputs + input]);
            }
        }
    }
    sum
}

fn check(shape: ConvShape, threads: usize) {
    check_on(&archs(), shape, threads, 7);
}

/// Looks at one in `step` of the values.
fn check_on(archs: &[Arch], shape: ConvShape, threads: usize, step: usize) {
    let ConvShape { batch, inputs, outputs, height, width, .. } = shape;
    let (out_height, out_width) = (shape.out_height().unwrap(), shape.out_width().unwrap());
    let x = numbers(batch * inputs * height * width, 1);
    let weights: Vec<f32> = numbers(9 * inputs * outputs, 2).iter().map(|w| w / (3.0 * inputs as f32).sqrt()).collect();
    let (bias, shift) = (numbers(outputs, 3), numbers(batch * outputs, 4));
    let picture = numbers(batch * outputs * out_height * out_width, 5);
    let plain = Added::default();
    let full = Added { bias: Some(&bias), shift: Some(&shift), picture: Some(&picture) };
    for (arch, added) in archs.iter().flat_map(|arch| [(*arch, plain), (*arch, full)]) {
        let conv = Conv { shape, x: &x, weights: &weights, added, threads, arch };
        let size = batch * outputs * out_height * out_width;
        for (side, tolerance) in [(Side::Two, 4e-6), (Side::Four, 2e-5)] {
            let mut out = vec![f32::NAN; size];
            let scratch = Scratch::default();
            conv.compute(side, &mut out, &Threads(threads), &scratch).unwrap();
            // A second run, with what the first one left in its buffers, is the same to the bit.
            let mut again = vec![0.0; size];
            conv.compute(side, &mut again, &Threads(1), &scratch).unwrap();
            assert!(out.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "{shape:?} {side:?}");
            for (place, value) in out.iter().enumerate().step_by(step) {
                let (plane, pixel) = (place / (out_height * out_width), place % (out_height * out_width));
                let (b, o) = (plane / outputs, plane % outputs);
                let mut wanted = direct(&conv, b, o, pixel / out_width, pixel % out_width);
                wanted += added.bias.map_or(0.0, |bias| f64::from(bias[o]));
                wanted += added.shift.map_or(0.0, |shift| f64::from(shift[plane]));
                wanted += added.picture.map_or(0.0, |picture| f64::from(picture[place]));
                let error = (f64::from(*value) - wanted).abs();
                assert!(error < tolerance, "{shape:?} {side:?} {arch:?}: {value} instead of {wanted} ({error:e})");
            }
        }
    }
}

#[test]
fn equals_direct_convolution_for_odd_sizes() {
    for (batch, inputs, outputs, height, width) in
        [(1, 1, 1, 1, 1), (1, 3, 5, 2, 3), (2, 17, 33, 7, 9), (3, 33, 40, 5, 70), (1, 161, 9, 12, 11), (2, 8, 64, 4, 4)]
    {
        check(ConvShape { batch, inputs, outputs, height, width, pads: [1; 4] }, 3);
    }
}

#[test]
fn every_pad_may_be_missing() {
    for pads in [[0; 4], [0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 1, 1]] {
        check(ConvShape { batch: 2, inputs: 5, outputs: 6, height: 6, width: 11, pads }, 1);
        check(ConvShape { batch: 1, inputs: 2, outputs: 3, height: 3, width: 3, pads }, 2);
    }
}

#[test]
fn many_rounds_and_parts_are_one_convolution() {
    // Enough tiles that they do not fit the transformed picture at once, and more threads than groups.
    let shape = ConvShape { batch: 1, inputs: 70, outputs: 34, height: 130, width: 250, pads: [1; 4] };
    check_on(&[Arch::new()], shape, 9, 997);
}

#[test]
fn not_a_number_stays_within_its_reach() {
    let shape = ConvShape { batch: 1, inputs: 2, outputs: 2, height: 20, width: 20, pads: [1; 4] };
    let mut x = numbers(800, 1);
    x[400 + 10 * 20 + 10] = f32::NAN;
    let weights = numbers(36, 2);
    for side in [Side::Two, Side::Four] {
        let conv = Conv { shape, x: &x, weights: &weights, added: Added::default(), threads: 1, arch: Arch::new() };
        let mut out = vec![0.0; 800];
        conv.compute(side, &mut out, &Threads(1), &Scratch::default()).unwrap();
        for (row, column) in (9..=11).flat_map(|row| (9..=11).map(move |column| (row, column))) {
            assert!(out[row * 20 + column].is_nan() && out[400 + row * 20 + column].is_nan(), "{side:?}");
        }
        // It reaches what shares a tile with it, and no farther.
        assert!(out[..4 * 20].iter().all(|value| value.is_finite()), "{side:?}");
        assert!(out[16 * 20..400].iter().all(|value| value.is_finite()), "{side:?}");
    }
}

#[test]
fn small_pictures_take_small_tiles() {
    let weights = [];
    let side = |batch, height| {
        let shape = ConvShape { batch, inputs: 640, outputs: 640, height, width: height, pads: [1; 4] };
        Conv { shape, x: &[], weights: &weights, added: Added::default(), threads: 1, arch: Arch::new() }.cheapest()
    };
    assert_eq!(side(2, 64), Side::Four);
    assert_eq!(side(1, 512), Side::Four);
    assert_eq!(side(1, 2), Side::Two);
}

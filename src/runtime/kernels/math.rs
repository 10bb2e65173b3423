//! Functions of one float, without branches, so that compilers make vectors of them.

/// eˣ, to within 2 units in the last place; NaN for NaN. Beyond ±87 it stops changing, which no user of it can tell.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Comparisons as selections, not `clamp`: they keep a NaN.
    let x = if x > 87.0 { 87.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    // Adding 1.5·2²³ leaves the nearest integer in the low bits of the sum.
    const MAGIC: f32 = 12_582_912.0;
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    // ln 2 in two parts (W. J. Cody, W. Waite: Software Manual for the Elementary Functions, 1980).
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    // Taylor's series; |r| ≤ ½·ln 2 leaves less than 10⁻⁸ after this term.
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    p * power
}

/// x·σ(x).
#[inline(always)]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// ½·x·(1 + erf(x/√2)), to within 3·10⁻⁷·(1 + |x|).
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    let z = x * std::f32::consts::FRAC_1_SQRT_2;
    let size = z.abs();
    // Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: |error| ≤ 1.5·10⁻⁷.
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let p = 1.061_405_4;
    let p = p * t - 1.453_152_1;
    let p = p * t + 1.421_413_7;
    let p = p * t - 0.284_496_72;
    let p = p * t + 0.254_829_6;
    let tail = p * t * exp(-size * size);
    // erf of a negative number is that of its size with the sign changed; for x < 0, 1 + erf is the tail itself.
    let one_and_erf = if x < 0.0 { tail } else { 2.0 - tail };
    0.5 * x * one_and_erf
}

/// Sums run in this many lanes: as many as fill the vector units, and then added in double precision.
const LANES: usize = 64;

/// So many elements are summed in single precision before the lanes are added up: each lane's sum stays exact enough.
const RUN: usize = LANES * 64;

/// Where values lie and how far they spread.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// One of the values. Seen from there, values that are nearly alike differ exactly, however far from zero they
    /// are: a mean of its own would be rounded as coarsely as they are, and a small epsilon makes much of that.
    origin: f32,
    /// Their mean, seen from there.
    mean: f32,
    pub variance: f32,
}

impl Moments {
    /// Of `values`, in two passes: in one, a mean far from zero would cancel the variance.
    #[inline(always)]
    pub(super) fn of(values: &[f32]) -> Self {
        let count = values.len() as f64;
        let origin = values.first().copied().unwrap_or(0.0);
        let mean = (sum(values, |x| x - origin) / count) as f32;
        let moments = Self { origin, mean, variance: 0.0 };
        let variance = sum(values, |x| moments.centre(x) * moments.centre(x)) / count;
        Self { variance: variance as f32, ..moments }
    }

    /// x less the mean.
    #[inline(always)]
    pub(super) fn centre(self, x: f32) -> f32 {
        (x - self.origin) - self.mean
    }
}

#[inline(always)]
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0.0;
    for run in values.chunks(RUN) {
        let mut lanes = [0.0f32; LANES];
        let whole = run.chunks_exact(LANES);
        let rest = whole.remainder();
        for chunk in whole {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += f(*x);
            }
        }
        total += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>();
        total += rest.iter().map(|x| f64::from(f(*x))).sum::<f64>();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erf(x: f64) -> f64 {
        // Its series, which converges everywhere and is exact enough below 4.
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        if x.abs() > 4.0 { x.signum() } else { sum * 2.0 / std::f64::consts::PI.sqrt() }
    }

    #[test]
    fn exp_is_exact_to_the_last_bits() {
        for step in -8600..=8600 {
            let x = step as f32 / 100.0;
            let wanted = f64::from(x).exp();
            assert!((f64::from(exp(x)) / wanted - 1.0).abs() < 2.5e-7, "{x}: {} {wanted}", exp(x));
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(f32::INFINITY), exp(87.0));
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn moments_far_from_zero_and_of_odd_lengths() {
        for length in [1, 2, 63, 64, 65, 5000, 70_001] {
            let values: Vec<f32> = (0..length).map(|i| 1000.0 + ((i * 37) % 101) as f32 / 100.0).collect();
            let count = length as f64;
            let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
            let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
            let moments = Moments::of(&values);
            let (m, v) = (-moments.centre(0.0), moments.variance);
            assert!((f64::from(m) - mean).abs() < 1e-4, "{length}: {m} {mean}");
            assert!((f64::from(v) - variance).abs() < 1e-4 * variance + 1e-8, "{length}: {v} {variance}");
        }
        let moments = Moments::of(&[1.0, f32::NAN, 2.0]);
        assert!(moments.centre(1.0).is_nan() && moments.variance.is_nan());
        // Of what is all alike nothing is left.
        let moments = Moments::of(&[12_345.678; 5000]);
        assert_eq!((moments.centre(12_345.678), moments.variance), (0.0, 0.0));
    }

    #[test]
    fn silu_and_gelu_are_their_definitions() {
        for step in -20_000..=20_000 {
            let x = step as f32 / 1000.0;
            let wide = f64::from(x);
            let wanted = wide / (1.0 + (-wide).exp());
            assert!((f64::from(silu(x)) - wanted).abs() < 3e-7 * (1.0 + wide.abs()), "silu {x}");
            let wanted = 0.5 * wide * (1.0 + erf(wide / std::f64::consts::SQRT_2));
            assert!((f64::from(gelu(x)) - wanted).abs() < 3e-7 * (1.0 + wide.abs()), "gelu {x}: {} {wanted}", gelu(x));
        }
        for f in [silu, gelu] {
            assert!(f(f32::NAN).is_nan());
            assert_eq!(f(f32::INFINITY), f32::INFINITY);
            assert_eq!(f(0.0), 0.0);
        }
    }
}

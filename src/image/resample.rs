//! Resampling along one axis: each output sample is a weighted sum of neighbouring input samples.
//!
//! Every way of resizing that this library needs is a table of such windows, so that PIL's fixed-point arithmetic for
//! bytes and torch's for floats share the rest. Facts: Pillow `src/libImaging/Resample.c`; torch `UpSampleKernel.cpp`
//! and `UpSample.h`.

use std::f64::consts::PI;

use super::zeros;
use crate::Result;

/// A kernel for [`windows`], by the distance from an output sample's centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    /// A triangle: PIL's and torch's bilinear.
    Bilinear,
    /// Keys' cubic with a = -0.5: PIL's bicubic, and torch's with antialiasing.
    Bicubic,
    /// The sinc function under a window of three lobes.
    Lanczos,
}

impl Kernel {
    /// The distance beyond which the kernel is 0.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn at(self, x: f64) -> f64 {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        match self {
            Self::Bilinear => (1.0 - x.abs()).max(0.0),
            Self::Bicubic => cubic(x, -0.5),
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
        }
    }
}

/// Keys' cubic convolution kernel (1981) with parameter `a`.
pub(super) fn cubic(x: f64, a: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * a
    } else {
        0.0
    }
}

/// The input samples that make one output sample: from `start` on, one weight each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    /// Index of the first input sample.
    pub start: usize,
    /// Weights; their sum is 1.
    pub weights: Vec<f64>,
}

/// The windows that resize `input` samples to `output` samples with a kernel that grows where the axis shrinks, as
/// PIL's `resize` and torch's antialiasing do it. Only the `length` samples from `from` on are stretched over the
/// output, but their neighbours outside count (PIL's `box`; it may be empty).
pub(super) fn windows(kernel: Kernel, input: usize, output: usize, from: f64, length: f64) -> Vec<Window> {
    let scale = length / output as f64;
    let stretch = scale.max(1.0);
    let support = kernel.support() * stretch;
    let window = |index: usize| {
        let center = from + (index as f64 + 0.5) * scale;
        // As casts to integers in C: towards 0.
        let start = (center - support + 0.5).max(0.0) as usize;
        let end = ((center + support + 0.5) as usize).min(input);
        let mut weights: Vec<_> =
            (start..end).map(|at| kernel.at((at as f64 - center + 0.5) * (1.0 / stretch))).collect();
        let sum: f64 = weights.iter().sum();
        if sum != 0.0 {
            weights.iter_mut().for_each(|w| *w /= sum);
        }
        Window { start, weights }
    };
    (0..output).map(window).collect()
}

/// A sample's type and the arithmetic of its weighted sums.
pub(super) trait Sample: Copy + Default {
    /// A weight as sums want it.
    type Weight: Copy;
    /// A sum that is under way.
    type Sum: Copy;
    /// The empty sum.
    const START: Self::Sum;
    /// The weight in the sums' form.
    fn weight(weight: f64) -> Self::Weight;
    /// The sum with one more sample.
    fn add(sum: Self::Sum, weight: Self::Weight, sample: Self) -> Self::Sum;
    /// The finished sum as a sample.
    fn finish(sum: Self::Sum) -> Self;
    /// The sample of a picture brought back to its range after a filter that overshoots.
    fn in_range(self) -> Self;
}

/// Fractional bits of PIL's weights for bytes (`PRECISION_BITS`).
const BITS: u32 = 32 - 8 - 2;

impl Sample for u8 {
    type Weight = i32;
    type Sum = i32;
    const START: i32 = 1 << (BITS - 1);

    fn weight(weight: f64) -> i32 {
        (weight * f64::from(1 << BITS)).round() as i32
    }

    fn add(sum: i32, weight: i32, sample: Self) -> i32 {
        // Weights of a window add up to 1, with little below 0: the sum stays within 2 · 255 · 2^22.
        sum.wrapping_add(weight.wrapping_mul(i32::from(sample)))
    }

    fn finish(sum: i32) -> Self {
        (sum >> BITS).clamp(0, 255) as Self
    }

    fn in_range(self) -> Self {
        self
    }
}

impl Sample for f32 {
    type Weight = Self;
    type Sum = Self;
    const START: Self = 0.0;

    fn weight(weight: f64) -> Self {
        weight as Self
    }

    fn add(sum: Self, weight: Self, sample: Self) -> Self {
        sum + weight * sample
    }

    fn finish(sum: Self) -> Self {
        sum
    }

    fn in_range(self) -> Self {
        self.clamp(0.0, 1.0)
    }
}

/// Resamples the middle axis of `samples`, which are `[outer, length, inner]` with the last index fastest, to
/// `[outer, windows, inner]`.
///
/// # Errors
/// [`crate::Error::OutOfMemory`].
pub(super) fn along<S: Sample>(samples: &[S], length: usize, inner: usize, windows: &[Window]) -> Result<Vec<S>> {
    let block = length * inner;
    let outer = samples.len().checked_div(block).unwrap_or(0);
    let mut result = zeros(outer.saturating_mul(windows.len()).saturating_mul(inner))?;
    let windows: Vec<_> = windows
        .iter()
        .map(|w| (w.start * inner, w.weights.iter().map(|&v| S::weight(v)).collect::<Vec<_>>()))
        .collect();
    let mut sums = vec![S::START; inner];
    for (source, target) in samples.chunks_exact(block).zip(result.chunks_exact_mut((windows.len() * inner).max(1))) {
        for ((start, weights), target) in windows.iter().zip(target.chunks_exact_mut(inner)) {
            sums.fill(S::START);
            for (&weight, row) in weights.iter().zip(source[*start..].chunks_exact(inner)) {
                for (sum, &sample) in sums.iter_mut().zip(row) {
                    *sum = S::add(*sum, weight, sample);
                }
            }
            target.iter_mut().zip(&sums).for_each(|(to, &sum)| *to = S::finish(sum));
        }
    }
    Ok(result)
}

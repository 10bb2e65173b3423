//! Normalisation over the last axis.

use pulp::Arch;

use super::math::Moments;
use super::memory::Shared;
use super::pool::Pool;

/// How many elements a unit of work takes, about.
const UNIT: usize = 1 << 14;

/// Each row of `input`, as wide as `scale`: less its mean, over its deviation, times `scale`, plus `bias`.
pub(super) fn layer_norm<P: Pool>(
    input: &[f32],
    scale: &[f32],
    bias: Option<&[f32]>,
    epsilon: f32,
    output: &mut [f32],
    pool: &P,
) -> ort::Result<()> {
    let width = scale.len();
    if width == 0 {
        return Ok(());
    }
    let arch = Arch::new();
    let rows = input.len() / width;
    let per = (UNIT / width).max(1);
    let output = Shared::new(output);
    pool.each(rows.div_ceil(per), &|unit| {
        let count = per.min(rows - unit * per);
        #[expect(unsafe_code, reason = "units write disjoint rows")]
        // SAFETY: these rows are this unit's alone.
        let output = unsafe { output.part(unit * per * width, count * width) };
        let input = &input[unit * per * width..][..count * width];
        arch.dispatch(
            #[inline(always)]
            || {
                for (input, output) in input.chunks_exact(width).zip(output.chunks_exact_mut(width)) {
                    let moments = Moments::of(input);
                    let factor = 1.0 / (moments.variance + epsilon).sqrt();
                    for ((output, x), scale) in output.iter_mut().zip(input).zip(scale) {
                        *output = moments.centre(*x) * factor * *scale;
                    }
                    if let Some(bias) = bias {
                        output.iter_mut().zip(bias).for_each(|(output, bias)| *output += *bias);
                    }
                }
            },
        );
    })
}

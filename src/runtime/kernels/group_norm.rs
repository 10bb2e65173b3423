//! Normalisation of groups of channels.

use pulp::Arch;

use super::math::{Moments, silu};
use super::memory::Shared;
use super::pool::Pool;

/// What the values of an operator stand for.
pub(super) struct GroupNorm<'a> {
    /// [batch, channels, pixels].
    pub input: &'a [f32],
    /// One for each channel; so many channels as it has.
    pub scale: &'a [f32],
    pub bias: &'a [f32],
    pub groups: usize,
    pub pixels: usize,
    pub epsilon: f32,
    /// Whether SiLU follows.
    pub silu: bool,
}

impl GroupNorm<'_> {
    /// Each group less its mean, over its deviation, then by channel times scale plus bias, then SiLU if asked.
    pub(super) fn compute<P: Pool>(&self, output: &mut [f32], pool: &P) -> ort::Result<()> {
        let channels = self.scale.len() / self.groups;
        let size = channels * self.pixels;
        if size == 0 {
            return Ok(());
        }
        let arch = Arch::new();
        let units = self.input.len() / size;
        let output = Shared::new(output);
        pool.each(units, &|unit| {
            #[expect(unsafe_code, reason = "units write disjoint groups")]
            // SAFETY: this group is this unit's alone.
            let output = unsafe { output.part(unit * size, size) };
            let input = &self.input[unit * size..][..size];
            let first = unit % self.groups * channels;
            let (scale, bias) = (&self.scale[first..][..channels], &self.bias[first..][..channels]);
            arch.dispatch(
                #[inline(always)]
                || {
                    let moments = Moments::of(input);
                    let factor = 1.0 / (moments.variance + self.epsilon).sqrt();
                    let planes = input.chunks_exact(self.pixels).zip(output.chunks_exact_mut(self.pixels));
                    for ((input, output), (scale, bias)) in planes.zip(scale.iter().zip(bias)) {
                        let scale = scale * factor;
                        if self.silu {
                            input.iter().zip(output).for_each(|(x, y)| *y = silu(moments.centre(*x) * scale + *bias));
                        } else {
                            input.iter().zip(output).for_each(|(x, y)| *y = moments.centre(*x) * scale + *bias);
                        }
                    }
                },
            );
        })
    }
}

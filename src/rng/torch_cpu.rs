//! torch's CPU generator, drawing float32.
//!
//! Sources: PyTorch `aten/src/ATen/native/cpu/DistributionTemplates.h` (`normal_fill`, the draw of 16 and more),
//! `aten/src/ATen/core/DistributionsHelper.h` (`normal_distribution<double>`, the draw of fewer) and
//! `aten/src/ATen/core/MT19937RNGEngine.h`.

use std::f64::consts::PI;

use super::cephes;
use super::mt19937::Mt19937;

/// How many values the vectorised path makes at a time, and how many a draw needs to take it.
const BLOCK: usize = 16;

/// `torch.Generator("cpu")` after `manual_seed`, seen through `torch.randn(..., dtype=torch.float32)`.
#[derive(Debug, Clone)]
pub struct TorchCpu {
    mt: Mt19937,
    /// The second value of the last scalar Box-Muller pair. It outlives the draw, as torch's does.
    spare: Option<f64>,
}

impl TorchCpu {
    /// Seeds the generator. Only the low 32 bits count: torch keeps all 64 but starts the twister with those.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { mt: Mt19937::new((seed & 0xffff_ffff) as u32), spare: None }
    }

    /// One draw of `out.len()` standard normal values, as one `torch.randn` of that many elements.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        if out.len() < BLOCK {
            out.fill_with(|| self.scalar() as f32);
        } else {
            self.fill_blocks(out);
        }
    }

    /// The path for 16 and more: all uniforms first, then Box-Muller in blocks of 16 in place; what is left over
    /// is covered by one more block over the last 16 places, from fresh uniforms.
    fn fill_blocks(&mut self, out: &mut [f32]) {
        out.fill_with(|| self.uniform_f32());
        let mut blocks = out.chunks_exact_mut(BLOCK);
        blocks.by_ref().for_each(box_muller);
        if !blocks.into_remainder().is_empty() {
            let start = out.len() - BLOCK;
            let tail = &mut out[start..];
            tail.fill_with(|| self.uniform_f32());
            box_muller(tail);
        }
    }

    /// The path for fewer than 16: Box-Muller in double precision, pairs kept across draws.
    fn scalar(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        let (u1, u2) = (self.uniform_f64(), self.uniform_f64());
        let radius = (-2.0 * (-u2).ln_1p()).sqrt();
        let theta = 2.0 * PI * u1;
        self.spare = Some(radius * theta.sin());
        radius * theta.cos()
    }

    /// Uniform in [0, 1), 24 random bits.
    fn uniform_f32(&mut self) -> f32 {
        (self.mt.next_u32() & 0x00ff_ffff) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in [0, 1), 53 random bits.
    fn uniform_f64(&mut self) -> f64 {
        (self.mt.next_u64() & ((1 << 53) - 1)) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
}

/// Turns a block of 16 uniforms into normal values: the first half gives the radii, the second the angles.
fn box_muller(block: &mut [f32]) {
    let (first, second) = block.split_at_mut(BLOCK / 2);
    for (a, b) in first.iter_mut().zip(second) {
        let radius = (-2.0 * cephes::ln(1.0 - *a)).sqrt();
        let (sin, cos) = cephes::sin_cos(std::f32::consts::TAU * *b);
        *a = radius * cos;
        *b = radius * sin;
    }
}

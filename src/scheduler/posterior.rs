//! The posterior q(x_{t-1} | x_t, x0) of one step, and the variance that is drawn with.
//!
//! Source: Ho et al., arXiv 2006.11239, equations 6 and 7; Nichol and Dhariwal, arXiv 2102.09672, equation 15;
//! diffusers `scheduling_ddpm.py`; guided-diffusion `gaussian_diffusion.py`.

use ndarray::{ArrayD, ArrayViewD, Zip};

use crate::error::{Error, Result};

use super::combine::combine;
use super::config::Config;
use super::discrete::Jump;
use super::respacing::Kept;

/// `variance_type`. `fixed_small_log` is the same number as `fixed_small` by another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variance {
    FixedSmall,
    FixedLarge,
    FixedLargeLog,
    /// The denoiser predicts the variance itself.
    Learned,
    /// The denoiser predicts the variance's logarithm.
    LearnedLog,
    /// The denoiser predicts where between the two fixed ones its logarithm lies, from -1 to 1.
    LearnedRange,
}

impl Variance {
    /// Reads `variance_type`; OpenAI's "learned" is a logarithm.
    pub(super) fn read(config: &Config<'_>, openai: bool) -> Result<Self> {
        let variance = config.choice(
            "variance_type",
            Self::FixedSmall,
            &[
                ("fixed_small", Self::FixedSmall),
                ("fixed_small_log", Self::FixedSmall),
                ("fixed_large", Self::FixedLarge),
                ("fixed_large_log", Self::FixedLargeLog),
                ("learned", if openai { Self::LearnedLog } else { Self::Learned }),
                ("learned_range", Self::LearnedRange),
            ],
        )?;
        if variance == Self::FixedLargeLog {
            return Err(Error::Unsupported(
                "the scheduler configuration has variance_type = \"fixed_large_log\", for which diffusers takes the \
                 root of a logarithm and gets no number; use \"fixed_large\""
                    .to_owned(),
            ));
        }
        Ok(variance)
    }

    pub(super) fn is_learned(self) -> bool {
        matches!(self, Self::Learned | Self::LearnedLog | Self::LearnedRange)
    }
}

/// What a step does with fresh noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noise {
    /// Nothing is drawn.
    None,
    /// It is drawn and thrown away.
    Wasted,
    /// It is drawn and added.
    Drawn,
}

/// One step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posterior {
    pub(super) jump: Jump,
    /// The variance of the fixed types.
    fixed: f64,
    /// The logarithms between which a learned range lies.
    range: [f64; 2],
    pub(super) noise: Noise,
}

/// β̃ and β of a jump.
fn variances(jump: Jump) -> [f64; 2] {
    let beta = 1.0 - jump.from / jump.to;
    [(1.0 - jump.to) / (1.0 - jump.from) * beta, beta]
}

impl Posterior {
    /// The steps of diffusers' class.
    pub(super) fn listed(jumps: &[Jump], timesteps: &[f64], variance: Variance) -> Vec<Self> {
        let mut before = None;
        let steps = jumps.iter().zip(timesteps).map(|(&jump, &t)| {
            let [small, large] = variances(jump);
            // diffusers clamps here. At timestep 0 that leaves nothing to draw with, which it does not, and nothing for
            // a gradient either; there OpenAI takes the variance of the step before, and so do we.
            let own = small.max(1e-20);
            let small = if t > 0.0 { own } else { before.unwrap_or(own) };
            before = Some(own);
            Self::new(jump, small, large, variance, if t > 0.0 { Noise::Drawn } else { Noise::None })
        });
        steps.collect()
    }

    /// The steps of a respaced process, noisiest first. At the last one β̃ is 0, for which OpenAI takes that of the one
    /// before (`posterior_log_variance_clipped`); where there is none, β.
    pub(super) fn respaced(kept: &[Kept], variance: Variance) -> Vec<Self> {
        let jump = |step: &Kept| Jump { from: step.alpha, to: step.below };
        let steps = kept.iter().enumerate().rev().map(|(place, step)| {
            let [mut small, mut large] = variances(jump(step));
            if place == 0 {
                small = kept.get(1).map_or(large, |next| variances(jump(next))[0]);
                if variance == Variance::FixedLarge {
                    large = small;
                }
            }
            let noise = if place == 0 { Noise::Wasted } else { Noise::Drawn };
            Self::new(jump(step), small, large, variance, noise)
        });
        steps.collect()
    }

    fn new(jump: Jump, small: f64, large: f64, variance: Variance, noise: Noise) -> Self {
        let fixed = if variance == Variance::FixedLarge { large } else { small };
        Self { jump, fixed, range: [small.ln(), large.ln()], noise }
    }

    /// The factors of the sample and of x0 in the mean.
    pub(super) fn mean(&self) -> (f64, f64) {
        let Jump { from, to } = self.jump;
        let alpha = from / to;
        (alpha.sqrt() * (1.0 - to) / (1.0 - from), to.sqrt() * (1.0 - alpha) / (1.0 - from))
    }

    /// Turns standard normal `noise` into this step's noise, in place.
    pub(super) fn scale_noise(
        &self,
        variance: Variance,
        noise: &mut ArrayD<f32>,
        predicted: Option<&ArrayViewD<'_, f32>>,
    ) -> Result<()> {
        if !variance.is_learned() {
            combine(noise, self.fixed.sqrt(), &[]);
            return Ok(());
        }
        let predicted = predicted.ok_or_else(unpredicted)?;
        let noise = Zip::from(noise).and(predicted);
        match variance {
            Variance::Learned => noise.for_each(|n, &v| *n *= v.sqrt()),
            _ => noise.for_each(|n, &v| *n = (f64::from(*n) * (0.5 * self.log(variance, v)).exp()) as f32),
        }
        Ok(())
    }

    /// σ² · gradient: how far a classifier moves the mean (Dhariwal and Nichol, arXiv 2105.05233, algorithm 1).
    pub(super) fn shift(
        &self,
        variance: Variance,
        gradient: &ArrayD<f32>,
        predicted: Option<&ArrayViewD<'_, f32>>,
    ) -> Result<ArrayD<f32>> {
        let mut shift = gradient.clone();
        if !variance.is_learned() {
            combine(&mut shift, self.fixed, &[]);
            return Ok(shift);
        }
        let predicted = predicted.ok_or_else(unpredicted)?;
        Zip::from(&mut shift).and(predicted).for_each(|g, &v| {
            let square = if variance == Variance::Learned { f64::from(v) } else { self.log(variance, v).exp() };
            *g = (f64::from(*g) * square) as f32;
        });
        Ok(shift)
    }

    /// The logarithm of the variance that `predicted` stands for.
    fn log(&self, variance: Variance, predicted: f32) -> f64 {
        let predicted = f64::from(predicted);
        if variance == Variance::LearnedLog {
            return predicted;
        }
        let [low, high] = self.range;
        let share = (predicted + 1.0) / 2.0;
        share * high + (1.0 - share) * low
    }
}

fn unpredicted() -> Error {
    Error::invalid(
        "the scheduler configuration says that the model predicts its variance (variance_type), but the model's output \
         has no more channels than the sample",
    )
}

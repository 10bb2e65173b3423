//! Denoising diffusion probabilistic models: ancestral sampling.
//!
//! Source: Ho et al., arXiv 2006.11239, equations 6, 7 and 15; Nichol and Dhariwal, arXiv 2102.09672, for learned
//! variances; diffusers `scheduling_ddpm.py`.

use ndarray::{ArrayD, ArrayViewD, Zip};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{buffer, combine, draw, mix_into};
use super::config::Config;
use super::discrete::{Jump, check_steps, jump, jump_noise, jumps};
use super::noise_schedule::{BetaDefaults, BetaSchedule, NoiseSchedule, ZeroSnr};
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;
use super::timesteps::{Counting, Spacing, spaced};
use super::{Scheduler, SchedulerOptions, named_levels};

/// `variance_type`. `fixed_small_log` is the same number as `fixed_small` by another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variance {
    FixedSmall,
    FixedLarge,
    FixedLargeLog,
    Learned,
    LearnedRange,
}

pub(super) struct Ddpm {
    timesteps: Vec<f64>,
    jumps: Vec<Jump>,
    prediction: Prediction,
    clipping: Clipping,
    variance: Variance,
    calls: Calls,
    x0: Option<ArrayD<f32>>,
}

impl Ddpm {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let betas = BetaDefaults {
            range: (0.0001, 0.02),
            extra: Some(("sigmoid", BetaSchedule::Sigmoid)),
            zero_snr: ZeroSnr::Exact,
        };
        let schedule = NoiseSchedule::read(config, &betas)?;
        let spacing = Spacing::read(config, Spacing::Leading)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let train = schedule.train_timesteps();
        let timesteps = match named_levels::timesteps(config, &schedule, options)? {
            Some(chosen) => chosen.into_iter().map(|t| t as f64).collect(),
            None => {
                check_steps(config, options.steps, train)?;
                spaced(spacing, Counting::Whole, options.steps, train, train, offset)?
            }
        };
        let next = timesteps.iter().skip(1).map(|&t| t as i64).chain([-1]);
        let jumps = jumps(&schedule, timesteps.iter().map(|&t| t as i64).zip(next), 1.0)?;
        let variance = config.choice(
            "variance_type",
            Variance::FixedSmall,
            &[
                ("fixed_small", Variance::FixedSmall),
                ("fixed_small_log", Variance::FixedSmall),
                ("fixed_large", Variance::FixedLarge),
                ("fixed_large_log", Variance::FixedLargeLog),
                ("learned", Variance::Learned),
                ("learned_range", Variance::LearnedRange),
            ],
        )?;
        if variance == Variance::FixedLargeLog {
            return Err(Error::Unsupported(
                "the scheduler configuration has variance_type = \"fixed_large_log\", for which diffusers takes the \
                 root of a logarithm and gets no number; use \"fixed_large\""
                    .to_owned(),
            ));
        }
        let calls = Calls::new(timesteps.len(), 1);
        Ok(Self {
            timesteps,
            jumps,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY])?,
            clipping: Clipping::read(config, true)?,
            variance,
            calls,
            x0: None,
        })
    }

    /// Turns standard normal `noise` into this step's noise, in place.
    fn scale_noise(
        &self,
        noise: &mut ArrayD<f32>,
        small: f64,
        large: f64,
        predicted: Option<&ArrayViewD<'_, f32>>,
    ) -> Result<()> {
        match (self.variance, predicted) {
            (Variance::FixedSmall, _) => combine(noise, small.sqrt(), &[]),
            (Variance::FixedLarge | Variance::FixedLargeLog, _) => combine(noise, large.sqrt(), &[]),
            (Variance::Learned, Some(predicted)) => {
                Zip::from(noise).and(predicted).for_each(|n, &v| *n *= v.sqrt());
            }
            (Variance::LearnedRange, Some(predicted)) => {
                let (low, high) = (small.ln(), large.ln());
                Zip::from(noise).and(predicted).for_each(|n, &v| {
                    let share = (f64::from(v) + 1.0) / 2.0;
                    *n = (f64::from(*n) * (0.5 * (share * high + (1.0 - share) * low)).exp()) as f32;
                });
            }
            (Variance::Learned | Variance::LearnedRange, None) => {
                return Err(Error::invalid(
                    "the scheduler configuration says that the model predicts its variance (variance_type), \
                     but the model's output has no more channels than the sample",
                ));
            }
        }
        Ok(())
    }
}

impl Scheduler for Ddpm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn scale_model_input(&self, _index: usize, _sample: &mut ArrayD<f32>) {}

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let learned = matches!(self.variance, Variance::Learned | Variance::LearnedRange);
        let output = self.calls.enter(index, model_output, sample, learned)?;
        let Jump { from, to } = jump(&self.jumps, index)?;
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(from.sqrt(), (1.0 - from).sqrt()), sample, &output.mean);
        self.clipping.apply(x0);

        let alpha = from / to;
        let beta = 1.0 - alpha;
        let own = alpha.sqrt() * (1.0 - to) / (1.0 - from);
        let from_x0 = to.sqrt() * beta / (1.0 - from);
        if self.timesteps.get(index).is_some_and(|&t| t > 0.0) {
            let mut fresh = draw(noise, sample.shape())?;
            let small = ((1.0 - to) / (1.0 - from) * beta).max(1e-20);
            self.scale_noise(&mut fresh, small, beta, output.variance.as_ref())?;
            if let Some(x0) = &self.x0 {
                combine(sample, own, &[(from_x0, x0.view()), (1.0, fresh.view())]);
            }
        } else {
            combine(sample, own, &[(from_x0, x0.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        jump_noise(&self.jumps, original, noise, index)
    }
}

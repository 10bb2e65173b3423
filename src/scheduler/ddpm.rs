//! Denoising diffusion probabilistic models: ancestral sampling.
//!
//! Source: Ho et al., arXiv 2006.11239, equations 6, 7 and 15; Nichol and Dhariwal, arXiv 2102.09672, for learned
//! variances; Dhariwal and Nichol, arXiv 2105.05233, algorithm 1, for the gradient; diffusers `scheduling_ddpm.py`.
//!
//! A configuration with `timestep_respacing` is walked as OpenAI's code does it (guided-diffusion
//! `gaussian_diffusion.py`, `p_mean_variance` and `p_sample`): the posterior is that of the respaced process, and noise
//! is drawn at every step, also at the last, where it has no weight, so that one generator's stream goes on in the same
//! place.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{Term, buffer, combine, draw, mix_into, noised};
use super::config::Config;
use super::discrete::{Jump, check_steps, jumps};
use super::noise_schedule::{BetaDefaults, BetaSchedule, NoiseSchedule, ZeroSnr};
use super::posterior::{Noise, Posterior, Variance};
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::respacing::kept;
use super::threshold::Clipping;
use super::timesteps::{Counting, Spacing, spaced};
use super::{Scheduler, SchedulerOptions, Steerable, Steering, named_levels};

pub(super) struct Ddpm {
    timesteps: Vec<f64>,
    steps: Vec<Posterior>,
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
        let named = || named_levels::timesteps(config, &schedule, options);
        let (timesteps, steps, variance) = match kept(config, &betas, options, named)? {
            Some(kept) => {
                let variance = Variance::read(config, true)?;
                let timesteps = kept.iter().rev().map(|step| step.timestep as f64).collect();
                (timesteps, Posterior::respaced(&kept, variance), variance)
            }
            None => {
                let variance = Variance::read(config, false)?;
                let timesteps: Vec<f64> = match named()? {
                    Some(chosen) => chosen.into_iter().map(|t| t as f64).collect(),
                    None => Self::counted(config, &schedule, options.steps)?,
                };
                let next = timesteps.iter().skip(1).map(|&t| t as i64).chain([-1]);
                let jumps = jumps(&schedule, timesteps.iter().map(|&t| t as i64).zip(next), 1.0)?;
                let steps = Posterior::listed(&jumps, &timesteps, variance);
                (timesteps, steps, variance)
            }
        };
        let calls = Calls::new(timesteps.len(), 1);
        Ok(Self {
            timesteps,
            steps,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY])?,
            clipping: Clipping::read(config, true)?,
            variance,
            calls,
            x0: None,
        })
    }

    /// The timesteps of diffusers' class.
    fn counted(config: &Config<'_>, schedule: &NoiseSchedule, steps: usize) -> Result<Vec<f64>> {
        let spacing = Spacing::read(config, Spacing::Leading)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let train = schedule.train_timesteps();
        check_steps(config, steps, train)?;
        spaced(spacing, Counting::Whole, steps, train, train, offset)
    }

    fn posterior(&self, index: usize) -> Result<Posterior> {
        self.steps.get(index).copied().ok_or_else(|| Error::invalid(format!("there is no step {index}")))
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

    fn takes(&self) -> Steerable {
        Steerable { known: true, gradient: true }
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        self.step_steered(index, model_output, sample, noise, &Steering::default())
    }

    fn step_steered(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
        steering: &Steering<'_>,
    ) -> Result<()> {
        steering.check(self.takes(), sample.shape())?;
        let output = self.calls.enter(index, model_output, sample, self.variance.is_learned())?;
        let step = self.posterior(index)?;
        let Jump { from, .. } = step.jump;
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(from.sqrt(), (1.0 - from).sqrt()), sample, &output.mean);
        steering.put_known(x0);
        self.clipping.apply(x0);

        let (own, from_x0) = step.mean();
        let (fresh, shift);
        let mut terms: Vec<Term<'_>> = vec![(from_x0, x0.view())];
        if step.noise != Noise::None {
            let mut drawn = draw(noise, sample.shape())?;
            if step.noise == Noise::Drawn {
                step.scale_noise(self.variance, &mut drawn, output.variance.as_ref())?;
                fresh = drawn;
                terms.push((1.0, fresh.view()));
            }
        }
        if let Some(gradient) = steering.gradient {
            shift = step.shift(self.variance, gradient, output.variance.as_ref())?;
            terms.push((1.0, shift.view()));
        }
        combine(sample, own, &terms);
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let alpha = self.posterior(index)?.jump.from;
        noised(original, alpha.sqrt(), noise, (1.0 - alpha).sqrt())
    }
}

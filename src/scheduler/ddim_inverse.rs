//! DDIM upwards: from a clean sample to the noise that DDIM would draw it from.
//!
//! Source: Song et al., arXiv 2010.02502, section 4.3; Dhariwal and Nichol, arXiv 2105.05233, appendix F;
//! guided-diffusion and diffae `ddim_reverse_sample`; diffusers `scheduling_ddim_inverse.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{buffer, combine, mix_into};
use super::config::Config;
use super::ddim::{BETAS, Ddim, ends_clean};
use super::discrete::{Jump, check_steps, jump, jump_noise};
use super::noise_schedule::NoiseSchedule;
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::respacing::kept;
use super::threshold::Clipping;
use super::timesteps::{Counting, Spacing, spaced};
use super::{Scheduler, SchedulerOptions};

/// Walks upwards; the level of a call is the one that its step starts from, whatever the denoiser is told.
pub(super) struct DdimInverse {
    timesteps: Vec<f64>,
    jumps: Vec<Jump>,
    prediction: Prediction,
    clipping: Clipping,
    /// Whether the noise follows from the clipped x0, and not from the prediction.
    from_clipped: bool,
    calls: Calls,
    x0: Option<ArrayD<f32>>,
}

impl DdimInverse {
    /// OpenAI's: over the respaced process where `timestep_respacing` says so, else over DDIM's own timesteps.
    pub(super) fn reverse(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let levels: Vec<(f64, f64)> = match kept(config, &BETAS, options, || Ok(None))? {
            Some(kept) => kept.iter().map(|step| (step.timestep as f64, step.alpha)).collect(),
            None => {
                let (timesteps, jumps) = Ddim::counted(config, options.steps)?;
                timesteps.into_iter().zip(jumps).rev().map(|(t, jump)| (t, jump.from)).collect()
            }
        };
        let above = levels.iter().skip(1).map(|&(_, alpha)| alpha).chain([0.0]);
        let steps = levels.iter().zip(above).map(|(&(t, from), to)| (t, Jump { from, to })).unzip();
        Self::over(config, steps, config.flag("use_clipped_model_output", true)?)
    }

    /// diffusers' `DDIMInverseScheduler`.
    pub(super) fn inverse(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let schedule = NoiseSchedule::read(config, &BETAS)?;
        let train = schedule.train_timesteps();
        let spacing = Spacing::read(config, Spacing::Leading)?;
        if spacing == Spacing::Linspace {
            return Err(Error::invalid(
                "the scheduler configuration has timestep_spacing = \"linspace\", which the inversion ddim_inverse \
                 cannot use; allowed is \"leading\" or \"trailing\"",
            ));
        }
        check_steps(config, options.steps, train)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let mut timesteps = spaced(spacing, Counting::Whole, options.steps, train, train, offset)?;
        timesteps.reverse();
        let first = if ends_clean(config)? { 1.0 } else { schedule.first_alpha_cumprod() };
        let stride = (train / options.steps) as i64;
        let jumps = timesteps.iter().map(|&t| {
            let below = (t as i64 - stride).min(train as i64 - 1);
            let from = if below < 0 { first } else { schedule.alpha_cumprod(below)? };
            Ok(Jump { from, to: schedule.alpha_cumprod(t as i64)? })
        });
        let jumps: Vec<Jump> = jumps.collect::<Result<_>>()?;
        let made = Self::over(config, (timesteps, jumps), false)?;
        if made.prediction == Prediction::Sample && made.jumps.first().is_some_and(|jump| jump.from >= 1.0) {
            return Err(Error::Unsupported(
                "the inversion ddim_inverse starts without noise (set_alpha_to_one), where a predicted x0 says nothing \
                 about it (prediction_type \"sample\"); use ddim_reverse, or set_alpha_to_one = false"
                    .to_owned(),
            ));
        }
        Ok(made)
    }

    fn over(config: &Config<'_>, (timesteps, jumps): (Vec<f64>, Vec<Jump>), from_clipped: bool) -> Result<Self> {
        Ok(Self {
            calls: Calls::new(timesteps.len(), 1),
            timesteps,
            jumps,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY])?,
            clipping: Clipping::read(config, true)?,
            from_clipped,
            x0: None,
        })
    }
}

impl Scheduler for DdimInverse {
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
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let Jump { from, to } = jump(&self.jumps, index)?;
        let (alpha, sigma) = (from.sqrt(), (1.0 - from).sqrt());
        let (signal, level) = (to.sqrt(), (1.0 - to).sqrt());
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(alpha, sigma), sample, &output);
        self.clipping.apply(x0);
        if self.from_clipped {
            // ε = (x − α x0) / σ.
            combine(sample, level / sigma, &[(signal - level * alpha / sigma, x0.view())]);
        } else {
            let epsilon = self.prediction.epsilon(alpha, sigma);
            combine(sample, level * epsilon.sample, &[(level * epsilon.output, output), (signal, x0.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        jump_noise(&self.jumps, original, noise, index)
    }
}

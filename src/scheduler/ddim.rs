//! Denoising diffusion implicit models.
//!
//! Source: Song et al., arXiv 2010.02502, equation 12; diffusers `scheduling_ddim.py`.
//!
//! A configuration with `timestep_respacing` is walked as OpenAI's code does it (guided-diffusion
//! `gaussian_diffusion.py`, `ddim_sample`): over the respaced process, with the noise that follows from the clipped x0
//! (`use_clipped_model_output`), and with fresh noise drawn at every step, also where eta is 0 and it has no weight, so
//! that one generator's stream goes on in the same place.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{Term, buffer, combine, draw, mix_into};
use super::config::Config;
use super::discrete::{Jump, jump_noise, jumps};
use super::noise_schedule::{BetaDefaults, NoiseSchedule, ZeroSnr};
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::respacing::kept;
use super::threshold::Clipping;
use super::timesteps::{Counting, Spacing, spaced};
use super::{Scheduler, SchedulerOptions, Steerable, Steering};

/// The betas where a configuration says nothing.
pub(super) const BETAS: BetaDefaults = BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Exact };

pub(super) struct Ddim {
    timesteps: Vec<f64>,
    jumps: Vec<Jump>,
    prediction: Prediction,
    clipping: Clipping,
    eta: f64,
    /// Whether the noise follows from the clipped x0, and not from the prediction.
    from_clipped: bool,
    /// Whether noise is drawn where nothing is done with it.
    always_draws: bool,
    calls: Calls,
    x0: Option<ArrayD<f32>>,
}

impl Ddim {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let respaced = kept(config, &BETAS, options, || Ok(None))?;
        let openai = respaced.is_some();
        let (timesteps, jumps) = match respaced {
            Some(kept) => {
                let last = kept.first().map(|step| step.alpha).filter(|_| !ends_clean(config).unwrap_or(true));
                let to = |place: usize, below: f64| if place == 0 { last.unwrap_or(below) } else { below };
                let steps = kept.iter().enumerate().rev();
                steps
                    .map(|(place, step)| (step.timestep as f64, Jump { from: step.alpha, to: to(place, step.below) }))
                    .unzip()
            }
            None => Self::counted(config, options.steps)?,
        };
        let calls = Calls::new(timesteps.len(), 1);
        Ok(Self {
            timesteps,
            jumps,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY])?,
            clipping: Clipping::read(config, true)?,
            eta: options.eta,
            from_clipped: config.flag("use_clipped_model_output", openai)?,
            always_draws: openai,
            calls,
            x0: None,
        })
    }

    /// The timesteps and levels of diffusers' class.
    pub(super) fn counted(config: &Config<'_>, steps: usize) -> Result<(Vec<f64>, Vec<Jump>)> {
        let schedule = NoiseSchedule::read(config, &BETAS)?;
        let spacing = Spacing::read(config, Spacing::Leading)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let train = schedule.train_timesteps();
        super::discrete::check_steps(config, steps, train)?;
        let timesteps = spaced(spacing, Counting::Whole, steps, train, train, offset)?;
        let last = if ends_clean(config)? { 1.0 } else { schedule.first_alpha_cumprod() };
        // The stride is the same everywhere, whatever the spacing: for `linspace` the next level is therefore not
        // exactly that of the next timestep. diffusers has it so.
        let stride = (train / steps) as i64;
        let jumps = jumps(&schedule, timesteps.iter().map(|&t| (t as i64, t as i64 - stride)), last)?;
        Ok((timesteps, jumps))
    }

    /// How much predicted noise, and how much fresh noise, the sample of level `to` has.
    fn noise_shares(&self, from: f64, to: f64) -> (f64, f64) {
        let variance = (1.0 - to) / (1.0 - from) * (1.0 - from / to);
        let deviation = self.eta * variance.max(0.0).sqrt();
        ((1.0 - to - deviation * deviation).max(0.0).sqrt(), deviation)
    }
}

/// `set_alpha_to_one`: whether the last step ends at the clean sample, and not at the level of timestep 0.
pub(super) fn ends_clean(config: &Config<'_>) -> Result<bool> {
    config.flag("set_alpha_to_one", true)
}

impl Scheduler for Ddim {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn renoising(&self, index: usize) -> Option<f64> {
        if self.from_clipped {
            return None;
        }
        let Jump { from, to } = super::discrete::jump(&self.jumps, index).ok()?;
        let (direction, _) = self.noise_shares(from, to);
        Some(direction * self.prediction.epsilon(from.sqrt(), (1.0 - from).sqrt()).output)
    }

    fn scale_model_input(&self, _index: usize, _sample: &mut ArrayD<f32>) {}

    fn takes(&self) -> Steerable {
        Steerable { known: true, gradient: self.from_clipped }
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
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let Jump { from, to } = super::discrete::jump(&self.jumps, index)?;
        let (alpha, sigma) = (from.sqrt(), (1.0 - from).sqrt());
        let (direction, deviation) = self.noise_shares(from, to);
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(alpha, sigma), sample, &output);
        steering.put_known(x0);
        self.clipping.apply(x0);
        let epsilon = self.prediction.epsilon(alpha, sigma);

        let fresh;
        let mut terms: Vec<Term<'_>> = Vec::with_capacity(4);
        let own = if self.from_clipped {
            // ε = (x − α x0) / σ.
            terms.push((to.sqrt() - direction * alpha / sigma, x0.view()));
            direction / sigma
        } else {
            terms.push((direction * epsilon.output, output));
            terms.push((to.sqrt(), x0.view()));
            direction * epsilon.sample
        };
        if self.eta > 0.0 || self.always_draws {
            fresh = draw(noise, sample.shape())?;
            if deviation > 0.0 {
                terms.push((deviation, fresh.view()));
            }
        }
        if let Some(gradient) = steering.gradient {
            // ε loses σ g, so that x0, which follows from it, gains σ² / α g.
            terms.push((to.sqrt() * sigma * sigma / alpha - direction * sigma, gradient.view()));
        }
        combine(sample, own, &terms);
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        jump_noise(&self.jumps, original, noise, index)
    }
}

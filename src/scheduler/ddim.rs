//! Denoising diffusion implicit models.
//!
//! Source: Song et al., arXiv 2010.02502, equation 12; diffusers `scheduling_ddim.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::{buffer, combine, draw, mix_into};
use super::config::Config;
use super::discrete::{Jump, jump_noise, jumps};
use super::noise_schedule::{BetaDefaults, NoiseSchedule, ZeroSnr};
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;
use super::timesteps::{Counting, Spacing, spaced};

pub(super) struct Ddim {
    timesteps: Vec<f64>,
    jumps: Vec<Jump>,
    prediction: Prediction,
    clipping: Clipping,
    eta: f64,
    calls: Calls,
    x0: Option<ArrayD<f32>>,
}

impl Ddim {
    pub(super) fn new(config: &Config<'_>, steps: usize, eta: f64) -> Result<Self> {
        let betas = BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Exact };
        let schedule = NoiseSchedule::read(config, &betas)?;
        let spacing = Spacing::read(config, Spacing::Leading)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let train = schedule.train_timesteps();
        super::discrete::check_steps(config, steps, train)?;
        let timesteps = spaced(spacing, Counting::Whole, steps, train, train, offset)?;
        let last = if config.flag("set_alpha_to_one", true)? { 1.0 } else { schedule.first_alpha_cumprod() };
        // The stride is the same everywhere, whatever the spacing: for `linspace` the next level is therefore not
        // exactly that of the next timestep. diffusers has it so.
        let stride = (train / steps) as i64;
        let jumps = jumps(&schedule, timesteps.iter().map(|&t| (t as i64, t as i64 - stride)), last)?;
        let calls = Calls::new(timesteps.len(), 1);
        Ok(Self {
            timesteps,
            jumps,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY])?,
            clipping: Clipping::read(config, true)?,
            eta,
            calls,
            x0: None,
        })
    }

    /// How much predicted noise, and how much fresh noise, the sample of level `to` has.
    fn noise_shares(&self, from: f64, to: f64) -> (f64, f64) {
        let variance = (1.0 - to) / (1.0 - from) * (1.0 - from / to);
        let deviation = self.eta * variance.max(0.0).sqrt();
        ((1.0 - to - deviation * deviation).max(0.0).sqrt(), deviation)
    }
}

impl Scheduler for Ddim {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn renoising(&self, index: usize) -> Option<f64> {
        let Jump { from, to } = super::discrete::jump(&self.jumps, index).ok()?;
        let (direction, _) = self.noise_shares(from, to);
        Some(direction * self.prediction.epsilon(from.sqrt(), (1.0 - from).sqrt()).output)
    }

    fn scale_model_input(&self, _index: usize, _sample: &mut ArrayD<f32>) {}

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let Jump { from, to } = super::discrete::jump(&self.jumps, index)?;
        let (alpha, sigma) = (from.sqrt(), (1.0 - from).sqrt());
        let (direction, deviation) = self.noise_shares(from, to);
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(alpha, sigma), sample, &output);
        self.clipping.apply(x0);
        let epsilon = self.prediction.epsilon(alpha, sigma);

        let own = direction * epsilon.sample;
        if self.eta > 0.0 {
            let fresh = draw(noise, sample.shape())?;
            let terms = [(direction * epsilon.output, output), (to.sqrt(), x0.view()), (deviation, fresh.view())];
            combine(sample, own, &terms);
        } else {
            combine(sample, own, &[(direction * epsilon.output, output), (to.sqrt(), x0.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        jump_noise(&self.jumps, original, noise, index)
    }
}

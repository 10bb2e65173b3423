//! Latent consistency models: at once to x0, then back with fresh noise to the next level.
//!
//! Source: Luo et al., arXiv 2310.04378, algorithm 3 and appendix D; diffusers `scheduling_lcm.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{buffer, combine, draw, mix_into};
use super::config::{Allowed, Config};
use super::discrete::{Jump, jump, jump_noise, jumps};
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;
use super::{Scheduler, SchedulerOptions, consistency};

/// The data's standard deviation in the boundary condition.
const SIGMA_DATA: f64 = 0.5;
const SCALING: Allowed = Allowed { words: "a number above 0 and up to 1e9", test: |v| v > 0.0 && v <= 1e9 };

pub(super) struct Lcm {
    timesteps: Vec<f64>,
    jumps: Vec<Jump>,
    prediction: Prediction,
    clipping: Clipping,
    scaling: f64,
    calls: Calls,
    x0: Option<ArrayD<f32>>,
}

impl Lcm {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let schedule = consistency::noise_schedule(config)?;
        let whole = consistency::timesteps(config, &schedule, options)?;
        let next = whole.iter().skip(1).copied().chain([-1]);
        let jumps = jumps(&schedule, whole.iter().copied().zip(next), 1.0)?;
        let calls = Calls::new(whole.len(), 1);
        Ok(Self {
            timesteps: whole.into_iter().map(|t| t as f64).collect(),
            jumps,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY])?,
            clipping: Clipping::read(config, false)?,
            scaling: config.float("timestep_scaling", 10.0, &SCALING)?,
            calls,
            x0: None,
        })
    }

    /// The shares of the sample and of x0 in the consistency function's value, which is the sample itself at t = 0.
    fn boundary(&self, timestep: f64) -> (f64, f64) {
        let scaled = timestep * self.scaling;
        let square = scaled * scaled + SIGMA_DATA * SIGMA_DATA;
        (SIGMA_DATA * SIGMA_DATA / square, scaled / square.sqrt())
    }
}

impl Scheduler for Lcm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn scale_model_input(&self, _index: usize, _sample: &mut ArrayD<f32>) {}

    /// The last step leaves the consistency function's value without noise: what diffusers' pipelines decode, whether
    /// they take `denoised` (`LatentConsistencyModelPipeline`) or `prev_sample` (all others).
    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let Jump { from, to } = jump(&self.jumps, index)?;
        let (skip, out) = self.boundary(self.timesteps.get(index).copied().unwrap_or(0.0));
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(from.sqrt(), (1.0 - from).sqrt()), sample, &output);
        self.clipping.apply(x0);
        if index + 1 < self.jumps.len() {
            let fresh = draw(noise, sample.shape())?;
            let signal = to.sqrt();
            combine(sample, signal * skip, &[(signal * out, x0.view()), ((1.0 - to).sqrt(), fresh.view())]);
        } else {
            combine(sample, skip, &[(out, x0.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        jump_noise(&self.jumps, original, noise, index)
    }
}

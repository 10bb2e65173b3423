//! Heun's second-order method for flow matching.
//!
//! Source: Karras et al., arXiv 2206.00364, algorithm 1 without churn; diffusers
//! `scheduling_flow_match_heun_discrete.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::{buffer, combine, noised};
use super::config::Config;
use super::flow_sigmas::FlowSigmas;
use super::sigma_space::interleaved;

pub(super) struct FlowHeun {
    schedule: FlowSigmas,
    /// The timestep of each call: the first of the solver's steps once, all others twice.
    timesteps: Vec<f64>,
    calls: Calls,
    /// Where the step began, and the derivative there.
    start: Option<ArrayD<f32>>,
    slope: Option<ArrayD<f32>>,
}

impl FlowHeun {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        let schedule = FlowSigmas::fixed(config, steps)?;
        let timesteps = interleaved(&schedule.timesteps);
        let calls = Calls::new(timesteps.len(), 2);
        Ok(Self { schedule, timesteps, calls, start: None, slope: None })
    }
}

impl Scheduler for FlowHeun {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        let mut sigmas = interleaved(&self.schedule.sigmas);
        sigmas.pop();
        sigmas
    }

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn order(&self) -> usize {
        2
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
        let dt = self.schedule.sigma(index / 2 + 1) - self.schedule.sigma(index / 2);
        let start = buffer(&mut self.start, sample);
        let slope = buffer(&mut self.slope, sample);
        if index.is_multiple_of(2) {
            start.assign(sample);
            slope.assign(&output);
            combine(sample, 1.0, &[(dt, output)]);
        } else {
            // Half of the slope here and half of the slope at the start, taken from the start.
            sample.assign(start);
            combine(sample, 1.0, &[(dt / 2.0, slope.view()), (dt / 2.0, output)]);
        }
        Ok(())
    }

    /// diffusers' `scale_noise`: sigma noise + (1 - sigma) original.
    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let sigma = self.schedule.sigma(index.div_ceil(2));
        noised(original, 1.0 - sigma, noise, sigma)
    }
}

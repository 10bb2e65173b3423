//! Flow matching by Euler's method, plain or with fresh noise at every level.
//!
//! x = (1 - sigma) x0 + sigma noise, and the model predicts noise - x0, the derivative in sigma.
//!
//! Source: Liu et al., arXiv 2209.03003; Esser et al., arXiv 2403.03206; diffusers
//! `scheduling_flow_match_euler_discrete.py` and `scheduling_flow_match_lcm.py`.

use ndarray::{ArrayD, ArrayViewD};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{combine, draw, noised};
use super::config::Config;
use super::flow_sigmas::FlowSigmas;
use super::{Scheduler, SchedulerOptions};

pub(super) struct FlowMatch {
    schedule: FlowSigmas,
    /// `stochastic_sampling`, and always in the LCM class: to x0, and back with fresh noise.
    stochastic: bool,
    calls: Calls,
}

impl FlowMatch {
    /// `FlowMatchEulerDiscreteScheduler`
    pub(super) fn euler(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        Self::new(config, options, config.flag("stochastic_sampling", false)?)
    }

    /// `FlowMatchLCMScheduler`
    pub(super) fn lcm(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        match config.get("scale_factors") {
            None => Self::new(config, options, true),
            Some(Value::Array(factors)) if factors.is_empty() => Self::new(config, options, true),
            Some(_) => Err(Error::Unsupported(
                "the scheduler configuration has scale_factors, with which the picture grows between steps; \
                 only null can be used"
                    .to_owned(),
            )),
        }
    }

    fn new(config: &Config<'_>, options: &SchedulerOptions, stochastic: bool) -> Result<Self> {
        let schedule = FlowSigmas::read(config, options)?;
        let calls = Calls::new(schedule.timesteps.len(), 1);
        Ok(Self { schedule, stochastic, calls })
    }
}

impl Scheduler for FlowMatch {
    fn timesteps(&self) -> &[f64] {
        &self.schedule.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        self.schedule.sigmas.clone()
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
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let (sigma, next) = (self.schedule.sigma(index), self.schedule.sigma(index + 1));
        if self.stochastic {
            // Drawn even when `next` is 0, so that the noise after it stays the same as in diffusers.
            let fresh = draw(noise, sample.shape())?;
            let signal = 1.0 - next;
            combine(sample, signal, &[(-signal * sigma, output), (next, fresh.view())]);
        } else {
            combine(sample, 1.0, &[(next - sigma, output)]);
        }
        Ok(())
    }

    /// diffusers' `scale_noise`: sigma noise + (1 - sigma) original.
    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let sigma = self.schedule.sigma(index);
        noised(original, 1.0 - sigma, noise, sigma)
    }
}

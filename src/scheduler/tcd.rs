//! Trajectory consistency distillation: along the trajectory to a cleaner level than the next, then noise on top.
//!
//! Source: Zheng et al., arXiv 2402.19159, algorithm 4 (gamma there is `eta` here); diffusers `scheduling_tcd.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{combine, draw};
use super::config::Config;
use super::discrete::{Jump, jump, jump_noise, jumps};
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::{Scheduler, SchedulerOptions, consistency};

pub(super) struct Tcd {
    timesteps: Vec<f64>,
    /// From each level to the next one.
    jumps: Vec<Jump>,
    /// The cumulative alphas of the cleaner levels, where the trajectory is left.
    targets: Vec<f64>,
    prediction: Prediction,
    eta: f64,
    calls: Calls,
}

impl Tcd {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let schedule = consistency::noise_schedule(config)?;
        let whole = consistency::timesteps(config, &schedule, options)?;
        let next: Vec<i64> = whole.iter().skip(1).copied().chain([0]).collect();
        // Float32 as in torch, where a rounding may be a whole timestep.
        let share = (1.0 - options.eta) as f32;
        let targets = next.iter().map(|&t| schedule.alpha_cumprod((share * t as f32).floor() as i64));
        let targets = targets.collect::<Result<Vec<f64>>>()?;
        let jumps = jumps(&schedule, whole.iter().copied().zip(next), 1.0)?;
        let calls = Calls::new(whole.len(), 1);
        Ok(Self {
            timesteps: whole.into_iter().map(|t| t as f64).collect(),
            jumps,
            targets,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY])?,
            eta: options.eta,
            calls,
        })
    }
}

impl Scheduler for Tcd {
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
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let Jump { from, to } = jump(&self.jumps, index)?;
        let target = self.targets.get(index).copied().unwrap_or(to);
        let (alpha, sigma) = (from.sqrt(), (1.0 - from).sqrt());
        let (x0, epsilon) = (self.prediction.x0(alpha, sigma), self.prediction.epsilon(alpha, sigma));
        let (signal, level) = (target.sqrt(), (1.0 - target).sqrt());
        let own = signal * x0.sample + level * epsilon.sample;
        let factor = signal * x0.output + level * epsilon.output;
        if self.eta > 0.0 && index + 1 < self.jumps.len() {
            let fresh = draw(noise, sample.shape())?;
            let ratio = to / target;
            let kept = ratio.sqrt();
            let added = (1.0 - ratio).max(0.0).sqrt();
            combine(sample, kept * own, &[(kept * factor, output), (added, fresh.view())]);
        } else {
            combine(sample, own, &[(factor, output)]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        jump_noise(&self.jumps, original, noise, index)
    }
}

//! Euler's method in sigma space, plain and ancestral.
//!
//! Source: Karras et al., arXiv 2206.00364, algorithm 1 without churn; diffusers `scheduling_euler_discrete.py`
//! and `scheduling_euler_ancestral_discrete.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{combine, draw};
use super::config::Config;
use super::noise_schedule::{BetaDefaults, ZeroSnr};
use super::prediction::{EPSILON, Prediction, SAMPLE, VELOCITY};
use super::sigma_space::{SigmaClass, SigmaSpace, add_noise, ancestral_parts, scale_input};
use super::timesteps::Counting;
use super::{Scheduler, SchedulerOptions};

const EULER: SigmaClass = SigmaClass {
    betas: BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Floored },
    predictions: &[EPSILON, VELOCITY, SAMPLE, ("original_sample", Prediction::Sample)],
    spreads: true,
    karras_limits: true,
    karras_rounded: false,
    euler_fields: true,
    counting: Counting::Fractional,
};

const ANCESTRAL: SigmaClass = SigmaClass {
    betas: BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Floored },
    predictions: &[EPSILON, VELOCITY],
    spreads: false,
    karras_limits: false,
    karras_rounded: false,
    euler_fields: false,
    counting: Counting::Fractional,
};

pub(super) struct Euler {
    space: SigmaSpace,
    ancestral: bool,
    calls: Calls,
}

impl Euler {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions, ancestral: bool) -> Result<Self> {
        let space = SigmaSpace::read(config, if ancestral { &ANCESTRAL } else { &EULER }, options)?;
        let calls = Calls::new(space.timesteps.len(), 1);
        Ok(Self { space, ancestral, calls })
    }
}

impl Scheduler for Euler {
    fn timesteps(&self) -> &[f64] {
        &self.space.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        self.space.sigmas.clone()
    }

    fn init_noise_sigma(&self) -> f64 {
        self.space.init_noise_sigma()
    }

    fn renoising(&self, index: usize) -> Option<f64> {
        let (sigma, next) = (self.space.sigma(index), self.space.sigma(index + 1));
        let kept = if self.ancestral { ancestral_parts(sigma, next).0 } else { next };
        Some(kept * self.space.prediction.derivative(sigma).output)
    }

    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>) {
        scale_input(sample, self.space.sigma(index));
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let (sigma, next) = (self.space.sigma(index), self.space.sigma(index + 1));
        let slope = self.space.prediction.derivative(sigma);
        if self.ancestral {
            let (down, up) = ancestral_parts(sigma, next);
            let dt = down - sigma;
            // Drawn even when `up` is 0, so that the noise after it stays the same as in diffusers.
            let fresh = draw(noise, sample.shape())?;
            combine(sample, 1.0 + slope.sample * dt, &[(slope.output * dt, output), (up, fresh.view())]);
        } else {
            let dt = next - sigma;
            combine(sample, 1.0 + slope.sample * dt, &[(slope.output * dt, output)]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        add_noise(original, noise, self.space.sigma(index))
    }
}

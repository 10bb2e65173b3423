//! Heun's second-order method in sigma space.
//!
//! Source: Karras et al., arXiv 2206.00364, algorithm 1; diffusers `scheduling_heun_discrete.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{buffer, combine, mix_into};
use super::config::Config;
use super::noise_schedule::{BetaDefaults, BetaSchedule, ZeroSnr};
use super::prediction::{EPSILON, SAMPLE, VELOCITY};
use super::sigma_space::{SigmaClass, SigmaSpace, add_noise, interleaved, scale_input};
use super::threshold::Clipping;
use super::timesteps::Counting;
use super::{Scheduler, SchedulerOptions};

const HEUN: SigmaClass = SigmaClass {
    betas: BetaDefaults {
        range: (0.00085, 0.012),
        extra: Some(("exp", BetaSchedule::Exponential)),
        zero_snr: ZeroSnr::Absent,
    },
    predictions: &[EPSILON, VELOCITY, SAMPLE],
    spreads: true,
    karras_limits: true,
    karras_rounded: false,
    euler_fields: false,
    counting: Counting::Fractional,
};

pub(super) struct Heun {
    space: SigmaSpace,
    /// The timestep of each call: the first of the solver's steps once, all others twice.
    timesteps: Vec<f64>,
    clipping: Clipping,
    calls: Calls,
    x0: Option<ArrayD<f32>>,
    /// Where the step began, and the derivative there.
    start: Option<ArrayD<f32>>,
    slope: Option<ArrayD<f32>>,
}

impl Heun {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let space = SigmaSpace::read(config, &HEUN, options)?;
        let clipping = Clipping::read_range(config, false)?;
        let timesteps = interleaved(&space.timesteps);
        let calls = Calls::new(timesteps.len(), 2);
        Ok(Self { space, timesteps, clipping, calls, x0: None, start: None, slope: None })
    }

    /// The sigma at which call `index` evaluates the model.
    fn sigma_of_call(&self, index: usize) -> f64 {
        self.space.sigma(index.div_ceil(2))
    }
}

impl Scheduler for Heun {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        let mut sigmas = interleaved(&self.space.sigmas);
        sigmas.pop();
        sigmas
    }

    fn init_noise_sigma(&self) -> f64 {
        self.space.init_noise_sigma()
    }

    fn order(&self) -> usize {
        2
    }

    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>) {
        scale_input(sample, self.sigma_of_call(index));
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let here = self.sigma_of_call(index);
        let (from, to) = (self.space.sigma(index / 2), self.space.sigma(index / 2 + 1));
        let dt = to - from;
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.space.prediction.x0_sigma_space(here), sample, &output);
        self.clipping.apply(x0);
        let start = buffer(&mut self.start, sample);
        let slope = buffer(&mut self.slope, sample);
        if index.is_multiple_of(2) {
            start.assign(sample);
            slope.assign(sample);
            combine(slope, 1.0 / here, &[(-1.0 / here, x0.view())]);
            combine(sample, 1.0, &[(dt, slope.view())]);
        } else {
            // Half of the slope here and half of the slope at the start, taken from the start.
            let half = dt / 2.0;
            combine(sample, half / here, &[(-half / here, x0.view()), (half, slope.view()), (1.0, start.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        add_noise(original, noise, self.sigma_of_call(index))
    }
}

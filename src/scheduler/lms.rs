//! Linear multistep (Adams-Bashforth over unequal steps) in sigma space, of order 4.
//!
//! Source: k-diffusion `sample_lms`; diffusers `scheduling_lms_discrete.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{History, combine, mix_into};
use super::config::Config;
use super::noise_schedule::{BetaDefaults, ZeroSnr};
use super::prediction::{EPSILON, SAMPLE, VELOCITY};
use super::sigma_space::{SigmaClass, SigmaSpace, add_noise, scale_input};
use super::timesteps::Counting;
use super::{Scheduler, SchedulerOptions};

const LMS: SigmaClass = SigmaClass {
    betas: BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Absent },
    predictions: &[EPSILON, VELOCITY, SAMPLE],
    spreads: true,
    karras_limits: false,
    karras_rounded: false,
    euler_fields: false,
    counting: Counting::Fractional,
};

/// diffusers' default; no configuration field changes it.
const ORDER: usize = 4;

pub(super) struct Lms {
    space: SigmaSpace,
    calls: Calls,
    derivatives: History,
}

impl Lms {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let space = SigmaSpace::read(config, &LMS, options)?;
        let calls = Calls::new(space.timesteps.len(), 1);
        Ok(Self { space, calls, derivatives: History::new(ORDER) })
    }

    /// The integral, over the step that begins at `index`, of the Lagrange polynomial that is 1 at the sigma
    /// `which` steps ago and 0 at the others of the latest `order`. A cubic at most, so two Gauss points are exact.
    fn coefficient(&self, order: usize, index: usize, which: usize) -> f64 {
        let node = |k: usize| self.space.sigma(index.saturating_sub(k));
        let (from, to) = (node(0), self.space.sigma(index + 1));
        let (centre, half) = (0.5 * (from + to), 0.5 * (to - from));
        let lagrange = |tau: f64| {
            (0..order).filter(|&k| k != which).map(|k| (tau - node(k)) / (node(which) - node(k))).product::<f64>()
        };
        let offset = half / 3f64.sqrt();
        half * (lagrange(centre - offset) + lagrange(centre + offset))
    }
}

impl Scheduler for Lms {
    fn timesteps(&self) -> &[f64] {
        &self.space.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        self.space.sigmas.clone()
    }

    fn init_noise_sigma(&self) -> f64 {
        self.space.init_noise_sigma()
    }

    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>) {
        scale_input(sample, self.space.sigma(index));
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let slope = self.space.prediction.derivative(self.space.sigma(index));
        mix_into(self.derivatives.push(sample), slope, sample, &output);
        // The order follows the index even when image-to-image began later and there are fewer derivatives than
        // that; diffusers leaves the missing ones out, and so its pictures are repeated.
        let order = (index + 1).min(ORDER);
        let known = order.min(self.derivatives.len());
        let terms = (0..known)
            .map(|which| self.derivatives.term(self.coefficient(order, index, which), which))
            .collect::<Result<Vec<_>>>()?;
        combine(sample, 1.0, &terms);
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        add_noise(original, noise, self.space.sigma(index))
    }
}

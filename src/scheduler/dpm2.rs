//! DPM-Solver-2 (the midpoint method in log sigma), plain and ancestral.
//!
//! Source: Karras et al., arXiv 2206.00364, algorithm 2, as in k-diffusion; diffusers
//! `scheduling_k_dpm_2_discrete.py` and `scheduling_k_dpm_2_ancestral_discrete.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{buffer, combine, draw};
use super::config::Config;
use super::noise_schedule::{BetaDefaults, ZeroSnr};
use super::prediction::{EPSILON, VELOCITY};
use super::sigma_space::{SigmaClass, SigmaSpace, add_noise, ancestral_parts, interleaved, scale_input};
use super::timesteps::Counting;
use super::{Scheduler, SchedulerOptions};

const DPM2: SigmaClass = SigmaClass {
    betas: BetaDefaults { range: (0.00085, 0.012), extra: None, zero_snr: ZeroSnr::Absent },
    predictions: &[EPSILON, VELOCITY],
    spreads: true,
    karras_limits: true,
    karras_rounded: true,
    euler_fields: false,
    counting: Counting::Fractional,
};

pub(super) struct Dpm2 {
    space: SigmaSpace,
    timesteps: Vec<f64>,
    /// For each solver step: where it goes without noise, the noise it adds, and the point in between.
    steps: Vec<Leap>,
    ancestral: bool,
    calls: Calls,
    start: Option<ArrayD<f32>>,
}

#[derive(Clone, Copy)]
struct Leap {
    down: f64,
    up: f64,
    middle: f64,
}

impl Dpm2 {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions, ancestral: bool) -> Result<Self> {
        let space = SigmaSpace::read(config, &DPM2, options)?;
        let leap = |pair: &[f64]| {
            let (from, to) = (pair[0], pair[1]);
            let (down, up) = if ancestral { ancestral_parts(from, to) } else { (to, 0.0) };
            // The geometric mean; 0 in the last step, which is then one of Euler's.
            Leap { down, up, middle: (from * down).sqrt() }
        };
        let steps: Vec<Leap> = space.sigmas.windows(2).map(leap).collect();
        // Alternately the solver's own timesteps and those of the points in between.
        let mut timesteps = Vec::with_capacity(2 * space.timesteps.len());
        for (i, &t) in space.timesteps.iter().enumerate() {
            timesteps.push(t);
            if let Some(leap) = steps.get(i).filter(|_| i + 1 < space.timesteps.len()) {
                timesteps.push(space.table.timestep_of(leap.middle));
            }
        }
        let calls = Calls::new(timesteps.len(), 2);
        Ok(Self { space, timesteps, steps, ancestral, calls, start: None })
    }

    fn leap(&self, index: usize) -> Leap {
        self.steps.get(index / 2).copied().unwrap_or(Leap { down: 0.0, up: 0.0, middle: 0.0 })
    }
}

impl Scheduler for Dpm2 {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        let mut sigmas = interleaved(&self.space.sigmas);
        sigmas.push(0.0);
        sigmas
    }

    fn init_noise_sigma(&self) -> f64 {
        self.space.init_noise_sigma()
    }

    fn order(&self) -> usize {
        2
    }

    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>) {
        let first = index.is_multiple_of(2);
        scale_input(sample, if first { self.space.sigma(index / 2) } else { self.leap(index).middle });
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let leap = self.leap(index);
        let sigma = self.space.sigma(index / 2);
        let start = buffer(&mut self.start, sample);
        if index.is_multiple_of(2) {
            start.assign(sample);
            let slope = self.space.prediction.derivative(sigma);
            let dt = leap.middle - sigma;
            combine(sample, 1.0 + slope.sample * dt, &[(slope.output * dt, output)]);
            return Ok(());
        }
        let slope = self.space.prediction.derivative(leap.middle);
        let dt = leap.down - sigma;
        let (own, from_output) = (slope.sample * dt, slope.output * dt);
        if self.ancestral {
            let fresh = draw(noise, sample.shape())?;
            combine(sample, own, &[(from_output, output), (1.0, start.view()), (leap.up, fresh.view())]);
        } else {
            combine(sample, own, &[(from_output, output), (1.0, start.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        add_noise(original, noise, self.space.sigma(index.div_ceil(2)))
    }
}

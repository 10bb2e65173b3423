//! What models trained as EDM (Playground 2.5) have in common: levels, and the scaling of input and output.
//!
//! Source: Karras et al., arXiv 2206.00364, table 1 (column "Ours") and equation 5; diffusers
//! `scheduling_edm_euler.py` and `scheduling_edm_dpmsolver_multistep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::combine;
use super::config::{Allowed, Config, POSITIVE};
use super::noise_schedule::linspace_f32;
use super::prediction::Mix;
use super::sigma_space::add_noise;
use super::sigmas::as_f32;
use super::timesteps::linspace;

const RHO: Allowed = Allowed { words: "a number from 0.01 to 1000", test: |v| (0.01..=1000.0).contains(&v) };

/// Levels beyond have no float32 that tells them from zero or infinity, once they are squared.
const LEVEL: Allowed = Allowed { words: "a number from 0.000001 to 1000000", test: |v| (1e-6..=1e6).contains(&v) };

/// Timesteps, levels and scalings of one generation; one level more than timesteps.
pub(super) struct Edm {
    pub(super) timesteps: Vec<f64>,
    pub(super) sigmas: Vec<f64>,
    sigma_max: f64,
    sigma_data: f64,
    /// The sign of the model's output: -1 for `prediction_type` "v_prediction".
    sign: f64,
}

impl Edm {
    /// `exact_end`: does `final_sigmas_type` "sigma_min" end at the field `sigma_min` and not at the level before?
    pub(super) fn read(config: &Config<'_>, steps: usize, exact_end: bool) -> Result<Self> {
        let min = config.float("sigma_min", 0.002, &LEVEL)?;
        let max = config.float("sigma_max", 80.0, &LEVEL)?;
        if min > max {
            return Err(Error::invalid(format!(
                "the scheduler configuration has sigma_min = {min} above sigma_max = {max}; it must be below"
            )));
        }
        let sigma_data = config.float("sigma_data", 0.5, &POSITIVE)?;
        let rho = config.float("rho", 7.0, &RHO)?;
        let karras = config.choice("sigma_schedule", true, &[("karras", true), ("exponential", false)])?;
        let sign = config.choice("prediction_type", 1.0, &[("epsilon", 1.0), ("v_prediction", -1.0)])?;
        let zero = config.choice("final_sigmas_type", true, &[("zero", true), ("sigma_min", false)])?;

        let sigmas: Vec<f64> = if karras {
            let (low, high) = (min.powf(1.0 / rho), max.powf(1.0 / rho));
            linspace(0.0, 1.0, steps).into_iter().map(|ramp| (high + ramp * (low - high)).powf(rho)).collect()
        } else {
            // Counted upwards: a single step has the lowest level, as in diffusers.
            let logs = linspace_f32(min.ln() as f32, max.ln() as f32, steps);
            logs.into_iter().rev().map(|log| f64::from(log).exp()).collect()
        };
        let mut sigmas = as_f32(sigmas);
        let timesteps = as_f32(sigmas.iter().map(|sigma| 0.25 * sigma.ln()));
        let last = sigmas.last().copied().unwrap_or(min);
        sigmas.push(match (zero, exact_end) {
            (true, _) => 0.0,
            (false, true) => f64::from(min as f32),
            (false, false) => last,
        });
        Ok(Self { timesteps, sigmas, sigma_max: max, sigma_data, sign })
    }

    pub(super) fn init_noise_sigma(&self) -> f64 {
        self.sigma_max.hypot(1.0)
    }

    /// Does the last step end without noise?
    pub(super) fn ends_at_zero(&self) -> bool {
        self.sigmas.last() == Some(&0.0)
    }

    /// The level at point `index`; 0 after the last.
    pub(super) fn sigma(&self, index: usize) -> f64 {
        self.sigmas.get(index).copied().unwrap_or(0.0)
    }

    /// Scales the model's input to variance 1.
    pub(super) fn scale_input(&self, index: usize, sample: &mut ArrayD<f32>) {
        combine(sample, 1.0 / self.sigma(index).hypot(self.sigma_data), &[]);
    }

    /// x0 of the sample and the model's output at level `sigma`.
    pub(super) fn x0(&self, sigma: f64) -> Mix {
        let norm = sigma.hypot(self.sigma_data);
        let data = self.sigma_data / norm;
        Mix { sample: data * data, output: self.sign * sigma * data }
    }
}

/// Euler's method between EDM's levels.
pub(super) struct EdmEuler {
    edm: Edm,
    calls: Calls,
}

impl EdmEuler {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        let edm = Edm::read(config, steps, false)?;
        let calls = Calls::new(edm.timesteps.len(), 1);
        Ok(Self { edm, calls })
    }
}

impl Scheduler for EdmEuler {
    fn timesteps(&self) -> &[f64] {
        &self.edm.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        self.edm.sigmas.clone()
    }

    fn init_noise_sigma(&self) -> f64 {
        self.edm.init_noise_sigma()
    }

    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>) {
        self.edm.scale_input(index, sample);
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let sigma = self.edm.sigma(index);
        let share = self.edm.sigma(index + 1) / sigma;
        let x0 = self.edm.x0(sigma);
        combine(sample, share + (1.0 - share) * x0.sample, &[((1.0 - share) * x0.output, output)]);
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        add_noise(original, noise, self.edm.sigma(index))
    }
}

//! DPM-Solver++ multistep for models trained as EDM, deterministic and stochastic.
//!
//! Source: Lu et al., arXiv 2211.01095, with signal level 1; diffusers `scheduling_edm_dpmsolver_multistep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::mix_into;
use super::config::Config;
use super::dpm_formulas::{Algorithm, Formula, is_heun};
use super::dpm_multistep::DpmMultistep;
use super::edm::Edm;
use super::multistep::Level;
use super::sigma_space::add_noise;
use super::threshold::Clipping;

pub(super) struct EdmDpmSolver {
    edm: Edm,
    formula: Formula,
    clipping: Clipping,
    calls: Calls,
    multistep: DpmMultistep,
}

impl EdmDpmSolver {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        let edm = Edm::read(config, steps, true)?;
        let algorithms =
            [("dpmsolver++", Algorithm::Data), ("sde-dpmsolver++", Algorithm::DataSde), ("deis", Algorithm::Data)];
        let algorithm = config.choice("algorithm_type", Algorithm::Data, &algorithms)?;
        let order = config.integer("solver_order", 2, 1, 3)? as usize;
        if algorithm.stochastic() && order == 3 {
            return Err(Error::invalid(format!(
                "algorithm_type \"sde-dpmsolver++\" of {} has no third order; set solver_order to 1 or 2",
                config.class()
            )));
        }
        let count = edm.timesteps.len();
        Ok(Self {
            formula: Formula { algorithm, heun: is_heun(config)? },
            clipping: Clipping::read_dynamic(config)?,
            calls: Calls::new(count, 1),
            multistep: DpmMultistep::read(config, order, count, edm.ends_at_zero())?,
            edm,
        })
    }
}

impl Scheduler for EdmDpmSolver {
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
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let newest = self.multistep.outputs.push(sample);
        mix_into(newest, self.edm.x0(self.edm.sigma(index)), sample, &output);
        self.clipping.apply(newest);
        let level = |index| {
            let sigma = self.edm.sigma(index);
            Ok(Level { alpha: 1.0, sigma, lambda: -sigma.ln(), raw: sigma })
        };
        self.multistep.advance(self.formula, index, level, sample, noise)
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        add_noise(original, noise, self.edm.sigma(index))
    }
}

//! DPM-Solver and DPM-Solver++, multistep, deterministic and stochastic, of orders 1 to 3.
//!
//! Source: Lu et al., arXiv 2206.00927 and 2211.01095; diffusers `scheduling_dpmsolver_multistep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::config::Config;
use super::dpm_formulas::{Algorithm, Formulas};
use super::dpm_multistep::DpmMultistep;
use super::multistep::{Family, Multistep};
use super::{Scheduler, SchedulerOptions};

pub(super) struct DpmSolver {
    schedule: Multistep,
    formulas: Formulas,
    calls: Calls,
    multistep: DpmMultistep,
}

impl DpmSolver {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        Self::over(config, Multistep::read(config, Family::DpmSolver, options)?)
    }

    /// Upwards: diffusers `scheduling_dpmsolver_multistep_inverse.py`.
    pub(super) fn inverse(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        Self::over(config, Multistep::read_upwards(config, options)?)
    }

    fn over(config: &Config<'_>, schedule: Multistep) -> Result<Self> {
        let algorithms = [
            ("dpmsolver++", Algorithm::Data),
            ("sde-dpmsolver++", Algorithm::DataSde),
            ("dpmsolver", Algorithm::Noise),
            ("sde-dpmsolver", Algorithm::NoiseSde),
        ];
        let formulas = Formulas::read(config, &algorithms, &schedule)?;
        let calls = Calls::new(schedule.timesteps.len(), 1);
        let (order, count) = (formulas.solver_order, schedule.timesteps.len());
        let multistep = DpmMultistep::read(config, order, count, schedule.ends_at_zero())?;
        Ok(Self { schedule, formulas, calls, multistep })
    }
}

impl Scheduler for DpmSolver {
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
        let output = self.calls.enter(index, model_output, sample, self.formulas.learned_variance)?.mean;
        self.formulas.convert(&mut self.multistep.outputs, self.schedule.level(index)?, &output, sample);
        self.multistep.advance(self.formulas.formula(), index, |i| self.schedule.level(i), sample, noise)
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        self.schedule.add_noise(original, noise, index)
    }
}

//! DPM-Solver and DPM-Solver++, multistep, deterministic and stochastic, of orders 1 to 3.
//!
//! Source: Lu et al., arXiv 2206.00927 and 2211.01095; diffusers `scheduling_dpmsolver_multistep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::{History, combine, draw};
use super::config::Config;
use super::dpm_formulas::{Algorithm, Formulas};
use super::multistep::{Family, Multistep};

pub(super) struct DpmSolver {
    schedule: Multistep,
    formulas: Formulas,
    lower_order_final: bool,
    euler_at_final: bool,
    calls: Calls,
    outputs: History,
}

impl DpmSolver {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        let schedule = Multistep::read(config, Family::DpmSolver, steps)?;
        let algorithms = [
            ("dpmsolver++", Algorithm::Data),
            ("sde-dpmsolver++", Algorithm::DataSde),
            ("dpmsolver", Algorithm::Noise),
            ("sde-dpmsolver", Algorithm::NoiseSde),
        ];
        let formulas = Formulas::read(config, &algorithms, &schedule)?;
        let calls = Calls::new(schedule.timesteps.len(), 1);
        let outputs = History::new(formulas.solver_order);
        Ok(Self {
            schedule,
            formulas,
            lower_order_final: config.flag("lower_order_final", true)?,
            euler_at_final: config.flag("euler_at_final", false)?,
            calls,
            outputs,
        })
    }

    fn order_at(&self, index: usize) -> usize {
        let count = self.schedule.timesteps.len();
        let few = self.lower_order_final && count < 15;
        let last = index + 1 == count && (self.euler_at_final || few || self.schedule.ends_at_zero());
        let second_last = index + 2 == count && few;
        let order = self.formulas.solver_order.min(self.outputs.len());
        match order {
            _ if last => 1,
            3 if second_last => 2,
            order => order,
        }
    }

    /// The factors of the newest three outputs that make up the sum over D0, D1 and D2.
    fn weights(&self, index: usize, h: f64, differences: [f64; 3], order: usize) -> Result<[f64; 3]> {
        let [d0, d1, d2] = differences;
        if order < 2 || h == 0.0 {
            return Ok([d0, 0.0, 0.0]);
        }
        let lambda = |back: usize| Ok::<_, Error>(self.schedule.level(index.saturating_sub(back))?.lambda);
        let r0 = (lambda(0)? - lambda(1)?) / h;
        if r0 == 0.0 {
            return Ok([d0, 0.0, 0.0]);
        }
        let r1 = if order == 2 { 0.0 } else { (lambda(1)? - lambda(2)?) / h };
        if r1 == 0.0 {
            return Ok([d0 + d1 / r0, -d1 / r0, 0.0]);
        }
        // D1 = a (m0 - m1) + b (m1 - m2) and D2 = c (m0 - m1) + d (m1 - m2).
        let (ratio, sum) = (r0 / (r0 + r1), r0 + r1);
        let (a, b) = ((1.0 + ratio) / r0, -ratio / r1);
        let (c, d) = (1.0 / (r0 * sum), -1.0 / (r1 * sum));
        let (first, second) = (d1 * a + d2 * c, d1 * b + d2 * d);
        Ok([d0 + first, second - first, -second])
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
        let (from, to) = (self.schedule.level(index)?, self.schedule.level(index + 1)?);
        self.formulas.convert(&mut self.outputs, from, &output, sample);
        let order = self.order_at(index);
        let update = self.formulas.update(from, to, order);
        let weights = self.weights(index, to.lambda - from.lambda, update.differences, order)?;
        let mut terms = Vec::with_capacity(4);
        for (age, &weight) in weights.iter().enumerate().take(order) {
            terms.push(self.outputs.term(weight, age)?);
        }
        if self.formulas.algorithm.stochastic() {
            let fresh = draw(noise, sample.shape())?;
            terms.push((update.noise, fresh.view()));
            combine(sample, update.own, &terms);
        } else {
            combine(sample, update.own, &terms);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        self.schedule.add_noise(original, noise, index)
    }
}

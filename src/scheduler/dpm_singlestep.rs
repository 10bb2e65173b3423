//! DPM-Solver and DPM-Solver++, singlestep: groups of one to three calls whose last step has that order.
//!
//! Source: Lu et al., arXiv 2206.00927 and 2211.01095; diffusers `scheduling_dpmsolver_singlestep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{History, buffer, combine, draw};
use super::config::Config;
use super::dpm_formulas::{Algorithm, Formulas};
use super::multistep::{Family, Multistep};
use super::{Scheduler, SchedulerOptions};

pub(super) struct DpmSinglestep {
    schedule: Multistep,
    formulas: Formulas,
    /// The order of the step after each call: 1, 2, 3, 1, 2, 3 … for the third.
    orders: Vec<usize>,
    calls: Calls,
    outputs: History,
    /// The sample where the present group of calls began.
    start: Option<ArrayD<f32>>,
}

impl DpmSinglestep {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let schedule = Multistep::read(config, Family::Singlestep, options)?;
        let algorithms = [
            ("dpmsolver++", Algorithm::Data),
            ("sde-dpmsolver++", Algorithm::DataSde),
            ("dpmsolver", Algorithm::Noise),
            // What a configuration of DEIS says; diffusers takes it for dpmsolver++.
            ("deis", Algorithm::Data),
        ];
        let formulas = Formulas::read(config, &algorithms, &schedule)?;
        let count = schedule.timesteps.len();
        let lower_order_final = config.flag("lower_order_final", false)?
            || !count.is_multiple_of(formulas.solver_order)
            || schedule.ends_at_zero();
        let orders = orders(formulas.solver_order, count, lower_order_final, schedule.ends_at_zero());
        let outputs = History::new(formulas.solver_order);
        Ok(Self { schedule, formulas, orders, calls: Calls::new(count, 1), outputs, start: None })
    }

    /// The factors of the newest outputs that make up the sum over D0, D1 and D2, which are differences to the
    /// group's first output.
    fn weights(&self, index: usize, h: f64, differences: [f64; 3], order: usize) -> Result<[f64; 3]> {
        let [d0, d1, d2] = differences;
        let lambda = |back: usize| Ok::<_, Error>(self.schedule.level(index.saturating_sub(back))?.lambda);
        let first = |newest: f64| if order == 2 { [newest, d0 - newest, 0.0] } else { [newest, 0.0, d0 - newest] };
        if order < 2 {
            return Ok([d0, 0.0, 0.0]);
        }
        let r0 = (lambda(0)? - lambda(order - 1)?) / h;
        // Rounded timesteps can put two levels at one place, where no difference is defined.
        if h == 0.0 || r0 == 0.0 {
            return Ok(first(0.0));
        }
        if order == 2 || !self.formulas.heun {
            return Ok(first(d1 / r0));
        }
        let r1 = (lambda(1)? - lambda(2)?) / h;
        if r1 == 0.0 || r1 == r0 {
            return Ok(first(d1 / r0));
        }
        // D1 = (r0 a - r1 b) / (r0 - r1) and D2 = 2 (b - a) / (r0 - r1) of a = (m1 - m2) / r1, b = (m0 - m2) / r0.
        let (a, b) = ((d1 * r0 - 2.0 * d2) / (r0 - r1), (2.0 * d2 - d1 * r1) / (r0 - r1));
        let (middle, newest) = (a / r1, b / r0);
        Ok([newest, middle, d0 - middle - newest])
    }
}

/// diffusers `get_order_list`: whole groups, and what is left over in lower orders.
fn orders(highest: usize, count: usize, lower_order_final: bool, ends_at_zero: bool) -> Vec<usize> {
    let mut orders: Vec<usize> = (0..count).map(|i| i % highest + 1).collect();
    if lower_order_final && count.is_multiple_of(highest) {
        // The last group would end with a step of the highest order; it is cut into 1, 2, 1 or into 1, 1.
        if let Some(last) = orders.last_mut() {
            *last = 1;
        }
    }
    if ends_at_zero && let Some(last) = orders.last_mut() {
        *last = 1;
    }
    orders
}

impl Scheduler for DpmSinglestep {
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
        self.formulas.convert(&mut self.outputs, self.schedule.level(index)?, &output, sample);
        // Image-to-image may begin in the middle of a group, with fewer outputs than the order needs.
        let order = self.orders.get(index).copied().unwrap_or(1).min(self.outputs.len());
        let start = buffer(&mut self.start, sample);
        if order == 1 {
            start.assign(sample);
        }
        let (from, to) = (self.schedule.level(index + 1 - order)?, self.schedule.level(index + 1)?);
        let update = self.formulas.update(from, to, order);
        sample.assign(start);
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

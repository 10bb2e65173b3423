//! A multistep step of DPM-Solver, once the outputs are converted: its order, its weights, its sum.
//!
//! Source: Lu et al., arXiv 2211.01095, algorithm 2; diffusers `scheduling_dpmsolver_multistep.py` and
//! `scheduling_edm_dpmsolver_multistep.py`.

use ndarray::ArrayD;

use crate::error::Result;
use crate::rng::NoiseSource;

use super::combine::{History, combine, draw};
use super::config::Config;
use super::dpm_formulas::Formula;
use super::multistep::Level;

/// The outputs so far, and what decides how many of them a step takes.
pub(super) struct DpmMultistep {
    pub(super) outputs: History,
    solver_order: usize,
    lower_order_final: bool,
    euler_at_final: bool,
    /// Calls of the generation.
    count: usize,
    ends_at_zero: bool,
}

impl DpmMultistep {
    pub(super) fn read(config: &Config<'_>, solver_order: usize, count: usize, ends_at_zero: bool) -> Result<Self> {
        Ok(Self {
            outputs: History::new(solver_order),
            solver_order,
            lower_order_final: config.flag("lower_order_final", true)?,
            euler_at_final: config.flag("euler_at_final", false)?,
            count,
            ends_at_zero,
        })
    }

    fn order_at(&self, index: usize) -> usize {
        let few = self.lower_order_final && self.count < 15;
        let last = index + 1 == self.count && (self.euler_at_final || few || self.ends_at_zero);
        let second_last = index + 2 == self.count && few;
        let order = self.solver_order.min(self.outputs.len());
        match order {
            _ if last => 1,
            3 if second_last => 2,
            order => order,
        }
    }

    /// Takes `sample` from point `index` to the next one; the newest of the outputs belongs to `index`.
    pub(super) fn advance(
        &self,
        formula: Formula,
        index: usize,
        level: impl Fn(usize) -> Result<Level>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let (from, to) = (level(index)?, level(index + 1)?);
        let order = self.order_at(index);
        let update = formula.update(from, to, order);
        let before = [level(index.saturating_sub(1))?.lambda, level(index.saturating_sub(2))?.lambda];
        let weights = weights([to.lambda, from.lambda, before[0], before[1]], update.differences, order);
        let mut terms = Vec::with_capacity(4);
        for (age, &weight) in weights.iter().enumerate().take(order) {
            terms.push(self.outputs.term(weight, age)?);
        }
        if formula.algorithm.stochastic() {
            let fresh = draw(noise, sample.shape())?;
            terms.push((update.noise, fresh.view()));
            combine(sample, update.own, &terms);
        } else {
            combine(sample, update.own, &terms);
        }
        Ok(())
    }
}

/// The factors of the newest three outputs that make up the sum over D0, D1 and D2; `lambdas` are those of the step's
/// end, of its beginning, and of the two points before.
fn weights(lambdas: [f64; 4], differences: [f64; 3], order: usize) -> [f64; 3] {
    let [d0, d1, d2] = differences;
    let [to, from, before, first] = lambdas;
    let h = to - from;
    if order < 2 || h == 0.0 {
        return [d0, 0.0, 0.0];
    }
    let r0 = (from - before) / h;
    if r0 == 0.0 {
        return [d0, 0.0, 0.0];
    }
    let r1 = if order == 2 { 0.0 } else { (before - first) / h };
    if r1 == 0.0 {
        return [d0 + d1 / r0, -d1 / r0, 0.0];
    }
    // D1 = a (m0 - m1) + b (m1 - m2) and D2 = c (m0 - m1) + d (m1 - m2).
    let (ratio, sum) = (r0 / (r0 + r1), r0 + r1);
    let (a, b) = ((1.0 + ratio) / r0, -ratio / r1);
    let (c, d) = (1.0 / (r0 * sum), -1.0 / (r1 * sum));
    let (first, second) = (d1 * a + d2 * c, d1 * b + d2 * d);
    [d0 + first, second - first, -second]
}

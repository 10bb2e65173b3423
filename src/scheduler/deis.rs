//! DEIS: exponential integrator multistep in log rho, of orders 1 to 3.
//!
//! Source: Zhang and Chen, arXiv 2204.13902; diffusers `scheduling_deis_multistep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{History, buffer, combine, mix_into};
use super::config::Config;
use super::multistep::{Family, Level, Multistep};
use super::prediction::{EPSILON, FLOW, Mix, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;
use super::{Scheduler, SchedulerOptions};

pub(super) struct Deis {
    schedule: Multistep,
    solver_order: usize,
    lower_order_final: bool,
    prediction: Prediction,
    clipping: Clipping,
    calls: Calls,
    epsilons: History,
    x0: Option<ArrayD<f32>>,
}

impl Deis {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        // There is one algorithm and one solver; other classes' names are taken for it, as in diffusers.
        let algorithms =
            ["deis", "dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++"].map(|name| (name, ()));
        config.choice("algorithm_type", (), &algorithms)?;
        config.choice("solver_type", (), &["logrho", "midpoint", "heun", "bh1", "bh2"].map(|name| (name, ())))?;
        let solver_order = config.integer("solver_order", 2, 1, 3)? as usize;
        let schedule = Multistep::read(config, Family::Deis, options)?;
        let calls = Calls::new(schedule.timesteps.len(), 1);
        Ok(Self {
            schedule,
            solver_order,
            lower_order_final: config.flag("lower_order_final", true)?,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE, VELOCITY, FLOW])?,
            clipping: Clipping::read_dynamic(config)?,
            calls,
            epsilons: History::new(solver_order),
            x0: None,
        })
    }

    fn order_at(&self, index: usize) -> usize {
        let left = self.schedule.timesteps.len().saturating_sub(index);
        let few = self.lower_order_final && self.schedule.timesteps.len() < 15;
        let order = self.solver_order.min(self.epsilons.len());
        if few { order.min(left) } else { order }
    }
}

/// The integral over the step of the Lagrange polynomial in log rho that is 1 at `nodes[which]`, as the factor of
/// that node's epsilon.
fn coefficient(to: f64, nodes: &[f64], which: usize) -> f64 {
    let Some((&own, &from)) = nodes.get(which).zip(nodes.first()) else { return 0.0 };
    let others = || nodes.iter().enumerate().filter(move |&(i, _)| i != which).map(|(_, node)| node.ln());
    let denominator: f64 = others().map(|log| own.ln() - log).product();
    // An antiderivative of (ln r - c)(ln r - d), or of ln r - c, or of 1.
    let antiderivative = |r: f64| {
        let l = r.ln();
        match others().collect::<Vec<_>>()[..] {
            [] => r,
            [c] => r * (l - 1.0 - c),
            [c, d, ..] => r * (l * l - 2.0 * l + 2.0 - (c + d) * (l - 1.0) + c * d),
        }
    };
    (antiderivative(to) - antiderivative(from)) / denominator
}

impl Scheduler for Deis {
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
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let (from, to) = (self.schedule.level(index)?, self.schedule.level(index + 1)?);
        let noise_level = if self.prediction == Prediction::Flow { from.raw } else { from.sigma };
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(from.alpha, noise_level), sample, &output);
        self.clipping.apply(x0);
        let to_epsilon = Mix { sample: 1.0 / from.sigma, output: -from.alpha / from.sigma };
        mix_into(self.epsilons.push(sample), to_epsilon, sample, &x0.view());

        let rho = |level: Level| level.sigma / level.alpha;
        let mut nodes = [0.0; 3];
        let mut order = self.order_at(index).clamp(1, 3);
        for (back, node) in nodes.iter_mut().enumerate().take(order) {
            *node = rho(self.schedule.level(index.saturating_sub(back))?);
        }
        // Rounded timesteps can put two nodes at one place, where no polynomial goes through both.
        while order > 1 && nodes.iter().take(order).enumerate().any(|(i, a)| nodes.iter().take(i).any(|b| a == b)) {
            order -= 1;
        }
        let nodes = nodes.get(..order).unwrap_or(&nodes);
        let terms = (0..order)
            .map(|which| self.epsilons.term(to.alpha * coefficient(rho(to), nodes, which), which))
            .collect::<Result<Vec<_>>>()?;
        combine(sample, to.alpha / from.alpha, &terms);
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        self.schedule.add_noise(original, noise, index)
    }
}

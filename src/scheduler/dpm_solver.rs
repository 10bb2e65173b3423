//! DPM-Solver and DPM-Solver++, multistep, deterministic and stochastic, of orders 1 to 3.
//!
//! Source: Lu et al., arXiv 2206.00927 and 2211.01095; diffusers `scheduling_dpmsolver_multistep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::{History, buffer, combine, draw, mix_into};
use super::config::Config;
use super::multistep::{Family, Level, Multistep};
use super::prediction::{EPSILON, FLOW, Mix, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;

/// `algorithm_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// `dpmsolver`: the predicted noise is integrated.
    Noise,
    /// `dpmsolver++`: the predicted x0 is integrated.
    Data,
    /// `sde-dpmsolver`
    NoiseSde,
    /// `sde-dpmsolver++`
    DataSde,
}

impl Algorithm {
    fn of_noise(self) -> bool {
        matches!(self, Self::Noise | Self::NoiseSde)
    }

    fn stochastic(self) -> bool {
        matches!(self, Self::NoiseSde | Self::DataSde)
    }
}

/// The factors of one update: of the sample, of the solution's finite differences D0, D1 and D2, and of fresh noise.
struct Update {
    own: f64,
    differences: [f64; 3],
    noise: f64,
}

pub(super) struct DpmSolver {
    schedule: Multistep,
    algorithm: Algorithm,
    /// `solver_type` "heun" instead of "midpoint".
    heun: bool,
    solver_order: usize,
    lower_order_final: bool,
    euler_at_final: bool,
    prediction: Prediction,
    learned_variance: bool,
    clipping: Clipping,
    calls: Calls,
    outputs: History,
    x0: Option<ArrayD<f32>>,
}

impl DpmSolver {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        let algorithm = config.choice(
            "algorithm_type",
            Algorithm::Data,
            &[
                ("dpmsolver++", Algorithm::Data),
                ("sde-dpmsolver++", Algorithm::DataSde),
                ("dpmsolver", Algorithm::Noise),
                ("sde-dpmsolver", Algorithm::NoiseSde),
            ],
        )?;
        let heun = config.choice(
            "solver_type",
            false,
            &[("midpoint", false), ("heun", true), ("logrho", false), ("bh1", false), ("bh2", false)],
        )?;
        let solver_order = config.integer("solver_order", 2, 1, 3)? as usize;
        let schedule = Multistep::read(config, Family::DpmSolver, steps)?;
        if algorithm.of_noise() && schedule.ends_at_zero() {
            return Err(Error::invalid(
                "algorithm_type \"dpmsolver\" and \"sde-dpmsolver\" cannot end at a sigma of zero; \
                 set final_sigmas_type = \"sigma_min\" in the scheduler configuration, or use \"dpmsolver++\"",
            ));
        }
        if algorithm == Algorithm::NoiseSde && solver_order == 3 {
            return Err(Error::invalid(
                "algorithm_type \"sde-dpmsolver\" has no third order; set solver_order to 1 or 2",
            ));
        }
        let allowed = [EPSILON, SAMPLE, VELOCITY, FLOW];
        let allowed = if algorithm.of_noise() { &allowed[..3] } else { &allowed[..] };
        let prediction = Prediction::read(config, allowed)?;
        let calls = Calls::new(schedule.timesteps.len(), 1);
        Ok(Self {
            schedule,
            algorithm,
            heun,
            solver_order,
            lower_order_final: config.flag("lower_order_final", true)?,
            euler_at_final: config.flag("euler_at_final", false)?,
            prediction,
            learned_variance: config.choice(
                "variance_type",
                false,
                &[
                    ("learned", true),
                    ("learned_range", true),
                    // DDPM's; diffusers' class takes no notice of them.
                    ("fixed_small", false),
                    ("fixed_small_log", false),
                    ("fixed_large", false),
                    ("fixed_large_log", false),
                ],
            )?,
            clipping: Clipping::read_dynamic(config)?,
            calls,
            outputs: History::new(solver_order),
            x0: None,
        })
    }

    /// Puts what is integrated, x0 or epsilon, into the history.
    fn convert(&mut self, level: Level, output: &ArrayViewD<'_, f32>, sample: &ArrayD<f32>) {
        let noise_level = if self.prediction == Prediction::Flow { level.raw } else { level.sigma };
        let x0_mix = self.prediction.x0(level.alpha, noise_level);
        let newest = self.outputs.push(sample);
        if !self.algorithm.of_noise() {
            mix_into(newest, x0_mix, sample, output);
            self.clipping.apply(newest);
        } else if matches!(self.clipping, Clipping::Off) {
            mix_into(newest, self.prediction.epsilon(level.alpha, level.sigma), sample, output);
        } else {
            let x0 = buffer(&mut self.x0, sample);
            mix_into(x0, x0_mix, sample, output);
            self.clipping.apply(x0);
            let back = Mix { sample: 1.0 / level.sigma, output: -level.alpha / level.sigma };
            mix_into(newest, back, sample, &x0.view());
        }
    }

    fn order_at(&self, index: usize) -> usize {
        let count = self.schedule.timesteps.len();
        let few = self.lower_order_final && count < 15;
        let last = index + 1 == count && (self.euler_at_final || few || self.schedule.ends_at_zero());
        let second_last = index + 2 == count && few;
        let order = self.solver_order.min(self.outputs.len());
        match order {
            _ if last => 1,
            3 if second_last => 2,
            order => order,
        }
    }

    fn update(&self, from: Level, to: Level, order: usize) -> Update {
        let h = to.lambda - from.lambda;
        // With equal levels, which a rounded schedule can have, the differences below have no limit but zero.
        let midpoint = order == 2 && !self.heun;
        let phi = |first: f64, value: f64| {
            if order < 2 || h == 0.0 {
                0.0
            } else if midpoint {
                0.5 * first
            } else {
                value
            }
        };
        let third = |value: f64| if order == 3 && h != 0.0 { value } else { 0.0 };
        match self.algorithm {
            Algorithm::Data => {
                let e = (-h).exp() - 1.0;
                Update {
                    own: to.sigma / from.sigma,
                    differences: [
                        -to.alpha * e,
                        to.alpha * phi(-e, e / h + 1.0),
                        -to.alpha * third((e + h) / (h * h) - 0.5),
                    ],
                    noise: 0.0,
                }
            }
            Algorithm::Noise => {
                let e = h.exp() - 1.0;
                Update {
                    own: to.alpha / from.alpha,
                    differences: [
                        -to.sigma * e,
                        -to.sigma * phi(e, e / h - 1.0),
                        -to.sigma * third((e - h) / (h * h) - 0.5),
                    ],
                    noise: 0.0,
                }
            }
            Algorithm::DataSde => {
                let e = 1.0 - (-2.0 * h).exp();
                Update {
                    own: to.sigma / from.sigma * (-h).exp(),
                    differences: [
                        to.alpha * e,
                        to.alpha * phi(e, e / (-2.0 * h) + 1.0),
                        to.alpha * third((e - 2.0 * h) / (4.0 * h * h) - 0.5),
                    ],
                    noise: to.sigma * e.max(0.0).sqrt(),
                }
            }
            Algorithm::NoiseSde => {
                let e = h.exp() - 1.0;
                Update {
                    own: to.alpha / from.alpha,
                    differences: [-2.0 * to.sigma * e, -2.0 * to.sigma * phi(e, e / h - 1.0), 0.0],
                    noise: to.sigma * ((2.0 * h).exp() - 1.0).max(0.0).sqrt(),
                }
            }
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
        let output = self.calls.enter(index, model_output, sample, self.learned_variance)?.mean;
        let (from, to) = (self.schedule.level(index)?, self.schedule.level(index + 1)?);
        self.convert(from, &output, sample);
        let order = self.order_at(index);
        let update = self.update(from, to, order);
        let weights = self.weights(index, to.lambda - from.lambda, update.differences, order)?;
        let mut terms = Vec::with_capacity(4);
        for (age, &weight) in weights.iter().enumerate().take(order) {
            terms.push(self.outputs.term(weight, age)?);
        }
        if self.algorithm.stochastic() {
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

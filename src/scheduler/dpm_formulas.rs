//! What DPM-Solver's multistep and singlestep forms share: the fields that choose a formula, and the formulas.
//!
//! Source: Lu et al., arXiv 2206.00927 and 2211.01095; diffusers `scheduling_dpmsolver_multistep.py` and
//! `scheduling_dpmsolver_singlestep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};

use super::combine::{History, buffer, mix_into};
use super::config::Config;
use super::multistep::{Level, Multistep};
use super::prediction::{EPSILON, FLOW, Mix, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;

/// `algorithm_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
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
    pub(super) fn of_noise(self) -> bool {
        matches!(self, Self::Noise | Self::NoiseSde)
    }

    pub(super) fn stochastic(self) -> bool {
        matches!(self, Self::NoiseSde | Self::DataSde)
    }
}

/// The factors of one update: of the sample, of the solution's finite differences D0, D1 and D2, and of fresh noise.
pub(super) struct Update {
    pub(super) own: f64,
    pub(super) differences: [f64; 3],
    pub(super) noise: f64,
}

/// One solver's choice of formula.
pub(super) struct Formulas {
    pub(super) algorithm: Algorithm,
    /// `solver_type` "heun" instead of "midpoint".
    pub(super) heun: bool,
    pub(super) solver_order: usize,
    /// Does the model predict its variance too?
    pub(super) learned_variance: bool,
    prediction: Prediction,
    clipping: Clipping,
    x0: Option<ArrayD<f32>>,
}

impl Formulas {
    /// `algorithms` are the ones that the class has.
    pub(super) fn read(config: &Config<'_>, algorithms: &[(&str, Algorithm)], schedule: &Multistep) -> Result<Self> {
        let algorithm = config.choice("algorithm_type", Algorithm::Data, algorithms)?;
        let heun = is_heun(config)?;
        let solver_order = config.integer("solver_order", 2, 1, 3)? as usize;
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
        Ok(Self {
            algorithm,
            heun,
            solver_order,
            learned_variance: learned_variance(config)?,
            prediction: Prediction::read(config, allowed)?,
            clipping: Clipping::read_dynamic(config)?,
            x0: None,
        })
    }

    /// Puts what is integrated, x0 or epsilon, into the history.
    pub(super) fn convert(
        &mut self,
        history: &mut History,
        level: Level,
        output: &ArrayViewD<'_, f32>,
        sample: &ArrayD<f32>,
    ) {
        let noise_level = if self.prediction == Prediction::Flow { level.raw } else { level.sigma };
        let x0_mix = self.prediction.x0(level.alpha, noise_level);
        let newest = history.push(sample);
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

    /// [`Formula::update`]
    pub(super) fn update(&self, from: Level, to: Level, order: usize) -> Update {
        self.formula().update(from, to, order)
    }

    pub(super) fn formula(&self) -> Formula {
        Formula { algorithm: self.algorithm, heun: self.heun }
    }
}

/// The two fields that decide an update's factors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formula {
    pub(super) algorithm: Algorithm,
    /// `solver_type` "heun" instead of "midpoint".
    pub(super) heun: bool,
}

impl Formula {
    /// The factors of a step of `order` between two levels; a singlestep solver's begins where its group of calls began.
    pub(super) fn update(self, from: Level, to: Level, order: usize) -> Update {
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
}

/// `solver_type`: "heun" and not "midpoint"? The names of other solvers are taken for the latter, as in diffusers.
pub(super) fn is_heun(config: &Config<'_>) -> Result<bool> {
    config.choice(
        "solver_type",
        false,
        &[("midpoint", false), ("heun", true), ("logrho", false), ("bh1", false), ("bh2", false)],
    )
}

/// `variance_type`: does the denoiser return twice the channels?
pub(super) fn learned_variance(config: &Config<'_>) -> Result<bool> {
    config.choice(
        "variance_type",
        false,
        &[
            ("learned", true),
            ("learned_range", true),
            // DDPM's; diffusers' solver classes take no notice of them.
            ("fixed_small", false),
            ("fixed_small_log", false),
            ("fixed_large", false),
            ("fixed_large_log", false),
        ],
    )
}

//! Sigma schedules (Karras, exponential, beta) and the way back from a sigma to a timestep.

use crate::error::{Error, Result};

use super::beta_quantile::symmetric_beta_quantile;
use super::config::{Config, POSITIVE};
use super::timesteps::linspace;

/// Which of `use_karras_sigmas`, `use_exponential_sigmas` and `use_beta_sigmas` is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// None of them.
    Trained,
    /// Karras et al., arXiv 2206.00364, equation 5, with rho 7.
    Karras,
    /// Evenly in log sigma.
    Exponential,
    /// Quantiles of Beta(0.6, 0.6), arXiv 2407.12173.
    Beta,
}

impl Spread {
    /// # Errors
    /// More than one of the three fields is on; diffusers refuses it too.
    pub(super) fn read(config: &Config<'_>) -> Result<Self> {
        let karras = config.flag("use_karras_sigmas", false)?;
        let exponential = config.flag("use_exponential_sigmas", false)?;
        let beta = config.flag("use_beta_sigmas", false)?;
        match (karras, exponential, beta) {
            (false, false, false) => Ok(Self::Trained),
            (true, false, false) => Ok(Self::Karras),
            (false, true, false) => Ok(Self::Exponential),
            (false, false, true) => Ok(Self::Beta),
            _ => Err(Error::invalid(
                "the scheduler configuration turns on more than one of use_karras_sigmas, use_exponential_sigmas and \
                 use_beta_sigmas; only one of them can be used",
            )),
        }
    }
}

/// The ends between which a [`Spread`] puts its sigmas.
#[derive(Debug, Clone, Copy)]
pub(super) struct SigmaRange {
    pub(super) min: f64,
    pub(super) max: f64,
}

impl SigmaRange {
    /// `sigma_min` and `sigma_max` where the configuration has them.
    ///
    /// Only some classes have these as constructor arguments, but diffusers' `from_config` registers every key of
    /// the file, so `_convert_to_karras` and its siblings obey them in all classes.
    pub(super) fn read(config: &Config<'_>, default: Self) -> Result<Self> {
        Ok(Self {
            min: config.optional_float("sigma_min", &POSITIVE)?.unwrap_or(default.min),
            max: config.optional_float("sigma_max", &POSITIVE)?.unwrap_or(default.max),
        })
    }

    /// `count` descending sigmas; for [`Spread::Trained`] none.
    ///
    /// Source: diffusers `scheduling_euler_discrete.py`, `_convert_to_karras`, `_convert_to_exponential` and
    /// `_convert_to_beta`.
    pub(super) fn spread(self, spread: Spread, count: usize) -> Vec<f64> {
        let Self { min, max } = self;
        match spread {
            Spread::Trained => Vec::new(),
            Spread::Karras => {
                let (low, high) = (min.powf(1.0 / 7.0), max.powf(1.0 / 7.0));
                linspace(0.0, 1.0, count).into_iter().map(|ramp| (high + ramp * (low - high)).powi(7)).collect()
            }
            Spread::Exponential => linspace(max.ln(), min.ln(), count).into_iter().map(f64::exp).collect(),
            Spread::Beta => {
                let quantile = |ramp: f64| symmetric_beta_quantile(1.0 - ramp, 0.6);
                linspace(0.0, 1.0, count).into_iter().map(|ramp| min + quantile(ramp) * (max - min)).collect()
            }
        }
    }
}

/// A table of trained sigmas, ascending with the timestep.
pub(super) struct SigmaTable {
    sigmas: Vec<f32>,
    logs: Vec<f32>,
}

impl SigmaTable {
    pub(super) fn new(sigmas: Vec<f32>) -> Self {
        // Float32 as NumPy has it: multistep solvers cut the timesteps that come from these logarithms down to
        // whole numbers, so a rounding may be a whole timestep.
        let logs = sigmas.iter().map(|&sigma| f64::from(sigma).ln() as f32).collect();
        Self { sigmas, logs }
    }

    /// The natural logarithms of the sigmas.
    pub(super) fn logs(&self) -> &[f32] {
        &self.logs
    }

    /// How many levels there are.
    pub(super) fn len(&self) -> usize {
        self.sigmas.len()
    }

    /// The sigma at a fractional timestep, linear in log sigma as in k-diffusion and `ComfyUI`; clamped at the ends.
    pub(super) fn log_linear_at(&self, timestep: f64) -> f64 {
        let below = timestep.floor().clamp(0.0, self.sigmas.len() as f64) as usize;
        match (self.sigmas.get(below), self.sigmas.get(below + 1)) {
            (Some(&low), Some(&high)) => {
                let (low, high) = (f64::from(low).ln(), f64::from(high).ln());
                (low + (high - low) * (timestep - below as f64).max(0.0)).exp()
            }
            _ => self.range().max,
        }
    }

    /// The whole trained range.
    pub(super) fn range(&self) -> SigmaRange {
        let at = |sigma: Option<&f32>| sigma.map_or(1.0, |&s| f64::from(s));
        SigmaRange { min: at(self.sigmas.first()), max: at(self.sigmas.last()) }
    }

    /// The sigma at a fractional timestep: `numpy.interp` on the table, clamped at its ends.
    pub(super) fn at(&self, timestep: f64) -> f64 {
        let below = timestep.floor().clamp(0.0, self.sigmas.len() as f64) as usize;
        match (self.sigmas.get(below), self.sigmas.get(below + 1)) {
            (Some(&low), Some(&high)) => {
                let (low, high) = (f64::from(low), f64::from(high));
                low + (high - low) * (timestep - below as f64).max(0.0)
            }
            _ => self.range().max,
        }
    }

    /// The fractional timestep of a sigma: linear in log sigma, clamped to the table.
    ///
    /// Source: diffusers `scheduling_euler_discrete.py`, `_sigma_to_t`.
    pub(super) fn timestep_of(&self, sigma: f64) -> f64 {
        let log_sigma = sigma.max(1e-10).ln();
        let above = self.logs.partition_point(|&log| log_sigma - f64::from(log) >= 0.0);
        let low = above.saturating_sub(1).min(self.logs.len().saturating_sub(2));
        match (self.logs.get(low), self.logs.get(low + 1)) {
            (Some(&low_log), Some(&high_log)) => {
                let weight = (f64::from(low_log) - log_sigma) / f64::from(low_log - high_log);
                let weight = weight.clamp(0.0, 1.0);
                (1.0 - weight) * low as f64 + weight * (low + 1) as f64
            }
            _ => 0.0,
        }
    }
}

/// `(x as float32)`, which is what diffusers keeps of every sigma.
pub(super) fn as_f32(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    values.into_iter().map(|value| f64::from(value as f32)).collect()
}

//! What a denoiser predicts, and how to get x0 or epsilon out of it.

use crate::error::Result;

use super::config::Config;

/// `prediction_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prediction {
    /// The noise.
    Epsilon,
    /// The clean sample x0.
    Sample,
    /// Salimans and Ho's v = alpha eps - sigma x0 (arXiv 2202.00512).
    Velocity,
    /// Rectified flow: noise - x0.
    Flow,
}

/// The names of every prediction type that a class may allow.
pub(super) const EPSILON: (&str, Prediction) = ("epsilon", Prediction::Epsilon);
pub(super) const SAMPLE: (&str, Prediction) = ("sample", Prediction::Sample);
pub(super) const VELOCITY: (&str, Prediction) = ("v_prediction", Prediction::Velocity);
pub(super) const FLOW: (&str, Prediction) = ("flow_prediction", Prediction::Flow);

/// A value that is `sample * x + output * y` of the noisy sample x and the model's output y.
///
/// Every prediction type is linear in both, so this is all a solver needs to know about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mix {
    pub(super) sample: f64,
    pub(super) output: f64,
}

impl Prediction {
    pub(super) fn read(config: &Config<'_>, allowed: &[(&str, Self)]) -> Result<Self> {
        config.choice("prediction_type", Self::Epsilon, allowed)
    }

    /// x0 where x = alpha x0 + sigma eps.
    pub(super) fn x0(self, alpha: f64, sigma: f64) -> Mix {
        match self {
            Self::Epsilon => Mix { sample: 1.0 / alpha, output: -sigma / alpha },
            Self::Sample => Mix { sample: 0.0, output: 1.0 },
            Self::Velocity => Mix { sample: alpha, output: -sigma },
            Self::Flow => Mix { sample: 1.0, output: -sigma },
        }
    }

    /// Epsilon where x = alpha x0 + sigma eps.
    pub(super) fn epsilon(self, alpha: f64, sigma: f64) -> Mix {
        match self {
            Self::Epsilon => Mix { sample: 0.0, output: 1.0 },
            Self::Sample => Mix { sample: 1.0 / sigma, output: -alpha / sigma },
            Self::Velocity => Mix { sample: sigma, output: alpha },
            // x = (1 - sigma) x0 + sigma eps and output = eps - x0.
            Self::Flow => Mix { sample: 1.0, output: alpha },
        }
    }

    /// x0 where x = x0 + sigma eps, as the sigma-space solvers have it; the model saw x / sqrt(sigma^2 + 1).
    pub(super) fn x0_sigma_space(self, sigma: f64) -> Mix {
        match self {
            Self::Epsilon | Self::Flow => Mix { sample: 1.0, output: -sigma },
            Self::Sample => Mix { sample: 0.0, output: 1.0 },
            Self::Velocity => {
                let square = sigma * sigma + 1.0;
                Mix { sample: 1.0 / square, output: -sigma / square.sqrt() }
            }
        }
    }

    /// The derivative (x - x0) / sigma in sigma space.
    pub(super) fn derivative(self, sigma: f64) -> Mix {
        let x0 = self.x0_sigma_space(sigma);
        Mix { sample: (1.0 - x0.sample) / sigma, output: -x0.output / sigma }
    }
}

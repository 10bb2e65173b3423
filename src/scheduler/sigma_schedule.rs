//! The sigma schedules by name.

use crate::error::{Error, Result};

/// Which sigma schedule to use instead of the configuration's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigmaSchedule {
    /// The trained sigmas at the chosen timesteps.
    Default,
    /// Karras et al. 2022 (arXiv:2206.00364), rho 7.
    Karras,
    /// Even in log sigma.
    Exponential,
    /// Quantiles of a beta distribution (Lee et al. 2024, arXiv:2407.12173).
    Beta,
    /// Even timesteps from the last trained one to the first, without the first: `linspace(t_max, t_min, n + 1)[:-1]`,
    /// as `ComfyUI` (`comfy/samplers.py`, `normal_scheduler` with `sgm`) and AUTOMATIC1111's webui call it.
    SgmUniform,
    /// Every (trained / n)th trained level from the noisiest down: `ComfyUI`'s `simple_scheduler`.
    Simple,
    /// Align Your Steps (Sabour et al. 2024, arXiv:2404.14507): levels found for Stable Diffusion 1.5, or for XL.
    AlignYourSteps,
}

impl SigmaSchedule {
    /// Every schedule.
    pub const ALL: [Self; 7] = [
        Self::Default,
        Self::Karras,
        Self::Exponential,
        Self::Beta,
        Self::SgmUniform,
        Self::Simple,
        Self::AlignYourSteps,
    ];

    /// The name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Karras => "karras",
            Self::Exponential => "exponential",
            Self::Beta => "beta",
            Self::SgmUniform => "sgm_uniform",
            Self::Simple => "simple",
            Self::AlignYourSteps => "ays",
        }
    }

    /// The schedule called `name`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for any other name; the sentence lists the names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|schedule| schedule.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|schedule| schedule.name()).collect();
            Error::invalid(format!("there is no sigma schedule \"{name}\"; allowed are {}", names.join(", ")))
        })
    }
}

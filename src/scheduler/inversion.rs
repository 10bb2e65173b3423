//! Which way a picture is taken back to noise.

use crate::error::{Error, Result};

use super::SchedulerKind;

/// How a scheduler goes upwards, from the clean sample to the noise that it would be drawn from again. There are three
/// conventions, and they do not give the same noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inversion {
    /// [`SchedulerKind::Ddim`]: the denoiser is asked at the level that a step starts from, the noise follows from the
    /// clipped x0, and the last step ends with noise alone. guided-diffusion and diffusion autoencoders,
    /// `ddim_reverse_sample`.
    DdimReverse,
    /// [`SchedulerKind::Ddim`]: the denoiser is asked at the timestep that a step ends at. diffusers,
    /// `DDIMInverseScheduler`.
    DdimInverse,
    /// [`SchedulerKind::Dpmpp2M`]: the multistep solver upwards, over trained levels. diffusers,
    /// `DPMSolverMultistepInverseScheduler`.
    Multistep,
}

impl Inversion {
    /// Every convention.
    pub const ALL: [Self; 3] = [Self::DdimReverse, Self::DdimInverse, Self::Multistep];

    /// The short name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DdimReverse => "ddim_reverse",
            Self::DdimInverse => "ddim_inverse",
            Self::Multistep => "dpmpp_2m_inverse",
        }
    }

    /// A convention from its short name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for any other name; the sentence lists them.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|inversion| inversion.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            Error::invalid(format!("there is no inversion \"{name}\"; allowed are {}", names.join(", ")))
        })
    }

    /// The scheduler that goes upwards in this way.
    #[must_use]
    pub fn kind(self) -> SchedulerKind {
        match self {
            Self::DdimReverse | Self::DdimInverse => SchedulerKind::Ddim,
            Self::Multistep => SchedulerKind::Dpmpp2M,
        }
    }

    /// Refuses a scheduler that has no such way.
    pub(super) fn check(self, kind: SchedulerKind) -> Result<()> {
        if kind == self.kind() {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "the inversion {} is a way of the scheduler {}; {} has no such way",
            self.name(),
            self.kind().name(),
            kind.name()
        )))
    }
}

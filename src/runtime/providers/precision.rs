//! The number types that a provider may compute in.

use super::super::Provider;
use super::keys::choice;
use crate::{Error, Result};

choice! {
    /// What a provider computes in where it could take something smaller than the graph says.
    ///
    /// Names are those of [`Precision::name`].
    #[derive(Default)]
    pub enum Precision {
        /// The types that the graph itself has, nothing below. Providers that would take less on their own (CUDA's
        /// TensorFloat-32, OpenVINO's bfloat16) are told not to.
        #[default]
        Default = "default",
        /// float32 where the graph has float32: the same as `default`, but the request cannot be dropped silently.
        Float32 = "float32",
        /// float16 inside, whatever the graph has.
        Float16 = "float16",
        /// bfloat16 inside, whatever the graph has.
        BFloat16 = "bfloat16",
    }
}

impl Precision {
    /// The precision of that name; upper and lower case are the same.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::named(&name.to_ascii_lowercase()).ok_or_else(|| {
            Error::invalid(format!("unknown precision \"{name}\": it must be one of {}", list(Self::ALL)))
        })
    }

    /// The precisions that a provider can be asked for; [`Provider::Auto`] takes those of whatever it becomes.
    #[must_use]
    pub fn of(provider: Provider) -> &'static [Self] {
        match provider {
            Provider::Auto | Provider::OpenVino | Provider::TensorRt => Self::ALL,
            Provider::CoreMl | Provider::Qnn | Provider::MiGraphX => &[Self::Default, Self::Float32, Self::Float16],
            Provider::Cpu
            | Provider::Cuda
            | Provider::DirectMl
            | Provider::WebGpu
            | Provider::Xnnpack
            | Provider::Rocm => &[Self::Default, Self::Float32],
        }
    }

    /// Refuses what the provider does not compute in.
    pub(crate) fn check(self, provider: Provider) -> Result<()> {
        if Self::of(provider).contains(&self) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "the precision \"{}\" is none that the provider \"{}\" can be asked for, which are {}; the providers that \
             have it are {}, and a model that was exported in a smaller type runs in that everywhere",
            self.name(),
            provider.name(),
            list(Self::of(provider)),
            Provider::ALL
                .into_iter()
                .filter(|other| *other != Provider::Auto && Self::of(*other).contains(&self))
                .map(Provider::name)
                .collect::<Vec<_>>()
                .join(", ")
        )))
    }
}

fn list(precisions: &[Precision]) -> String {
    precisions.iter().map(|precision| precision.name()).collect::<Vec<_>>().join(", ")
}

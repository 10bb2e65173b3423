//! How a model is opened: where ONNX Runtime is, which provider, how many threads, how much memory.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::runtime::Provider;

/// What a pipeline trades memory for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemoryMode {
    /// Everything stays resident, guidance runs as one batched call. The default.
    #[default]
    Speed,
    /// One denoiser call for each guidance branch and each picture, and no memory arena in ONNX Runtime.
    Low,
}

impl MemoryMode {
    /// The mode called `name`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for any other name than `speed` and `low`; [`Error::Unsupported`] for
    /// `balanced`, which a later version adds.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "speed" => Ok(Self::Speed),
            "low" => Ok(Self::Low),
            "balanced" => {
                Err(Error::Unsupported("memory mode \"balanced\" is not there yet; use \"speed\" or \"low\"".into()))
            }
            other => {
                Err(Error::invalid(format!("memory mode \"{other}\" is not known; allowed are \"speed\" and \"low\"")))
            }
        }
    }

    /// The name that [`MemoryMode::parse`] reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Low => "low",
        }
    }
}

/// The most threads that may be asked for.
pub const MAX_THREADS: u32 = 1024;

/// How to open a model. [`Default`] is what most hosts want: the CPU, all cores, everything resident.
#[derive(Debug, Clone, Default)]
pub struct PipelineOptions {
    /// ONNX Runtime's library, or a folder that holds it. `None`: `ORT_DYLIB_PATH`, then beside this library,
    /// then the system's.
    pub ort_library: Option<PathBuf>,
    /// The execution provider for every graph.
    pub provider: Provider,
    /// Which device of that provider, counted from 0.
    pub device_id: u32,
    /// Threads for one operator, up to [`MAX_THREADS`]; 0 means one for each physical core this process may use.
    pub threads: u32,
    /// What to trade memory for.
    pub memory: MemoryMode,
}

impl PipelineOptions {
    /// Checks what can be checked before anything is opened.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], naming the option, its value, and what is allowed.
    pub(super) fn validate(&self) -> Result<()> {
        if self.threads > MAX_THREADS {
            return Err(Error::invalid(format!("threads is {}; allowed are 0 to {MAX_THREADS}", self.threads)));
        }
        Ok(())
    }
}

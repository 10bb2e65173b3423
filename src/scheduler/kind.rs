//! The schedulers by name.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// A scheduler that this library has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchedulerKind {
    /// Denoising diffusion implicit models.
    Ddim,
    /// Denoising diffusion probabilistic models (ancestral sampling).
    Ddpm,
    /// Pseudo numerical methods: Runge-Kutta, then linear multistep.
    Pndm,
    /// Linear multistep in sigma space.
    Lms,
    /// Euler in sigma space.
    Euler,
    /// Euler with fresh noise in each step.
    EulerAncestral,
    /// Heun's second-order method.
    Heun,
    /// The midpoint method of DPM-Solver-2.
    Dpm2,
    /// DPM-Solver-2 with fresh noise in each step.
    Dpm2Ancestral,
    /// DPM-Solver++ multistep.
    Dpmpp2M,
    /// DPM-Solver++ multistep for the stochastic differential equation.
    Dpmpp2MSde,
    /// UniPC: predictor and corrector.
    UniPc,
    /// DEIS: exponential integrator multistep.
    Deis,
    /// Latent consistency models, in few steps.
    Lcm,
    /// Trajectory consistency distillation, in few steps.
    Tcd,
    /// Flow matching by Euler's method.
    FlowEuler,
    /// Flow matching by Heun's second-order method.
    FlowHeun,
    /// Flow matching in few steps, with fresh noise in each.
    FlowLcm,
    /// Euler's method for models trained as EDM.
    EdmEuler,
    /// DPM-Solver++ multistep for models trained as EDM.
    EdmDpmpp2M,
    /// DPM-Solver++ singlestep.
    Dpmpp2S,
    /// DPM-Solver++ for the stochastic differential equation, with the noise of a Brownian motion.
    DpmppSde,
    /// SA-Solver: stochastic Adams predictor and corrector.
    SaSolver,
    /// Improved pseudo linear multistep.
    Ipndm,
    /// Karlo's ancestral sampling, for unCLIP's priors and decoders.
    UnClip,
}

impl SchedulerKind {
    /// Every scheduler.
    pub const ALL: [Self; 25] = [
        Self::Ddim,
        Self::Ddpm,
        Self::Pndm,
        Self::Lms,
        Self::Euler,
        Self::EulerAncestral,
        Self::Heun,
        Self::Dpm2,
        Self::Dpm2Ancestral,
        Self::Dpmpp2M,
        Self::Dpmpp2MSde,
        Self::UniPc,
        Self::Deis,
        Self::Lcm,
        Self::Tcd,
        Self::FlowEuler,
        Self::FlowHeun,
        Self::FlowLcm,
        Self::EdmEuler,
        Self::EdmDpmpp2M,
        Self::Dpmpp2S,
        Self::DpmppSde,
        Self::SaSolver,
        Self::Ipndm,
        Self::UnClip,
    ];

    /// The short name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ddim => "ddim",
            Self::Ddpm => "ddpm",
            Self::Pndm => "pndm",
            Self::Lms => "lms",
            Self::Euler => "euler",
            Self::EulerAncestral => "euler_ancestral",
            Self::Heun => "heun",
            Self::Dpm2 => "dpm2",
            Self::Dpm2Ancestral => "dpm2_ancestral",
            Self::Dpmpp2M => "dpmpp_2m",
            Self::Dpmpp2MSde => "dpmpp_2m_sde",
            Self::UniPc => "unipc",
            Self::Deis => "deis",
            Self::Lcm => "lcm",
            Self::Tcd => "tcd",
            Self::FlowEuler => "flow_euler",
            Self::FlowHeun => "flow_heun",
            Self::FlowLcm => "flow_lcm",
            Self::EdmEuler => "edm_euler",
            Self::EdmDpmpp2M => "edm_dpmpp_2m",
            Self::Dpmpp2S => "dpmpp_2s",
            Self::DpmppSde => "dpmpp_sde",
            Self::SaSolver => "sa_solver",
            Self::Ipndm => "ipndm",
            Self::UnClip => "unclip",
        }
    }

    /// The class of diffusers that this follows; two names share one.
    #[must_use]
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Ddim => "DDIMScheduler",
            Self::Ddpm => "DDPMScheduler",
            Self::Pndm => "PNDMScheduler",
            Self::Lms => "LMSDiscreteScheduler",
            Self::Euler => "EulerDiscreteScheduler",
            Self::EulerAncestral => "EulerAncestralDiscreteScheduler",
            Self::Heun => "HeunDiscreteScheduler",
            Self::Dpm2 => "KDPM2DiscreteScheduler",
            Self::Dpm2Ancestral => "KDPM2AncestralDiscreteScheduler",
            Self::Dpmpp2M | Self::Dpmpp2MSde => "DPMSolverMultistepScheduler",
            Self::UniPc => "UniPCMultistepScheduler",
            Self::Deis => "DEISMultistepScheduler",
            Self::Lcm => "LCMScheduler",
            Self::Tcd => "TCDScheduler",
            Self::FlowEuler => "FlowMatchEulerDiscreteScheduler",
            Self::FlowHeun => "FlowMatchHeunDiscreteScheduler",
            Self::FlowLcm => "FlowMatchLCMScheduler",
            Self::EdmEuler => "EDMEulerScheduler",
            Self::EdmDpmpp2M => "EDMDPMSolverMultistepScheduler",
            Self::Dpmpp2S => "DPMSolverSinglestepScheduler",
            Self::DpmppSde => "DPMSolverSDEScheduler",
            Self::SaSolver => "SASolverScheduler",
            Self::Ipndm => "IPNDMScheduler",
            Self::UnClip => "UnCLIPScheduler",
        }
    }

    /// A scheduler from its short name or from a diffusers class name, with or without the `Flax` prefix.
    ///
    /// `DPMSolverMultistepScheduler` alone is [`Self::Dpmpp2M`]; [`Self::from_config`] also looks at the
    /// algorithm.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a name that is neither; the sentence lists the names.
    pub fn parse(name: &str) -> Result<Self> {
        let class = match name.strip_prefix("Flax").unwrap_or(name) {
            "DDIMParallelScheduler" => "DDIMScheduler",
            "DDPMParallelScheduler" => "DDPMScheduler",
            other => other,
        };
        Self::ALL.into_iter().find(|kind| kind.name() == name || kind.class_name() == class).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
            Error::invalid(format!(
                "there is no scheduler \"{name}\"; allowed are {} and the diffusers class names that belong to them",
                names.join(", ")
            ))
        })
    }

    /// The scheduler that a model asks for: its class, and the `algorithm_type` of its `scheduler_config.json`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the class is unknown.
    pub fn from_config(class_name: &str, config: &Map<String, Value>) -> Result<Self> {
        let stochastic = config.get("algorithm_type").and_then(Value::as_str).is_some_and(|a| a.starts_with("sde-"));
        Ok(match Self::parse(class_name)? {
            Self::Dpmpp2M if stochastic => Self::Dpmpp2MSde,
            kind => kind,
        })
    }
}

//! A scheduler from a model's `scheduler_config.json` and the user's wishes.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

use super::config::Config;
use super::ddim::Ddim;
use super::ddim_inverse::DdimInverse;
use super::ddpm::Ddpm;
use super::deis::Deis;
use super::dpm_sde::DpmSde;
use super::dpm_singlestep::DpmSinglestep;
use super::dpm_solver::DpmSolver;
use super::dpm2::Dpm2;
use super::edm::EdmEuler;
use super::edm_dpm_solver::EdmDpmSolver;
use super::euler::Euler;
use super::flow_heun::FlowHeun;
use super::flow_match::FlowMatch;
use super::flow_sigmas::shift_dynamically;
use super::heun::Heun;
use super::ipndm::Ipndm;
use super::lcm::Lcm;
use super::lms::Lms;
use super::pndm::Pndm;
use super::sa_solver::SaSolver;
use super::tcd::Tcd;
use super::unclip::UnClip;
use super::unipc::UniPc;
use super::{AysModel, CustomSchedule, Inversion, Scheduler, SchedulerKind, SigmaSchedule};

/// More solver steps than this are a mistake, and their tables would fill the memory.
const MAX_STEPS: usize = 100_000;

/// What the user asks of a scheduler beyond the model's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct SchedulerOptions {
    /// Solver steps, 1 or more, unless `custom` says how many; a solver of order 2 asks the denoiser up to twice as
    /// often.
    pub steps: usize,
    /// Overrides `use_karras_sigmas`, `use_exponential_sigmas` and `use_beta_sigmas`; `None` leaves them alone.
    pub sigmas: Option<SigmaSchedule>,
    /// Whose levels [`SigmaSchedule::AlignYourSteps`] has.
    pub ays: AysModel,
    /// The levels themselves, listed; then `sigmas` cannot name others.
    pub custom: Option<CustomSchedule>,
    /// The share of fresh noise in a step of [`SchedulerKind::Ddim`] and of [`SchedulerKind::Tcd`] (its gamma), 0 to 1;
    /// 0 for all others. diffusers' pipelines pass 0 where nothing is said; TCD's makers recommend 0.3.
    pub eta: f64,
    /// The shift that belongs to the picture's size, [`super::dynamic_shift`], for configurations with
    /// `use_dynamic_shifting`; all others pass over it. -100 to 100. [`SchedulerKind::FlowEuler`] and
    /// [`SchedulerKind::FlowLcm`] need it then; DPM-Solver++, UniPC and DEIS keep their `flow_shift` without it.
    pub mu: Option<f64>,
    /// [`SchedulerKind::FlowEuler`] and [`SchedulerKind::FlowLcm`] begin with the levels 1 to 1 / steps, as Flux's
    /// pipelines pass them, instead of their own 1 to 1 / `num_train_timesteps`; both are shifted then.
    pub flow_sigmas: bool,
    /// [`SchedulerKind::Lcm`] and [`SchedulerKind::Tcd`] take their steps from this share of the distillation's
    /// timesteps, from the cleanest up, and then image-to-image begins at step 0: what
    /// `LatentConsistencyModelImg2ImgPipeline` does with its strength.
    /// Above 0 up to 1; 1 for all others, and for image-to-image that begins at a later step.
    pub strength: f64,
    /// Goes from the clean sample up to noise; then the calls come in that order too, and the sample of the first is
    /// clean.
    pub inversion: Option<Inversion>,
}

impl SchedulerOptions {
    /// `steps` steps, and everything else as the configuration has it.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self {
            steps,
            sigmas: None,
            ays: AysModel::default(),
            custom: None,
            eta: 0.0,
            mu: None,
            flow_sigmas: false,
            strength: 1.0,
            inversion: None,
        }
    }
}

/// Makes a scheduler, ready for one generation.
///
/// `config` is the raw `scheduler_config.json`, which may well be another class's: missing keys take the defaults
/// of `kind`'s class, and unknown keys are ignored, as in diffusers' `from_config`.
///
/// # Errors
/// [`Error::InvalidArgument`] for a field or option with a type or value that is not allowed, and
/// [`Error::Unsupported`] for the few that diffusers has and we have not; one sentence names the field, its value,
/// and what is allowed.
pub fn create(
    kind: SchedulerKind,
    config: &Map<String, Value>,
    options: &SchedulerOptions,
) -> Result<Box<dyn Scheduler>> {
    let options = &listed(kind, options)?;
    let steps = options.steps;
    if !(1..=MAX_STEPS).contains(&steps) {
        return Err(Error::invalid(format!("{steps} steps are not possible; allowed are 1 to {MAX_STEPS}")));
    }
    if !(0.0..=1.0).contains(&options.eta) {
        return Err(Error::invalid(format!("eta = {} is not possible; allowed is 0 to 1", options.eta)));
    }
    if options.eta != 0.0 && !matches!(kind, SchedulerKind::Ddim | SchedulerKind::Tcd) {
        return Err(Error::invalid(format!(
            "eta = {} was asked for, but only the schedulers ddim and tcd have it; {} can only take 0",
            options.eta,
            kind.name()
        )));
    }
    if !(options.strength > 0.0 && options.strength <= 1.0) {
        return Err(Error::invalid(format!(
            "a scheduler's strength of {} is not possible; allowed is above 0 up to 1",
            options.strength
        )));
    }
    let mut map = config.clone();
    override_sigmas(kind, &mut map, options.sigmas)?;
    choose_algorithm(kind, &mut map);
    let half_log_snr = [
        SchedulerKind::Dpmpp2M,
        SchedulerKind::Dpmpp2MSde,
        SchedulerKind::Dpmpp2S,
        SchedulerKind::UniPc,
        SchedulerKind::Deis,
    ];
    if half_log_snr.contains(&kind) {
        shift_dynamically(&mut map, options.mu)?;
    }
    let config = Config::new(&map, kind.class_name());
    if let Some(inversion) = options.inversion {
        inversion.check(kind)?;
        if options.eta != 0.0 || options.custom.is_some() {
            return Err(Error::invalid(format!(
                "the inversion {} takes neither an eta nor a list of levels",
                inversion.name()
            )));
        }
        return Ok(match inversion {
            Inversion::DdimReverse => Box::new(DdimInverse::reverse(&config, options)?),
            Inversion::DdimInverse => Box::new(DdimInverse::inverse(&config, options)?),
            Inversion::Multistep => Box::new(DpmSolver::inverse(&config, options)?),
        });
    }
    Ok(match kind {
        SchedulerKind::Ddim => Box::new(Ddim::new(&config, options)?),
        SchedulerKind::Ddpm => Box::new(Ddpm::new(&config, options)?),
        SchedulerKind::Pndm => Box::new(Pndm::new(&config, steps)?),
        SchedulerKind::Lms => Box::new(Lms::new(&config, options)?),
        SchedulerKind::Euler => Box::new(Euler::new(&config, options, false)?),
        SchedulerKind::EulerAncestral => Box::new(Euler::new(&config, options, true)?),
        SchedulerKind::Heun => Box::new(Heun::new(&config, options)?),
        SchedulerKind::Dpm2 => Box::new(Dpm2::new(&config, options, false)?),
        SchedulerKind::Dpm2Ancestral => Box::new(Dpm2::new(&config, options, true)?),
        SchedulerKind::Dpmpp2M | SchedulerKind::Dpmpp2MSde => Box::new(DpmSolver::new(&config, options)?),
        SchedulerKind::UniPc => Box::new(UniPc::new(&config, options)?),
        SchedulerKind::Deis => Box::new(Deis::new(&config, options)?),
        SchedulerKind::Lcm => Box::new(Lcm::new(&config, options)?),
        SchedulerKind::Tcd => Box::new(Tcd::new(&config, options)?),
        SchedulerKind::FlowHeun => Box::new(FlowHeun::new(&config, steps)?),
        SchedulerKind::FlowLcm => Box::new(FlowMatch::lcm(&config, options)?),
        SchedulerKind::EdmDpmpp2M => Box::new(EdmDpmSolver::new(&config, steps)?),
        SchedulerKind::EdmEuler => Box::new(EdmEuler::new(&config, steps)?),
        SchedulerKind::FlowEuler => Box::new(FlowMatch::euler(&config, options)?),
        SchedulerKind::Dpmpp2S => Box::new(DpmSinglestep::new(&config, options)?),
        SchedulerKind::DpmppSde => Box::new(DpmSde::new(&config, options)?),
        SchedulerKind::SaSolver => Box::new(SaSolver::new(&config, options)?),
        SchedulerKind::Ipndm => Box::new(Ipndm::new(&config, steps)?),
        SchedulerKind::UnClip => Box::new(UnClip::new(&config, steps)?),
    })
}

/// The options with the steps of their list, if they have one.
fn listed(kind: SchedulerKind, options: &SchedulerOptions) -> Result<SchedulerOptions> {
    let mut options = options.clone();
    let Some(custom) = &options.custom else { return Ok(options) };
    custom.check(kind)?;
    if let Some(sigmas) = options.sigmas.filter(|sigmas| *sigmas != SigmaSchedule::Default) {
        return Err(Error::invalid(format!(
            "the sigma schedule {} was asked for beside a list of levels; only one of them can be used",
            sigmas.name()
        )));
    }
    options.steps = custom.steps(kind);
    // The classes of flow matching spread listed levels too; all others refuse it.
    if !matches!(kind, SchedulerKind::FlowEuler | SchedulerKind::FlowLcm) {
        options.sigmas = Some(SigmaSchedule::Default);
    }
    Ok(options)
}

/// Sets and clears the `use_*_sigmas` fields as `sigmas` says.
fn override_sigmas(kind: SchedulerKind, map: &mut Map<String, Value>, sigmas: Option<SigmaSchedule>) -> Result<()> {
    let Some(sigmas) = sigmas else { return Ok(()) };
    if !has(kind, sigmas) {
        let able: Vec<_> = SchedulerKind::ALL.into_iter().filter(|kind| has(*kind, sigmas)).collect();
        let names: Vec<_> = able.into_iter().map(SchedulerKind::name).collect();
        return Err(Error::invalid(format!(
            "the scheduler {} cannot use {} sigmas; those that can are {}",
            kind.name(),
            sigmas.name(),
            names.join(", ")
        )));
    }
    for (key, schedule) in [
        ("use_karras_sigmas", Some(SigmaSchedule::Karras)),
        ("use_exponential_sigmas", Some(SigmaSchedule::Exponential)),
        ("use_beta_sigmas", Some(SigmaSchedule::Beta)),
        // DPM-Solver's own, which would win over two of the others.
        ("use_lu_lambdas", None),
    ] {
        map.insert(key.to_owned(), Value::Bool(Some(sigmas) == schedule));
    }
    Ok(())
}

/// Whether `kind` can walk the levels of `sigmas`.
fn has(kind: SchedulerKind, sigmas: SigmaSchedule) -> bool {
    use SchedulerKind as Kind;
    let picked = matches!(sigmas, SigmaSchedule::SgmUniform | SigmaSchedule::Simple | SigmaSchedule::AlignYourSteps);
    match kind {
        _ if sigmas == SigmaSchedule::Default => true,
        // They step by a stride, or by levels that have no other form.
        Kind::Ddim | Kind::Pndm | Kind::FlowHeun | Kind::EdmEuler | Kind::EdmDpmpp2M | Kind::Ipndm | Kind::UnClip => {
            false
        }
        // Solvers over trained timesteps, and one whose class has no spread sigmas.
        Kind::Ddpm | Kind::Lcm | Kind::Tcd | Kind::EulerAncestral => picked,
        // Align Your Steps was not made for flow matching.
        Kind::FlowEuler | Kind::FlowLcm => sigmas != SigmaSchedule::AlignYourSteps,
        _ => true,
    }
}

/// Which `algorithm_type` a name stands for, where another class's configuration says something else.
///
/// The two names of `DPMSolverMultistepScheduler` choose between its deterministic and its stochastic algorithms, and
/// SA-Solver has words of its own. The configuration's algorithm stays when it is of the right kind, so that the older
/// `dpmsolver` and `sde-dpmsolver` can be had.
fn choose_algorithm(kind: SchedulerKind, map: &mut Map<String, Value>) {
    const PLAIN: [&str; 2] = ["dpmsolver++", "dpmsolver"];
    const STOCHASTIC: [&str; 2] = ["sde-dpmsolver++", "sde-dpmsolver"];
    // "deis" is what a configuration of DEIS says; diffusers takes it for dpmsolver++.
    let (replaced, default): (Vec<&str>, _) = match kind {
        SchedulerKind::Dpmpp2M => ([&STOCHASTIC[..], &["deis"]].concat(), PLAIN[0]),
        SchedulerKind::Dpmpp2MSde => ([&PLAIN[..], &["deis"]].concat(), STOCHASTIC[0]),
        SchedulerKind::SaSolver => ([&PLAIN[..], &STOCHASTIC, &["deis"]].concat(), "data_prediction"),
        _ => return,
    };
    let replace = match map.get("algorithm_type") {
        None | Some(Value::Null) => true,
        Some(Value::String(word)) => replaced.contains(&word.as_str()),
        Some(_) => false,
    };
    if replace {
        map.insert("algorithm_type".to_owned(), Value::String(default.to_owned()));
    }
}

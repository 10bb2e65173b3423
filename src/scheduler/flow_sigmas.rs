//! The noise levels of flow matching: evenly spread, shifted towards noise, stretched, and spread anew.
//!
//! Source: Esser et al., arXiv 2403.03206, section 5.3.2 (the shift); diffusers
//! `scheduling_flow_match_euler_discrete.py`, `set_timesteps`, and `pipeline_flux.py`, `calculate_shift`.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

use super::config::{Allowed, Config, POSITIVE};
use super::custom::CustomSchedule;
use super::sigmas::{SigmaRange, Spread, as_f32};
use super::timesteps::linspace;
use super::{SchedulerOptions, SigmaSchedule, named_levels};

/// More trained timesteps than this are taken for damage.
const MAX_TRAIN_TIMESTEPS: i64 = 1_000_000;
/// Numbers that `mu` and the two shifts it comes from can have; beyond, e^mu leaves nothing of the levels.
const MU: Allowed = Allowed { words: "a number from -100 to 100", test: |v| (-100.0..=100.0).contains(&v) };
/// `shift_terminal`; 0 turns it off, as Python takes it.
const TERMINAL: Allowed = Allowed { words: "a number from 0 to below 1", test: |v| (0.0..1.0).contains(&v) };

/// `mu`, by which larger pictures are shifted more towards noise: linear in the number of image tokens.
///
/// `image_seq_len` is the tokens of one picture: latent height times latent width over the square of the patch size.
/// Source: diffusers `pipeline_flux.py`, `calculate_shift`.
#[must_use]
pub fn calculate_shift(
    image_seq_len: usize,
    base_image_seq_len: usize,
    max_image_seq_len: usize,
    base_shift: f64,
    max_shift: f64,
) -> f64 {
    let slope = (max_shift - base_shift) / (max_image_seq_len as f64 - base_image_seq_len as f64);
    image_seq_len as f64 * slope + (base_shift - slope * base_image_seq_len as f64)
}

/// [`calculate_shift`] with the four numbers of a `scheduler_config.json`, or the defaults that
/// `FlowMatchEulerDiscreteScheduler` has for them.
///
/// # Errors
/// [`Error::InvalidArgument`] for a field with a type or value that is not allowed.
pub fn dynamic_shift(config: &Map<String, Value>, image_seq_len: usize) -> Result<f64> {
    let config = Config::new(config, "FlowMatchEulerDiscreteScheduler");
    let length = |key, default| config.integer(key, default, 1, 1_000_000_000).map(|v| usize::try_from(v).unwrap_or(1));
    let (base, max) = (length("base_image_seq_len", 256)?, length("max_image_seq_len", 4096)?);
    if base == max {
        return Err(Error::invalid(format!(
            "the scheduler configuration has {base} for both base_image_seq_len and max_image_seq_len; they must differ"
        )));
    }
    let (low, high) = (config.float("base_shift", 0.5, &MU)?, config.float("max_shift", 1.15, &MU)?);
    Ok(calculate_shift(image_seq_len, base, max, low, high))
}

fn check_mu(mu: f64) -> Result<()> {
    if (MU.test)(mu) {
        return Ok(());
    }
    Err(Error::invalid(format!("mu = {mu} is not possible as a dynamic shift; allowed is {}", MU.words)))
}

/// Puts `mu` in the place of `flow_shift`, where the configuration wants it: what the `set_timesteps` of the solvers in
/// half-log-SNR time do with it (diffusers `scheduling_dpmsolver_multistep.py`). Without it, `flow_shift` stays.
pub(super) fn shift_dynamically(map: &mut Map<String, Value>, mu: Option<f64>) -> Result<()> {
    let config = Config::new(map, "this scheduler");
    let (true, Some(mu)) = (config.flag("use_dynamic_shifting", false)?, mu) else { return Ok(()) };
    check_mu(mu)?;
    if !config.choice("time_shift_type", true, &[("exponential", true), ("linear", false)])? {
        return Err(Error::invalid(
            "the scheduler configuration has time_shift_type = \"linear\", which only the schedulers flow_euler and \
             flow_lcm have; all others with use_dynamic_shifting can only take \"exponential\"",
        ));
    }
    map.insert("flow_shift".to_owned(), Value::from(mu.exp()));
    Ok(())
}

/// Timesteps and noise levels of one generation; one level more than timesteps.
pub(super) struct FlowSigmas {
    pub(super) timesteps: Vec<f64>,
    pub(super) sigmas: Vec<f64>,
}

impl FlowSigmas {
    /// What `FlowMatchEulerDiscreteScheduler` and `FlowMatchLCMScheduler` make of their fields.
    pub(super) fn read(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let train = train_timesteps(config)?;
        let shift = Shift::read(config, options.mu)?;
        let shifted = |levels: Vec<f64>| as_f32(levels).into_iter().map(|sigma| shift.apply(sigma)).collect();
        let mut sigmas = match (&options.custom, options.sigmas) {
            (Some(custom), _) => shifted(listed(config, custom, train)?),
            (_, Some(SigmaSchedule::SgmUniform)) => {
                let mut sigmas = trained(shift, train, options.steps + 1);
                sigmas.pop();
                sigmas
            }
            (_, Some(SigmaSchedule::Simple)) => {
                let levels = named_levels::simple(train, options.steps)?;
                shifted(levels.into_iter().map(|t| (t + 1.0) / train as f64).collect())
            }
            _ if options.flow_sigmas => shifted(linspace(1.0, 1.0 / options.steps as f64, options.steps)),
            _ => trained(shift, train, options.steps),
        };
        stretch(config, &mut sigmas)?;
        let spread = Spread::read(config)?;
        if spread != Spread::Trained {
            let (first, last) = (sigmas.first().copied(), sigmas.last().copied());
            let range = SigmaRange { min: last.unwrap_or(1.0), max: first.unwrap_or(1.0) };
            sigmas = SigmaRange::read(config, range)?.spread(spread, options.steps);
        }
        let mut sigmas = as_f32(sigmas);
        let invert = config.flag("invert_sigmas", false)?;
        if invert {
            sigmas.iter_mut().for_each(|sigma| *sigma = f64::from(1.0 - *sigma as f32));
        }
        let timesteps = match &options.custom {
            // Told to the model as they are listed, whatever the shift made of their levels.
            Some(CustomSchedule::Timesteps(listed)) if !invert => as_f32(listed.iter().copied()),
            _ => as_f32(sigmas.iter().map(|sigma| sigma * train as f64)),
        };
        sigmas.push(if invert { 1.0 } else { 0.0 });
        Ok(Self { timesteps, sigmas })
    }

    /// What `FlowMatchHeunDiscreteScheduler` makes of its two fields.
    pub(super) fn fixed(config: &Config<'_>, steps: usize) -> Result<Self> {
        let train = train_timesteps(config)?;
        let shift = Shift::Fixed(config.float("shift", 1.0, &POSITIVE)?);
        let mut sigmas = as_f32(trained(shift, train, steps));
        let timesteps = as_f32(sigmas.iter().map(|sigma| sigma * train as f64));
        sigmas.push(0.0);
        Ok(Self { timesteps, sigmas })
    }

    /// The level at point `index`; beyond the end the last one.
    pub(super) fn sigma(&self, index: usize) -> f64 {
        self.sigmas.get(index).or(self.sigmas.last()).copied().unwrap_or(0.0)
    }
}

/// How levels are moved towards noise.
#[derive(Debug, Clone, Copy)]
enum Shift {
    /// `shift`
    Fixed(f64),
    /// `use_dynamic_shifting`: the factor comes with each generation.
    Dynamic { factor: f64 },
}

impl Shift {
    fn read(config: &Config<'_>, mu: Option<f64>) -> Result<Self> {
        let fixed = Self::Fixed(config.float("shift", 1.0, &POSITIVE)?);
        let exponential = config.choice("time_shift_type", true, &[("exponential", true), ("linear", false)])?;
        if !config.flag("use_dynamic_shifting", false)? {
            return Ok(fixed);
        }
        let Some(mu) = mu else {
            return Err(Error::invalid(
                "the scheduler configuration has use_dynamic_shifting = true, which needs mu, \
                 the shift that belongs to the picture's size",
            ));
        };
        check_mu(mu)?;
        let factor = if exponential { mu.exp() } else { mu };
        if factor <= 0.0 {
            return Err(Error::invalid(format!(
                "mu = {mu} is not possible with time_shift_type = \"linear\"; allowed is a number above 0 up to 100"
            )));
        }
        Ok(Self::Dynamic { factor })
    }

    fn apply(self, sigma: f64) -> f64 {
        match self {
            Self::Fixed(shift) => shift * sigma / (1.0 + (shift - 1.0) * sigma),
            Self::Dynamic { factor } => factor / (factor + (1.0 / sigma - 1.0)),
        }
    }
}

/// The levels of a list, before the shift.
fn listed(config: &Config<'_>, custom: &CustomSchedule, train: usize) -> Result<Vec<f64>> {
    let (what, listed, highest) = match custom {
        CustomSchedule::Sigmas(listed) => ("sigma", listed, 1.0),
        CustomSchedule::Timesteps(listed) => ("timestep", listed, train as f64),
    };
    match listed.iter().find(|v| !(**v > 0.0 && **v <= highest)) {
        None => Ok(listed.iter().map(|v| v / highest).collect()),
        Some(v) => Err(Error::invalid(format!(
            "{v} is listed as a {what}; {} can take numbers above 0 up to {highest}",
            config.class()
        ))),
    }
}

fn train_timesteps(config: &Config<'_>) -> Result<usize> {
    let count = config.integer("num_train_timesteps", 1000, 1, MAX_TRAIN_TIMESTEPS)?;
    Ok(usize::try_from(count).unwrap_or(1))
}

/// Even levels from the noisiest trained one down to the cleanest, shifted.
///
/// A fixed shift is applied to the ends, and then to everything once more. diffusers has it so.
fn trained(shift: Shift, train: usize, steps: usize) -> Vec<f64> {
    let count = train as f64;
    let end = |sigma: f64| match shift {
        Shift::Fixed(_) => f64::from(shift.apply(sigma) as f32),
        Shift::Dynamic { .. } => sigma,
    };
    let even = linspace(end(1.0) * count, end(1.0 / count) * count, steps);
    even.into_iter().map(|t| shift.apply(t / count)).collect()
}

/// Stretches the levels so that the last one is `shift_terminal`, if there is such a field.
fn stretch(config: &Config<'_>, sigmas: &mut [f64]) -> Result<()> {
    let terminal = config.float("shift_terminal", 0.0, &TERMINAL)?;
    let last = sigmas.last().copied().unwrap_or(0.0);
    if terminal == 0.0 {
        return Ok(());
    }
    if last >= 1.0 {
        return Err(Error::invalid(format!(
            "the scheduler configuration has shift_terminal = {terminal}, to which nothing can be stretched when all \
             levels are pure noise; use 2 steps or more"
        )));
    }
    let scale = (1.0 - last) / (1.0 - terminal);
    sigmas.iter_mut().for_each(|sigma| *sigma = 1.0 - (1.0 - *sigma) / scale);
    Ok(())
}

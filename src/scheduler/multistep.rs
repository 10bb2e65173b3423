//! What the solvers in half-log-SNR time share: DPM-Solver++ in both forms, UniPC, DEIS and SA-Solver.

use ndarray::ArrayD;

use crate::error::{Error, Result};

use super::combine::noised;
use super::config::{Config, POSITIVE};
use super::custom::{CustomSchedule, Listed};
use super::named_levels::Levels;
use super::noise_schedule::{BetaDefaults, BetaSchedule, NoiseSchedule, ZeroSnr};
use super::sigmas::{SigmaRange, SigmaTable, Spread, as_f32};
use super::timesteps::{Counting, Spacing, linspace, spaced};
use super::{SchedulerOptions, custom};

/// The family whose `set_timesteps` is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `scheduling_dpmsolver_multistep.py`
    DpmSolver,
    /// `scheduling_unipc_multistep.py`
    UniPc,
    /// `scheduling_deis_multistep.py`
    Deis,
    /// `scheduling_dpmsolver_singlestep.py`
    Singlestep,
    /// `scheduling_sasolver.py`
    SaSolver,
}

/// Timesteps and sigmas of one generation, and how sigmas become alphas.
pub(super) struct Multistep {
    pub(super) timesteps: Vec<f64>,
    pub(super) sigmas: Vec<f64>,
    /// The model's own levels.
    pub(super) trained: NoiseSchedule,
    flow: bool,
}

/// The noise level at one point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    /// Signal: x = alpha x0 + sigma eps.
    pub(super) alpha: f64,
    /// Noise.
    pub(super) sigma: f64,
    /// ln(alpha / sigma): half the log signal-to-noise ratio.
    pub(super) lambda: f64,
    /// The entry of `sigmas` itself: sigma / alpha, or sigma for flow models.
    pub(super) raw: f64,
}

impl Multistep {
    pub(super) fn read(config: &Config<'_>, family: Family, options: &SchedulerOptions) -> Result<Self> {
        let zero_snr = match family {
            Family::DpmSolver | Family::UniPc => ZeroSnr::Floored,
            Family::Deis | Family::Singlestep | Family::SaSolver => ZeroSnr::Absent,
        };
        let schedule = NoiseSchedule::read(config, &BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr })?;
        let (steps, train) = (options.steps, schedule.train_timesteps());
        let last = match family {
            Family::DpmSolver | Family::Singlestep | Family::SaSolver => clipped(config, &schedule)?,
            Family::UniPc | Family::Deis => train,
        };
        let spacing = match family {
            // The class has no other, and takes no notice of a configuration that has.
            Family::Singlestep => Spacing::Linspace,
            _ => Spacing::read(config, Spacing::Linspace)?,
        };
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let table = SigmaTable::new(schedule.sigmas());

        let spread = Spread::read(config)?;
        let lu = family == Family::DpmSolver && config.flag("use_lu_lambdas", false)?;
        let flow = config.flag("use_flow_sigmas", false)?;
        let shift = config.float("flow_shift", 1.0, &POSITIVE)?;
        let from_table = |sigmas: &[f64], round: bool| -> Vec<f64> {
            let t = sigmas.iter().map(|&sigma| table.timestep_of(sigma));
            if round { t.map(f64::round_ties_even).collect() } else { t.collect() }
        };
        let rounded = family != Family::DpmSolver || schedule.shape != BetaSchedule::Cosine;
        let named = Levels::named(&table, options)?;
        if flow && (named.is_some() || options.custom.is_some()) {
            return Err(Error::invalid(
                "the scheduler configuration has use_flow_sigmas = true, whose levels are not those that timesteps or \
                 a schedule of the trained sigmas can be taken from; use the scheduler flow_euler, or the default sigmas",
            ));
        }
        let (timesteps, mut sigmas, trained) = if let Some(Levels { timesteps, sigmas }) = named {
            (timesteps.into_iter().map(f64::round_ties_even).collect(), sigmas, true)
        } else if let Some(CustomSchedule::Timesteps(listed)) = &options.custom {
            let timesteps = custom::trained(config, listed, train, Listed::Whole)?;
            let sigmas = timesteps.iter().map(|&t| table.at(t)).collect();
            (timesteps, sigmas, true)
        } else if spread == Spread::Karras || (spread != Spread::Trained && !lu) {
            let sigmas = SigmaRange::read(config, table.range())?.spread(spread, steps);
            (from_table(&sigmas, spread == Spread::Karras && rounded), sigmas, false)
        } else if lu {
            let logs = table.logs();
            let end = |log: Option<&f32>| log.map_or(0.0, |&l| f64::from(l));
            let lambdas = linspace(end(logs.last()), end(logs.first()), steps);
            let sigmas: Vec<f64> = lambdas.into_iter().map(f64::exp).collect();
            (from_table(&sigmas, rounded), sigmas, false)
        } else if flow {
            let sigmas = flow_sigmas(shift, train, steps);
            (sigmas.iter().map(|sigma| sigma * train as f64).collect(), sigmas, false)
        } else {
            let timesteps = spaced(spacing, Counting::OneMore, steps, train, last, offset)?;
            let sigmas = timesteps.iter().map(|&t| table.at(t)).collect();
            (timesteps, sigmas, true)
        };

        let last_sigma = sigmas.last().copied().unwrap_or(0.0);
        let zero = !matches!(family, Family::Deis | Family::SaSolver)
            && config.choice("final_sigmas_type", true, &[("zero", true), ("sigma_min", false)])?;
        sigmas.push(match family {
            _ if zero => 0.0,
            Family::DpmSolver | Family::Singlestep => table.range().min,
            _ if trained => table.range().min,
            _ => last_sigma,
        });
        // int64 in diffusers: what is not rounded above is cut off.
        let timesteps = timesteps.into_iter().map(f64::trunc).collect();
        Ok(Self { timesteps, sigmas: as_f32(sigmas), trained: schedule, flow })
    }

    /// The same upwards: diffusers `scheduling_dpmsolver_multistep_inverse.py`, whose last step ends at the noisiest
    /// trained level.
    pub(super) fn read_upwards(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let defaults = BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Absent };
        let schedule = NoiseSchedule::read(config, &defaults)?;
        let (steps, train) = (options.steps, schedule.train_timesteps());
        if config.flag("use_flow_sigmas", false)? || Spread::read(config)? != Spread::Trained {
            return Err(Error::Unsupported(
                "the multistep inversion goes through trained noise levels only; leave use_karras_sigmas and its \
                 siblings out of the scheduler configuration, or choose the default sigmas"
                    .to_owned(),
            ));
        }
        let last = clipped(config, &schedule)?;
        let spacing = Spacing::read(config, Spacing::Linspace)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let points = if spacing == Spacing::Trailing { steps } else { steps + 1 };
        let mut timesteps = spaced(spacing, Counting::Whole, points, train, last, offset)?;
        timesteps.reverse();
        timesteps.truncate(steps);
        timesteps.dedup();
        let table = SigmaTable::new(schedule.sigmas());
        let mut sigmas: Vec<f64> = timesteps.iter().map(|&t| table.at(t)).collect();
        sigmas.push(table.at(last as f64 - 1.0));
        Ok(Self { timesteps, sigmas: as_f32(sigmas), trained: schedule, flow: false })
    }

    /// The level at point `index`, from 0 to the number of timesteps.
    pub(super) fn level(&self, index: usize) -> Result<Level> {
        let raw = *self.sigmas.get(index).ok_or_else(|| Error::Internal(format!("no sigma {index}")))?;
        let alpha = if self.flow { 1.0 - raw } else { 1.0 / raw.hypot(1.0) };
        let sigma = if self.flow { raw } else { raw * alpha };
        Ok(Level { alpha, sigma, lambda: alpha.ln() - sigma.ln(), raw })
    }

    /// Does the last step end without noise?
    pub(super) fn ends_at_zero(&self) -> bool {
        self.sigmas.last() == Some(&0.0)
    }

    /// alpha x0 + sigma noise.
    pub(super) fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let level = self.level(index)?;
        noised(original, level.alpha, noise, level.sigma)
    }
}

/// One past the highest timestep whose lambda is not below `lambda_min_clipped`.
fn clipped(config: &Config<'_>, schedule: &NoiseSchedule) -> Result<usize> {
    let limit = config.extended_float("lambda_min_clipped", f64::NEG_INFINITY)? as f32;
    let lambdas = schedule.lambdas();
    let below = lambdas.iter().rev().take_while(|&&lambda| lambda < limit).count();
    let last = schedule.train_timesteps().saturating_sub(below);
    if last == 0 {
        return Err(Error::invalid(format!(
            "the scheduler configuration has lambda_min_clipped = {limit}, which leaves no timestep; \
             it must be below {}",
            lambdas.first().copied().unwrap_or(0.0)
        )));
    }
    Ok(last)
}

/// Rectified-flow sigmas, shifted towards noise: diffusers' `use_flow_sigmas`.
fn flow_sigmas(shift: f64, train: usize, steps: usize) -> Vec<f64> {
    let shifted = |alpha: f64| {
        let sigma = 1.0 - alpha;
        shift * sigma / (1.0 + (shift - 1.0) * sigma)
    };
    let mut sigmas: Vec<f64> = linspace(1.0, 1.0 / train as f64, steps + 1).into_iter().map(shifted).collect();
    sigmas.reverse();
    sigmas.pop();
    sigmas
}

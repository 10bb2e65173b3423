//! What the sigma-space solvers share: Euler, Euler ancestral, Heun, LMS, DPM2 (plain and ancestral) and DPM++ SDE.
//!
//! They hold x = x0 + sigma eps and show the model x / sqrt(sigma^2 + 1).

use ndarray::ArrayD;

use crate::error::{Error, Result};

use super::SchedulerOptions;
use super::combine::{combine, noised};
use super::config::Config;
use super::custom::{CustomSchedule, Listed, trained};
use super::named_levels::Levels;
use super::noise_schedule::{BetaDefaults, NoiseSchedule, linspace_f32};
use super::prediction::Prediction;
use super::sigmas::{SigmaRange, SigmaTable, Spread, as_f32};
use super::timesteps::{Counting, Spacing, spaced};

/// In what the classes' constructors and `set_timesteps` differ.
pub(super) struct SigmaClass {
    pub(super) betas: BetaDefaults,
    pub(super) predictions: &'static [(&'static str, Prediction)],
    /// Does the class have `use_karras_sigmas` and its siblings?
    pub(super) spreads: bool,
    /// Do `sigma_min` and `sigma_max` move Karras sigmas? (Not in LMS.)
    pub(super) karras_limits: bool,
    /// Are the timesteps of Karras sigmas rounded? (In DPM2.)
    pub(super) karras_rounded: bool,
    /// Does the class have `interpolation_type`, `final_sigmas_type` and `timestep_type`? (Euler.)
    pub(super) euler_fields: bool,
    /// Fractional timesteps in float64 or in float32?
    pub(super) counting: Counting,
}

/// Timesteps and sigmas of one generation, a sigma for each solver step and the last one.
pub(super) struct SigmaSpace {
    pub(super) timesteps: Vec<f64>,
    pub(super) sigmas: Vec<f64>,
    pub(super) table: SigmaTable,
    pub(super) prediction: Prediction,
    init_noise_sigma: f64,
}

impl SigmaSpace {
    /// Source: `set_timesteps` of diffusers `scheduling_euler_discrete.py` and its siblings.
    pub(super) fn read(config: &Config<'_>, class: &SigmaClass, options: &SchedulerOptions) -> Result<Self> {
        let schedule = NoiseSchedule::read(config, &class.betas)?;
        let prediction = Prediction::read(config, class.predictions)?;
        let spacing = Spacing::read(config, Spacing::Linspace)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let (steps, train) = (options.steps, schedule.train_timesteps());
        let table = SigmaTable::new(schedule.sigmas());

        let log_linear = class.euler_fields
            && config.choice("interpolation_type", false, &[("linear", false), ("log_linear", true)])?;
        let chosen = match &options.custom {
            Some(CustomSchedule::Sigmas(listed)) => {
                Some(Levels::of(&table, as_f32(listed.iter().copied().take(steps))))
            }
            _ => Levels::named(&table, options)?,
        };
        let (mut timesteps, mut sigmas) = if let Some(Levels { timesteps, sigmas }) = chosen {
            (timesteps, sigmas)
        } else {
            let timesteps = match &options.custom {
                Some(CustomSchedule::Timesteps(listed)) => as_f32(trained(config, listed, train, Listed::Fractional)?),
                _ => spaced(spacing, class.counting, steps, train, train, offset)?,
            };
            let sigmas: Vec<f64> = if log_linear {
                // One sigma more than timesteps; only add_noise and the last Euler step see the difference.
                let logs = table.logs();
                let (low, high) = (logs.first().copied().unwrap_or(0.0), logs.last().copied().unwrap_or(0.0));
                linspace_f32(high, low, steps + 1).into_iter().map(|log| f64::from(log.exp())).collect()
            } else {
                timesteps.iter().map(|&t| table.at(t)).collect()
            };
            (timesteps, sigmas)
        };

        let spread = if class.spreads { Spread::read(config)? } else { Spread::Trained };
        if spread != Spread::Trained {
            let mut range =
                SigmaRange { min: sigmas.last().copied().unwrap_or(1.0), max: sigmas.first().copied().unwrap_or(1.0) };
            if class.karras_limits || spread != Spread::Karras {
                range = SigmaRange::read(config, range)?;
            }
            sigmas = range.spread(spread, steps);
            timesteps = sigmas.iter().map(|&sigma| table.timestep_of(sigma)).collect();
            if class.karras_rounded && spread == Spread::Karras {
                timesteps.iter_mut().for_each(|t| *t = t.round_ties_even());
            }
        }

        let keep_last =
            class.euler_fields && config.choice("final_sigmas_type", false, &[("zero", false), ("sigma_min", true)])?;
        sigmas.push(match &options.custom {
            Some(CustomSchedule::Sigmas(listed)) => listed.last().copied().unwrap_or(0.0),
            _ if keep_last => table.range().min,
            _ => 0.0,
        });
        let sigmas = as_f32(sigmas);

        let continuous = class.euler_fields
            && config.choice("timestep_type", false, &[("discrete", false), ("continuous", true)])?;
        if continuous && prediction == Prediction::Velocity {
            if matches!(options.custom, Some(CustomSchedule::Timesteps(_))) {
                return Err(Error::invalid(
                    "timesteps are listed, but the scheduler configuration has timestep_type = \"continuous\" with \
                     prediction_type = \"v_prediction\", where timesteps come from sigmas; list those instead",
                ));
            }
            timesteps = sigmas.iter().take(sigmas.len().saturating_sub(1)).map(|sigma| 0.25 * sigma.ln()).collect();
        }

        let max = sigmas.iter().copied().fold(0.0, f64::max);
        let init_noise_sigma = if spacing == Spacing::Leading { max.hypot(1.0) } else { max };
        Ok(Self { timesteps: as_f32(timesteps), sigmas, table, prediction, init_noise_sigma })
    }

    pub(super) fn init_noise_sigma(&self) -> f64 {
        self.init_noise_sigma
    }

    /// The sigma of a solver step; 0 after the last.
    pub(super) fn sigma(&self, step: usize) -> f64 {
        self.sigmas.get(step).copied().unwrap_or(0.0)
    }
}

/// Divides the model's input by sqrt(sigma^2 + 1).
pub(super) fn scale_input(sample: &mut ArrayD<f32>, sigma: f64) {
    combine(sample, 1.0 / sigma.hypot(1.0), &[]);
}

/// x0 + sigma noise.
pub(super) fn add_noise(original: &ArrayD<f32>, noise: &ArrayD<f32>, sigma: f64) -> Result<ArrayD<f32>> {
    noised(original, 1.0, noise, sigma)
}

/// Each sigma but the first twice, as solvers that ask the model twice a step list them.
pub(super) fn interleaved(sigmas: &[f64]) -> Vec<f64> {
    sigmas.iter().enumerate().flat_map(|(i, &sigma)| std::iter::repeat_n(sigma, if i == 0 { 1 } else { 2 })).collect()
}

/// The parts of a step from one sigma to the next that an ancestral sampler takes without (`down`) and with (`up`)
/// noise; Song et al., arXiv 2010.02502, with eta 1, as in k-diffusion `get_ancestral_step`.
pub(super) fn ancestral_parts(from: f64, to: f64) -> (f64, f64) {
    let up = (to * to * (from * from - to * to) / (from * from)).max(0.0).sqrt();
    ((to * to - up * up).max(0.0).sqrt(), up)
}

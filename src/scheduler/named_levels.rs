//! Schedules that are picked from the model's own levels (`sgm_uniform`, `simple`) or were found for a model (`ays`).

use crate::error::{Error, Result};

use super::config::Config;
use super::custom::{CustomSchedule, Listed, trained};
use super::noise_schedule::NoiseSchedule;
use super::sigmas::{SigmaTable, as_f32};
use super::timesteps::linspace;
use super::{SchedulerOptions, SigmaSchedule};

/// Which model's levels [`SigmaSchedule::AlignYourSteps`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AysModel {
    /// Stable Diffusion 1.5, and what is near it.
    #[default]
    StableDiffusion,
    /// Stable Diffusion XL.
    StableDiffusionXl,
}

impl AysModel {
    /// The levels of ten steps and of their end.
    ///
    /// Source: Sabour et al., arXiv 2404.14507, and its page (research.nvidia.com/labs/toronto-ai/AlignYourSteps,
    /// "howto"); the first ten are `StableDiffusionSigmas` and `StableDiffusionXLSigmas` of diffusers'
    /// `scheduling_utils.py`, `AysSchedules`.
    fn sigmas(self) -> [f64; 11] {
        match self {
            Self::StableDiffusion => [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
            Self::StableDiffusionXl => [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029],
        }
    }

    /// The timesteps of ten steps among a thousand: `StableDiffusionTimesteps` and `StableDiffusionXLTimesteps` there.
    fn timesteps(self) -> [f64; 10] {
        match self {
            Self::StableDiffusion => [999.0, 850.0, 736.0, 645.0, 545.0, 455.0, 343.0, 233.0, 124.0, 24.0],
            Self::StableDiffusionXl => [999.0, 845.0, 730.0, 587.0, 443.0, 310.0, 193.0, 116.0, 53.0, 13.0],
        }
    }

    /// The levels of `steps` steps, without the end: linear in log sigma over the eleven, as the page does it.
    fn levels(self, steps: usize) -> Vec<f64> {
        let known = self.sigmas();
        let level = |place: f64| {
            let below = (place.floor() as usize).min(known.len() - 2);
            let share = place - below as f64;
            // Exactly the known one at its own place.
            if share == 0.0 {
                return known[below];
            }
            ((1.0 - share) * known[below].ln() + share * known[below + 1].ln()).exp()
        };
        (0..steps).map(|i| level((i * (known.len() - 1)) as f64 / steps as f64)).collect()
    }
}

/// Levels without the end, and where among the trained ones they lie.
pub(super) struct Levels {
    pub(super) timesteps: Vec<f64>,
    pub(super) sigmas: Vec<f64>,
}

impl Levels {
    /// Those of `sigmas`, at fractional timesteps.
    pub(super) fn of(table: &SigmaTable, sigmas: Vec<f64>) -> Self {
        Self { timesteps: sigmas.iter().map(|&sigma| table.timestep_of(sigma)).collect(), sigmas }
    }

    /// Those that the options name; `None` where they name none of these.
    ///
    /// # Errors
    /// More steps than there are levels to pick from.
    pub(super) fn named(table: &SigmaTable, options: &SchedulerOptions) -> Result<Option<Self>> {
        let timesteps = match options.sigmas {
            Some(SigmaSchedule::SgmUniform) => sgm_uniform(table.len(), options.steps),
            Some(SigmaSchedule::Simple) => simple(table.len(), options.steps)?,
            Some(SigmaSchedule::AlignYourSteps) => {
                return Ok(Some(Self::of(table, as_f32(options.ays.levels(options.steps)))));
            }
            _ => return Ok(None),
        };
        Ok(Some(Self { sigmas: timesteps.iter().map(|&t| table.log_linear_at(t)).collect(), timesteps }))
    }
}

/// The same for solvers that know trained timesteps only, and for those that the options list; `None` where the class
/// counts its own.
///
/// # Errors
/// More steps than trained timesteps, or listed ones that were not trained.
pub(super) fn timesteps(
    config: &Config<'_>,
    schedule: &NoiseSchedule,
    options: &SchedulerOptions,
) -> Result<Option<Vec<i64>>> {
    let (train, steps) = (schedule.train_timesteps(), options.steps);
    let chosen = match (&options.custom, options.sigmas) {
        (Some(CustomSchedule::Timesteps(listed)), _) => trained(config, listed, train, Listed::Whole)?,
        (_, Some(SigmaSchedule::SgmUniform)) => {
            super::discrete::check_steps(config, steps, train)?;
            sgm_uniform(train, steps)
        }
        (_, Some(SigmaSchedule::Simple)) => simple(train, steps)?,
        (_, Some(SigmaSchedule::AlignYourSteps)) if steps == 10 && train == 1000 => options.ays.timesteps().to_vec(),
        (_, Some(SigmaSchedule::AlignYourSteps)) => {
            let table = SigmaTable::new(schedule.sigmas());
            options.ays.levels(steps).into_iter().map(|sigma| table.timestep_of(sigma)).collect()
        }
        _ => return Ok(None),
    };
    Ok(Some(chosen.into_iter().map(|t| t.round_ties_even() as i64).collect()))
}

/// Even timesteps from the last of `train` to the first, without the first.
fn sgm_uniform(train: usize, steps: usize) -> Vec<f64> {
    let mut timesteps = linspace(train.saturating_sub(1) as f64, 0.0, steps + 1);
    timesteps.pop();
    timesteps
}

/// Every (train / steps)th timestep from the last down.
pub(super) fn simple(train: usize, steps: usize) -> Result<Vec<f64>> {
    if steps > train {
        return Err(Error::invalid(format!(
            "{steps} steps are more than the {train} trained levels that the sigma schedule \"simple\" picks from"
        )));
    }
    let stride = train as f64 / steps as f64;
    Ok((0..steps).map(|i| (train - 1) as f64 - (i as f64 * stride).floor()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::scheduler::{SchedulerKind, create};

    const NAMED: [SigmaSchedule; 3] = [SigmaSchedule::SgmUniform, SigmaSchedule::Simple, SigmaSchedule::AlignYourSteps];

    fn options(sigmas: SigmaSchedule, steps: usize) -> SchedulerOptions {
        SchedulerOptions { sigmas: Some(sigmas), ..SchedulerOptions::new(steps) }
    }

    #[test]
    fn solvers_without_such_levels_refuse_them() {
        for kind in [SchedulerKind::Ddim, SchedulerKind::Pndm, SchedulerKind::FlowHeun, SchedulerKind::EdmEuler] {
            for sigmas in NAMED {
                let error = create(kind, &Map::new(), &options(sigmas, 5)).err().unwrap().to_string();
                assert!(error.contains(kind.name()) && error.contains(sigmas.name()), "{error}");
                assert!(error.contains("dpmpp_2m_sde") && error.contains("lcm"), "{error}");
            }
        }
        for kind in [SchedulerKind::FlowEuler, SchedulerKind::FlowLcm] {
            let error = create(kind, &Map::new(), &options(NAMED[2], 5)).err().unwrap().to_string();
            assert!(error.contains("ays") && error.contains("euler_ancestral"), "{error}");
        }
        let flow = json!({"use_flow_sigmas": true}).as_object().unwrap().clone();
        let error = create(SchedulerKind::UniPc, &flow, &options(NAMED[0], 5)).err().unwrap().to_string();
        assert!(error.contains("use_flow_sigmas"), "{error}");
    }

    #[test]
    fn any_number_of_steps_is_finite_or_refused() {
        for kind in SchedulerKind::ALL {
            for sigmas in NAMED {
                for steps in [1, 2, 3, 16, 999, 1000] {
                    let Ok(scheduler) = create(kind, &Map::new(), &options(sigmas, steps)) else { continue };
                    let numbers = scheduler.sigmas().into_iter().chain(scheduler.timesteps().iter().copied());
                    assert!(numbers.into_iter().all(f64::is_finite), "{} {sigmas:?} {steps}", kind.name());
                    assert_eq!(scheduler.timesteps().len().div_ceil(scheduler.order()), steps);
                }
            }
        }
        let error = create(SchedulerKind::Euler, &Map::new(), &options(NAMED[1], 1001)).err().unwrap().to_string();
        assert!(error.contains("1001 steps") && error.contains("1000 trained levels"), "{error}");
    }
}

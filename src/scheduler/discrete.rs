//! What the solvers share that step from one whole timestep to another: DDIM, DDPM and PNDM.

use ndarray::ArrayD;

use crate::error::{Error, Result};

use super::combine::noised;
use super::config::Config;
use super::noise_schedule::NoiseSchedule;

/// The cumulative alphas at both ends of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jump {
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Refuses more steps than trained timesteps, as the classes themselves do.
pub(super) fn check_steps(config: &Config<'_>, steps: usize, train: usize) -> Result<()> {
    if steps <= train {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{steps} steps are more than the {train} timesteps that the model was trained with; \
         {} can take 1 to {train} steps",
        config.class()
    )))
}

/// Looks the levels of `pairs` of timesteps up; a negative target is the end, with cumulative alpha `last`.
pub(super) fn jumps(schedule: &NoiseSchedule, pairs: impl Iterator<Item = (i64, i64)>, last: f64) -> Result<Vec<Jump>> {
    let level = |t: i64| if t < 0 { Ok(last) } else { schedule.alpha_cumprod(t) };
    pairs.map(|(from, to)| Ok(Jump { from: schedule.alpha_cumprod(from)?, to: level(to)? })).collect()
}

pub(super) fn jump(jumps: &[Jump], index: usize) -> Result<Jump> {
    jumps.get(index).copied().ok_or_else(|| Error::invalid(format!("there is no step {index}")))
}

/// The forward process to the level where step `index` begins.
pub(super) fn jump_noise(
    jumps: &[Jump],
    original: &ArrayD<f32>,
    noise: &ArrayD<f32>,
    index: usize,
) -> Result<ArrayD<f32>> {
    let alpha = jump(jumps, index)?.from;
    noised(original, alpha.sqrt(), noise, (1.0 - alpha).sqrt())
}

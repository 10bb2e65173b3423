//! The timesteps of models distilled for few steps (LCM, TCD): some of those that the distillation knew.
//!
//! Source: Luo et al., arXiv 2310.04378, section 4.3 (the skipping step k); diffusers `scheduling_lcm.py` and
//! `scheduling_tcd.py`, `set_timesteps`.

use crate::error::{Error, Result};

use super::config::Config;
use super::noise_schedule::{BetaDefaults, BetaSchedule, NoiseSchedule, ZeroSnr};
use super::{SchedulerOptions, named_levels};

/// The class defaults that LCM and TCD share: those of Stable Diffusion.
pub(super) fn noise_schedule(config: &Config<'_>) -> Result<NoiseSchedule> {
    let betas = BetaDefaults { range: (0.00085, 0.012), extra: None, zero_snr: ZeroSnr::Exact };
    NoiseSchedule::read_with(config, &betas, BetaSchedule::ScaledLinear)
}

/// `steps` of the `original_inference_steps` timesteps of the distillation, in descending order.
///
/// `strength` below 1 keeps only the cleanest of them, as image-to-image pipelines made for these models want it.
///
/// Timesteps that the options list or name are taken as they are, and `strength` then leaves out the noisiest.
pub(super) fn timesteps(config: &Config<'_>, schedule: &NoiseSchedule, options: &SchedulerOptions) -> Result<Vec<i64>> {
    let (steps, strength) = (options.steps, options.strength);
    if let Some(chosen) = named_levels::timesteps(config, schedule, options)? {
        let kept = (chosen.len() as f64 * strength) as usize;
        if kept == 0 {
            return Err(Error::invalid(format!(
                "a strength of {strength} leaves none of {} timesteps; it must be at least {:.4}",
                chosen.len(),
                1.0 / chosen.len() as f64
            )));
        }
        return Ok(chosen[chosen.len() - kept..].to_vec());
    }
    let limit = i64::try_from(schedule.train_timesteps()).unwrap_or(i64::MAX);
    let original = config.integer("original_inference_steps", 50, 1, limit)?;
    let stride = limit / original;
    let kept = (original as f64 * strength) as i64;
    let available = usize::try_from(kept).unwrap_or(0);
    if available < steps {
        return Err(Error::invalid(format!(
            "{steps} steps are more than the {available} that {} can take here (original_inference_steps = {original} \
             times strength {strength}); use fewer steps or a higher strength",
            config.class()
        )));
    }
    let step = kept as f64 / steps as f64;
    Ok((0..steps).map(|i| (kept - (i as f64 * step).floor() as i64) * stride - 1).collect())
}

//! The timesteps of models distilled for few steps (LCM, TCD): some of those that the distillation knew.
//!
//! Source: Luo et al., arXiv 2310.04378, section 4.3 (the skipping step k); diffusers `scheduling_lcm.py` and
//! `scheduling_tcd.py`, `set_timesteps`.

use crate::error::{Error, Result};

use super::config::Config;
use super::noise_schedule::{BetaDefaults, BetaSchedule, NoiseSchedule, ZeroSnr};

/// The class defaults that LCM and TCD share: those of Stable Diffusion.
pub(super) fn noise_schedule(config: &Config<'_>) -> Result<NoiseSchedule> {
    let betas = BetaDefaults { range: (0.00085, 0.012), extra: None, zero_snr: ZeroSnr::Exact };
    NoiseSchedule::read_with(config, &betas, BetaSchedule::ScaledLinear)
}

/// `steps` of the `original_inference_steps` timesteps of the distillation, in descending order.
///
/// `strength` below 1 keeps only the cleanest of them, as image-to-image pipelines made for these models want it.
pub(super) fn timesteps(config: &Config<'_>, train: usize, steps: usize, strength: f64) -> Result<Vec<i64>> {
    let limit = i64::try_from(train).unwrap_or(i64::MAX);
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

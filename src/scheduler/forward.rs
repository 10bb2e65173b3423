//! The forward process alone, for pictures that are conditioning and not a start.

use serde_json::{Map, Value};

use super::config::Config;
use super::noise_schedule::{BetaDefaults, NoiseSchedule, ZeroSnr};
use crate::error::Result;

/// The factors of the sample and of the noise at an integer `timestep`: √ᾱ and √(1−ᾱ), of the schedule in `config`
/// (diffusers `DDPMScheduler.add_noise`, whose defaults hold for what is missing).
///
/// # Errors
/// [`crate::Error::InvalidArgument`] for a field that is not allowed, or a timestep outside the schedule.
pub fn forward_factors(config: &Map<String, Value>, timestep: usize) -> Result<[f64; 2]> {
    let defaults = BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Exact };
    let schedule = NoiseSchedule::read(&Config::new(config, "DDPMScheduler"), &defaults)?;
    let alpha = schedule.alpha_cumprod(i64::try_from(timestep).unwrap_or(i64::MAX))?;
    Ok([alpha.sqrt(), (1.0 - alpha).sqrt()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_shares_are_one_in_squares_and_noise_grows() {
        let config = Map::new();
        let mut before = 0.0;
        for timestep in [0, 20, 350, 999] {
            let [keep, add] = forward_factors(&config, timestep).unwrap();
            assert!((keep * keep + add * add - 1.0).abs() < 1e-12 && add > before, "{timestep}");
            before = add;
        }
        assert!(forward_factors(&config, 1000).is_err());
    }
}

//! Calls of the denoiser that may be left out.

use super::{MAX_STEPS, check};
use crate::error::{Error, Result};

/// The largest error that [`Reuse::threshold`] may allow.
pub const MAX_REUSE_THRESHOLD: f32 = 10.0;

/// How much of the denoiser's work may be replaced by what it said before. The default is none, and then the result is
/// exact; every other choice is faster and another picture, more or less near. [`crate::Timings`] says how many calls
/// were left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reuse {
    /// Calls are left out while the sum of the output's relative changes, estimated from those of the input, stays
    /// below this: 0 (off) to [`MAX_REUSE_THRESHOLD`], usually 0.02 to 0.3 (EasyCache, arXiv:2507.02860; TeaCache,
    /// arXiv:2411.19108).
    pub threshold: f32,
    /// How many steps at the start are never left out. At least two are needed to know how fast the output changes.
    pub first_steps: u32,
    /// How many at the end.
    pub last_steps: u32,
    /// The negative prompt is asked every so many steps, 1 (always) to [`MAX_STEPS`]; between them its difference to
    /// the positive one is kept, at half the cost (Compress Guidance, arXiv:2408.11194).
    pub negative_every: u32,
    /// The part of the schedule, 0 to 1 (all), after which it is asked no more and the last difference is kept.
    pub negative_until: f32,
}

impl Default for Reuse {
    fn default() -> Self {
        Self { threshold: 0.0, first_steps: 3, last_steps: 1, negative_every: 1, negative_until: 1.0 }
    }
}

impl Reuse {
    /// Whether the negative prompt may be left out.
    #[must_use]
    pub fn saves_negatives(&self) -> bool {
        self.negative_every > 1 || self.negative_until < 1.0
    }

    pub(super) fn validate(&self) -> Result<()> {
        check("the reuse threshold", self.threshold, 0.0..=MAX_REUSE_THRESHOLD)?;
        check("the end of the negative prompt", self.negative_until, 0.0..=1.0)?;
        if !(1..=MAX_STEPS).contains(&self.negative_every) {
            return Err(Error::invalid(format!(
                "the negative prompt is asked every {} steps; allowed are 1 to {MAX_STEPS}",
                self.negative_every
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_leaves_nothing_out_and_what_is_out_of_range_is_named() {
        let none = Reuse::default();
        assert!(none.validate().is_ok() && none.threshold == 0.0 && !none.saves_negatives());
        for (reuse, words) in [
            (Reuse { threshold: -1.0, ..none }, "threshold is -1"),
            (Reuse { threshold: f32::NAN, ..none }, "threshold is NaN"),
            (Reuse { negative_every: 0, ..none }, "every 0 steps"),
            (Reuse { negative_until: 2.0, ..none }, "is 2"),
        ] {
            let message = reuse.validate().unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}

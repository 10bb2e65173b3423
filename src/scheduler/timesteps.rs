//! Which of the trained timesteps are visited: diffusers' three spacings, with NumPy's rounding.

use crate::error::{Error, Result};

use super::config::Config;

/// `timestep_spacing`; table 2 of Lin et al., arXiv 2305.08891.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// Evenly from the last timestep to the first, both included.
    Linspace,
    /// Multiples of a whole stride, shifted by `steps_offset`.
    Leading,
    /// Whole strides down from the last timestep.
    Trailing,
}

impl Spacing {
    pub(super) fn read(config: &Config<'_>, default: Self) -> Result<Self> {
        let table = [("linspace", Self::Linspace), ("leading", Self::Leading), ("trailing", Self::Trailing)];
        config.choice("timestep_spacing", default, &table)
    }
}

/// How a family counts its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// `n` whole timesteps: DDIM, DDPM, PNDM.
    Whole,
    /// `n` timesteps that linspace leaves fractional (float32): the sigma-space solvers.
    Fractional,
    /// The same in float64: DPM++ SDE.
    Double,
    /// The first `n` of `n + 1` whole timesteps: the multistep solvers.
    OneMore,
}

/// The timesteps in descending order.
///
/// `last` is one past the highest timestep that may be visited; it differs from `train` only for
/// `lambda_min_clipped`. Source: `set_timesteps` of diffusers `scheduling_ddim.py` (Whole),
/// `scheduling_euler_discrete.py` (Fractional), `scheduling_dpmsolver_multistep.py` (OneMore).
pub(super) fn spaced(
    spacing: Spacing,
    counting: Counting,
    steps: usize,
    train: usize,
    last: usize,
    offset: i64,
) -> Result<Vec<f64>> {
    let points = if counting == Counting::OneMore { steps + 1 } else { steps };
    let descending = match spacing {
        Spacing::Linspace => {
            let mut ascending = linspace(0.0, last as f64 - 1.0, points);
            for t in &mut ascending {
                *t = match counting {
                    Counting::Fractional => f64::from(*t as f32),
                    Counting::Double => *t,
                    Counting::Whole | Counting::OneMore => t.round_ties_even(),
                };
            }
            ascending.reverse();
            ascending
        }
        Spacing::Leading => {
            let ratio = last / points;
            if ratio == 0 {
                return Err(Error::invalid(format!(
                    "{steps} steps are too many for the timestep spacing \"leading\" with {last} trained timesteps; \
                     at most {} are possible",
                    last.saturating_sub(points - steps)
                )));
            }
            (0..points).rev().map(|i| (i * ratio) as f64 + offset as f64).collect()
        }
        Spacing::Trailing => {
            let ratio = train as f64 / steps as f64;
            let whole = arange_down(last as f64, ratio).into_iter().map(|t| t.round_ties_even() - 1.0);
            // For 103 steps of 1000, and for others, the float quotient makes one timestep too many, -1, at which
            // diffusers reads its tables from the wrong end. There is no such timestep; it is left out here.
            return Ok(whole.filter(|&t| t >= 0.0).collect());
        }
    };
    Ok(descending.into_iter().take(steps).collect())
}

/// `numpy.linspace` with the end point.
pub(super) fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    if count < 2 {
        return vec![start; count];
    }
    let step = (end - start) / (count - 1) as f64;
    (0..count).map(|i| if i + 1 == count { end } else { start + i as f64 * step }).collect()
}

/// `numpy.arange(start, 0, -step)`: the length by rounding a quotient up, the values by multiplication with the
/// difference of the first two (so that its float errors are ours).
fn arange_down(start: f64, step: f64) -> Vec<f64> {
    let length = (start / step).ceil() as usize;
    let delta = (start - step) - start;
    (0..length).map(|i| start + i as f64 * delta).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_to_even() {
        // 0, 0.5, 1, 1.5, 2 of five points over three timesteps.
        let t = spaced(Spacing::Linspace, Counting::Whole, 5, 3, 3, 0).unwrap();
        assert_eq!(t, [2.0, 2.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn leading_refuses_a_stride_of_zero() {
        let error = spaced(Spacing::Leading, Counting::OneMore, 10, 10, 10, 0).unwrap_err().to_string();
        assert!(error.contains("at most 9"), "{error}");
        assert_eq!(spaced(Spacing::Leading, Counting::OneMore, 9, 10, 10, 1).unwrap().len(), 9);
    }
}

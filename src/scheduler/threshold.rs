//! Keeping a predicted x0 in range: a fixed clamp, or dynamic thresholding.

use ndarray::ArrayD;

use crate::error::Result;

use super::config::{Config, POSITIVE, UNIT};

/// What is done to every predicted x0.
#[derive(Debug, Clone)]
pub(super) enum Clipping {
    /// Nothing.
    Off,
    /// Clamp to `-range..=range`.
    Range(f32),
    /// Dynamic thresholding, Saharia et al., arXiv 2205.11487, section 2.3.
    Dynamic {
        /// Which quantile of |x0| is the new limit.
        ratio: f64,
        /// The limit's own upper limit.
        max: f32,
        /// Scratch space, kept between steps.
        magnitudes: Vec<f32>,
    },
}

impl Clipping {
    /// Reads `thresholding` and its two numbers.
    pub(super) fn read_dynamic(config: &Config<'_>) -> Result<Self> {
        let ratio = config.float("dynamic_thresholding_ratio", 0.995, &UNIT)?;
        let max = config.float("sample_max_value", 1.0, &POSITIVE)? as f32;
        let on = config.flag("thresholding", false)?;
        Ok(if on { Self::Dynamic { ratio, max, magnitudes: Vec::new() } } else { Self::Off })
    }

    /// Reads `clip_sample` and `clip_sample_range`.
    pub(super) fn read_range(config: &Config<'_>, default: bool) -> Result<Self> {
        let range = config.float("clip_sample_range", 1.0, &POSITIVE)? as f32;
        Ok(if config.flag("clip_sample", default)? { Self::Range(range) } else { Self::Off })
    }

    /// Reads both; thresholding wins, as in diffusers `scheduling_ddim.py`. `default` is that of `clip_sample`.
    pub(super) fn read(config: &Config<'_>, default: bool) -> Result<Self> {
        let range = Self::read_range(config, default)?;
        Ok(match Self::read_dynamic(config)? {
            Self::Off => range,
            dynamic => dynamic,
        })
    }

    /// Applies it in place; the first axis of `x0` is the batch.
    pub(super) fn apply(&mut self, x0: &mut ArrayD<f32>) {
        match self {
            Self::Off => {}
            Self::Range(range) => {
                let range = *range;
                x0.mapv_inplace(|value| value.clamp(-range, range));
            }
            Self::Dynamic { ratio, max, magnitudes } => {
                for mut picture in x0.outer_iter_mut_or_whole() {
                    magnitudes.clear();
                    magnitudes.extend(picture.iter().map(|value| value.abs()));
                    // torch.clamp(s, min=1, max=limit): the upper limit wins.
                    let limit = quantile(magnitudes, *ratio).max(1.0).min(*max);
                    picture.mapv_inplace(|value| value.clamp(-limit, limit) / limit);
                }
            }
        }
    }
}

/// The pictures of a batch as mutable views; an array without axes is one picture.
trait Pictures {
    fn outer_iter_mut_or_whole(&mut self) -> Vec<ndarray::ArrayViewMutD<'_, f32>>;
}

impl Pictures for ArrayD<f32> {
    fn outer_iter_mut_or_whole(&mut self) -> Vec<ndarray::ArrayViewMutD<'_, f32>> {
        if self.ndim() == 0 { vec![self.view_mut()] } else { self.outer_iter_mut().collect() }
    }
}

/// `torch.quantile` with linear interpolation; 0 of nothing. Reorders `values`.
pub(crate) fn quantile(values: &mut [f32], ratio: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = ratio * (values.len() - 1) as f64;
    let below = (rank.floor() as usize).min(values.len() - 1);
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f32::total_cmp);
    let high = above.iter().copied().min_by(f32::total_cmp).unwrap_or(low);
    low + (high - low) * (rank - below as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_interpolates() {
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 1.0), 4.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
        assert!(quantile(&mut [f32::NAN, f32::NAN], 0.5).is_nan());
    }

    #[test]
    fn nothing_breaks_on_empty_or_axisless_arrays() {
        let mut clipping = Clipping::Dynamic { ratio: 0.9, max: 2.0, magnitudes: Vec::new() };
        for shape in [&[][..], &[0, 4], &[2, 0]] {
            clipping.apply(&mut ArrayD::zeros(shape));
        }
    }
}

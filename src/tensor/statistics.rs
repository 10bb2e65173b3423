//! The mean and the deviation of a kind of embeddings.

use ndarray::{ArrayD, ArrayViewMutD, Axis};

use crate::error::{Error, Result};

/// The mean and the standard deviation of each value of a kind of embeddings, between whose own scale and the one that a
/// prior or a semantic encoder's users work in they translate (diffusers `StableUnCLIPImageNormalizer`, the `clip_mean`
/// and `clip_std` of `PriorTransformer`, diffae's `conds_mean` and `conds_std`).
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

impl Statistics {
    /// # Errors
    /// [`Error::InvalidArgument`] for no values, different numbers of them, a mean that is not finite, or a deviation
    /// that is not above 0.
    pub fn new(mean: Vec<f32>, deviation: Vec<f32>) -> Result<Self> {
        if mean.is_empty() || mean.len() != deviation.len() {
            return Err(Error::invalid(format!(
                "a mean of {} and a deviation of {} values do not belong together; both have as many as an embedding",
                mean.len(),
                deviation.len()
            )));
        }
        if let Some(at) = mean.iter().position(|value| !value.is_finite()) {
            return Err(Error::invalid(format!("value {at} of the mean is {}, which is no number", mean[at])));
        }
        if let Some(at) = deviation.iter().position(|value| !(value.is_finite() && *value > 0.0)) {
            return Err(Error::invalid(format!(
                "value {at} of the deviation is {}; allowed is everything above 0",
                deviation[at]
            )));
        }
        Ok(Self { mean, deviation })
    }

    /// How many values an embedding of this kind has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// `(z − mean) / deviation`, for embeddings along the last axis.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the last axis has another length.
    pub fn scale(&self, mut embeddings: ArrayD<f32>) -> Result<ArrayD<f32>> {
        self.each(embeddings.view_mut(), |value, mean, deviation| (value - mean) / deviation)?;
        Ok(embeddings)
    }

    /// `z · deviation + mean`, for embeddings along the last axis: what [`Statistics::scale`] undoes.
    ///
    /// # Errors
    /// As there.
    pub fn unscale(&self, mut embeddings: ArrayD<f32>) -> Result<ArrayD<f32>> {
        self.each(embeddings.view_mut(), |value, mean, deviation| value * deviation + mean)?;
        Ok(embeddings)
    }

    fn each(&self, mut embeddings: ArrayViewMutD<'_, f32>, change: impl Fn(f32, f32, f32) -> f32) -> Result<()> {
        if embeddings.shape().last() != Some(&self.width()) {
            return Err(Error::invalid(format!(
                "embeddings of shape {:?} do not fit a mean and a deviation of {} values",
                embeddings.shape(),
                self.width()
            )));
        }
        let last = Axis(embeddings.ndim() - 1);
        for mut row in embeddings.lanes_mut(last) {
            for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *value = change(*value, *mean, *deviation);
            }
        }
        Ok(())
    }
}

//! Adaptive projected guidance.

use ndarray::{ArrayD, ArrayView, ArrayViewD, Dimension, Zip};

/// Adaptive projected guidance (Sadat et al. 2024, arXiv:2410.02416): of the difference between the two predictions,
/// the part that is parallel to the positive one, which oversaturates, is weakened; large differences are shortened;
/// and a negative momentum keeps steps from repeating each other. As diffusers' `AdaptiveProjectedGuidance`, on
/// whatever the denoiser predicts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    /// How much of the parallel part stays, 0 to 1 (all).
    pub eta: f32,
    /// The longest that the difference may be, as Euclidean norm over a picture, up to a million; 0 sets no limit.
    pub threshold: f32,
    /// How much of the earlier differences is added, -1 to 1; negative in the paper, 0 is off.
    pub momentum: f32,
}

impl Default for Projection {
    /// Nothing of the parallel part, diffusers' norm threshold, no momentum.
    fn default() -> Self {
        Self { eta: 0.0, threshold: 15.0, momentum: 0.0 }
    }
}

impl Projection {
    /// Changes `difference` in place; `average` is what the calls before left, and `positive` the prediction that the
    /// difference leads to. The first axis is the pictures.
    pub(super) fn apply(
        &self,
        difference: &mut ArrayD<f32>,
        average: &mut Option<ArrayD<f32>>,
        positive: &ArrayViewD<'_, f32>,
    ) {
        if self.momentum != 0.0 {
            if let Some(average) = average {
                Zip::from(&mut *difference).and(&*average).for_each(|d, &a| *d += self.momentum * a);
                average.assign(difference);
            } else {
                *average = Some(difference.clone());
            }
        }
        for (mut difference, positive) in difference.outer_iter_mut().zip(positive.outer_iter()) {
            let norm = dot(&difference.view(), &difference.view()).sqrt();
            if self.threshold > 0.0 && norm > f64::from(self.threshold) {
                let factor = (f64::from(self.threshold) / norm) as f32;
                difference.mapv_inplace(|d| d * factor);
            }
            let square = dot(&positive, &positive);
            if square > 0.0 {
                // difference − (1 − η) · its part along `positive`.
                let along = dot(&difference.view(), &positive) / square * (1.0 - f64::from(self.eta));
                Zip::from(&mut difference)
                    .and(&positive)
                    .for_each(|d, &p| *d = (f64::from(*d) - along * f64::from(p)) as f32);
            }
        }
    }
}

/// The sum of products, in float64.
pub(super) fn dot<D: Dimension>(one: &ArrayView<'_, f32, D>, other: &ArrayView<'_, f32, D>) -> f64 {
    one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

//! CFG-Zero*'s optimised scale.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::projection::dot;

/// Multiplies each picture of `negative` with s* = ⟨positive, negative⟩ / ‖negative‖², which brings it closest to the
/// positive prediction (Fan et al. 2025, arXiv:2503.18886; diffusers `cfg_zero_star_scale` with its 1e-8).
pub(super) fn closest(negative: &mut ArrayD<f32>, positive: &ArrayViewD<'_, f32>) {
    for (mut negative, positive) in negative.axis_iter_mut(Axis(0)).zip(positive.outer_iter()) {
        let scale = dot(&positive, &negative.view()) / (dot(&negative.view(), &negative.view()) + 1e-8);
        negative.mapv_inplace(|value| (scale * f64::from(value)) as f32);
    }
}

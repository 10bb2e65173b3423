//! Guidance: how several predictions become one.

use ndarray::{ArrayViewMutD, Zip};

/// Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598, eq. 6 in the form that diffusers uses):
/// `ε = ε_uncond + scale · (ε_cond − ε_uncond)`.
///
/// Whether it does anything: at a scale of 1 or below the unconditional branch is not run at all, as in
/// diffusers' `do_classifier_free_guidance`.
#[must_use]
pub fn is_active(scale: f32) -> bool {
    scale > 1.0
}

/// Combines a batch whose first half is the unconditional and whose second half the conditional prediction,
/// in place: the first half becomes the guided prediction.
///
/// `predictions` has shape `[2·n, …]`; an odd first dimension leaves the last row untouched.
pub fn combine_in_place(mut predictions: ArrayViewMutD<'_, f32>, scale: f32) {
    let rows = predictions.shape().first().copied().unwrap_or(0) / 2;
    let (mut uncond, rest) = predictions.view_mut().split_at(ndarray::Axis(0), rows);
    let (cond, _) = rest.split_at(ndarray::Axis(0), rows);
    Zip::from(&mut uncond).and(&cond).for_each(|u, &c| *u += scale * (c - *u));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn moves_away_from_the_unconditional_prediction() {
        let mut p = array![[1.0_f32, -2.0], [3.0, 0.5]].into_dyn();
        combine_in_place(p.view_mut(), 7.5);
        assert_eq!(p.index_axis(ndarray::Axis(0), 0), array![1.0 + 7.5 * 2.0, -2.0 + 7.5 * 2.5].into_dyn());
        assert_eq!(p.index_axis(ndarray::Axis(0), 1), array![3.0, 0.5].into_dyn(), "the conditional half stays");
    }

    #[test]
    fn is_off_at_one_and_below() {
        assert!(!is_active(1.0) && !is_active(0.0) && !is_active(-3.0) && is_active(1.01));
    }
}

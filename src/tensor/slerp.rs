//! Along the arc between two vectors.

use ndarray::{ArrayD, Zip};

/// Above this cosine the two are as good as parallel, and a straight line is what the arc becomes; opposite vectors have
/// no one arc between them.
const PARALLEL: f64 = 0.9995;

/// From `from` (at 0) to `to` (at 1) along the great circle through both: Shoemake 1985, "Animating rotation with
/// quaternion curves", §3.3, over all values as one vector. Unlike a mix along the straight line it keeps the norm,
/// so that normal noise stays normal: it interpolates the stochastic codes x_T of diffusion autoencoders too
/// (diffae `interpolate.ipynb`, where θ is the angle of the flattened tensors).
///
/// Arrays of different shapes give `from`.
#[must_use]
pub fn slerp(from: &ArrayD<f32>, to: &ArrayD<f32>, at: f32) -> ArrayD<f32> {
    if from.shape() != to.shape() {
        return from.clone();
    }
    let [a, b] = shares(cosine(from.iter().copied(), to.iter().copied()), f64::from(at));
    Zip::from(from).and(to).map_collect(|f, t| (f64::from(*f) * a + f64::from(*t) * b) as f32)
}

/// The cosine of the angle between two vectors of one length; NaN where either is zero.
pub(super) fn cosine(from: impl Iterator<Item = f32> + Clone, to: impl Iterator<Item = f32> + Clone) -> f64 {
    dot(from.clone(), to.clone()) / (dot(from.clone(), from) * dot(to.clone(), to)).sqrt()
}

/// The scalar product.
pub(super) fn dot(a: impl Iterator<Item = f32>, b: impl Iterator<Item = f32>) -> f64 {
    a.zip(b).map(|(a, b)| f64::from(a) * f64::from(b)).sum()
}

/// How much of either end is in the vector `at` of the way between two whose angle has that `cosine`.
pub(super) fn shares(cosine: f64, at: f64) -> [f64; 2] {
    // NaN, from a vector of zeros, takes the line too.
    if cosine.abs() < PARALLEL {
        let angle = cosine.acos();
        [((1.0 - at) * angle).sin() / angle.sin(), (at * angle).sin() / angle.sin()]
    } else {
        [1.0 - at, at]
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn goes_along_the_circle() {
        let half = slerp(&array![2.0_f32, 0.0].into_dyn(), &array![0.0, 2.0].into_dyn(), 0.5);
        assert!((half[0] - 2.0_f32.sqrt()).abs() < 1e-6 && (half[1] - 2.0_f32.sqrt()).abs() < 1e-6, "{half}");
    }

    #[test]
    fn vectors_without_an_angle_are_mixed() {
        let zero = array![0.0_f32, 0.0].into_dyn();
        assert_eq!(slerp(&zero, &zero, 0.5), zero);
        let (one, other) = (array![1.0_f32, 0.0].into_dyn(), array![-1.0_f32, 0.0].into_dyn());
        assert_eq!(slerp(&one, &other, 0.25), array![0.5, 0.0].into_dyn(), "opposite ones too");
    }
}

//! Between two noises.

use ndarray::{ArrayD, Zip};

/// Above this cosine the two are as good as parallel, and a straight line is what the arc becomes.
const PARALLEL: f64 = 0.9995;

/// From `from` (at 0) to `to` (at 1) along the great circle through both: Shoemake 1985, "Animating rotation with
/// quaternion curves", §3.3, over all values as one vector. Unlike a mix along the straight line it keeps the norm,
/// so that normal noise stays normal.
///
/// Arrays of different shapes give `from`.
#[must_use]
pub fn slerp(from: &ArrayD<f32>, to: &ArrayD<f32>, at: f32) -> ArrayD<f32> {
    if from.shape() != to.shape() {
        return from.clone();
    }
    let dot =
        |a: &ArrayD<f32>, b: &ArrayD<f32>| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let cosine = dot(from, to) / (dot(from, from) * dot(to, to)).sqrt();
    let at = f64::from(at);
    // NaN, from a vector of zeros, takes the line too.
    let (a, b) = if cosine.abs() < PARALLEL {
        let angle = cosine.acos();
        (((1.0 - at) * angle).sin() / angle.sin(), (at * angle).sin() / angle.sin())
    } else {
        (1.0 - at, at)
    };
    Zip::from(from).and(to).map_collect(|f, t| (f64::from(*f) * a + f64::from(*t) * b) as f32)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::rng::{Generator, NoiseSource, RngKind};

    #[test]
    fn goes_along_the_circle() {
        let half = slerp(&array![2.0_f32, 0.0].into_dyn(), &array![0.0, 2.0].into_dyn(), 0.5);
        assert!((half[0] - 2.0_f32.sqrt()).abs() < 1e-6 && (half[1] - 2.0_f32.sqrt()).abs() < 1e-6, "{half}");
    }

    #[test]
    fn noise_stays_noise_and_the_ends_are_the_ends() {
        let mut generator = Generator::new(RngKind::TorchCpu, 5).unwrap();
        let (a, b) = (generator.normal(&[4, 64, 64]), generator.normal(&[4, 64, 64]));
        let variance = |v: &ArrayD<f32>| v.iter().map(|v| v * v).sum::<f32>() / v.len() as f32;
        let middle = slerp(&a, &b, 0.3);
        assert!((variance(&middle) - 1.0).abs() < 0.02, "{}", variance(&middle));
        let off = |x: &ArrayD<f32>, y: &ArrayD<f32>| (x - y).iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert!(off(&slerp(&a, &b, 0.0), &a) < 1e-6 && off(&slerp(&a, &b, 1.0), &b) < 1e-6);
    }

    #[test]
    fn vectors_without_an_angle_are_mixed() {
        let zero = array![0.0_f32, 0.0].into_dyn();
        assert_eq!(slerp(&zero, &zero, 0.5), zero);
    }
}

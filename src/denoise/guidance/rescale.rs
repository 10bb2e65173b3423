//! Bringing a guided prediction back to the spread of the positive one.

use ndarray::{ArrayD, ArrayView, ArrayViewD, Dimension, Zip};

/// `φ · guided · std(positive) / std(guided) + (1 − φ) · guided`, for each picture (Lin et al. 2023, arXiv:2305.08891,
/// §3.4, eq. 16; diffusers `rescale_noise_cfg`). The first axis is the pictures.
pub(super) fn rescale(guided: &mut ArrayD<f32>, positive: &ArrayViewD<'_, f32>, phi: f32) {
    for (mut guided, positive) in guided.outer_iter_mut().zip(positive.outer_iter()) {
        let spread = deviation(&guided.view());
        if spread > 0.0 {
            let factor = (deviation(&positive) / spread) as f32;
            Zip::from(&mut guided).for_each(|g| *g = phi * (*g * factor) + (1.0 - phi) * *g);
        }
    }
}

/// The unbiased standard deviation of all values, as `torch.std` has it; 0 of fewer than two.
fn deviation<D: Dimension>(values: &ArrayView<'_, f32, D>) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

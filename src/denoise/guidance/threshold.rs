//! Dynamic thresholding of what a guided prediction says about the clean picture.

use ndarray::{ArrayD, ArrayViewD};

use crate::scheduler::magnitude_quantile;

/// Dynamic thresholding (Imagen: Saharia et al. 2022, arXiv:2205.11487, §2.3) of the x0 that follows from the guided
/// prediction: where the given percentile of its magnitudes, s, is above the limit, x0 is cut to ±s and scaled down by
/// limit / s, for each picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholding {
    /// Which part of the magnitudes lies below s, 0.5 to 1. Imagen has 0.995.
    pub percentile: f32,
    /// What s is brought down to.
    pub limit: ThresholdLimit,
}

/// What magnitudes are brought down to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ThresholdLimit {
    /// A number, 0.001 to 1000: 1 in Imagen, whose x0 are pixels from -1 to 1. Latents are larger.
    Fixed(f32),
    /// The same percentile that x0 would have with this guidance scale, 0 to 1000: latents have no range of their own,
    /// but a lower scale's (the idea of the webui's extension sd-dynamic-thresholding, "mimic CFG scale").
    MimicScale(f32),
}

impl Default for Thresholding {
    /// Imagen's percentile, and the range of the positive prediction alone, which suits latents.
    fn default() -> Self {
        Self { percentile: 0.995, limit: ThresholdLimit::MimicScale(1.0) }
    }
}

impl Thresholding {
    /// Brings `clean` into range; `mimicked` is the other scale's x0, where the limit asks for one.
    pub(super) fn apply(&self, clean: &mut ArrayD<f32>, mimicked: Option<&ArrayD<f32>>) {
        let mut magnitudes = Vec::new();
        for (picture, mut clean) in clean.outer_iter_mut().enumerate() {
            let fixed = match (self.limit, mimicked) {
                (ThresholdLimit::Fixed(limit), _) => limit,
                (ThresholdLimit::MimicScale(_), Some(other)) => {
                    self.spread(other.index_axis(ndarray::Axis(0), picture), &mut magnitudes)
                }
                (ThresholdLimit::MimicScale(_), None) => continue,
            };
            let spread = self.spread(clean.view(), &mut magnitudes);
            if spread > fixed && fixed > 0.0 {
                clean.mapv_inplace(|value| value.clamp(-spread, spread) / spread * fixed);
            }
        }
    }

    fn spread(&self, picture: ArrayViewD<'_, f32>, magnitudes: &mut Vec<f32>) -> f32 {
        magnitudes.clear();
        magnitudes.extend(picture.iter().map(|value| value.abs()));
        magnitude_quantile(magnitudes, f64::from(self.percentile))
    }
}

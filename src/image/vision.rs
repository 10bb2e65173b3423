//! A picture as a vision encoder wants to see it.

use ndarray::Array3;

use super::Image;
use crate::Result;

impl Image {
    /// What transformers' `CLIPImageProcessor` makes of the picture, `[3, height, width]`: the shorter side is resized to
    /// `shorter_side` pixels (bicubic), the middle of `crop` (height, width) cut out, and each colour (0 to 1) less its
    /// `mean` divided by its `deviation`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] for sides of 0 or beyond [`super::MAX_SIDE`], and for a crop that is larger than
    /// the resized picture; [`crate::Error::OutOfMemory`].
    pub fn for_vision(
        &self,
        shorter_side: u32,
        crop: (u32, u32),
        mean: [f32; 3],
        deviation: [f32; 3],
    ) -> Result<Array3<f32>> {
        let small = self.with_shorter_side(shorter_side)?;
        let (height, width) = crop;
        let middle = |side: u32, part: u32| side.saturating_sub(part) / 2;
        let part = small.cropped(middle(small.width(), width), middle(small.height(), height), width, height)?;
        part.normalised(mean, deviation)
    }

    /// `[3, height, width]`: each colour (0 to 1) less its `mean` divided by its `deviation`.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub(crate) fn normalised(&self, mean: [f32; 3], deviation: [f32; 3]) -> Result<Array3<f32>> {
        let mut values = self.to_chw()?.mapv_into(|value| (value + 1.0) / 2.0);
        for ((mut plane, mean), deviation) in values.outer_iter_mut().zip(mean).zip(deviation) {
            plane.mapv_inplace(|value| (value - mean) / deviation);
        }
        Ok(values)
    }
}

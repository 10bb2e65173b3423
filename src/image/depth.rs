//! Depth as a denoiser is told it.

use ndarray::{Array3, ArrayView2, Axis};

use super::{Interpolation, interpolate};
use crate::{Error, Result};

/// What a depth estimator gave (`[height, width]`, any unit) as the depth-conditioned denoiser's channel `[1, height,
/// width]` at the latents' size: resized bicubically (torch's, a = −0.75), then stretched so that it goes from −1 to 1
/// (diffusers `StableDiffusionDepth2ImgPipeline.prepare_depth_map`).
///
/// # Errors
/// [`Error::InvalidArgument`] for a size without elements, and for a depth that is the same everywhere, from which
/// nothing can be stretched; [`Error::Numeric`] where it is NaN or infinite; [`Error::OutOfMemory`].
pub fn depth_channel(depth: ArrayView2<'_, f32>, height: usize, width: usize) -> Result<Array3<f32>> {
    if !depth.iter().all(|value| value.is_finite()) {
        return Err(Error::Numeric(
            "the depth has NaN or infinite values; use a float32 export of its estimator".into(),
        ));
    }
    let mut depth = interpolate(depth.insert_axis(Axis(0)), height, width, Interpolation::Bicubic)?;
    let least = depth.iter().copied().fold(f32::INFINITY, f32::min);
    let most = depth.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = most - least;
    if !(range.is_finite() && range > 0.0) {
        return Err(Error::invalid(format!("the depth is {least} to {most}; it needs a far and a near")));
    }
    depth.mapv_inplace(|value| 2.0 * (value - least) / range - 1.0);
    Ok(depth)
}

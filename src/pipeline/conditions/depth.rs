//! Depth maps (diffusers `pipeline_stable_diffusion_depth2img.py`, `prepare_depth_map`).

use ndarray::{Array3, ArrayD, Axis};

use super::{Conditions, Kind};
use crate::error::{Error, Result};
use crate::image::{Image, Interpolation, Mask, interpolate};
use crate::pipeline::plan::Plan;

impl Conditions {
    /// The depth map at the latents' size, `[1, 1, height, width]`, its nearest place 1 and its farthest −1.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(in crate::pipeline) fn depth(&self, plan: &Plan) -> Result<ArrayD<f32>> {
        let [_, _, height, width] = plan.latents;
        let given = self.pictures(plan, Kind::Depth);
        let Some(picture) = given.first() else {
            return Err(Error::Internal("a depth map was to be made, but there is no picture".into()));
        };
        let map = brightness(picture)?;
        let map = interpolate(map.view(), height, width, Interpolation::Bicubic)?;
        let (low, high) =
            map.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
        // One depth for everything: diffusers divides by zero here; the middle says as much.
        let map = if high > low { map.mapv_into(|v| 2.0 * (v - low) / (high - low) - 1.0) } else { map * 0.0 };
        Ok(map.into_dyn().insert_axis(Axis(0)))
    }
}

/// A picture's brightness, `[1, height, width]`.
fn brightness(picture: &Image) -> Result<Array3<f32>> {
    let mask = Mask::from_grey(picture)?;
    let values = mask.values().iter().map(|value| f32::from(*value)).collect();
    Array3::from_shape_vec((1, mask.height() as usize, mask.width() as usize), values)
        .map_err(|e| Error::Internal(e.to_string()))
}

//! Depth maps (diffusers `pipeline_stable_diffusion_depth2img.py`, `prepare_depth_map`).

use std::path::Path;

use ndarray::{Array3, ArrayD, Axis};

use super::{Conditions, Kind, LateGraph};
use crate::error::{Error, Result};
use crate::image::{Image, Interpolation, Mask, interpolate};
use crate::model::DepthExtractor;
use crate::pipeline::plan::Plan;
use crate::runtime::CancelToken;
use crate::tensor::Tensor;

impl Conditions {
    /// The depth map at the latents' size, `[1, 1, height, width]`, its nearest place 1 and its farthest −1.
    ///
    /// # Errors
    /// Whatever the depth estimator says.
    pub(in crate::pipeline) fn depth(&self, root: &Path, plan: &Plan, cancel: &CancelToken) -> Result<ArrayD<f32>> {
        let [_, _, height, width] = plan.latents;
        let given = self.pictures(plan, Kind::Depth);
        let map = match (given.first(), &self.depth_estimator, &plan.request.start.picture) {
            (Some(picture), ..) => brightness(picture)?,
            (None, Some(estimator), Some(picture)) => estimated(estimator, picture, root, cancel)?,
            _ => return Err(Error::Internal("a depth map was to be made, but there is no picture".into())),
        };
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

/// What the estimator of the model at `root` makes of `picture`.
fn estimated(estimator: &LateGraph, picture: &Image, root: &Path, cancel: &CancelToken) -> Result<Array3<f32>> {
    let graph = estimator.get(cancel)?;
    let ([input], [output, ..]) = (graph.inputs(), graph.outputs()) else {
        return Err(Error::bad_model(graph.path(), "a depth estimator takes a picture alone and makes a depth map"));
    };
    let eyes = DepthExtractor::read(root)?;
    let small = picture.stretched(eyes.size.0, eyes.size.1, eyes.bilinear)?;
    let pixels = small.normalised(eyes.mean, eyes.deviation)?.insert_axis(Axis(0)).into_dyn();
    let pixels = Tensor::F32(pixels.as_standard_layout().into_owned()).cast(input.dtype);
    let depth = graph.run(&[(input.name.as_str(), pixels)], &[&output.name], cancel)?;
    let depth = depth.into_iter().next().map(Tensor::into_f32).filter(|map| map.shape().first() == Some(&1));
    let depth = depth.and_then(|map| map.into_dimensionality().ok());
    depth.ok_or_else(|| {
        Error::bad_model(graph.path(), format!("its output \"{}\" is not [1, height, width]", output.name))
    })
}

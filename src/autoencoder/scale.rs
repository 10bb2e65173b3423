//! Between the autoencoder's latents and the denoiser's.

use std::path::Path;

use ndarray::{Array3, ArrayD, ArrayViewMutD, Axis};

use crate::error::{Error, Result};
use crate::model::VaeConfig;

/// The factors of a config.
pub(super) struct Scale {
    scaling_factor: f64,
    shift_factor: f64,
    mean: Option<Vec<f64>>,
    std: Option<Vec<f64>>,
}

impl Scale {
    pub(super) fn new(config: &VaeConfig) -> Self {
        Self {
            scaling_factor: config.scaling_factor,
            shift_factor: config.shift_factor,
            mean: config.latents_mean.clone(),
            std: config.latents_std.clone(),
        }
    }

    /// `(latents - shift) · scaling_factor`, or with per-channel statistics `(latents - mean) · scaling_factor / std`
    /// (diffusers `pipeline_stable_diffusion_xl_img2img.py`). `latents` is `[n, channels, …]`.
    pub(super) fn apply(&self, mut latents: ArrayD<f32>, graph: &Path) -> Result<ArrayD<f32>> {
        self.each(latents.view_mut(), Axis(1), graph, |v, mean, std, factor| (v - mean) * factor / std)?;
        Ok(latents)
    }

    /// `latent / scaling_factor + shift_factor`, or with per-channel statistics where the config has them
    /// (diffusers `pipeline_stable_diffusion_xl.py`: `latent · std / scaling_factor + mean`).
    pub(super) fn undo(&self, mut latent: Array3<f32>, graph: &Path) -> Result<Array3<f32>> {
        self.each(latent.view_mut().into_dyn(), Axis(0), graph, |v, mean, std, factor| v * std / factor + mean)?;
        Ok(latent)
    }

    /// In f32 and in diffusers' order, so that the graphs see the same values.
    fn each(
        &self,
        mut latents: ArrayViewMutD<'_, f32>,
        axis: Axis,
        graph: &Path,
        change: impl Fn(f32, f32, f32, f32) -> f32,
    ) -> Result<()> {
        let channels = latents.len_of(axis);
        for statistics in [&self.mean, &self.std].into_iter().flatten() {
            if statistics.len() != channels {
                return Err(Error::bad_model(
                    graph,
                    format!(
                        "its config has latents_mean/std for {} channels, the latents have {channels}",
                        statistics.len()
                    ),
                ));
            }
        }
        for (channel, mut plane) in latents.axis_iter_mut(axis).enumerate() {
            let std = self.std.as_ref().map_or(1.0, |s| s[channel]) as f32;
            let mean = self.mean.as_ref().map_or(self.shift_factor, |m| m[channel]) as f32;
            plane.mapv_inplace(|v| change(v, mean, std, self.scaling_factor as f32));
        }
        Ok(())
    }
}

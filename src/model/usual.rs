//! What a model is usually drawn with, where neither its makers nor the caller say.

use super::denoiser::DenoiserConfig;
use super::family::{Family, Task};
use super::vae::VaeConfig;

/// The defaults of diffusers' pipelines for a model of this family and task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsualSettings {
    /// Width in pixels: what the model was trained on where its config says so, else what the family was.
    pub width: usize,
    /// Height in pixels, as the width.
    pub height: usize,
    /// Denoising steps.
    pub steps: usize,
    /// Guidance scale.
    pub guidance: f64,
}

impl UsualSettings {
    /// The defaults of `num_inference_steps` and `guidance_scale` in the pipelines' `__call__`, diffusers 0.35.
    ///
    /// A distilled model is told by its graph only: one with `timestep_cond` is a latent consistency model (4 steps,
    /// 8.5, as `LatentConsistencyModelPipeline` has them), a Flux without `guidance` is schnell (4 steps without
    /// guidance, as its model card has them; `FluxPipeline` itself does not tell the two apart).
    pub(super) fn of(family: Family, task: Task, denoiser: &DenoiserConfig, vae: &VaeConfig) -> Self {
        let (side, steps, guidance) = match family {
            Family::StableDiffusion1 | Family::StableDiffusion2 if denoiser.time_cond_proj_dim.is_some() => {
                (512, 4, 8.5)
            }
            Family::StableDiffusion1 | Family::StableDiffusion2 | Family::ImageVariation => (512, 50, 7.5),
            Family::StableDiffusionXl if denoiser.time_cond_proj_dim.is_some() => (1024, 4, 8.5),
            Family::StableDiffusionXl if task == Task::Inpaint => (1024, 50, 7.5),
            Family::StableDiffusionXl | Family::StableDiffusionXlRefiner => (1024, 50, 5.0),
            Family::StableDiffusion3 => (1024, 28, 7.0),
            Family::Flux if denoiser.guidance_embeds == Some(false) => (1024, 4, 0.0),
            Family::Flux => (1024, 28, 3.5),
            Family::Upscaler => (512, 75, 9.0),
        };
        let steps = if task == Task::Edit { 100 } else { steps };
        let (height, width) = denoiser
            .sample_size
            .map_or((side, side), |(height, width)| (height * vae.spatial_factor, width * vae.spatial_factor));
        Self { width, height, steps, guidance }
    }
}

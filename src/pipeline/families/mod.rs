//! One file a model family: how its conditioning is assembled, and how its latents are handed to the denoiser.

mod flux;
mod image_variation;
mod stable_diffusion;
mod stable_diffusion_3;
mod stable_diffusion_xl;
mod upscaler;

use ndarray::ArrayD;

use crate::denoise::{Branch, Told};
use crate::error::{Error, Result};
use crate::model::{Family as Name, GraphRole};
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::Plan;
use crate::pipeline::prompting::{Encoded, Prompts, Reading};
use crate::scheduler::SchedulerOptions;

/// What differs between families. Everything that is not here is the same for all and lies in `pipeline/`.
pub(in crate::pipeline) trait Family: Send + Sync {
    /// What reads a set of prompts, in the order in which [`Family::condition`] is given the outcome.
    fn readings(&self, model: &Opened, plan: &Plan) -> Vec<Reading>;

    /// The inputs that [`Family::condition`] fills, with the shape of one row where it is known.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] when graphs do not fit together.
    fn told(&self, model: &Opened) -> Result<Vec<Told>>;

    /// What the denoiser is told for one set of prompts, of which the text encoders made `read`, one for each of
    /// [`Family::readings`].
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] where the text encoders' results do not fit together;
    /// [`crate::Error::Unsupported`] for a wish that this export cannot fulfil.
    fn condition(&self, model: &Opened, plan: &Plan, prompts: &Prompts, read: Vec<Encoded>) -> Result<Branch>;

    /// The CLIP text encoders whose tokens the denoiser attends to, and which of a request's prompts each reads.
    fn context_texts(&self, _model: &Opened) -> Vec<(GraphRole, usize)> {
        vec![(GraphRole::TextEncoder, 0)]
    }

    /// Whether a text encoder of the model reads a request's `index`th prompt, counted from 0.
    fn reads_prompt(&self, _model: &Opened, index: usize) -> bool {
        index == 0
    }

    /// Whether the negative branch of `plan` is told its negative prompts, and not zeros in their place.
    fn reads_negatives(&self, _model: &Opened, _plan: &Plan) -> bool {
        true
    }

    /// Whether the request's guidance scale means anything.
    fn reads_guidance(&self, _model: &Opened) -> bool {
        true
    }

    /// Whether there is a true guidance beside a distilled one.
    fn has_true_guidance(&self) -> bool {
        false
    }

    /// Those of the sizes and scores in a request that change nothing of what the denoiser is told, by their names.
    fn unread_sizes(&self, _model: &Opened, plan: &Plan, _guided: bool) -> Vec<&'static str> {
        plan.request.size_conditioning.given().into_iter().map(|(name, _)| name).collect()
    }

    /// Whether a request runs the negative branch: diffusers' `do_classifier_free_guidance`.
    fn is_guided(&self, plan: &Plan) -> bool {
        plan.settings.guidance > 1.0
    }

    /// Whether anything reads the prompts.
    fn reads_prompts(&self) -> bool {
        true
    }

    /// The strength of that guidance.
    fn scale(&self, plan: &Plan) -> f32 {
        plan.settings.guidance
    }

    /// How many of `steps` are left out when a picture is the start: diffusers' `get_timesteps`, which cuts the
    /// number of steps to a whole one here, `min(⌊steps · strength⌋, steps)`.
    fn skipped_steps(&self, steps: usize, strength: f64) -> usize {
        steps - ((steps as f64 * strength) as usize).min(steps)
    }

    /// What the timestep is multiplied with before the denoiser sees it.
    fn timestep_scale(&self) -> f64 {
        1.0
    }

    /// What the family's pipeline tells its scheduler besides; `latents` is `[pictures, channels, height, width]`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] for a scheduler config with values that cannot be.
    fn schedule(&self, _options: &mut SchedulerOptions, _plan: &Plan, _model: &Opened) -> Result<()> {
        Ok(())
    }

    /// How much of a picture is redrawn where a request does not say: the defaults of diffusers' pipelines for
    /// image-to-image, and for inpainting.
    fn default_strength(&self, masked: bool) -> f32 {
        if masked { 1.0 } else { 0.8 }
    }

    /// The picture that an upscaler enlarges (`[1, 3, height, width]`), with `noise` to the level asked for.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] for every other family.
    fn noised_picture(
        &self,
        _model: &Opened,
        _picture: ArrayD<f32>,
        _noise: ArrayD<f32>,
        _level: u32,
    ) -> Result<ArrayD<f32>> {
        Err(Error::Unsupported("only an upscaler enlarges pictures".into()))
    }

    /// Sides must be multiples of this many latents.
    fn latent_multiple(&self, model: &Opened) -> usize {
        // Every level but the last halves the latents, and a halved odd size does not double back to itself.
        1 << (model.folder.denoiser().levels.unwrap_or(1).max(1) - 1).min(16)
    }

    /// Latents (`[n, channels, height, width]`) as the denoiser takes them.
    fn pack(&self, latents: ArrayD<f32>) -> Result<ArrayD<f32>> {
        Ok(latents)
    }

    /// The way back; `shape` is that of the latents.
    fn unpack(&self, packed: ArrayD<f32>, _shape: [usize; 4]) -> Result<ArrayD<f32>> {
        Ok(packed)
    }
}

/// What `COUNT` readings became; it is the pipeline that counts them.
fn exactly<const COUNT: usize>(read: Vec<Encoded>) -> Result<[Encoded; COUNT]> {
    <[Encoded; COUNT]>::try_from(read)
        .map_err(|read| Error::Internal(format!("{} texts were read, not {COUNT}", read.len())))
}

/// Whether the denoiser is told the guidance scale, and needs no negative branch.
pub(in crate::pipeline) fn is_distilled(model: &Opened) -> bool {
    stable_diffusion::is_distilled(model)
}

/// The family of an opened model.
pub(in crate::pipeline) fn of(model: &Opened) -> Box<dyn Family> {
    match model.folder.family() {
        Name::StableDiffusion1 | Name::StableDiffusion2 => Box::new(stable_diffusion::StableDiffusion),
        Name::StableDiffusionXl | Name::StableDiffusionXlRefiner => Box::new(stable_diffusion_xl::StableDiffusionXl),
        Name::StableDiffusion3 => Box::new(stable_diffusion_3::StableDiffusion3),
        Name::Flux => Box::new(flux::Flux),
        Name::ImageVariation => Box::new(image_variation::ImageVariation),
        Name::Upscaler => Box::new(upscaler::Upscaler),
    }
}

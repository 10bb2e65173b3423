//! The settings of a pipeline that `model_index.json` keeps beside its components.

use super::fields::Fields;
use crate::error::Result;

/// Constructor arguments of diffusers' pipelines that change what is drawn; each absent where the index does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineSettings {
    /// Whether no negative prompt means zeros instead of an encoded empty text
    /// (`StableDiffusionXLPipeline`; missing means yes there).
    pub force_zeros_for_empty_prompt: Option<bool>,
    /// Whether an aesthetic score takes the place of the target size (`StableDiffusionXLImg2ImgPipeline`; missing
    /// means no).
    pub requires_aesthetics_score: Option<bool>,
    /// Whether guidance was distilled into the model, so that it is drawn without.
    pub is_distilled: Option<bool>,
    /// The highest level of noise that the upscaler takes (`StableDiffusionUpscalePipeline`; missing means 350).
    pub max_noise_level: Option<usize>,
}

impl PipelineSettings {
    /// Reads them from the outermost object of `model_index.json`.
    pub(super) fn read(index: Fields<'_>) -> Result<Self> {
        Ok(Self {
            force_zeros_for_empty_prompt: index.flag("force_zeros_for_empty_prompt")?,
            requires_aesthetics_score: index.flag("requires_aesthetics_score")?,
            is_distilled: index.flag("is_distilled")?,
            max_noise_level: index.whole("max_noise_level", 0..=1_000)?,
        })
    }
}

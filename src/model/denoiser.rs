//! What the denoiser's config says; everything optional, the graph has the last word.

use std::path::Path;

use serde_json::Value;

use super::defaults::MAX_SIDE;
use super::fields::Fields;
use super::json;
use crate::error::Result;

/// Most levels that a UNet is believed to have; Stable Diffusion has four.
const MAX_LEVELS: usize = 16;

/// The facts of the denoiser's `config.json`: of a `UNet2DConditionModel`, an `SD3Transformer2DModel` or a
/// `FluxTransformer2DModel`. A key that its class does not have is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DenoiserConfig {
    /// Height and width, in latents, that the model was trained on; times the spatial factor at most 8192.
    pub sample_size: Option<(usize, usize)>,
    /// Channels that go in. As many as the latents have for text-to-image; four times as many in Flux, which packs
    /// 2x2 latents into one.
    pub in_channels: Option<usize>,
    /// Channels that come out.
    pub out_channels: Option<usize>,
    /// Width of the context that a UNet attends to; the text encoders' hidden sizes together.
    pub cross_attention_dim: Option<usize>,
    /// Channels of each level of the UNet (`block_out_channels`), for sizes that the graph leaves open.
    pub widths: Option<Vec<usize>>,
    /// Levels of the UNet (entries of `block_out_channels`). Each but the last halves its input.
    pub levels: Option<usize>,
    /// Width of the guidance embedding of a model distilled for guidance.
    ///
    /// diffusers' `do_classifier_free_guidance`: with one, classifier-free guidance is off.
    pub time_cond_proj_dim: Option<usize>,
    /// What is added to the time embedding: `text_time` in Stable Diffusion XL.
    pub addition_embed_type: Option<String>,
    /// Width of the embedding of each of Stable Diffusion XL's `time_ids`.
    pub addition_time_embed_dim: Option<usize>,
    /// Width of pooled text and embedded `time_ids` together: 2816 in Stable Diffusion XL, 2560 in its refiner.
    pub projection_class_embeddings_input_dim: Option<usize>,
    /// How many classes it knows; the levels of noise of the upscaler.
    pub num_class_embeds: Option<usize>,
    /// Side of a transformer's patch, in latents: 2 in Stable Diffusion 3, 1 in Flux, whose latents come packed.
    pub patch_size: Option<usize>,
    /// Width of the context that a transformer attends to; T5's.
    pub joint_attention_dim: Option<usize>,
    /// Width of the pooled text that a transformer takes.
    pub pooled_projection_dim: Option<usize>,
    /// Largest side, in patches, that a transformer has learned positions for.
    pub pos_embed_max_size: Option<usize>,
    /// Whether the guidance scale is an input: Flux dev, not schnell.
    pub guidance_embeds: Option<bool>,
}

impl DenoiserConfig {
    /// Reads `config.json` in `folder`; all empty when there is none.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let Some(map) = json::read_object(&path)? else { return Ok(Self::default()) };
        let fields = Fields::new(&path, &map);
        let widths = fields.sizes("block_out_channels", MAX_LEVELS)?;
        Ok(Self {
            // A latent is one pixel at least; the autoencoder's factor tightens this in `folder`.
            sample_size: fields.size_pair("sample_size", MAX_SIDE)?,
            in_channels: fields.size("in_channels")?,
            out_channels: fields.size("out_channels")?,
            cross_attention_dim: cross_attention_dim(fields)?,
            levels: widths.as_ref().map(Vec::len),
            widths,
            time_cond_proj_dim: fields.size("time_cond_proj_dim")?,
            addition_embed_type: fields.text("addition_embed_type")?.map(str::to_owned),
            addition_time_embed_dim: fields.size("addition_time_embed_dim")?,
            projection_class_embeddings_input_dim: fields.size("projection_class_embeddings_input_dim")?,
            num_class_embeds: fields.size("num_class_embeds")?,
            patch_size: fields.size("patch_size")?,
            joint_attention_dim: fields.size("joint_attention_dim")?,
            pooled_projection_dim: fields.size("pooled_projection_dim")?,
            pos_embed_max_size: fields.size("pos_embed_max_size")?,
            guidance_embeds: fields.flag("guidance_embeds")?,
        })
    }

    /// The width of the context that it attends to, whatever kind it is.
    pub fn context_width(&self) -> Option<usize> {
        self.cross_attention_dim.or(self.joint_attention_dim)
    }
}

/// One width, or one a block, which must then all be the same: there is one context.
fn cross_attention_dim(fields: Fields<'_>) -> Result<Option<usize>> {
    const KEY: &str = "cross_attention_dim";
    let Some(value @ Value::Array(_)) = fields.get(KEY) else { return fields.size(KEY) };
    match fields.sizes(KEY, 64)?.as_deref() {
        Some([first, rest @ ..]) if rest.iter().all(|width| width == first) => Ok(Some(*first)),
        _ => Err(fields.bad(KEY, value, "one width for all blocks")),
    }
}

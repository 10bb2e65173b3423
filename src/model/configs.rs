//! What the configs of the UNet and the text encoder say; everything optional, the graphs have the last word.

use std::path::Path;

use serde_json::Value;

use super::defaults::MAX_SIDE;
use super::fields::Fields;
use super::json;
use crate::error::Result;

/// Most levels that a UNet is believed to have; Stable Diffusion has four.
const MAX_LEVELS: usize = 16;

/// The facts of the denoiser's `config.json` that the graph does not have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnetConfig {
    /// Height and width, in latents, that the model was trained on; times the spatial factor at most 8192.
    pub sample_size: Option<(usize, usize)>,
    /// Channels that go in. As many as the latents have for text-to-image.
    pub in_channels: Option<usize>,
    /// Width of the context that it attends to; the text encoder's hidden size.
    pub cross_attention_dim: Option<usize>,
    /// Levels of the UNet (entries of `block_out_channels`). Each but the last halves its input.
    pub levels: Option<usize>,
    /// Width of the guidance embedding of a model distilled for guidance.
    ///
    /// diffusers' `do_classifier_free_guidance`: with one, classifier-free guidance is off.
    pub time_cond_proj_dim: Option<usize>,
    /// What is added to the time embedding: `text_time` in Stable Diffusion XL.
    pub addition_embed_type: Option<String>,
}

impl UnetConfig {
    /// Reads `config.json` in `folder`; all empty when there is none.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let Some(map) = json::read_object(&path)? else { return Ok(Self::default()) };
        let fields = Fields::new(&path, &map);
        Ok(Self {
            // A latent is one pixel at least; the autoencoder's factor tightens this in `folder`.
            sample_size: fields.size_pair("sample_size", MAX_SIDE)?,
            in_channels: fields.size("in_channels")?,
            cross_attention_dim: cross_attention_dim(fields)?,
            levels: fields.sizes("block_out_channels", MAX_LEVELS)?.map(|widths| widths.len()),
            time_cond_proj_dim: fields.size("time_cond_proj_dim")?,
            addition_embed_type: fields.text("addition_embed_type")?.map(str::to_owned),
        })
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

/// The facts of the text encoder's `config.json`.
///
/// Its token ids are not among them: those in CLIP's own configs are wrong (`eos_token_id` is 2 in OpenAI's), so
/// the tokenizer's files are what counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextEncoderConfig {
    /// Width of the context that it makes.
    pub hidden_size: Option<usize>,
    /// Number of token ids; every id is below it.
    pub vocab_size: Option<usize>,
}

impl TextEncoderConfig {
    /// Reads `config.json` in `folder`; all empty when there is none.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let Some(map) = json::read_object(&path)? else { return Ok(Self::default()) };
        let outer = Fields::new(&path, &map);
        // A whole CLIPModel's config keeps the text encoder's own below this key.
        let fields = match outer.object("text_config")? {
            Some(inner) if outer.get("hidden_size").is_none() => inner,
            _ => outer,
        };
        Ok(Self { hidden_size: fields.size("hidden_size")?, vocab_size: fields.size("vocab_size")? })
    }
}

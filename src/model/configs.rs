//! What the configs of the UNet and the text encoder say; everything optional, the graphs have the last word.

use std::path::Path;

use serde_json::Value;

use super::fields::{self, Fields};
use super::json;
use crate::error::Result;

/// The largest latent side that a config may state. Times the largest spatial factor it is still far from
/// overflow.
const MAX_LATENT_SIDE: usize = 1 << 14;

/// Most levels that a UNet is believed to have; Stable Diffusion has four.
const MAX_LEVELS: usize = 16;

/// The facts of the denoiser's `config.json` that the graph does not have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnetConfig {
    /// Height and width, in latents, that the model was trained on.
    pub sample_size: Option<(usize, usize)>,
    /// Channels that go in. As many as the latents have for text-to-image.
    pub in_channels: Option<usize>,
    /// Channels that come out. Twice the latents' where the model also predicts its variance.
    pub out_channels: Option<usize>,
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
    /// How class ids enter, where there are any.
    pub class_embed_type: Option<String>,
    /// Number of classes, where class ids enter.
    pub num_class_embeds: Option<usize>,
}

impl UnetConfig {
    /// Reads `config.json` in `folder`; all empty when there is none.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let Some(map) = json::read_object(&path)? else { return Ok(Self::default()) };
        let fields = Fields::new(&path, &map);
        Ok(Self {
            sample_size: fields.size_pair("sample_size", MAX_LATENT_SIDE)?,
            in_channels: fields.size("in_channels")?,
            out_channels: fields.size("out_channels")?,
            cross_attention_dim: cross_attention_dim(fields)?,
            levels: fields.sizes("block_out_channels", MAX_LEVELS)?.map(|widths| widths.len()),
            time_cond_proj_dim: fields.size("time_cond_proj_dim")?,
            addition_embed_type: fields.text("addition_embed_type")?.map(str::to_owned),
            class_embed_type: fields.text("class_embed_type")?.map(str::to_owned),
            num_class_embeds: fields.size("num_class_embeds")?,
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextEncoderConfig {
    /// Width of the context that it makes.
    pub hidden_size: Option<usize>,
    /// The longest sequence of token ids; 77 in CLIP.
    pub max_position_embeddings: Option<usize>,
    /// Number of layers.
    pub num_hidden_layers: Option<usize>,
    /// Number of token ids; every id is below it.
    pub vocab_size: Option<usize>,
    /// The id that begins a text.
    ///
    /// The ids in CLIP's own configs are wrong (`eos_token_id` is 2 in OpenAI's), so the tokenizer's files have
    /// precedence over all three.
    pub bos_token_id: Option<usize>,
    /// The id that ends a text.
    pub eos_token_id: Option<usize>,
    /// The id that fills a text up.
    pub pad_token_id: Option<usize>,
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
        Ok(Self {
            hidden_size: fields.size("hidden_size")?,
            max_position_embeddings: fields.size("max_position_embeddings")?,
            num_hidden_layers: fields.size("num_hidden_layers")?,
            vocab_size: fields.size("vocab_size")?,
            bos_token_id: token_id(fields, "bos_token_id")?,
            eos_token_id: token_id(fields, "eos_token_id")?,
            pad_token_id: token_id(fields, "pad_token_id")?,
        })
    }
}

/// A token id; of a list, which transformers allows, the first. Negative ones mean that there is none.
fn token_id(fields: Fields<'_>, key: &str) -> Result<Option<usize>> {
    let Some(value) = fields.get(key) else { return Ok(None) };
    let one = match value {
        Value::Array(items) => items.first().unwrap_or(value),
        value => value,
    };
    if one.as_i64() == Some(-1) {
        return Ok(None);
    }
    match fields::whole(one).filter(|id| *id <= fields::MAX_SIZE) {
        Some(id) => Ok(Some(id)),
        None => Err(fields.bad(key, value, &format!("a token id from 0 to {}", fields::MAX_SIZE))),
    }
}

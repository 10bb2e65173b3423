//! What a text encoder's config says; everything optional, the graph has the last word.

use std::path::Path;

use super::fields::Fields;
use super::json;
use crate::error::Result;

/// What kind of text encoder it is, and so what its token ids and outputs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextArchitecture {
    /// CLIP's, 77 tokens; with or without a projection at its end.
    Clip,
    /// The encoder of T5.
    T5,
}

/// The facts of a text encoder's `config.json`.
///
/// Its token ids are not among them: those in CLIP's own configs are wrong (`eos_token_id` is 2 in OpenAI's), so
/// the tokenizer's files are what counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextEncoderConfig {
    /// Width of the context that it makes; `d_model` in T5's own config.
    pub hidden_size: Option<usize>,
    /// Number of token ids; every id is below it.
    pub vocab_size: Option<usize>,
    /// Layers; `num_layers` in T5's own config. The graph has one hidden state more than that.
    pub num_hidden_layers: Option<usize>,
    /// Width of the pooled output behind the projection, where there is one.
    pub projection_dim: Option<usize>,
    /// Most tokens that it has positions for: 77 for CLIP.
    pub max_position_embeddings: Option<usize>,
    /// CLIP or T5, by `model_type` or `architectures`; or by what the family has in this place.
    pub architecture: Option<TextArchitecture>,
}

impl TextEncoderConfig {
    /// What is known of an encoder without a config.
    pub(super) const EMPTY: Self = Self {
        hidden_size: None,
        vocab_size: None,
        num_hidden_layers: None,
        projection_dim: None,
        max_position_embeddings: None,
        architecture: None,
    };

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
        let either = |key, of_t5| -> Result<Option<usize>> {
            Ok(match fields.size(key)? {
                None => fields.size(of_t5)?,
                stated => stated,
            })
        };
        Ok(Self {
            hidden_size: either("hidden_size", "d_model")?,
            vocab_size: fields.size("vocab_size")?,
            num_hidden_layers: either("num_hidden_layers", "num_layers")?,
            projection_dim: fields.size("projection_dim")?,
            max_position_embeddings: fields.size("max_position_embeddings")?,
            architecture: architecture(outer),
        })
    }
}

/// By the words of transformers' configs; a kind that is not known here is none.
fn architecture(fields: Fields<'_>) -> Option<TextArchitecture> {
    let of_list = fields.get("architectures").and_then(|list| list.get(0));
    let words = [fields.get("model_type"), of_list];
    let mut words = words.into_iter().flatten().filter_map(|word| word.as_str()).map(str::to_ascii_lowercase);
    words.find_map(|word| match word {
        word if word.starts_with("clip") => Some(TextArchitecture::Clip),
        word if word.starts_with("t5") || word.starts_with("mt5") || word.starts_with("umt5") => {
            Some(TextArchitecture::T5)
        }
        _ => None,
    })
}

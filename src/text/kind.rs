//! Which tokenizer a folder holds.

use std::path::Path;

use serde_json::{Map, Value};

use super::vocabulary::read_object;
use crate::error::{Error, Result};
use crate::files;

/// Whose tokenizer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenizerKind {
    /// CLIP's: Stable Diffusion, the unCLIP family, Flux.
    Clip,
    /// T5's: Stable Diffusion 3, Flux, IF.
    T5,
    /// BERT's: latent diffusion.
    Bert,
    /// GPT-2's, of lower-cased text: GLIDE.
    Gpt2,
    /// XLM-R's: Kandinsky 2.1.
    XlmRoberta,
}

impl TokenizerKind {
    /// What `folder` says: its `tokenizer_config.json` by the class, else its files by their names and contents.
    ///
    /// # Errors
    /// [`Error::BadModel`] when nothing in it says what it is, or a file is damaged; [`Error::Io`].
    pub fn of(folder: &Path) -> Result<Self> {
        let config = read_object(&folder.join("tokenizer_config.json"))?;
        let class = config.get("tokenizer_class").and_then(Value::as_str).unwrap_or_default();
        let classes = [
            ("CLIP", Self::Clip),
            ("T5", Self::T5),
            ("Bert", Self::Bert),
            ("GPT2", Self::Gpt2),
            ("XLMRoberta", Self::XlmRoberta),
        ];
        if let Some((_, kind)) = classes.into_iter().find(|(start, _)| class.starts_with(start)) {
            return Ok(kind);
        }
        let has = |file: &str| files::is_file(&folder.join(file));
        match () {
            () if has("vocab.txt") => Ok(Self::Bert),
            () if has("spiece.model") => Ok(Self::T5),
            () if has("sentencepiece.bpe.model") => Ok(Self::XlmRoberta),
            () if has("vocab.json") && has("merges.txt") => {
                Ok(Self::of_pairs(&read_object(&folder.join("vocab.json"))?))
            }
            () => {
                let path = folder.join("tokenizer.json");
                Self::of_pipeline(&read_object(&path)?).ok_or_else(|| {
                    Error::bad_model(
                        folder,
                        "it is no tokenizer's folder that is known; one has tokenizer.json, vocab.json and merges.txt \
                         (CLIP, GPT-2), vocab.txt (BERT), spiece.model (T5) or sentencepiece.bpe.model (XLM-R)",
                    )
                })
            }
        }
    }

    /// By a vocabulary of byte pairs: CLIP marks the ends of words, GPT-2 their beginnings.
    fn of_pairs(vocabulary: &Map<String, Value>) -> Self {
        if vocabulary.keys().any(|token| token.ends_with("</w>")) { Self::Clip } else { Self::Gpt2 }
    }

    fn of_pipeline(pipeline: &Map<String, Value>) -> Option<Self> {
        let model = pipeline.get("model")?.as_object()?;
        let vocabulary = model.get("vocab");
        // Older files do not name the type of their model, but only a Unigram has its vocabulary as a list.
        let kind = model.get("type").and_then(Value::as_str);
        let is_list = vocabulary.is_some_and(Value::is_array);
        match kind {
            Some("WordPiece") => Some(Self::Bert),
            Some("BPE") => Some(Self::of_pairs(vocabulary?.as_object()?)),
            Some("Unigram") | None if is_list => {
                let first = vocabulary?.as_array()?.first()?.get(0)?.as_str()?;
                Some(if first == "<s>" { Self::XlmRoberta } else { Self::T5 })
            }
            None if model.contains_key("merges") => Some(Self::of_pairs(vocabulary?.as_object()?)),
            _ => None,
        }
    }
}

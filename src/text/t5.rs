//! T5's tokenizer: text to the numbers that the third encoder of Stable Diffusion 3 and the second of Flux read.
//!
//! The numbers equal those of transformers' `T5TokenizerFast`, which diffusers uses: over `tokenizer.json` where a
//! folder has one, else over `spiece.model`.

use std::path::Path;

use tokenizers::Tokenizer;

use super::sentencepiece::read_t5;
use super::tokenizer::Encoding;
use crate::error::{Error, Result};

const END: &str = "</s>";
const PADDING: &str = "<pad>";

/// A T5 tokenizer, read from a model's tokenizer folder.
pub struct T5Tokenizer {
    tokenizer: Tokenizer,
    end: u32,
    padding: u32,
    max_length: usize,
}

impl T5Tokenizer {
    /// Reads the tokenizer in `folder`; each text becomes `max_length` numbers (256 for Stable Diffusion 3, 512 for
    /// Flux dev).
    ///
    /// # Errors
    /// [`Error::BadModel`] when neither `tokenizer.json` nor `spiece.model` is there, or it is damaged or lacks T5's
    /// special tokens; [`Error::InvalidArgument`] for a length of 0; [`Error::Io`] when a file cannot be read.
    pub fn open(folder: &Path, max_length: usize) -> Result<Self> {
        let [pipeline, pieces] = ["tokenizer.json", "spiece.model"].map(|file| folder.join(file));
        let (path, mut tokenizer) = if pipeline.is_file() {
            let tokenizer = Tokenizer::from_file(&pipeline)
                .map_err(|e| Error::bad_model(&pipeline, format!("it is not a tokenizer: {e}")))?;
            (pipeline, tokenizer)
        } else if pieces.is_file() {
            let tokenizer = read_t5(&pieces)?;
            (pieces, tokenizer)
        } else {
            return Err(Error::bad_model(
                folder,
                "a T5 tokenizer's folder holds tokenizer.json or spiece.model; this holds neither",
            ));
        };
        if max_length == 0 {
            return Err(Error::invalid("a prompt of 0 tokens was asked for; allowed are 1 and more"));
        }
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| Error::bad_model(&path, e.to_string()))?;
        let number = |token: &str| {
            let lacks = || Error::bad_model(&path, format!("its vocabulary has no \"{token}\", which T5's has"));
            tokenizer.token_to_id(token).ok_or_else(lacks)
        };
        let (end, padding) = (number(END)?, number(PADDING)?);
        Ok(Self { tokenizer, end, padding, max_length })
    }

    /// How many numbers [`T5Tokenizer::encode`] returns.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The number that fills up.
    pub(crate) fn padding(&self) -> u32 {
        self.padding
    }

    /// The largest number that [`T5Tokenizer::encode`] can return; an embedding table must reach it.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        self.tokenizer.get_vocab(true).into_values().max().unwrap_or(0)
    }

    /// The numbers of `text`, cut and padded to [`T5Tokenizer::max_length`].
    ///
    /// # Errors
    /// As [`T5Tokenizer::encode_whole`].
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        self.encode_to(text, self.max_length)
    }

    /// The numbers of `text`, cut and padded to `length`.
    ///
    /// # Errors
    /// As [`T5Tokenizer::encode_whole`]; [`Error::InvalidArgument`] for a length of 0.
    pub fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        if length == 0 {
            return Err(Error::invalid("a prompt of 0 tokens was asked for; allowed are 1 and more"));
        }
        let mut ids = self.encode_whole(text)?;
        let token_count = ids.len();
        let mut lost = None;
        if token_count > length {
            let rest = &ids[length - 1..token_count - 1];
            lost = Some(self.tokenizer.decode(rest, true).map_err(untokenizable)?);
            ids.truncate(length - 1);
            ids.push(self.end);
        }
        ids.resize(length, self.padding);
        Ok(Encoding { ids, lost, token_count })
    }

    /// The numbers of the whole `text` and the end, however long.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the text cannot be tokenized.
    pub fn encode_whole(&self, text: &str) -> Result<Vec<u32>> {
        // Without the template of `tokenizer.json`, which would only add the end.
        let encoding = self.tokenizer.encode_fast(text, false).map_err(untokenizable)?;
        let mut ids = encoding.get_ids().to_vec();
        ids.push(self.end);
        Ok(ids)
    }
}

fn untokenizable(error: tokenizers::Error) -> Error {
    Error::invalid(format!("the prompt cannot be tokenized: {error}"))
}

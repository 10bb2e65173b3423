//! Either kind of tokenizer, as a text encoder has it.

use super::t5::T5Tokenizer;
use super::tokenizer::{ClipTokenizer, Encoding};
use crate::error::Result;

/// The tokenizer of a text encoder.
pub(crate) enum AnyTokenizer {
    /// CLIP's.
    Clip(Box<ClipTokenizer>),
    /// T5's.
    T5(Box<T5Tokenizer>),
}

impl AnyTokenizer {
    /// How many numbers [`encode`](Self::encode) returns.
    pub(crate) fn max_length(&self) -> usize {
        match self {
            Self::Clip(tokenizer) => tokenizer.max_length(),
            Self::T5(tokenizer) => tokenizer.max_length(),
        }
    }

    /// The numbers of `text`, cut and padded.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) when the text cannot be tokenized.
    pub(crate) fn encode(&self, text: &str) -> Result<Encoding> {
        match self {
            Self::Clip(tokenizer) => tokenizer.encode(text),
            Self::T5(tokenizer) => tokenizer.encode(text),
        }
    }
}

impl AnyTokenizer {
    /// The numbers of `text`, cut and padded to `length`, which only T5 can choose.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub(crate) fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        match self {
            Self::Clip(tokenizer) => tokenizer.encode(text),
            Self::T5(tokenizer) => tokenizer.encode_to(text, length),
        }
    }

    /// The numbers of no text at all: only what fills up.
    pub(crate) fn nothing(&self, length: usize) -> Encoding {
        let padding = match self {
            Self::Clip(tokenizer) => tokenizer.padding(),
            Self::T5(tokenizer) => tokenizer.padding(),
        };
        Encoding { ids: vec![padding; length], lost: None, token_count: 0 }
    }

    /// The largest number that it makes.
    pub(crate) fn largest_id(&self) -> u32 {
        match self {
            Self::Clip(tokenizer) => tokenizer.largest_id(),
            Self::T5(tokenizer) => tokenizer.largest_id(),
        }
    }
}

impl From<ClipTokenizer> for AnyTokenizer {
    fn from(tokenizer: ClipTokenizer) -> Self {
        Self::Clip(Box::new(tokenizer))
    }
}

impl From<T5Tokenizer> for AnyTokenizer {
    fn from(tokenizer: T5Tokenizer) -> Self {
        Self::T5(Box::new(tokenizer))
    }
}

//! Either kind of tokenizer, as a text encoder has it.

use super::t5::T5Tokenizer;
use super::tokenizer::{ClipTokenizer, Encoding};
use crate::error::Result;

/// The tokenizer of a text encoder.
pub(crate) enum AnyTokenizer {
    /// CLIP's.
    Clip(ClipTokenizer),
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

impl From<ClipTokenizer> for AnyTokenizer {
    fn from(tokenizer: ClipTokenizer) -> Self {
        Self::Clip(tokenizer)
    }
}

impl From<T5Tokenizer> for AnyTokenizer {
    fn from(tokenizer: T5Tokenizer) -> Self {
        Self::T5(Box::new(tokenizer))
    }
}

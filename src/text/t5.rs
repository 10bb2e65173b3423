//! T5's tokenizer: text to the numbers that the third encoder of Stable Diffusion 3 and the second of Flux read.
//!
//! The numbers equal those of transformers' `T5TokenizerFast`, which diffusers uses: over `tokenizer.json` where a
//! folder has one, else over `spiece.model`.

use std::path::Path;

use super::encoding::Encoding;
use super::framed::{Frame, Framed};
use super::sentencepiece::read_t5;
use crate::error::Result;

const FRAME: Frame<'_> = Frame { begin: None, end: Some("</s>"), padding: Some("<pad>") };

/// A T5 tokenizer, read from a model's tokenizer folder.
pub struct T5Tokenizer(Framed);

impl T5Tokenizer {
    /// Reads the tokenizer in `folder`; each text becomes `max_length` numbers (256 for Stable Diffusion 3, 512 for
    /// Flux dev).
    ///
    /// # Errors
    /// [`Error::BadModel`] when neither `tokenizer.json` nor `spiece.model` is there, or it is damaged or lacks T5's
    /// special tokens; [`Error::InvalidArgument`] for a length of 0; [`Error::Io`] when a file cannot be read.
    pub fn open(folder: &Path, max_length: usize) -> Result<Self> {
        Framed::open(folder, ("a T5", "T5"), "spiece.model", read_t5, &FRAME, max_length).map(Self)
    }

    /// Pads with the token of that number from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the vocabulary has no such number.
    pub fn pad_with(&mut self, padding: u32) -> Result<()> {
        self.0.pad_with(padding)
    }

    /// How many numbers [`T5Tokenizer::encode`] returns.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.0.max_length()
    }

    /// The largest number that [`T5Tokenizer::encode`] can return; an embedding table must reach it.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        self.0.largest_id()
    }

    /// The numbers of `text`, cut and padded to [`T5Tokenizer::max_length`].
    ///
    /// # Errors
    /// As [`T5Tokenizer::encode_whole`].
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        self.encode_to(text, self.max_length())
    }

    /// The numbers of `text`, cut and padded to `length`.
    ///
    /// # Errors
    /// As [`T5Tokenizer::encode_whole`]; [`Error::InvalidArgument`] for a length of 0.
    pub fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        self.0.encode_to(text, length)
    }

    /// The numbers of the whole `text` and the end, however long.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the text cannot be tokenized.
    pub fn encode_whole(&self, text: &str) -> Result<Vec<u32>> {
        self.0.encode_whole(text)
    }
}

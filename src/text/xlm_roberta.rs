//! XLM-R's tokenizer, which the multilingual text encoder of Kandinsky 2.1 has.
//!
//! The numbers equal those of transformers' `XLMRobertaTokenizerFast`: over `tokenizer.json` where a folder has one, else
//! over `sentencepiece.bpe.model`, which is of the type Unigram all the same.

use std::path::Path;

use super::encoding::Encoding;
use super::framed::{Frame, Framed};
use super::sentencepiece::read_xlm_roberta;
use crate::error::Result;

const FRAME: Frame<'_> = Frame { begin: Some("<s>"), end: Some("</s>"), padding: Some("<pad>") };

/// An XLM-R tokenizer, read from a model's tokenizer folder.
pub struct XlmRobertaTokenizer(Framed);

impl XlmRobertaTokenizer {
    /// Reads the tokenizer in `folder`; each text becomes `max_length` numbers (77 for Kandinsky 2.1).
    ///
    /// # Errors
    /// [`Error::BadModel`] when neither `tokenizer.json` nor `sentencepiece.bpe.model` is there, or it is damaged or lacks
    /// XLM-R's special tokens; [`Error::InvalidArgument`] for a length below 2; [`Error::Io`] when a file cannot be read.
    pub fn open(folder: &Path, max_length: usize) -> Result<Self> {
        Framed::open(folder, ("an XLM-R", "XLM-R"), "sentencepiece.bpe.model", read_xlm_roberta, &FRAME, max_length)
            .map(Self)
    }

    /// Pads with the token of that number from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the vocabulary has no such number.
    pub fn pad_with(&mut self, padding: u32) -> Result<()> {
        self.0.pad_with(padding)
    }

    /// How many numbers [`XlmRobertaTokenizer::encode`] returns.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.0.max_length()
    }

    /// The largest number that [`XlmRobertaTokenizer::encode`] can return; an embedding table must reach it.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        self.0.largest_id()
    }

    /// The numbers of `text`, cut and padded to [`XlmRobertaTokenizer::max_length`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the text cannot be tokenized.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        self.encode_to(text, self.max_length())
    }

    /// The numbers of `text`, cut and padded to `length`.
    ///
    /// # Errors
    /// As [`XlmRobertaTokenizer::encode`]; [`Error::InvalidArgument`] for a length that has no room for a text.
    pub fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        self.0.encode_to(text, length)
    }
}

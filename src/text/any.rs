//! Any kind of tokenizer, as a text encoder has it.

use std::path::Path;

use super::bert::BertTokenizer;
use super::encoding::Encoding;
use super::gpt2::Gpt2Tokenizer;
use super::kind::TokenizerKind;
use super::t5::T5Tokenizer;
use super::tokenizer::ClipTokenizer;
use super::xlm_roberta::XlmRobertaTokenizer;
use crate::error::Result;

/// The tokenizer of a text encoder.
pub enum AnyTokenizer {
    /// CLIP's.
    Clip(Box<ClipTokenizer>),
    /// T5's.
    T5(Box<T5Tokenizer>),
    /// BERT's.
    Bert(Box<BertTokenizer>),
    /// GPT-2's, as GLIDE has it.
    Gpt2(Box<Gpt2Tokenizer>),
    /// XLM-R's.
    XlmRoberta(Box<XlmRobertaTokenizer>),
}

/// What a model knows of its tokenizer that the tokenizer's folder may not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenizerOptions {
    /// How many numbers each text becomes. Otherwise what the pipelines of the kind have: for CLIP what the folder says
    /// (77), 512 for T5, 77 for BERT and XLM-R, 128 for GPT-2.
    pub length: Option<usize>,
    /// The number that pads a text. Otherwise what the folder says, and for GPT-2 the last of the vocabulary.
    pub padding: Option<u32>,
}

impl AnyTokenizer {
    /// The tokenizer in `folder`, of the kind that the folder says ([`TokenizerKind::of`]).
    ///
    /// # Errors
    /// As [`TokenizerKind::of`] and the `open` of each kind;
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for options that the tokenizer cannot have.
    pub fn open(folder: &Path, options: TokenizerOptions) -> Result<Self> {
        let length = |usual: usize| options.length.unwrap_or(usual);
        let mut tokenizer = match TokenizerKind::of(folder)? {
            TokenizerKind::Clip => {
                let mut tokenizer = ClipTokenizer::open(folder)?;
                if let Some(length) = options.length {
                    tokenizer.cut_to(length)?;
                }
                Self::from(tokenizer)
            }
            TokenizerKind::T5 => Self::from(T5Tokenizer::open(folder, length(512))?),
            TokenizerKind::Bert => Self::Bert(Box::new(BertTokenizer::open(folder, length(77))?)),
            TokenizerKind::Gpt2 => Self::Gpt2(Box::new(Gpt2Tokenizer::open(folder, length(128))?)),
            TokenizerKind::XlmRoberta => Self::XlmRoberta(Box::new(XlmRobertaTokenizer::open(folder, length(77))?)),
        };
        if let Some(padding) = options.padding {
            match &mut tokenizer {
                Self::Clip(tokenizer) => tokenizer.pad_with(padding),
                Self::T5(tokenizer) => tokenizer.pad_with(padding),
                Self::Bert(tokenizer) => tokenizer.pad_with(padding),
                Self::Gpt2(tokenizer) => tokenizer.pad_with(padding),
                Self::XlmRoberta(tokenizer) => tokenizer.pad_with(padding),
            }?;
        }
        Ok(tokenizer)
    }

    /// Whose tokenizer it is.
    #[must_use]
    pub fn kind(&self) -> TokenizerKind {
        match self {
            Self::Clip(_) => TokenizerKind::Clip,
            Self::T5(_) => TokenizerKind::T5,
            Self::Bert(_) => TokenizerKind::Bert,
            Self::Gpt2(_) => TokenizerKind::Gpt2,
            Self::XlmRoberta(_) => TokenizerKind::XlmRoberta,
        }
    }

    /// How many numbers [`encode`](Self::encode) returns.
    #[must_use]
    pub fn max_length(&self) -> usize {
        match self {
            Self::Clip(tokenizer) => tokenizer.max_length(),
            Self::T5(tokenizer) => tokenizer.max_length(),
            Self::Bert(tokenizer) => tokenizer.max_length(),
            Self::Gpt2(tokenizer) => tokenizer.max_length(),
            Self::XlmRoberta(tokenizer) => tokenizer.max_length(),
        }
    }

    /// The numbers of `text`, cut and padded.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) when the text cannot be tokenized.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        self.encode_to(text, self.max_length())
    }

    /// The numbers of `text`, cut and padded to `length`, which any but CLIP's, with its fixed positions, can choose.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        match self {
            Self::Clip(tokenizer) => tokenizer.encode(text),
            Self::T5(tokenizer) => tokenizer.encode_to(text, length),
            Self::Bert(tokenizer) => tokenizer.encode_to(text, length),
            Self::Gpt2(tokenizer) => tokenizer.encode_to(text, length),
            Self::XlmRoberta(tokenizer) => tokenizer.encode_to(text, length),
        }
    }

    /// The largest number that it makes.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        match self {
            Self::Clip(tokenizer) => tokenizer.largest_id(),
            Self::T5(tokenizer) => tokenizer.largest_id(),
            Self::Bert(tokenizer) => tokenizer.largest_id(),
            Self::Gpt2(tokenizer) => tokenizer.largest_id(),
            Self::XlmRoberta(tokenizer) => tokenizer.largest_id(),
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

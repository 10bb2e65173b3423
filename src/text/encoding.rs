//! A tokenized text: how it is cut and padded to the length that an encoder reads.

use crate::error::{Error, Result};

/// One tokenized text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// As many numbers as were asked for: the beginning, the text's tokens, the end, padding; for tokenizers that put a
    /// beginning and an end around a text.
    pub ids: Vec<u32>,
    /// Which of them are not padding: transformers' `attention_mask`.
    pub mask: Vec<bool>,
    /// The part of the text that did not fit, decoded; `None` when all of it did.
    pub lost: Option<String>,
    /// How many tokens the whole text has, the beginning and the end included.
    pub token_count: usize,
}

impl Encoding {
    /// The whole text `ids` cut to `length`, with the `end` token that it has kept, and padded with `padding`; `decode`
    /// gives the text of what was cut off. `length` has room for the end.
    pub(super) fn fitted(
        mut ids: Vec<u32>,
        length: usize,
        end: Option<u32>,
        padding: u32,
        decode: impl FnOnce(&[u32]) -> Result<String>,
    ) -> Result<Self> {
        let token_count = ids.len();
        let mut lost = None;
        if token_count > length {
            let behind = usize::from(end.is_some());
            lost = Some(decode(&ids[length - behind..token_count - behind])?);
            ids.truncate(length - behind);
            ids.extend(end);
        }
        let mut mask = vec![true; ids.len()];
        mask.resize(length, false);
        ids.resize(length, padding);
        Ok(Self { ids, mask, lost, token_count })
    }

    /// How many of the numbers are not padding: the length that some encoders want beside them (the noised CLIP of
    /// GLIDE).
    #[must_use]
    pub fn length(&self) -> usize {
        self.token_count.min(self.ids.len())
    }
}

/// Refuses a token that texts cannot be padded with.
pub(super) fn check_padding(padding: u32, largest: u32) -> Result<()> {
    if padding <= largest {
        return Ok(());
    }
    Err(Error::invalid(format!("texts cannot be padded with the token {padding}; the tokenizer has 0 to {largest}")))
}

/// Refuses a length below the `least`, which holds what stands around each text.
pub(super) fn check_length(length: usize, least: usize) -> Result<()> {
    if length >= least {
        return Ok(());
    }
    Err(Error::invalid(format!("a prompt of {length} tokens was asked for; allowed are {least} and more")))
}

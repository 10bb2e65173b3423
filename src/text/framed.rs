//! What tokenizers other than CLIP's have in common: a pipeline of the crate `tokenizers`, a token before each text or
//! none, one behind it or none, and padding.

use std::path::Path;

use tokenizers::Tokenizer;

use super::encoding::{Encoding, check_length, check_padding};
use super::vocabulary::read_pipeline;
use crate::error::{Error, Result};
use crate::files;

/// A pipeline with its frame.
pub(super) struct Framed {
    tokenizer: Tokenizer,
    begin: Option<u32>,
    end: Option<u32>,
    padding: u32,
    max_length: usize,
}

/// The tokens around a text, as the vocabulary writes them.
pub(super) struct Frame<'a> {
    pub begin: Option<&'a str>,
    pub end: Option<&'a str>,
    /// The vocabulary's last where it is `None`.
    pub padding: Option<&'a str>,
}

impl Framed {
    /// The tokenizer in `folder`: `tokenizer.json` where there is one, else what `read` makes of `file`. `family` is its name
    /// with its article, and without.
    ///
    /// # Errors
    /// [`Error::BadModel`] when neither file is there; what `read` and [`Framed::new`] say; [`Error::Io`].
    pub(super) fn open(
        folder: &Path,
        (a_family, family): (&str, &str),
        file: &str,
        read: fn(&Path) -> Result<Tokenizer>,
        frame: &Frame<'_>,
        max_length: usize,
    ) -> Result<Self> {
        let [pipeline, own] = ["tokenizer.json", file].map(|file| folder.join(file));
        let (path, tokenizer) = if files::is_file(&pipeline) {
            let tokenizer = read_pipeline(&pipeline)?;
            (pipeline, tokenizer)
        } else if files::is_file(&own) {
            let tokenizer = read(&own)?;
            (own, tokenizer)
        } else {
            let message = format!("{a_family} tokenizer's folder holds tokenizer.json or {file}; this holds neither");
            return Err(Error::bad_model(folder, message));
        };
        Self::new(tokenizer, &path, family, frame, max_length)
    }

    /// `tokenizer`, read from `path`, with the tokens of `frame`, which `family` has; texts become `max_length` numbers.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the vocabulary lacks one of them; [`Error::InvalidArgument`] for a length that holds the
    /// frame only.
    pub(super) fn new(
        mut tokenizer: Tokenizer,
        path: &Path,
        family: &str,
        frame: &Frame<'_>,
        max_length: usize,
    ) -> Result<Self> {
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| Error::bad_model(path, e.to_string()))?;
        let number = |token: &str| {
            let lacks = || Error::bad_model(path, format!("its vocabulary has no \"{token}\", which {family}'s has"));
            tokenizer.token_to_id(token).ok_or_else(lacks)
        };
        let begin = frame.begin.map(number).transpose()?;
        let end = frame.end.map(number).transpose()?;
        let padding = frame.padding.map_or_else(|| Ok(largest_id(&tokenizer)), number)?;
        let framed = Self { tokenizer, begin, end, padding, max_length };
        framed.check(max_length)?;
        Ok(framed)
    }

    /// Pads with the token of that number instead.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the vocabulary has no such number.
    pub(super) fn pad_with(&mut self, padding: u32) -> Result<()> {
        check_padding(padding, self.largest_id())?;
        self.padding = padding;
        Ok(())
    }

    pub(super) fn max_length(&self) -> usize {
        self.max_length
    }

    pub(super) fn largest_id(&self) -> u32 {
        largest_id(&self.tokenizer)
    }

    /// The numbers of `text`, cut and padded to `length`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a text that cannot be tokenized, and a length that holds the frame only.
    pub(super) fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        self.check(length)?;
        let decode = |rest: &[u32]| self.tokenizer.decode(rest, true).map_err(untokenizable);
        Encoding::fitted(self.encode_whole(text)?, length, self.end, self.padding, decode)
    }

    /// The numbers of the whole `text` in its frame, however long.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a text that cannot be tokenized.
    pub(super) fn encode_whole(&self, text: &str) -> Result<Vec<u32>> {
        // Without the template of a `tokenizer.json`, which would only add the frame.
        let encoding = self.tokenizer.encode_fast(text, false).map_err(untokenizable)?;
        let mut ids = Vec::with_capacity(encoding.len() + 2);
        ids.extend(self.begin);
        ids.extend_from_slice(encoding.get_ids());
        ids.extend(self.end);
        Ok(ids)
    }

    fn check(&self, length: usize) -> Result<()> {
        check_length(length, (usize::from(self.begin.is_some()) + usize::from(self.end.is_some())).max(1))
    }
}

fn largest_id(tokenizer: &Tokenizer) -> u32 {
    tokenizer.get_vocab(true).into_values().max().unwrap_or(0)
}

fn untokenizable(error: tokenizers::Error) -> Error {
    Error::invalid(format!("the prompt cannot be tokenized: {error}"))
}

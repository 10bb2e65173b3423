//! GPT-2's tokenizer as GLIDE has it: bytes in pairs, over lower-cased text, with nothing around a text.
//!
//! Facts: glide-text2im `tokenizer/bpe.py`. Its numbers equal those of transformers' `GPT2Tokenizer` for the lower-cased
//! text, but that a special token written in a text is a text like any other.

use std::path::Path;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::encoding::Encoding;
use super::framed::{Frame, Framed};
use super::tokenizer::alphabet;
use super::vocabulary::{read_merges, read_pipeline, read_vocabulary};
use crate::error::{Error, Result};
use crate::files;

/// Padding is the vocabulary's last token, which for GPT-2 is `<|endoftext|>`.
const FRAME: Frame<'_> = Frame { begin: None, end: None, padding: None };

/// GLIDE's tokenizer, read from a model's tokenizer folder. An empty text is padding alone.
pub struct Gpt2Tokenizer(Framed);

impl Gpt2Tokenizer {
    /// Reads the tokenizer in `folder`; each text becomes `max_length` numbers (128 for GLIDE), and is padded with the
    /// vocabulary's last token.
    ///
    /// # Errors
    /// [`Error::BadModel`] when neither `vocab.json` with `merges.txt` nor `tokenizer.json` is there, or they are damaged
    /// or lack one of the 256 bytes; [`Error::InvalidArgument`] for a length of 0; [`Error::Io`] when a file cannot be
    /// read.
    pub fn open(folder: &Path, max_length: usize) -> Result<Self> {
        let [vocabulary, merges, pipeline] = ["vocab.json", "merges.txt", "tokenizer.json"].map(|f| folder.join(f));
        let (path, mut tokenizer) = if files::is_file(&vocabulary) && files::is_file(&merges) {
            let tokens = read_vocabulary(&vocabulary)?;
            let pairs = read_merges(&merges, &tokens)?;
            let model = BPE::builder()
                .vocab_and_merges(tokens.into_iter().collect::<Vocab>(), pairs)
                .build()
                .map_err(|e| Error::bad_model(&merges, format!("it does not fit vocab.json: {e}")))?;
            let mut tokenizer = Tokenizer::new(model);
            tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
            (vocabulary, tokenizer)
        } else if files::is_file(&pipeline) {
            let tokenizer = read_pipeline(&pipeline)?;
            (pipeline, tokenizer)
        } else {
            return Err(Error::bad_model(
                folder,
                "a GPT-2 tokenizer's folder holds vocab.json and merges.txt, or tokenizer.json; this holds neither",
            ));
        };
        // A byte without a token would vanish from texts without a word.
        let has = |c: char| tokenizer.token_to_id(c.encode_utf8(&mut [0; 4])).is_some();
        if let Some((byte, character)) = (0..=u8::MAX).zip(alphabet()).find(|(_, c)| !has(*c)) {
            return Err(Error::bad_model(
                path,
                format!("its vocabulary has no \"{character}\", the byte {byte}, which GPT-2's has"),
            ));
        }
        tokenizer.with_decoder(Some(ByteLevel::default()));
        tokenizer.set_encode_special_tokens(true);
        Framed::new(tokenizer, &path, "GPT-2", &FRAME, max_length).map(Self)
    }

    /// Pads with the token of that number from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the vocabulary has no such number.
    pub fn pad_with(&mut self, padding: u32) -> Result<()> {
        self.0.pad_with(padding)
    }

    /// How many numbers [`Gpt2Tokenizer::encode`] returns.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.0.max_length()
    }

    /// The largest number that [`Gpt2Tokenizer::encode`] can return; an embedding table must reach it.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        self.0.largest_id()
    }

    /// The numbers of `text`, cut and padded to [`Gpt2Tokenizer::max_length`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the text cannot be tokenized.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        self.encode_to(text, self.max_length())
    }

    /// The numbers of `text`, cut and padded to `length`.
    ///
    /// # Errors
    /// As [`Gpt2Tokenizer::encode`]; [`Error::InvalidArgument`] for a length that has no room for a text.
    pub fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        self.0.encode_to(&text.to_lowercase(), length)
    }
}

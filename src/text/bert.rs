//! BERT's tokenizer, which latent-diffusion's text-to-image model has (`BERTTokenizer`, over `bert-base-uncased`).
//!
//! The numbers equal those of transformers' `BertTokenizerFast`: over `tokenizer.json` where a folder has one, else over
//! `vocab.txt`.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use tokenizers::decoders::wordpiece::WordPiece as WordPieceDecoder;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{AddedToken, Tokenizer};

use super::encoding::Encoding;
use super::framed::{Frame, Framed};
use super::vocabulary::{read_object, read_text};
use crate::error::{Error, Result};

const FRAME: Frame<'_> = Frame { begin: Some("[CLS]"), end: Some("[SEP]"), padding: Some("[PAD]") };
const UNKNOWN: &str = "[UNK]";
/// What a text may hold as a whole; the mask is no token of every vocabulary.
const SPECIAL: [&str; 5] = ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"];

/// A BERT tokenizer, read from a model's tokenizer folder.
pub struct BertTokenizer(Framed);

impl BertTokenizer {
    /// Reads the tokenizer in `folder`; each text becomes `max_length` numbers (77 for latent diffusion).
    ///
    /// # Errors
    /// [`Error::BadModel`] when neither `tokenizer.json` nor `vocab.txt` is there, or it is damaged or lacks BERT's
    /// special tokens, or `tokenizer_config.json` says what cannot be; [`Error::InvalidArgument`] for a length below 2;
    /// [`Error::Io`] when a file cannot be read.
    pub fn open(folder: &Path, max_length: usize) -> Result<Self> {
        Framed::open(folder, ("a BERT", "BERT"), "vocab.txt", read_words, &FRAME, max_length).map(Self)
    }

    /// Pads with the token of that number from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the vocabulary has no such number.
    pub fn pad_with(&mut self, padding: u32) -> Result<()> {
        self.0.pad_with(padding)
    }

    /// How many numbers [`BertTokenizer::encode`] returns.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.0.max_length()
    }

    /// The largest number that [`BertTokenizer::encode`] can return; an embedding table must reach it.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        self.0.largest_id()
    }

    /// The numbers of `text`, cut and padded to [`BertTokenizer::max_length`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the text cannot be tokenized.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        self.encode_to(text, self.max_length())
    }

    /// The numbers of `text`, cut and padded to `length`.
    ///
    /// # Errors
    /// As [`BertTokenizer::encode`]; [`Error::InvalidArgument`] for a length that has no room for a text.
    pub fn encode_to(&self, text: &str, length: usize) -> Result<Encoding> {
        self.0.encode_to(text, length)
    }
}

/// What transformers' `BertConverter` (`convert_slow_tokenizer.py`) makes of `vocab.txt`, a token a line, and of the
/// config beside it.
fn read_words(path: &Path) -> Result<Tokenizer> {
    let text = read_text(path)?;
    let numbered = text.lines().zip(0_u32..).map(|(token, number)| (token.to_owned(), number));
    let vocabulary: HashMap<String, u32> = numbered.collect();
    let config_path = path.with_file_name("tokenizer_config.json");
    let config = read_object(&config_path)?;
    let flag = |key: &str| match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => {
            Err(Error::bad_model(&config_path, format!("\"{key}\" is {other}; allowed are true, false and null")))
        }
    };
    let special: Vec<_> = SPECIAL
        .into_iter()
        .filter(|token| vocabulary.contains_key(*token))
        .map(|token| AddedToken::from(token, true))
        .collect();
    let words = WordPiece::builder()
        .vocab(vocabulary.into_iter().collect::<tokenizers::models::bpe::Vocab>())
        .unk_token(UNKNOWN.to_owned())
        .build()
        .map_err(|e| Error::bad_model(path, e.to_string()))?;
    let mut tokenizer = Tokenizer::new(words);
    let cleaning = BertNormalizer::new(
        true,
        flag("tokenize_chinese_chars")?.unwrap_or(true),
        flag("strip_accents")?,
        flag("do_lower_case")?.unwrap_or(true),
    );
    tokenizer
        .with_normalizer(Some(cleaning))
        .map_err(|e| Error::Internal(e.to_string()))?
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_decoder(Some(WordPieceDecoder::new("##".to_owned(), true)));
    tokenizer
        .add_special_tokens(special)
        .map_err(|e| Error::bad_model(path, format!("its special tokens cannot be added: {e}")))?;
    if tokenizer.token_to_id(UNKNOWN).is_none() {
        return Err(Error::bad_model(path, format!("its vocabulary has no \"{UNKNOWN}\", which BERT's has")));
    }
    Ok(tokenizer)
}

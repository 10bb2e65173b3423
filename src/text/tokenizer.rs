//! CLIP's tokenizer: text to the numbers that a text encoder reads.
//!
//! The numbers equal those of transformers' `CLIPTokenizer` (the class that SD 1.x folders name) for a folder with
//! `vocab.json` and `merges.txt`, and for the tokens that were added to these. A folder that has only
//! `tokenizer.json` is read as that file says.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use regex::Regex;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::{Model, Tokenizer};

use super::added_tokens::{AddedToken, AddedTokens, read_added_tokens};
use super::clean::clean;
pub use super::encoding::Encoding;
use super::encoding::{check_length, check_padding};
use super::vocabulary::{Special, read_merges, read_object, read_pipeline, read_vocabulary};
use crate::error::{Error, Result};
use crate::files;

/// Words, as OpenAI's `simple_tokenizer.py` finds them.
///
/// Only the words in letters ignore case: Rust's `(?i)` would also widen `\p{L}` by what folds to a letter. And
/// U+0345, which folds to ι, belongs to no word in Python's `regex` module, so it is dropped here too.
const WORDS: &str =
    r"(?i:<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}|[^\s\p{L}\p{N}\u{345}]+";
/// CLIP's own special tokens, which [`WORDS`] finds in whatever case they are written.
const CLIP_SPECIAL: [&str; 2] = ["<|startoftext|>", "<|endoftext|>"];
/// Marks a token that ends a word.
const END_OF_WORD: &str = "</w>";

/// A CLIP tokenizer, read from a model's `tokenizer` folder.
pub struct ClipTokenizer {
    words: Words,
    special: Special,
    bos: u32,
    eos: u32,
    pad: u32,
    largest: u32,
    /// The byte that each of the alphabet's 256 characters stands for is found by its place here.
    alphabet: Vec<char>,
    /// What the number of a learned word's first token stands for.
    learned: HashMap<u32, Range<u32>>,
}

/// How words become tokens.
enum Words {
    /// `vocab.json` and `merges.txt`, with the cleaning of the slow Python class.
    Pairs { model: Box<BPE>, pattern: Regex, added: Box<AddedTokens> },
    /// `tokenizer.json`, which says everything itself.
    Pipeline(Box<Tokenizer>),
}

impl ClipTokenizer {
    /// Reads the tokenizer in `folder`.
    ///
    /// # Errors
    /// [`Error::BadModel`] when neither `vocab.json` with `merges.txt` nor `tokenizer.json` is there, or one of them
    /// or a file about added tokens is damaged, or a special token is missing; [`Error::Io`] when a file cannot be
    /// read.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_padded(folder, None)
    }

    /// As [`ClipTokenizer::open`], with `padding` behind each text whatever the files say: for folders without configs,
    /// whose tokenizer does not know which of a family's encoders it feeds
    /// ([`crate::model::ModelFolder::padding`]).
    ///
    /// # Errors
    /// As [`ClipTokenizer::open`]; [`Error::BadModel`] also for a `padding` that the vocabulary does not have.
    pub fn open_padded(folder: &Path, padding: Option<&str>) -> Result<Self> {
        let config = read_object(&folder.join("tokenizer_config.json"))?;
        let mut special = Special::read(folder, &config)?;
        if let Some(padding) = padding {
            padding.clone_into(&mut special.pad);
        }
        let [vocabulary, merges, pipeline] = ["vocab.json", "merges.txt", "tokenizer.json"].map(|f| folder.join(f));
        let words = if files::is_file(&vocabulary) && files::is_file(&merges) {
            let mut tokens = read_vocabulary(&vocabulary)?;
            let pairs = read_merges(&merges, &tokens)?;
            let added = add_tokens(folder, read_added_tokens(folder, &config)?, &special, &mut tokens)?;
            let unknown = tokens.contains_key(&special.unk).then(|| special.unk.clone());
            let mut builder = BPE::builder()
                .vocab_and_merges(tokens.into_iter().collect::<Vocab>(), pairs)
                .end_of_word_suffix(END_OF_WORD.into());
            if let Some(unknown) = unknown {
                builder = builder.unk_token(unknown);
            }
            let model =
                builder.build().map_err(|e| Error::bad_model(&merges, format!("it does not fit vocab.json: {e}")))?;
            let pattern = Regex::new(WORDS).map_err(|e| Error::Internal(e.to_string()))?;
            Words::Pairs { model: Box::new(model), pattern, added: Box::new(added) }
        } else if files::is_file(&pipeline) {
            let mut tokenizer = read_pipeline(&pipeline)?;
            tokenizer.with_padding(None);
            tokenizer.with_truncation(None).map_err(|e| Error::bad_model(&pipeline, e.to_string()))?;
            Words::Pipeline(Box::new(tokenizer))
        } else {
            return Err(Error::bad_model(
                folder,
                "a tokenizer folder holds vocab.json and merges.txt, or tokenizer.json; this holds neither",
            ));
        };
        let number = |token: &str| {
            words.token_to_id(token).ok_or_else(|| {
                Error::bad_model(folder, format!("its vocabulary has no \"{token}\", which its configuration names"))
            })
        };
        let (bos, eos, pad) = (number(&special.bos)?, number(&special.eos)?, number(&special.pad)?);
        let largest = words.largest_id();
        Ok(Self { words, special, bos, eos, pad, largest, alphabet: alphabet(), learned: HashMap::new() })
    }

    /// Pads with the token of that number from now on: 0 for the CLIPs whose exporter did not say so (openai/CLIP
    /// `tokenize`, the noised CLIP of GLIDE).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the vocabulary has no such number.
    pub fn pad_with(&mut self, padding: u32) -> Result<()> {
        check_padding(padding, self.largest)?;
        self.pad = padding;
        Ok(())
    }

    /// Cuts and pads to `length` numbers from now on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a length that does not hold the beginning and the end.
    pub fn cut_to(&mut self, length: usize) -> Result<()> {
        check_length(length, 2)?;
        self.special.max_length = length;
        Ok(())
    }

    /// Adds a word that was learned by textual inversion: `token` becomes the numbers `ids`, and `token_1`, `token_2` …
    /// all but the first of them one by one, as in diffusers' `load_textual_inversion` and `maybe_convert_prompt`.
    ///
    /// # Errors
    /// What is wrong with the token: the vocabulary has it, or there are too many.
    pub(crate) fn learn(&mut self, token: &str, ids: Range<u32>) -> Result<(), String> {
        let tokens: Vec<String> =
            std::iter::once(token.to_owned()).chain((1..ids.len()).map(|number| format!("{token}_{number}"))).collect();
        if let Some(known) = tokens.iter().find(|token| self.words.knows(token)) {
            let which = if known == token { String::new() } else { format!(" (as \"{known}\")") };
            return Err(format!("is in the tokenizer's vocabulary already{which}"));
        }
        match &mut self.words {
            Words::Pairs { added, .. } => {
                added
                    .extend(tokens.into_iter().zip(ids.clone()))
                    .map_err(|e| format!("cannot be searched for: {e}"))?;
                self.learned.insert(ids.start, ids);
            }
            Words::Pipeline(tokenizer) => {
                let added: Vec<_> = tokens.iter().map(|token| tokenizers::AddedToken::from(token, false)).collect();
                tokenizer.add_tokens(added).map_err(|e| format!("cannot be added: {e}"))?;
                for (number, (token, id)) in tokens.iter().zip(ids.clone()).enumerate() {
                    // The tokenizer numbers them itself.
                    let own = tokenizer.token_to_id(token).ok_or("cannot be added")?;
                    self.learned.insert(own, if number == 0 { ids.clone() } else { id..id + 1 });
                }
            }
        }
        Ok(())
    }

    /// How many numbers [`ClipTokenizer::encode`] returns; 77 for CLIP.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.special.max_length
    }

    /// The largest number that [`ClipTokenizer::encode`] can return: the largest of the vocabulary and of the tokens
    /// added to it. A text encoder's embedding table must reach it.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        self.largest
    }

    /// The numbers of `text`, cut and padded to [`ClipTokenizer::max_length`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the folder's `tokenizer.json` cannot tokenize the text.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        let whole = self.encode_whole(text)?;
        Encoding::fitted(whole, self.max_length(), Some(self.eos), self.pad, |rest| Ok(self.decode(rest)))
    }

    /// The numbers of the whole `text`, from the beginning token to the end token, however long.
    ///
    /// # Errors
    /// As [`ClipTokenizer::encode`].
    pub fn encode_whole(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = vec![self.bos];
        self.encode_into(text, &mut ids)?;
        ids.push(self.eos);
        Ok(ids)
    }

    /// The numbers of the words of `text` alone, without the beginning and the end token, however long.
    ///
    /// # Errors
    /// As [`ClipTokenizer::encode`].
    pub fn encode_bare(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        self.encode_into(text, &mut ids)?;
        Ok(ids)
    }

    /// The numbers of the tokens that begin a text, end it, and fill what is left.
    pub(super) fn frame(&self) -> [u32; 3] {
        [self.bos, self.eos, self.pad]
    }

    /// The number of `token` as the vocabulary writes it.
    pub(super) fn token_to_id(&self, token: &str) -> Option<u32> {
        self.words.token_to_id(token)
    }

    /// Appends the numbers of `text` to `ids`.
    fn encode_into(&self, text: &str, ids: &mut Vec<u32>) -> Result<()> {
        let start = ids.len();
        self.encode_tokens(text, ids)?;
        if !self.learned.is_empty() {
            for id in ids.split_off(start) {
                ids.extend(self.learned.get(&id).cloned().unwrap_or(id..id + 1));
            }
        }
        Ok(())
    }

    /// The same, with the first token of a learned word for all of it.
    fn encode_tokens(&self, text: &str, ids: &mut Vec<u32>) -> Result<()> {
        match &self.words {
            Words::Pipeline(tokenizer) => {
                let encoding = tokenizer
                    .encode_fast(text, false)
                    .map_err(|e| Error::invalid(format!("the prompt cannot be tokenized: {e}")))?;
                ids.extend_from_slice(encoding.get_ids());
            }
            Words::Pairs { model, pattern, added } => {
                for piece in added.split(text) {
                    match added.id(&piece) {
                        Some(id) => ids.push(id),
                        None => self.encode_words(&clean(&piece), model, pattern, ids)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Appends the numbers of the words in `text`, which is cleaned, to `ids`.
    fn encode_words(&self, text: &str, model: &BPE, pattern: &Regex, ids: &mut Vec<u32>) -> Result<()> {
        let mut word_bytes = String::new();
        for word in pattern.find_iter(text) {
            let word = word.as_str();
            // One of CLIP's special tokens that only became it by lower-casing counts all the same.
            if CLIP_SPECIAL.contains(&word)
                && let Some(id) = model.token_to_id(word).or_else(|| model.token_to_id(&self.special.unk))
            {
                ids.push(id);
                continue;
            }
            word_bytes.clear();
            word_bytes.extend(word.bytes().map(|b| self.alphabet[usize::from(b)]));
            let tokens = model
                .tokenize(&word_bytes)
                .map_err(|e| Error::invalid(format!("the prompt cannot be tokenized: {e}")))?;
            ids.extend(tokens.iter().map(|t| t.id));
        }
        Ok(())
    }

    /// The text of `ids`, with a space after each word, as transformers decodes.
    fn decode(&self, ids: &[u32]) -> String {
        let mut bytes = Vec::new();
        let flush = |text: &str, bytes: &mut Vec<u8>| {
            for c in text.chars() {
                match self.alphabet.iter().position(|a| *a == c).and_then(|b| u8::try_from(b).ok()) {
                    Some(byte) => bytes.push(byte),
                    None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
        };
        for &id in ids {
            let token = self.words.id_to_token(id).unwrap_or_default();
            if self.words.is_added(&token) {
                bytes.push(b' ');
                bytes.extend_from_slice(token.as_bytes());
                bytes.push(b' ');
                continue;
            }
            match token.strip_suffix(END_OF_WORD) {
                Some(word) => {
                    flush(word, &mut bytes);
                    bytes.push(b' ');
                }
                None => flush(&token, &mut bytes),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Words {
    /// Whether `token` is in the vocabulary, or was added to it.
    fn knows(&self, token: &str) -> bool {
        self.token_to_id(token).is_some() || self.is_added(token)
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Pairs { model, .. } => model.token_to_id(token),
            Self::Pipeline(tokenizer) => tokenizer.token_to_id(token),
        }
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        match self {
            Self::Pairs { model, .. } => model.id_to_token(id),
            Self::Pipeline(tokenizer) => tokenizer.id_to_token(id),
        }
    }

    fn is_added(&self, token: &str) -> bool {
        match self {
            Self::Pairs { added, .. } => added.id(token).is_some(),
            Self::Pipeline(tokenizer) => tokenizer.get_added_vocabulary().get_vocab().contains_key(token),
        }
    }

    /// The largest number in the vocabulary, added tokens included.
    fn largest_id(&self) -> u32 {
        let vocabulary = match self {
            Self::Pairs { model, .. } => model.get_vocab(),
            Self::Pipeline(tokenizer) => tokenizer.get_vocab(true),
        };
        vocabulary.into_values().max().unwrap_or(0)
    }
}

/// Adds `added` and the special tokens that `vocabulary` has to it. A text that it already had is renumbered, as
/// transformers looks among the added tokens first.
fn add_tokens(
    folder: &Path,
    mut added: HashMap<String, AddedToken>,
    special: &Special,
    vocabulary: &mut HashMap<String, u32>,
) -> Result<AddedTokens> {
    for text in [&special.bos, &special.eos, &special.unk, &special.pad].into_iter().filter(|text| !text.is_empty()) {
        if let Some(&id) = vocabulary.get(text) {
            added.entry(text.clone()).or_insert(AddedToken { id, ..AddedToken::default() });
        }
    }
    vocabulary.extend(added.iter().map(|(text, token)| (text.clone(), token.id)));
    AddedTokens::new(folder, added)
}

/// The printable character that stands for each byte (GPT-2's `bytes_to_unicode`): printable Latin-1 stands for
/// itself, the rest is moved past U+0100.
pub(super) fn alphabet() -> Vec<char> {
    let mut moved = (0x100..).filter_map(char::from_u32);
    (0..=u8::MAX)
        .map(|byte| match byte {
            b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
            _ => moved.next().unwrap_or(char::REPLACEMENT_CHARACTER),
        })
        .collect()
}

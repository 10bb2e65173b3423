//! A SentencePiece model file (`spiece.model`, `sentencepiece.bpe.model`) as a tokenizer.
//!
//! The messages are those of SentencePiece's `sentencepiece_model.proto`, as far as a Unigram model needs them. What is
//! built of them is what transformers' `T5Converter` and `XLMRobertaConverter` build (`convert_slow_tokenizer.py`).

use std::path::Path;

use prost::Message;
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{NormalizerWrapper, Precompiled, Replace, Sequence, Strip};
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::{AddedToken, Tokenizer};

use crate::error::{Error, Result};
use crate::files;

/// T5 has a hundred `<extra_id_N>` behind its vocabulary, the last number first.
const EXTRA_IDS: usize = 100;
const UNIGRAM: i32 = 1;
/// `SentencePiece.Type`.
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer_spec: Option<TrainerSpec>,
    #[prost(message, optional, tag = "3")]
    normalizer_spec: Option<NormalizerSpec>,
}

#[derive(Clone, PartialEq, Message)]
struct Piece {
    #[prost(string, optional, tag = "1")]
    piece: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct TrainerSpec {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(int32, optional, tag = "40")]
    unk_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct NormalizerSpec {
    #[prost(bytes = "vec", optional, tag = "2")]
    precompiled_charsmap: Option<Vec<u8>>,
}

/// Reads T5's `spiece.model` at `path`.
///
/// # Errors
/// [`Error::Io`] when it cannot be read, [`Error::BadModel`] when it is not a Unigram model of SentencePiece or
/// contradicts itself.
pub(super) fn read_t5(path: &Path) -> Result<Tokenizer> {
    let file = SentencePieces::read(path, "T5")?;
    let unknown = usize::try_from(file.unknown).ok().filter(|id| *id < file.pieces.len());
    let unknown = unknown.ok_or_else(|| Error::bad_model(path, "its unknown token is none of its pieces"))?;
    let mut special = file.special.clone();
    let mut vocabulary = file.pieces.clone();
    special.push(added(&vocabulary[unknown].0));
    for number in (0..EXTRA_IDS).rev() {
        let text = format!("<extra_id_{number}>");
        special.push(added(&text));
        vocabulary.push((text, 0.0));
    }
    file.tokenizer(path, vocabulary, unknown, special)
}

/// Reads XLM-R's `sentencepiece.bpe.model` at `path`: fairseq numbers its own four special tokens before the pieces,
/// of which the first three are not counted, and the mask behind them (transformers' `XLMRobertaConverter`).
///
/// # Errors
/// As [`read_t5`].
pub(super) fn read_xlm_roberta(path: &Path) -> Result<Tokenizer> {
    let file = SentencePieces::read(path, "XLM-R")?;
    let own = ["<s>", "<pad>", "</s>", "<unk>"];
    let pieces = file.pieces.iter().skip(3).cloned();
    let mut vocabulary: Vec<_> = own.into_iter().map(|text| (text.to_owned(), 0.0)).chain(pieces).collect();
    vocabulary.push(("<mask>".to_owned(), 0.0));
    let mut special = file.special.clone();
    special.extend(own.into_iter().map(added));
    // As the Python class has it: the mask takes the white space before it along.
    special.push(AddedToken::from("<mask>", true).lstrip(true).normalized(true));
    file.tokenizer(path, vocabulary, 3, special)
}

/// What a file holds.
struct SentencePieces {
    /// Each piece with its score.
    pieces: Vec<(String, f64)>,
    special: Vec<AddedToken>,
    defined: Vec<AddedToken>,
    unknown: i32,
    /// The table of characters, where there is one.
    map: Option<Vec<u8>>,
}

impl SentencePieces {
    fn read(path: &Path, family: &str) -> Result<Self> {
        let bytes = files::read(path, u64::MAX).map_err(|error| Error::io("cannot read", path, error))?;
        let bad = |message: String| Error::bad_model(path, message);
        let proto = ModelProto::decode(bytes)
            .map_err(|error| bad(format!("it is not a SentencePiece model ({error}); copy the file again")))?;
        let spec = proto.trainer_spec.unwrap_or_default();
        if spec.model_type.unwrap_or(UNIGRAM) != UNIGRAM || proto.pieces.is_empty() {
            return Err(bad(format!("it is not a SentencePiece model of the type Unigram, which {family}'s is")));
        }
        let mut pieces = Vec::with_capacity(proto.pieces.len() + EXTRA_IDS);
        let (mut special, mut defined) = (Vec::new(), Vec::new());
        for (id, piece) in proto.pieces.into_iter().enumerate() {
            let score = f64::from(piece.score.unwrap_or(0.0));
            let text = piece.piece.filter(|text| !text.is_empty() && score.is_finite());
            let text = text.ok_or_else(|| bad(format!("its piece {id} has no text or no finite score")))?;
            match piece.kind {
                Some(CONTROL) => special.push(added(&text)),
                Some(USER_DEFINED) => defined.push(added(&text)),
                _ => {}
            }
            pieces.push((text, score));
        }
        let map = proto.normalizer_spec.and_then(|spec| spec.precompiled_charsmap).filter(|map| !map.is_empty());
        Ok(Self { pieces, special, defined, unknown: spec.unk_id.unwrap_or(0), map })
    }

    /// The tokenizer over `vocabulary`, of which number `unknown` stands for what it does not have.
    fn tokenizer(
        self,
        path: &Path,
        vocabulary: Vec<(String, f64)>,
        unknown: usize,
        special: Vec<AddedToken>,
    ) -> Result<Tokenizer> {
        let bad = |message: String| Error::bad_model(path, message);
        let model = Unigram::from(vocabulary, Some(unknown), false).map_err(|error| bad(error.to_string()))?;
        let mut tokenizer = Tokenizer::new(model);
        let mut steps = Vec::new();
        if let Some(map) = self.map {
            check_map(&map).ok_or_else(|| bad("its table of characters is damaged".into()))?;
            let map = Precompiled::from(&map).map_err(|error| bad(error.to_string()))?;
            steps.push(NormalizerWrapper::Precompiled(map));
        }
        steps.push(Strip::new(false, true).into());
        let spaces = Replace::new(ReplacePattern::Regex(" {2,}".into()), "\u{2581}");
        steps.push(spaces.map_err(|error| Error::Internal(error.to_string()))?.into());
        tokenizer
            .with_normalizer(Some(Sequence::new(steps)))
            .map_err(|error| Error::Internal(error.to_string()))?
            .with_pre_tokenizer(Some(Metaspace::new('\u{2581}', PrependScheme::Always, true)))
            .with_decoder(Some(Metaspace::new('\u{2581}', PrependScheme::Always, true)));
        let failed = |error: tokenizers::Error| bad(format!("its tokens cannot be added: {error}"));
        tokenizer.add_tokens(self.defined).map_err(failed)?;
        tokenizer.add_special_tokens(special).map_err(failed)?;
        Ok(tokenizer)
    }
}

fn added(text: &str) -> AddedToken {
    AddedToken::from(text, false).normalized(false)
}

/// Whether every step through the table's trie stays inside, and every value of it is a text: what `Precompiled` takes
/// for granted. The format is a length in bytes, that many bytes of a darts-clone double array, and texts that each end
/// with a zero (SentencePiece `normalizer.cc`); the bits of a unit are those of darts-clone's `DoubleArrayUnit`.
fn check_map(map: &[u8]) -> Option<()> {
    let (length, rest) = map.split_first_chunk::<4>()?;
    let (trie, texts) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let (units, odd) = trie.as_chunks::<4>();
    let texts = std::str::from_utf8(texts).ok()?;
    let units: Vec<usize> = units.iter().map(|unit| u32::from_le_bytes(*unit) as usize).collect();
    let whole = odd.is_empty() && !units.is_empty() && (texts.is_empty() || texts.ends_with('\0'));
    let sound = |(at, unit): (usize, &usize)| {
        if unit >> 31 == 1 {
            return true; // a value, at which no step ends
        }
        let next = at ^ ((unit >> 10) << ((unit & (1 << 9)) >> 6));
        let inside = next | 0xFF < units.len();
        let value = units.get(next).map_or(0, |unit| unit & 0x7FFF_FFFF);
        inside && ((unit >> 8) & 1 == 0 || texts.is_char_boundary(value))
    };
    (whole && units.iter().enumerate().all(sound)).then_some(())
}

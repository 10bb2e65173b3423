//! A prompt of any length as chunks that a text encoder takes.
//!
//! The meaning is that of `modules/sd_hijack_clip.py` of AUTOMATIC1111's webui 1.10, with its default settings.

use super::emphasis::{Piece, pieces};
use crate::error::{Error, Result};
use crate::text::tokenizer::ClipTokenizer;

/// A chunk that is full gives what follows its last comma to the next one, if the comma is among so many last tokens.
const COMMA_BACKTRACK: usize = 20;
/// How many chunks one prompt may have: the text encoder runs once for each, and the denoiser attends to all.
const MAX_CHUNKS: usize = 256;

/// What a text encoder reads in one go.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// [`ClipTokenizer::max_length`] numbers, 77 for CLIP: the beginning, the text's tokens, the end, padding.
    pub ids: Vec<u32>,
    /// As many weights, for [`apply_weights`](super::apply_weights): 1 for what is not of the text.
    pub weights: Vec<f32>,
}

/// Takes `text`, which may have emphasis and `BREAK`s in it, apart into chunks; at least one.
///
/// A chunk is the beginning token, up to 75 tokens of the text, the end token, and padding. Where the text is longer,
/// a new chunk begins: after the last comma if that is among the chunk's last 20 tokens, otherwise wherever the chunk
/// is full. `BREAK` fills the chunk up, even an empty one; at the end of the text it does nothing.
///
/// # Errors
/// [`Error::InvalidArgument`] where [`pieces`] or the tokenizer has one, or for more than 256 chunks;
/// [`Error::Unsupported`] when the text encoder takes fewer than three tokens.
pub fn chunk(tokenizer: &ClipTokenizer, text: &str) -> Result<Vec<Chunk>> {
    let mut chunks = Chunks::new(tokenizer)?;
    for piece in pieces(text)? {
        match piece {
            Piece::Break => chunks.next()?,
            Piece::Text { text, weight } => {
                for id in tokenizer.encode_bare(&text)? {
                    chunks.push(id, weight as f32)?;
                }
            }
        }
    }
    if !chunks.tokens.is_empty() || chunks.done.is_empty() {
        chunks.next()?;
    }
    Ok(chunks.done)
}

/// A chunk without any text: what a shorter prompt is filled up with.
#[must_use]
pub fn empty_chunk(tokenizer: &ClipTokenizer) -> Chunk {
    framed(tokenizer, &[])
}

/// Fills the shorter ones of `prompts` up with empty chunks, until all have as many: the denoiser takes the
/// conditional and the unconditional text in one batch.
pub fn pad_chunks(tokenizer: &ClipTokenizer, prompts: &mut [Vec<Chunk>]) {
    let count = prompts.iter().map(Vec::len).max().unwrap_or(0);
    for prompt in prompts {
        prompt.resize_with(count, || empty_chunk(tokenizer));
    }
}

/// Chunks that are being filled.
struct Chunks<'a> {
    tokenizer: &'a ClipTokenizer,
    comma: Option<u32>,
    /// How many tokens of the text a chunk has room for.
    room: usize,
    done: Vec<Chunk>,
    /// The tokens of the chunk that is being filled, and their weights.
    tokens: Vec<(u32, f32)>,
    last_comma: Option<usize>,
}

impl<'a> Chunks<'a> {
    fn new(tokenizer: &'a ClipTokenizer) -> Result<Self> {
        let room = tokenizer.max_length().saturating_sub(2);
        if room == 0 {
            return Err(Error::Unsupported(format!(
                "the tokenizer's model_max_length is {}; the prompt syntax needs at least 3",
                tokenizer.max_length()
            )));
        }
        let comma = tokenizer.token_to_id(",</w>");
        Ok(Self { tokenizer, comma, room, done: Vec::new(), tokens: Vec::new(), last_comma: None })
    }

    fn push(&mut self, id: u32, weight: f32) -> Result<()> {
        let full = self.tokens.len() == self.room;
        if Some(id) == self.comma {
            self.last_comma = Some(self.tokens.len());
        } else if full
            && let Some(comma) = self.last_comma
            && self.room - comma <= COMMA_BACKTRACK
        {
            let moved = self.tokens.split_off(comma + 1);
            self.next()?;
            self.tokens = moved;
        }
        if self.tokens.len() == self.room {
            self.next()?;
        }
        self.tokens.push((id, weight));
        Ok(())
    }

    /// Ends the chunk, full or not.
    fn next(&mut self) -> Result<()> {
        if self.done.len() == MAX_CHUNKS {
            return Err(Error::invalid(format!(
                "the prompt has more than {MAX_CHUNKS} chunks of {} tokens, which is the most that is allowed",
                self.room
            )));
        }
        self.done.push(framed(self.tokenizer, &self.tokens));
        self.tokens.clear();
        self.last_comma = None;
        Ok(())
    }
}

/// `tokens`, which fit, between the beginning and the end token, with padding after them.
fn framed(tokenizer: &ClipTokenizer, tokens: &[(u32, f32)]) -> Chunk {
    let [bos, eos, pad] = tokenizer.frame();
    let length = tokenizer.max_length();
    let (mut ids, mut weights) = (vec![bos], vec![1.0]);
    ids.extend(tokens.iter().map(|(id, _)| id));
    weights.extend(tokens.iter().map(|(_, weight)| weight));
    ids.resize(length - 1, eos);
    ids.push(eos);
    weights.resize(length, 1.0);
    // A text encoder with a padding token of its own expects it after the first end token, wherever that is from.
    if let Some(end) = ids.iter().position(|&id| id == eos) {
        ids[end + 1..].fill(pad);
    }
    Chunk { ids, weights }
}

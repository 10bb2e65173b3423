//! Emphasis: `(more)`, `[less]`, `(as said:1.3)`, and `BREAK`.
//!
//! The meaning is that of `parse_prompt_attention` in `modules/prompt_parser.py` of AUTOMATIC1111's webui 1.10.

use std::sync::LazyLock;

use regex::Regex;

use super::MAX_DEPTH;
use crate::error::{Error, Result};

/// What round brackets without a number multiply by, and square ones divide by.
const STEP: f64 = 1.1;

/// One piece of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Words that are tokenized together and have one weight.
    Text {
        /// The words, without brackets and escapes.
        text: String,
        /// What the encoder's output is multiplied by; 1 outside of brackets. Finite, and so as a float32.
        weight: f64,
    },
    /// `BREAK`: what follows starts a new chunk.
    Break,
}

/// Takes `text` apart at its brackets.
///
/// - `(x)` multiplies the weight of x by 1.1, `[x]` divides it by 1.1, `(x:1.3)` multiplies it by 1.3; brackets inside
///   one another multiply. The number has digits, at most one point and perhaps a sign; anything else after a colon is
///   text.
/// - `\(`, `\)`, `\[`, `\]` and `\\` are these characters; a `\` before anything else is dropped.
/// - Unbalanced brackets: one that is never closed counts to the end of the prompt, one that closes nothing is text.
///   Round and square brackets are matched each on their own, so `([x)]` is well-formed.
/// - The word `BREAK`, in capitals and in brackets too, ends a chunk. (The webui loses a `BREAK` that stands inside of
///   brackets which change its weight: it becomes a word. Here it means what the webui's manual says.)
///
/// Neighbours with the same weight are one piece, so that `(un)(even)` is tokenized as `uneven`. There is always at
/// least one piece.
///
/// # Errors
/// [`Error::InvalidArgument`] when a weight is no number (`(x:1.2.3)`) or beyond a float32, alone or multiplied, or
/// when more than 256 brackets are open at once.
pub fn pieces(text: &str) -> Result<Vec<Piece>> {
    let mut reader = Reader::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' => reader.escape(rest),
            '(' | '[' => reader.open(first)?,
            ':' => reader.colon(rest)?,
            ')' if reader.close(')', STEP) => 1,
            ']' if reader.close(']', 1.0 / STEP) => 1,
            ')' | ']' => reader.text(&rest[..1]),
            _ => reader.text(&rest[..rest.find(['\\', '(', ')', '[', ']', ':']).unwrap_or(rest.len())]),
        };
        rest = &rest[length..];
    }
    reader.finish()
}

/// The words of `text` alone, without brackets, weights, escapes and `BREAK`s: what an encoder reads that neither takes
/// chunks nor weights.
///
/// # Errors
/// As [`pieces`].
pub fn without_syntax(text: &str) -> Result<String> {
    let word = |piece| match piece {
        Piece::Text { text, .. } => text,
        Piece::Break => " ".to_owned(),
    };
    Ok(pieces(text)?.into_iter().map(word).collect())
}

/// What was read so far. Its methods return how many bytes they used up.
#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    /// Where in `pieces` each round bracket that is still open began, and each square one.
    round: Vec<usize>,
    square: Vec<usize>,
}

impl Reader {
    fn escape(&mut self, rest: &str) -> usize {
        match rest.as_bytes().get(1) {
            Some(b'(' | b')' | b'[' | b']' | b'\\') => {
                self.push(&rest[1..2]);
                2
            }
            _ => {
                self.push("");
                1
            }
        }
    }

    fn open(&mut self, bracket: char) -> Result<usize> {
        if self.round.len() + self.square.len() == MAX_DEPTH {
            return Err(too_deep());
        }
        if bracket == '(' { &mut self.round } else { &mut self.square }.push(self.pieces.len());
        Ok(1)
    }

    /// Closes the last open bracket of the kind that `bracket` closes, if there is one.
    fn close(&mut self, bracket: char, factor: f64) -> bool {
        let start = if bracket == ')' { &mut self.round } else { &mut self.square }.pop();
        start.is_some_and(|start| {
            self.multiply(start, factor);
            true
        })
    }

    /// Multiplies in the order in which brackets are closed, as the webui does: weights are compared for equality, so
    /// their last bits matter. The limit on the depth keeps the time linear.
    fn multiply(&mut self, start: usize, factor: f64) {
        for piece in &mut self.pieces[start..] {
            if let Piece::Text { weight, .. } = piece {
                *weight *= factor;
            }
        }
    }

    fn colon(&mut self, rest: &str) -> Result<usize> {
        let Some((number, length)) = weight_and_bracket(rest) else { return Ok(self.text(&rest[..1])) };
        if self.round.is_empty() {
            return Ok(self.text(&rest[..length]));
        }
        let factor: f64 = number.parse().map_err(|_| {
            Error::invalid(format!("the prompt's weight \"{}\" is no number; one is as 1.3", shortened(number)))
        })?;
        if !(factor as f32).is_finite() {
            return Err(too_large());
        }
        self.close(')', factor);
        Ok(length)
    }

    fn text(&mut self, text: &str) -> usize {
        for (i, part) in split_at_breaks(text).enumerate() {
            if i > 0 {
                self.pieces.push(Piece::Break);
            }
            self.push(part);
        }
        text.len()
    }

    fn push(&mut self, text: &str) {
        self.pieces.push(Piece::Text { text: text.to_owned(), weight: 1.0 });
    }

    fn finish(mut self) -> Result<Vec<Piece>> {
        for start in std::mem::take(&mut self.round) {
            self.multiply(start, STEP);
        }
        for start in std::mem::take(&mut self.square) {
            self.multiply(start, 1.0 / STEP);
        }
        let mut merged: Vec<Piece> = Vec::new();
        for piece in self.pieces {
            if let Piece::Text { text, weight } = &piece {
                if !(*weight as f32).is_finite() {
                    return Err(too_large());
                }
                if let Some(Piece::Text { text: before, weight: same }) = merged.last_mut()
                    && *same == *weight
                {
                    before.push_str(text);
                    continue;
                }
            }
            merged.push(piece);
        }
        if merged.is_empty() {
            merged.push(Piece::Text { text: String::new(), weight: 1.0 });
        }
        Ok(merged)
    }
}

/// The number in `rest`, which begins with a colon, and how long the whole is with the bracket that closes it;
/// `None` where there is no such thing.
fn weight_and_bracket(rest: &str) -> Option<(&str, usize)> {
    let number = rest[1..].trim_start();
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    let after = digits.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    if after.len() == digits.len() {
        return None;
    }
    let bracket = after.trim_start().strip_prefix(')')?;
    Some((&number[..number.len() - after.len()], rest.len() - bracket.len()))
}

/// `text` without its `BREAK`s and the blanks around them.
fn split_at_breaks(text: &str) -> impl Iterator<Item = &str> {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, and every test compiles it")]
    static BREAK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bBREAK\b").expect("a pattern"));
    let mut parts = BREAK.split(text).peekable();
    let mut first = true;
    std::iter::from_fn(move || {
        let mut part = parts.next()?;
        if !std::mem::take(&mut first) {
            part = part.trim_start();
        }
        Some(if parts.peek().is_some() { part.trim_end() } else { part })
    })
}

pub(super) fn too_deep() -> Error {
    Error::invalid(format!(
        "the prompt has more than {MAX_DEPTH} brackets open at once, which is the most that is allowed; \
         a bracket that is part of the text is written \\( or \\["
    ))
}

fn too_large() -> Error {
    Error::invalid(
        "the prompt's brackets give a part of it a weight beyond 3.4e38; sensible weights are about 0.5 to 1.5",
    )
}

/// At most 40 characters of `text`, for a message.
pub(super) fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(40).collect();
    if characters.next().is_some() { start + "…" } else { start }
}

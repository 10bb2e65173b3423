//! Tokens added to a vocabulary after its training (a textual inversion's `<cat-toy>`): where they are written, and
//! how a text is cut at them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use regex::Regex;
use serde_json::{Map, Value};

use super::vocabulary::read_object;
use crate::error::{Error, Result};

/// An added token's number, and how it treats its neighbours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AddedToken {
    pub id: u32,
    /// Takes the white space before it along.
    pub lstrip: bool,
    /// Takes the white space after it along.
    pub rstrip: bool,
    /// Is no token where anything but a space stands beside it.
    pub single_word: bool,
}

/// The added tokens of a tokenizer, the special ones among them.
pub(super) struct AddedTokens {
    tokens: HashMap<String, AddedToken>,
    /// Any of the tokens, the longest first.
    pattern: Regex,
}

/// The added tokens that `folder` names, by their text.
///
/// As transformers' `from_pretrained` reads them (`tokenization_utils_base.py`): what `config`, the folder's
/// `tokenizer_config.json`, lists as `added_tokens_decoder`, and only where it has none `added_tokens.json` and
/// then the `added_tokens` of `tokenizer.json`. `additional_special_tokens` that none of these has a number for are
/// not added, and `normalized` and `special` change nothing for CLIP.
///
/// # Errors
/// [`Error::BadModel`] for an entry that is not a token; [`Error::Io`] when a file cannot be read.
pub(super) fn read_added_tokens(folder: &Path, config: &Map<String, Value>) -> Result<HashMap<String, AddedToken>> {
    let mut found = Vec::new();
    if let Some(listed) = config.get("added_tokens_decoder") {
        let bad = |message: String| Error::bad_model(folder.join("tokenizer_config.json"), message);
        let listed =
            listed.as_object().ok_or_else(|| bad("\"added_tokens_decoder\" is not an object of tokens".into()))?;
        for (key, value) in listed {
            let place = format!("\"added_tokens_decoder\" \"{key}\"");
            let id = key.parse().map_err(|_| bad(format!("{place} does not name a token's number")))?;
            found.push(described(id, value).ok_or_else(|| bad(not_a_token(&place)))?);
        }
    } else {
        let path = folder.join("added_tokens.json");
        for (text, value) in read_object(&path)? {
            let id = number(&value)
                .ok_or_else(|| Error::bad_model(&path, format!("\"{text}\" has {value}, not a token's number")))?;
            found.push((text, AddedToken { id, ..AddedToken::default() }));
        }
        let path = folder.join("tokenizer.json");
        let pipeline = read_object(&path)?;
        for (at, value) in pipeline.get("added_tokens").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let token = value.get("id").and_then(number).and_then(|id| described(id, value));
            found.push(token.ok_or_else(|| Error::bad_model(&path, not_a_token(&format!("\"added_tokens\" {at}"))))?);
        }
    }
    // Where a text has several numbers, the last one written counts, and files are written in rising order.
    found.sort_by_key(|(_, token)| token.id);
    Ok(found.into_iter().filter(|(text, _)| !text.is_empty()).collect())
}

/// A token written as an object of "content" and flags, which are false where they are missing.
fn described(id: u32, value: &Value) -> Option<(String, AddedToken)> {
    let flag = |name| value.get(name).map_or(Some(false), Value::as_bool);
    let (lstrip, rstrip, single_word) = (flag("lstrip")?, flag("rstrip")?, flag("single_word")?);
    Some((value.get("content")?.as_str()?.to_owned(), AddedToken { id, lstrip, rstrip, single_word }))
}

fn not_a_token(place: &str) -> String {
    format!("{place} is not a token; one has \"content\", a text, and \"lstrip\", \"rstrip\" and \"single_word\"")
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| id.try_into().ok())
}

impl AddedTokens {
    /// # Errors
    /// [`Error::BadModel`] about `folder` when the tokens are too many or too long for one pattern.
    pub(super) fn new(folder: &Path, tokens: HashMap<String, AddedToken>) -> Result<Self> {
        let pattern = any_of(&tokens)
            .map_err(|e| Error::bad_model(folder, format!("its added tokens cannot be searched for: {e}")))?;
        Ok(Self { tokens, pattern })
    }

    /// Adds `tokens`, which stand beside anything.
    ///
    /// # Errors
    /// What is wrong when there are too many for one pattern; then nothing is added.
    pub(super) fn extend(&mut self, tokens: impl IntoIterator<Item = (String, u32)>) -> Result<(), regex::Error> {
        let mut all = self.tokens.clone();
        all.extend(tokens.into_iter().map(|(text, id)| (text, AddedToken { id, ..AddedToken::default() })));
        self.pattern = any_of(&all)?;
        self.tokens = all;
        Ok(())
    }

    /// The number of `text`, if all of it is one added token.
    pub(super) fn id(&self, text: &str) -> Option<u32> {
        self.tokens.get(text).map(|token| token.id)
    }

    /// Cuts `text` at its added tokens, which keep pieces of their own; the first and then the longest token counts.
    ///
    /// What `lstrip`, `rstrip` and `single_word` do is `PreTrainedTokenizer.tokenize` of transformers'
    /// `tokenization_utils.py`, in its order.
    pub(super) fn split<'t>(&self, text: &'t str) -> Vec<Cow<'t, str>> {
        let mut pieces = Vec::new();
        let mut end = 0;
        for found in self.pattern.find_iter(text).filter(|found| !found.is_empty()) {
            if end < found.start() {
                pieces.push(Cow::Borrowed(&text[end..found.start()]));
            }
            pieces.push(Cow::Borrowed(found.as_str()));
            end = found.end();
        }
        if end < text.len() {
            pieces.push(Cow::Borrowed(&text[end..]));
        }
        for at in 0..pieces.len() {
            let (before, rest) = pieces.split_at_mut(at);
            if let [piece, after @ ..] = rest
                && let Some(token) = self.tokens.get(piece.as_ref())
            {
                apply(*token, before.last_mut(), piece, after.first_mut());
            }
        }
        pieces
    }
}

/// Any of `tokens`, the longest first.
fn any_of(tokens: &HashMap<String, AddedToken>) -> Result<Regex, regex::Error> {
    let mut texts: Vec<_> = tokens.keys().map(String::as_str).collect();
    texts.sort_by_key(|text| (std::cmp::Reverse(text.len()), *text));
    let alternatives: Vec<_> = texts.into_iter().map(regex::escape).collect();
    Regex::new(&alternatives.join("|"))
}

/// Applies the flags of `token`, whose text is `piece`, to it and to the pieces beside it.
fn apply<'t>(
    token: AddedToken,
    mut left: Option<&mut Cow<'t, str>>,
    piece: &mut Cow<'t, str>,
    mut right: Option<&mut Cow<'t, str>>,
) {
    // Whether it stands alone is asked before white space is taken off.
    let joins_left = left.as_ref().and_then(|l| l.chars().next_back()).is_some_and(|c| c != ' ');
    let joins_right = right.as_ref().and_then(|r| r.chars().next()).is_some_and(|c| c != ' ');
    if let Some(right) = right.as_deref_mut().filter(|_| token.rstrip) {
        trim(right, |text| text.trim_start_matches(is_space));
    }
    if let Some(left) = left.as_deref_mut().filter(|_| token.lstrip) {
        trim(left, |text| text.trim_end_matches(is_space));
    }
    match (left, right) {
        (Some(left), _) if token.single_word && joins_left => left.to_mut().push_str(&std::mem::take(piece)),
        (_, Some(right)) if token.single_word && joins_right => {
            *right = Cow::Owned(format!("{}{right}", std::mem::take(piece)));
        }
        _ => {}
    }
}

fn trim(piece: &mut Cow<'_, str>, trimmed: fn(&str) -> &str) {
    match piece {
        Cow::Borrowed(text) => *text = trimmed(text),
        Cow::Owned(text) => *text = trimmed(text).to_owned(),
    }
}

/// What Python's `str.strip` takes off.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

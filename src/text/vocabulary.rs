//! Reading a CLIP tokenizer's files: `vocab.json` and `merges.txt`, or `tokenizer.json`, and what the config files
//! beside them say about special tokens.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::Tokenizer;

use crate::error::{Error, Result};
use crate::files;

/// CLIP's text encoders read 77 tokens.
const DEFAULT_MAX_LENGTH: usize = 77;
/// transformers writes 1e30 where no length was set; anything past this is taken as "not set".
const MAX_LENGTH_LIMIT: f64 = 65536.0;

/// Byte pairs in the order in which they are merged.
pub(super) type Merges = Vec<(String, String)>;

/// The special tokens and the length that a tokenizer folder states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Special {
    pub bos: String,
    pub eos: String,
    pub pad: String,
    pub unk: String,
    pub max_length: usize,
}

/// Reads `vocab.json`.
pub(super) fn read_vocabulary(path: &Path) -> Result<HashMap<String, u32>> {
    let vocabulary: HashMap<String, u32> = serde_json::from_str(&read_text(path)?)
        .map_err(|e| Error::bad_model(path, format!("it is not an object of tokens and their numbers: {e}")))?;
    if vocabulary.is_empty() {
        return Err(Error::bad_model(path, "it holds no tokens"));
    }
    Ok(vocabulary)
}

/// Reads `merges.txt`: a header line, then two tokens a line. Both and what they make must be in the vocabulary.
pub(super) fn read_merges(path: &Path, vocabulary: &HashMap<String, u32>) -> Result<Merges> {
    let text = read_text(path)?;
    let mut merges = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1) {
        let mut tokens = line.split_whitespace();
        match (tokens.next(), tokens.next(), tokens.next()) {
            (None, ..) => {}
            (Some(a), Some(b), None) => {
                for token in [a.to_owned(), b.to_owned(), format!("{a}{b}")] {
                    if !vocabulary.contains_key(&token) {
                        return Err(Error::bad_model(
                            path,
                            format!("line {} needs the token \"{token}\", which vocab.json does not have", number + 1),
                        ));
                    }
                }
                merges.push((a.to_owned(), b.to_owned()));
            }
            _ => {
                return Err(Error::bad_model(
                    path,
                    format!("line {} is not two tokens with a space between", number + 1),
                ));
            }
        }
    }
    Ok(merges)
}

impl Special {
    /// From `config`, which is `tokenizer_config.json`, and `special_tokens_map.json`; CLIP's own where neither says
    /// anything. As in transformers, the map is for older folders, whose config lists no `added_tokens_decoder`.
    pub(super) fn read(folder: &Path, config: &Map<String, Value>) -> Result<Self> {
        let map = if config.contains_key("added_tokens_decoder") {
            Map::new()
        } else {
            read_object(&folder.join("special_tokens_map.json"))?
        };
        // A token is a string, or an object that has it as "content".
        let find = |name: &str, default: &str| {
            let values = [map.get(name), config.get(name)].into_iter().flatten();
            let texts = values.filter_map(|v| v.as_str().or_else(|| v.get("content")?.as_str()));
            texts.map(str::to_owned).next().unwrap_or_else(|| default.to_owned())
        };
        let length = config.get("model_max_length").and_then(Value::as_f64);
        let max_length = match length {
            Some(length) if length < 2.0 => {
                return Err(Error::bad_model(
                    folder.join("tokenizer_config.json"),
                    format!("\"model_max_length\" is {length}; it must be at least 2"),
                ));
            }
            Some(length) if length <= MAX_LENGTH_LIMIT => length as usize,
            _ => DEFAULT_MAX_LENGTH,
        };
        Ok(Self {
            bos: find("bos_token", "<|startoftext|>"),
            eos: find("eos_token", "<|endoftext|>"),
            pad: find("pad_token", "<|endoftext|>"),
            unk: find("unk_token", "<|endoftext|>"),
            max_length,
        })
    }
}

/// Reads a `tokenizer.json`.
pub(super) fn read_pipeline(path: &Path) -> Result<Tokenizer> {
    let bytes = files::read(path, u64::MAX).map_err(|e| Error::io("cannot read", path, e))?;
    Tokenizer::from_bytes(bytes).map_err(|e| Error::bad_model(path, format!("it is not a tokenizer: {e}")))
}

/// A JSON object, or an empty one where there is no file.
pub(super) fn read_object(path: &Path) -> Result<Map<String, Value>> {
    if !files::exists(path) {
        return Ok(Map::new());
    }
    match serde_json::from_str(&read_text(path)?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::bad_model(path, "it is not a JSON object")),
        Err(e) => Err(Error::bad_model(path, format!("it is not valid JSON: {e}"))),
    }
}

/// A file's text without a byte order mark.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let bytes = files::read(path, u64::MAX).map_err(|e| Error::io("cannot read", path, e))?;
    let text = str::from_utf8(&bytes)
        .map_err(|e| Error::bad_model(path, format!("it is not UTF-8 at byte {}", e.valid_up_to())))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

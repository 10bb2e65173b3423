//! Reading one JSON object from a file, with errors that say where and what.

use std::io::ErrorKind;
use std::path::Path;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::{self, Kind};

/// The largest JSON file that is read. Real ones are a few kilobytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What marks a number that JSON has no word for; followed by the token as Python writes it.
const NON_FINITE_MARK: char = '\0';

/// How a file begins that Git LFS has not fetched yet.
const LFS_POINTER: &[u8] = b"version https://git-lfs";

/// Reads the JSON object in `path`; `None` when there is no such file.
///
/// A byte order mark is accepted. So are the tokens `NaN`, `Infinity` and `-Infinity` that Python's `json`
/// writes (diffusers saves `"lambda_min_clipped": -Infinity` for every multistep DPM solver); they arrive as
/// strings that [`non_finite`] recognises.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read; [`Error::BadModel`] when it is no regular file, larger than
/// 64 MB, not UTF-8, not JSON (with line and column), or JSON of another type than an object.
pub(super) fn read_object(path: &Path) -> Result<Option<Map<String, Value>>> {
    let Some(bytes) = read_bytes(path)? else { return Ok(None) };
    let text = decode(path, &bytes)?;
    match parse(text).map_err(|message| Error::bad_model(path, message))? {
        Value::Object(map) => Ok(Some(map)),
        other => Err(Error::bad_model(
            path,
            format!("it holds {}, but it must hold a JSON object, which begins with {{", type_name(&other)),
        )),
    }
}

/// The token, as `-Infinity`, when `value` stands for a number that JSON cannot write.
pub(super) fn non_finite(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(NON_FINITE_MARK)
}

/// What kind of JSON value it is, with its article.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) if non_finite(value).is_some() => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Whether a file's first bytes are those of a Git LFS pointer instead of the file itself.
pub(super) fn is_lfs_pointer(head: &[u8]) -> bool {
    head.starts_with(LFS_POINTER)
}

/// The whole file; `None` when it is not there.
fn read_bytes(path: &Path) -> Result<Option<Bytes>> {
    let kind = match files::kind(path) {
        Ok(kind) => kind,
        // NotADirectory: a component of the path is a file, so the file we ask for is not there either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(Error::io("cannot read", path, error)),
    };
    // Before opening: a named pipe would block for ever.
    if !matches!(kind, Kind::File(_)) {
        return Err(Error::bad_model(path, "it must be a regular file with JSON in it, but it is not a file"));
    }
    let bytes = files::read(path, MAX_BYTES + 1).map_err(|error| Error::io("cannot read", path, error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::bad_model(
            path,
            format!("it is larger than {} MB, which no config is; a JSON file is expected", MAX_BYTES / 1024 / 1024),
        ));
    }
    Ok(Some(bytes))
}

/// The text without its byte order mark.
fn decode<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    if is_lfs_pointer(bytes) {
        return Err(Error::bad_model(
            path,
            "it is a Git LFS pointer, not the file itself; fetch it with: git lfs pull",
        ));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Error::bad_model(path, "it is UTF-16, but JSON files must be UTF-8; save it as UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        Error::bad_model(path, format!("it is not UTF-8 (the first bad byte is at offset {offset}), as JSON must be"))
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// Parses strictly, and when that fails once more with Python's extra tokens allowed.
fn parse(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Err("it is empty, but it must hold a JSON object".to_owned());
    }
    serde_json::from_str(text).or_else(|error| {
        let (marked, marks) = mark_non_finite(text);
        if marks.is_empty() {
            return Err(describe(&error, &[]));
        }
        serde_json::from_str(&marked).map_err(|error| describe(&error, &marks))
    })
}

/// One replaced token: its line, its column in the new text, and how much longer the new text is.
struct Mark {
    line: usize,
    column: usize,
    added: usize,
}

/// Replaces Python's tokens outside of strings by marked strings.
fn mark_non_finite(text: &str) -> (String, Vec<Mark>) {
    let mut out = String::with_capacity(text.len() + 64);
    let mut marks = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    let (mut line, mut line_start) = (1, 0);
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        if !in_string && let Some(token) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|t| rest.starts_with(t)) {
            let column = out.len() - line_start + 1;
            let before = out.len();
            // The escape keeps the replacement itself valid JSON.
            out.push_str("\"\\u0000");
            out.push_str(token);
            out.push('"');
            marks.push(Mark { line, column, added: out.len() - before - token.len() });
            rest = rest.get(token.len()..).unwrap_or_default();
            continue;
        }
        out.push(char);
        match char {
            '\n' => (line, line_start) = (line + 1, out.len()),
            '"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && char == '\\' && !escaped;
        rest = rest.get(char.len_utf8()..).unwrap_or_default();
    }
    (out, marks)
}

/// serde_json's message with line and column in front, both of the text as it is in the file.
fn describe(error: &serde_json::Error, marks: &[Mark]) -> String {
    let (line, column) = (error.line(), error.column());
    let shift: usize = marks.iter().filter(|m| m.line == line && m.column < column).map(|m| m.added).sum();
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("its JSON is broken at line {line}, column {}: {what}", column.saturating_sub(shift))
}

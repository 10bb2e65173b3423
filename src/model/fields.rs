//! Typed access to the keys of one JSON object, with errors that name file, key, value and what is allowed.

use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::{Map, Value};

use super::json;
use crate::error::{Error, Result};

/// The largest size or count that a config may state; keeps every product of two of them far from overflow.
const MAX_SIZE: usize = 1 << 20;

/// How much of a bad value an error message shows.
const SHOWN_CHARS: usize = 60;

/// One JSON object of one file.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    path: &'a Path,
    map: &'a Map<String, Value>,
    /// The key of the object itself when it is not the file's outermost one.
    parent: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// The outermost object of the file `path`.
    pub(super) fn new(path: &'a Path, map: &'a Map<String, Value>) -> Self {
        Self { path, map, parent: None }
    }

    /// The value of `key`; a missing key and `null` are the same, as in the Python sources of these files.
    pub(super) fn get(self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// The keys that are there.
    pub(super) fn keys(self) -> impl Iterator<Item = &'a str> {
        self.map.keys().map(String::as_str)
    }

    /// The object below `key`.
    pub(super) fn object(self, key: &'a str) -> Result<Option<Self>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self { path: self.path, map, parent: Some(key) })),
            Some(value) => Err(self.bad(key, value, "a JSON object")),
        }
    }

    /// A whole number from 1 to [`MAX_SIZE`].
    pub(super) fn size(self, key: &str) -> Result<Option<usize>> {
        self.whole(key, 1..=MAX_SIZE)
    }

    /// A whole number in `range`.
    pub(super) fn whole(self, key: &str, range: RangeInclusive<usize>) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match whole(value).filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.bad(key, value, &format!("a whole number from {} to {}", range.start(), range.end()))),
        }
    }

    /// A finite number in `range`.
    pub(super) fn number(self, key: &str, range: RangeInclusive<f64>) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.bad(key, value, &format!("a number from {} to {}", range.start(), range.end()))),
        }
    }

    /// A list of finite numbers in `range`, not empty.
    pub(super) fn numbers(self, key: &str, range: RangeInclusive<f64>) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let numbers: Option<Vec<f64>> = value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_f64().filter(|number| range.contains(number))).collect());
        match numbers {
            Some(numbers) if !numbers.is_empty() => Ok(Some(numbers)),
            _ => {
                let allowed = format!("a list, not empty, of numbers from {} to {}", range.start(), range.end());
                Err(self.bad(key, value, &allowed))
            }
        }
    }

    /// A list of 1 to `max_len` whole numbers from 1 to [`MAX_SIZE`].
    pub(super) fn sizes(self, key: &str, max_len: usize) -> Result<Option<Vec<usize>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let sizes: Option<Vec<usize>> = value.as_array().and_then(|items| {
            items.iter().map(|item| whole(item).filter(|size| (1..=MAX_SIZE).contains(size))).collect()
        });
        match sizes {
            Some(sizes) if (1..=max_len).contains(&sizes.len()) => Ok(Some(sizes)),
            _ => {
                let allowed = format!("a list of 1 to {max_len} whole numbers from 1 to {MAX_SIZE}");
                Err(self.bad(key, value, &allowed))
            }
        }
    }

    /// A height and a width: one whole number from 1 to `max` for both, or a list of the two.
    pub(super) fn size_pair(self, key: &str, max: usize) -> Result<Option<(usize, usize)>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let one = |value| whole(value).filter(|size| (1..=max).contains(size));
        let pair = match value {
            Value::Array(items) => match items.as_slice() {
                [height, width] => one(height).zip(one(width)),
                _ => None,
            },
            value => one(value).map(|size| (size, size)),
        };
        match pair {
            Some(pair) => Ok(Some(pair)),
            None => Err(self.bad(key, value, &format!("a whole number from 1 to {max}, or [height, width] of them"))),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_bool() {
            Some(flag) => Ok(Some(flag)),
            None => Err(self.bad(key, value, "true or false")),
        }
    }

    /// A string.
    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_str() {
            Some(text) if json::non_finite(value).is_none() => Ok(Some(text)),
            _ => Err(self.bad(key, value, "a string")),
        }
    }

    /// The error about the value of `key`. `allowed` completes "but it must be".
    pub(super) fn bad(self, key: &str, value: &Value, allowed: &str) -> Error {
        let key = self.parent.map_or_else(|| key.to_owned(), |parent| format!("{parent}.{key}"));
        Error::bad_model(
            self.path,
            format!("\"{key}\" is {} ({}), but it must be {allowed}", show(value), json::type_name(value)),
        )
    }
}

/// The value as a whole number; `64.0` counts as one.
fn whole(value: &Value) -> Option<usize> {
    if let Some(number) = value.as_u64() {
        return usize::try_from(number).ok();
    }
    let number = value.as_f64()?;
    // Below 2^53 every whole f64 is exact, so the cast is.
    (number.fract() == 0.0 && (0.0..9.0e15).contains(&number)).then_some(number as usize)
}

/// The value as it stands in the file, shortened.
fn show(value: &Value) -> String {
    if let Some(token) = json::non_finite(value) {
        return token.to_owned();
    }
    let text = value.to_string();
    if text.chars().count() <= SHOWN_CHARS {
        return text;
    }
    let head: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{head}…")
}

//! Typed reading of a `scheduler_config.json`.
//!
//! A missing key and a `null` take the class's default; keys that a class does not know, and keys that begin
//! with `_`, are never looked at, as in diffusers' `from_config` (`configuration_utils.py`).

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// One scheduler's configuration, with the class that reads it for the error sentences.
#[derive(Clone, Copy)]
pub(super) struct Config<'a> {
    map: &'a Map<String, Value>,
    class: &'static str,
}

/// What numbers a field accepts: a test, and its words.
pub(super) struct Allowed {
    pub(super) words: &'static str,
    pub(super) test: fn(f64) -> bool,
}

/// A finite number above zero.
pub(super) const POSITIVE: Allowed = Allowed { words: "a number above 0", test: |v| v > 0.0 && v.is_finite() };
/// A number strictly between zero and one.
pub(super) const FRACTION: Allowed = Allowed { words: "a number above 0 and below 1", test: |v| v > 0.0 && v < 1.0 };
/// A number from zero to one.
pub(super) const UNIT: Allowed = Allowed { words: "a number from 0 to 1", test: |v| (0.0..=1.0).contains(&v) };

impl<'a> Config<'a> {
    pub(super) fn new(map: &'a Map<String, Value>, class: &'static str) -> Self {
        Self { map, class }
    }

    /// The diffusers class that these fields belong to.
    pub(super) fn class(&self) -> &'static str {
        self.class
    }

    /// The value of `key`, unless it is missing or `null`.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// The sentence for a value that `key` cannot have.
    pub(super) fn refuse(&self, key: &str, value: &Value, allowed: &str) -> Error {
        let mut shown = value.to_string();
        if shown.chars().count() > 60 {
            shown = shown.chars().take(60).chain("…".chars()).collect();
        }
        Error::invalid(format!(
            "the scheduler configuration has {key} = {shown}, which {} cannot use; allowed is {allowed}",
            self.class
        ))
    }

    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Err(self.refuse(key, other, "true or false")),
        }
    }

    pub(super) fn float(&self, key: &str, default: f64, allowed: &Allowed) -> Result<f64> {
        Ok(self.optional_float(key, allowed)?.unwrap_or(default))
    }

    pub(super) fn optional_float(&self, key: &str, allowed: &Allowed) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().filter(|&number| (allowed.test)(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.refuse(key, value, allowed.words)),
        }
    }

    /// A number or an infinity. Python writes the latter as the bare word `-Infinity`, which is not JSON; whoever
    /// parsed the file may hand it on as the string `"-Infinity"` or as `null`.
    pub(super) fn extended_float(&self, key: &str, default: f64) -> Result<f64> {
        let Some(value) = self.get(key) else { return Ok(default) };
        match value {
            Value::String(word) if matches!(word.as_str(), "-Infinity" | "-inf") => Ok(f64::NEG_INFINITY),
            Value::String(word) if matches!(word.as_str(), "Infinity" | "inf") => Ok(f64::INFINITY),
            other => other.as_f64().ok_or_else(|| self.refuse(key, other, "a number, \"-Infinity\" or \"Infinity\"")),
        }
    }

    pub(super) fn integer(&self, key: &str, default: i64, low: i64, high: i64) -> Result<i64> {
        let Some(value) = self.get(key) else { return Ok(default) };
        match whole(value).filter(|number| (low..=high).contains(number)) {
            Some(number) => Ok(number),
            None => Err(self.refuse(key, value, &format!("a whole number from {low} to {high}"))),
        }
    }

    /// The list of numbers at `key`, if there is one.
    pub(super) fn floats(&self, key: &str, allowed: &Allowed) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let words = || self.refuse(key, value, &format!("null or a list in which each entry is {}", allowed.words));
        let list = value.as_array().ok_or_else(words)?;
        let numbers = list.iter().map(|entry| entry.as_f64().filter(|&number| (allowed.test)(number)));
        numbers.collect::<Option<Vec<f64>>>().ok_or_else(words).map(Some)
    }

    /// The list of whole numbers at `key`; empty when there is none.
    pub(super) fn integers(&self, key: &str) -> Result<Vec<i64>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let words = || self.refuse(key, value, "a list of whole numbers");
        value.as_array().ok_or_else(words)?.iter().map(whole).collect::<Option<Vec<i64>>>().ok_or_else(words)
    }

    /// The value that belongs to the word at `key`.
    pub(super) fn choice<T: Copy>(&self, key: &str, default: T, table: &[(&str, T)]) -> Result<T> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let found = value.as_str().and_then(|word| table.iter().find(|(name, _)| *name == word));
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<_> = table.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            self.refuse(key, value, &names.join(", "))
        })
    }
}

/// A JSON number without a fractional part; Python code writes counts as `1000.0` now and then.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64))
}

//! Sizes in a manifest: numbers, or where they come from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size: a number, or what it follows from, as `height/8`, `low_res.width*4` or `config:decoder/sample_size`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// What it is before `times` and `over`.
    pub base: Base,
    /// What it is multiplied with.
    pub times: usize,
    /// What it is divided by, without a rest.
    pub over: usize,
}

/// What a size follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A number.
    Number(usize),
    /// The request's height.
    Height,
    /// The request's width.
    Width,
    /// The height of a value.
    HeightOf(String),
    /// The width of a value.
    WidthOf(String),
    /// A number in a sub-folder's `config.json`.
    Config {
        /// The sub-folder.
        folder: String,
        /// The key.
        key: String,
    },
}

impl Dimension {
    /// The number itself, where it is one.
    #[must_use]
    pub fn fixed(&self) -> Option<usize> {
        match self.base {
            Base::Number(number) => self.of(number),
            _ => None,
        }
    }

    /// The size that follows from `base`; `None` where it does not come out even, or is no size at all.
    #[must_use]
    pub fn of(&self, base: usize) -> Option<usize> {
        let times = base.checked_mul(self.times)?;
        times.is_multiple_of(self.over).then_some(times / self.over)
    }

    /// Whether it follows from the size that a request asks for.
    #[must_use]
    pub fn follows_request(&self) -> bool {
        matches!(self.base, Base::Height | Base::Width)
    }
}

impl From<usize> for Dimension {
    fn from(number: usize) -> Self {
        Self { base: Base::Number(number), times: 1, over: 1 }
    }
}

impl FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "\"{text}\" is no size; allowed are numbers, height, width, VALUE.height, VALUE.width and \
                 config:FOLDER/KEY, each with *N or /N behind it"
            )
        };
        let number = |text: &str| text.parse::<usize>().ok().filter(|number| *number > 0).ok_or_else(wrong);
        if let Some(rest) = text.strip_prefix("config:") {
            let (folder, key) = rest.split_once('/').ok_or_else(wrong)?;
            let (key, times, over) = match (key.split_once('*'), key.split_once('/')) {
                (Some((key, times)), _) => (key, number(times)?, 1),
                (None, Some((key, over))) => (key, 1, number(over)?),
                (None, None) => (key, 1, 1),
            };
            if folder.is_empty() || key.is_empty() {
                return Err(wrong());
            }
            return Ok(Self { base: Base::Config { folder: folder.to_owned(), key: key.to_owned() }, times, over });
        }
        let (name, times, over) = match (text.split_once('*'), text.split_once('/')) {
            (Some((name, times)), _) => (name, number(times)?, 1),
            (None, Some((name, over))) => (name, 1, number(over)?),
            (None, None) => (text, 1, 1),
        };
        let base = match name {
            "height" => Base::Height,
            "width" => Base::Width,
            _ => match (name.strip_suffix(".height"), name.strip_suffix(".width")) {
                (Some(value), _) if !value.is_empty() => Base::HeightOf(value.to_owned()),
                (None, Some(value)) if !value.is_empty() => Base::WidthOf(value.to_owned()),
                _ => return Err(wrong()),
            },
        };
        Ok(Self { base, times, over })
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Number(number) => write!(f, "{number}")?,
            Base::Height => f.write_str("height")?,
            Base::Width => f.write_str("width")?,
            Base::HeightOf(value) => write!(f, "{value}.height")?,
            Base::WidthOf(value) => write!(f, "{value}.width")?,
            Base::Config { folder, key } => write!(f, "config:{folder}/{key}")?,
        }
        match (self.times, self.over) {
            (1, 1) => Ok(()),
            (times, 1) => write!(f, "*{times}"),
            (_, over) => write!(f, "/{over}"),
        }
    }
}

impl<'de> Deserialize<'de> for Dimension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(usize),
            Text(String),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Number(number)) => Ok(number.into()),
            Ok(Written::Text(text)) => text.parse().map_err(serde::de::Error::custom),
            Err(_) => Err(serde::de::Error::custom("a size is a whole number, or a text as \"height/8\"")),
        }
    }
}

impl Serialize for Dimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.base {
            Base::Number(number) if self.times == 1 && self.over == 1 => serializer.serialize_u64(number as u64),
            _ => serializer.collect_str(self),
        }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Dimension {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dimension".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A size: a number, or what it follows from.",
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {
                    "type": "string",
                    "pattern": r"^(height|width|[A-Za-z0-9_.]+\.(height|width)|config:[^/]+/[^/*]+)([*/][1-9][0-9]*)?$"
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for text in ["height", "width/8", "low_res.height*4", "config:decoder/sample_size", "config:unet/sample_size*8"]
        {
            assert_eq!(text.parse::<Dimension>().unwrap().to_string(), text);
        }
        assert_eq!("height/8".parse::<Dimension>().unwrap().of(128), Some(16));
        assert_eq!("height/8".parse::<Dimension>().unwrap().of(100), None);
        assert_eq!(serde_json::from_str::<Dimension>("64").unwrap().fixed(), Some(64));
        for bad in ["", "depth", ".height", "height/0", "height/x", "config:unet", "config:/x"] {
            assert!(bad.parse::<Dimension>().unwrap_err().contains("config:FOLDER/KEY"), "{bad}");
        }
        assert!(serde_json::from_str::<Dimension>("-1").unwrap_err().to_string().contains("whole number"));
    }
}

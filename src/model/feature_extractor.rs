//! How the safety checker wants to see a picture.

use std::path::Path;

use super::fields::Fields;
use super::json;
use crate::error::{Error, Result};

/// Where it stands in every layout.
pub(super) const FOLDER: &str = "feature_extractor";
pub(super) const FILE: &str = "preprocessor_config.json";
/// More than any vision encoder looks at.
pub(super) const MAX_SIDE: usize = 4096;

/// What transformers' `CLIPImageProcessor` does to a picture, with its defaults where the file says nothing: the
/// shorter side is resized (bicubic), the middle cut out, each colour (0 to 1) less its mean and divided by its
/// deviation.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureExtractor {
    /// The shorter side after resizing, in pixels.
    pub shortest_side: u32,
    /// Height and width of the part from the middle.
    pub crop: (u32, u32),
    /// Of red, green and blue.
    pub mean: [f32; 3],
    /// Of red, green and blue, each above 0.
    pub deviation: [f32; 3],
}

impl FeatureExtractor {
    /// What the folder at `root` says.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::BadModel`] for a file that cannot be read, or states what cannot be.
    pub fn read(root: &Path) -> Result<Self> {
        Self::read_from(&root.join(FOLDER))
    }

    /// What the folder of a processor says.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_from(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let map = json::read_object(&path)?.unwrap_or_default();
        let fields = Fields::new(&path, &map);
        // Older files have one number for a side, newer ones an object.
        let is_object = |key: &str| fields.get(key).is_some_and(serde_json::Value::is_object);
        let shortest = match is_object("size") {
            true => match fields.object("size")? {
                Some(size) => size.whole("shortest_edge", 1..=MAX_SIDE)?,
                None => None,
            },
            false => fields.whole("size", 1..=MAX_SIDE)?,
        };
        let (height, width) = match is_object("crop_size") {
            true => match fields.object("crop_size")? {
                Some(crop) => (crop.whole("height", 1..=MAX_SIDE)?, crop.whole("width", 1..=MAX_SIDE)?),
                None => (None, None),
            },
            false => fields.whole("crop_size", 1..=MAX_SIDE).map(|side| (side, side))?,
        };
        let side = |stated: Option<usize>| u32::try_from(stated.unwrap_or(224)).unwrap_or(u32::MAX);
        let own = Self {
            shortest_side: side(shortest),
            crop: (side(height), side(width)),
            // CLIP's (openai/CLIP, `clip.py`).
            mean: colours(fields, "image_mean", -10.0, [0.481_454_66, 0.457_827_5, 0.408_210_73])?,
            deviation: colours(fields, "image_std", 1e-3, [0.268_629_54, 0.261_302_58, 0.275_777_11])?,
        };
        if own.crop.0.max(own.crop.1) > own.shortest_side {
            return Err(Error::bad_model(
                &path,
                format!(
                    "\"crop_size\" is {} high and {} wide, but the picture's shorter side is only {} (\"size\")",
                    own.crop.0, own.crop.1, own.shortest_side
                ),
            ));
        }
        Ok(own)
    }
}

pub(super) fn colours(fields: Fields<'_>, key: &str, least: f64, usual: [f64; 3]) -> Result<[f32; 3]> {
    let Some(stated) = fields.numbers(key, least..=10.0)? else { return Ok(usual.map(|value| value as f32)) };
    match (stated.as_slice(), fields.get(key)) {
        ([red, green, blue], _) => Ok([*red, *green, *blue].map(|value| value as f32)),
        (_, value) => Err(fields.bad(key, value.unwrap_or(&serde_json::Value::Null), "three numbers")),
    }
}

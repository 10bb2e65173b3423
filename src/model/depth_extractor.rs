//! How a depth estimator wants to see a picture.

use std::path::Path;

use super::feature_extractor::{FILE, FOLDER, MAX_SIDE, colours};
use super::fields::Fields;
use super::json;
use crate::error::{Error, Result};

/// PIL's numbers of its filters.
const BILINEAR: usize = 2;
const BICUBIC: usize = 3;

/// What transformers' `DPTImageProcessor` does to a picture, with its defaults where the file says nothing: it is
/// stretched to a size, each colour (0 to 1) less its mean and divided by its deviation.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthExtractor {
    /// Width and height after resizing, in pixels.
    pub size: (u32, u32),
    /// Whether the filter is PIL's bilinear one, else its bicubic one.
    pub bilinear: bool,
    /// Of red, green and blue.
    pub mean: [f32; 3],
    /// Of red, green and blue, each above 0.
    pub deviation: [f32; 3],
}

impl DepthExtractor {
    /// What the folder at `root` says.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::BadModel`] for a file that cannot be read, or states what cannot be;
    /// [`Error::Unsupported`] for one that keeps the picture's proportions or takes another filter.
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join(FOLDER).join(FILE);
        let map = json::read_object(&path)?.unwrap_or_default();
        let fields = Fields::new(&path, &map);
        // Older files have one number for both sides.
        let is_object = fields.get("size").is_some_and(serde_json::Value::is_object);
        let (width, height) = match is_object {
            true => match fields.object("size")? {
                Some(size) => (size.whole("width", 1..=MAX_SIDE)?, size.whole("height", 1..=MAX_SIDE)?),
                None => (None, None),
            },
            false => fields.whole("size", 1..=MAX_SIDE).map(|side| (side, side))?,
        };
        let filter = fields.whole("resample", 0..=5)?.unwrap_or(BICUBIC);
        let keeps = fields.flag("keep_aspect_ratio")?.unwrap_or(false);
        if keeps || ![BILINEAR, BICUBIC].contains(&filter) {
            return Err(Error::Unsupported(format!(
                "\"{}\" wants pictures for the depth estimator resized in a way that this version does not know: it stretches \
                 them, with \"resample\" 2 or 3 and no \"keep_aspect_ratio\"",
                path.display()
            )));
        }
        let side = |stated: Option<usize>| u32::try_from(stated.unwrap_or(384)).unwrap_or(u32::MAX);
        Ok(Self {
            size: (side(width), side(height)),
            bilinear: filter == BILINEAR,
            mean: colours(fields, "image_mean", -10.0, [0.5; 3])?,
            deviation: colours(fields, "image_std", 1e-3, [0.5; 3])?,
        })
    }
}

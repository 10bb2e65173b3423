//! What a model's makers recommend: the one key of ours in `model_index.json`.

use super::fields::Fields;
use super::vae::VaeConfig;
use crate::error::Result;

/// The key of `model_index.json`; diffusers and optimum pass over keys that they do not know.
pub(super) const KEY: &str = "libdiffusion";

/// The largest side, in pixels, that a model may recommend or have been trained on.
///
/// It is the most that a request may ask for (`pipeline::MAX_SIDE`; rooms above this one cannot be named from
/// here): a larger default would turn every request that names no size into an error.
pub(super) const MAX_SIDE: usize = 8_192;
/// The most steps that a model may recommend; the schedules were trained with 1000.
const MAX_STEPS: usize = 1_000;
/// The strongest guidance that a model may recommend.
const MAX_GUIDANCE: f64 = 100.0;

/// Settings that the model's makers recommend; each absent where they say nothing.
///
/// ```json
/// { "_class_name": "StableDiffusionPipeline",
///   "libdiffusion": { "width": 128, "height": 128, "steps": 20, "guidance": 4.0 } }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GenerationDefaults {
    /// Width in pixels, 1 to 8192, a multiple of the autoencoder's spatial factor.
    pub width: Option<usize>,
    /// Height in pixels, as the width.
    pub height: Option<usize>,
    /// Denoising steps, 1 to 1000.
    pub steps: Option<usize>,
    /// Classifier-free guidance scale, 0 to 100.
    pub guidance: Option<f64>,
}

impl GenerationDefaults {
    /// Reads them from the outermost object of `model_index.json`, with notes on keys that mean nothing here.
    pub(super) fn read(index: Fields<'_>, vae: &VaeConfig) -> Result<(Self, Vec<String>)> {
        let Some(fields) = index.object(KEY)? else { return Ok((Self::default(), Vec::new())) };
        let side = |key| -> Result<Option<usize>> {
            let side = fields.whole(key, 1..=MAX_SIDE)?;
            match (side, fields.get(key)) {
                (Some(side), Some(value)) if side % vae.spatial_factor != 0 => {
                    let factor = vae.spatial_factor;
                    Err(fields.bad(key, value, &format!("a multiple of {factor}, the autoencoder's spatial factor")))
                }
                _ => Ok(side),
            }
        };
        let defaults = Self {
            width: side("width")?,
            height: side("height")?,
            steps: fields.whole("steps", 1..=MAX_STEPS)?,
            guidance: fields.number("guidance", 0.0..=MAX_GUIDANCE)?,
        };
        let notes = fields
            .keys()
            .filter(|key| !["width", "height", "steps", "guidance"].contains(key))
            .map(|key| format!("\"{KEY}.{key}\" in model_index.json is not known to this version and is ignored."))
            .collect();
        Ok((defaults, notes))
    }
}

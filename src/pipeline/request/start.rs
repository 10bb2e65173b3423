//! What a generation starts from: noise, a picture, a picture with a mask, or another model's latents.

use std::sync::Arc;

use ndarray::ArrayD;

use super::check;
use crate::error::{Error, Result};
use crate::image::Image;

/// The largest border around a mask, in pixels.
pub const MAX_MASK_PADDING: u32 = 1024;
/// The widest blur of a mask, in pixels.
pub const MAX_MASK_BLUR: f32 = 256.0;

/// The picture that a generation starts from, and what of it is drawn anew.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The picture; resized to the request's size as diffusers' image processor does it (Lanczos).
    pub picture: Option<Arc<Image>>,
    /// How much of it is redrawn: above 0, which keeps it, up to 1, which keeps nothing but what a mask protects.
    /// `None`: what the family's pipeline
    /// in diffusers has, 0.3 to 1.
    pub strength: Option<f32>,
    /// White where something new is drawn, black where the picture stays; resized to the picture. `None` takes the
    /// picture's transparency, if it has any: what is transparent is drawn.
    pub mask: Option<Arc<Image>>,
    /// Standard deviation of the blur that softens the mask's edge, in pixels, 0 to [`MAX_MASK_BLUR`].
    pub mask_blur: f32,
    /// Draws only the masked part, at the full size, with this many pixels around it, and pastes it back.
    pub mask_padding: Option<u32>,
    /// Puts what the mask protects back into the result, pixel by pixel, blended along the mask's edge. Without it those
    /// parts went through the autoencoder and changed a little, as in diffusers. `mask_padding` always pastes back.
    pub paste_back: bool,
    /// Latents that another model of the same latents left (`[pictures, channels, height, width]`), which this one
    /// goes on with; see [`super::Request::denoising_start`]. Without that they are taken for a finished picture's, and
    /// noised to the strength's level.
    pub latents: Option<Arc<ArrayD<f32>>>,
}

impl Start {
    pub(super) fn validate_fields(&self) -> Result<()> {
        if let Some(strength) = self.strength
            && !(strength > 0.0 && strength <= 1.0)
        {
            return Err(Error::invalid(format!(
                "strength is {strength}; allowed are numbers above 0 (the picture stays) up to 1 (it is drawn anew)"
            )));
        }
        check("mask blur", self.mask_blur, 0.0..=MAX_MASK_BLUR)?;
        if let Some(padding) = self.mask_padding
            && padding > MAX_MASK_PADDING
        {
            return Err(Error::invalid(format!(
                "mask padding is {padding}; allowed are 0 to {MAX_MASK_PADDING} pixels"
            )));
        }
        Ok(())
    }

    /// `beside`: whether a picture to start from is among the pictures by their roles.
    pub(super) fn validate_together(&self, beside: bool) -> Result<()> {
        for (given, what) in [
            (self.strength.is_some(), "a strength"),
            (self.mask.is_some(), "a mask"),
            (self.mask_padding.is_some(), "a mask padding"),
        ] {
            if given && !beside && self.picture.is_none() && self.latents.is_none() {
                return Err(Error::invalid(format!("{what} is given, but no picture to start from")));
            }
        }
        if self.latents.is_some() && (self.picture.is_some() || self.mask.is_some()) {
            return Err(Error::invalid("a request starts from a picture or from latents, not from both".to_owned()));
        }
        Ok(())
    }
}

//! A second pass at a larger size.

use std::fmt;

use super::{MAX_SIDE, MAX_STEPS, check};
use crate::error::{Error, Result};

/// The most that [`Hires::scale`] enlarges.
pub const MAX_HIRES_SCALE: f32 = 8.0;

/// Draws small first, where a model composes best, then enlarges the result and draws it over: the "hires fix" of
/// AUTOMATIC1111's webui.
///
/// The first pass is the request as it stands, at its own size. Its latents are enlarged, noised to the strength's level
/// and denoised at the larger size, as image-to-image does it; the second pass has the request's prompts, scheduler,
/// guidance and seed, and a generator that starts anew with that seed, as the webui's does. By hand it is two requests:
/// the second with [`super::Start::latents`] and [`super::Start::strength`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hires {
    /// How many times larger each side becomes, 1 to [`MAX_HIRES_SCALE`], cut to a multiple that the model draws. Not
    /// read where `size` is set.
    pub scale: f32,
    /// Width and height of the result in pixels, none smaller than the first pass's; `None`: as `scale` says.
    pub size: Option<(u32, u32)>,
    /// How many steps the second pass draws; `None`: as many as the first. As in the webui these are the steps that are
    /// drawn: its schedule has as many more as the strength leaves out, `⌈steps / strength⌉`.
    pub steps: Option<u32>,
    /// How much is redrawn, above 0 up to 1. The webui's default is 0.7. Below about 0.5, latents that were enlarged
    /// stay blurred.
    pub strength: f32,
    /// What is enlarged, and how.
    pub upscale: Upscale,
}

impl Default for Hires {
    /// The webui's defaults, but for the filter: diffusers users and the webui's own wiki find fewer artefacts with the
    /// nearest exact sample than with its plain "Latent".
    fn default() -> Self {
        Self { scale: 2.0, size: None, steps: None, strength: 0.7, upscale: Upscale::default() }
    }
}

/// How the first pass becomes larger. The first ones resize the latents as `torch.nn.functional.interpolate` does; the
/// names in brackets are the webui's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Upscale {
    /// The latent whose centre is nearest ("Latent (nearest-exact)").
    #[default]
    NearestExact,
    /// The latent at the rounded-down place ("Latent (nearest)").
    Nearest,
    /// Between two latents ("Latent").
    Bilinear,
    /// Between two latents, with torch's antialiasing ("Latent (antialiased)").
    BilinearAntialias,
    /// Between four latents ("Latent (bicubic)").
    Bicubic,
    /// Between four latents, with torch's antialiasing ("Latent (bicubic antialiased)").
    BicubicAntialias,
    /// The picture, decoded, resized with PIL's Lanczos filter and encoded again ("Lanczos"): sharper at a low strength,
    /// at the cost of the autoencoder both ways. The encoder's most likely latents are taken, so no noise is drawn.
    Lanczos,
}

impl Upscale {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NearestExact,
        Self::Nearest,
        Self::Bilinear,
        Self::BilinearAntialias,
        Self::Bicubic,
        Self::BicubicAntialias,
        Self::Lanczos,
    ];

    /// Its name in the C interface and the tool.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NearestExact => "nearest-exact",
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
            Self::BilinearAntialias => "bilinear-antialiased",
            Self::Bicubic => "bicubic",
            Self::BicubicAntialias => "bicubic-antialiased",
            Self::Lanczos => "lanczos",
        }
    }

    /// The one of this name, in any case.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] lists what is allowed.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|upscale| upscale.name().eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
            let allowed = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("there is no way to upscale called \"{name}\"; allowed are {allowed}"))
        })
    }
}

impl fmt::Display for Upscale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Hires {
    pub(super) fn validate(&self) -> Result<()> {
        check("hires scale", self.scale, 1.0..=MAX_HIRES_SCALE)?;
        if !(self.strength > 0.0 && self.strength <= 1.0) {
            return Err(Error::invalid(format!(
                "hires strength is {}; allowed are numbers above 0 up to 1",
                self.strength
            )));
        }
        if let Some((width, height)) = self.size
            && (width.min(height) == 0 || width.max(height) > MAX_SIDE)
        {
            return Err(Error::invalid(format!(
                "hires size is {width}x{height}; allowed are 1 to {MAX_SIDE} pixels a side"
            )));
        }
        match self.steps {
            Some(steps) if steps == 0 || steps > MAX_STEPS => {
                Err(Error::invalid(format!("hires steps is {steps}; allowed are 1 to {MAX_STEPS}")))
            }
            _ => Ok(()),
        }
    }
}

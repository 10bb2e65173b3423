//! Whether and how a request wants to be seen while it is drawn.

use super::MAX_STEPS;
use crate::error::{Error, Result};

/// How a preview is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PreviewMode {
    /// A linear map from latents to colours, a pixel a latent: costs nothing. The maps are those of the families'
    /// published autoencoders.
    #[default]
    Linear,
    /// The folder's small decoder, at the size of the picture or what that decoder makes.
    ///
    /// That is a graph `vae_decoder_approx/model.onnx` (or `taesd_decoder`, `taesdxl_decoder`, `taesd3_decoder`,
    /// `taef1_decoder`) with one input, latents as the denoiser knows them, and one output, the picture from −1 to 1:
    /// the decoder of diffusers' `AutoencoderTiny`.
    Small,
    /// The model's own decoder, at the size of the picture. Each preview costs what the last decoding costs.
    Full,
}

impl PreviewMode {
    /// Every mode, the cheapest first.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Small, Self::Full];

    /// The mode called `name`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a name that is not one of [`PreviewMode::ALL`]'s.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
            Error::invalid(format!(
                "preview mode \"{name}\" is not known; allowed are \"linear\", \"small\" and \"full\""
            ))
        })
    }

    /// The name that [`PreviewMode::parse`] reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Small => "small",
            Self::Full => "full",
        }
    }
}

/// What [`crate::Observer::preview`] is shown, and how often. Previews never change the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Previews {
    /// How they are made.
    pub mode: PreviewMode,
    /// After every how many denoiser evaluations, 1 to [`MAX_STEPS`]. There is none after the last, which the picture
    /// itself follows.
    pub interval: u32,
}

impl Previews {
    /// Previews of that mode after every evaluation.
    #[must_use]
    pub fn new(mode: PreviewMode) -> Self {
        Self { mode, interval: 1 }
    }

    pub(super) fn validate(&self) -> Result<()> {
        if (1..=MAX_STEPS).contains(&self.interval) {
            return Ok(());
        }
        Err(Error::invalid(format!("the preview interval is {}; allowed are 1 to {MAX_STEPS} steps", self.interval)))
    }
}

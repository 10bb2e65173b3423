//! What Stable Diffusion XL is told about the size of its training pictures.

use crate::error::{Error, Result};

use super::{MAX_SIDE, check};

/// The micro-conditioning of Stable Diffusion XL (Podell et al. 2023, arXiv:2307.01952, §2.2). Other families ignore
/// it. Sizes are width and height in pixels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SizeConditioning {
    /// How large the training picture was; `None`: as large as the request's.
    pub original: Option<(u32, u32)>,
    /// From where it was cropped: x and y.
    pub crop: (u32, u32),
    /// How large the result is to be; `None`: the request's size.
    pub target: Option<(u32, u32)>,
    /// The same for the negative prompt; `None`: as for the prompt.
    pub negative_original: Option<(u32, u32)>,
    /// From where, for the negative prompt.
    pub negative_crop: (u32, u32),
    /// The target for the negative prompt; `None`: as for the prompt.
    pub negative_target: Option<(u32, u32)>,
    /// How beautiful, 0 to 10; refiners only. `None`: 6.
    pub aesthetic_score: Option<f32>,
    /// The same for the negative prompt. `None`: 2.5.
    pub negative_aesthetic_score: Option<f32>,
}

impl SizeConditioning {
    pub(super) fn validate(&self) -> Result<()> {
        let sizes = [self.original, self.target, self.negative_original, self.negative_target, Some(self.crop)];
        for (width, height) in sizes.into_iter().chain([Some(self.negative_crop)]).flatten() {
            if width.max(height) > MAX_SIDE {
                return Err(Error::invalid(format!(
                    "the size conditioning names {width}x{height}; allowed are up to {MAX_SIDE} pixels a side"
                )));
            }
        }
        for score in [self.aesthetic_score, self.negative_aesthetic_score].into_iter().flatten() {
            check("aesthetic score", score, 0.0..=10.0)?;
        }
        Ok(())
    }
}

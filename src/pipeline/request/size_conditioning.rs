//! What Stable Diffusion XL is told about the size of its training pictures.

use crate::error::{Error, Result};

use super::{MAX_SIDE, check};

/// The micro-conditioning of Stable Diffusion XL (Podell et al. 2023, arXiv:2307.01952, §2.2). What a model is
/// not told of it, a warning names. Sizes are width and height in pixels.
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
    /// What is set, by its name for people, each with a conditioning that has another value in its place: who is told the
    /// same by both does not read it.
    pub(in crate::pipeline) fn given(&self) -> Vec<(&'static str, Self)> {
        let size = |size: Option<(u32, u32)>| size.map(|(width, height)| Some((width ^ 1, height ^ 1)));
        let corner = |(x, y): (u32, u32)| (x > 0 || y > 0).then_some((x ^ 1, y ^ 1));
        let score = |score: Option<f32>| score.map(|score| Some(if score < 5.0 { score + 1.0 } else { score - 1.0 }));
        let same = || self.clone();
        let others = [
            ("original size", size(self.original).map(|original| Self { original, ..same() })),
            ("crop", corner(self.crop).map(|crop| Self { crop, ..same() })),
            ("target size", size(self.target).map(|target| Self { target, ..same() })),
            (
                "negative original size",
                size(self.negative_original).map(|negative_original| Self { negative_original, ..same() }),
            ),
            ("negative crop", corner(self.negative_crop).map(|negative_crop| Self { negative_crop, ..same() })),
            (
                "negative target size",
                size(self.negative_target).map(|negative_target| Self { negative_target, ..same() }),
            ),
            ("aesthetic score", score(self.aesthetic_score).map(|aesthetic_score| Self { aesthetic_score, ..same() })),
            (
                "negative aesthetic score",
                score(self.negative_aesthetic_score)
                    .map(|negative_aesthetic_score| Self { negative_aesthetic_score, ..same() }),
            ),
        ];
        others.into_iter().filter_map(|(name, other)| Some((name, other?))).collect()
    }

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

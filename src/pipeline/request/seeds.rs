//! Where the noise of several pictures comes from, and how a picture is varied.

use super::check;
use crate::error::Result;

/// How the pictures of one request are seeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seeds {
    /// One generator draws for all pictures, as diffusers' `num_images_per_prompt` does.
    #[default]
    OneGenerator,
    /// Picture `i` has a generator of its own, seeded with `seed + i`, as in AUTOMATIC1111's webui: each can be drawn
    /// again alone.
    OnePerPicture,
}

/// A little of another seed's noise: a picture that resembles the first seed's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variation {
    /// The other seed.
    pub seed: u64,
    /// From 0, the first seed's picture, to 1, the other's; between them the noise goes along a great circle (slerp),
    /// so that it stays noise.
    pub strength: f32,
}

impl Variation {
    pub(super) fn validate(&self) -> Result<()> {
        check("variation strength", self.strength, 0.0..=1.0)
    }
}

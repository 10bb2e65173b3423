//! Where the noise of several pictures comes from, and how a picture is varied.

use super::check;
use crate::error::{Error, Result};

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

impl Seeds {
    /// Every way, in the order in which messages list them.
    pub const ALL: [Self; 2] = [Self::OneGenerator, Self::OnePerPicture];

    /// The way's name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OneGenerator => "one-generator",
            Self::OnePerPicture => "one-per-picture",
        }
    }

    /// The way of this exact name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name).ok_or_else(|| {
            let allowed = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("unknown seed mode \"{name}\"; allowed are: {allowed}"))
        })
    }
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

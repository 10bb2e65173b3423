//! Large pictures through the autoencoder in parts.

use crate::autoencoder::Cut;
use crate::error::{Error, Result};
use crate::pipeline::MemoryMode;

/// Whether the autoencoder encodes and decodes in overlapping tiles, so that its memory does not grow with the picture
/// (diffusers' `enable_tiling`). Tiles are as large as the autoencoder's training pictures, at most 768 pixels a side; each
/// is normalised by itself, so the colours of a tiled picture differ a little from those of a whole one. Graphs that were
/// exported for one size only are never tiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tiling {
    /// In [`MemoryMode::Low`], pictures with a side beyond what the autoencoder was trained on. The default.
    #[default]
    Auto,
    /// Never.
    Off,
    /// In every memory mode, pictures with a side beyond a tile's.
    On,
}

impl Tiling {
    /// Every choice, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Off, Self::On];

    /// The choice's name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
            Self::On => "on",
        }
    }

    /// The choice of this exact name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name).ok_or_else(|| {
            let allowed = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("unknown tiling \"{name}\"; allowed are: {allowed}"))
        })
    }

    /// What is cut in that memory mode.
    pub(in crate::pipeline) fn cut(self, memory: MemoryMode) -> Cut {
        match (self, memory) {
            (Self::Off, _) | (Self::Auto, MemoryMode::Speed | MemoryMode::Balanced) => Cut::Never,
            (Self::Auto, MemoryMode::Low) => Cut::BeyondTrained,
            (Self::On, _) => Cut::BeyondTile,
        }
    }
}

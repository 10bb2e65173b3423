//! Pictures that continue at their other side.

use crate::error::{Error, Result};

/// Along which sides a picture tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Seamless {
    /// Along none: an ordinary picture. The default.
    #[default]
    Off,
    /// Its right side continues on its left one.
    X,
    /// Its bottom continues at its top.
    Y,
    /// Both.
    Both,
}

impl Seamless {
    /// Every way, in the order in which messages list them.
    pub const ALL: [Self; 4] = [Self::Off, Self::X, Self::Y, Self::Both];

    /// The way's name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::X => "x",
            Self::Y => "y",
            Self::Both => "both",
        }
    }

    /// The way of this exact name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name).ok_or_else(|| {
            let allowed = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("unknown way to tile \"{name}\"; allowed are: {allowed}"))
        })
    }

    /// Whether height and width wrap around.
    pub(in crate::pipeline) fn axes(self) -> [bool; 2] {
        [matches!(self, Self::Y | Self::Both), matches!(self, Self::X | Self::Both)]
    }
}

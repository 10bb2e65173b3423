//! What is done about pictures that a model's safety checker finds.

use std::fmt;

use crate::error::{Error, Result};

/// Whether the model's safety checker looks at the pictures, and what becomes of those that it flags.
///
/// Off unless a host asks. diffusers runs the checker of a folder that has one and paints what it flags black; here the
/// host decides, because a black picture that nobody asked for cannot be told from a failure, the checker errs both
/// ways, and it costs the time and the memory of another graph. A host that shows pictures to people it does not know
/// should turn it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Safety {
    /// Nobody looks.
    #[default]
    Off,
    /// [`crate::Generated::flagged`] says what it found; the pictures stay as they are.
    Flag,
    /// What it flags is blurred until nothing can be made out; the latents stay as they are.
    Blur,
}

impl Safety {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Flag, Self::Blur];

    /// Its name in the C interface and the tool.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Flag => "flag",
            Self::Blur => "blur",
        }
    }

    /// The one of this name, in any case.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] lists what is allowed.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|safety| safety.name().eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
            let allowed = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("there is no \"{name}\" for the safety checker; allowed are {allowed}"))
        })
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

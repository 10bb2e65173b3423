//! What a caller wants done when a provider leaves a part of a graph to the CPU.

use super::keys::choice;
use crate::{Error, Result};

choice! {
    /// What happens when a part of a graph cannot run on the provider that was asked for, and ONNX Runtime puts it on
    /// the CPU instead.
    #[derive(Default)]
    pub enum Fallback {
        /// A warning in the log, and the counts in what describes the graph.
        #[default]
        Warn = "warn",
        /// The graph is not opened.
        Refuse = "refuse",
    }
}

impl Fallback {
    /// The one of that name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::named(name)
            .ok_or_else(|| Error::invalid(format!("fallback is \"{name}\": it must be \"warn\" or \"refuse\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_read_back() {
        for value in Fallback::ALL {
            assert_eq!(Fallback::parse(value.name()).unwrap(), *value);
        }
        assert!(Fallback::parse("never").unwrap_err().to_string().contains("\"warn\" or \"refuse\""));
    }
}

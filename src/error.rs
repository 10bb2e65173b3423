//! What can go wrong, as one enum.
//!
//! Every variant's text is a whole sentence that says what happened, where, and what is allowed. The C
//! boundary maps each variant to one status code (`ffi/status.rs`), so a new variant is a new code.

use std::path::{Path, PathBuf};

/// The result of everything that can fail in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every way in which an operation of this crate can fail.
///
/// After any error the object it was raised on stays usable, and outputs are untouched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting or argument has a value that is not allowed. The text names it, its value and the range.
    #[error("{0}")]
    InvalidArgument(String),

    /// A text that should be UTF-8 is not.
    #[error("{what} is not valid UTF-8: the first bad byte is at offset {offset}")]
    InvalidUtf8 {
        /// Which text it was.
        what: String,
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },

    /// A file or folder is missing or cannot be read or written.
    #[error("{what} \"{}\": {source}", path.display())]
    Io {
        /// What was tried, for example `cannot read`.
        what: String,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A model folder was read, but what is in it is incomplete, damaged or contradictory.
    #[error("the model at \"{}\" cannot be used: {message}", path.display())]
    BadModel {
        /// The folder or file that is at fault.
        path: PathBuf,
        /// What is wrong and what would be right.
        message: String,
    },

    /// The request is sound, but this model or this build cannot do it.
    #[error("{0}")]
    Unsupported(String),

    /// ONNX Runtime's library was not found, is damaged, or is too old.
    #[error("{0}")]
    RuntimeMissing(String),

    /// The execution provider that was asked for cannot be used here.
    #[error("{0}")]
    ProviderUnavailable(String),

    /// Memory ran out.
    #[error("out of memory: {0}")]
    OutOfMemory(String),

    /// The caller asked to stop.
    #[error("cancelled by the caller")]
    Cancelled,

    /// The object is in use by another call and this one may not wait.
    #[error("{0}")]
    Busy(String),

    /// A number became NaN or infinite, so the picture would be garbage.
    #[error("{0}")]
    Numeric(String),

    /// ONNX Runtime failed while it ran a graph.
    #[error("ONNX Runtime failed while running {graph}: {message}")]
    GraphFailed {
        /// Which graph, as `unet` or `text_encoder`.
        graph: String,
        /// ONNX Runtime's own words.
        message: String,
    },

    /// A bug of this library: an internal promise was broken.
    #[error("internal error (please report it): {0}")]
    Internal(String),
}

impl Error {
    /// An [`Error::InvalidArgument`] from a sentence.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidArgument(message.into())
    }

    /// An [`Error::BadModel`] about `path`.
    pub(crate) fn bad_model(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::BadModel { path: path.as_ref().to_path_buf(), message: message.into() }
    }

    /// The same error once more, for those who are told of one outcome several times.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::InvalidArgument(text) => Self::InvalidArgument(text.clone()),
            Self::InvalidUtf8 { what, offset } => Self::InvalidUtf8 { what: what.clone(), offset: *offset },
            Self::Io { what, path, source } => {
                // The system's error cannot be copied; its kind and its words can.
                let source = std::io::Error::new(source.kind(), source.to_string());
                Self::Io { what: what.clone(), path: path.clone(), source }
            }
            Self::BadModel { path, message } => Self::BadModel { path: path.clone(), message: message.clone() },
            Self::Unsupported(text) => Self::Unsupported(text.clone()),
            Self::RuntimeMissing(text) => Self::RuntimeMissing(text.clone()),
            Self::ProviderUnavailable(text) => Self::ProviderUnavailable(text.clone()),
            Self::OutOfMemory(text) => Self::OutOfMemory(text.clone()),
            Self::Cancelled => Self::Cancelled,
            Self::Busy(text) => Self::Busy(text.clone()),
            Self::Numeric(text) => Self::Numeric(text.clone()),
            Self::GraphFailed { graph, message } => {
                Self::GraphFailed { graph: graph.clone(), message: message.clone() }
            }
            Self::Internal(text) => Self::Internal(text.clone()),
        }
    }

    /// An [`Error::Io`] about `path`.
    pub(crate) fn io(what: &str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { what: what.to_owned(), path: path.as_ref().to_path_buf(), source }
    }
}

//! Status codes, and the one place where an error becomes one.

use std::ffi::{CStr, c_char};

use crate::error::Error;

/// What a call came to. Values are append-only: a number, once given out, never changes its meaning.
///
/// Programs branch on the number; people read diffusion_last_error_message().
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum diffusion_status {
    /// The call did what it says.
    Ok = 0,
    /// A pointer that must not be NULL is NULL.
    NullPointer = 1,
    /// A value is out of its range, or a name is not known. The message says what is allowed.
    InvalidArgument = 2,
    /// A text is not UTF-8.
    InvalidUtf8 = 3,
    /// A file or folder is missing, or cannot be read or written.
    Io = 4,
    /// The model folder is incomplete, damaged or contradictory.
    BadModel = 5,
    /// The request is sound, but this model or this version of the library cannot do it.
    Unsupported = 6,
    /// ONNX Runtime's library was not found, is damaged, or is too old. Try again with another path.
    RuntimeMissing = 7,
    /// The execution provider that was asked for cannot be used here.
    ProviderUnavailable = 8,
    /// Memory ran out, on the host or on the device, where the library or ONNX Runtime asked for much of it. Small
    /// allocations that fail end the process, as Rust's do.
    OutOfMemory = 9,
    /// A cancel token or a job was cancelled, or a callback asked to stop.
    Cancelled = 10,
    /// The object is in use by another call, its queue is full, or a job is not done yet. Try again later.
    Busy = 11,
    /// A number became NaN or infinite, so there is no picture.
    Numeric = 12,
    /// ONNX Runtime failed while it ran a graph.
    GraphFailed = 13,
    /// A bug of this library, for example a panic that was caught. The library stays usable. Please report it.
    Internal = 14,
}

impl diffusion_status {
    /// Every status, in the order of their numbers.
    const ALL: [(Self, &'static CStr); 15] = [
        (Self::Ok, c"ok"),
        (Self::NullPointer, c"null pointer"),
        (Self::InvalidArgument, c"invalid argument"),
        (Self::InvalidUtf8, c"invalid UTF-8"),
        (Self::Io, c"input/output error"),
        (Self::BadModel, c"bad model"),
        (Self::Unsupported, c"unsupported"),
        (Self::RuntimeMissing, c"ONNX Runtime missing"),
        (Self::ProviderUnavailable, c"provider unavailable"),
        (Self::OutOfMemory, c"out of memory"),
        (Self::Cancelled, c"cancelled"),
        (Self::Busy, c"busy"),
        (Self::Numeric, c"numeric failure"),
        (Self::GraphFailed, c"graph failed"),
        (Self::Internal, c"internal error"),
    ];
}

/// Why a C call failed: the crate's own error, or a pointer that only C can get wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A required pointer is NULL.
    #[error("the {0} is NULL")]
    Null(&'static str),
    /// Anything that the Rust API reports.
    #[error(transparent)]
    Core(#[from] Error),
}

impl Failure {
    /// An invalid argument, from a sentence.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Core(Error::InvalidArgument(message.into()))
    }

    /// The status that a program sees.
    pub(super) fn status(&self) -> diffusion_status {
        let error = match self {
            Self::Null(_) => return diffusion_status::NullPointer,
            Self::Core(error) => error,
        };
        match error {
            Error::InvalidArgument(_) => diffusion_status::InvalidArgument,
            Error::InvalidUtf8 { .. } => diffusion_status::InvalidUtf8,
            Error::Io { .. } => diffusion_status::Io,
            Error::BadModel { .. } => diffusion_status::BadModel,
            Error::Unsupported(_) => diffusion_status::Unsupported,
            Error::RuntimeMissing(_) => diffusion_status::RuntimeMissing,
            Error::ProviderUnavailable(_) => diffusion_status::ProviderUnavailable,
            Error::OutOfMemory(_) => diffusion_status::OutOfMemory,
            Error::Cancelled => diffusion_status::Cancelled,
            Error::Busy(_) => diffusion_status::Busy,
            Error::Numeric(_) => diffusion_status::Numeric,
            Error::GraphFailed { .. } => diffusion_status::GraphFailed,
            Error::Internal(_) => diffusion_status::Internal,
        }
    }
}

/// A short English name of a status, such as "bad model"; "unknown status" for a number that is none.
///
/// The text lives as long as the library is loaded. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_status_name(status: i32) -> *const c_char {
    let known = diffusion_status::ALL.iter().find(|(known, _)| *known as i32 == status);
    known.map_or(c"unknown status", |(_, name)| name).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        let numbers: Vec<i32> = diffusion_status::ALL.iter().map(|(status, _)| *status as i32).collect();
        assert_eq!(numbers, (0..15).collect::<Vec<_>>());
        assert_eq!(diffusion_status::Cancelled as i32, 10);
        assert_eq!(diffusion_status::Internal as i32, 14);
    }

    #[test]
    fn every_error_has_its_own_status() {
        let io = Error::Io { what: "cannot read".into(), path: "a".into(), source: std::io::Error::other("x") };
        assert_eq!(Failure::from(io).status(), diffusion_status::Io);
        assert_eq!(Failure::Null("x").status(), diffusion_status::NullPointer);
        assert_eq!(Failure::from(Error::Cancelled).status(), diffusion_status::Cancelled);
        assert_eq!(Failure::invalid("x").status(), diffusion_status::InvalidArgument);
    }
}

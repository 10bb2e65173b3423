//! Text across the boundary: UTF-8 in as pointer and length, NUL-terminated out.

use std::ffi::{CStr, CString, c_char};
use std::path::PathBuf;

use super::status::Failure;
use crate::error::Error;

/// The longest path that is read, in bytes: well past every file system's limit.
const MAX_PATH_BYTES: usize = 1 << 16;
/// The longest value of a provider's option that is read, in bytes: a path or a small JSON object.
pub(super) const MAX_OPTION_BYTES: usize = 1 << 16;
/// The longest name of a scheduler, provider and the like that is read, in bytes.
const MAX_NAME_BYTES: usize = 1 << 10;

/// Borrows the caller's text. NULL with length 0 is the empty text.
///
/// # Safety
/// `data` is NULL or points to `length` readable bytes that stay unchanged for `'a`.
pub(super) unsafe fn utf8<'a>(
    data: *const c_char,
    length: usize,
    limit: usize,
    what: &'static str,
) -> Result<&'a str, Failure> {
    if length > limit {
        return Err(Failure::invalid(format!("the {what} has {length} bytes; allowed are at most {limit}")));
    }
    if length == 0 {
        return Ok("");
    }
    if data.is_null() {
        return Err(Failure::Null(what));
    }
    // SAFETY: not NULL, and the caller promises `length` readable bytes; the limit keeps it below isize::MAX.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
    std::str::from_utf8(bytes)
        .map_err(|e| Error::InvalidUtf8 { what: format!("the {what}"), offset: e.valid_up_to() }.into())
}

/// The length of a NUL-terminated text; NULL is an error, because nothing else says that it is meant.
///
/// # Safety
/// `text` is NULL or points to a NUL-terminated text.
pub(super) unsafe fn length_of(text: *const c_char, what: &'static str) -> Result<usize, Failure> {
    if text.is_null() {
        return Err(Failure::Null(what));
    }
    // SAFETY: not NULL, and the caller promises the NUL.
    Ok(unsafe { CStr::from_ptr(text) }.count_bytes())
}

/// Borrows the caller's name of something.
///
/// # Safety
/// As for [`utf8`].
pub(super) unsafe fn name<'a>(data: *const c_char, length: usize, what: &'static str) -> Result<&'a str, Failure> {
    // SAFETY: promised by the caller.
    unsafe { utf8(data, length, MAX_NAME_BYTES, what) }
}

/// Reads the caller's path, which must not be empty.
///
/// # Safety
/// As for [`utf8`].
pub(super) unsafe fn path(data: *const c_char, length: usize, what: &'static str) -> Result<PathBuf, Failure> {
    // SAFETY: promised by the caller.
    let text = unsafe { utf8(data, length, MAX_PATH_BYTES, what) }?;
    if text.is_empty() {
        return Err(Failure::invalid(format!("the {what} is empty")));
    }
    if text.contains('\0') {
        return Err(Failure::invalid(format!("the {what} contains a NUL character, which no path may")));
    }
    Ok(PathBuf::from(text))
}

/// A text for C. A NUL inside becomes U+FFFD, so that nothing after it is lost.
pub(super) fn c_string(text: impl Into<String>) -> CString {
    let text: String = text.into();
    let text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
    CString::new(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<&str, Failure> {
        // SAFETY: the slice is alive and has this length.
        unsafe { utf8(bytes.as_ptr().cast(), bytes.len(), 16, "prompt") }
    }

    #[test]
    fn text_is_checked() {
        assert_eq!(read("Käse".as_bytes()).unwrap(), "Käse");
        assert_eq!(read(b"").unwrap(), "");
        assert_eq!(
            read(b"ab\xff").unwrap_err().to_string(),
            Error::InvalidUtf8 { what: "the prompt".into(), offset: 2 }.to_string()
        );
        assert!(read(&[b'a'; 17]).unwrap_err().to_string().contains("17 bytes"));
        // SAFETY: NULL is allowed.
        let null = unsafe { utf8(std::ptr::null(), 3, 16, "prompt") };
        assert!(matches!(null, Err(Failure::Null("prompt"))));
        // SAFETY: NULL with length 0 is allowed.
        assert_eq!(unsafe { utf8(std::ptr::null(), 0, 16, "prompt") }.unwrap(), "");
    }

    #[test]
    fn a_length_of_minus_one_is_refused_before_anything_is_read() {
        // SAFETY: the limit refuses the length, so nothing is read.
        let huge = unsafe { utf8(c"x".as_ptr(), usize::MAX, 16, "prompt") };
        assert!(huge.unwrap_err().to_string().contains("at most 16"));
    }

    #[test]
    fn a_nul_inside_survives() {
        assert_eq!(c_string("a\0b").to_str().unwrap(), "a\u{fffd}b");
    }
}

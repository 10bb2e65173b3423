//! Which version this is, for comparing with the header's macros.

use std::ffi::c_char;

/// One decimal number of Cargo's version.
const fn number(text: &str) -> u32 {
    let digits = text.as_bytes();
    let mut value = 0;
    let mut i = 0;
    while i < digits.len() {
        value = value * 10 + (digits[i] - b'0') as u32;
        i += 1;
    }
    value
}

const VERSION_NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
    + number(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
    + number(env!("CARGO_PKG_VERSION_PATCH"));

/// The version of the library that is running: major * 1000000 + minor * 1000 + patch.
///
/// Compare with DIFFUSION_VERSION_NUMBER, the version of the header:
/// `assert(diffusion_version_number() >= DIFFUSION_VERSION_NUMBER);`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_version_number() -> u32 {
    VERSION_NUMBER
}

/// The version of the library that is running, as text, such as "0.1.0".
///
/// The text lives as long as the library is loaded. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_version_string() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

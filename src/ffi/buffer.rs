//! Bytes that the library made and the caller owns.

use super::guard::value;
use super::handle::{bind, destroy, shared};

/// Bytes that the library made, such as an encoded PNG. Read-only; any thread.
pub struct diffusion_buffer {
    _private: [u8; 0],
}

bind!(diffusion_buffer, Vec<u8>, "buffer");

/// The first byte. Borrowed: it lives until diffusion_buffer_destroy(). NULL when `buffer` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_buffer_data(buffer: *const diffusion_buffer) -> *const u8 {
    // SAFETY: by contract.
    value(std::ptr::null(), || Ok(unsafe { shared(buffer) }?.as_ptr()))
}

/// How many bytes there are. 0 when `buffer` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_buffer_size(buffer: *const diffusion_buffer) -> usize {
    // SAFETY: by contract.
    value(0, || Ok(unsafe { shared(buffer) }?.len()))
}

/// Gives the bytes back; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_buffer_destroy(buffer: *mut diffusion_buffer) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(buffer) };
        Ok(())
    });
}

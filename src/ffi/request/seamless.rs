//! Pictures that continue at their other side.

use std::ffi::c_char;

use super::{change, diffusion_request, named};
use crate::ffi::status::diffusion_status;
use crate::pipeline::Seamless;

/// Along which sides the pictures tile, by one of the names of diffusion_seamless_name(). Default, also with NULL and 0:
/// "off". "x" continues the right side on the left one.
///
/// The first generation that asks for a way opens the denoiser and the decoder once more, with convolutions that wrap
/// around, and keeps them. diffusion_pipeline_generate() fails with UNSUPPORTED for denoisers without such convolutions
/// (Stable Diffusion 3, Flux).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_seamless(
    request: *mut diffusion_request,
    seamless: *const c_char,
    seamless_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.seamless = named(seamless, seamless_length, "way to tile", Seamless::parse)?.unwrap_or_default();
            Ok(())
        })
    }
}

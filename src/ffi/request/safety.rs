//! What is done about pictures that a model's safety checker finds.

use std::ffi::c_char;

use super::{change, diffusion_request, named};
use crate::ffi::status::diffusion_status;
use crate::pipeline::Safety;

/// Whether the model's safety checker looks at the pictures, by one of the names of diffusion_safety_name(). Default,
/// also with NULL and 0: "off".
///
/// "flag" says what it found in diffusion_result_flagged() and leaves the pictures as they are; "blur" also blurs what
/// is flagged. Off by default, unlike in diffusers, because a picture that was blackened unasked cannot be told from a
/// failure, and the checker costs another graph's time and memory; a host that shows pictures to people it does not know
/// should turn it on. diffusion_pipeline_generate() fails with UNSUPPORTED where the folder has no safety_checker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_safety(
    request: *mut diffusion_request,
    safety: *const c_char,
    safety_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.safety = named(safety, safety_length, "safety name", Safety::parse)?.unwrap_or_default();
            Ok(())
        })
    }
}

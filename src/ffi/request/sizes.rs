//! How large the pictures are, how many, and in which format.

use super::{change, diffusion_request, whole};
use crate::ffi::image::format_from;
use crate::ffi::status::diffusion_status;
use crate::pipeline::{MAX_COUNT, MAX_SIDE};

/// Width in pixels, 1 to 8192. Default: that of the picture to start from, if there is one (four times it for an
/// upscaler), else the model's, diffusion_pipeline_default_width().
///
/// It must be a multiple of the model's diffusion_pipeline_size_multiple(), which
/// diffusion_pipeline_generate() checks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_width(request: *mut diffusion_request, width: i64) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.width = Some(whole(width, 1..=MAX_SIDE, "width")?);
            Ok(())
        })
    }
}

/// Height in pixels, 1 to 8192. Default and multiples as for the width.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_height(
    request: *mut diffusion_request,
    height: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.height = Some(whole(height, 1..=MAX_SIDE, "height")?);
            Ok(())
        })
    }
}

/// How many pictures, 1 to 64. Default: 1. diffusion_request_set_seed_mode() says how they are seeded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_count(request: *mut diffusion_request, count: i64) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.count = whole(count, 1..=MAX_COUNT, "count")?;
            Ok(())
        })
    }
}

/// The pixel format of the pictures, a diffusion_pixel_format. Default: DIFFUSION_PIXEL_FORMAT_RGB8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_format(
    request: *mut diffusion_request,
    format: i32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.format = format_from(format)?;
            Ok(())
        })
    }
}

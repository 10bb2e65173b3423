//! A second pass at a larger size.

use std::ffi::c_char;

use super::{change, diffusion_request, named, set, whole};
use crate::ffi::status::{Failure, diffusion_status};
use crate::pipeline::{Hires, MAX_SIDE, MAX_STEPS, Request, Upscale};

/// Changes one number of the second pass; where it is not valid nothing changes, and a pass that was off stays off.
///
/// # Safety
/// `request` is NULL or a live handle that nothing else uses.
unsafe fn adjust(request: *mut diffusion_request, store: impl FnOnce(&mut Hires)) -> diffusion_status {
    let checked = |request: &mut Request| {
        let old = request.hires;
        store(request.hires.get_or_insert_default());
        request.validate_fields().inspect_err(|_| request.hires = old).map_err(Failure::from)
    };
    // SAFETY: promised by the caller.
    unsafe { change(request, checked) }
}

/// Draws small first, where a model composes best, then enlarges the result and draws it over: the "hires fix" of
/// AUTOMATIC1111's webui. Each side becomes `scale` times larger, 1 to 8, cut to a multiple of
/// diffusion_pipeline_size_multiple(); 0, the default, is no second pass. NaN is refused.
///
/// The first pass has the request's width and height, the second its prompts, scheduler, guidance and seed. It goes with
/// no picture to start from, which diffusion_pipeline_generate() refuses. Progress is reported for both passes in turn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_hires_scale(
    request: *mut diffusion_request,
    scale: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        if scale == 0.0 {
            return set(request, |r| &mut r.hires, None);
        }
        adjust(request, |hires| hires.scale = scale)
    }
}

/// The result's width and height in pixels where a scale does not do, up to 8192 and none smaller than the first pass's;
/// 0 and 0 are the scale again. Turns the second pass on, as all that follow do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_hires_size(
    request: *mut diffusion_request,
    width: i64,
    height: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            let size = match (width, height) {
                (0, 0) => None,
                _ => Some((whole(width, 1..=MAX_SIDE, "hires width")?, whole(height, 1..=MAX_SIDE, "hires height")?)),
            };
            request.hires.get_or_insert_default().size = size;
            Ok(())
        })
    }
}

/// How many steps the second pass draws, 1 to 1000; 0, the default, is as many as the first. Its schedule has as many
/// more as the strength leaves out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_hires_steps(
    request: *mut diffusion_request,
    steps: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            let steps = if steps == 0 { None } else { Some(whole(steps, 1..=MAX_STEPS, "hires steps")?) };
            request.hires.get_or_insert_default().steps = steps;
            Ok(())
        })
    }
}

/// How much the second pass redraws, above 0 up to 1. Default: 0.7. NaN is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_hires_strength(
    request: *mut diffusion_request,
    strength: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { adjust(request, |hires| hires.strength = strength) }
}

/// What is enlarged, and how, by one of the names of diffusion_upscale_name(). Default, also with NULL and 0:
/// "nearest-exact". "lanczos" enlarges the picture, all others the latents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_hires_upscale(
    request: *mut diffusion_request,
    upscale: *const c_char,
    upscale_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            let upscale = named(upscale, upscale_length, "upscale name", Upscale::parse)?.unwrap_or_default();
            request.hires.get_or_insert_default().upscale = upscale;
            Ok(())
        })
    }
}

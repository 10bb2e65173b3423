//! What Stable Diffusion XL is told about the size of its training pictures.

use super::{change, diffusion_request, set, whole};
use crate::ffi::status::diffusion_status;
use crate::pipeline::{MAX_SIDE, SizeConditioning};

/// Two numbers of pixels, each 0 to 8192, handed to `store`.
///
/// # Safety
/// `request` is NULL or a live handle that nothing else uses.
unsafe fn set_pair(
    request: *mut diffusion_request,
    pair: (i64, i64),
    what: &str,
    store: impl FnOnce(&mut SizeConditioning, (u32, u32)),
) -> diffusion_status {
    let side = |number| whole(number, 0..=MAX_SIDE, what);
    // SAFETY: promised by the caller.
    unsafe {
        change(request, |request| {
            store(&mut request.size_conditioning, (side(pair.0)?, side(pair.1)?));
            Ok(())
        })
    }
}

/// How large the training picture is said to have been, in pixels, each 0 to 8192. Default: as large as the picture
/// that is drawn. Only Stable Diffusion XL reads this and the functions below (Podell et al. 2023, section 2.2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_original_size(
    request: *mut diffusion_request,
    width: i64,
    height: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set_pair(request, (width, height), "original size", |told, size| told.original = Some(size)) }
}

/// From where the training picture is said to have been cropped, in pixels, each 0 to 8192. Default: 0, 0, which draws
/// what is in the picture's middle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_crop(
    request: *mut diffusion_request,
    left: i64,
    top: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set_pair(request, (left, top), "crop", |told, crop| told.crop = crop) }
}

/// How large the picture is said to become, in pixels, each 0 to 8192. Default: as large as it is drawn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_target_size(
    request: *mut diffusion_request,
    width: i64,
    height: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set_pair(request, (width, height), "target size", |told, size| told.target = Some(size)) }
}

/// The original size for the negative prompt. Default: as for the prompt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_original_size(
    request: *mut diffusion_request,
    width: i64,
    height: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        set_pair(request, (width, height), "negative original size", |told, size| told.negative_original = Some(size))
    }
}

/// The crop for the negative prompt. Default: 0, 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_crop(
    request: *mut diffusion_request,
    left: i64,
    top: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set_pair(request, (left, top), "negative crop", |told, crop| told.negative_crop = crop) }
}

/// The target size for the negative prompt. Default: as for the prompt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_target_size(
    request: *mut diffusion_request,
    width: i64,
    height: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        set_pair(request, (width, height), "negative target size", |told, size| told.negative_target = Some(size))
    }
}

/// How beautiful the picture is said to be, 0 to 10, for refiners of Stable Diffusion XL. Default: 6.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_aesthetic_score(
    request: *mut diffusion_request,
    score: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.size_conditioning.aesthetic_score, Some(score)) }
}

/// The same for the negative prompt, 0 to 10. Default: 2.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_aesthetic_score(
    request: *mut diffusion_request,
    score: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.size_conditioning.negative_aesthetic_score, Some(score)) }
}

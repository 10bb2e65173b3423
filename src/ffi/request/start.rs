//! What the generation starts from: a picture, a picture with a mask, or another generation's latents.

use std::sync::Arc;

use super::{change, diffusion_request, set, whole};
use crate::ffi::embedding::diffusion_embedding;
use crate::ffi::handle::shared;
use crate::ffi::image::diffusion_image;
use crate::ffi::result::diffusion_result;
use crate::ffi::status::{Failure, diffusion_status};
use crate::image::Image;
use crate::pipeline::MAX_MASK_PADDING;

/// The picture behind a handle; NULL is none.
///
/// # Safety
/// `image` is NULL or a live handle.
pub(super) unsafe fn picture_of(image: *const diffusion_image) -> Result<Option<Arc<Image>>, Failure> {
    match image.is_null() {
        true => Ok(None),
        // SAFETY: promised by the caller.
        false => Ok(Some(Arc::clone(&unsafe { shared(image) }?.image))),
    }
}

/// The picture to start from, in any size and format, made by diffusion_image_open() or diffusion_image_create() or
/// another generation's. Default, also with NULL: none; the generation starts from noise.
///
/// The request keeps what it needs: the image may be destroyed at once. The picture is resized to the request's width
/// and height as diffusers does it; where the request sets none, the picture's own are taken, in multiples of
/// diffusion_pipeline_size_multiple().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_init_image(
    request: *mut diffusion_request,
    image: *const diffusion_image,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.start.picture = picture_of(image)?;
            Ok(())
        })
    }
}

/// Latents to start from, in place of a picture: `[pictures, channels, height, width]`, as many pictures as the request's
/// count, as diffusion_pipeline_encode_image(), diffusion_result_latents() or diffusion_embedding_create() gave them.
/// Default, also with NULL: none.
///
/// The request keeps what it needs: the embedding may be destroyed at once. They are taken for a finished picture's, and
/// noised as far as diffusion_request_set_strength() says; with diffusion_request_set_denoising_start() they are taken as
/// they are, noisy to that point: 0 begins with them as the first noise, in the scheduler's scale.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_init_latents(
    request: *mut diffusion_request,
    latents: *const diffusion_embedding,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.start.latents = match latents.is_null() {
                true => None,
                false => Some(Arc::clone(&shared(latents)?.values)),
            };
            Ok(())
        })
    }
}

/// Which part of the picture is drawn anew: white is, black stays; any size, resized to the picture's. Default, also
/// with NULL: the picture's transparent parts, if it has any, else all of it.
///
/// The request keeps what it needs: the image may be destroyed at once. An inpainting model sees what lies around the
/// mask; any other model has it put back at every step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_mask_image(
    request: *mut diffusion_request,
    image: *const diffusion_image,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.start.mask = picture_of(image)?;
            Ok(())
        })
    }
}

/// How much of the picture is redrawn: above 0, which keeps it, up to 1, which keeps nothing but what a mask protects.
/// Default: what diffusers' pipeline of the model's family has, 0.3 to 1. NaN is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_strength(
    request: *mut diffusion_request,
    strength: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.start.strength, Some(strength)) }
}

/// How softly the mask's edge runs out: the standard deviation of a Gaussian blur in pixels, 0 (the default) to 256.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_mask_blur(
    request: *mut diffusion_request,
    pixels: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.start.mask_blur, pixels) }
}

/// Draws only the masked part, at the full size, with `pixels` around it, 0 to 1024, and pastes it back into the picture.
/// Default: the whole picture is drawn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_mask_padding(
    request: *mut diffusion_request,
    pixels: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.start.mask_padding = Some(whole(pixels, 0..=MAX_MASK_PADDING, "mask padding")?);
            Ok(())
        })
    }
}

/// Whether what the mask protects is put back into the result pixel by pixel: 1 or 0, the default. Without it those parts
/// went through the autoencoder and changed a little, as in diffusers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_paste_back(
    request: *mut diffusion_request,
    paste_back: i32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.start.paste_back = whole(i64::from(paste_back), 0..=1, "paste back")? == 1;
            Ok(())
        })
    }
}

/// Another generation's latents to start from, in place of a picture: both models must have the same kind of latents, as
/// Stable Diffusion XL and its refiner have. Default, also with NULL: none.
///
/// The request shares them with the result, which may be destroyed at once. With diffusion_request_set_denoising_start()
/// this model goes on where the other stopped; without it noise is added as for a picture.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_init_result(
    request: *mut diffusion_request,
    result: *const diffusion_result,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.start.latents = match result.is_null() {
                true => None,
                false => Some(Arc::clone(&shared(result)?.latents)),
            };
            Ok(())
        })
    }
}

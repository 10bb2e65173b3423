//! What a picture keeps to beside its prompt: other pictures by their roles, and boxes with phrases.

use std::ffi::c_char;
use std::sync::Arc;

use super::start::picture_of;
use super::{change, diffusion_request, set, whole};
use crate::ffi::handle::shared;
use crate::ffi::image::diffusion_image;
use crate::ffi::status::{Failure, diffusion_status};
use crate::ffi::text::{name, utf8};
use crate::pipeline::{ConditionPicture, GroundedBox, MAX_PROMPT_BYTES, Request};

/// Adds one entry to a list, or nothing where it is not valid.
fn add<T>(request: &mut Request, list: impl Fn(&mut Request) -> &mut Vec<T>, entry: T) -> Result<(), Failure> {
    list(request).push(entry);
    request.validate_fields().map_err(|error| {
        list(request).pop();
        Failure::from(error)
    })
}

/// Adds a picture that the model keeps to beside the prompt. `role` is what it is to the model, one of
/// diffusion_pipeline_condition_role(), as "controlnet", "controlnet:1" (the second ControlNet), "adapter", "depth" or
/// "image_prompt"; UTF-8, 1 to 64 bytes. The picture may have any size and format.
///
/// `scale` is how much it counts: 1 as the model was trained, 0 not at all, up to 100 either way. It counts in those steps
/// that lie as a whole between `start` and `end` of the run, 0 to 1. NaN is refused. Default: no such pictures; at most 16.
/// The request keeps what it needs: the image may be destroyed at once.
///
/// Where the request sets no width and height and starts from no picture, the result is as large as the first picture of
/// a ControlNet or an adapter, in multiples of diffusion_pipeline_size_multiple(). Whether the model has the role, and
/// every picture that it cannot do without, is checked by diffusion_pipeline_generate() before any work starts.
///
/// Errors: NULL_POINTER for no image, INVALID_ARGUMENT, INVALID_UTF8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_add_condition_picture(
    request: *mut diffusion_request,
    role: *const c_char,
    role_length: usize,
    image: *const diffusion_image,
    scale: f32,
    start: f32,
    end: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            let role = name(role, role_length, "role of a condition picture")?;
            let picture = Arc::clone(&shared(image)?.image);
            let condition = ConditionPicture { scale, start, end, ..ConditionPicture::new(role, picture) };
            add(request, |request| &mut request.conditions, condition)
        })
    }
}

/// The picture of a role, in place of all that this role had: diffusion_request_add_condition_picture() with a scale of 1
/// for the whole run. NULL takes the role's pictures away. Models of several stages name their roles themselves, such as
/// "like" for a picture to vary or "map" for a semantic map: diffusion_pipeline_picture_role() lists them; there the
/// picture to start from is the role "image", and its mask the role "mask".
///
/// The request keeps what it needs: the image may be destroyed at once. Roles are checked when drawing starts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_picture(
    request: *mut diffusion_request,
    role: *const c_char,
    role_length: usize,
    image: *const diffusion_image,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            let role = name(role, role_length, "picture's role")?;
            if role.is_empty() {
                return Err(Failure::invalid("the picture's role is empty"));
            }
            let picture = picture_of(image)?;
            let old = request.conditions.clone();
            request.conditions.retain(|condition| condition.role != role);
            request.conditions.extend(picture.map(|picture| ConditionPicture::new(role, picture)));
            request.validate_fields().map_err(|error| {
                request.conditions = old;
                Failure::from(error)
            })
        })
    }
}

/// Takes all condition pictures away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_clear_condition_pictures(
    request: *mut diffusion_request,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.conditions.clear();
            Ok(())
        })
    }
}

/// Whether ControlNets count less in the UNet's upper levels and not at all for the negative prompt, 1 or 0, the default:
/// diffusers' guess mode, for pictures without a prompt, with a guidance of 3 to 5. It needs a picture for a ControlNet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guess_mode(
    request: *mut diffusion_request,
    guess_mode: i32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.guess_mode = whole(i64::from(guess_mode), 0..=1, "guess mode")? == 1;
            Ok(())
        })
    }
}

/// Adds a thing that belongs into a part of the picture, for models that take boxes (GLIGEN; models of a layout,
/// where it is the name of a class). `phrase` is what it is, UTF-8, 1 to 1048576 bytes; the four numbers are the part's sides, as parts of the picture from its left upper corner, 0 to 1.
/// Default: none; diffusion_pipeline_max_boxes() says how many a model takes.
///
/// Errors: INVALID_ARGUMENT, INVALID_UTF8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_add_box(
    request: *mut diffusion_request,
    phrase: *const c_char,
    phrase_length: usize,
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            let phrase = utf8(phrase, phrase_length, MAX_PROMPT_BYTES, "phrase of a box")?.to_owned();
            add(request, |request| &mut request.boxes, GroundedBox { phrase, corners: [left, top, right, bottom] })
        })
    }
}

/// Takes all boxes away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_clear_boxes(request: *mut diffusion_request) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.boxes.clear();
            Ok(())
        })
    }
}

/// The part of the run in which boxes count, from its beginning, 0 to 1. Default: 0.3, as in diffusers. NaN is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_boxes_until(
    request: *mut diffusion_request,
    until: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.boxes_until, Some(until)) }
}

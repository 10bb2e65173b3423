//! Pictures that the host brings: its own pixels, files, and larger canvases.

use std::ffi::{c_char, c_void};

use super::guard::{guard, value};
use super::handle::{check_out, create, destroy, shared, write_out};
use super::image::{ImageData, diffusion_image, format_from};
use super::request::whole;
use super::status::{Failure, diffusion_status};
use super::text::{length_of, path};
use crate::image::{Image, MAX_SIDE, Mask, unreadable};

/// The host's bytes.
///
/// # Safety
/// `bytes` is NULL or points to `size` readable bytes that nothing writes to during `'a`.
unsafe fn bytes_of<'a>(bytes: *const c_void, size: usize, what: &'static str) -> Result<&'a [u8], Failure> {
    if bytes.is_null() {
        return Err(Failure::Null(what));
    }
    if isize::try_from(size).is_err() {
        return Err(Failure::invalid(format!("the {what} have a size of {size}, more than memory can hold")));
    }
    // SAFETY: not NULL, below isize::MAX, and the rest is promised by the caller.
    Ok(unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), size) })
}

/// Makes a picture from the host's own pixels, which are copied.
///
/// `pixels` has `size` readable bytes with `height` rows that are `stride` bytes apart; width and height are 1 to 16384.
/// `stride` is at least one row of pixels, and the last row needs no padding. The floats of
/// DIFFUSION_PIXEL_FORMAT_RGBA_F32 need no alignment, and are clamped to 0 and 1. Alpha of a picture to start from
/// says what is drawn: see diffusion_request_set_mask_image(). Nothing may write to the bytes during the call.
/// On success `*image` is the caller's, to be given back with diffusion_image_destroy().
///
/// Errors: INVALID_ARGUMENT when something does not fit, NUMERIC for a float that is NaN, OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_create(
    pixels: *const c_void,
    size: usize,
    width: i64,
    height: i64,
    stride: i64,
    format: i32,
    image: *mut *mut diffusion_image,
) -> diffusion_status {
    guard(|| {
        check_out(image, "image out-parameter")?;
        // SAFETY: by contract.
        let pixels = unsafe { bytes_of(pixels, size, "pixels") }?;
        let format = format_from(format)?;
        let (width, height) = (whole(width, 1..=MAX_SIDE, "width")?, whole(height, 1..=MAX_SIDE, "height")?);
        let stride = usize::try_from(stride)
            .map_err(|_| Failure::invalid(format!("stride is {stride}; allowed are bytes of one row or more")))?;
        let made = Image::from_pixels(pixels, width, height, stride, format)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(image, create(ImageData::made(made))) };
        Ok(())
    })
}

/// Reads a PNG, JPEG or WebP file, whose path `file` is UTF-8: upright by its EXIF orientation, as RGB8, or as RGBA8
/// where it has alpha; 16 bits become 8, grey and CMYK become colours, of an animation the first picture is read.
/// On success `*image` is the caller's, to be given back with diffusion_image_destroy().
///
/// Errors: IO when the file is missing or cannot be read; INVALID_ARGUMENT when it is none of these, is damaged, has
/// more than 16384 pixels a side, 512 MiB decoded or 256 MiB as a file; INVALID_UTF8, OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_open(
    file: *const c_char,
    file_length: usize,
    image: *mut *mut diffusion_image,
) -> diffusion_status {
    guard(|| {
        check_out(image, "image out-parameter")?;
        // SAFETY: by contract.
        let made = Image::open(&unsafe { path(file, file_length, "path of the picture") }?)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(image, create(ImageData::made(made))) };
        Ok(())
    })
}

/// As diffusion_image_open(), for a path that ends with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_open_cstr(
    file: *const c_char,
    image: *mut *mut diffusion_image,
) -> diffusion_status {
    guard(|| {
        check_out(image, "image out-parameter")?;
        // SAFETY: by contract; the length was just counted.
        let file = unsafe { path(file, length_of(file, "path of the picture")?, "path of the picture") }?;
        let made = Image::open(&file)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(image, create(ImageData::made(made))) };
        Ok(())
    })
}

/// As diffusion_image_open(), for a file's `size` bytes in memory, which nothing may write to during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_decode(
    bytes: *const c_void,
    size: usize,
    image: *mut *mut diffusion_image,
) -> diffusion_status {
    guard(|| {
        check_out(image, "image out-parameter")?;
        // SAFETY: by contract.
        let bytes = unsafe { bytes_of(bytes, size, "bytes of the picture's file") }?;
        let made = Image::decode(bytes).map_err(|e| unreadable("the picture", e))?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(image, create(ImageData::made(made))) };
        Ok(())
    })
}

/// For drawing beyond a picture's borders: puts it on a larger canvas with `left`, `right`, `top` and `bottom` more pixels,
/// which reflect the picture, and makes the mask that covers them. Give both to a request, with
/// diffusion_request_set_init_image() and diffusion_request_set_mask_image().
///
/// On success `*picture` and `*mask` are the caller's, to be given back with diffusion_image_destroy().
///
/// Errors: INVALID_ARGUMENT when nothing is added or a side gets beyond 16384 pixels; OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_extend(
    image: *const diffusion_image,
    left: i64,
    right: i64,
    top: i64,
    bottom: i64,
    picture: *mut *mut diffusion_image,
    mask: *mut *mut diffusion_image,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let image = &unsafe { shared(image) }?.image;
        check_out(picture, "picture out-parameter")?;
        check_out(mask, "mask out-parameter")?;
        let more = |pixels, what| whole(pixels, 0..=MAX_SIDE, what);
        let (left, right) = (more(left, "left")?, more(right, "right")?);
        let (top, bottom) = (more(top, "top")?, more(bottom, "bottom")?);
        if [left, right, top, bottom] == [0; 4] {
            return Err(Failure::invalid("nothing is added to the picture; at least one side must get a pixel more"));
        }
        let extended = image.extended(left, right, top, bottom)?;
        let covered = Mask::of_extension(image.width(), image.height(), left, right, top, bottom)?.to_image()?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(picture, create(ImageData::made(extended))) };
        // SAFETY: by contract, and checked above.
        unsafe { write_out(mask, create(ImageData::made(covered))) };
        Ok(())
    })
}

/// Gives back a picture that the host made; NULL does nothing. Not for pictures that are borrowed from a result. Requests
/// that were given it keep what they need.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_destroy(image: *mut diffusion_image) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(image) };
        Ok(())
    });
}

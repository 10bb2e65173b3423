//! Pictures: borrowed pixels, copies into the host's buffer, files.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::buffer::diffusion_buffer;
use super::guard::{guard, value};
use super::handle::{bind, check_out, create, shared, write_out};
use super::request::whole;
use super::status::{Failure, diffusion_status};
use super::text::{c_string, length_of, name, path};
use crate::image::{Image, ImageFile, MAX_SIDE, Metadata, PixelFormat};

/// How a pixel is laid out in memory. Rows follow each other from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum diffusion_pixel_format {
    /// 3 bytes a pixel: red, green, blue, sRGB.
    Rgb8 = 0,
    /// 4 bytes a pixel: red, green, blue, alpha; alpha is 255.
    Rgba8 = 1,
    /// 4 bytes a pixel: blue, green, red, alpha; alpha is 255.
    Bgra8 = 2,
    /// 4 floats a pixel, 16 bytes: red, green, blue from 0 to 1, sRGB, not rounded to bytes; alpha is 1.
    RgbaF32 = 3,
}

const FORMATS: [(diffusion_pixel_format, PixelFormat); 4] = [
    (diffusion_pixel_format::Rgb8, PixelFormat::Rgb8),
    (diffusion_pixel_format::Rgba8, PixelFormat::Rgba8),
    (diffusion_pixel_format::Bgra8, PixelFormat::Bgra8),
    (diffusion_pixel_format::RgbaF32, PixelFormat::RgbaF32),
];

/// The format that a number from C stands for.
pub(super) fn format_from(number: i32) -> Result<PixelFormat, Failure> {
    FORMATS.iter().find(|(known, _)| *known as i32 == number).map(|(_, format)| *format).ok_or_else(|| {
        Failure::invalid(format!(
            "pixel format is {number}; allowed are 0 (RGB8), 1 (RGBA8), 2 (BGRA8) and 3 (RGBA-f32)"
        ))
    })
}

/// A picture. Read-only, so threads may share it. A `const diffusion_image *` is borrowed from the diffusion_result
/// or diffusion_progress that it came from; what diffusion_image_create() and its sisters make, and what
/// diffusion_job_preview() gives, is the caller's.
pub struct diffusion_image {
    _private: [u8; 0],
}

bind!(diffusion_image, ImageData, "image");

/// What stands behind an image handle.
pub(super) struct ImageData {
    pub(super) image: Arc<Image>,
    metadata: Metadata,
    settings_json: CString,
}

impl ImageData {
    /// `parameters` and `settings` are what a PNG carries.
    pub(super) fn new(image: Image, parameters: String, settings: Value) -> Self {
        let settings = settings.to_string();
        let settings_json = c_string(settings.clone());
        let metadata = Metadata { parameters: Some(parameters), settings: Some(settings) };
        Self { image: Arc::new(image), metadata, settings_json }
    }

    /// A picture that the host brought, or one that is not finished: nothing is known of it.
    pub(super) fn made(image: Image) -> Self {
        Self { image: Arc::new(image), metadata: Metadata::default(), settings_json: CString::default() }
    }

    /// A picture that something else holds too.
    pub(super) fn lent(image: Arc<Image>) -> Self {
        Self { image, metadata: Metadata::default(), settings_json: CString::default() }
    }

    fn save(&self, file: &Path) -> Result<(), Failure> {
        Ok(self.image.save(file, &self.metadata)?)
    }
}

/// What a picture is, or `fallback` for NULL.
///
/// # Safety
/// `image` is NULL or a live handle.
unsafe fn property<T>(image: *const diffusion_image, fallback: T, pick: impl FnOnce(&Image) -> T) -> T {
    // SAFETY: by contract.
    value(fallback, || Ok(pick(&unsafe { shared(image) }?.image)))
}

/// Width in pixels. 0 for NULL, as in the functions below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_width(image: *const diffusion_image) -> u32 {
    // SAFETY: by contract.
    unsafe { property(image, 0, Image::width) }
}

/// Height in pixels.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_height(image: *const diffusion_image) -> u32 {
    // SAFETY: by contract.
    unsafe { property(image, 0, Image::height) }
}

/// Bytes from one row to the next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_stride(image: *const diffusion_image) -> usize {
    // SAFETY: by contract.
    unsafe { property(image, 0, Image::stride) }
}

/// Bytes of the whole picture: stride times height.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_byte_length(image: *const diffusion_image) -> usize {
    // SAFETY: by contract.
    unsafe { property(image, 0, |image| image.pixels().len()) }
}

/// The layout of the pixels, a diffusion_pixel_format. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_format(image: *const diffusion_image) -> i32 {
    let number = |format| FORMATS.iter().find(|(_, known)| *known == format).map_or(-1, |(number, _)| *number as i32);
    // SAFETY: by contract.
    unsafe { property(image, -1, |image| number(image.format())) }
}

/// The first byte of the first row. Borrowed: it lives as long as the image. NULL for NULL.
///
/// The bytes of DIFFUSION_PIXEL_FORMAT_RGBA_F32 are floats in the machine's byte order, aligned for floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_pixels(image: *const diffusion_image) -> *const u8 {
    // SAFETY: by contract.
    unsafe { property(image, std::ptr::null(), |image| image.pixels().as_ptr()) }
}

/// The settings that made this picture, as one JSON object: those of diffusion_result_settings_json() with the
/// picture's index. Borrowed; never NULL; empty for NULL, for previews, and for pictures that the host made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_settings_json(image: *const diffusion_image) -> *const c_char {
    // SAFETY: by contract.
    value(c"".as_ptr(), || Ok(unsafe { shared(image) }?.settings_json.as_ptr()))
}

/// Copies the picture into the host's own memory, converting the format.
///
/// `buffer` has `size` bytes, which need not be initialised, for rows that are `stride` bytes apart; what lies between
/// rows is neither read nor written. `width`
/// and `height` must be the picture's. `stride` is at least one row of pixels, and the buffer holds every row; the
/// last row needs no padding. For DIFFUSION_PIXEL_FORMAT_RGBA_F32 any alignment is fine.
///
/// Errors: INVALID_ARGUMENT when something does not fit; the buffer is then untouched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_copy(
    image: *const diffusion_image,
    buffer: *mut c_void,
    size: usize,
    width: i64,
    height: i64,
    stride: i64,
    format: i32,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let image = &unsafe { shared(image) }?.image;
        check_out(buffer, "buffer")?;
        let format = format_from(format)?;
        let (width, height) = (whole(width, 1..=MAX_SIDE, "width")?, whole(height, 1..=MAX_SIDE, "height")?);
        let stride = usize::try_from(stride)
            .map_err(|_| Failure::invalid(format!("stride is {stride}; allowed are bytes of one row or more")))?;
        let size = isize::try_from(size)
            .map_err(|_| Failure::invalid(format!("the buffer has {size} bytes, more than memory can hold")))?;
        // The host's memory may be uninitialised, and other threads may use what lies between the rows: no reference
        // to it is made, and nothing but the rows' own bytes is written.
        let mut row = vec![0; image.check_buffer(size.unsigned_abs(), width, height, stride, format)?];
        for y in 0..height {
            image.write_row(y, format, &mut row);
            // SAFETY: not NULL, the caller promises `size` writable bytes, and the check above that row `y` lies in them.
            unsafe {
                let target = buffer.cast::<u8>().add(y as usize * stride);
                std::ptr::copy_nonoverlapping(row.as_ptr(), target, row.len());
            }
        }
        Ok(())
    })
}

/// Saves the picture as a PNG or JPEG, by the ending of the path `file`, which is UTF-8: .png, .jpg or .jpeg.
///
/// A PNG carries the settings: the text `parameters` that image tools read, and a JSON text, `libdiffusion`. The file
/// appears under its name only when it is whole; a file that is there is replaced.
///
/// Errors: INVALID_ARGUMENT for another ending or a path that no file can have, INVALID_UTF8, IO when the file cannot
/// be written, OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_save(
    image: *const diffusion_image,
    file: *const c_char,
    file_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(image) }?;
        // SAFETY: by contract.
        data.save(&unsafe { path(file, file_length, "path of the picture") }?)
    })
}

/// As diffusion_image_save(), for a path that ends with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_save_cstr(
    image: *const diffusion_image,
    file: *const c_char,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(image) }?;
        // SAFETY: by contract; the length was just counted.
        data.save(&unsafe { path(file, length_of(file, "path of the picture")?, "path of the picture") }?)
    })
}

/// Encodes the picture into memory; `format` is "png", "jpg" or "jpeg". A PNG carries the settings.
/// On success `*buffer` is the caller's, to be given back with diffusion_buffer_destroy().
///
/// Errors: INVALID_ARGUMENT for another format, INVALID_UTF8, OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_image_encode(
    image: *const diffusion_image,
    format: *const c_char,
    format_length: usize,
    buffer: *mut *mut diffusion_buffer,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(image) }?;
        check_out(buffer, "buffer out-parameter")?;
        // SAFETY: by contract.
        let file = ImageFile::parse(unsafe { name(format, format_length, "file format") }?)?;
        let bytes = data.image.encode(file, &data.metadata)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(buffer, create(bytes)) };
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::handle::destroy;

    #[test]
    fn pictures_larger_than_any_that_is_drawn_are_copied() {
        let made = Image::from_pixels(&[7; 9000 * 3], 9000, 1, 9000 * 3, PixelFormat::Rgb8).unwrap();
        let image = create(ImageData::made(made));
        let mut buffer = vec![0_u8; 9000 * 3];
        // SAFETY: a live handle, and a buffer with as many bytes as is said.
        let status =
            unsafe { diffusion_image_copy(image, buffer.as_mut_ptr().cast(), buffer.len(), 9000, 1, 9000 * 3, 0) };
        // SAFETY: nothing uses the handle any more.
        unsafe { destroy(image) };
        assert_eq!(status, diffusion_status::Ok);
        assert!(buffer.iter().all(|byte| *byte == 7));
    }
}

//! Reading PNG, JPEG and WebP.

use std::fs;
use std::io::{self, Cursor, Read};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{Image, PixelFormat};
use crate::{Error, Result};

/// The most pixels that a picture read from a file may have along a side.
pub const MAX_SIDE: u32 = 16_384;
/// The most bytes that decoding may take: 16384 x 8192 RGBA.
const MAX_DECODED: u64 = 512 << 20;
/// The most bytes of a file that are read.
const MAX_FILE: u64 = 256 << 20;

impl Image {
    /// Reads a PNG, JPEG or WebP file, upright by its EXIF orientation, as RGB8, or as RGBA8 where it has alpha.
    ///
    /// Sixteen bits a sample become eight by rounding; grey, palettes and CMYK (Adobe's inverted one, or YCCK) become
    /// colours without a colour profile; of an animation the first picture is read.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read or is no file; [`Error::InvalidArgument`] where it is none of these, is
    /// damaged, or is larger than [`MAX_SIDE`] a side, 512 MiB decoded or 256 MiB as a file; [`Error::OutOfMemory`].
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |e: io::Error| match e.kind() {
            io::ErrorKind::OutOfMemory => Error::OutOfMemory(format!("for the picture \"{}\"", path.display())),
            _ => Error::io("cannot read the picture", path, e),
        };
        // Opening a named pipe would wait for its other end.
        let metadata = fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::other("it is not a file")));
        }
        let mut bytes = Vec::new();
        fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(Error::invalid(format!(
                "the picture \"{}\" is larger than the {} MiB that are allowed",
                path.display(),
                MAX_FILE >> 20
            )));
        }
        Self::decode(&bytes).map_err(|e| unreadable(&format!("the picture \"{}\"", path.display()), e))
    }

    /// Decodes a PNG, JPEG or WebP file's bytes, with the limits and the result of [`Image::open`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the bytes are none of these, damaged or too large.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let failed = |e: image::ImageError| {
            // The decoders' reasons come with line ends.
            let reason = e.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            Error::invalid(format!("it is damaged or too large ({reason})"))
        };
        let kind = image::guess_format(bytes).ok();
        let allowed = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP];
        let Some(kind) = kind.filter(|kind| allowed.contains(kind)) else {
            return Err(Error::invalid("it is not a PNG, JPEG or WebP file"));
        };
        let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_DECODED);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(failed)?;
        let (width, height) = decoder.dimensions();
        // Not every decoder of the crate looks at the limits by itself.
        if width.max(height) > MAX_SIDE || decoder.total_bytes() > MAX_DECODED {
            return Err(Error::invalid(format!(
                "its {width} x {height} pixels are too many; allowed are {MAX_SIDE} a side and {} MiB decoded",
                MAX_DECODED >> 20
            )));
        }
        let orientation = decoder.orientation().map_err(failed)?;
        let mut decoded = DynamicImage::from_decoder(decoder).map_err(failed)?;
        decoded.apply_orientation(orientation);
        let (width, height) = (decoded.width(), decoded.height());
        let (pixels, format) = if decoded.color().has_alpha() {
            (decoded.into_rgba8().into_raw(), PixelFormat::Rgba8)
        } else {
            (decoded.into_rgb8().into_raw(), PixelFormat::Rgb8)
        };
        Self::from_pixels(&pixels, width, height, width as usize * format.bytes_per_pixel(), format)
    }
}

/// Why `what` cannot be read, when decoding ended with `error`; what is not the picture's fault stays as it is.
pub(crate) fn unreadable(what: &str, error: Error) -> Error {
    match error {
        Error::InvalidArgument(reason) => Error::invalid(format!("{what} cannot be read: {reason}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_memory_is_not_the_pictures_fault() {
        let kept = unreadable("it", Error::OutOfMemory("for pixels".to_owned()));
        assert!(matches!(kept, Error::OutOfMemory(_)), "{kept}");
        assert_eq!(unreadable("it", Error::invalid("bad")).to_string(), "it cannot be read: bad");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_file_is_not_waited_for() {
        let error = Image::open(Path::new("/dev/null")).unwrap_err();
        assert!(matches!(&error, Error::Io { .. }) && error.to_string().contains("not a file"), "{error}");
    }
}

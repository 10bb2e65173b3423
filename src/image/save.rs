//! Writing PNG and JPEG.

use std::io::Write;
use std::path::Path;

use super::{Image, PixelFormat};
use crate::{Error, Result};

/// JPEG's quality, 1 to 100. At 95 the loss is below what one sees.
const JPEG_QUALITY: u8 = 95;

/// The kinds of picture files that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageFile {
    /// Lossless, with the settings inside.
    Png,
    /// Lossy, without settings and without alpha.
    Jpeg,
}

/// What a PNG says about how it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The text that image tools read: chunk `parameters`, in the form of AUTOMATIC1111's webui.
    pub parameters: Option<String>,
    /// The settings as a JSON text: chunk `libdiffusion`.
    pub settings: Option<String>,
}

impl ImageFile {
    /// The kind that a path's extension names, in any case: `png`, `jpg` or `jpeg`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another extension or none.
    pub fn from_path(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("jpg" | "jpeg") => Ok(Self::Jpeg),
            _ => {
                Err(Error::invalid(format!("the picture \"{}\" must end in one of: .png, .jpg, .jpeg", path.display())))
            }
        }
    }

    /// The kind of this name: `png`, `jpg` or `jpeg`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "png" => Ok(Self::Png),
            "jpg" | "jpeg" => Ok(Self::Jpeg),
            _ => Err(Error::invalid(format!("unknown picture file format \"{name}\"; allowed are: png, jpg, jpeg"))),
        }
    }
}

impl Image {
    /// The picture as a file's bytes. A JPEG leaves out metadata and alpha.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the picture is too large for the kind of file (JPEG: 65535 pixels a side).
    pub fn encode(&self, kind: ImageFile, metadata: &Metadata) -> Result<Vec<u8>> {
        match kind {
            ImageFile::Png => self.encode_png(metadata),
            ImageFile::Jpeg => self.encode_jpeg(),
        }
    }

    /// Saves the picture as the kind of file that the path's extension names. The file appears under its name only
    /// when it is whole; one that is there is replaced.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an unknown extension, [`Error::Io`] where the file cannot be written. No part
    /// of a file is left behind.
    pub fn save(&self, path: &Path, metadata: &Metadata) -> Result<()> {
        let bytes = self.encode(ImageFile::from_path(path)?, metadata)?;
        write_whole(path, &bytes)
    }

    fn encode_png(&self, metadata: &Metadata) -> Result<Vec<u8>> {
        let failed = |e: png::EncodingError| Error::invalid(format!("the picture cannot be written as PNG: {e}"));
        let alpha = self.format() != PixelFormat::Rgb8;
        let picture = self.convert(if alpha { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 })?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width(), self.height());
        encoder.set_color(if alpha { png::ColorType::Rgba } else { png::ColorType::Rgb });
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        for (key, text) in [("parameters", &metadata.parameters), ("libdiffusion", &metadata.settings)] {
            let Some(text) = text else { continue };
            let key = key.to_owned();
            // A NUL would end the text for most readers.
            let text = text.replace('\0', "\u{fffd}");
            // tEXt holds Latin-1 only, but every tool reads it.
            if text.chars().all(|c| u32::from(c) < 256) {
                encoder.add_text_chunk(key, text).map_err(failed)?;
            } else {
                encoder.add_itxt_chunk(key, text).map_err(failed)?;
            }
        }
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(picture.pixels()).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(bytes)
    }

    fn encode_jpeg(&self) -> Result<Vec<u8>> {
        let picture = self.convert(PixelFormat::Rgb8)?;
        let mut bytes = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
            .encode(picture.pixels(), self.width(), self.height(), image::ExtendedColorType::Rgb8)
            .map_err(|e| Error::invalid(format!("the picture cannot be written as JPEG: {e}")))?;
        Ok(bytes)
    }
}

/// Writes a file under another name in the same folder, then gives it its name: it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".diffusion-").suffix(".part");
    // Temporary files are private by default; a picture is an ordinary file, subject to the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let written = builder.tempfile_in(folder).and_then(|mut part| {
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(path).map_err(|failed| failed.error)
    });
    written.map(drop).map_err(|e| Error::io("cannot write the picture", path, e))
}

//! Pictures in another size, and parts of them.

use super::raster::Raster;
use super::{Image, Pixels};
use crate::Result;

/// What happens to a picture's proportions when it gets another size (diffusers `VaeImageProcessor.resize`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResizeMode {
    /// Both sides are stretched to the new ones (diffusers' `default`).
    #[default]
    Stretch,
    /// The whole picture, centred; what is left is filled with its first and last rows or columns.
    Fill,
    /// The middle of the picture, as much as the new proportions show.
    Crop,
}

impl Image {
    /// The picture as `width` x `height` pixels, resampled with PIL's Lanczos filter.
    ///
    /// Bytes are equal to PIL's `resize(…, LANCZOS)`; floats take the same steps without rounding. Every channel is
    /// resampled on its own: colours under transparent pixels count as they do in diffusers, which drops alpha first.
    /// [`ResizeMode::Fill`] differs from diffusers where that leaves a black row or column (an odd side around a
    /// picture with an even one): it is filled too.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] for a side of 0 or beyond [`super::MAX_SIDE`];
    /// [`crate::Error::OutOfMemory`].
    pub fn resized(&self, width: u32, height: u32, mode: ResizeMode) -> Result<Self> {
        match &self.pixels {
            Pixels::Bytes(bytes) => self.bytes_of(self.raster(bytes).resized(width, height, mode)?),
            Pixels::Floats(floats) => self.floats_of(self.raster(floats).resized(width, height, mode)?),
        }
    }

    /// `width` x `height` pixels of the picture from column `x` and row `y` on.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] where there are none or they are not all inside;
    /// [`crate::Error::OutOfMemory`].
    pub fn cropped(&self, x: u32, y: u32, width: u32, height: u32) -> Result<Self> {
        match &self.pixels {
            Pixels::Bytes(bytes) => self.bytes_of(self.raster(bytes).cropped(x, y, width, height)?),
            Pixels::Floats(floats) => self.floats_of(self.raster(floats).cropped(x, y, width, height)?),
        }
    }

    /// The picture on a larger canvas, for outpainting: `left`, `right`, `top` and `bottom` more pixels. They reflect
    /// the picture at its border (numpy.pad's `reflect`): unlike a repeated border this leaves no streaks that a
    /// model would go on drawing, and unlike a plain colour no edge. [`super::Mask::of_extension`] covers them.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] where a side gets beyond [`super::MAX_SIDE`]; [`crate::Error::OutOfMemory`].
    pub fn extended(&self, left: u32, right: u32, top: u32, bottom: u32) -> Result<Self> {
        match &self.pixels {
            Pixels::Bytes(bytes) => self.bytes_of(self.raster(bytes).extended(left, right, top, bottom)?),
            Pixels::Floats(floats) => self.floats_of(self.raster(floats).extended(left, right, top, bottom)?),
        }
    }

    /// Samples of one pixel.
    fn channels(&self) -> usize {
        if self.format == super::PixelFormat::Rgb8 { 3 } else { 4 }
    }

    fn raster<'a, S>(&self, samples: &'a [S]) -> Raster<&'a [S]> {
        Raster { width: self.width, height: self.height, channels: self.channels(), samples }
    }

    fn bytes_of(&self, raster: Raster<Vec<u8>>) -> Result<Self> {
        let Raster { width, height, samples, .. } = raster;
        Ok(Self { width, height, format: self.format, pixels: Pixels::Bytes(samples) })
    }

    fn floats_of(&self, raster: Raster<Vec<f32>>) -> Result<Self> {
        let Raster { width, height, samples, .. } = raster;
        Ok(Self { width, height, format: self.format, pixels: Pixels::Floats(samples) })
    }
}

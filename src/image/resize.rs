//! Pictures in another size, and parts of them.

use super::blur::gaussian;
use super::raster::Raster;
use super::resample::Kernel;
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

    /// The picture with its shorter side `side` pixels long and its proportions kept, the longer side cut to a whole
    /// number, resampled with PIL's bicubic filter: what transformers' `CLIPImageProcessor` does first.
    ///
    /// # Errors
    /// As [`Image::resized`].
    pub fn with_shorter_side(&self, side: u32) -> Result<Self> {
        let longer = |long: u32, short: u32| {
            u32::try_from(u64::from(side) * u64::from(long) / u64::from(short)).unwrap_or(u32::MAX)
        };
        let (width, height) = match self.width <= self.height {
            true => (side, longer(self.height, self.width)),
            false => (longer(self.width, self.height), side),
        };
        if side == 0 || width.max(height) > super::MAX_SIDE {
            return Err(crate::Error::invalid(format!(
                "a picture of {} x {} pixels cannot get a shorter side of {side}: {width} x {height} is not within 1 to \
                 {} a side",
                self.width,
                self.height,
                super::MAX_SIDE
            )));
        }
        self.stretched_bicubic(width, height)
    }

    /// The picture stretched to another size with PIL's bicubic filter, as Kandinsky's pipelines resize.
    ///
    /// # Errors
    /// As [`Image::resized`].
    pub(crate) fn resized_bicubic(&self, width: u32, height: u32) -> Result<Self> {
        if width.min(height) == 0 || width.max(height) > super::MAX_SIDE {
            return Err(crate::Error::invalid(format!(
                "a picture cannot be made {width} x {height} pixels; allowed are 1 to {} a side",
                super::MAX_SIDE
            )));
        }
        self.stretched_bicubic(width, height)
    }

    fn stretched_bicubic(&self, width: u32, height: u32) -> Result<Self> {
        match &self.pixels {
            Pixels::Bytes(bytes) => self.bytes_of(self.raster(bytes).stretched(width, height, Kernel::Bicubic)?),
            Pixels::Floats(floats) => self.floats_of(self.raster(floats).stretched(width, height, Kernel::Bicubic)?),
        }
    }

    /// The picture stretched to `width` x `height` pixels with PIL's bilinear filter, or else its bicubic one: what
    /// transformers' `DPTImageProcessor` does first.
    ///
    /// # Errors
    /// As [`Image::resized`].
    pub(crate) fn stretched(&self, width: u32, height: u32, bilinear: bool) -> Result<Self> {
        if width.min(height) == 0 || width.max(height) > super::MAX_SIDE {
            return Err(crate::Error::invalid(format!(
                "a picture cannot become {width} x {height} pixels; allowed are 1 to {} a side",
                super::MAX_SIDE
            )));
        }
        let kernel = if bilinear { Kernel::Bilinear } else { Kernel::Bicubic };
        match &self.pixels {
            Pixels::Bytes(bytes) => self.bytes_of(self.raster(bytes).stretched(width, height, kernel)?),
            Pixels::Floats(floats) => self.floats_of(self.raster(floats).stretched(width, height, kernel)?),
        }
    }

    /// The picture behind a Gaussian blur of that standard deviation in pixels, PIL's `GaussianBlur` of each channel;
    /// computed in bytes whatever the format.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] for a deviation below 0 or not finite; [`crate::Error::OutOfMemory`].
    pub fn blurred(&self, deviation: f32) -> Result<Self> {
        if !(deviation.is_finite() && deviation >= 0.0) {
            return Err(crate::Error::invalid(format!("the blur is {deviation}; allowed are 0 pixels and more")));
        }
        let Pixels::Bytes(bytes) = &self.pixels else {
            let bytes = self.convert(super::PixelFormat::Rgba8)?.blurred(deviation)?;
            return Ok(bytes.convert(self.format)?.into_owned());
        };
        let channels = self.channels();
        let mut blurred = bytes.clone();
        for channel in 0..channels {
            let mut plane: Vec<u8> = bytes.iter().skip(channel).step_by(channels).copied().collect();
            gaussian(&mut plane, self.width as usize, deviation);
            blurred.iter_mut().skip(channel).step_by(channels).zip(plane).for_each(|(to, from)| *to = from);
        }
        Ok(Self { pixels: Pixels::Bytes(blurred), ..self.clone() })
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

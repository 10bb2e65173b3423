//! Pictures in another size.

use super::resample::{Kernel, Sample, along, windows};
use super::{Image, MAX_SIDE, PixelFormat, Pixels};
use crate::{Error, Result};

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

/// Brings floats back to 0…1 after a filter that overshoots.
fn clamp(samples: &mut [f32]) {
    samples.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
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
    /// [`Error::InvalidArgument`] for a side of 0 or beyond [`MAX_SIDE`]; [`Error::OutOfMemory`].
    pub fn resized(&self, width: u32, height: u32, mode: ResizeMode) -> Result<Self> {
        if width.min(height) == 0 || width.max(height) > MAX_SIDE {
            return Err(Error::invalid(format!(
                "a picture cannot be resized to {width} x {height} pixels; allowed are 1 to {MAX_SIDE} a side"
            )));
        }
        let scaled = |side: u32, to: u32, from: u32| {
            u32::try_from(u64::from(side) * u64::from(to) / u64::from(from)).unwrap_or(u32::MAX)
        };
        // Whether the new proportions are wider than the picture's, narrower or the same.
        let wider = (u64::from(width) * u64::from(self.height)).cmp(&(u64::from(self.width) * u64::from(height)));
        let by_width = match mode {
            ResizeMode::Stretch => return self.stretched(width, height),
            ResizeMode::Fill => wider.is_lt(),
            ResizeMode::Crop => wider.is_gt(),
        };
        let (inner_width, inner_height) = match by_width {
            _ if wider.is_eq() => (width, height),
            true => (width, scaled(self.height, width, self.width)),
            false => (scaled(self.width, height, self.height), height),
        };
        if mode == ResizeMode::Fill {
            return self.stretched(inner_width.max(1), inner_height.max(1))?.centered(width, height);
        }
        if inner_width.max(inner_height) > MAX_SIDE {
            return Err(Error::invalid(format!(
                "a picture of {} x {} pixels cannot be cropped to the proportions of {width} x {height}: it would be \
                 {inner_width} x {inner_height} before, and {MAX_SIDE} a side are allowed",
                self.width, self.height
            )));
        }
        let inner = self.stretched(inner_width, inner_height)?;
        inner.cropped(inner_width / 2 - width / 2, inner_height / 2 - height / 2, width, height)
    }

    fn stretched(&self, width: u32, height: u32) -> Result<Self> {
        if (width, height) == (self.width, self.height) {
            return Ok(self.clone());
        }
        let pixels = match &self.pixels {
            Pixels::Bytes(bytes) => Pixels::Bytes(self.stretch(bytes, width, height, |_| ())?),
            Pixels::Floats(floats) => Pixels::Floats(self.stretch(floats, width, height, clamp)?),
        };
        Ok(Self { width, height, format: self.format, pixels })
    }

    /// Rows first, then columns, as PIL does it: samples are brought back to their range by `limit` in between too.
    fn stretch<S: Sample>(&self, samples: &[S], width: u32, height: u32, limit: fn(&mut [S])) -> Result<Vec<S>> {
        let lanczos = |from: u32, to: u32| windows(Kernel::Lanczos, from as usize, to as usize, 0.0, f64::from(from));
        let channels = self.channels();
        let mut wide = along(samples, self.width as usize, channels, &lanczos(self.width, width))?;
        limit(&mut wide);
        let mut both = along(&wide, self.height as usize, width as usize * channels, &lanczos(self.height, height))?;
        limit(&mut both);
        Ok(both)
    }

    /// Samples of one pixel.
    pub(super) fn channels(&self) -> usize {
        if self.format == PixelFormat::Rgb8 { 3 } else { 4 }
    }

    /// `width` x `height` pixels of the picture from column `x` and row `y` on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where they are not all inside; [`Error::OutOfMemory`].
    pub fn cropped(&self, x: u32, y: u32, width: u32, height: u32) -> Result<Self> {
        let inside = |from: u32, count: u32, side: u32| from.checked_add(count).is_some_and(|end| end <= side);
        if !inside(x, width, self.width) || !inside(y, height, self.height) {
            return Err(Error::invalid(format!(
                "the region of {width} x {height} pixels at ({x}, {y}) is not inside the picture of {} x {}",
                self.width, self.height
            )));
        }
        let mut image = Self::blank(width, height, self.format)?;
        image.paste_from(self, (x, y), (0, 0));
        Ok(image)
    }

    /// Copies what fits of `source`, from its pixel `from` on, to the pixel `to` on. The formats are the same.
    fn paste_from(&mut self, source: &Self, from: (u32, u32), to: (u32, u32)) {
        let columns = source.width.saturating_sub(from.0).min(self.width.saturating_sub(to.0)) as usize;
        let rows = source.height.saturating_sub(from.1).min(self.height.saturating_sub(to.1)) as usize;
        let (channels, widths) = (self.channels(), (source.width as usize, self.width as usize));
        let offset =
            |row: usize, (x, y): (u32, u32), width: usize| ((row + y as usize) * width + x as usize) * channels;
        for row in 0..rows {
            let (read, write) = (offset(row, from, widths.0), offset(row, to, widths.1));
            let count = columns * channels;
            match (&mut self.pixels, &source.pixels) {
                (Pixels::Bytes(to), Pixels::Bytes(from)) => {
                    to[write..][..count].copy_from_slice(&from[read..][..count]);
                }
                (Pixels::Floats(to), Pixels::Floats(from)) => {
                    to[write..][..count].copy_from_slice(&from[read..][..count]);
                }
                _ => {}
            }
        }
    }

    /// The picture in the middle of a larger one; the bars beside it are its first and last column or row, sharpened
    /// as diffusers does it: PIL's bicubic filter over a box without extent at the border.
    fn centered(&self, width: u32, height: u32) -> Result<Self> {
        let (left, top) = (width / 2 - self.width / 2, height / 2 - self.height / 2);
        let mut image = Self::blank(width, height, self.format)?;
        let edge = |end: bool, horizontal: bool| {
            let side = if horizontal { self.width } else { self.height };
            let at = if end { f64::from(side) } else { 0.0 };
            let window = windows(Kernel::Bicubic, side as usize, 1, at, 0.0);
            let (inner, width, height) = match horizontal {
                true => (self.channels(), 1, self.height),
                false => (self.width as usize * self.channels(), self.width, 1),
            };
            let pixels = match &self.pixels {
                Pixels::Bytes(bytes) => Pixels::Bytes(along(bytes, side as usize, inner, &window)?),
                Pixels::Floats(floats) => {
                    let mut floats = along(floats, side as usize, inner, &window)?;
                    clamp(&mut floats);
                    Pixels::Floats(floats)
                }
            };
            Ok::<_, Error>(Self { width, height, format: self.format, pixels })
        };
        if width > self.width {
            let (first, last) = (edge(false, true)?, edge(true, true)?);
            (0..left).for_each(|x| image.paste_from(&first, (0, 0), (x, top)));
            (left + self.width..width).for_each(|x| image.paste_from(&last, (0, 0), (x, top)));
        }
        if height > self.height {
            let (first, last) = (edge(false, false)?, edge(true, false)?);
            (0..top).for_each(|y| image.paste_from(&first, (0, 0), (left, y)));
            (top + self.height..height).for_each(|y| image.paste_from(&last, (0, 0), (left, y)));
        }
        image.paste_from(self, (0, 0), (left, top));
        Ok(image)
    }
}

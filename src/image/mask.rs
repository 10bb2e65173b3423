//! What of a picture is to be painted anew.

use ndarray::Array3;

use super::blur::gaussian;
use super::raster::Raster;
use super::{Image, PixelFormat, ResizeMode, zeros};
use crate::{Error, Result};

/// The largest standard deviation of [`Mask::blurred`], in pixels.
pub const MAX_BLUR: f32 = 256.0;

/// A byte for every pixel: 255 is to be painted, 0 to be kept, and what lies between blends in the end.
///
/// A mask belongs to a picture of its own size; one of another size is brought to it by [`Mask::resized`], as the
/// picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    width: u32,
    height: u32,
    values: Vec<u8>,
}

/// A part of a picture, in pixels from its left upper corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region {
    /// The first column.
    pub x: u32,
    /// The first row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Mask {
    /// A mask from a picture: white is painted, black kept. Colours count by their brightness (PIL's mode `L`, ITU-R
    /// 601), alpha does not.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn from_grey(image: &Image) -> Result<Self> {
        let rgb = image.convert(PixelFormat::Rgb8)?;
        // PIL's weights in 16-bit fixed point (`Convert.c`: L24).
        let grey = |p: &[u8]| match *p {
            [r, g, b] => ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8,
            _ => 0,
        };
        Self::filled(image.width(), image.height(), rgb.pixels().chunks_exact(3).map(grey))
    }

    /// A mask from a picture's alpha: what is transparent is painted, what is opaque kept.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the picture has no alpha; [`Error::OutOfMemory`].
    pub fn from_alpha(image: &Image) -> Result<Self> {
        if image.format() == PixelFormat::Rgb8 {
            return Err(Error::invalid("the picture has no alpha to take a mask from; give a mask of its own"));
        }
        let rgba = image.convert(PixelFormat::Rgba8)?;
        Self::filled(image.width(), image.height(), rgba.pixels().chunks_exact(4).map(|p| 255 - p[3]))
    }

    /// The mask of what [`Image::extended`] adds to a picture of `width` x `height` pixels by these numbers.
    ///
    /// # Errors
    /// As there; [`Error::InvalidArgument`] for a picture without pixels.
    pub fn of_extension(width: u32, height: u32, left: u32, right: u32, top: u32, bottom: u32) -> Result<Self> {
        let total = |side: u32, before: u32, after: u32| {
            side.checked_add(before).and_then(|s| s.checked_add(after)).filter(|s| side > 0 && *s <= super::MAX_SIDE)
        };
        let (Some(all_width), Some(all_height)) = (total(width, left, right), total(height, top, bottom)) else {
            return Err(Error::invalid(format!(
                "a picture of {width} x {height} pixels cannot get {left} more on the left, {right} on the right, \
                 {top} at the top and {bottom} at the bottom; allowed are 1 to {} a side",
                super::MAX_SIDE
            )));
        };
        let old = |x: u32, y: u32| (left..left + width).contains(&x) && (top..top + height).contains(&y);
        let values = (0..all_height).flat_map(|y| (0..all_width).map(move |x| if old(x, y) { 0 } else { 255 }));
        Self::filled(all_width, all_height, values)
    }

    fn filled(width: u32, height: u32, source: impl Iterator<Item = u8>) -> Result<Self> {
        let mut values = zeros((width as usize).saturating_mul(height as usize))?;
        values.iter_mut().zip(source).for_each(|(to, from)| *to = from);
        Ok(Self { width, height, values })
    }

    /// Pixels from left to right.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The values, row by row from the top.
    #[must_use]
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The mask as a grey picture, of which [`Mask::from_grey`] makes the same mask.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn to_image(&self) -> Result<Image> {
        let mut pixels = zeros(self.values.len().saturating_mul(3))?;
        for (pixel, value) in pixels.chunks_exact_mut(3).zip(&self.values) {
            pixel.fill(*value);
        }
        Image::from_pixels(&pixels, self.width, self.height, self.width as usize * 3, PixelFormat::Rgb8)
    }

    fn raster(&self) -> Raster<&[u8]> {
        Raster { width: self.width, height: self.height, channels: 1, samples: &self.values }
    }

    /// The mask in another size, by [`Image::resized`]'s rules.
    ///
    /// # Errors
    /// As there.
    pub fn resized(&self, width: u32, height: u32, mode: ResizeMode) -> Result<Self> {
        let Raster { width, height, samples, .. } = self.raster().resized(width, height, mode)?;
        Ok(Self { width, height, values: samples })
    }

    /// A part of the mask.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the region is not inside; [`Error::OutOfMemory`].
    pub fn cropped(&self, region: Region) -> Result<Self> {
        let part = self.raster().cropped(region.x, region.y, region.width, region.height)?;
        Ok(Self { width: region.width, height: region.height, values: part.samples })
    }

    /// The mask with softer edges: PIL's `GaussianBlur` with this standard deviation in pixels (diffusers
    /// `VaeImageProcessor.blur`). 0 is the mask as it is.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] outside 0…[`MAX_BLUR`].
    pub fn blurred(&self, deviation: f32) -> Result<Self> {
        if !(0.0..=MAX_BLUR).contains(&deviation) {
            return Err(Error::invalid(format!("the mask's blur is {deviation}; allowed are 0 to {MAX_BLUR} pixels")));
        }
        let mut mask = self.clone();
        gaussian(&mut mask.values, self.width as usize, deviation);
        Ok(mask)
    }

    /// The mask for an autoencoder or a UNet: `[1, height, width]`, 1 where it is at least 0.5 and 0 elsewhere
    /// (diffusers `VaeImageProcessor.binarize`).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn to_binary(&self) -> Result<Array3<f32>> {
        let mut values: Vec<f32> = zeros(self.values.len())?;
        values.iter_mut().zip(&self.values).for_each(|(to, &from)| *to = f32::from(u8::from(from >= 128)));
        Array3::from_shape_vec((1, self.height as usize, self.width as usize), values)
            .map_err(|e| Error::invalid(format!("a mask of {} x {} has no tensor: {e}", self.width, self.height)))
    }

    /// The region that "only the masked area" draws: everything that is not 0 with `padding` pixels around it, grown
    /// towards the proportions of `width` x `height`, inside the picture (diffusers `get_crop_region`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where nothing is masked, or `width` or `height` is 0.
    pub fn region(&self, width: u32, height: u32, padding: u32) -> Result<Region> {
        if width == 0 || height == 0 {
            return Err(Error::invalid(format!("a region cannot have the proportions of {width} x {height} pixels")));
        }
        let columns = self.width as usize;
        let used_row = |y: usize| self.values[y * columns..][..columns].iter().any(|&v| v > 0);
        let used_column = |x: usize| self.values.iter().skip(x).step_by(columns).any(|&v| v > 0);
        let span = |side: u32, used: &dyn Fn(usize) -> bool| {
            let (first, last) = ((0..side as usize).find(|&i| used(i))?, (0..side as usize).rfind(|&i| used(i))?);
            let (padding, side) = (i64::from(padding), i64::from(side));
            Some(((first as i64 - padding).max(0), (last as i64 + 1 + padding).min(side)))
        };
        let (Some(mut xs), Some(mut ys)) = (span(self.width, &used_column), span(self.height, &used_row)) else {
            return Err(Error::invalid("the mask is empty: nothing of the picture is to be painted"));
        };
        let wanted = f64::from(width) / f64::from(height);
        let sizes = ((xs.1 - xs.0) as f64, (ys.1 - ys.0) as f64);
        if sizes.0 / sizes.1 > wanted {
            grow(&mut ys, (sizes.0 / wanted - sizes.1) as i64, i64::from(self.height));
        } else {
            grow(&mut xs, (sizes.1 * wanted - sizes.0) as i64, i64::from(self.width));
        }
        let part = |v: i64| u32::try_from(v).unwrap_or_default();
        Ok(Region { x: part(xs.0), y: part(ys.0), width: part(xs.1 - xs.0), height: part(ys.1 - ys.0) })
    }
}

/// Makes `span` longer by `more` on both ends, moved and cut so that it stays within 0…`side`.
fn grow(span: &mut (i64, i64), more: i64, side: i64) {
    span.0 -= more / 2;
    span.1 += more - more / 2;
    let over = (span.1 - side).max(0);
    *span = (span.0 - over, span.1 - over);
    let under = (-span.0).max(0);
    *span = (span.0 + under, (span.1 + under).min(side));
}

//! Samples in rows, of pictures and masks alike: other sizes, regions, larger canvases.

use super::resample::{Kernel, Sample, along, windows};
use super::{MAX_SIDE, ResizeMode, zeros};
use crate::{Error, Result};

/// Rows of pixels without gaps, `channels` samples each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raster<S> {
    pub width: u32,
    pub height: u32,
    pub channels: usize,
    pub samples: S,
}

impl<S> Raster<S> {
    /// How messages name the size.
    fn size(&self) -> String {
        format!("{} x {}", self.width, self.height)
    }
}

impl<S: Sample> Raster<&[S]> {
    /// Resamples with PIL's Lanczos filter, as diffusers' `VaeImageProcessor.resize`.
    pub fn resized(self, width: u32, height: u32, mode: ResizeMode) -> Result<Raster<Vec<S>>> {
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
            ResizeMode::Stretch => return self.stretched(width, height, Kernel::Lanczos),
            ResizeMode::Fill => wider.is_lt(),
            ResizeMode::Crop => wider.is_gt(),
        };
        let (inner_width, inner_height) = match by_width {
            _ if wider.is_eq() => (width, height),
            true => (width, scaled(self.height, width, self.width)),
            false => (scaled(self.width, height, self.height), height),
        };
        if mode == ResizeMode::Fill {
            let inner = self.stretched(inner_width.max(1), inner_height.max(1), Kernel::Lanczos)?;
            return inner.as_slice().centered(width, height);
        }
        if inner_width.max(inner_height) > MAX_SIDE {
            return Err(Error::invalid(format!(
                "a picture of {} pixels cannot be cropped to the proportions of {width} x {height}: it would be \
                 {inner_width} x {inner_height} before, and {MAX_SIDE} a side are allowed",
                self.size()
            )));
        }
        let inner = self.stretched(inner_width, inner_height, Kernel::Lanczos)?;
        inner.as_slice().cropped(inner_width / 2 - width / 2, inner_height / 2 - height / 2, width, height)
    }

    /// One direction, then the other; in between samples are brought back to their range, as PIL does it with bytes.
    pub fn stretched(self, width: u32, height: u32, kernel: Kernel) -> Result<Raster<Vec<S>>> {
        // Which direction comes first shows in the rounding. PIL 13 takes the height first where it shrinks by more than
        // twice what the width does; found by comparing 4000 sizes with both orders.
        let height_first = self.height.saturating_sub(height) > self.width.saturating_sub(width).saturating_mul(2);
        let first = if height_first { (self.width, height) } else { (width, self.height) };
        self.one_side(first.0, first.1, kernel)?.as_slice().one_side(width, height, kernel)
    }

    /// The new sides, of which one at most is another.
    fn one_side(self, width: u32, height: u32, kernel: Kernel) -> Result<Raster<Vec<S>>> {
        let (from, to, inner) = match () {
            () if width != self.width => (self.width, width, self.channels),
            () if height != self.height => (self.height, height, self.width as usize * self.channels),
            () => return self.cropped(0, 0, width, height),
        };
        let windows = windows(kernel, from as usize, to as usize, 0.0, f64::from(from));
        let mut samples = along(self.samples, from as usize, inner, &windows)?;
        samples.iter_mut().for_each(|v| *v = v.in_range());
        Ok(Raster { width, height, channels: self.channels, samples })
    }

    /// The region of `width` x `height` pixels from column `x` and row `y` on.
    pub fn cropped(self, x: u32, y: u32, width: u32, height: u32) -> Result<Raster<Vec<S>>> {
        let inside =
            |from: u32, count: u32, side: u32| count > 0 && from.checked_add(count).is_some_and(|end| end <= side);
        if !inside(x, width, self.width) || !inside(y, height, self.height) {
            return Err(Error::invalid(format!(
                "the region of {width} x {height} pixels at ({x}, {y}) is not inside the picture of {}",
                self.size()
            )));
        }
        self.placed(width, height, |column| Some(column + x), |row| Some(row + y))
    }

    /// The pixels on a canvas with more pixels on each side, which reflect the picture at its border without repeating
    /// the border itself (numpy.pad's mode `reflect`).
    pub fn extended(self, left: u32, right: u32, top: u32, bottom: u32) -> Result<Raster<Vec<S>>> {
        let total = |side: u32, before: u32, after: u32| {
            side.checked_add(before).and_then(|sum| sum.checked_add(after)).filter(|&sum| sum <= MAX_SIDE)
        };
        let (Some(width), Some(height)) = (total(self.width, left, right), total(self.height, top, bottom)) else {
            return Err(Error::invalid(format!(
                "a picture of {} pixels cannot get {left} more on the left, {right} on the right, {top} at the top and \
                 {bottom} at the bottom; allowed are {MAX_SIDE} a side with them",
                self.size()
            )));
        };
        let reflect = |at: u32, before: u32, side: u32| {
            let period = (2 * i64::from(side) - 2).max(1);
            let at = (i64::from(at) - i64::from(before)).rem_euclid(period);
            u32::try_from(at.min(period - at)).ok().map(|at| at.min(side - 1))
        };
        self.placed(width, height, |x| reflect(x, left, self.width), |y| reflect(y, top, self.height))
    }

    /// A canvas whose every pixel is the one of the column and row that are named; blank where none is.
    fn placed(
        self,
        width: u32,
        height: u32,
        column: impl Fn(u32) -> Option<u32>,
        row: impl Fn(u32) -> Option<u32>,
    ) -> Result<Raster<Vec<S>>> {
        let channels = self.channels;
        let line = width as usize * channels;
        let mut samples = zeros((height as usize).saturating_mul(line))?;
        for (y, target) in (0..height).zip(samples.chunks_exact_mut(line.max(1))) {
            let Some(y) = row(y) else { continue };
            let source = &self.samples[y as usize * self.width as usize * channels..];
            for (x, pixel) in (0..width).zip(target.chunks_exact_mut(channels)) {
                let Some(x) = column(x) else { continue };
                pixel.copy_from_slice(&source[x as usize * channels..][..channels]);
            }
        }
        Ok(Raster { width, height, channels, samples })
    }

    /// The picture in the middle of a larger one; the bars beside it are its first and last column or row, sharpened
    /// as diffusers does it: PIL's bicubic filter over a box without extent at the border.
    fn centered(self, width: u32, height: u32) -> Result<Raster<Vec<S>>> {
        let (left, top) = (width / 2 - self.width / 2, height / 2 - self.height / 2);
        let horizontal = width > self.width;
        let (side, inner) = match horizontal {
            true => (self.width, self.channels),
            false => (self.height, self.width as usize * self.channels),
        };
        let bar = |at: u32| -> Result<Vec<S>> {
            let window = windows(Kernel::Bicubic, side as usize, 1, f64::from(at), 0.0);
            let mut bar = along(self.samples, side as usize, inner, &window)?;
            bar.iter_mut().for_each(|v| *v = v.in_range());
            Ok(bar)
        };
        let bars = [bar(0)?, bar(side)?];
        let mut canvas = self.placed(
            width,
            height,
            |x| x.checked_sub(left).filter(|&x| x < self.width),
            |y| y.checked_sub(top).filter(|&y| y < self.height),
        )?;
        let row = width as usize * self.channels;
        for (y, line) in (0..height).zip(canvas.samples.chunks_exact_mut(row)) {
            if horizontal {
                for (x, pixel) in (0..width).zip(line.chunks_exact_mut(self.channels)) {
                    let end = usize::from(x >= left);
                    if x < left || x >= left + self.width {
                        pixel.copy_from_slice(&bars[end][y as usize * self.channels..][..self.channels]);
                    }
                }
            } else if y < top || y >= top + self.height {
                line.copy_from_slice(&bars[usize::from(y >= top)]);
            }
        }
        Ok(canvas)
    }
}

impl<S> Raster<Vec<S>> {
    /// The same, borrowed.
    pub fn as_slice(&self) -> Raster<&[S]> {
        Raster { width: self.width, height: self.height, channels: self.channels, samples: &self.samples }
    }
}

//! How well a picture tiles.

use super::{Image, PixelFormat};
use crate::{Error, Result};

/// Where a picture meets its own copy beside it, in grey levels of 0…255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seam {
    /// The mean absolute difference between the last and the first row or column.
    pub across: f64,
    /// The mean absolute difference between neighbouring rows or columns inside the picture.
    pub inside: f64,
}

impl Seam {
    /// How many times larger the step across the seam is than the steps inside: about 1 where nobody sees it. A flat
    /// picture has 1; infinite where only the seam is a step.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        if self.across == self.inside { 1.0 } else { self.across / self.inside }
    }
}

impl Image {
    /// The seams of a picture that is tiled: the vertical one, where copies are side by side, and the horizontal one,
    /// where they are above each other. Alpha does not count.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a side of one pixel, which has no neighbours inside; [`Error::OutOfMemory`].
    pub fn seams(&self) -> Result<[Seam; 2]> {
        let (width, height) = (self.width as usize, self.height as usize);
        if width.min(height) < 2 {
            return Err(Error::invalid(format!(
                "the seams of a picture of {width} x {height} pixels cannot be measured; it needs at least 2 a side"
            )));
        }
        let rgb = self.convert(PixelFormat::Rgb8)?;
        let (pixels, row) = (rgb.pixels(), width * 3);
        let difference = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
        let mean = |sum: u64, count: usize| sum as f64 / count as f64;
        let lines = || pixels.chunks_exact(row);
        let vertical = Seam {
            across: mean(lines().map(|line| difference(&line[..3], &line[row - 3..])).sum(), height * 3),
            inside: mean(lines().map(|line| difference(&line[3..], &line[..row - 3])).sum(), height * (row - 3)),
        };
        let horizontal = Seam {
            across: mean(difference(&pixels[..row], &pixels[pixels.len() - row..]), row),
            inside: mean(difference(&pixels[row..], &pixels[..pixels.len() - row]), pixels.len() - row),
        };
        Ok([vertical, horizontal])
    }
}

//! Semantic maps: which class of things each pixel belongs to.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3};

use super::{Image, PixelFormat};
use crate::{Error, Result};

/// The most classes of a semantic map; COCO-Stuff has 182.
pub const MAX_CLASSES: usize = 4096;

impl Image {
    /// The picture as labels, `[height, width]`: its grey levels, 0 to 255, as annotations are saved (PIL's mode `L`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a picture that is not grey: its colours would need a palette; [`Error::OutOfMemory`].
    pub fn to_labels(&self) -> Result<Array2<u32>> {
        let rgb = self.convert(PixelFormat::Rgb8)?;
        let mut labels = super::zeros((self.width() as usize).saturating_mul(self.height() as usize))?;
        let pixels = rgb.pixels().as_chunks::<3>().0;
        for (at, (label, [red, green, blue])) in labels.iter_mut().zip(pixels).enumerate() {
            if red != green || green != blue {
                let (x, y) = (at % self.width() as usize, at / self.width() as usize);
                return Err(Error::invalid(format!(
                    "the semantic map has the colour {red}, {green}, {blue} at ({x}, {y}); it must be grey, with a class's \
                     number as its level"
                )));
            }
            *label = u32::from(*red);
        }
        Array2::from_shape_vec((self.height() as usize, self.width() as usize), labels)
            .map_err(|e| Error::Internal(e.to_string()))
    }
}

/// Labels (`[height, width]`) as a denoiser is told them: `[classes, height, width]`, 1 for the class of a pixel and 0 for
/// the others (latent-diffusion's semantic synthesis).
///
/// # Errors
/// [`Error::InvalidArgument`] for a label that is no class, for no pixels, and for no classes or more than
/// [`MAX_CLASSES`]; [`Error::OutOfMemory`].
pub fn one_hot(labels: ArrayView2<'_, u32>, classes: usize) -> Result<Array3<f32>> {
    let (height, width) = labels.dim();
    if labels.is_empty() || !(1..=MAX_CLASSES).contains(&classes) {
        return Err(Error::invalid(format!(
            "a semantic map of {width} x {height} pixels and {classes} classes cannot be; allowed are 1 to {MAX_CLASSES} \
             classes"
        )));
    }
    let area = width * height;
    let mut values: Vec<f32> = super::zeros(area.saturating_mul(classes))?;
    for (at, &label) in labels.iter().enumerate() {
        let class = label as usize;
        if class >= classes {
            return Err(Error::invalid(format!(
                "the semantic map has the class {label} at ({}, {}); allowed are 0 to {}",
                at % width,
                at / width,
                classes - 1
            )));
        }
        values[class * area + at] = 1.0;
    }
    Array3::from_shape_vec((classes, height, width), values).map_err(|e| Error::Internal(e.to_string()))
}

/// `planes` (`[channels, height, width]`) at half their size: what torch's `interpolate` with the scale factor 0.5 and the
/// mode `bilinear` does, of which a sample is the mean of two by two; a last odd row or column is left out. Twice, it is
/// the `SpatialRescaler` in front of latent-diffusion's semantic synthesis.
///
/// # Errors
/// [`Error::InvalidArgument`] where a side is below 2; [`Error::OutOfMemory`].
pub fn halved(planes: ArrayView3<'_, f32>) -> Result<Array3<f32>> {
    let (channels, height, width) = planes.dim();
    if height < 2 || width < 2 || channels == 0 {
        return Err(Error::invalid(format!(
            "{channels} planes of {width} x {height} have no half; each side must be 2 and more"
        )));
    }
    let (rows, columns) = (height / 2, width / 2);
    let mut values: Vec<f32> = super::zeros(channels * rows * columns)?;
    let mean = |c: usize, y: usize, x: usize| {
        let row = |y: usize| planes[[c, y, 2 * x]] * 0.5 + planes[[c, y, 2 * x + 1]] * 0.5;
        row(2 * y) * 0.5 + row(2 * y + 1) * 0.5
    };
    for (at, value) in values.iter_mut().enumerate() {
        *value = mean(at / (rows * columns), at / columns % rows, at % columns);
    }
    Array3::from_shape_vec((channels, rows, columns), values).map_err(|e| Error::Internal(e.to_string()))
}

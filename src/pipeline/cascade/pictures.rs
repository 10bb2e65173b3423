//! A request's pictures as values.

use ndarray::{Array2, Array3, ArrayD};

use crate::error::{Error, Result};
use crate::image::{Image, Mask, ResizeMode};
use crate::model::FeatureExtractor;
use crate::model::cascade::{PictureRole, Preparation, Resample};

/// `picture` as its role wants it: `[channels, height, width]`; `size` is height and width.
///
/// # Errors
/// As [`Image::resized`].
pub(super) fn prepared(
    picture: &Image,
    role: &PictureRole,
    size: Option<(usize, usize)>,
    eyes: Option<&FeatureExtractor>,
) -> Result<ArrayD<f32>> {
    let own = (picture.height() as usize, picture.width() as usize);
    let (height, width) = size.unwrap_or(own);
    let pixels =
        |side: usize| u32::try_from(side).map_err(|_| Error::invalid(format!("a side of {side} pixels is too long")));
    let (rows, columns) = (pixels(height)?, pixels(width)?);
    Ok(match role.prepare {
        Preparation::Clip => {
            let eyes = eyes.ok_or_else(|| Error::Internal("nothing says how CLIP looks at pictures".into()))?;
            let FeatureExtractor { shortest_side, crop, mean, deviation } = *eyes;
            picture.for_vision(shortest_side, crop, mean, deviation)?.into_dyn()
        }
        Preparation::Plain => {
            let [low, high] = role.range;
            let signed = match role.resample {
                Resample::Lanczos => picture.resized(columns, rows, ResizeMode::Stretch)?,
                Resample::Bicubic => picture.resized_bicubic(columns, rows)?,
            };
            let signed = signed.to_chw()?;
            match role.range {
                [-1.0, 1.0] => signed.into_dyn(),
                _ => signed.mapv(|value| (value + 1.0) / 2.0 * (high - low) + low).into_dyn(),
            }
        }
        Preparation::Mask => {
            Mask::from_grey(picture)?.resized(columns, rows, ResizeMode::Stretch)?.to_binary()?.into_dyn()
        }
        Preparation::Labels => labels(&picture.to_labels()?.mapv(|label| label as f32), height, width)?.into_dyn(),
    })
}

/// The label of the pixel that each place lies on.
fn labels(labels: &Array2<f32>, height: usize, width: usize) -> Result<Array3<f32>> {
    let (rows, columns) = labels.dim();
    if labels.is_empty() {
        return Err(Error::invalid("a picture of labels has no pixels"));
    }
    Ok(Array3::from_shape_fn((1, height, width), |(_, y, x)| {
        labels[[y * rows / height.max(1), x * columns / width.max(1)]]
    }))
}

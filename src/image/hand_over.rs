//! What one stage of a cascade hands to the next.

use ndarray::{Array3, ArrayD, ArrayView3};

use crate::{Error, Result};

/// Values of −1 to 1 as if they had been saved with 8 bits in between: `round((x + 1) · 127.5) / 127.5 − 1`, halves to
/// even, in float32. What is beyond −1 or 1 stays beyond (glide-text2im `notebooks/text2im.ipynb`, between its base and its
/// upsampling model).
#[must_use]
pub fn in_eight_bits(values: ArrayD<f32>) -> ArrayD<f32> {
    values.mapv_into(|value| ((value + 1.0) * 127.5).round_ties_even() / 127.5 - 1.0)
}

/// A mask of 1 (keep) and 0 (paint) at the latents' size, `[1, height, width]`, with the hole a little larger: each value
/// beside one that is not 1 becomes 0: above, below, left, right, left above and right below. The other two corners do not
/// count (diffusers `pipeline_kandinsky_inpaint.py`, `prepare_mask`).
///
/// # Errors
/// [`Error::InvalidArgument`] for more or fewer channels than one.
pub fn with_larger_hole(mask: ArrayView3<'_, f32>) -> Result<Array3<f32>> {
    let (channels, height, width) = mask.dim();
    if channels != 1 {
        return Err(Error::invalid(format!("a mask has one channel, this one has {channels}")));
    }
    let hole = |y: usize, x: usize| mask.get([0, y, x]).is_some_and(|value| *value != 1.0);
    // An index below 0 wraps to one that is not there.
    let beside = |y: usize, x: usize| {
        let (above, left) = (y.wrapping_sub(1), x.wrapping_sub(1));
        [(above, x), (y, left), (above, left), (y + 1, x), (y, x + 1), (y + 1, x + 1)]
    };
    Ok(Array3::from_shape_fn((1, height, width), |(_, y, x)| {
        let touched = beside(y, x).into_iter().any(|(y, x)| hole(y, x));
        if touched { 0.0 } else { mask[[0, y, x]] }
    }))
}

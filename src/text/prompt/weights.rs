//! Emphasis, applied to what a text encoder says.

use ndarray::{ArrayViewMut2, Axis};

use super::Chunk;
use crate::error::{Error, Result};

/// Multiplies each token's row of `context` (`[chunks · 77, width]`) by its weight, and scales each chunk so that its
/// mean is what it was.
///
/// This is "Original", the default of `modules/sd_emphasis.py` of AUTOMATIC1111's webui 1.10, which handles one chunk
/// of one prompt at a time: `z' = w z`, `z'' = z' · mean(z) / mean(z')`. A chunk whose weights are all 1 stays as it
/// is, bit for bit. Where the weights make the mean exactly 0 it cannot be restored, and `z'` stays.
///
/// # Errors
/// [`Error::Numeric`] when a value becomes infinite or NaN; [`Error::Internal`] when `context` has not one row for
/// each token of `chunks`.
pub fn apply_weights(mut context: ArrayViewMut2<f32>, chunks: &[Chunk]) -> Result<()> {
    let rows: usize = chunks.iter().map(|chunk| chunk.weights.len()).sum();
    if rows != context.nrows() {
        return Err(Error::Internal(format!("{rows} token weights for {} rows of text", context.nrows())));
    }
    let mut start = 0;
    for (number, chunk) in chunks.iter().enumerate() {
        let end = start + chunk.weights.len();
        let rows = context.slice_axis_mut(Axis(0), (start..end).into());
        start = end;
        if chunk.weights.iter().any(|&weight| weight != 1.0) && !weigh(rows, &chunk.weights) {
            return Err(Error::Numeric(format!(
                "the weights in the prompt make chunk {} of its text infinite or NaN; \
                 sensible weights are about 0.5 to 1.5",
                number + 1
            )));
        }
    }
    Ok(())
}

/// One chunk; whether all values are finite afterwards.
fn weigh(mut rows: ArrayViewMut2<f32>, weights: &[f32]) -> bool {
    let sum = |rows: &ArrayViewMut2<f32>| rows.iter().map(|&value| f64::from(value)).sum::<f64>();
    let before = sum(&rows);
    for (mut row, &weight) in rows.outer_iter_mut().zip(weights) {
        row *= weight;
    }
    let after = sum(&rows);
    if after != 0.0 {
        rows *= (before / after) as f32;
    }
    rows.iter().all(|value| value.is_finite())
}

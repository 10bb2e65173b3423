//! Tensors out of a model's files.

use std::path::Path;

use ndarray::{ArrayD, Axis};

use crate::error::Result;
use crate::model::cascade::Constant;
use crate::model::read_array;

/// Reads a constant. A leading axis of one, as diffusers keeps means and deviations, is a batch and falls away.
///
/// # Errors
/// [`crate::Error::Io`] and [`crate::Error::BadModel`] for a file that cannot be read or holds something else.
pub(super) fn read(root: &Path, constant: &Constant) -> Result<ArrayD<f32>> {
    let values = read_array(&root.join(&constant.file), constant.tensor.as_deref())?;
    Ok(match values.shape() {
        [1, _, ..] => values.index_axis_move(Axis(0), 0),
        _ => values,
    })
}

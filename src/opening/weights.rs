//! How large a graph's weights are, without opening it.

use std::path::Path;

use crate::onnx::{Model, bytes_in_memory};
use crate::{Error, Result};

/// The bytes that the weights of the graph at `path` take in memory; with `widened`, half precision counts as float32.
/// Reads the graph's head, and no file of external weights.
///
/// # Errors
/// [`Error::Io`] and [`Error::BadModel`] for what is no graph.
pub(crate) fn weight_bytes(path: &Path, widened: bool) -> Result<u64> {
    let model = Model::open(path)?;
    let tensors = &model.graph()?.initializer;
    let sum = tensors.iter().try_fold(0_u64, |sum, tensor| sum.checked_add(bytes_in_memory(tensor, widened)?));
    sum.ok_or_else(|| Error::bad_model(path, "its weights are larger than any memory"))
}

//! More rows for a text encoder's embedding table.
//!
//! The table is found by what is computed, not by its name: the first `Gather` that the token numbers go into. What is
//! added goes behind it by a `Concat`, which ONNX Runtime folds into one table when the graph is opened; so a table that
//! lies in another file stays there.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use half::f16;
use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::onnx::proto::{AttributeProto, DataType, NodeProto, TensorProto};
use crate::onnx::{Editor, Model, NodeId};
use crate::tensor::Tensor;

/// What token numbers may go through before they are looked up.
const ON_THE_WAY: [&str; 6] = ["Reshape", "Cast", "Identity", "Flatten", "Squeeze", "Unsqueeze"];

/// The change of a graph that appends `words`, as [`append_rows`] does, and tells `first` the number of the first new row.
pub(crate) fn appending(
    words: Vec<(String, Array2<f32>)>,
    first: Arc<OnceLock<usize>>,
) -> impl Fn(&mut Model) -> Result<Option<String>> + Send + Sync + 'static {
    move |model| {
        let rows: Vec<_> = words.iter().map(|(what, rows)| (what.clone(), rows.view())).collect();
        // The graph may be read again, and is the same then.
        let _ = first.set(append_rows(model, &rows)?);
        let count: usize = rows.iter().map(|(_, rows)| rows.nrows()).sum();
        Ok(Some(format!("{count} vectors of {} learned words were added", words.len())))
    }
}

/// Appends `words`, each a description for errors and `[vectors, width]`, to the embedding table, one behind the other.
/// Returns the number of the first new row.
///
/// # Errors
/// [`Error::InvalidArgument`] for another width than the table's or a value that its type cannot hold;
/// [`Error::Unsupported`] where no table of float32 or float16 is found; the model is unchanged then.
fn append_rows(model: &mut Model, words: &[(String, ArrayView2<'_, f32>)]) -> Result<usize> {
    let mut editor = Editor::new(model)?;
    let unsupported = || {
        Error::Unsupported(
            "this text encoder's export has no embedding table of float32 or float16 that its \"input_ids\" are looked up \
             in, so no embedding can be added; export it again, not quantised"
                .into(),
        )
    };
    let id = lookup(&editor).ok_or_else(unsupported)?;
    let node = editor.node(id).ok_or_else(unsupported)?;
    let name = node.input.first().cloned().ok_or_else(unsupported)?;
    let table = editor.initializer(&name).ok_or_else(unsupported)?;
    let [count, width] = table.dims.as_slice() else { return Err(unsupported()) };
    let (count, width) =
        (usize::try_from(*count).map_err(|_| unsupported())?, usize::try_from(*width).map_err(|_| unsupported())?);
    let data_type = table.data_type;
    let half = data_type == Some(DataType::Float16.into());
    if !half && data_type != Some(DataType::Float.into()) {
        return Err(unsupported());
    }
    for (what, rows) in words {
        if rows.ncols() != width {
            return Err(Error::invalid(format!(
                "{what} has vectors of width {}, but this model's text encoder has {width}; it was learned for another \
                 family",
                rows.ncols()
            )));
        }
        if half && rows.iter().any(|value| !f16::from_f32(*value).is_finite()) {
            return Err(Error::invalid(format!(
                "{what} has values beyond 65504, the most that this model's float16 text encoder can hold"
            )));
        }
    }
    let views: Vec<_> = words.iter().map(|(_, rows)| rows.view()).collect();
    let rows = ndarray::concatenate(ndarray::Axis(0), &views).map_err(|e| Error::Internal(e.to_string()))?.into_dyn();
    let rows = if half { Tensor::F16(rows.mapv(f16::from_f32)) } else { Tensor::F32(rows) };
    let learned = editor.fresh_name("learned_rows");
    editor.add_initializer(TensorProto::from_tensor(&learned, &rows))?;
    let whole = editor.fresh_name("learned_table");
    let mut join = NodeProto::new("Concat", [name.as_str(), learned.as_str()], [whole.as_str()]).named(&whole);
    join.attribute.push(AttributeProto::from_int("axis", 0));
    editor.add_node(join)?;
    let mut node = editor.remove_node(id).ok_or_else(unsupported)?;
    node.input[0] = whole;
    editor.add_node(node)?;
    editor.finish()?;
    Ok(count)
}

/// The node that looks the token numbers up.
fn lookup(editor: &Editor<'_>) -> Option<NodeId> {
    let mut seen = HashSet::new();
    let mut open = vec!["input_ids".to_owned()];
    while let Some(value) = open.pop() {
        for &id in editor.consumers(&value) {
            let Some(node) = editor.node(id).filter(|_| seen.insert(id)) else { continue };
            let is_index = node.input.get(1) == Some(&value);
            if node.op() == "Gather" && is_index && editor.initializer(&node.input[0]).is_some() {
                return Some(id);
            }
            if ON_THE_WAY.contains(&node.op()) && node.input.first() == Some(&value) {
                open.extend(node.output.iter().cloned());
            }
        }
    }
    None
}

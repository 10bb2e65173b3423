//! `LayerNormalization` over the last axis.

use super::{done, is_float, node, plural};
use crate::Result;
use crate::onnx::own::LAYER_NORM;
use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::onnx::{Editor, Facts};
use crate::prepare::Report;

pub(super) fn run(editor: &mut Editor<'_>, facts: &Facts, report: &mut Report) -> Result<()> {
    let mut count = 0;
    for id in editor.order()? {
        let Some(new) = editor.node(id).and_then(|old| understand(facts, old)) else { continue };
        let Some(old) = editor.remove_node(id) else { continue };
        let made = node(editor, LAYER_NORM, old.input, &old.output[0]);
        editor.add_node(made.with(AttributeProto::from_float("epsilon", new)))?;
        count += 1;
    }
    done(report, "layer norm", count, format!("{} by our own operator", plural(count, "layer norm")));
    Ok(())
}

/// The epsilon of a node that can be replaced.
fn understand(facts: &Facts, node: &NodeProto) -> Option<f32> {
    let one_output = node.output.iter().skip(1).all(String::is_empty) && node.output_at(0).is_some();
    if node.op() != "LayerNormalization" || !one_output {
        return None;
    }
    let (x, scale) = (node.input_at(0)?, node.input_at(1)?);
    let shape = facts.shape(x)?;
    let axis = node.int("axis").unwrap_or(-1);
    let last = axis == -1 || usize::try_from(axis).is_ok_and(|axis| axis + 1 == shape.len());
    let same_size =
        |value: &str| facts.shape(value).is_some_and(|other| other.len() == 1 && shape.last() == other.last());
    let fits = same_size(scale) && node.input_at(2).is_none_or(same_size);
    (last && fits && is_float(facts, x)).then(|| node.float("epsilon").unwrap_or(1e-5))
}

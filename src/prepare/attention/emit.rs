//! Putting the fused operator in place.

use ndarray::{ArrayD, IxDyn};

use super::heads::Heads;
use super::{Attention, Layout, same};
use crate::Result;
use crate::onnx::proto::{AttributeProto, NodeProto, TensorProto};
use crate::onnx::{Editor, Facts, NodeId};
use crate::tensor::Tensor;

/// Replaces the product with V by the fused operator; what then leads nowhere is dead.
pub(super) fn replace(editor: &mut Editor<'_>, facts: &Facts, attention: &Attention) -> Result<()> {
    let base = if attention.softmax.is_empty() { "attention" } else { &attention.softmax };
    let mut inputs = Vec::new();
    for (heads, name) in [(&attention.query, "query"), (&attention.key, "key"), (&attention.value, "value")] {
        inputs.push(flat(editor, heads, &format!("{base}/{name}"))?);
    }
    if let Some(mask) = &attention.mask {
        // The fourth and fifth input are the bias of Q, K and V, and a mask of keys.
        inputs.extend([String::new(), String::new()]);
        inputs.push(match mask.leading {
            0 => mask.value.clone(),
            leading => {
                let axes: Vec<i64> = (0..leading as i64).collect();
                let named = format!("{base}/mask");
                add_leading(editor, &mask.value, &axes, &named)?
            }
        });
    }
    ask_query_for_the_shape(editor, facts, attention)?;
    editor.remove_node(attention.product);
    let result = match attention.layout {
        Layout::Single => attention.output.clone(),
        _ => editor.fresh_name(&format!("{base}/MultiHeadAttention_output")),
    };
    let name = editor.fresh_name(&format!("{base}/MultiHeadAttention"));
    let mut node = NodeProto::new("MultiHeadAttention", inputs, [result.as_str()])
        .of_domain("com.microsoft")
        .named(&name)
        .with(AttributeProto::from_int("num_heads", attention.query.heads));
    let usual = (attention.query.size as f64).sqrt().recip();
    if (attention.scale / usual - 1.0).abs() > 1e-6 {
        node = node.with(AttributeProto::from_float("scale", attention.scale as f32));
    }
    editor.add_node(node)?;
    match attention.layout {
        Layout::Single => Ok(()),
        Layout::Apart => {
            let output = attention.output.clone();
            lead_on(editor, facts, attention, &output, &result, base)
        }
        Layout::Merged => {
            for user in editor.consumers(&attention.output).to_vec() {
                let Some(node) = editor.remove_node(user) else { continue };
                let Some(apart) = node.output.first() else { continue };
                lead_on(editor, facts, attention, apart, &result, base)?;
            }
            Ok(())
        }
    }
}

/// Exporters ask the result of the second product for its shape; where Q has the same one, Q is asked instead, so that
/// nobody needs the result in that form.
fn ask_query_for_the_shape(editor: &mut Editor<'_>, facts: &Facts, attention: &Attention) -> Result<()> {
    let (output, like) = (&attention.output, &attention.like);
    if facts.shape(output).is_none() || facts.shape(output) != facts.shape(like) {
        return Ok(());
    }
    for user in editor.consumers(output).to_vec() {
        if editor.node(user).is_some_and(|node| node.op() == "Shape")
            && let Some(mut node) = editor.remove_node(user)
        {
            node.input = vec![like.clone()];
            editor.add_node(node)?;
        }
    }
    Ok(())
}

/// The operand as [batch, sequence, heads·size].
fn flat(editor: &mut Editor<'_>, heads: &Heads, name: &str) -> Result<String> {
    if let Some(whole) = &heads.whole {
        return Ok(whole.clone());
    }
    let mut value = heads.root.clone();
    let perm = heads.perm();
    if !perm.is_empty() {
        let output = editor.fresh_name(&format!("{name}/transposed"));
        let node = NodeProto::new("Transpose", [value], [output.as_str()]).named(&output);
        editor.add_node(node.with(AttributeProto::from_ints("perm", &perm)))?;
        value = output;
    }
    if heads.axes.len() == 3 {
        return Ok(value);
    }
    reshape(editor, &value, &[0, 0, heads.width], name)
}

/// Lets everything that used `old`, [batch, heads, sequence, size], use the operator's `result` instead.
fn lead_on(
    editor: &mut Editor<'_>,
    facts: &Facts,
    attention: &Attention,
    old: &str,
    result: &str,
    base: &str,
) -> Result<()> {
    let (heads, size) = (attention.value.heads, attention.value.size);
    let (batch, length) = (&attention.query.batch, &attention.query.length);
    let back: Vec<NodeId> = editor.consumers(old).iter().copied().filter(|id| transposes_back(editor, *id)).collect();
    for transpose in back {
        let Some(ordered) = editor.node(transpose).and_then(|node| node.output_at(0)).map(str::to_owned) else {
            continue;
        };
        // [batch, sequence, heads, size] is nearly always made [batch, sequence, heads·size] at once.
        for joiner in editor.consumers(&ordered).to_vec() {
            let joined = editor.node(joiner).filter(|node| node.op() == "Reshape").and_then(|node| node.output_at(0));
            let Some(joined) = joined.map(str::to_owned) else { continue };
            let fits = facts.shape(&joined).is_some_and(|shape| {
                same(shape.get(..2), &[batch, length]) && shape.len() == 3 && shape[2].is(attention.value.width)
            });
            if fits && !editor.is_output(&joined) {
                editor.replace_uses(&joined, result);
                editor.remove_node(joiner);
            }
        }
        if !editor.consumers(&ordered).is_empty() || editor.is_output(&ordered) {
            editor.remove_node(transpose);
            reshape_to(editor, result, &[0, 0, heads, size], &ordered)?;
        } else {
            editor.remove_node(transpose);
        }
    }
    if editor.consumers(old).is_empty() && !editor.is_output(old) {
        return Ok(());
    }
    let apart = reshape(editor, result, &[0, 0, heads, size], &format!("{base}/heads"))?;
    let node = NodeProto::new("Transpose", [apart], [old]).named(&format!("{base}/heads/transposed"));
    editor.add_node(node.with(AttributeProto::from_ints("perm", &[0, 2, 1, 3]))).map(drop)
}

fn transposes_back(editor: &Editor<'_>, id: NodeId) -> bool {
    editor.node(id).is_some_and(|node| node.op() == "Transpose" && node.ints("perm") == [0, 2, 1, 3])
}

/// A `Reshape` of `value`; a 0 keeps the size that stands at its place.
fn reshape(editor: &mut Editor<'_>, value: &str, shape: &[i64], name: &str) -> Result<String> {
    let output = editor.fresh_name(name);
    reshape_to(editor, value, shape, &output)?;
    Ok(output)
}

fn reshape_to(editor: &mut Editor<'_>, value: &str, shape: &[i64], output: &str) -> Result<()> {
    let target = constant(editor, shape, &format!("{output}/shape"))?;
    let name = editor.fresh_name(&format!("{output}/Reshape"));
    editor.add_node(NodeProto::new("Reshape", [value, target.as_str()], [output]).named(&name)).map(drop)
}

/// `value` with new axes of 1 in front.
fn add_leading(editor: &mut Editor<'_>, value: &str, axes: &[i64], name: &str) -> Result<String> {
    let output = editor.fresh_name(name);
    let node = if editor.model().opset("").unwrap_or(1) < 13 {
        NodeProto::new("Unsqueeze", [value], [output.as_str()]).with(AttributeProto::from_ints("axes", axes))
    } else {
        let target = constant(editor, axes, &format!("{name}/axes"))?;
        NodeProto::new("Unsqueeze", [value, target.as_str()], [output.as_str()])
    };
    editor.add_node(node.named(&output))?;
    Ok(output)
}

fn constant(editor: &mut Editor<'_>, values: &[i64], name: &str) -> Result<String> {
    let name = editor.fresh_name(name);
    let values = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec())
        .map_err(|error| crate::Error::Internal(error.to_string()))?;
    editor.add_initializer(TensorProto::from_tensor(&name, &Tensor::I64(values)))?;
    Ok(name)
}

//! `Conv` with a 3×3 kernel and stride 1, with what is added to its result.

use std::collections::HashMap;

use super::{done, is_float, node, only_user, other_input, plural};
use crate::Result;
use crate::onnx::own::CONV;
use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::onnx::{Dim, Editor, Facts, NodeId};
use crate::prepare::Report;

/// With fewer channels on either side the transforms cost more than they save.
const FEWEST_CHANNELS: i64 = 32;

/// A convolution with what is added to it.
struct Found {
    inputs: Vec<String>,
    weights: String,
    pads: Vec<i64>,
    /// All nodes that this replaces; the last one makes `output`.
    nodes: Vec<NodeId>,
    output: String,
}

pub(super) fn run(editor: &mut Editor<'_>, facts: &Facts, report: &mut Report) -> Result<()> {
    let (mut count, mut shifts, mut pictures) = (0, 0, 0);
    let mut turned: HashMap<String, String> = HashMap::new();
    for id in editor.order()? {
        let Some(mut found) = understand(editor, facts, id) else { continue };
        shifts += usize::from(found.inputs.get(3).is_some_and(|name| !name.is_empty()));
        pictures += usize::from(found.inputs.len() > 4);
        found.inputs[1] = match turned.get(&found.weights) {
            Some(name) => name.clone(),
            None => {
                let name = turn(editor, &found.weights)?;
                turned.insert(found.weights.clone(), name.clone());
                name
            }
        };
        found.nodes.iter().for_each(|id| {
            editor.remove_node(*id);
        });
        let made = node(editor, CONV, found.inputs, &found.output);
        editor.add_node(made.with(AttributeProto::from_ints("pads", &found.pads)))?;
        count += 1;
    }
    let text = format!(
        "{} by Winograd's algorithm ({shifts} with an embedding added, {pictures} with a skip connection)",
        plural(count, "3x3 convolution")
    );
    done(report, "convolution", count, text);
    Ok(())
}

/// [outputs, inputs, 3, 3] as [3, 3, outputs, inputs]: ONNX Runtime does this once, when it opens the graph.
fn turn(editor: &mut Editor<'_>, weights: &str) -> Result<String> {
    let output = editor.fresh_name(&format!("{weights}/turned"));
    let node = NodeProto::new("Transpose", [weights], [output.as_str()]).named(&output);
    editor.add_node(node.with(AttributeProto::from_ints("perm", &[2, 3, 0, 1])))?;
    Ok(output)
}

/// Whether ONNX Runtime knows the value when it opens the graph: an initializer, or one of another element type.
fn is_constant(editor: &Editor<'_>, value: &str) -> bool {
    let stored = match editor.maker(value) {
        Some(maker) if matches!(maker.op(), "Cast" | "Identity") => maker.input_at(0).unwrap_or(""),
        _ => value,
    };
    editor.initializer(stored).is_some() && !editor.is_input(stored)
}

fn understand(editor: &Editor<'_>, facts: &Facts, id: NodeId) -> Option<Found> {
    let conv = editor.node(id).filter(|node| node.op() == "Conv")?;
    let (x, weights) = (conv.input_at(0)?, conv.input_at(1)?);
    let all_ones = |name: &str| conv.ints(name).iter().all(|value| *value == 1);
    let explicit = matches!(conv.string("auto_pad"), None | Some("NOTSET"));
    if !explicit || !all_ones("strides") || !all_ones("dilations") || conv.int("group").unwrap_or(1) != 1 {
        return None;
    }
    let pads = if conv.ints("pads").is_empty() { vec![0; 4] } else { conv.ints("pads").to_vec() };
    if pads.len() != 4 || pads.iter().any(|pad| !(0..=1).contains(pad)) {
        return None;
    }
    if !is_constant(editor, weights) {
        return None;
    }
    let kernel: Vec<i64> = facts.shape(weights)?.iter().map(Dim::value).collect::<Option<_>>()?;
    let (&[outputs, inputs, 3, 3], 4) = (&kernel[..], facts.shape(x)?.len()) else { return None };
    if outputs < FEWEST_CHANNELS || inputs < FEWEST_CHANNELS || !is_float(facts, x) || !is_float(facts, weights) {
        return None;
    }
    let mut found = Found {
        inputs: vec![x.to_owned(), weights.to_owned()],
        weights: weights.to_owned(),
        pads,
        nodes: vec![id],
        output: conv.output_at(0)?.to_owned(),
    };
    let batch = &facts.shape(x)?[0];
    let shape = facts.shape(&found.output).map(<[Dim]>::to_vec);
    let (mut shift, mut picture) = (None, None);
    // What is added one after the other; of each kind one.
    while let Some((user, plus)) = only_user(editor, &found.output).filter(|(_, user)| user.op() == "Add") {
        let Some(other) = other_input(plus, &found.output) else { break };
        let Some(other_shape) = facts.shape(other) else { break };
        let is_shift = matches!(other_shape, [b, o, h, w] if b == batch && o.is(outputs) && h.is(1) && w.is(1));
        if is_shift && shift.is_none() {
            shift = Some(other.to_owned());
        } else if picture.is_none() && shape.as_deref() == Some(other_shape) {
            picture = Some(other.to_owned());
        } else {
            break;
        }
        let Some(output) = plus.output_at(0) else { break };
        found.nodes.push(user);
        found.output = output.to_owned();
    }
    found.inputs.push(conv.input_at(2).unwrap_or("").to_owned());
    found.inputs.extend([shift.unwrap_or_default(), picture.unwrap_or_default()]);
    while found.inputs.last().is_some_and(String::is_empty) {
        found.inputs.pop();
    }
    Some(found)
}

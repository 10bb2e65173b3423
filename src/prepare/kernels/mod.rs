//! This library's own operators for ONNX Runtime's CPU provider ([`crate::runtime`] brings them along), put in place of
//! what they compute. All are for float32.

mod conv;
mod geglu;
mod group_norm;
mod layer_norm;

use super::{Line, Report};
use crate::Result;
use crate::onnx::own::DOMAIN;
use crate::onnx::proto::{DataType, NodeProto};
use crate::onnx::{Editor, Facts};

/// Runs every pass of this folder.
pub(super) fn run(editor: &mut Editor<'_>, report: &mut Report) -> Result<()> {
    let facts = Facts::of(editor)?;
    group_norm::run(editor, &facts, report)?;
    layer_norm::run(editor, &facts, report)?;
    geglu::run(editor, &facts, report)?;
    conv::run(editor, &facts, report)
}

/// A node of one of the operators, named after the value that it makes.
fn node(editor: &mut Editor<'_>, operator: &str, inputs: Vec<String>, output: &str) -> NodeProto {
    let name = editor.fresh_name(&format!("{output}/{operator}"));
    NodeProto::new(operator, inputs, [output]).of_domain(DOMAIN).named(&name)
}

/// The only node that uses `value`, if it is the only use and the graph does not give the value out.
fn only_user<'e>(editor: &'e Editor<'_>, value: &str) -> Option<(crate::onnx::NodeId, &'e NodeProto)> {
    match editor.consumers(value) {
        [id] if !editor.is_output(value) => Some((*id, editor.node(*id)?)),
        _ => None,
    }
}

/// Of a node with two inputs of which one is `value`: the other one, which must be another value.
fn other_input<'n>(node: &'n NodeProto, value: &str) -> Option<&'n str> {
    match node.input.as_slice() {
        [a, b] if a == b => None,
        [a, b] if a == value => Some(b),
        [a, b] if b == value => Some(a),
        _ => None,
    }
}

fn is_float(facts: &Facts, value: &str) -> bool {
    facts.data_type(value) == Some(DataType::Float)
}

/// How often a word is said, as `1 norm` or `2 norms`.
fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn done(report: &mut Report, pass: &'static str, count: usize, text: String) {
    if count > 0 {
        report.done.push(Line { pass, count, text });
    }
}

//! Attention into one operator: `Softmax(Q·Kᵀ·scale + mask)·V` becomes `com.microsoft.MultiHeadAttention`, which never
//! holds the whole table of scores and reads [batch, sequence, heads·size] without any transposing.
//!
//! The operator: ONNX Runtime, `docs/ContribOperators.md`, `com.microsoft.MultiHeadAttention`. What is looked for is
//! not one exporter's nodes but the arithmetic: from each `Softmax` back to two products, through whatever transposing,
//! reshaping and scaling lies between, with each step proven from [`Facts`]. What cannot be proven stays.

mod emit;
mod heads;
mod scores;

use std::collections::BTreeMap;

use super::{Abilities, Line, Report};
use crate::Result;
use crate::onnx::proto::DataType;
use crate::onnx::{Dim, Editor, Facts, NodeId};
use crate::tensor::DType;
use heads::Heads;

/// How reports call this pass.
pub(super) const NAME: &str = "attention";

/// One attention of a graph, understood.
struct Attention {
    softmax: String,
    /// The product with V: its node, and the value that it makes.
    product: NodeId,
    output: String,
    /// What goes into the first product as Q.
    like: String,
    query: Heads,
    key: Heads,
    value: Heads,
    /// What the scores are multiplied with.
    scale: f64,
    /// What is added to the scores.
    mask: Option<Mask>,
    /// How the product's output holds batch and heads.
    layout: Layout,
}

/// A tensor added to the scores, [1 or batch, 1 or heads, queries, keys] once `leading` axes of 1 are put before it.
struct Mask {
    value: String,
    leading: usize,
}

/// How a tensor of the attention holds batch and heads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// [batch, heads, sequence, size].
    Apart,
    /// [batch·heads, sequence, size].
    Merged,
    /// [batch, sequence, size], with one head.
    Single,
}

/// Why a `Softmax` was left as it is.
type Reason = &'static str;

/// Fuses every attention that it recognises.
pub(super) fn run(editor: &mut Editor<'_>, abilities: &Abilities, report: &mut Report) -> Result<()> {
    let facts = Facts::of(editor)?;
    let opset = editor.model().opset("").unwrap_or(1);
    let (mut own, mut cross) = (0, 0);
    let mut left: BTreeMap<Reason, usize> = BTreeMap::new();
    for softmax in editor.order()? {
        if editor.node(softmax).is_none_or(|node| node.op() != "Softmax") {
            continue;
        }
        match understand(editor, &facts, softmax, opset).and_then(|found| allowed(found, &facts, abilities)) {
            Ok(attention) => {
                let same_length = attention.query.length == attention.key.length;
                emit::replace(editor, &facts, &attention)?;
                *(if same_length { &mut own } else { &mut cross }) += 1;
            }
            Err(reason) => *left.entry(reason).or_insert(0) += 1,
        }
    }
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    if own + cross > 0 {
        let all = plural(own + cross, "attention");
        let text = format!("{all} fused into MultiHeadAttention ({own} self, {cross} cross)");
        report.done.push(Line { pass: NAME, count: own + cross, text });
    }
    for (reason, count) in left {
        let text = format!("{} left ({reason})", plural(count, "Softmax node"));
        report.left.push(Line { pass: NAME, count, text });
    }
    Ok(())
}

/// The attention around a `Softmax`. Heads that are merged into the batch are taken apart where that can be proven;
/// else each stays a batch of its own.
fn understand(editor: &Editor<'_>, facts: &Facts, softmax: NodeId, opset: i64) -> Result<Attention, Reason> {
    let whole = scores::find(editor, facts, softmax, opset, true);
    match whole {
        Err(_) => scores::find(editor, facts, softmax, opset, false).or(whole),
        whole => whole,
    }
}

fn allowed(attention: Attention, facts: &Facts, abilities: &Abilities) -> Result<Attention, Reason> {
    let dtype = match facts.data_type(&attention.output).ok_or("the element type is unknown")? {
        DataType::Float => DType::F32,
        DataType::Float16 => DType::F16,
        _ => return Err("neither float32 nor float16"),
    };
    let mask_type = attention.mask.as_ref().map(|mask| facts.data_type(&mask.value));
    if mask_type.is_some_and(|kind| kind != facts.data_type(&attention.output)) {
        return Err("the mask is of another element type");
    }
    // 0 would mean the usual scale to the operator.
    if !(attention.scale as f32).is_normal() {
        return Err("the scale is zero or too large");
    }
    match (dtype, abilities.multi_head_attention.contains(&dtype)) {
        (_, true) => Ok(attention),
        (DType::F16, false) => Err("the provider fuses no float16"),
        (_, false) => Err("the provider fuses no float32"),
    }
}

/// Whether two lists of sizes are the same in every run.
fn same(shape: Option<&[Dim]>, expected: &[&Dim]) -> bool {
    shape.is_some_and(|shape| shape.len() == expected.len() && shape.iter().zip(expected).all(|(a, b)| a == *b))
}

//! From a `Softmax` back to Q, K and the mask, and on to V.

use super::heads::{Heads, merges_heads, scaled, trace};
use super::{Attention, Layout, Mask, Reason};
use crate::onnx::proto::NodeProto;
use crate::onnx::{Dim, Editor, Facts, NodeId};

/// A product of two tensors over their last axis, or over the last and the one before it.
struct Product<'n> {
    left: &'n str,
    right: &'n str,
    /// Whether the right one is [.., columns, inner] and not [.., inner, columns].
    right_transposed: bool,
}

/// The attention around `softmax`. `apart` says to take apart heads that are merged into the batch.
pub(super) fn find(
    editor: &Editor<'_>,
    facts: &Facts,
    softmax: NodeId,
    opset: i64,
    apart: bool,
) -> Result<Attention, Reason> {
    let node = editor.node(softmax).ok_or("no attention")?;
    let (input, output) = node.input_at(0).zip(node.output_at(0)).ok_or("no attention")?;
    let shape = facts.shape(input).ok_or("the shapes around it are unknown")?;
    let rank = shape.len();
    let axis = node.int("axis").unwrap_or(if opset < 13 { 1 } else { -1 });
    if rank != 3 && rank != 4 || axis != -1 && axis != rank as i64 - 1 {
        return Err("no attention");
    }
    let (product, probabilities) = follow(editor, facts, output)?;
    let layout = match (rank, apart) {
        (4, _) => Layout::Apart,
        (_, true) => Layout::Merged,
        (_, false) => Layout::Single,
    };
    let node = editor.node(product).ok_or("no attention")?;
    let with_value = as_product(node).filter(|with| with.left == probabilities).ok_or("no attention")?;
    let output = node.output_at(0).ok_or("no attention")?;
    let value = trace(editor, facts, with_value.right, layout, with_value.right_transposed)?;

    let found = walk(editor, facts, input, layout)?;
    let scores = found.product;
    let query = trace(editor, facts, scores.left, layout, false)?;
    let key = trace(editor, facts, scores.right, layout, !scores.right_transposed)?;
    if query.heads != key.heads || query.heads != value.heads || query.size != key.size {
        return Err("the heads of Q, K and V differ");
    }
    // Products of merged heads, more than one, have equal first axes, or the graph would not run.
    let implied = layout == Layout::Merged && query.heads > 1;
    if !implied && (query.batch != key.batch || query.batch != value.batch) {
        return Err("the batches of Q, K and V may differ");
    }
    if layout == Layout::Merged && !taken_apart(editor, facts, output, scores.left, &query, &value) {
        return Err("how heads and batch are taken apart is not provable");
    }
    let mask = found.mask.map(|mask| place(facts, mask, layout, &query, &key)).transpose()?;
    Ok(Attention {
        softmax: editor.node(softmax).and_then(|node| node.name.clone()).unwrap_or_default(),
        product,
        output: output.to_owned(),
        like: scores.left.to_owned(),
        scale: found.scale * query.scale * key.scale * value_scale(&value)?,
        query,
        key,
        value,
        mask,
        layout,
    })
}

/// Whether everything that uses `output`, [batch·heads, queries, size], takes it as [batch, heads, queries, size], or
/// wants only its shape, which is that of Q, called `like`.
fn taken_apart(editor: &Editor<'_>, facts: &Facts, output: &str, like: &str, query: &Heads, value: &Heads) -> bool {
    let apart = |id: &NodeId| {
        let Some(node) = editor.node(*id) else { return false };
        if node.op() == "Shape" {
            return facts.shape(output) == facts.shape(like);
        }
        let reshape = Some(node).filter(|node| node.op() == "Reshape");
        let shape = reshape.and_then(|node| facts.shape(node.output_at(0)?));
        matches!(shape, Some([batch, heads, length, size])
            if *batch == query.batch && *length == query.length && heads.is(query.heads) && size.is(value.size))
    };
    !editor.is_output(output) && editor.consumers(output).iter().all(apart)
}

/// V itself must not be scaled: that factor would belong to the result.
fn value_scale(value: &Heads) -> Result<f64, Reason> {
    if value.scale == 1.0 { Ok(1.0) } else { Err("V is scaled") }
}

/// From the probabilities to their product with V; nothing else may use them.
fn follow<'e>(editor: &'e Editor<'_>, facts: &Facts, softmax: &'e str) -> Result<(NodeId, &'e str), Reason> {
    let mut value = softmax;
    loop {
        let [user] = editor.consumers(value) else { return Err("the probabilities are used elsewhere too") };
        if editor.is_output(value) {
            return Err("the probabilities are used elsewhere too");
        }
        let node = editor.node(*user).ok_or("no attention")?;
        match node.op() {
            "Identity" => value = node.output_at(0).ok_or("no attention")?,
            "Cast" if harmless_cast(facts, node, false) => value = node.output_at(0).ok_or("no attention")?,
            "MatMul" | "Einsum" => return Ok((*user, value)),
            _ => return Err("no attention"),
        }
    }
}

/// What stands between the product Q·Kᵀ and the softmax.
struct Found<'n> {
    product: Product<'n>,
    scale: f64,
    mask: Option<Added<'n>>,
}

/// What is added to the scores, and how the scores were held where it was added.
#[derive(Clone, Copy)]
struct Added<'n> {
    value: &'n str,
    layout: Layout,
}

fn walk<'e>(editor: &'e Editor<'_>, facts: &Facts, input: &'e str, layout: Layout) -> Result<Found<'e>, Reason> {
    let mut value = input;
    let mut held = layout;
    let mut scale = 1.0;
    let mut mask = None;
    loop {
        let node = editor.maker(value).ok_or("no attention")?;
        let first = node.input_at(0).ok_or("no attention")?;
        let rank = facts.shape(value).map_or(0, <[Dim]>::len);
        match node.op() {
            "Identity" => value = first,
            "Cast" if harmless_cast(facts, node, true) => value = first,
            "Mul" | "Div" => {
                let (other, factor) = scaled(facts, node.op(), first, node.input_at(1), rank).ok_or("no attention")?;
                scale *= factor;
                value = other;
            }
            "Add" => {
                let second = node.input_at(1).ok_or("no attention")?;
                let (scores, added) =
                    if leads_to_product(editor, facts, first) { (first, second) } else { (second, first) };
                if facts.shape(scores).is_none() || facts.shape(scores) != facts.shape(value) {
                    return Err("the shape of the mask is unknown");
                }
                if !facts.is_zero(added) {
                    if mask.is_some() || scale != 1.0 {
                        return Err("more than a mask is added to the scores");
                    }
                    mask = Some(Added { value: added, layout: held });
                }
                value = scores;
            }
            "Reshape" if held == Layout::Merged && merges_heads(facts, first, value) => {
                held = Layout::Apart;
                value = first;
            }
            "Reshape" if held == Layout::Apart && layout == Layout::Merged && merges_heads(facts, value, first) => {
                held = Layout::Merged;
                value = first;
            }
            "MatMul" | "Einsum" if held == layout => {
                let product = as_product(node).ok_or("no attention")?;
                return Ok(Found { product, scale, mask });
            }
            _ => return Err("no attention"),
        }
    }
}

/// Whether this side of an addition is the scores and not the mask.
fn leads_to_product(editor: &Editor<'_>, facts: &Facts, value: &str) -> bool {
    let mut value = value;
    while let Some(node) = editor.maker(value) {
        let rank = facts.shape(value).map_or(0, <[Dim]>::len);
        let next = match node.op() {
            "MatMul" | "Einsum" => return true,
            "Identity" | "Cast" | "Reshape" => node.input_at(0),
            "Mul" | "Div" => node
                .input_at(0)
                .and_then(|first| scaled(facts, node.op(), first, node.input_at(1), rank))
                .map(|(other, _)| other),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return false,
        }
    }
    false
}

/// A cast that changes nothing, or computes the softmax of float16 scores in float32 as the fused operator does.
fn harmless_cast(facts: &Facts, node: &NodeProto, to_softmax: bool) -> bool {
    use crate::onnx::proto::DataType::{Float, Float16};
    let kind = |name: Option<&str>| name.and_then(|name| facts.data_type(name));
    match (kind(node.input_at(0)), kind(node.output_at(0))) {
        (Some(from), Some(to)) if from == to => true,
        (Some(Float16), Some(Float)) => to_softmax,
        (Some(Float), Some(Float16)) => !to_softmax,
        _ => false,
    }
}

/// `MatMul`, or an `Einsum` that is one.
fn as_product(node: &NodeProto) -> Option<Product<'_>> {
    let (left, right) = (node.input_at(0)?, node.input_at(1)?);
    if node.op() == "MatMul" {
        return Some(Product { left, right, right_transposed: false });
    }
    let equation: String = node.string("equation")?.chars().filter(|c| !c.is_whitespace()).collect();
    let (inputs, output) = equation.split_once("->")?;
    let (a, b) = inputs.split_once(',')?;
    let letters = |term: &str| term.chars().collect::<Vec<_>>();
    let (a, b, output) = (letters(a), letters(b), letters(output));
    let ([batch @ .., row, inner], [b_batch @ .., x, y]) = (a.as_slice(), b.as_slice()) else { return None };
    let right_transposed = y == inner && x != inner;
    let column = if right_transposed { x } else { y };
    let mut all = [batch, &[*row, *inner, *column]].concat();
    let expected = [batch, &[*row, *column]].concat();
    all.sort_unstable();
    all.dedup();
    let distinct = all.len() == batch.len() + 3;
    let fits = batch == b_batch && output == expected && (right_transposed || x == inner) && distinct;
    (fits && all.iter().all(char::is_ascii_alphabetic)).then_some(Product { left, right, right_transposed })
}

/// The mask as the operator wants it, if its shape is provably [1 or batch, 1 or heads, queries, keys].
fn place(facts: &Facts, mask: Added<'_>, layout: Layout, query: &Heads, key: &Heads) -> Result<Mask, Reason> {
    let shape = facts.shape(mask.value).ok_or("the shape of the mask is unknown")?;
    let [front @ .., rows, columns] = shape else { return Err("the mask is not as large as the scores") };
    if *rows != query.length || *columns != key.length {
        return Err("the mask is not as large as the scores");
    }
    let one_or = |dim: &Dim, other: &Dim| dim.is(1) || dim == other;
    let heads = |dim: &Dim| dim.is(1) || dim.is(query.heads);
    let fits = match (front, mask.layout) {
        ([], _) => true,
        ([h], Layout::Apart) => heads(h),
        ([b, h], Layout::Apart) => one_or(b, &query.batch) && heads(h),
        ([b], Layout::Merged) => b.is(1),
        ([b], Layout::Single) => b.is(1),
        _ => false,
    };
    // For one head the batch comes first, where the operator wants the heads second.
    if fits && (layout != Layout::Single || front.len() < 2) {
        return Ok(Mask { value: mask.value.to_owned(), leading: 4 - shape.len() });
    }
    Err("the mask does not fit batch and heads")
}

//! Q, K or V, traced back to the tensor that its heads were cut from.

use super::{Layout, Reason, same};
use crate::onnx::{Dim, Editor, Facts};

/// One operand: a tensor `root`, and how its axes become [batch, heads, sequence, size].
pub(super) struct Heads {
    /// Where the tracing ended.
    pub root: String,
    /// The axes of `root` in the order [batch, heads, sequence, size]; [batch, sequence, size] for [`Layout::Single`].
    pub axes: Vec<usize>,
    /// What the way from `root` multiplies it with.
    pub scale: f64,
    /// A [batch, sequence, heads·size] tensor that `root` was cut from, if `root` is in that order.
    pub whole: Option<String>,
    pub batch: Dim,
    pub heads: i64,
    pub length: Dim,
    pub size: i64,
    /// heads·size.
    pub width: i64,
}

/// Traces `value`, of shape [.., sequence, size], or [.., size, sequence] if `transposed`, held as `layout` says.
pub(super) fn trace(
    editor: &Editor<'_>,
    facts: &Facts,
    value: &str,
    layout: Layout,
    transposed: bool,
) -> Result<Heads, Reason> {
    let rank = if layout == Layout::Apart { 4 } else { 3 };
    let mut axes: Vec<usize> = (0..rank).collect();
    if transposed {
        axes.swap(rank - 1, rank - 2);
    }
    let mut root = value;
    let mut scale = 1.0;
    let mut merged = layout == Layout::Merged;
    while let Some(node) = editor.maker(root) {
        let Some(input) = node.input_at(0) else { break };
        match node.op() {
            "Identity" => root = input,
            "Cast" if facts.data_type(input).is_some() && facts.data_type(input) == facts.data_type(root) => {
                root = input
            }
            "Transpose" => {
                let perm: Option<Vec<usize>> =
                    node.ints("perm").iter().map(|axis| usize::try_from(*axis).ok()).collect();
                let Some(perm) =
                    perm.filter(|perm| perm.len() == axes.len() && (0..axes.len()).all(|axis| perm.contains(&axis)))
                else {
                    break;
                };
                let Some(through) = axes.iter().map(|axis| perm.get(*axis).copied()).collect() else { break };
                axes = through;
                root = input;
            }
            "Mul" | "Div" => match scaled(facts, node.op(), input, node.input_at(1), axes.len()) {
                Some((other, factor)) => {
                    scale *= factor;
                    root = other;
                }
                None => break,
            },
            "Reshape" if merged && axes[0] == 0 && merges_heads(facts, input, root) => {
                axes = [0, 1].into_iter().chain(axes[1..].iter().map(|axis| axis + 1)).collect();
                merged = false;
                root = input;
            }
            _ => break,
        }
    }
    if merged {
        return Err("how heads and batch are merged is not provable");
    }
    let shape = facts.shape(root).filter(|shape| shape.len() == axes.len());
    let shape = shape.ok_or("the shapes around it are unknown")?;
    let at = |axis: usize| shape[axes[axis]].clone();
    let known = |dim: Dim| dim.value().filter(|value| *value > 0).ok_or("the number or size of heads is unknown");
    let (heads, length, size) = match axes.len() {
        4 => (known(at(1))?, at(2), known(at(3))?),
        _ => (1, at(1), known(at(2))?),
    };
    let width = heads.checked_mul(size).ok_or("the number or size of heads is unknown")?;
    let batch = at(0);
    let mut found = Heads { root: root.to_owned(), axes, scale, whole: None, batch, heads, length, size, width };
    found.whole = found.uncut(editor, facts);
    Ok(found)
}

impl Heads {
    /// What transposes `root` to [batch, sequence, heads, size]; empty if it is so already.
    pub fn perm(&self) -> Vec<i64> {
        let wanted: Vec<usize> = match self.axes.as_slice() {
            [batch, heads, length, size] => vec![*batch, *length, *heads, *size],
            axes => axes.to_vec(),
        };
        let in_order = wanted.iter().enumerate().all(|(index, axis)| index == *axis);
        if in_order { Vec::new() } else { wanted.iter().map(|axis| *axis as i64).collect() }
    }

    /// The tensor [batch, sequence, heads·size] that a `Reshape` made `root` from.
    fn uncut(&self, editor: &Editor<'_>, facts: &Facts) -> Option<String> {
        let node = editor.maker(&self.root).filter(|node| node.op() == "Reshape" && self.axes.len() == 4)?;
        let input = node.input_at(0).filter(|_| self.perm().is_empty())?;
        let [batch, length, _] = facts.shape(input)? else { return None };
        let all = facts.shape(input)?.get(2)?;
        (*batch == self.batch && *length == self.length && all.is(self.width)).then(|| input.to_owned())
    }
}

/// If the product or quotient only scales a tensor: that tensor, and the factor.
pub(super) fn scaled<'n>(
    facts: &Facts,
    op: &str,
    a: &'n str,
    b: Option<&'n str>,
    rank: usize,
) -> Option<(&'n str, f64)> {
    let b = b?;
    // A factor of higher rank would give the product more axes.
    let number = |name: &str| facts.number(name).filter(|_| facts.shape(name).is_some_and(|shape| shape.len() <= rank));
    let (other, factor) = match (op, number(a), number(b)) {
        ("Mul", _, Some(factor)) => (a, factor),
        ("Mul", Some(factor), None) => (b, factor),
        ("Div", None, Some(divisor)) => (a, divisor.recip()),
        _ => return None,
    };
    factor.is_finite().then_some((other, factor))
}

/// Whether `merged` is `apart`, [batch, heads, x, y], with its first two axes made one.
pub(super) fn merges_heads(facts: &Facts, apart: &str, merged: &str) -> bool {
    let Some([batch, heads, x, y]) = facts.shape(apart) else { return false };
    batch.times(heads).is_some_and(|both| same(facts.shape(merged), &[&both, x, y]))
}

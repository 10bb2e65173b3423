//! GEGLU: one half of a projection times the gelu of the other, the gelu by `Erf` or as `Gelu`.

use super::{done, is_float, node, only_user, other_input, plural};
use crate::Result;
use crate::onnx::own::GEGLU;
use crate::onnx::proto::NodeProto;
use crate::onnx::{Editor, Facts, NodeId};
use crate::prepare::Report;

pub(super) fn run(editor: &mut Editor<'_>, facts: &Facts, report: &mut Report) -> Result<()> {
    let mut count = 0;
    for id in editor.order()? {
        let Some((x, last, output)) = understand(editor, facts, id) else { continue };
        editor.remove_node(last);
        let made = node(editor, GEGLU, vec![x], &output);
        editor.add_node(made)?;
        count += 1;
    }
    done(report, "geglu", count, format!("{} by our own operator", plural(count, "GEGLU")));
    Ok(())
}

/// What is halved, the last node, and what that makes.
fn understand(editor: &Editor<'_>, facts: &Facts, id: NodeId) -> Option<(String, NodeId, String)> {
    let start = editor.node(id)?;
    let (gate, gelu) = match start.op() {
        "Erf" => by_erf(editor, facts, start)?,
        "Gelu" if matches!(start.string("approximate"), None | Some("none")) => {
            (start.input_at(0)?, start.output_at(0)?)
        }
        _ => return None,
    };
    let (last, times) = only_user(editor, gelu).filter(|(_, user)| user.op() == "Mul")?;
    let value = other_input(times, gelu)?;
    let x = halves(editor, facts, value, gate)?;
    is_float(facts, x).then(|| times.output_at(0).map(|output| (x.to_owned(), last, output.to_owned())))?
}

/// Of `erf`, the input and output of the gelu around it: ½·x·(1 + erf(x/√2)), multiplied in any order.
fn by_erf<'e>(editor: &'e Editor<'_>, facts: &Facts, erf: &'e NodeProto) -> Option<(&'e str, &'e str)> {
    let near = |value: f64, wanted: f64| (value / wanted - 1.0).abs() < 1e-6;
    let inner = editor.maker(erf.input_at(0)?)?;
    let (x, factor) = (inner.input_at(0)?, facts.number(inner.input_at(1)?)?);
    let fits = match inner.op() {
        "Div" => near(factor, std::f64::consts::SQRT_2),
        "Mul" => near(factor, std::f64::consts::FRAC_1_SQRT_2),
        _ => false,
    };
    let (_, plus) = only_user(editor, erf.output_at(0)?).filter(|(_, user)| fits && user.op() == "Add")?;
    let one = other_input(plus, erf.output_at(0)?)?;
    if facts.number(one) != Some(1.0) {
        return None;
    }
    let is_half = |value: &str| facts.number(value) == Some(0.5);
    let is_half_x = |value: &str| {
        let maker = editor.maker(value).filter(|maker| maker.op() == "Mul");
        maker.and_then(|maker| other_input(maker, x)).is_some_and(is_half)
    };
    let (mut value, mut x_seen, mut half_seen) = (plus.output_at(0)?, false, false);
    while !(x_seen && half_seen) {
        let (_, times) = only_user(editor, value).filter(|(_, user)| user.op() == "Mul")?;
        let factor = other_input(times, value)?;
        let (is_x, is_half) = match () {
            () if factor == x => (true, false),
            () if is_half(factor) => (false, true),
            () if is_half_x(factor) => (true, true),
            () => return None,
        };
        if (is_x && x_seen) || (is_half && half_seen) {
            return None;
        }
        (x_seen, half_seen) = (x_seen || is_x, half_seen || is_half);
        value = times.output_at(0)?;
    }
    Some((x, value))
}

/// The tensor of whose last axis `first` and `second` are the halves.
fn halves<'e>(editor: &'e Editor<'_>, facts: &Facts, first: &str, second: &str) -> Option<&'e str> {
    let (a, b) = (editor.maker(first)?, editor.maker(second)?);
    let x = a.input_at(0).filter(|x| b.input_at(0) == Some(x))?;
    let (shape, half) = (facts.shape(x)?, facts.shape(first)?.last()?);
    let (rank, size) = (shape.len(), half.value()?);
    let halved = shape.last()?.is(2 * size) && facts.shape(second)?.last()?.is(size);
    if !halved || facts.shape(first)?.len() != rank || facts.shape(second)?.len() != rank {
        return None;
    }
    let is_last = |axis: f64| axis == -1.0 || axis == rank as f64 - 1.0;
    let fits = match (a.op(), b.op()) {
        // Cut once, the outputs in order.
        ("Split", "Split") => {
            let parts = [first, second].map(Some) == [a.output_at(0), a.output_at(1)];
            parts && a.output.len() == 2 && is_last(a.int("axis").unwrap_or(0) as f64)
        }
        ("Slice", "Slice") => {
            let slice = |node: &NodeProto, start: i64| {
                let number = |index| node.input_at(index).and_then(|value| facts.number(value));
                let whole_steps = node.input_at(4).is_none() || number(4) == Some(1.0);
                number(1) == Some(start as f64) && number(3).is_some_and(is_last) && whole_steps
            };
            // Where each ends follows from its size.
            slice(a, 0) && slice(b, size)
        }
        _ => false,
    };
    fits.then_some(x)
}

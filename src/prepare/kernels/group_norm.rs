//! Group normalisation, as PyTorch exports it: groups brought into an axis of their own, `InstanceNormalization` of
//! those, the shape back, times scale, plus bias; or as `GroupNormalization` (ONNX, since operator set 21). With the
//! SiLU that follows, where one does.

use super::{done, is_float, node, only_user, other_input, plural};
use crate::Result;
use crate::onnx::own::GROUP_NORM;
use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::onnx::{Editor, Facts, NodeId};
use crate::prepare::Report;

struct Found {
    x: String,
    scale: String,
    bias: String,
    groups: i64,
    epsilon: f32,
    /// The node that makes what this is, and what it makes.
    last: NodeId,
    output: String,
}

pub(super) fn run(editor: &mut Editor<'_>, facts: &Facts, report: &mut Report) -> Result<()> {
    let (mut count, mut with_silu) = (0, 0);
    for id in editor.order()? {
        let opset = editor.model().opset("").unwrap_or(1);
        let Some(old) = editor.node(id) else { continue };
        let found = match old.op() {
            "InstanceNormalization" => by_instance(editor, facts, id, old),
            "GroupNormalization" if opset >= 21 => whole(facts, id, old),
            _ => None,
        };
        let Some(mut found) = found else { continue };
        let silu = silu(editor, &found.output);
        if let Some((last, output)) = &silu {
            (found.last, found.output) = (*last, output.clone());
        }
        editor.remove_node(found.last);
        let made = node(editor, GROUP_NORM, vec![found.x, found.scale, found.bias], &found.output)
            .with(AttributeProto::from_int("groups", found.groups))
            .with(AttributeProto::from_float("epsilon", found.epsilon))
            .with(AttributeProto::from_int("silu", i64::from(silu.is_some())));
        editor.add_node(made)?;
        count += 1;
        with_silu += usize::from(silu.is_some());
    }
    let text = format!("{} by our own operator ({with_silu} with SiLU)", plural(count, "group norm"));
    done(report, "group norm", count, text);
    Ok(())
}

/// `GroupNormalization` with a scale for each channel.
fn whole(facts: &Facts, id: NodeId, node: &NodeProto) -> Option<Found> {
    let [x, scale, bias] = [node.input_at(0)?, node.input_at(1)?, node.input_at(2)?].map(str::to_owned);
    let channels = facts.shape(&x)?.get(1)?.value()?;
    let groups = node.int("num_groups").filter(|groups| *groups > 0 && channels > 0 && channels % groups == 0)?;
    let all = [&scale, &bias].iter().all(|value| facts.shape(value).is_some_and(|s| s.len() == 1 && s[0].is(channels)));
    let output = node.output_at(0)?.to_owned();
    let epsilon = node.float("epsilon").unwrap_or(1e-5);
    (all && is_float(facts, &x)).then_some(Found { x, scale, bias, groups, epsilon, last: id, output })
}

/// `Reshape` to [batch, groups, -1], `InstanceNormalization` by 1 and 0, `Reshape` back, `Mul`, `Add`.
fn by_instance(editor: &Editor<'_>, facts: &Facts, id: NodeId, node: &NodeProto) -> Option<Found> {
    let grouped = node.input_at(0)?;
    let split = editor.maker(grouped).filter(|maker| maker.op() == "Reshape")?;
    let x = split.input_at(0)?;
    let (whole, parts) = (facts.shape(x)?, facts.shape(grouped)?);
    let (channels, groups) = (whole.get(1)?.value()?, parts.get(1)?.value()?);
    if whole.len() < 3 || parts.len() != 3 || whole[0] != parts[0] || groups < 1 || channels < 1 {
        return None;
    }
    let all = |value: &str, wanted: f32| {
        editor.constant(value).is_some_and(|tensor| tensor.into_f32().iter().all(|number| *number == wanted))
    };
    if channels % groups != 0 || !is_float(facts, x) || !all(node.input_at(1)?, 1.0) || !all(node.input_at(2)?, 0.0) {
        return None;
    }
    let (_, back) = only_user(editor, node.output_at(0)?).filter(|(_, user)| user.op() == "Reshape")?;
    if back.input_at(0) != node.output_at(0) || facts.shape(back.output_at(0)?)? != whole {
        return None;
    }
    // By channel: [channels, 1, ..], with or without a 1 in front for the batch.
    let by_channel = |value: &str| {
        facts.shape(value).is_some_and(|shape| {
            let lead = whole.len() - 1;
            let shape = if shape.len() == lead + 1 && shape[0].is(1) { &shape[1..] } else { shape };
            shape.len() == lead && shape[0].is(channels) && shape[1..].iter().all(|size| size.is(1))
        })
    };
    let (_, times) = only_user(editor, back.output_at(0)?).filter(|(_, user)| user.op() == "Mul")?;
    let scale = other_input(times, back.output_at(0)?).filter(|scale| by_channel(scale))?;
    let (last, plus) = only_user(editor, times.output_at(0)?).filter(|(_, user)| user.op() == "Add")?;
    let bias = other_input(plus, times.output_at(0)?).filter(|bias| by_channel(bias))?;
    debug_assert!(id != last);
    Some(Found {
        x: x.to_owned(),
        scale: scale.to_owned(),
        bias: bias.to_owned(),
        groups,
        epsilon: node.float("epsilon").unwrap_or(1e-5),
        last,
        output: plus.output_at(0)?.to_owned(),
    })
}

/// `Mul(x, Sigmoid(x))`, if that is all that uses `x`: its last node and what it makes.
fn silu(editor: &Editor<'_>, x: &str) -> Option<(NodeId, String)> {
    let [a, b] = editor.consumers(x) else { return None };
    if editor.is_output(x) {
        return None;
    }
    let is = |id: &NodeId, op: &str| editor.node(*id).is_some_and(|node| node.op() == op);
    let (sigmoid, times) = if is(a, "Sigmoid") && is(b, "Mul") { (*a, *b) } else { (*b, *a) };
    let gate = editor.node(sigmoid).filter(|node| node.op() == "Sigmoid")?.output_at(0)?;
    let (user, node) = only_user(editor, gate)?;
    let fits = user == times && node.op() == "Mul" && other_input(node, gate) == Some(x);
    fits.then(|| node.output_at(0).map(|output| (times, output.to_owned())))?
}

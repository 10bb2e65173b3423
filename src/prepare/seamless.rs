//! Convolutions that wrap around: pictures that continue at their other side.

use crate::onnx::proto::{AttributeProto, NodeProto, TensorProto};
use crate::onnx::{Editor, Model, NodeId};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Gives every convolution of `model` that pads with zeros circular padding instead, along the height, the width or
/// both: what torch calls `padding_mode="circular"`. A UNet and a decoder that see nothing beyond their edges but their
/// other side draw pictures that tile, with any weights.
///
/// Each padded side becomes a copy of the opposite one (`Slice` and `Concat`), and the padding of the convolution along
/// that axis becomes 0. Returns what was done in a sentence.
///
/// # Errors
/// [`Error::Unsupported`] for a graph without such a convolution (a transformer), or with one whose padding is not
/// written out (`auto_pad`).
pub fn wrap_convolutions(model: &mut Model, height: bool, width: bool) -> Result<Option<String>> {
    let origin = model.origin().display().to_string();
    let mut editor = Editor::new(model)?;
    let mut count = 0;
    for id in editor.order()? {
        let Some(conv) = editor.node(id).filter(|node| node.op() == "Conv") else { continue };
        if !matches!(conv.string("auto_pad"), None | Some("NOTSET" | "VALID")) {
            return Err(Error::Unsupported(format!(
                "the graph at \"{origin}\" leaves the padding of a convolution to ONNX (auto_pad), so it cannot be made \
                 to wrap around; export it with explicit padding"
            )));
        }
        let &[top, left, bottom, right] = conv.ints("pads") else { continue };
        let sides = [(2, height, top, bottom), (3, width, left, right)];
        if !sides.iter().any(|(_, wanted, before, after)| *wanted && (*before > 0 || *after > 0)) {
            continue;
        }
        let Some(input) = conv.input_at(0).map(str::to_owned) else { continue };
        let mut pads = [top, left, bottom, right];
        let mut value = input;
        for (axis, wanted, before, after) in sides {
            if wanted {
                value = wrapped(&mut editor, &value, axis, before, after)?;
                (pads[axis - 2], pads[axis]) = (0, 0);
            }
        }
        replace(&mut editor, id, value, &pads)?;
        count += 1;
    }
    if count == 0 {
        return Err(Error::Unsupported(format!(
            "the graph at \"{origin}\" has no convolution that pads, so its pictures cannot be made to tile; UNets' can"
        )));
    }
    editor.finish()?;
    Ok(Some(format!("{count} convolutions wrap around")))
}

/// `value` with its last `before` lines along `axis` in front of it and its first `after` behind it.
fn wrapped(editor: &mut Editor<'_>, value: &str, axis: usize, before: i64, after: i64) -> Result<String> {
    let front = (before > 0).then(|| slice(editor, value, axis, -before, i64::MAX)).transpose()?;
    let back = (after > 0).then(|| slice(editor, value, axis, 0, after)).transpose()?;
    let parts: Vec<String> = front.into_iter().chain([value.to_owned()]).chain(back).collect();
    if parts.len() == 1 {
        return Ok(value.to_owned());
    }
    let output = editor.fresh_name(&format!("{value}/wrapped"));
    let node = NodeProto::new("Concat", parts, [output.as_str()]).named(&output);
    let axis = i64::try_from(axis).unwrap_or(i64::MAX);
    editor.add_node(node.with(AttributeProto::from_int("axis", axis)))?;
    Ok(output)
}

fn slice(editor: &mut Editor<'_>, value: &str, axis: usize, start: i64, end: i64) -> Result<String> {
    let mut inputs = vec![value.to_owned()];
    for (what, number) in [("starts", start), ("ends", end), ("axes", i64::try_from(axis).unwrap_or(i64::MAX))] {
        let name = editor.fresh_name(&format!("{value}/{what}"));
        let tensor = Tensor::I64(ndarray::arr1(&[number]).into_dyn());
        editor.add_initializer(TensorProto::from_tensor(&name, &tensor))?;
        inputs.push(name);
    }
    let output = editor.fresh_name(&format!("{value}/edge"));
    editor.add_node(NodeProto::new("Slice", inputs, [output.as_str()]).named(&output))?;
    Ok(output)
}

/// The same convolution of another input, with other padding.
fn replace(editor: &mut Editor<'_>, id: NodeId, input: String, pads: &[i64; 4]) -> Result<()> {
    let Some(mut conv) = editor.remove_node(id) else { return Ok(()) };
    if let Some(first) = conv.input.first_mut() {
        *first = input;
    }
    conv.attribute.retain(|attribute| attribute.name.as_deref() != Some("pads"));
    editor.add_node(conv.with(AttributeProto::from_ints("pads", pads)))?;
    Ok(())
}

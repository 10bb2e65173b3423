//! Letting a CLIP text encoder give out the states between its layers.
//!
//! Most exports of Stable Diffusion 1 and 2 give out the last state only, and none gives out what CLIP skip takes: an
//! earlier state behind the final norm (diffusers `StableDiffusionPipeline.encode_prompt`). Both are in the graph all
//! the same. The last state is `norm(x)`, and `x` is a sum that the layers grew: `x = y + mlp(y)` and
//! `y = x' + attention(x')`, down to the embeddings. So the states are found by what is computed, not by names, and the
//! norm is copied for each. Graphs in which an optimiser has fused the sums are left as they are.

use std::collections::HashSet;

use super::outputs::{NORMED_PREFIX, Outputs, STATES_PREFIX};
use crate::error::Result;
use crate::onnx::proto::{DataType, NodeProto, TensorType, ValueInfoProto, type_proto};
use crate::onnx::{Editor, Model, NodeId};

/// What a final norm is made of: one node, or its parts in exports of operator sets before 17.
const NORM_OPERATORS: [&str; 9] =
    ["LayerNormalization", "ReduceMean", "Sub", "Pow", "Add", "Sqrt", "Div", "Mul", "Cast"];
/// A norm has nine parts and three casts.
const MOST_NORM_NODES: usize = 16;
/// What an attention has and an MLP has not.
const ATTENTION_OPERATORS: [&str; 3] = ["Softmax", "MultiHeadAttention", "Attention"];

/// [`expose_states`] for float32 encoders only. ONNX Runtime's CPU provider fuses less around values that are given out,
/// and in float16 that moves the last state by a bit of its eleven: who asks for no earlier state must not pay for it.
///
/// # Errors
/// As [`expose_states`].
pub(crate) fn expose_float32_states(model: &mut Model) -> Result<Option<String>> {
    let float = |info: &ValueInfoProto| {
        tensor_type(info).is_some_and(|tensor| tensor.elem_type == Some(DataType::Float.into()))
    };
    if model.graph()?.output.iter().all(float) { expose_states(model) } else { Ok(None) }
}

/// Adds the outputs `hidden_states.i`, where the graph has none, and `hidden_states_normed.i`: the embeddings (0) and
/// what each layer makes, as they are and behind the final norm. Says what was added; nothing, where the layers are not
/// found.
///
/// # Errors
/// [`Error::BadModel`](crate::Error::BadModel) for a graph that contradicts itself, and
/// [`Error::Internal`](crate::Error::Internal) if another value of it has one of these names; it is unchanged then.
pub(crate) fn expose_states(model: &mut Model) -> Result<Option<String>> {
    let listed = model.graph()?.output.clone();
    let outputs = Outputs::of(listed.iter().filter_map(|info| Some((info.name.as_deref()?, rank(info)?))));
    let Some(last) = outputs.last.as_deref().and_then(|name| listed.iter().find(|o| o.name.as_deref() == Some(name)))
    else {
        return Ok(None);
    };
    let mut editor = Editor::new(model)?;
    let Some(norm) = last.name.as_deref().and_then(|name| Norm::behind(&editor, name)) else { return Ok(None) };
    let states = states_up_to(&editor, &norm.input);
    let given = outputs.state_count();
    if states.len() < 2 || !(given == 0 || given == states.len()) || outputs.has_normed() {
        return Ok(None);
    }
    for (index, state) in states.iter().enumerate() {
        if given == 0 {
            let name = format!("{STATES_PREFIX}{index}");
            editor.add_node(NodeProto::new("Identity", [state.as_str()], [name.as_str()]).named(&name))?;
            editor.add_output(renamed(last, name))?;
        }
        // The last one's is `last_hidden_state`.
        if index + 1 < states.len() {
            let name = format!("{NORMED_PREFIX}{index}");
            norm.copy(&mut editor, state, &name)?;
            editor.add_output(renamed(last, name))?;
        }
    }
    editor.finish()?;
    Ok(Some(format!("the states of {} layers are given out too", states.len() - 1)))
}

fn rank(info: &ValueInfoProto) -> Option<usize> {
    Some(tensor_type(info)?.shape.as_ref()?.dim.len())
}

fn tensor_type(info: &ValueInfoProto) -> Option<&TensorType> {
    match info.r#type.as_ref()?.value.as_ref()? {
        type_proto::Value::TensorType(tensor) => Some(tensor),
        _ => None,
    }
}

fn renamed(like: &ValueInfoProto, name: String) -> ValueInfoProto {
    ValueInfoProto { name: Some(name), ..like.clone() }
}

/// The final norm of an encoder.
struct Norm {
    /// What it normalises.
    input: String,
    output: String,
    nodes: Vec<NodeId>,
}

impl Norm {
    /// The norm that makes `output`.
    fn behind(editor: &Editor<'_>, output: &str) -> Option<Self> {
        let input = normalised(editor, output)?;
        // Everything that the output is made of, back to the input …
        let mut behind = HashSet::new();
        let mut open = vec![output];
        while let Some(value) = open.pop() {
            if value != input
                && let Some(id) = editor.producer(value)
                && let Some(node) = editor.node(id).filter(|node| NORM_OPERATORS.contains(&node.op()))
                && behind.len() <= MOST_NORM_NODES
                && behind.insert(id)
            {
                open.extend(node.input.iter().map(String::as_str));
            }
        }
        // … but for what does not depend on it, as a cast of the weights, which the copies share.
        let mut nodes = Vec::new();
        for id in editor.order().ok()?.into_iter().filter(|id| behind.contains(id)) {
            let depends =
                |value: &String| *value == input || editor.producer(value).is_some_and(|p| nodes.contains(&p));
            if editor.node(id)?.input.iter().any(depends) {
                nodes.push(id);
            }
        }
        (behind.len() <= MOST_NORM_NODES).then(|| Self { input, output: output.to_owned(), nodes })
    }

    /// Adds the same norm of `state`, which makes `output`.
    fn copy(&self, editor: &mut Editor<'_>, state: &str, output: &str) -> Result<()> {
        let mut renames = vec![(self.input.clone(), state.to_owned()), (self.output.clone(), output.to_owned())];
        for id in &self.nodes {
            let Some(mut node) = editor.node(*id).cloned() else { continue };
            for value in node.output.iter().filter(|value| !value.is_empty()) {
                if renames.iter().all(|(old, _)| old != value) {
                    let fresh = editor.fresh_name(&format!("{output}/{value}"));
                    renames.push((value.clone(), fresh));
                }
            }
            for value in node.input.iter_mut().chain(&mut node.output) {
                if let Some((_, new)) = renames.iter().find(|(old, _)| old == value) {
                    value.clone_from(new);
                }
            }
            node.name = Some(editor.fresh_name(&format!("{output}/{}", node.op())));
            editor.add_node(node)?;
        }
        Ok(())
    }
}

/// What the norm that makes `output` normalises: the input of a `LayerNormalization`, or the `x` in `x - mean(x)`.
fn normalised(editor: &Editor<'_>, output: &str) -> Option<String> {
    let mut open = vec![output];
    let mut seen = HashSet::new();
    while let Some(value) = open.pop() {
        let Some(node) = editor.maker(value).filter(|node| NORM_OPERATORS.contains(&node.op())) else { continue };
        let input = node.input_at(0)?;
        let found = match node.op() {
            "LayerNormalization" => true,
            "Sub" => editor.maker(node.input_at(1)?).is_some_and(|m| m.op() == "ReduceMean" && m.input[0] == input),
            _ => false,
        };
        if found {
            return Some(before_casts(editor, input).to_owned());
        }
        if seen.len() < MOST_NORM_NODES && seen.insert(value) {
            open.extend(node.input.iter().map(String::as_str));
        }
    }
    None
}

/// The value that casts made `value` of.
fn before_casts<'e>(editor: &'e Editor<'_>, mut value: &'e str) -> &'e str {
    while let Some(input) = editor.maker(value).filter(|node| node.op() == "Cast").and_then(|node| node.input_at(0)) {
        value = input;
    }
    value
}

/// The states from the embeddings to `last`, which the last layer makes.
fn states_up_to(editor: &Editor<'_>, last: &str) -> Vec<String> {
    let mut states = vec![last.to_owned()];
    let mut at = last;
    while let Some((between, false)) = skipped(editor, at)
        && let Some((before, true)) = skipped(editor, between)
    {
        states.push(before.to_owned());
        at = before;
    }
    states.reverse();
    states
}

/// The `x` of `value = x + f(x)`, and whether `f` has an attention in it.
fn skipped<'e>(editor: &'e Editor<'_>, value: &str) -> Option<(&'e str, bool)> {
    let sum = editor.maker(value).filter(|node| node.op() == "Add")?;
    let [a, b] = sum.input.as_slice() else { return None };
    [(a, b), (b, a)].into_iter().find_map(|(x, branch)| Some((x.as_str(), made_of(editor, branch, x)?)))
}

/// Whether there is an attention on the way from `x` to `value`; `None` if `value` is not made of `x`.
fn made_of(editor: &Editor<'_>, value: &str, x: &str) -> Option<bool> {
    let (mut found, mut attention) = (false, false);
    let mut open = vec![value];
    let mut seen = HashSet::new();
    while let Some(value) = open.pop() {
        if value == x {
            found = true;
        } else if seen.insert(value)
            && let Some(node) = editor.maker(value)
        {
            attention |= ATTENTION_OPERATORS.contains(&node.op_type.as_deref().unwrap_or(""));
            open.extend(node.input.iter().map(String::as_str));
        }
    }
    found.then_some(attention)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;
    use crate::runtime::{self, CancelToken, Graph, GraphOptions};
    use crate::text::HiddenState;
    use crate::text::encoder::TextEncoder;
    use crate::text::tokenizer::ClipTokenizer;

    fn repository(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    fn opened(model: &Model) -> TextEncoder {
        let fetched = repository("target/onnxruntime/1.28.0-cpu");
        runtime::initialize(std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched.as_path())).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), model.to_bytes()).unwrap();
        let graph = Graph::open("text encoder", file.path(), &GraphOptions::default(), &CancelToken::new()).unwrap();
        let tokenizer = ClipTokenizer::open(&repository("tests/models/tiny-optimum/tokenizer")).unwrap();
        TextEncoder::new(Arc::new(graph), tokenizer).unwrap()
    }

    fn state(name: &str) -> Option<HiddenState> {
        match name.split_once('.')? {
            ("normed", k) => Some(HiddenState::NormedFromEnd(k.parse().ok()?)),
            (_, k) => Some(HiddenState::FromEnd(k.parse().ok()?)),
        }
    }

    /// The largest difference from what diffusers takes, over every prompt and state.
    fn distance(encoder: &TextEncoder) -> f32 {
        let golden = std::fs::read_to_string(repository("tests/golden/text_states.json")).unwrap();
        let golden: Value = serde_json::from_str(&golden).unwrap();
        let numbers = |value: &Value| -> Vec<f32> {
            value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
        };
        let rows: Vec<usize> = numbers(&golden["rows"]).into_iter().map(|row| row as usize).collect();
        let mut worst = 0f32;
        let mut compare = |expected: &Value, got: Vec<f32>| {
            let expected = numbers(expected);
            assert_eq!(expected.len(), got.len());
            worst = expected.iter().zip(&got).fold(worst, |worst, (a, b)| worst.max((a - b).abs()));
        };
        for case in golden["prompts"].as_array().unwrap() {
            for (name, expected) in case["states"].as_object().unwrap() {
                let hidden = state(name).unwrap_or(HiddenState::Last);
                let got = encoder.encode(case["prompt"].as_str().unwrap(), hidden, &CancelToken::new()).unwrap();
                match state(name) {
                    Some(_) => (0..rows.len()).for_each(|at| {
                        compare(&expected[at], got.context.row(rows[at]).to_vec());
                    }),
                    None => compare(&expected[0], got.pooled.unwrap().to_vec()),
                }
            }
        }
        worst
    }

    #[test]
    fn every_export_gives_out_what_diffusers_takes() {
        // Float16 has eleven bits; the states reach 6.
        for (folder, tolerance) in [
            ("tiny-optimum", 2e-5),
            ("tiny-legacy", 2e-5),
            ("tiny-static", 2e-5),
            ("tiny-optimum-fp16", 0.02),
            ("tiny-legacy-fp16", 0.02),
        ] {
            let path = repository("tests/models").join(folder).join("text_encoder/model.onnx");
            let mut model = Model::open(&path).unwrap();
            let said = expose_states(&mut model).unwrap();
            assert!(said.is_some_and(|said| said.contains("2 layers")), "{folder}");
            let encoder = opened(&model);
            assert!(!encoder.has_hidden(HiddenState::FromEnd(4)) && !encoder.has_hidden(HiddenState::NormedFromEnd(4)));
            let float32 = expose_float32_states(&mut Model::open(&path).unwrap()).unwrap().is_some();
            assert_eq!(float32, !folder.ends_with("fp16"));
            let worst = distance(&encoder);
            assert!(worst < tolerance, "{folder}: {worst}");
            assert_eq!(expose_states(&mut model).unwrap(), None, "there is nothing left to add");
        }
    }

    #[test]
    fn states_that_are_given_out_stay() {
        let mut model = Model::open(&repository("tests/models/attention/sdxl_text_2/model.onnx")).unwrap();
        let before = model.graph().unwrap().output.clone();
        assert!(expose_states(&mut model).unwrap().is_some());
        let after = &model.graph().unwrap().output;
        assert_eq!(after[..before.len()], before[..]);
        let added: Vec<_> = after[before.len()..].iter().filter_map(|o| o.name.as_deref()).collect();
        assert_eq!(added, ["hidden_states_normed.0", "hidden_states_normed.1"]);
        opened(&model);
    }

    #[test]
    fn other_graphs_are_left_alone() {
        for graph in ["tiny-optimum/unet", "tiny-optimum/vae_decoder", "attention/clip_old", "attention/einsum"] {
            let mut model = Model::open(&repository("tests/models").join(graph).join("model.onnx")).unwrap();
            let before = model.to_bytes();
            assert_eq!(expose_states(&mut model).unwrap(), None, "{graph}");
            assert_eq!(model.to_bytes(), before, "{graph}");
        }
    }
}

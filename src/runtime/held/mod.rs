//! A model that is wholly in memory, given to ONNX Runtime without a copy of its weights.
//!
//! Bytes of an ONNX file are decoded into messages, which copies every weight inside, and `AddExternalInitializers` and its
//! sister for files in memory copy them too (1.28: peak and steady state twice the weights). Only the Model Editor API
//! takes a tensor as it lies there (`AddInitializerToGraph` with external data), so the graph is told to it node by node.
//! What it has no words for — graphs inside nodes, functions, sparse tensors — goes the way of the bytes.
#![expect(unsafe_code, reason = "the ort crate lends no tensor to a graph, so the C API is called")]

mod nodes;
mod tensors;

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

use ort::editor::{self, Graph, Opset};
use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::{Outlet, Shape, ValueType};
use prost::Message;

use super::failure::open_failure;
use crate::onnx::Model;
use crate::onnx::own::DOMAIN;
use crate::onnx::proto::{GraphProto, ModelProto, ValueInfoProto, dimension, type_proto};
use crate::{Error, Result};

/// The most bytes that protobuf encodes, and ONNX Runtime decodes.
const MOST: usize = i32::MAX as usize;

/// Opens `model`, which errors call `path`. Its tensors must live, unchanged, as long as the session does.
///
/// # Errors
/// As [`Graph::open`](super::Graph::open); [`Error::Unsupported`] for one of more than 2 GiB that has to be encoded.
pub(super) fn open(model: &Model, path: &Path, builder: &mut SessionBuilder) -> Result<ort::Result<Session>> {
    if let Some(built) = build(model.proto(), path)? {
        return Ok(built.into_session(builder));
    }
    let length = model.proto().encoded_len();
    if length > MOST {
        return Err(Error::Unsupported(format!(
            "the graph \"{}\" has {length} bytes with its weights and graphs inside its nodes, and of such a graph ONNX \
             Runtime takes at most {MOST} bytes from memory; open the model from a folder",
            path.display()
        )));
    }
    log::debug!("\"{}\" is copied while it is opened: it has nodes that cannot be told one by one", path.display());
    Ok(builder.commit_from_memory(&model.to_bytes()))
}

/// The model as ONNX Runtime's; `None` where its editor has no words for something in it.
fn build(proto: &ModelProto, path: &Path) -> Result<Option<editor::Model>> {
    let failed = |error: ort::Error| open_failure(path, &error);
    let Some(graph) = proto.graph.as_ref().filter(|graph| is_plain(proto, graph)) else { return Ok(None) };
    let Some(nodes::Nodes { nodes, constants }) = nodes::read(&graph.node).map_err(failed)? else { return Ok(None) };
    let tensors = graph.initializer.iter().map(Cow::Borrowed).chain(constants);
    let tensors: Vec<_> = tensors.map(|tensor| (tensor.name.clone().unwrap_or_default(), tensor)).collect();
    // Older exports list every weight among the inputs. Nobody gives another one, so all of them are constants.
    let weights: HashSet<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
    let inputs = graph.input.iter().filter(|input| !weights.contains(input.name.as_deref().unwrap_or_default()));
    let (Some(inputs), Some(outputs)) = (outlets(inputs), outlets(graph.output.iter())) else { return Ok(None) };
    let mut built = Graph::new().map_err(failed)?;
    built.set_inputs(inputs).map_err(failed)?;
    built.set_outputs(outputs).map_err(failed)?;
    // Our own operators read tensors as slices of floats, which must be aligned.
    let own: HashSet<&str> = graph
        .node
        .iter()
        .filter(|node| node.domain.as_deref() == Some(DOMAIN))
        .flat_map(|node| node.input.iter().map(String::as_str))
        .collect();
    for (name, tensor) in &tensors {
        if !tensors::add(&mut built, name, tensor, own.contains(name.as_str()), path)? {
            return Ok(None);
        }
    }
    for node in nodes {
        built.add_node(node).map_err(failed)?;
    }
    let opsets: Option<Vec<Opset>> = proto
        .opset_import
        .iter()
        .map(|set| Opset::new(set.domain.as_deref().unwrap_or_default(), u32::try_from(set.version?).ok()?).ok())
        .collect();
    let Some(opsets) = opsets else { return Ok(None) };
    let mut model = editor::Model::new(opsets).map_err(failed)?;
    model.set_graph(built).map_err(failed)?;
    Ok(Some(model))
}

fn is_plain(proto: &ModelProto, graph: &GraphProto) -> bool {
    let names: HashSet<&Option<String>> = graph.initializer.iter().map(|tensor| &tensor.name).collect();
    proto.functions.is_empty()
        && graph.sparse_initializer.is_empty()
        && graph.quantization_annotation.is_empty()
        && names.len() == graph.initializer.len()
}

/// What the graph takes or gives; `None` where one is no tensor, or of no stated rank.
fn outlets<'g>(values: impl Iterator<Item = &'g ValueInfoProto>) -> Option<Vec<Outlet>> {
    values.map(outlet).collect()
}

fn outlet(value: &ValueInfoProto) -> Option<Outlet> {
    let type_proto::Value::TensorType(tensor) = value.r#type.as_ref()?.value.as_ref()? else { return None };
    let (ty, _) = tensors::element(tensor.elem_type?)?;
    let dims = &tensor.shape.as_ref()?.dim;
    let size = |dim: &dimension::Value| if let dimension::Value::DimValue(size) = dim { *size } else { -1 };
    let symbol = |dim: &dimension::Value| match dim {
        dimension::Value::DimParam(name) => name.clone(),
        dimension::Value::DimValue(_) => String::new(),
    };
    let shape: Shape = dims.iter().map(|dim| dim.value.as_ref().map_or(-1, size)).collect();
    let dimension_symbols = dims.iter().map(|dim| dim.value.as_ref().map(symbol).unwrap_or_default()).collect();
    Some(Outlet::new(value.name.clone()?, ValueType::Tensor { ty, shape, dimension_symbols }))
}

//! A look into an ONNX file before ONNX Runtime sees it.
//!
//! Only the fields that lead to external data are declared; prost skips all others, the weights among them.
//! The numbers are those of `onnx.proto3` (onnx/onnx, `onnx/onnx.proto3`).

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;
use prost::Message;

use crate::{Error, Result};

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(int64, optional, tag = "1")]
    ir_version: Option<i64>,
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "25")]
    functions: Vec<FunctionProto>,
}

#[derive(Clone, PartialEq, Message)]
struct FunctionProto {
    #[prost(message, repeated, tag = "7")]
    nodes: Vec<NodeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<TensorProto>,
    #[prost(message, repeated, tag = "15")]
    sparse_initializers: Vec<SparseTensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeProto {
    #[prost(message, optional, tag = "5")]
    tensor: Option<TensorProto>,
    #[prost(message, optional, tag = "6")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<GraphProto>,
    #[prost(message, optional, tag = "22")]
    sparse_tensor: Option<SparseTensorProto>,
    #[prost(message, repeated, tag = "23")]
    sparse_tensors: Vec<SparseTensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct SparseTensorProto {
    #[prost(message, optional, tag = "1")]
    values: Option<TensorProto>,
    #[prost(message, optional, tag = "2")]
    indices: Option<TensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(string, optional, tag = "8")]
    name: Option<String>,
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<StringStringEntryProto>,
    #[prost(int32, optional, tag = "14")]
    data_location: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct StringStringEntryProto {
    #[prost(string, optional, tag = "1")]
    key: Option<String>,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

/// A tensor whose values lie in another file, as the graph says it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ExternalTensor {
    /// The tensor's name; may be empty.
    pub name: String,
    /// The file, relative to the graph's folder.
    pub location: String,
    /// Where in the file, in bytes.
    pub offset: String,
    /// How many bytes; `None` means up to the end.
    pub length: Option<String>,
}

/// Checks that `path` is an ONNX file, as far as that is seen without running it, and lists what it wants to
/// read from other files.
///
/// # Errors
/// [`Error::Io`] for a file that is not there or cannot be read, [`Error::BadModel`] for one that is not a
/// whole ONNX file.
pub(super) fn external_tensors(path: &Path) -> Result<Vec<ExternalTensor>> {
    let metadata = std::fs::metadata(path).map_err(|error| Error::io("cannot open the graph", path, error))?;
    if !metadata.is_file() {
        let error = io::Error::other("it is not a file");
        return Err(Error::io("cannot open the graph", path, error));
    }
    if metadata.len() == 0 {
        return Err(Error::bad_model(path, "the file is empty; copy or export the graph again"));
    }
    let file = File::open(path).map_err(|error| Error::io("cannot open the graph", path, error))?;
    let bytes = map(&file).map_err(|error| Error::io("cannot read the graph", path, error))?;
    if bytes.starts_with(b"version https://git-lfs") {
        let message = "it is only the Git LFS pointer to the graph; run `git lfs pull` in the folder it came from";
        return Err(Error::bad_model(path, message));
    }
    let model = ModelProto::decode(&*bytes).map_err(|error| {
        Error::bad_model(path, format!("it is not a whole ONNX file ({error}); copy or export the graph again"))
    })?;
    let (Some(graph), Some(1..)) = (&model.graph, model.ir_version) else {
        return Err(Error::bad_model(path, "it is not an ONNX file: it holds no graph; export the graph again"));
    };
    let mut found = Vec::new();
    visit_graph(graph, &mut found);
    model.functions.iter().for_each(|function| visit_nodes(&function.nodes, &mut found));
    Ok(found)
}

#[expect(unsafe_code, reason = "a graph with its weights inside may have 2 GB, of which a few kilobytes are read")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read-only and dropped before this room does anything else with the file. A process
    // that shortens the file in this moment would end us with a signal; model files are not written while
    // they are opened, and ONNX Runtime maps them under the same condition.
    unsafe { Mmap::map(file) }
}

// Recursion is safe: prost refuses messages that are nested more than 100 deep.
fn visit_graph(graph: &GraphProto, found: &mut Vec<ExternalTensor>) {
    visit_tensors(&graph.initializers, found);
    visit_sparse(&graph.sparse_initializers, found);
    visit_nodes(&graph.nodes, found);
}

fn visit_nodes(nodes: &[NodeProto], found: &mut Vec<ExternalTensor>) {
    for attribute in nodes.iter().flat_map(|node| &node.attributes) {
        visit_tensors(attribute.tensor.as_slice(), found);
        visit_tensors(&attribute.tensors, found);
        visit_sparse(attribute.sparse_tensor.as_slice(), found);
        visit_sparse(&attribute.sparse_tensors, found);
        attribute.graph.iter().chain(&attribute.graphs).for_each(|graph| visit_graph(graph, found));
    }
}

fn visit_sparse(tensors: &[SparseTensorProto], found: &mut Vec<ExternalTensor>) {
    for tensor in tensors {
        visit_tensors(tensor.values.as_slice(), found);
        visit_tensors(tensor.indices.as_slice(), found);
    }
}

fn visit_tensors(tensors: &[TensorProto], found: &mut Vec<ExternalTensor>) {
    /// `TensorProto.DataLocation.EXTERNAL`.
    const EXTERNAL: i32 = 1;
    for tensor in tensors {
        if tensor.data_location != Some(EXTERNAL) && tensor.external_data.is_empty() {
            continue;
        }
        let value = |key: &str| {
            let entry = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key))?;
            entry.value.clone()
        };
        found.push(ExternalTensor {
            name: tensor.name.clone().unwrap_or_default(),
            location: value("location").unwrap_or_default(),
            offset: value("offset").unwrap_or_else(|| "0".to_owned()),
            length: value("length"),
        });
    }
}

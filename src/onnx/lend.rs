//! Large tensors taken out of a model, to be given to ONNX Runtime as they lie in memory.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::Model;
use super::external::STAYS_BELOW;
use super::proto::{DataLocation, DataType, NodeProto, StringStringEntryProto, TensorProto};
use crate::{Error, Result};

/// The most bytes that protobuf encodes, and ONNX Runtime decodes.
const MOST: usize = i32::MAX as usize;

/// What the small model names in place of a file. The colon keeps it apart from every file that a graph may name.
const LENT: &str = "memory:lent";

/// A large tensor that was taken out of a model.
#[derive(Debug, Clone)]
pub(crate) struct LentTensor {
    /// Its name in the graph.
    pub name: String,
    /// Its element type, and the bytes of one element.
    pub element: (DataType, usize),
    /// Its dimensions.
    pub dims: Vec<i64>,
    /// Its values, little end first.
    pub bytes: Bytes,
    /// Whether nothing reads it but matrix products, as their second factor.
    pub only_multiplied: bool,
}

/// An ONNX model with its large tensors beside it.
#[derive(Debug, Clone)]
pub(crate) struct Lent {
    /// The encoded model, which says of the tensors beside it that they lie in another file.
    pub model: Vec<u8>,
    /// The tensors beside it.
    pub tensors: Vec<LentTensor>,
}

impl Model {
    /// The model with all tensors of 1 KiB and more beside it, uncopied. Those of graphs inside nodes, of attributes and
    /// in typed fields stay inside.
    ///
    /// # Errors
    /// [`Error::BadModel`] for a tensor whose values are not as many as its shape says; [`Error::Unsupported`] where more
    /// stays inside than can be encoded.
    pub(crate) fn lend(mut self) -> Result<Lent> {
        let origin = self.origin().to_owned();
        let mut tensors = Vec::new();
        if let Some(graph) = self.proto.graph.as_mut() {
            let multiplied = only_multiplied(&graph.node);
            let given_out: HashSet<&str> = graph.output.iter().filter_map(|output| output.name.as_deref()).collect();
            for tensor in &mut graph.initializer {
                let Some(bytes) = tensor.raw_data.as_ref().filter(|raw| raw.len() >= STAYS_BELOW) else { continue };
                let (Some(element), Some(name)) = (tensor.data_type.and_then(element), tensor.name.clone()) else {
                    continue;
                };
                if tensor.element_count().and_then(|count| count.checked_mul(element.1)) != Some(bytes.len()) {
                    let (length, dims) = (bytes.len(), &tensor.dims);
                    let what = format!("the tensor \"{name}\" has {length} bytes, which do not fit its shape {dims:?}");
                    return Err(Error::bad_model(origin, what));
                }
                let only_multiplied = multiplied.contains(name.as_str()) && !given_out.contains(name.as_str());
                let (bytes, dims) = (bytes.clone(), tensor.dims.clone());
                mark(tensor, bytes.len());
                tensors.push(LentTensor { name, element, dims, bytes, only_multiplied });
            }
        }
        let length = prost::Message::encoded_len(&self.proto);
        if length > MOST {
            return Err(Error::Unsupported(format!(
                "the graph \"{}\" has {length} bytes in graphs inside its nodes, of which ONNX Runtime takes at most {MOST} \
                 from memory; open the model from a folder",
                origin.display()
            )));
        }
        Ok(Lent { model: self.to_bytes(), tensors })
    }
}

/// The values that the main graph's matrix products have as their second factor, and that no other node reads.
fn only_multiplied(nodes: &[NodeProto]) -> HashSet<&str> {
    let mut fits: HashMap<&str, bool> = HashMap::new();
    for node in nodes {
        let multiplies = matches!(node.op(), "MatMul" | "Gemm");
        for (index, input) in node.input.iter().enumerate() {
            *fits.entry(input).or_insert(true) &= multiplies && index == 1;
        }
        // A graph inside a node may read any value by its name.
        if node.attribute.iter().any(|attribute| attribute.g.is_some() || !attribute.graphs.is_empty()) {
            return HashSet::new();
        }
    }
    fits.into_iter().filter_map(|(name, fits)| fits.then_some(name)).collect()
}

/// Says that the tensor's values lie elsewhere.
fn mark(tensor: &mut TensorProto, length: usize) {
    let entry = |key: &str, value: String| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) };
    tensor.external_data =
        vec![entry("location", LENT.to_owned()), entry("offset", "0".to_owned()), entry("length", length.to_string())];
    tensor.data_location = Some(DataLocation::External.into());
    tensor.raw_data = None;
}

/// An element type that can be lent, and the bytes of one element.
fn element(data_type: i32) -> Option<(DataType, usize)> {
    let data_type = DataType::try_from(data_type).ok()?;
    let size = match data_type {
        DataType::Bool | DataType::Uint8 | DataType::Int8 => 1,
        DataType::Float8e4m3fn | DataType::Float8e4m3fnuz | DataType::Float8e5m2 | DataType::Float8e5m2fnuz => 1,
        DataType::Float16 | DataType::Bfloat16 | DataType::Uint16 | DataType::Int16 => 2,
        DataType::Float | DataType::Uint32 | DataType::Int32 => 4,
        DataType::Double | DataType::Uint64 | DataType::Int64 => 8,
        _ => return None,
    };
    Some((data_type, size))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn large_tensors_are_lent_and_small_ones_stay() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/unet/model.onnx");
        let whole = Model::open(&path).unwrap();
        let inside = whole.source.as_ptr_range();
        let lent = whole.clone().lend().unwrap();
        assert!(lent.tensors.len() > 50 && lent.model.len() < 1_000_000, "{}", lent.model.len());
        assert!(lent.tensors.iter().all(|tensor| inside.contains(&tensor.bytes.as_ptr())), "a copy");
        let small = Model::parse(lent.model.into(), &path).unwrap();
        assert_eq!(small.external_tensors().len(), lent.tensors.len());
        assert!(small.graph().unwrap().initializer.iter().any(|tensor| tensor.raw_data.is_some()));
    }

    #[test]
    fn what_anything_else_reads_is_not_only_multiplied() {
        let node = |op: &str, inputs: &[&str]| NodeProto::new(op, inputs.to_vec(), ["y"]);
        let nodes = [node("MatMul", &["x", "a"]), node("Gemm", &["x", "b", "c"]), node("Add", &["b", "d"])];
        assert_eq!(only_multiplied(&nodes), HashSet::from(["a"]));
    }

    #[test]
    fn values_that_do_not_fit_their_shape_are_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/unet/model.onnx");
        let mut model = Model::open(&path).unwrap();
        let tensors = &mut model.proto.graph.as_mut().unwrap().initializer;
        tensors.iter_mut().find(|tensor| tensor.dims.len() == 2).unwrap().dims[0] += 1;
        assert!(model.lend().unwrap_err().to_string().contains("do not fit its shape"));
    }
}

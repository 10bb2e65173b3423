//! What a graph takes and gives, read without reading the graph: names, element types and dimensions.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use prost::Message;

use super::file;
use super::proto::{DataType, TypeProto, ValueInfoProto, dimension, type_proto};
use crate::tensor::DType;
use crate::{Error, Result};

/// The fields of `ModelProto` that are read; prost passes over all others without touching their bytes, so that a
/// graph with gigabytes of weights inside costs no more than one without.
#[derive(Clone, PartialEq, Message)]
struct ModelOutline {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphOutline>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphOutline {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeOutline>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorOutline>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeOutline {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, optional, tag = "4")]
    op_type: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorOutline {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    dims: Vec<i64>,
    #[prost(string, optional, tag = "8")]
    name: Option<String>,
}

/// The most nodes that are looked at for the weight behind one input; a denoiser has fewer than 200 behind its context.
const MAX_LOOKED_AT: usize = 512;

/// An input or an output of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Io {
    /// Its name.
    pub name: String,
    /// Its element type; `None` for one that this library has no tensors of.
    pub dtype: Option<DType>,
    /// Its dimensions, `None` for each that is not fixed; no list at all where the graph states no rank.
    pub shape: Option<Vec<Option<usize>>>,
}

impl Io {
    /// The size along `axis`, where the graph fixes it.
    #[must_use]
    pub fn fixed(&self, axis: usize) -> Option<usize> {
        self.shape.as_ref()?.get(axis).copied().flatten()
    }
}

/// The inputs and outputs of a graph, with just enough of its inside to find sizes that they leave open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    inputs: Vec<Io>,
    outputs: Vec<Io>,
    nodes: Vec<NodeOutline>,
    weights: HashMap<String, Vec<i64>>,
}

impl Signature {
    /// Reads the ONNX file at `path`. Weights are not touched, inside the file or outside.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that is not there or cannot be read, [`Error::BadModel`] for one that is not a
    /// whole ONNX file.
    pub fn read(path: &Path) -> Result<Self> {
        let outline = ModelOutline::decode(file::map(path)?).map_err(|error| {
            Error::bad_model(path, format!("it is not a whole ONNX file ({error}); copy or export the graph again"))
        })?;
        let graph = outline.graph.ok_or_else(|| {
            Error::bad_model(path, "it is not an ONNX file: it holds no graph; export the graph again")
        })?;
        let weights: HashMap<_, _> =
            graph.initializer.into_iter().filter_map(|tensor| Some((tensor.name?, tensor.dims))).collect();
        // Before IR version 4 every weight was an input too.
        let inputs = graph.input.into_iter().map(io).filter(|input| !weights.contains_key(&input.name)).collect();
        Ok(Self { inputs, outputs: graph.output.into_iter().map(io).collect(), nodes: graph.node, weights })
    }

    /// What must be fed, in the file's order.
    #[must_use]
    pub fn inputs(&self) -> &[Io] {
        &self.inputs
    }

    /// What comes out, in the file's order.
    #[must_use]
    pub fn outputs(&self) -> &[Io] {
        &self.outputs
    }

    /// The input called `name`.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&Io> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// How many nodes are of one of these kinds, in the main graph.
    #[must_use]
    pub fn count(&self, kinds: &[&str]) -> usize {
        self.nodes.iter().filter(|node| node.op_type.as_deref().is_some_and(|kind| kinds.contains(&kind))).count()
    }

    /// The channels (axis 1) of the image that the input called `name` is: what it states, or what the weight of the
    /// first convolution over it has.
    #[must_use]
    pub fn channels_of(&self, name: &str) -> Option<usize> {
        let stated = self.input(name)?.fixed(1);
        // A convolution's weight is [out, in, ...]; NhwcConv of ONNX Runtime's optimiser has [out, height, width, in].
        stated.or_else(|| {
            self.size_of_weight(name, |kind, dims| match (kind, dims) {
                ("Conv" | "FusedConv", [_, channels, ..]) => Some(*channels),
                ("NhwcConv", [_, .., channels]) => Some(*channels),
                _ => None,
            })
        })
    }

    /// The width (last axis) of the input called `name`: what it states, or what the weight of the first matrix
    /// product over it has.
    #[must_use]
    pub fn width_of(&self, name: &str) -> Option<usize> {
        let input = self.input(name)?;
        let stated = input.shape.as_ref().and_then(|shape| shape.last().copied().flatten());
        stated.or_else(|| {
            self.size_of_weight(name, |kind, dims| match (kind, dims) {
                ("MatMul" | "FusedMatMul", [width, _]) => Some(*width),
                _ => None,
            })
        })
    }

    /// What `pick` takes from the weight of the nearest node that multiplies the value `name`, looked for behind nodes
    /// that only change its type or order.
    fn size_of_weight(&self, name: &str, pick: impl Fn(&str, &[i64]) -> Option<i64>) -> Option<usize> {
        const PASSED: [&str; 4] = ["Cast", "Transpose", "Identity", "QuantizeLinear"];
        let mut seen = HashSet::from([name]);
        let mut values = vec![name];
        // Each value and each node behind one costs a walk over the graph: a crafted one must not make that quadratic.
        let mut looked_at = 0;
        while let Some(value) = values.pop() {
            for node in self.nodes.iter().filter(|node| node.input.first().is_some_and(|first| first == value)) {
                looked_at += 1;
                if looked_at > MAX_LOOKED_AT {
                    return None;
                }
                let kind = node.op_type.as_deref().unwrap_or_default();
                let weight = node.input.get(1).and_then(|weight| self.dims_of(weight));
                if let Some(size) = weight.and_then(|dims| pick(kind, dims)) {
                    return usize::try_from(size).ok().filter(|size| *size > 0);
                }
                if PASSED.contains(&kind) {
                    values.extend(node.output.iter().map(String::as_str).filter(|output| seen.insert(output)));
                }
            }
        }
        None
    }

    /// The dimensions of a weight, which may have been stored in another type.
    fn dims_of(&self, weight: &str) -> Option<&[i64]> {
        self.weights.get(weight).map(Vec::as_slice).or_else(|| {
            let maker = self.nodes.iter().find(|node| node.output.iter().any(|output| output == weight))?;
            let is_cast = matches!(maker.op_type.as_deref(), Some("Cast" | "DequantizeLinear" | "Identity"));
            maker.input.first().filter(|_| is_cast).and_then(|stored| self.weights.get(stored)).map(Vec::as_slice)
        })
    }
}

fn io(value: ValueInfoProto) -> Io {
    let tensor = match value.r#type {
        Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), .. }) => Some(tensor),
        _ => None,
    };
    let dtype = tensor.as_ref().and_then(|tensor| DataType::try_from(tensor.elem_type?).ok()).and_then(dtype);
    let shape = tensor.and_then(|tensor| tensor.shape).map(|shape| {
        let size = |value| match value {
            // Exporters write -1 or 0 for a size that is not fixed, too.
            Some(dimension::Value::DimValue(size)) => usize::try_from(size).ok().filter(|size| *size > 0),
            _ => None,
        };
        shape.dim.into_iter().map(|dim| size(dim.value)).collect()
    });
    Io { name: value.name.unwrap_or_default(), dtype, shape }
}

fn dtype(stored: DataType) -> Option<DType> {
    match stored {
        DataType::Float => Some(DType::F32),
        DataType::Float16 => Some(DType::F16),
        DataType::Double => Some(DType::F64),
        DataType::Int64 => Some(DType::I64),
        DataType::Int32 => Some(DType::I32),
        DataType::Bool => Some(DType::Bool),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests_model(name: &str) -> Signature {
        Signature::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)).unwrap()
    }

    #[test]
    fn names_types_and_sizes() {
        let unet = tests_model("tiny-legacy-fp16/unet/model.onnx");
        let names: Vec<_> = unet.inputs().iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["sample", "timestep", "encoder_hidden_states"]);
        assert_eq!(unet.inputs()[0].dtype, Some(DType::F16));
        assert_eq!(unet.outputs().len(), 1);
        let text = tests_model("tiny-optimum/text_encoder/model.onnx");
        assert_eq!(text.inputs()[0].dtype, Some(DType::I64));
        assert_eq!(text.inputs()[0].fixed(7), None);
    }

    #[test]
    fn sizes_that_the_inputs_leave_open_come_from_the_weights() {
        for name in ["tiny-legacy", "tiny-legacy-fp16", "tiny-optimum", "tiny-static"] {
            let mut unet = tests_model(&format!("{name}/unet/model.onnx"));
            assert_eq!(unet.channels_of("sample"), Some(4), "{name}");
            assert_eq!(unet.width_of("encoder_hidden_states"), Some(32), "{name}");
            for input in &mut unet.inputs {
                for dim in input.shape.iter_mut().flatten() {
                    *dim = None;
                }
            }
            assert_eq!(unet.channels_of("sample"), Some(4), "{name}");
            assert_eq!(unet.width_of("encoder_hidden_states"), Some(32), "{name}");
            assert_eq!(unet.channels_of("nothing"), None, "{name}");
        }
    }

    #[test]
    fn a_chain_without_end_is_given_up() {
        let link = |at: usize| NodeOutline {
            input: vec![format!("v{at}")],
            output: vec![format!("v{}", at + 1)],
            op_type: Some("Cast".to_owned()),
        };
        let product = |at: usize| NodeOutline {
            input: vec![format!("v{at}"), "w".to_owned()],
            output: vec!["out".to_owned()],
            op_type: Some("MatMul".to_owned()),
        };
        for (length, found) in [(3, Some(32)), (2 * MAX_LOOKED_AT, None)] {
            let inputs = vec![Io { name: "v0".to_owned(), dtype: None, shape: None }];
            let nodes = (0..length).map(link).chain([product(length)]).collect();
            let weights = HashMap::from([("w".to_owned(), vec![32, 8])]);
            let graph = Signature { inputs, outputs: Vec::new(), nodes, weights };
            assert_eq!(graph.width_of("v0"), found, "{length}");
        }
    }

    #[test]
    fn what_is_no_graph_is_an_error() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["Cargo.toml", "no-such-file.onnx", "tests/models/tiny-optimum/model_index.json"] {
            assert!(Signature::read(&here.join(file)).is_err(), "{file}");
        }
    }
}

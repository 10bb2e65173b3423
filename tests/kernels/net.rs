//! Writing small ONNX graphs.

use diffusion::onnx::proto::{
    DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TensorType, TypeProto, ValueInfoProto, dimension, type_proto,
};
use diffusion::tensor::Tensor;
use ndarray::{ArrayD, IxDyn};
use prost::Message;

/// A graph that is being written. Its output is called `y`.
pub struct Net {
    graph: GraphProto,
    opset: i64,
}

impl Net {
    /// `output`: sizes of `y`, as in [`input`](Self::input).
    pub fn new(opset: i64, output: &str) -> Self {
        let graph = GraphProto { name: Some("net".to_owned()), output: vec![value("y", output)], ..Default::default() };
        Self { graph, opset }
    }

    /// A float input; `sizes` are numbers and names with spaces between them.
    pub fn input(mut self, name: &str, sizes: &str) -> Self {
        self.graph.input.push(value(name, sizes));
        self
    }

    /// A constant.
    pub fn floats(mut self, name: &str, values: ArrayD<f32>) -> Self {
        self.graph.initializer.push(TensorProto::from_tensor(name, &Tensor::F32(values)));
        self
    }

    /// A constant without dimensions.
    pub fn number(self, name: &str, number: f32) -> Self {
        self.floats(name, ArrayD::from_elem(IxDyn(&[]), number))
    }

    /// A constant list.
    pub fn ints(mut self, name: &str, values: &[i64]) -> Self {
        let values = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).unwrap();
        self.graph.initializer.push(TensorProto::from_tensor(name, &Tensor::I64(values)));
        self
    }

    /// A node that has attributes or several outputs.
    pub fn node(mut self, node: NodeProto) -> Self {
        self.graph.node.push(node);
        self
    }

    /// A node: operator, inputs and, after `=>`, outputs, as `Add a b => c`.
    pub fn op(self, text: &str) -> Self {
        self.node(node(text))
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let opset = OperatorSetIdProto { domain: Some(String::new()), version: Some(self.opset) };
        let model = ModelProto {
            ir_version: Some(if self.opset > 20 { 10 } else { 8 }),
            opset_import: vec![opset],
            graph: Some(self.graph.clone()),
            ..Default::default()
        };
        model.encode_to_vec()
    }
}

/// As [`Net::op`] reads it.
pub fn node(text: &str) -> NodeProto {
    let (inputs, outputs) = text.split_once(" => ").unwrap();
    let mut inputs = inputs.split(' ');
    NodeProto::new(inputs.next().unwrap(), inputs, outputs.split(' '))
}

fn value(name: &str, sizes: &str) -> ValueInfoProto {
    let dim = |size: &str| {
        let value = match size.parse() {
            Ok(number) => dimension::Value::DimValue(number),
            Err(_) => dimension::Value::DimParam(size.to_owned()),
        };
        Dimension { value: Some(value), denotation: None }
    };
    let shape = TensorShapeProto { dim: sizes.split(' ').map(dim).collect() };
    let tensor = TensorType { elem_type: Some(DataType::Float.into()), shape: Some(shape) };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), denotation: None };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(kind), ..Default::default() }
}

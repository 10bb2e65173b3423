//! Making the operators' domain known before several sessions want it at once.

use ort::environment::Environment;
use ort::session::Session;
use prost::Message;

use super::domain;
use crate::onnx::proto::{
    DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto, TensorType, TypeProto,
    ValueInfoProto, type_proto,
};

/// Opens a graph of one node with the operators, so that ONNX Runtime knows their domain.
///
/// It keeps one list of domains for the process; each new session asks whether its own are there and adds them if not,
/// without a lock (<https://github.com/microsoft/onnxruntime/issues/22663>). Of two first sessions at once, one fails,
/// or reads the list while it is written. So this must be done before there are any others.
pub(in super::super) fn announce(environment: &Environment) -> ort::Result<()> {
    let mut builder = Session::builder(environment)?.with_intra_threads(1)?.with_operators(domain(Some(1))?)?;
    builder.commit_from_memory(&graph()).map(drop)
}

fn graph() -> Vec<u8> {
    let scalar = |name: &str| {
        let shape = Some(TensorShapeProto::default());
        let tensor = TensorType { elem_type: Some(DataType::Float.into()), shape };
        let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), denotation: None };
        ValueInfoProto { name: Some(name.to_owned()), r#type: Some(kind), ..Default::default() }
    };
    let graph = GraphProto {
        name: Some("announcement".to_owned()),
        node: vec![NodeProto::new("Identity", ["x"], ["y"])],
        input: vec![scalar("x")],
        output: vec![scalar("y")],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { domain: Some(String::new()), version: Some(13) };
    let model = ModelProto { ir_version: Some(7), opset_import: vec![opset], graph: Some(graph), ..Default::default() };
    model.encode_to_vec()
}

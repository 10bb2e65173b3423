//! Shapes and contents of small graphs.

use std::path::Path;

use prost::Message;

use super::*;
use crate::onnx::Model;
use crate::onnx::proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, TensorProto, TensorShapeProto, TensorType, TypeProto,
};

/// The input `x`, float32 [batch, length, 32], and these nodes.
fn facts(nodes: Vec<NodeProto>) -> Facts {
    let dim = |value| Dimension { value: Some(value), ..Default::default() };
    let dims = ["batch", "length"].map(|name| dim(dimension::Value::DimParam(name.into())));
    let shape = TensorShapeProto { dim: dims.into_iter().chain([dim(dimension::Value::DimValue(32))]).collect() };
    let tensor = TensorType { elem_type: Some(DataType::Float.into()), shape: Some(shape) };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    let input = ValueInfoProto { name: Some("x".into()), r#type: Some(kind), ..Default::default() };
    let graph = GraphProto { node: nodes, input: vec![input], ..Default::default() };
    let proto = ModelProto { ir_version: Some(8), graph: Some(graph), ..Default::default() };
    let mut model = Model::parse(proto.encode_to_vec().into(), Path::new("here")).unwrap();
    Facts::of(&Editor::new(&mut model).unwrap()).unwrap()
}

fn node(op: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto::new(op, inputs.iter().copied(), [output])
}

fn ints(output: &str, values: &[i64]) -> NodeProto {
    node("Constant", &[], output).with(AttributeProto::from_ints("value_ints", values))
}

fn int(output: &str, value: i64) -> NodeProto {
    node("Constant", &[], output).with(AttributeProto::from_int("value_int", value))
}

#[test]
fn heads_and_scale_are_found_through_computed_shapes() {
    let facts = facts(vec![
        node("Shape", &["x"], "shape"),
        int("0", 0),
        int("2", 2),
        ints("[0]", &[0]),
        node("Gather", &["shape", "0"], "batch"),
        node("Gather", &["shape", "2"], "width"),
        int("4", 4),
        node("Div", &["width", "4"], "size"),
        node("Unsqueeze", &["batch", "[0]"], "[batch]"),
        node("Unsqueeze", &["size", "[0]"], "[size]"),
        ints("[-1]", &[-1]),
        ints("[4]", &[4]),
        node("Concat", &["[batch]", "[-1]", "[4]", "[size]"], "target").with(AttributeProto::from_int("axis", 0)),
        node("Reshape", &["x", "target"], "heads"),
        node("Cast", &["size"], "float").with(AttributeProto::from_int("to", 1)),
        node("Sqrt", &["float"], "root"),
        ints("[0, 0, -1]", &[0, 0, -1]),
        node("Reshape", &["heads", "[0, 0, -1]"], "again"),
    ]);
    let x = facts.shape("x").unwrap();
    let heads = facts.shape("heads").unwrap();
    assert_eq!(heads[..2], x[..2]);
    assert!(heads[2].is(4) && heads[3].is(8));
    assert_eq!(facts.number("root"), Some(8f64.sqrt()));
    assert_eq!(facts.shape("again").unwrap(), x);
    assert_eq!(facts.data_type("heads"), Some(DataType::Float));
}

#[test]
fn a_part_of_a_table_beside_what_it_was_cut_for_is_as_long() {
    let table = TensorProto { dims: vec![1, 77, 32], data_type: Some(1), ..Default::default() };
    let facts = facts(vec![
        node("Shape", &["x"], "shape"),
        ints("[1]", &[1]),
        ints("[0]", &[0]),
        node("Gather", &["shape", "[1]"], "[length]"),
        node("Constant", &[], "table").with(AttributeProto::from_tensor("value", table)),
        node("Slice", &["table", "[0]", "[length]", "[1]"], "part"),
        node("Add", &["x", "part"], "sum"),
        node("Add", &["part", "x"], "other"),
    ]);
    assert_ne!(facts.shape("part").unwrap()[1], facts.shape("x").unwrap()[1]);
    assert_eq!(facts.shape("sum"), facts.shape("x"));
    assert_eq!(facts.shape("other"), facts.shape("x"));
}

#[test]
fn what_is_not_understood_is_unknown() {
    let facts = facts(vec![
        node("NoSuchOperator", &["x"], "a"),
        node("Add", &["a", "x"], "b"),
        ints("seven", &[7, -1]),
        node("Reshape", &["x", "seven"], "c"),
        ints("perm", &[1, 0]),
        node("Transpose", &["x"], "d").with(AttributeProto::from_ints("perm", &[0, 9, -3])),
        node("Concat", &["x"], "e").with(AttributeProto::from_int("axis", i64::MIN)),
        node("Slice", &["x", "seven", "seven", "seven"], "f"),
    ]);
    for value in ["a", "b", "d", "e", "f", "nothing"] {
        assert_eq!(facts.shape(value), None, "{value}");
    }
    let reshaped = facts.shape("c").unwrap();
    assert!(reshaped[0].is(7) && reshaped[1].value().is_none());
    assert!(!facts.is_zero("x") && facts.number("seven").is_none());
}

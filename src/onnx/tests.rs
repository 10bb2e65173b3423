//! The editor on small graphs that are made here.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use prost::Message;

use super::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use super::{Editor, Model};
use crate::tensor::Tensor;
use crate::{Error, Result};

fn info(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: Some(name.to_owned()), ..Default::default() }
}

fn node(op: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto::new(op, inputs.iter().copied(), outputs.iter().copied()).named(&format!("{op}/{}", outputs[0]))
}

fn numbers(name: &str, values: &[f32]) -> TensorProto {
    let array = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).unwrap();
    TensorProto::from_tensor(name, &Tensor::F32(array))
}

/// Input `x`, initializer `w`, output `y`.
fn model(nodes: Vec<NodeProto>) -> Result<Model> {
    let graph = GraphProto {
        node: nodes,
        input: vec![info("x")],
        output: vec![info("y")],
        initializer: vec![numbers("w", &[1.0, 2.0])],
        ..Default::default()
    };
    let proto = ModelProto { ir_version: Some(8), graph: Some(graph), ..Default::default() };
    Model::parse(proto.encode_to_vec().into(), Path::new("here.onnx"))
}

fn ops(model: &Model) -> Vec<&str> {
    model.graph().unwrap().node.iter().map(|n| n.name.as_deref().unwrap()).collect()
}

/// A node `If` whose branches use `inner` from outside.
fn branch(output: &str, inner: &str) -> NodeProto {
    let graph = || GraphProto {
        node: vec![node("Neg", &[inner], &["negative"])],
        output: vec![info("negative")],
        ..Default::default()
    };
    let attribute = |name: &str| AttributeProto { name: Some(name.into()), g: Some(graph()), ..Default::default() };
    node("If", &["x"], &[output]).with(attribute("then_branch")).with(attribute("else_branch"))
}

#[test]
fn makers_and_users_follow_every_edit() {
    let mut model = model(vec![node("Abs", &["x"], &["a"]), node("Mul", &["a", "w"], &["y"])]).unwrap();
    let mut editor = Editor::new(&mut model).unwrap();
    let (abs, mul) = (editor.producer("a").unwrap(), editor.producer("y").unwrap());
    assert_eq!(editor.consumers("a"), [mul]);
    assert!(editor.is_input("x") && editor.is_output("y") && editor.initializer("w").is_some());

    let name = editor.fresh_name("a");
    assert_eq!(name, "a_1");
    let neg = editor.add_node(node("Neg", &["a"], &[&name])).unwrap();
    assert_eq!(editor.consumers("a"), [mul, neg]);
    editor.remove_node(mul);
    assert_eq!(editor.consumers("a"), [neg]);
    assert!(editor.consumers("w").is_empty() && editor.producer("y").is_none());
    editor.add_initializer(numbers("v", &[3.0])).unwrap();
    editor.add_node(node("Mul", &["a", "v"], &["y"])).unwrap();
    assert_eq!(editor.replace_uses("a", &name), 2, "the new node itself is one of them");
    editor.remove_node(neg);
    editor.add_node(node("Neg", &["a"], &[&name])).unwrap();
    assert_eq!(editor.consumers("a").len(), 1);
    assert_eq!(editor.node(abs).unwrap().op(), "Abs");
    assert_eq!(editor.remove_dead(), 0);
    editor.finish().unwrap();

    assert_eq!(ops(&model), ["Abs/a", "Neg/a_1", "Mul/y"]);
    let initializers: Vec<_> = model.graph().unwrap().initializer.iter().map(|t| t.name.clone().unwrap()).collect();
    assert_eq!(initializers, ["v"], "nothing used w any more");
}

#[test]
fn nodes_in_any_order_come_out_in_one_that_runs() {
    let nodes = vec![
        node("Add", &["c", "b"], &["y"]),
        node("Abs", &["x"], &["a"]),
        node("Neg", &["b"], &["c"]),
        node("Exp", &["a"], &["b"]),
    ];
    let mut model = model(nodes).unwrap();
    Editor::new(&mut model).unwrap().finish().unwrap();
    assert_eq!(ops(&model), ["Abs/a", "Exp/b", "Neg/c", "Add/y"]);
}

#[test]
fn what_subgraphs_use_is_neither_dead_nor_forgotten() {
    let nodes = vec![
        node("Abs", &["x"], &["a"]),
        node("Abs", &["x"], &["b"]),
        node("Exp", &["x"], &["dead"]),
        node("Exp", &["dead"], &["dead too"]),
        branch("y", "a"),
    ];
    let mut model = model(nodes).unwrap();
    let mut editor = Editor::new(&mut model).unwrap();
    assert_eq!(editor.consumers("a"), [editor.producer("y").unwrap()]);
    assert_eq!(editor.replace_uses("a", "b"), 1);
    assert_eq!(editor.remove_dead(), 3);
    assert_ne!(editor.fresh_name("negative"), "negative", "a name inside a subgraph is not free");
    editor.finish().unwrap();
    assert_eq!(ops(&model), ["Abs/b", "If/y"]);
    let inside = model.graph().unwrap().node[1].attribute[1].g.as_ref().unwrap();
    assert_eq!(inside.node[0].input, ["b"]);
}

#[test]
fn constants_are_seen_through_copies() {
    let constant = |output: &str, attribute: AttributeProto| node("Constant", &[], &[output]).with(attribute);
    let int = ArrayD::from_shape_vec(IxDyn(&[2]), vec![3i64, -1]).unwrap();
    let nodes = vec![
        constant("f", AttributeProto::from_float("value_float", 0.5)),
        constant("i", AttributeProto::from_int("value_int", 7)),
        constant("is", AttributeProto::from_ints("value_ints", &[1, 2])),
        constant("t", AttributeProto::from_tensor("value", TensorProto::from_tensor("", &Tensor::I64(int.clone())))),
        node("Cast", &["t"], &["t32"]).with(AttributeProto::from_int("to", 1)),
        node("Identity", &["t32"], &["copy"]),
        node("Cast", &["x"], &["unknown"]).with(AttributeProto::from_int("to", 1)),
        node("Abs", &["x"], &["y"]),
    ];
    let mut model = model(nodes).unwrap();
    let editor = Editor::new(&mut model).unwrap();
    assert_eq!(editor.number("f"), Some(0.5));
    assert_eq!(editor.number("i"), Some(7.0));
    assert_eq!(editor.constant("t"), Some(Tensor::I64(int)));
    assert_eq!(editor.constant("copy").unwrap().into_f32().into_raw_vec_and_offset().0, [3.0, -1.0]);
    assert_eq!(editor.constant("w").unwrap().shape(), [2]);
    for unknown in ["x", "y", "unknown", "nowhere"] {
        assert_eq!(editor.constant(unknown), None, "{unknown}");
    }
    assert_eq!(editor.number("is"), None, "two elements");
}

#[test]
fn graphs_that_contradict_themselves_are_refused() {
    let refused = |nodes: Vec<NodeProto>, reason: &str| {
        let mut model = model(nodes).unwrap();
        let error = Editor::new(&mut model).unwrap_err();
        assert!(matches!(error, Error::BadModel { .. }) && error.to_string().contains(reason), "{error}");
    };
    refused(vec![node("Abs", &["x"], &["y"]), node("Neg", &["x"], &["y"])], "\"y\" of its graph is made twice");
    refused(vec![node("Split", &["x"], &["y", "y"])], "\"y\" of its graph is made twice");
    refused(vec![node("Abs", &["y"], &["x"])], "\"x\" of its graph is made twice");
    refused(vec![node("Abs", &["x"], &["w"])], "\"w\" of its graph is made twice");
    refused(vec![node("Abs", &["y"], &["y"])], "\"Abs/y\" (Abs) of its graph needs its own result");
    refused(vec![node("Abs", &["b"], &["y"]), node("Neg", &["y"], &["b"])], "needs its own result");
    refused(vec![node("Add", &["x", "z"], &["y"])], "nothing makes the value \"z\"");
    refused(vec![branch("y", "z")], "nothing makes the value \"z\"");
    refused(vec![node("Abs", &["x"], &["a"])], "nothing makes the value \"y\"");
    refused(vec![branch("y", "y")], "needs its own result");
}

#[test]
fn edits_that_break_a_graph_leave_the_model_as_it_was() {
    let mut model = model(vec![node("Abs", &["x"], &["a"]), node("Neg", &["a"], &["y"])]).unwrap();
    let before = model.proto().clone();
    let mut editor = Editor::new(&mut model).unwrap();
    for name in ["a", "x", "w", "y"] {
        assert!(matches!(editor.add_node(node("Abs", &["x"], &[name])), Err(Error::Internal(_))), "{name}");
        assert!(matches!(editor.add_initializer(numbers(name, &[1.0])), Err(Error::Internal(_))), "{name}");
    }
    assert!(matches!(editor.add_initializer(TensorProto::default()), Err(Error::Internal(_))));
    editor.remove_node(editor.producer("a").unwrap()).unwrap();
    assert!(matches!(editor.finish(), Err(Error::Internal(_))));
    let mut editor = Editor::new(&mut model).unwrap();
    editor.replace_uses("x", "y");
    assert!(matches!(editor.finish(), Err(Error::BadModel { .. })));
    assert_eq!(*model.proto(), before);
}

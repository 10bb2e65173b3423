//! Changing what a committed graph is called and takes, as exporters differ in it.

use std::fs;
use std::path::Path;

use diffusion::onnx::Model;
use diffusion::onnx::proto::{
    AttributeProto, DataType, Dimension, GraphProto, NodeProto, TensorType, ValueInfoProto, dimension, type_proto,
};
use prost::Message;

/// Rewrites the graph in the file `path`.
pub fn edit(path: &Path, change: impl FnOnce(&mut GraphProto)) {
    let model = Model::open(path).unwrap();
    let mut proto = model.proto().clone();
    change(proto.graph.as_mut().unwrap());
    let bytes = proto.encode_to_vec();
    // The old file is mapped as long as these live.
    drop((proto, model));
    fs::write(path, bytes).unwrap();
}

/// Calls a value `new` wherever it stands.
pub fn rename(graph: &mut GraphProto, old: &str, new: &str) {
    for node in &mut graph.node {
        node.input.iter_mut().chain(&mut node.output).filter(|name| *name == old).for_each(|name| *name = new.into());
    }
    let infos = graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info);
    infos.filter(|info| info.name.as_deref() == Some(old)).for_each(|info| info.name = Some(new.into()));
}

/// Leaves no other outputs.
pub fn keep_outputs(graph: &mut GraphProto, names: &[&str]) {
    graph.output.retain(|output| names.contains(&output.name.as_deref().unwrap()));
    assert_eq!(graph.output.len(), names.len(), "{names:?}");
}

/// Lets the graph take its input `name` as another element type.
pub fn take_as(graph: &mut GraphProto, name: &str, taken: DataType) {
    let own = tensor(input(graph, name)).elem_type.replace(taken as i32);
    put_before(
        graph,
        name,
        NodeProto::new("Cast", [name], [""]).with(AttributeProto::from_int("to", own.unwrap().into())),
    );
}

/// Lets the graph take one number as a list of one.
pub fn take_list(graph: &mut GraphProto, name: &str) {
    let value = Some(dimension::Value::DimParam("numbers".into()));
    tensor(input(graph, name)).shape.get_or_insert_default().dim.push(Dimension { value, denotation: None });
    put_before(graph, name, NodeProto::new("Squeeze", [name], [""]));
}

/// Puts `node` between the input and all that uses it.
fn put_before(graph: &mut GraphProto, name: &str, mut node: NodeProto) {
    let inside = format!("{name}_{}", node.op());
    for user in &mut graph.node {
        user.input.iter_mut().filter(|input| *input == name).for_each(|input| input.clone_from(&inside));
    }
    node.output = vec![inside];
    graph.node.insert(0, node);
}

/// The graph's input `name`.
pub fn input<'g>(graph: &'g mut GraphProto, name: &str) -> &'g mut ValueInfoProto {
    graph.input.iter_mut().find(|input| input.name.as_deref() == Some(name)).unwrap_or_else(|| panic!("no {name}"))
}

/// Changes of an input's shape.
pub trait Shape {
    /// The dimension `axis` is `size` from now on.
    fn fix(&mut self, axis: usize, size: i64);
}

impl Shape for ValueInfoProto {
    fn fix(&mut self, axis: usize, size: i64) {
        let shape = tensor(self).shape.as_mut().unwrap();
        shape.dim[axis].value = Some(dimension::Value::DimValue(size));
    }
}

fn tensor(info: &mut ValueInfoProto) -> &mut TensorType {
    match info.r#type.as_mut().and_then(|kind| kind.value.as_mut()) {
        Some(type_proto::Value::TensorType(tensor)) => tensor,
        _ => panic!("not a tensor"),
    }
}

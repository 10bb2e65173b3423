//! Nodes and their attributes, as ONNX Runtime's editor has them.

use std::borrow::Cow;

use ort::editor::{Node, ONNX_DOMAIN};
use ort::operator::Attribute;

use crate::onnx::proto::{AttributeProto, AttributeType, NodeProto, TensorProto};

/// The nodes of a graph.
pub(super) struct Nodes<'g> {
    pub(super) nodes: Vec<Node>,
    /// Tensors that were attributes, which the editor knows none of.
    pub(super) constants: Vec<Cow<'g, TensorProto>>,
}

/// The nodes; `None` where one has an attribute that cannot be told.
pub(super) fn read(protos: &[NodeProto]) -> ort::Result<Option<Nodes<'_>>> {
    let mut read = Nodes { nodes: Vec::with_capacity(protos.len()), constants: Vec::new() };
    for proto in protos {
        let [output] = proto.output.as_slice() else {
            let Some(node) = node(proto)? else { return Ok(None) };
            read.nodes.push(node);
            continue;
        };
        match (proto.op(), proto.tensor("value"), proto.attribute.len()) {
            ("Constant", Some(value), 1) => read.constants.push(renamed(value, output)),
            // The same values by an operator that takes them as an input: a scalar, spread over the shape.
            ("ConstantOfShape", Some(value), 1) => {
                let name = format!("{output}, the value of its ConstantOfShape");
                let mut scalar = renamed(value, &name);
                scalar.to_mut().dims.clear();
                let [shape] = proto.input.as_slice() else { return Ok(None) };
                let expand = NodeProto::new("Expand", [name.as_str(), shape], [output.as_str()]);
                let Some(node) = node(&NodeProto { name: proto.name.clone(), ..expand })? else { return Ok(None) };
                read.nodes.push(node);
                read.constants.push(scalar);
            }
            _ => {
                let Some(node) = node(proto)? else { return Ok(None) };
                read.nodes.push(node);
            }
        }
    }
    Ok(Some(read))
}

fn renamed<'g>(tensor: &'g TensorProto, name: &str) -> Cow<'g, TensorProto> {
    Cow::Owned(TensorProto { name: Some(name.to_owned()), ..tensor.clone() })
}

fn node(proto: &NodeProto) -> ort::Result<Option<Node>> {
    let domain = proto.domain.as_deref().filter(|domain| *domain != "ai.onnx").unwrap_or(ONNX_DOMAIN);
    let Some(operator) = proto.op_type.as_deref() else { return Ok(None) };
    let mut attributes = Vec::with_capacity(proto.attribute.len());
    for attribute in &proto.attribute {
        match told(attribute) {
            Some(attribute) => attributes.push(attribute?),
            None => return Ok(None),
        }
    }
    let name = proto.name.as_deref().unwrap_or_default();
    Node::new(operator, domain, name, &proto.input, &proto.output, attributes).map(Some)
}

fn told(attribute: &AttributeProto) -> Option<ort::Result<Attribute>> {
    let name = attribute.name.as_deref()?;
    // A function's parameter, which stands in functions only.
    if attribute.ref_attr_name.as_deref().is_some_and(|name| !name.is_empty()) {
        return None;
    }
    let text = |bytes: &bytes::Bytes| Some(str::from_utf8(bytes).ok()?.to_owned());
    Some(match AttributeType::try_from(attribute.r#type?).ok()? {
        AttributeType::Int => Attribute::new(name, attribute.i?),
        AttributeType::Float => Attribute::new(name, attribute.f?),
        AttributeType::String => Attribute::new(name, text(attribute.s.as_ref()?)?),
        AttributeType::Ints => Attribute::new(name, attribute.ints.as_slice()),
        AttributeType::Floats => Attribute::new(name, attribute.floats.as_slice()),
        AttributeType::Strings => {
            Attribute::new(name, attribute.strings.iter().map(text).collect::<Option<Vec<String>>>()?)
        }
        _ => return None,
    })
}

//! What holds for every run of a graph: shapes, element types, and the contents of small tensors.
//!
//! Exported graphs compute their shapes at run time (`Shape`, `Gather`, `Concat`, `Reshape`). Here they are followed
//! with symbols for what is not known, so that "this `Reshape` splits 320 channels into 8 heads of 40" can be proven.
//! Names of dimensions (`dim_param`) of the graph's inputs count: the specification says that equal names are equal
//! sizes. What is not understood is unknown, never guessed.

mod contents;
mod dim;
mod operators;
mod shapes;

use std::collections::{HashMap, HashSet};

pub use dim::Dim;

use super::proto::{DataType, NodeProto, ValueInfoProto, dimension, type_proto};
use super::{Editor, NodeId};
use crate::Result;

/// One element of a small tensor.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    /// An integer or a truth value.
    Int(Dim),
    Float(f64),
    Unknown,
}

/// The elements of a scalar or vector.
#[derive(Debug, Clone, PartialEq)]
struct Content {
    scalar: bool,
    items: Vec<Item>,
}

/// What is known about the values of a graph as it was when [`of`](Self::of) was asked; values that edits add later
/// are unknown.
#[derive(Debug, Default)]
pub struct Facts {
    shapes: HashMap<String, Vec<Dim>>,
    types: HashMap<String, DataType>,
    contents: HashMap<String, Content>,
    zeros: HashSet<String>,
    named: HashMap<String, u32>,
    /// Unknown sizes that are the smaller one of a number of at least 1 and another size: that size.
    minima: HashMap<Dim, Dim>,
    symbols: u32,
}

impl Facts {
    /// Follows the graph from its inputs to its outputs.
    ///
    /// # Errors
    /// As [`Editor::order`].
    pub fn of(editor: &Editor<'_>) -> Result<Self> {
        let mut facts = Self::default();
        let graph = editor.model().graph()?;
        graph.input.iter().for_each(|info| facts.note_declared(info));
        for tensor in editor.initializers() {
            let name = tensor.name.clone().unwrap_or_default();
            if editor.is_input(&name) {
                continue;
            }
            if let Some(content) = contents::of_tensor(tensor) {
                facts.note_content(&name, content);
            }
            if let Some(kind) = tensor.data_type.and_then(|kind| DataType::try_from(kind).ok()) {
                facts.types.insert(name.clone(), kind);
            }
            facts.shapes.insert(name, tensor.dims.iter().map(|dim| Dim::known(*dim)).collect());
        }
        let declared: HashMap<&str, &ValueInfoProto> =
            graph.value_info.iter().filter_map(|info| Some((info.name.as_deref()?, info))).collect();
        for id in editor.order()? {
            facts.follow(editor, id, &declared);
        }
        Ok(facts)
    }

    /// The shape, if at least the rank is known.
    #[must_use]
    pub fn shape(&self, value: &str) -> Option<&[Dim]> {
        self.shapes.get(value).map(Vec::as_slice)
    }

    /// The element type.
    #[must_use]
    pub fn data_type(&self, value: &str) -> Option<DataType> {
        self.types.get(value).copied()
    }

    /// The number that `value` is: the only element of a tensor of floats, or of a known integer.
    #[must_use]
    pub fn number(&self, value: &str) -> Option<f64> {
        match self.contents.get(value)?.items.as_slice() {
            [Item::Float(number)] => Some(*number),
            [Item::Int(dim)] => dim.value().map(|number| number as f64),
            _ => None,
        }
    }

    /// Whether every element is zero.
    #[must_use]
    pub fn is_zero(&self, value: &str) -> bool {
        self.zeros.contains(value)
    }

    fn follow(&mut self, editor: &Editor<'_>, id: NodeId, declared: &HashMap<&str, &ValueInfoProto>) {
        let Some(node) = editor.node(id) else { return };
        self.follow_type(node);
        let shapes = self.infer(node).unwrap_or_default();
        for (index, output) in node.output.iter().enumerate().filter(|(_, output)| !output.is_empty()) {
            if let Some(shape) = shapes.get(index).cloned().flatten() {
                self.shapes.insert(output.clone(), shape);
            }
            if let Some(info) = declared.get(output.as_str()) {
                self.note_declared(info);
            }
        }
        self.follow_content(node);
    }

    /// A new unknown size.
    fn fresh(&mut self) -> Dim {
        self.symbols += 1;
        Dim::symbol(self.symbols)
    }

    /// What the file itself says about a value, where nothing better is known.
    fn note_declared(&mut self, info: &ValueInfoProto) {
        let (Some(name), Some(kind)) = (&info.name, &info.r#type) else { return };
        let Some(type_proto::Value::TensorType(tensor)) = &kind.value else { return };
        if let Some(kind) = tensor.elem_type.and_then(|kind| DataType::try_from(kind).ok()) {
            self.types.entry(name.clone()).or_insert(kind);
        }
        let Some(shape) = &tensor.shape else { return };
        if self.shapes.contains_key(name) {
            return;
        }
        let mut dims = Vec::with_capacity(shape.dim.len());
        for dim in &shape.dim {
            dims.push(match &dim.value {
                Some(dimension::Value::DimValue(value)) => Dim::known(*value),
                Some(dimension::Value::DimParam(param)) if !param.is_empty() => match self.named.get(param) {
                    Some(number) => Dim::symbol(*number),
                    None => {
                        let dim = self.fresh();
                        self.named.insert(param.clone(), self.symbols);
                        dim
                    }
                },
                _ => self.fresh(),
            });
        }
        self.shapes.insert(name.clone(), dims);
    }

    fn note_content(&mut self, name: &str, content: Content) {
        let zero = |item: &Item| match item {
            Item::Int(dim) => dim.is(0),
            Item::Float(value) => *value == 0.0,
            Item::Unknown => false,
        };
        if !content.items.is_empty() && content.items.iter().all(zero) {
            self.zeros.insert(name.to_owned());
        }
        self.contents.insert(name.to_owned(), content);
    }

    fn follow_type(&mut self, node: &NodeProto) {
        let of = |index: usize| self.types.get(node.input_at(index)?).copied();
        let kind = match node.op() {
            "Cast" => node.int("to").and_then(|kind| DataType::try_from(i32::try_from(kind).ok()?).ok()),
            "Shape" | "Size" | "ArgMax" | "ArgMin" => Some(DataType::Int64),
            "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "And" | "Or" | "Not" | "IsNaN" => {
                Some(DataType::Bool)
            }
            "Constant" => contents::constant_type(node),
            "ConstantOfShape" => match node.tensor("value") {
                Some(tensor) => tensor.data_type.and_then(|kind| DataType::try_from(kind).ok()),
                None => Some(DataType::Float),
            },
            "Where" | "DequantizeLinear" => of(1),
            op if shapes::KEEPS_TYPE.contains(&op) => of(0),
            _ if node.is("com.microsoft", "MultiHeadAttention") => of(0),
            _ => None,
        };
        let Some(kind) = kind else { return };
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            self.types.insert(output.clone(), kind);
        }
    }
}

#[cfg(test)]
mod tests;

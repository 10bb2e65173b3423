//! The elements of small tensors: shapes under construction, scales.

use super::{Content, Dim, Facts, Item};
use crate::onnx::constant::{constant_node, numbers};
use crate::onnx::proto::{DataType, NodeProto, TensorProto};
use crate::tensor::Tensor;

/// Longer vectors are no shapes.
const LARGEST: usize = 64;

/// The content of a tensor of rank 0 or 1 with few elements.
pub(super) fn of_tensor(tensor: &TensorProto) -> Option<Content> {
    if tensor.dims.len() > 1 || tensor.element_count()? > LARGEST {
        return None;
    }
    of_values(&tensor.to_tensor()?)
}

fn of_values(tensor: &Tensor) -> Option<Content> {
    let float = matches!(tensor, Tensor::F32(_) | Tensor::F16(_) | Tensor::F64(_));
    let item = |number: f64| if float { Item::Float(number) } else { Item::Int(Dim::known(number as i64)) };
    let items = match tensor {
        Tensor::I64(values) => values.iter().map(|value| Item::Int(Dim::known(*value))).collect(),
        _ => numbers(tensor).into_iter().map(item).collect(),
    };
    (tensor.shape().len() <= 1).then_some(Content { scalar: tensor.shape().is_empty(), items })
}

/// The element type of a `Constant`.
pub(super) fn constant_type(node: &NodeProto) -> Option<DataType> {
    let attribute = node.attribute.first()?;
    match attribute.name.as_deref()? {
        "value" => DataType::try_from(attribute.t.as_ref()?.data_type?).ok(),
        "value_float" | "value_floats" => Some(DataType::Float),
        "value_int" | "value_ints" => Some(DataType::Int64),
        _ => None,
    }
}

impl Facts {
    /// Notes the content of the node's output, if it is small and can be followed.
    pub(super) fn follow_content(&mut self, node: &NodeProto) {
        let Some(output) = node.output_at(0).map(str::to_owned) else { return };
        if let Some(content) = self.content_of(node).filter(|content| content.items.len() <= LARGEST) {
            self.note_content(&output, content);
        }
        let zero = |index: usize| node.input_at(index).is_some_and(|name| self.is_zero(name));
        let stays_zero = match node.op() {
            "Identity" | "Cast" | "Expand" | "Reshape" | "Unsqueeze" | "Squeeze" | "Transpose" | "Slice" | "Neg" => {
                zero(0)
            }
            // Infinity times zero is left out: these are the zeros that exporters write for `beta = 0`.
            "Mul" => (zero(0) && self.is_finite(node, 1)) || (zero(1) && self.is_finite(node, 0)),
            // Without a value it is zero; a value of a type that is not followed may be anything.
            "ConstantOfShape" => node.tensor("value").is_none_or(|value| {
                let is_zero = |item: &Item| matches!(item, Item::Float(0.0)) || *item == Item::Int(Dim::known(0));
                of_tensor(value).is_some_and(|value| value.items.iter().all(is_zero))
            }),
            _ => false,
        };
        if stays_zero {
            self.zeros.insert(output);
        }
    }

    fn is_finite(&self, node: &NodeProto, index: usize) -> bool {
        node.input_at(index).is_some_and(|name| self.is_zero(name) || self.number(name).is_some_and(f64::is_finite))
    }

    fn content_of(&self, node: &NodeProto) -> Option<Content> {
        let input = |index: usize| self.contents.get(node.input_at(index)?);
        let vector = |items: Vec<Item>| Some(Content { scalar: false, items });
        match node.op() {
            "Constant" => match node.attribute.first()?.t.as_ref() {
                Some(tensor) => of_tensor(tensor),
                None => of_values(&constant_node(node)?),
            },
            "Identity" => input(0).cloned(),
            "Shape" => {
                let shape = self.shape(node.input_at(0)?)?;
                let end = |value: i64| clamp(value, shape.len());
                let (from, to) = (end(node.int("start").unwrap_or(0)), end(node.int("end").unwrap_or(i64::MAX)));
                vector(shape.get(from..to)?.iter().cloned().map(Item::Int).collect())
            }
            "Gather" => {
                let (data, index) = (input(0)?, input(1)?);
                let pick = |item: &Item| match item {
                    Item::Int(dim) => {
                        let at = dim.value()?;
                        let at = if at < 0 { at.checked_add(data.items.len() as i64)? } else { at };
                        data.items.get(usize::try_from(at).ok()?).cloned()
                    }
                    _ => None,
                };
                let items = index.items.iter().map(pick).collect::<Option<Vec<_>>>()?;
                Some(Content { scalar: index.scalar, items })
            }
            "Slice" => {
                let data = input(0)?;
                let known = |index: usize| single(input(index)?)?.value();
                let step = if node.input_at(4).is_some() { known(4)? } else { 1 };
                let (from, to) = (clamp(known(1)?, data.items.len()), clamp(known(2)?, data.items.len()));
                (step == 1).then(|| vector(data.items.get(from..to.max(from))?.to_vec()))?
            }
            "Concat" => {
                let mut items = Vec::new();
                for name in &node.input {
                    items.extend(self.known_or_unknown(name)?);
                }
                vector(items)
            }
            "Unsqueeze" => {
                let data = input(0)?;
                data.scalar.then(|| vector(data.items.clone()))?
            }
            "Squeeze" | "Reshape" => {
                let data = input(0)?;
                let shape = self.shape(node.output_at(0)?)?;
                (shape.len() <= 1).then(|| Content { scalar: shape.is_empty(), items: data.items.clone() })
            }
            "Cast" => cast(input(0)?, node.int("to")?),
            "ConstantOfShape" => {
                let [count] = input(0)?.items.as_slice() else { return None };
                let Item::Int(count) = count else { return None };
                let count = usize::try_from(count.value()?).ok().filter(|count| *count <= LARGEST)?;
                let value = match node.tensor("value") {
                    Some(tensor) => of_tensor(tensor)?.items.first()?.clone(),
                    None => Item::Float(0.0),
                };
                vector(vec![value; count])
            }
            "Sqrt" => map(input(0)?, f64::sqrt),
            "Reciprocal" => map(input(0)?, f64::recip),
            op @ ("Add" | "Sub" | "Mul" | "Div" | "Pow" | "Equal") => {
                zip(input(0)?, input(1)?, |a, b| arithmetic(op, a, b))
            }
            "Where" => {
                let (choice, yes, no) = (input(0)?, input(1)?, input(2)?);
                let both = zip(yes, no, |a, b| Some(if a == b { a.clone() } else { Item::Unknown }))?;
                if choice.items.len() != both.items.len() {
                    return None;
                }
                let at =
                    |content: &Content, i: usize| content.items[if content.items.len() == 1 { 0 } else { i }].clone();
                let pick = |(i, item): (usize, &Item)| match item {
                    Item::Int(dim) if dim.is(1) => at(yes, i),
                    Item::Int(dim) if dim.is(0) => at(no, i),
                    _ => both.items[i].clone(),
                };
                let items = choice.items.iter().enumerate().map(pick).collect();
                Some(Content { scalar: choice.scalar && both.scalar, items })
            }
            _ => None,
        }
    }

    /// The elements of a part of a shape; unknown ones where only their number is known.
    fn known_or_unknown(&self, name: &str) -> Option<Vec<Item>> {
        if let Some(content) = self.contents.get(name) {
            return Some(content.items.clone());
        }
        match self.shape(name)? {
            [count] => Some(vec![Item::Unknown; usize::try_from(count.value()?).ok().filter(|n| *n <= LARGEST)?]),
            _ => None,
        }
    }
}

fn single(content: &Content) -> Option<&Dim> {
    match content.items.as_slice() {
        [Item::Int(dim)] => Some(dim),
        _ => None,
    }
}

/// A start or end, counted from the back if negative, within `0..=length`.
pub(super) fn clamp(value: i64, length: usize) -> usize {
    let length = length as i64;
    let from_start = if value < 0 { value.saturating_add(length) } else { value };
    from_start.clamp(0, length) as usize
}

fn map(content: &Content, f: impl Fn(f64) -> f64) -> Option<Content> {
    let item = |item: &Item| match item {
        Item::Float(value) => Item::Float(f(*value)),
        _ => Item::Unknown,
    };
    Some(Content { scalar: content.scalar, items: content.items.iter().map(item).collect() })
}

fn zip(a: &Content, b: &Content, f: impl Fn(&Item, &Item) -> Option<Item>) -> Option<Content> {
    let count = match (a.items.len(), b.items.len()) {
        (x, y) if x == y || y == 1 => x,
        (1, y) => y,
        _ => return None,
    };
    let at = |content: &Content, i: usize| if content.items.len() == 1 { 0 } else { i };
    let item = |i: usize| f(&a.items[at(a, i)], &b.items[at(b, i)]).unwrap_or(Item::Unknown);
    Some(Content { scalar: a.scalar && b.scalar, items: (0..count).map(item).collect() })
}

fn cast(content: &Content, to: i64) -> Option<Content> {
    let to = DataType::try_from(i32::try_from(to).ok()?).ok()?;
    let float = matches!(to, DataType::Float | DataType::Float16 | DataType::Double);
    let int = matches!(to, DataType::Int64 | DataType::Int32);
    let item = |item: &Item| match item {
        Item::Int(_) if int => item.clone(),
        Item::Int(dim) if float => dim.value().map_or(Item::Unknown, |value| Item::Float(round(value as f64, to))),
        Item::Float(value) if float => Item::Float(round(*value, to)),
        Item::Float(value) if int && value.abs() < 2f64.powi(53) => Item::Int(Dim::known(value.trunc() as i64)),
        _ => Item::Unknown,
    };
    Some(Content { scalar: content.scalar, items: content.items.iter().map(item).collect() })
}

fn round(value: f64, to: DataType) -> f64 {
    match to {
        DataType::Float16 => half::f16::from_f64(value).to_f64(),
        DataType::Float => f64::from(value as f32),
        _ => value,
    }
}

fn arithmetic(op: &str, a: &Item, b: &Item) -> Option<Item> {
    let int = |dim: Option<Dim>| dim.map(Item::Int);
    Some(match (op, a, b) {
        ("Mul", Item::Int(a), Item::Int(b)) => int(a.times(b))?,
        // An exact quotient is the same however division rounds; for numbers that are not negative it rounds down.
        ("Div", Item::Int(a), Item::Int(b)) => match (a.value(), b.value()) {
            (Some(a @ 0..), Some(b @ 1..)) => Item::Int(Dim::known(a / b)),
            _ => int(a.over(b))?,
        },
        ("Add" | "Sub", Item::Int(_), Item::Int(b)) if b.is(0) => a.clone(),
        ("Add", Item::Int(a), Item::Int(_)) if a.is(0) => b.clone(),
        ("Sub", Item::Int(a), Item::Int(b)) if a == b => Item::Int(Dim::known(0)),
        ("Add", Item::Int(a), Item::Int(b)) => int(a.value()?.checked_add(b.value()?).map(Dim::known))?,
        ("Sub", Item::Int(a), Item::Int(b)) => int(a.value()?.checked_sub(b.value()?).map(Dim::known))?,
        ("Equal", Item::Int(a), Item::Int(b)) => match (a.value(), b.value()) {
            (Some(a), Some(b)) => Item::Int(Dim::known(i64::from(a == b))),
            _ if a == b => Item::Int(Dim::known(1)),
            // A size is never negative.
            (Some(negative), None) if negative < 0 && b.never_negative() => Item::Int(Dim::known(0)),
            (None, Some(negative)) if negative < 0 && a.never_negative() => Item::Int(Dim::known(0)),
            _ => return None,
        },
        ("Add", Item::Float(a), Item::Float(b)) => Item::Float(a + b),
        ("Sub", Item::Float(a), Item::Float(b)) => Item::Float(a - b),
        ("Mul", Item::Float(a), Item::Float(b)) => Item::Float(a * b),
        ("Div", Item::Float(a), Item::Float(b)) => Item::Float(a / b),
        ("Pow", Item::Float(a), Item::Float(b)) => Item::Float(a.powf(*b)),
        _ => return None,
    })
}

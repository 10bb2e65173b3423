//! The shapes of results from the shapes of inputs, by the rules of the operators' specifications.

use super::contents::clamp;
use super::{Content, Dim, Facts, Item};
use crate::onnx::proto::NodeProto;

/// One shape an output, as far as it is known.
type Shapes = Vec<Option<Vec<Dim>>>;

/// Operators whose results have the element type of their first input.
pub(super) const KEEPS_TYPE: &[&str] = &[
    "Abs",
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Ceil",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Cos",
    "Div",
    "Dropout",
    "Einsum",
    "Elu",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GroupNormalization",
    "HardSigmoid",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "Min",
    "Mod",
    "Mul",
    "Neg",
    "Pad",
    "Pow",
    "PRelu",
    "Range",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "Round",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Transpose",
    "Trilu",
    "Unsqueeze",
];

/// Operators of which each result has the shape of the first input.
const KEEPS_SHAPE: &[&str] = &[
    "Abs",
    "Cast",
    "Ceil",
    "Clip",
    "Cos",
    "DequantizeLinear",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "GroupNormalization",
    "HardSigmoid",
    "Identity",
    "InstanceNormalization",
    "IsNaN",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "Neg",
    "Not",
    "Reciprocal",
    "Relu",
    "Round",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Tanh",
    "Trilu",
];

/// Those of which only the first result has it; the others are statistics.
const FIRST_KEEPS_SHAPE: &[&str] = &["BatchNormalization", "Dropout", "LayerNormalization"];

/// Operators that broadcast all their inputs.
const BROADCASTS: &[&str] = &[
    "Add",
    "And",
    "Div",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Max",
    "Min",
    "Mod",
    "Mul",
    "Or",
    "Pow",
    "PRelu",
    "Sub",
    "Sum",
    "Where",
    "Xor",
];

impl Facts {
    /// The shapes of the node's outputs; `None` for an operator that is not followed.
    pub(super) fn infer(&mut self, node: &NodeProto) -> Option<Shapes> {
        if node.is("com.microsoft", "MultiHeadAttention") {
            return self.fused_attention(node).map(|shape| vec![Some(shape)]);
        }
        let op = node.op();
        if KEEPS_SHAPE.contains(&op) {
            return Some(vec![self.shape_of(node, 0); node.output.len()]);
        }
        if FIRST_KEEPS_SHAPE.contains(&op) {
            return Some(vec![self.shape_of(node, 0)]);
        }
        if BROADCASTS.contains(&op) {
            let shapes: Option<Vec<_>> = (0..node.input.len()).map(|index| self.shape_of(node, index)).collect();
            return one(self.broadcast(&shapes?));
        }
        match op {
            "Constant" => match node.attribute.first()?.t.as_ref() {
                Some(tensor) => one(Some(tensor.dims.iter().map(|dim| Dim::known(*dim)).collect())),
                None => {
                    let attribute = node.attribute.first()?;
                    one(Some(match attribute.name.as_deref()? {
                        "value_ints" => vec![Dim::known(attribute.ints.len() as i64)],
                        "value_floats" => vec![Dim::known(attribute.floats.len() as i64)],
                        _ => Vec::new(),
                    }))
                }
            },
            "Shape" => {
                let length = self.shape_of(node, 0)?.len();
                let from = clamp(node.int("start").unwrap_or(0), length);
                let to = clamp(node.int("end").unwrap_or(i64::MAX), length);
                one(Some(vec![Dim::known(to.saturating_sub(from) as i64)]))
            }
            "Range" => {
                let int = |index: usize| match self.content_in(node, index)?.items.as_slice() {
                    [Item::Int(dim)] => Some(dim.clone()),
                    _ => None,
                };
                let counts = int(0).is_some_and(|start| start.is(0)) && int(2).is_some_and(|step| step.is(1));
                let length = int(1).filter(|limit| counts && limit.never_negative());
                one(Some(vec![length.unwrap_or_else(|| self.fresh())]))
            }
            "ConstantOfShape" => {
                let dims = self.dims_in(node, 0)?;
                one(Some(dims))
            }
            "Expand" => {
                let shapes = [self.shape_of(node, 0)?, self.dims_in(node, 1)?];
                one(self.broadcast(&shapes))
            }
            "Reshape" => one(self.reshape(node)),
            "Transpose" => {
                let shape = self.shape_of(node, 0)?;
                let reversed: Vec<i64> = (0..shape.len() as i64).rev().collect();
                let perm = if node.attribute("perm").is_some() { node.ints("perm") } else { &reversed };
                one(perm.iter().map(|axis| shape.get(usize::try_from(*axis).ok()?).cloned()).collect())
            }
            "Unsqueeze" => {
                let shape = self.shape_of(node, 0)?;
                let axes = self.axes(node, 1)?;
                one(unsqueeze(&shape, &axes))
            }
            "Squeeze" => {
                let shape = self.shape_of(node, 0)?;
                let axes = self.axes(node, 1)?;
                let gone: Option<Vec<_>> = axes.iter().map(|axis| axis_of(*axis, shape.len())).collect();
                let gone = gone?;
                one(Some(
                    shape.into_iter().enumerate().filter(|(i, _)| !gone.contains(i)).map(|(_, dim)| dim).collect(),
                ))
            }
            "Flatten" => {
                let shape = self.shape_of(node, 0)?;
                let (front, back) = shape.split_at_checked(clamp(node.int("axis").unwrap_or(1), shape.len()))?;
                one(Some(vec![Dim::product(front)?, Dim::product(back)?]))
            }
            "Concat" => {
                let shapes: Option<Vec<_>> = (0..node.input.len()).map(|index| self.shape_of(node, index)).collect();
                let shapes = shapes?;
                let mut result = shapes.first()?.clone();
                let axis = axis_of(node.int("axis")?, result.len())?;
                let mut lengths = shapes.iter().map(|shape| shape.get(axis)?.value());
                let length = lengths.try_fold(0i64, |sum, length| sum.checked_add(length?));
                result[axis] = length.map_or_else(|| self.fresh(), Dim::known);
                one(Some(result))
            }
            "Gather" => {
                let (data, index) = (self.shape_of(node, 0)?, self.shape_of(node, 1)?);
                let axis = axis_of(node.int("axis").unwrap_or(0), data.len())?;
                one(Some([&data[..axis], &index, &data[axis + 1..]].concat()))
            }
            "Slice" => one(self.slice(node)),
            "Split" => {
                let shape = self.shape_of(node, 0)?;
                let axis = axis_of(node.int("axis").unwrap_or(0), shape.len())?;
                let count = node.output.len() as i64;
                let parts = self.dims_in(node, 1).filter(|parts| parts.len() == node.output.len());
                let part = |index: usize| match &parts {
                    Some(parts) => parts.get(index).cloned(),
                    None if node.input_at(1).is_none() => shape.get(axis)?.over(&Dim::known(count)),
                    None => None,
                };
                let shapes: Vec<_> = (0..node.output.len()).map(part).collect();
                Some(
                    shapes
                        .into_iter()
                        .map(|length| {
                            let mut result = shape.clone();
                            result[axis] = length.unwrap_or_else(|| self.fresh());
                            Some(result)
                        })
                        .collect(),
                )
            }
            "MatMul" => one(self.matmul(node)),
            "Gemm" => {
                let (a, b) = (self.shape_of(node, 0)?, self.shape_of(node, 1)?);
                let ([a0, a1], [b0, b1]) = (a.as_slice(), b.as_slice()) else { return None };
                let rows = if node.int("transA") == Some(1) { a1 } else { a0 };
                let columns = if node.int("transB") == Some(1) { b0 } else { b1 };
                one(Some(vec![rows.clone(), columns.clone()]))
            }
            "Conv" => one(self.conv(node)),
            "AveragePool" | "MaxPool" | "Pad" | "ConvTranspose" => {
                let mut shape = self.shape_of(node, 0)?;
                let first = if op == "Pad" { 0 } else { 2 };
                shape.iter_mut().skip(first).for_each(|dim| *dim = self.fresh());
                if op == "ConvTranspose" {
                    *shape.get_mut(1)? = self.fresh();
                }
                one(Some(shape))
            }
            "Resize" => one(self.resize(node)),
            "Einsum" => one(self.einsum(node)),
            "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceProd" => one(self.reduce(node)),
            "ArgMax" | "ArgMin" => {
                let mut shape = self.shape_of(node, 0)?;
                let axis = axis_of(node.int("axis").unwrap_or(0), shape.len())?;
                if node.int("keepdims") == Some(0) {
                    shape.remove(axis);
                } else {
                    shape[axis] = Dim::known(1);
                }
                one(Some(shape))
            }
            _ => None,
        }
    }

    pub(super) fn shape_of(&self, node: &NodeProto, index: usize) -> Option<Vec<Dim>> {
        self.shape(node.input_at(index)?).map(<[Dim]>::to_vec)
    }

    pub(super) fn content_in(&self, node: &NodeProto, index: usize) -> Option<&Content> {
        self.contents.get(node.input_at(index)?)
    }

    /// The sizes that an input lists, with a new unknown one for each that is not known.
    pub(super) fn dims_in(&mut self, node: &NodeProto, index: usize) -> Option<Vec<Dim>> {
        let items = match self.content_in(node, index) {
            Some(content) => content.items.clone(),
            None => match self.shape(node.input_at(index)?)? {
                [count] => vec![Item::Unknown; usize::try_from(count.value()?).ok().filter(|count| *count <= 8)?],
                _ => return None,
            },
        };
        let dim = |item: Item| match item {
            Item::Int(dim) => dim,
            _ => self.fresh(),
        };
        Some(items.into_iter().map(dim).collect())
    }

    /// The known integers that an input, or in older operator sets the attribute `axes`, lists.
    pub(super) fn axes(&self, node: &NodeProto, index: usize) -> Option<Vec<i64>> {
        if node.attribute("axes").is_some() {
            return Some(node.ints("axes").to_vec());
        }
        let known = |item: &Item| match item {
            Item::Int(dim) => dim.value(),
            _ => None,
        };
        self.content_in(node, index)?.items.iter().map(known).collect()
    }

    pub(super) fn broadcast(&mut self, shapes: &[Vec<Dim>]) -> Option<Vec<Dim>> {
        let rank = shapes.iter().map(Vec::len).max()?;
        let mut result = vec![Dim::known(1); rank];
        for shape in shapes {
            for (mine, other) in result.iter_mut().rev().zip(shape.iter().rev()) {
                *mine = match (mine.value(), other.value()) {
                    _ if mine == other => other.clone(),
                    (Some(1), _) => other.clone(),
                    (_, Some(1)) => mine.clone(),
                    // In a graph that runs, the other one is the same or 1.
                    (Some(_), None) => mine.clone(),
                    (None, Some(_)) => other.clone(),
                    (Some(_), Some(_)) => return None,
                    // min(k, n) beside n: they are equal, or the smaller one is 1; the result is n.
                    (None, None) if self.minima.get(mine) == Some(other) => other.clone(),
                    (None, None) if self.minima.get(other) == Some(mine) => mine.clone(),
                    (None, None) => self.fresh(),
                };
            }
        }
        Some(result)
    }

    /// A new unknown size: the smaller one of a number of at least 1 and `dim`.
    pub(super) fn smaller(&mut self, dim: Dim) -> Dim {
        let fresh = self.fresh();
        self.minima.insert(fresh.clone(), dim);
        fresh
    }
}

fn one(shape: Option<Vec<Dim>>) -> Option<Shapes> {
    Some(vec![shape])
}

pub(super) fn axis_of(axis: i64, rank: usize) -> Option<usize> {
    let rank = rank as i64;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    usize::try_from(axis).ok().filter(|_| axis < rank)
}

fn unsqueeze(shape: &[Dim], axes: &[i64]) -> Option<Vec<Dim>> {
    let rank = shape.len() + axes.len();
    let places: Vec<_> = axes.iter().map(|axis| axis_of(*axis, rank)).collect::<Option<_>>()?;
    let mut old = shape.iter();
    (0..rank).map(|index| if places.contains(&index) { Some(Dim::known(1)) } else { old.next().cloned() }).collect()
}

//! Values that are known from the graph alone.

use half::f16;
use ndarray::{ArrayD, IxDyn};

use super::Editor;
use super::proto::NodeProto;
use super::tensor::dtype;
use crate::tensor::{DType, Tensor};

/// Larger constants are weights, which nobody asks for by this way.
const LARGEST: usize = 4096;

/// So that a chain of copies that leads in a circle ends.
const LONGEST_CHAIN: usize = 16;

impl Editor<'_> {
    /// The constant tensor that `value` is, if it is one of at most 4096 elements: an initializer that no input can
    /// override, the output of a `Constant`, or a copy (`Identity`, `Cast`) of one.
    #[must_use]
    pub fn constant(&self, value: &str) -> Option<Tensor> {
        self.constant_within(value, LONGEST_CHAIN)
    }

    /// The only element of the constant `value`, whatever its rank, as a number.
    #[must_use]
    pub fn number(&self, value: &str) -> Option<f64> {
        match numbers(&self.constant(value)?)[..] {
            [number] => Some(number),
            _ => None,
        }
    }

    fn constant_within(&self, value: &str, chain: usize) -> Option<Tensor> {
        if let Some(tensor) = self.initializer(value) {
            let small = tensor.element_count()? <= LARGEST;
            return if small && !self.is_input(value) { tensor.to_tensor() } else { None };
        }
        let node = self.maker(value)?;
        let source = || self.constant_within(node.input_at(0)?, chain.checked_sub(1)?);
        match node.op() {
            "Constant" => constant_node(node),
            "Identity" => source(),
            "Cast" => cast(&source()?, dtype(i32::try_from(node.int("to")?).ok()?)?),
            _ => None,
        }
    }
}

/// What a `Constant` node says, in each of the ways that it has.
pub(super) fn constant_node(node: &NodeProto) -> Option<Tensor> {
    let attribute = node.attribute.first()?;
    let vector = |count: usize| IxDyn(&[count]);
    match attribute.name.as_deref()? {
        "value" => {
            attribute.t.as_ref().filter(|t| t.element_count().is_some_and(|count| count <= LARGEST))?.to_tensor()
        }
        "value_float" => Some(Tensor::F32(ArrayD::from_elem(IxDyn(&[]), attribute.f?))),
        "value_int" => Some(Tensor::I64(ArrayD::from_elem(IxDyn(&[]), attribute.i?))),
        "value_floats" => {
            ArrayD::from_shape_vec(vector(attribute.floats.len()), attribute.floats.clone()).ok().map(Tensor::F32)
        }
        "value_ints" => {
            ArrayD::from_shape_vec(vector(attribute.ints.len()), attribute.ints.clone()).ok().map(Tensor::I64)
        }
        _ => None,
    }
}

/// The elements as numbers. 64-bit integers beyond 2^53 lose their last bits.
pub(super) fn numbers(tensor: &Tensor) -> Vec<f64> {
    match tensor {
        Tensor::F32(a) => a.iter().map(|v| f64::from(*v)).collect(),
        Tensor::F16(a) => a.iter().map(|v| v.to_f64()).collect(),
        Tensor::F64(a) => a.iter().copied().collect(),
        Tensor::I64(a) => a.iter().map(|v| *v as f64).collect(),
        Tensor::I32(a) => a.iter().map(|v| f64::from(*v)).collect(),
        Tensor::Bool(a) => a.iter().map(|v| f64::from(u8::from(*v))).collect(),
    }
}

/// ONNX's `Cast`; `None` for a float that is no number of the integer type, where the result is not defined.
fn cast(tensor: &Tensor, to: DType) -> Option<Tensor> {
    if tensor.dtype() == to {
        return Some(tensor.clone());
    }
    if let (Tensor::I64(a), DType::I32) = (tensor, to) {
        let values = a.iter().map(|v| i32::try_from(*v).ok()).collect::<Option<Vec<_>>>()?;
        return ArrayD::from_shape_vec(a.raw_dim(), values).ok().map(Tensor::I32);
    }
    let values = numbers(tensor);
    let shape = IxDyn(tensor.shape());
    fn array<T>(shape: IxDyn, values: &[f64], convert: impl Fn(f64) -> Option<T>) -> Option<ArrayD<T>> {
        ArrayD::from_shape_vec(shape, values.iter().map(|v| convert(*v)).collect::<Option<Vec<_>>>()?).ok()
    }
    let within = |v: f64, limit: f64| (v.abs() < limit).then(|| v.trunc());
    Some(match to {
        DType::F32 => Tensor::F32(array(shape, &values, |v| Some(v as f32))?),
        DType::F16 => Tensor::F16(array(shape, &values, |v| Some(f16::from_f64(v)))?),
        DType::F64 => Tensor::F64(array(shape, &values, Some)?),
        DType::I64 => Tensor::I64(array(shape, &values, |v| within(v, 2f64.powi(53)).map(|v| v as i64))?),
        DType::I32 => Tensor::I32(array(shape, &values, |v| within(v, 2f64.powi(31)).map(|v| v as i32))?),
        DType::Bool => Tensor::Bool(array(shape, &values, |v| Some(v != 0.0))?),
    })
}

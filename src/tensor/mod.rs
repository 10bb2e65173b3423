//! Dtype-tagged tensors: what goes into a graph and what comes out of it; and what is computed with vectors.

mod embedding;
mod npy;
mod slerp;
mod statistics;

pub use embedding::Embedding;
pub use npy::read_npy;
pub use slerp::slerp;
pub use statistics::Statistics;

use half::f16;
use ndarray::ArrayD;

/// The element types that diffusion graphs have at their inputs and outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point (IEEE 754 binary16).
    F16,
    /// 64-bit floating point.
    F64,
    /// 64-bit signed integer.
    I64,
    /// 32-bit signed integer.
    I32,
    /// Boolean.
    Bool,
}

impl DType {
    /// The name as ONNX and NumPy write it, `float32` for example.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::F64 => "float64",
            Self::I64 => "int64",
            Self::I32 => "int32",
            Self::Bool => "bool",
        }
    }
}

/// An owned, row-major tensor of any [`DType`] and rank.
#[derive(Debug, Clone, PartialEq)]
pub enum Tensor {
    /// 32-bit floating point.
    F32(ArrayD<f32>),
    /// 16-bit floating point.
    F16(ArrayD<f16>),
    /// 64-bit floating point.
    F64(ArrayD<f64>),
    /// 64-bit signed integers.
    I64(ArrayD<i64>),
    /// 32-bit signed integers.
    I32(ArrayD<i32>),
    /// Booleans.
    Bool(ArrayD<bool>),
}

impl Tensor {
    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F16(_) => DType::F16,
            Self::F64(_) => DType::F64,
            Self::I64(_) => DType::I64,
            Self::I32(_) => DType::I32,
            Self::Bool(_) => DType::Bool,
        }
    }

    /// The dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::F32(a) => a.shape(),
            Self::F16(a) => a.shape(),
            Self::F64(a) => a.shape(),
            Self::I64(a) => a.shape(),
            Self::I32(a) => a.shape(),
            Self::Bool(a) => a.shape(),
        }
    }

    /// The values as `f32`, whatever they are stored as. Free for a tensor that is `f32` already.
    #[must_use]
    pub fn into_f32(self) -> ArrayD<f32> {
        match self {
            Self::F32(a) => a,
            Self::F16(a) => a.mapv(f16::to_f32),
            Self::F64(a) => a.mapv(|v| v as f32),
            Self::I64(a) => a.mapv(|v| v as f32),
            Self::I32(a) => a.mapv(|v| v as f32),
            Self::Bool(a) => a.mapv(|v| if v { 1.0 } else { 0.0 }),
        }
    }

    /// `values` stored as `dtype`; integers are truncated towards zero, as a graph's Cast does.
    #[must_use]
    pub fn from_f32(values: ArrayD<f32>, dtype: DType) -> Self {
        match dtype {
            DType::F32 => Self::F32(values),
            DType::F16 => Self::F16(values.mapv(f16::from_f32)),
            DType::F64 => Self::F64(values.mapv(f64::from)),
            DType::I64 => Self::I64(values.mapv(|v| v as i64)),
            DType::I32 => Self::I32(values.mapv(|v| v as i32)),
            DType::Bool => Self::Bool(values.mapv(|v| v != 0.0)),
        }
    }

    /// The same values stored as `dtype`, as ONNX's Cast does it. Integers keep all their bits.
    #[must_use]
    pub fn cast(self, dtype: DType) -> Self {
        match (self, dtype) {
            (tensor, dtype) if tensor.dtype() == dtype => tensor,
            (Self::I64(array), DType::I32) => Self::I32(array.mapv(|v| v as i32)),
            (Self::I32(array), DType::I64) => Self::I64(array.mapv(i64::from)),
            (Self::F64(array), DType::I64) => Self::I64(array.mapv(|v| v as i64)),
            (Self::I64(array), DType::F64) => Self::F64(array.mapv(|v| v as f64)),
            (Self::F64(array), DType::I32) => Self::I32(array.mapv(|v| v as i32)),
            (Self::I32(array), DType::F64) => Self::F64(array.mapv(f64::from)),
            (tensor, dtype) => Self::from_f32(tensor.into_f32(), dtype),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn casting_keeps_integers_whole() {
        let large = Tensor::I64(array![(1_i64 << 53) + 1, -7].into_dyn());
        assert_eq!(large.clone().cast(DType::I64), large);
        assert_eq!(
            Tensor::I32(array![i32::MAX].into_dyn()).cast(DType::I64),
            Tensor::I64(array![2147483647].into_dyn())
        );
        assert_eq!(Tensor::F32(array![-1.7, 3.9].into_dyn()).cast(DType::I64), Tensor::I64(array![-1, 3].into_dyn()));
    }

    #[test]
    fn half_precision_rounds() {
        let cast = Tensor::F32(array![0.1_f32, 65504.0, 1e6].into_dyn()).cast(DType::F16).into_f32();
        assert_eq!(cast, array![0.099975586_f32, 65504.0, f32::INFINITY].into_dyn());
    }
}

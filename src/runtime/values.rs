//! Our tensors as ONNX Runtime's, and back.

use half::f16;
use half::slice::HalfFloatSliceExt;
use ndarray::ArrayD;
use ort::memory::Allocator;
use ort::value::{DynTensor, DynValue, PrimitiveTensorElementType, TensorElementType};

use crate::tensor::{DType, Tensor};

/// Calls a macro-like closure body once for the variant that a tensor has.
macro_rules! for_each_dtype {
    ($tensor:expr, $array:ident => $body:expr) => {
        match $tensor {
            Tensor::F32($array) => $body,
            Tensor::F16($array) => $body,
            Tensor::F64($array) => $body,
            Tensor::I64($array) => $body,
            Tensor::I32($array) => $body,
            Tensor::Bool($array) => $body,
        }
    };
}

/// ONNX's element type as ours; `None` for those that no diffusion graph has at its surface.
pub(super) fn dtype_of(element: TensorElementType) -> Option<DType> {
    Some(match element {
        TensorElementType::Float32 => DType::F32,
        TensorElementType::Float16 => DType::F16,
        TensorElementType::Float64 => DType::F64,
        TensorElementType::Int64 => DType::I64,
        TensorElementType::Int32 => DType::I32,
        TensorElementType::Bool => DType::Bool,
        _ => return None,
    })
}

fn element_of(dtype: DType) -> TensorElementType {
    match dtype {
        DType::F32 => TensorElementType::Float32,
        DType::F16 => TensorElementType::Float16,
        DType::F64 => TensorElementType::Float64,
        DType::I64 => TensorElementType::Int64,
        DType::I32 => TensorElementType::Int32,
        DType::Bool => TensorElementType::Bool,
    }
}

/// A copy of `tensor` that ONNX Runtime owns.
pub(super) fn to_value(tensor: &Tensor) -> ort::Result<DynTensor> {
    let mut value = DynTensor::new(&Allocator::default(), element_of(tensor.dtype()), tensor.shape())?;
    for_each_dtype!(tensor, array => copy_in(array, &mut value))?;
    Ok(value)
}

fn copy_in<T: PrimitiveTensorElementType + Copy>(array: &ArrayD<T>, value: &mut DynTensor) -> ort::Result<()> {
    let (_, place) = value.try_extract_tensor_mut::<T>()?;
    match array.as_slice() {
        Some(values) if values.len() == place.len() => place.copy_from_slice(values),
        // Not in row-major order: element by element.
        _ => place.iter_mut().zip(array).for_each(|(to, from)| *to = *from),
    }
    Ok(())
}

/// A tensor of zeros that ONNX Runtime owns.
pub(super) fn zeros(dtype: DType, shape: &[usize]) -> ort::Result<DynTensor> {
    to_value(&Tensor::from_f32(ArrayD::zeros(shape), dtype))
}

/// A copy of what a graph gave; `None` if it is of a type that we do not carry.
pub(super) fn from_value(value: &DynValue) -> ort::Result<Option<Tensor>> {
    let Some(dtype) = value.dtype().tensor_type().and_then(dtype_of) else { return Ok(None) };
    Ok(Some(match dtype {
        DType::F32 => Tensor::F32(value.try_extract_array()?.to_owned()),
        DType::F16 => Tensor::F16(value.try_extract_array()?.to_owned()),
        DType::F64 => Tensor::F64(value.try_extract_array()?.to_owned()),
        DType::I64 => Tensor::I64(value.try_extract_array()?.to_owned()),
        DType::I32 => Tensor::I32(value.try_extract_array()?.to_owned()),
        DType::Bool => Tensor::Bool(value.try_extract_array()?.to_owned()),
    }))
}

/// Writes `values` into a tensor of the same number of elements (the caller has checked that), cast to its type.
pub(super) fn write_f32(value: &mut DynTensor, dtype: DType, values: &[f32]) -> ort::Result<()> {
    fn each<T: PrimitiveTensorElementType>(
        value: &mut DynTensor,
        values: &[f32],
        cast: impl Fn(f32) -> T,
    ) -> ort::Result<()> {
        let (_, place) = value.try_extract_tensor_mut::<T>()?;
        place.iter_mut().zip(values).for_each(|(to, from)| *to = cast(*from));
        Ok(())
    }
    match dtype {
        // Whole slices where there is nothing, or something vectorised, to do: these two are the denoiser's.
        DType::F32 => {
            value.try_extract_tensor_mut::<f32>()?.1.copy_from_slice(values);
            Ok(())
        }
        DType::F16 => {
            value.try_extract_tensor_mut::<f16>()?.1.convert_from_f32_slice(values);
            Ok(())
        }
        DType::F64 => each::<f64>(value, values, f64::from),
        DType::I64 => each::<i64>(value, values, |v| v as i64),
        DType::I32 => each::<i32>(value, values, |v| v as i32),
        DType::Bool => each::<bool>(value, values, |v| v != 0.0),
    }
}

/// Reads a tensor of `into.len()` elements (the caller has checked that), whatever its type.
pub(super) fn read_f32(value: &DynTensor, dtype: DType, into: &mut [f32]) -> ort::Result<()> {
    fn each<T: PrimitiveTensorElementType + Copy>(
        value: &DynTensor,
        into: &mut [f32],
        cast: impl Fn(T) -> f32,
    ) -> ort::Result<()> {
        let (_, place) = value.try_extract_tensor::<T>()?;
        into.iter_mut().zip(place).for_each(|(to, from)| *to = cast(*from));
        Ok(())
    }
    match dtype {
        DType::F32 => {
            into.copy_from_slice(value.try_extract_tensor::<f32>()?.1);
            Ok(())
        }
        DType::F16 => {
            value.try_extract_tensor::<f16>()?.1.convert_to_f32_slice(into);
            Ok(())
        }
        DType::F64 => each::<f64>(value, into, |v| v as f32),
        DType::I64 => each::<i64>(value, into, |v| v as f32),
        DType::I32 => each::<i32>(value, into, |v| v as f32),
        DType::Bool => each::<bool>(value, into, |v| if v { 1.0 } else { 0.0 }),
    }
}

//! The values of a `TensorProto`, both ways.

use half::f16;
use ndarray::{ArrayD, IxDyn};

use super::external::is_external;
use super::proto::{DataType, TensorProto};
use crate::tensor::{DType, Tensor};

impl TensorProto {
    /// A tensor called `name` with these values, in `raw_data`.
    #[must_use]
    pub fn from_tensor(name: &str, tensor: &Tensor) -> Self {
        let raw: Vec<u8> = match tensor {
            Tensor::F32(a) => a.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Tensor::F16(a) => a.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Tensor::F64(a) => a.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Tensor::I64(a) => a.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Tensor::I32(a) => a.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Tensor::Bool(a) => a.iter().map(|v| u8::from(*v)).collect(),
        };
        Self {
            name: Some(name.to_owned()),
            dims: tensor.shape().iter().map(|d| *d as i64).collect(),
            data_type: Some(data_type(tensor.dtype()).into()),
            raw_data: Some(raw.into()),
            ..Self::default()
        }
    }

    /// The number of elements that the dimensions say; `None` if they are negative or beyond all memory.
    #[must_use]
    pub fn element_count(&self) -> Option<usize> {
        self.dims.iter().try_fold(1usize, |count, dim| count.checked_mul(usize::try_from(*dim).ok()?))
    }

    /// The values, copied; `None` if they lie in another file, are of a type that has no [`DType`], or are not as
    /// many as the dimensions say.
    #[must_use]
    pub fn to_tensor(&self) -> Option<Tensor> {
        let count = self.element_count()?;
        if is_external(self) {
            return None;
        }
        let shape = IxDyn(&self.dims.iter().map(|d| usize::try_from(*d).ok()).collect::<Option<Vec<_>>>()?);
        let raw = self.raw_data.as_deref();
        Some(match dtype(self.data_type?)? {
            DType::F32 => Tensor::F32(array(shape, count, raw, &self.float_data, f32::from_le_bytes, |v| *v)?),
            DType::F64 => Tensor::F64(array(shape, count, raw, &self.double_data, f64::from_le_bytes, |v| *v)?),
            DType::I64 => Tensor::I64(array(shape, count, raw, &self.int64_data, i64::from_le_bytes, |v| *v)?),
            DType::I32 => Tensor::I32(array(shape, count, raw, &self.int32_data, i32::from_le_bytes, |v| *v)?),
            // In `int32_data` a float16 lies as its bits.
            DType::F16 => Tensor::F16(array(shape, count, raw, &self.int32_data, f16::from_le_bytes, |v| {
                f16::from_bits(*v as u16)
            })?),
            DType::Bool => {
                Tensor::Bool(array(shape, count, raw, &self.int32_data, |[byte]: [u8; 1]| byte != 0, |v| *v != 0)?)
            }
        })
    }
}

/// Values from `raw_data`, or else from the typed field.
fn array<T, F, const N: usize>(
    shape: IxDyn,
    count: usize,
    raw: Option<&[u8]>,
    typed: &[F],
    from_raw: impl Fn([u8; N]) -> T,
    from_typed: impl Fn(&F) -> T,
) -> Option<ArrayD<T>> {
    let values: Vec<T> = match raw.filter(|raw| !raw.is_empty()) {
        Some(raw) if raw.len() == count.checked_mul(N)? => {
            let (chunks, _) = raw.as_chunks::<N>();
            chunks.iter().map(|chunk| from_raw(*chunk)).collect()
        }
        None if typed.len() == count => typed.iter().map(from_typed).collect(),
        _ => return None,
    };
    ArrayD::from_shape_vec(shape, values).ok()
}

/// How many bytes a tensor's values take in memory, wherever they are stored; `None` for dimensions that cannot be. With
/// `widened`, half precision is counted as float32, which the CPU computes in.
pub(crate) fn bytes_in_memory(tensor: &TensorProto, widened: bool) -> Option<u64> {
    let bits = match DataType::try_from(tensor.data_type()).ok()? {
        DataType::Float16 | DataType::Bfloat16 if widened => 32,
        DataType::Float | DataType::Int32 | DataType::Uint32 => 32,
        DataType::Float16 | DataType::Bfloat16 | DataType::Int16 | DataType::Uint16 => 16,
        DataType::Int64 | DataType::Uint64 | DataType::Double | DataType::Complex64 => 64,
        DataType::Complex128 => 128,
        DataType::Uint4 | DataType::Int4 | DataType::Float4e2m1 => 4,
        DataType::Uint2 | DataType::Int2 => 2,
        _ => 8,
    };
    let count = |count: u64, size: &i64| count.checked_mul(u64::try_from(*size).ok()?);
    Some(tensor.dims.iter().try_fold(1, count)?.checked_mul(bits)?.div_ceil(8))
}

/// ONNX's number for an element type.
pub(super) fn data_type(dtype: DType) -> DataType {
    match dtype {
        DType::F32 => DataType::Float,
        DType::F16 => DataType::Float16,
        DType::F64 => DataType::Double,
        DType::I64 => DataType::Int64,
        DType::I32 => DataType::Int32,
        DType::Bool => DataType::Bool,
    }
}

/// The element type of ONNX's number, if we have it.
pub(super) fn dtype(data_type: i32) -> Option<DType> {
    Some(match DataType::try_from(data_type).ok()? {
        DataType::Float => DType::F32,
        DataType::Float16 => DType::F16,
        DataType::Double => DType::F64,
        DataType::Int64 => DType::I64,
        DataType::Int32 => DType::I32,
        DataType::Bool => DType::Bool,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arr<T: Clone>(shape: &[usize], values: &[T]) -> ArrayD<T> {
        ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
    }

    #[test]
    fn every_type_survives_the_way_there_and_back() {
        let tensors = [
            Tensor::F32(arr(&[2], &[1.5, -0.25])),
            Tensor::F16(arr(&[1, 2], &[f16::from_f32(1.5), f16::MAX])),
            Tensor::F64(arr(&[], &[std::f64::consts::PI])),
            Tensor::I64(arr(&[3], &[-1, 0, i64::MAX])),
            Tensor::I32(arr(&[2], &[-7, 7])),
            Tensor::Bool(arr(&[2], &[true, false])),
            Tensor::F32(arr(&[0, 3], &[])),
        ];
        for tensor in tensors {
            let proto = TensorProto::from_tensor("t", &tensor);
            assert_eq!(proto.to_tensor(), Some(tensor.clone()), "{tensor:?}");
        }
    }

    #[test]
    fn typed_fields_are_read_too() {
        let proto = |kind: DataType| TensorProto { dims: vec![2], data_type: Some(kind.into()), ..Default::default() };
        let f32s = TensorProto { float_data: vec![1.0, 2.0], ..proto(DataType::Float) };
        assert_eq!(f32s.to_tensor(), Some(Tensor::F32(arr(&[2], &[1.0, 2.0]))));
        let halves = TensorProto { int32_data: vec![0x3c00, 0xc000], ..proto(DataType::Float16) };
        assert_eq!(halves.to_tensor(), Some(Tensor::F16(arr(&[2], &[f16::ONE, f16::from_f32(-2.0)]))));
        let bools = TensorProto { int32_data: vec![0, 1], ..proto(DataType::Bool) };
        assert_eq!(bools.to_tensor(), Some(Tensor::Bool(arr(&[2], &[false, true]))));
    }

    #[test]
    fn values_that_contradict_their_shape_are_none() {
        let good = TensorProto::from_tensor("t", &Tensor::I64(arr(&[2], &[1, 2])));
        assert!(good.to_tensor().is_some());
        let with = |dims: &[i64]| TensorProto { dims: dims.to_vec(), ..good.clone() };
        for dims in [&[3][..], &[-2], &[i64::MAX, i64::MAX], &[1]] {
            assert_eq!(with(dims).to_tensor(), None, "{dims:?}");
        }
        assert_eq!(TensorProto { data_type: Some(99), ..good.clone() }.to_tensor(), None);
        assert_eq!(TensorProto { data_location: Some(1), ..good }.to_tensor(), None);
    }
}

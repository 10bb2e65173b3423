//! Weights: lent to ONNX Runtime where they lie, or copied where that is better.

use std::ffi::CString;
use std::path::Path;
use std::ptr;

use bytes::Bytes;
use ort::AsPointer;
use ort::editor::{Graph, editor_api};
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::value::{DynTensor, TensorElementType};

use crate::onnx::proto::{DataType, TensorProto};
use crate::runtime::failure::open_failure;
use crate::{Error, Result};

/// Smaller tensors are copied: ONNX Runtime looks into them while it infers shapes, and there it reads no other memory.
const LENT_FROM: usize = 1024;

/// Whether this processor reads numbers at any address, as the weights inside an ONNX file lie. ONNX Runtime maps files
/// in the same way.
const READS_ANYWHERE: bool = cfg!(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64"));

/// Adds the weight `name` to `graph`. `aligned`: where it is lent, it must be aligned to its elements. Returns false for
/// one that this cannot give: texts, or numbers of less than a byte.
///
/// # Errors
/// [`Error::BadModel`] for a tensor whose values are not as many as its shape says.
pub(super) fn add(graph: &mut Graph, name: &str, tensor: &TensorProto, aligned: bool, path: &Path) -> Result<bool> {
    let Some((ty, size)) = tensor.data_type.and_then(element) else { return Ok(false) };
    let Some(bytes) = raw(tensor) else { return Ok(false) };
    let wanted = tensor.element_count().and_then(|count| count.checked_mul(size));
    if wanted != Some(bytes.len()) {
        return Err(Error::bad_model(
            path,
            format!("the tensor \"{name}\" has {} bytes, which do not fit its shape {:?}", bytes.len(), tensor.dims),
        ));
    }
    let fits = bytes.as_ptr().align_offset(size.min(8)) == 0 || (READS_ANYWHERE && !aligned);
    let added = match bytes.len() >= LENT_FROM && fits {
        true => lend(graph, name, ty, &tensor.dims, &bytes),
        false => copy(graph, name, ty, &tensor.dims, &bytes),
    };
    added.map(|()| true).map_err(|error| open_failure(path, &error))
}

/// ONNX Runtime's word for an element type, and its size in bytes; `None` for those that have none.
pub(super) fn element(data_type: i32) -> Option<(TensorElementType, usize)> {
    Some(match DataType::try_from(data_type).ok()? {
        DataType::Float => (TensorElementType::Float32, 4),
        DataType::Float16 => (TensorElementType::Float16, 2),
        DataType::Bfloat16 => (TensorElementType::Bfloat16, 2),
        DataType::Double => (TensorElementType::Float64, 8),
        DataType::Bool => (TensorElementType::Bool, 1),
        DataType::Uint8 => (TensorElementType::Uint8, 1),
        DataType::Int8 => (TensorElementType::Int8, 1),
        DataType::Uint16 => (TensorElementType::Uint16, 2),
        DataType::Int16 => (TensorElementType::Int16, 2),
        DataType::Uint32 => (TensorElementType::Uint32, 4),
        DataType::Int32 => (TensorElementType::Int32, 4),
        DataType::Uint64 => (TensorElementType::Uint64, 8),
        DataType::Int64 => (TensorElementType::Int64, 8),
        DataType::Float8e4m3fn => (TensorElementType::Float8E4M3FN, 1),
        DataType::Float8e4m3fnuz => (TensorElementType::Float8E4M3FNUZ, 1),
        DataType::Float8e5m2 => (TensorElementType::Float8E5M2, 1),
        DataType::Float8e5m2fnuz => (TensorElementType::Float8E5M2FNUZ, 1),
        _ => return None,
    })
}

/// The values as they lie in memory on every system that ONNX Runtime has: little end first.
fn raw(tensor: &TensorProto) -> Option<Bytes> {
    match tensor.raw_data.as_ref().filter(|raw| !raw.is_empty()) {
        Some(raw) => Some(raw.clone()),
        None if tensor.element_count() == Some(0) => Some(Bytes::new()),
        // Typed fields, which older exporters wrote.
        None => TensorProto::from_tensor("", &tensor.to_tensor()?).raw_data,
    }
}

/// Gives `graph` a tensor of memory that stays ours.
fn lend(graph: &mut Graph, name: &str, ty: TensorElementType, dims: &[i64], bytes: &Bytes) -> ort::Result<()> {
    let memory = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::Default)?;
    let name = CString::new(name)?;
    let editor = editor_api()?;
    let mut value = ptr::null_mut();
    // ONNX Runtime has no other word for memory than one that may be written to. It writes to no initializer, as little as
    // to the files of weights that it maps read-only.
    let data = bytes.as_ptr().cast_mut().cast();
    // SAFETY: `data` and `dims` have the lengths that are said, and whoever opens the session keeps the bytes longer.
    let status = unsafe {
        (ort::api().CreateTensorWithDataAsOrtValue)(
            memory.ptr(),
            data,
            bytes.len(),
            dims.as_ptr(),
            dims.len(),
            ty.into(),
            &mut value,
        )
    };
    // SAFETY: the status comes from the call above, and is used once.
    unsafe { ort::Error::result_from_status(status) }?;
    // SAFETY: all three are alive. The graph takes the value, unless it fails.
    let status = unsafe { (editor.AddInitializerToGraph)(graph.ptr_mut(), name.as_ptr(), value, true) };
    // SAFETY: as above.
    unsafe { ort::Error::result_from_status(status) }.inspect_err(|_| {
        // SAFETY: it was made above, and nobody has taken it.
        unsafe { (ort::api().ReleaseValue)(value) };
    })
}

/// Gives `graph` a tensor of its own.
fn copy(graph: &mut Graph, name: &str, ty: TensorElementType, dims: &[i64], bytes: &Bytes) -> ort::Result<()> {
    let mut value = DynTensor::new(&Allocator::default(), ty, dims.to_vec())?;
    if !bytes.is_empty() {
        // SAFETY: the tensor was allocated for so many elements of this size, and nothing else knows it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), value.data_ptr_mut().cast(), bytes.len()) };
    }
    graph.add_initializer(name, value, bytes.len() >= LENT_FROM)
}

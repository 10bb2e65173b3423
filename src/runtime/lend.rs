//! Weights in memory, given to ONNX Runtime beside the graph that they belong to.
//!
//! Of all its ways to take weights from memory, this one gives the same graph as a file does. `AddExternalInitializers`
//! puts them into the graph before it is optimised, and copies them (1.28). `AddInitializer` uses them where they lie,
//! once the graph is optimised, by their names; the copy goes then. That holds for weights which no optimiser changes and
//! leaves under their old name, as it does with those that a transposition is moved across; so only second factors of
//! matrix products are given this way too, which are most of a large model.
//!
//! The Model Editor API copies nothing, but mixes up symbolic dimensions and knows no operators of ours.
#![expect(unsafe_code, reason = "the ort crate makes no tensor of borrowed memory that a session may keep")]

use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use ort::AsPointer;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::SessionBuilder;
use ort::value::{DynValue, TensorElementType};

use super::failure::open_failure;
use crate::Result;
use crate::onnx::LentTensor;
use crate::onnx::proto::DataType;

/// Whether this processor reads numbers at any address, as the weights inside of an ONNX file lie. ONNX Runtime maps files
/// of weights in the same way.
const READS_ANYWHERE: bool = cfg!(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64"));

/// Gives `builder` the tensors of the graph that errors call `path`. Where they are `shared`, those that can be are used
/// where they lie.
///
/// # Safety
/// The tensors must live, unchanged, as long as the session that the builder makes.
pub(super) unsafe fn lend(
    mut builder: SessionBuilder,
    tensors: &[LentTensor],
    shared: bool,
    path: &Path,
) -> Result<SessionBuilder> {
    let failed = |error: ort::Error<SessionBuilder>| open_failure(path, &error);
    for tensor in tensors {
        // SAFETY: promised by the caller.
        let value = Arc::new(unsafe { value(tensor) }.map_err(|error| open_failure(path, &error))?);
        if shared && tensor.only_multiplied && is_aligned(tensor) {
            builder = builder.with_initializer(&tensor.name, Arc::clone(&value)).map_err(failed)?;
        }
        builder = builder.with_external_initializer(&tensor.name, value).map_err(failed)?;
    }
    Ok(builder)
}

fn is_aligned(tensor: &LentTensor) -> bool {
    READS_ANYWHERE || tensor.bytes.as_ptr().align_offset(tensor.element.1) == 0
}

/// The tensor as ONNX Runtime's, in memory that stays ours.
///
/// # Safety
/// The tensor must live, unchanged, as long as the value and what it is given to.
unsafe fn value(tensor: &LentTensor) -> ort::Result<DynValue> {
    let memory = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::Default)?;
    let mut value = ptr::null_mut();
    // ONNX Runtime has no other word for memory than one that may be written to. It writes to no weights, as little as to
    // the files of weights that it maps read-only.
    let data = tensor.bytes.as_ptr().cast_mut().cast();
    // SAFETY: data and dimensions have the lengths that are said, and the caller keeps them.
    let status = unsafe {
        (ort::api().CreateTensorWithDataAsOrtValue)(
            memory.ptr(),
            data,
            tensor.bytes.len(),
            tensor.dims.as_ptr(),
            tensor.dims.len(),
            element(tensor.element.0).into(),
            &mut value,
        )
    };
    // SAFETY: the status comes from the call above, and is used once.
    unsafe { ort::Error::result_from_status(status) }?;
    let value = NonNull::new(value).ok_or_else(|| ort::Error::new("ONNX Runtime made no tensor"))?;
    // SAFETY: it was made above and is nobody else's.
    Ok(unsafe { DynValue::from_ptr(value, Some(&Allocator::default())) })
}

/// ONNX Runtime's word for an element type; all that are lent have one.
fn element(data_type: DataType) -> TensorElementType {
    match data_type {
        DataType::Float => TensorElementType::Float32,
        DataType::Float16 => TensorElementType::Float16,
        DataType::Bfloat16 => TensorElementType::Bfloat16,
        DataType::Double => TensorElementType::Float64,
        DataType::Bool => TensorElementType::Bool,
        DataType::Uint8 => TensorElementType::Uint8,
        DataType::Int8 => TensorElementType::Int8,
        DataType::Uint16 => TensorElementType::Uint16,
        DataType::Int16 => TensorElementType::Int16,
        DataType::Uint32 => TensorElementType::Uint32,
        DataType::Int32 => TensorElementType::Int32,
        DataType::Uint64 => TensorElementType::Uint64,
        DataType::Int64 => TensorElementType::Int64,
        DataType::Float8e4m3fn => TensorElementType::Float8E4M3FN,
        DataType::Float8e4m3fnuz => TensorElementType::Float8E4M3FNUZ,
        DataType::Float8e5m2 => TensorElementType::Float8E5M2,
        DataType::Float8e5m2fnuz => TensorElementType::Float8E5M2FNUZ,
        _ => TensorElementType::Undefined,
    }
}

//! How much memory a model will take.

use std::ffi::c_char;

use super::guard::guard;
use super::handle::{check_out, write_out};
use super::options::{diffusion_pipeline_options, options_or_default};
use super::status::diffusion_status;
use super::text::path;
use crate::pipeline::estimate_memory;

/// A weak hint of the memory in bytes that opening the model in `folder` takes with these options: `*opening_bytes` at most
/// meanwhile, `*open_bytes` once it is open. Drawing takes more, which grows with the size of the pictures.
///
/// `folder` is UTF-8. `options` may be NULL for the defaults. Only the graphs' heads are read, and ONNX Runtime is not
/// loaded. Weights are counted as the CPU holds them, where half precision becomes float32; on a device of its own memory a
/// model takes less here. Any thread.
///
/// Errors: as of diffusion_pipeline_open() for the folder: INVALID_ARGUMENT, INVALID_UTF8, IO, BAD_MODEL, UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_estimate_memory(
    folder: *const c_char,
    folder_length: usize,
    options: *const diffusion_pipeline_options,
    opening_bytes: *mut u64,
    open_bytes: *mut u64,
) -> diffusion_status {
    guard(|| {
        check_out(opening_bytes, "opening_bytes out-parameter")?;
        check_out(open_bytes, "open_bytes out-parameter")?;
        // SAFETY: by contract.
        let folder = unsafe { path(folder, folder_length, "model folder") }?;
        // SAFETY: by contract.
        let options = unsafe { options_or_default(options) };
        let estimate = estimate_memory(&folder, &options)?;
        // SAFETY: by contract, and both were checked above.
        unsafe {
            write_out(opening_bytes, estimate.opening);
            write_out(open_bytes, estimate.open);
        }
        Ok(())
    })
}

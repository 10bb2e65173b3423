//! The blocking way to draw.

use std::ffi::c_void;
use std::sync::Arc;

use super::cancel::diffusion_cancel_token;
use super::guard::guard;
use super::handle::{check_out, create, shared, write_out};
use super::pipeline::{diffusion_pipeline, token_or_new};
use super::progress::{HostObserver, diffusion_progress_callback};
use super::request::diffusion_request;
use super::result::{ResultData, diffusion_result};
use super::status::diffusion_status;

/// Draws what the request asks for. Blocks until the pictures are there.
///
/// `cancel` may be NULL; a cancelled token stops the call, in the middle of a graph too, and also when it was
/// cancelled before. `progress` may be NULL; it is called on this thread with `user_data`.
/// On success `*result` is the caller's, to be given back with diffusion_result_destroy().
/// On any error `*result` is untouched and the pipeline stays usable.
///
/// Any thread. Calls that share a pipeline queue; different pipelines run side by side. The request is copied when
/// the call starts. From its first progress report on, pipeline, request and token may be destroyed, by the callback
/// too; before that report they must live, and without a callback until the call returns.
///
/// All pictures of a request together have at most 2^28 pixels, which are four pictures of 8192 x 8192.
/// Errors: INVALID_ARGUMENT before any work starts, naming the field and what is allowed; UNSUPPORTED; CANCELLED;
/// NUMERIC when a number became NaN or infinite; GRAPH_FAILED; OUT_OF_MEMORY; BUSY when called from a callback of a
/// generation with the same pipeline. That check knows one thread only: two callbacks that each wait for the other's
/// pipeline, on two threads, wait for ever, as with any two locks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_generate(
    pipeline: *const diffusion_pipeline,
    request: *const diffusion_request,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
    result: *mut *mut diffusion_result,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let open = Arc::clone(unsafe { shared(pipeline) }?);
        // SAFETY: by contract.
        let request = unsafe { shared(request) }?.clone();
        check_out(result, "result out-parameter")?;
        // SAFETY: by contract.
        let cancel = unsafe { token_or_new(cancel) };
        let mut observer = HostObserver { callback: progress, user_data };
        let generated = open.pipeline.generate(&request, &mut observer, &cancel)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(result, create(ResultData::new(generated))) };
        Ok(())
    })
}

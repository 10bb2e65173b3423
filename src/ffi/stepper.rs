//! A generation that the host takes step by step.

use std::ffi::c_void;
use std::sync::Arc;

use super::cancel::diffusion_cancel_token;
use super::embedding::{diffusion_embedding, give};
use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, exclusive, shared, write_out};
use super::pipeline::{diffusion_pipeline, token_or_new};
use super::progress::{HostObserver, diffusion_progress_callback};
use super::request::diffusion_request;
use super::result::{ResultData, diffusion_result};
use super::status::diffusion_status;
use crate::pipeline::Stepper;

/// A generation underway, for a loop of the host's own: begin, advance as often as diffusion_stepper_step_count() says,
/// finish. It draws what diffusion_pipeline_generate() draws.
///
/// Between two calls the pipeline is free for others, and several steppers of one pipeline may be underway. A stepper is
/// used by one thread at a time, which need not be the same; it keeps the model open until it is destroyed.
pub struct diffusion_stepper {
    _private: [u8; 0],
}

bind!(diffusion_stepper, Stepper, "stepper");

/// Begins what the request asks for: prompts and pictures are read, the first noise is drawn. The request is copied.
///
/// Blocks; `cancel` and `progress` are as in diffusion_pipeline_generate(). On success `*stepper` is the caller's, to be
/// given back with diffusion_stepper_destroy(); it needs neither the request nor the pipeline's handle.
///
/// Errors: as of diffusion_pipeline_generate(); UNSUPPORTED for a request with a second pass, and for a model of several
/// stages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_begin(
    pipeline: *const diffusion_pipeline,
    request: *const diffusion_request,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
    stepper: *mut *mut diffusion_stepper,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let open = Arc::clone(unsafe { shared(pipeline) }?);
        // SAFETY: by contract.
        let request = unsafe { shared(request) }?.clone();
        check_out(stepper, "stepper out-parameter")?;
        // SAFETY: by contract.
        let cancel = unsafe { token_or_new(cancel) };
        let begun = open.pipeline.begin(&request, &mut HostObserver { callback: progress, user_data }, &cancel)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(stepper, create(begun)) };
        Ok(())
    })
}

/// Gives the stepper back; NULL does nothing. Nothing of it may run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_destroy(stepper: *mut diffusion_stepper) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(stepper) };
        Ok(())
    });
}

/// How many denoiser evaluations there are; solvers of higher order take several a step. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_step_count(stepper: *const diffusion_stepper) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(u32::try_from(unsafe { shared(stepper) }?.count()).unwrap_or(u32::MAX)))
}

/// How many of them are made. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_step(stepper: *const diffusion_stepper) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(u32::try_from(unsafe { shared(stepper) }?.done()).unwrap_or(u32::MAX)))
}

/// The timestep of the next evaluation, as the scheduler counts it. -1 when none is left, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_timestep(stepper: *const diffusion_stepper) -> f64 {
    // SAFETY: by contract.
    value(-1.0, || Ok(unsafe { shared(stepper) }?.timestep().unwrap_or(-1.0)))
}

/// Makes the next evaluation, and takes what follows of it.
///
/// Blocks, in its turn; `cancel` and `progress` are as in diffusion_pipeline_generate(). The stepper must not be used out of
/// the callback. After CANCELLED by the token the evaluation is not made, and can be made again; a callback that stops has
/// seen it made.
///
/// Errors: INVALID_ARGUMENT when none is left; CANCELLED, NUMERIC, GRAPH_FAILED, OUT_OF_MEMORY; BUSY as of
/// diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_advance(
    stepper: *mut diffusion_stepper,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (stepper, cancel) = unsafe { (exclusive(stepper)?, token_or_new(cancel)) };
        Ok(stepper.advance(&mut HostObserver { callback: progress, user_data }, &cancel)?)
    })
}

/// The latents as they are now, `[pictures, channels, height, width]`, in the scheduler's scale. On success `*latents` is a
/// copy and the caller's, to be given back with diffusion_embedding_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_latents(
    stepper: *const diffusion_stepper,
    latents: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let stepper = unsafe { shared(stepper) }?;
        check_out(latents, "latents out-parameter")?;
        let values = stepper.latents()?;
        // SAFETY: by contract, and checked above.
        unsafe { give(latents, values) };
        Ok(())
    })
}

/// What the latest evaluation took the finished latents to be: diffusion_pipeline_decode_latents() makes a preview of them.
/// On success `*latents` is the caller's, to be given back with diffusion_embedding_destroy().
///
/// Errors: UNSUPPORTED where that is not known: before the first and after the last evaluation, after
/// diffusion_stepper_set_latents(), and where it does not follow from what the model says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_clean_latents(
    stepper: *const diffusion_stepper,
    latents: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let stepper = unsafe { shared(stepper) }?;
        check_out(latents, "latents out-parameter")?;
        let values = stepper.clean_latents()?.ok_or_else(|| {
            crate::Error::Unsupported(format!(
                "the finished latents are not known after {} of {} evaluations",
                stepper.done(),
                stepper.count()
            ))
        })?;
        // SAFETY: by contract, and checked above.
        unsafe { give(latents, values) };
        Ok(())
    })
}

/// Goes on with other latents, of the shape that diffusion_stepper_latents() gives, in the same scale. What a solver of
/// several steps remembers stays. They are copied.
///
/// Errors: INVALID_ARGUMENT for another shape, NUMERIC for numbers that are not finite; the stepper is then as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_set_latents(
    stepper: *mut diffusion_stepper,
    latents: *const diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (stepper, latents) = unsafe { (exclusive(stepper)?, shared(latents)?) };
        Ok(stepper.set_latents(&latents.values)?)
    })
}

/// Makes pictures of the latents as they are: the finished ones when no evaluation is left, noisy ones before. May be
/// called again.
///
/// Blocks, in its turn; `cancel` and `progress` are as in diffusion_pipeline_generate(). The stepper must not be used out of
/// the callback. On success `*result` is the caller's, to be given back with diffusion_result_destroy(); it does not need
/// the stepper. Errors: as of diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_stepper_finish(
    stepper: *mut diffusion_stepper,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
    result: *mut *mut diffusion_result,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (stepper, cancel) = unsafe { (exclusive(stepper)?, token_or_new(cancel)) };
        check_out(result, "result out-parameter")?;
        let generated = stepper.finish(&mut HostObserver { callback: progress, user_data }, &cancel)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(result, create(ResultData::new(generated))) };
        Ok(())
    })
}

//! The cancel token: how another thread says stop.

use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, shared, write_out};
use super::status::diffusion_status;
use crate::runtime::CancelToken;

/// Says stop to calls that were given it, from any thread. Sticky: once cancelled, it stops every call that it is
/// given to, also one that starts later, until diffusion_cancel_token_reset().
///
/// One token may serve several calls at once, and stops them all. diffusion_pipeline_open() and
/// diffusion_pipeline_generate() keep what they need of it, so the handle may be destroyed from their first progress
/// report on. Every other call with it must have returned, diffusion_cancel_token_cancel() included.
pub struct diffusion_cancel_token {
    _private: [u8; 0],
}

bind!(diffusion_cancel_token, CancelToken, "cancel token");

/// Makes a token that is not cancelled. Give it back with diffusion_cancel_token_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_cancel_token_create(token: *mut *mut diffusion_cancel_token) -> diffusion_status {
    guard(|| {
        check_out(token, "token out-parameter")?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(token, create(CancelToken::new())) };
        Ok(())
    })
}

/// Cancels: every call that was given this token returns DIFFUSION_STATUS_CANCELLED as soon as it can, in the middle
/// of a graph too. A call that has already finished its work keeps its result.
///
/// Any thread, at any time, again and again; never waits. It is not for signal handlers, because it takes locks:
/// wake a thread that calls it, as examples/diffusion/interrupt.c does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_cancel_token_cancel(token: *const diffusion_cancel_token) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { shared(token) }?.cancel();
        Ok(())
    })
}

/// Makes a cancelled token usable again. Calls that are being stopped may then go on, so wait for them first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_cancel_token_reset(token: *const diffusion_cancel_token) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { shared(token) }?.reset();
        Ok(())
    })
}

/// Whether the token is cancelled. False for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_cancel_token_is_cancelled(token: *const diffusion_cancel_token) -> bool {
    // SAFETY: by contract.
    value(false, || Ok(unsafe { shared(token) }?.is_cancelled()))
}

/// Gives the handle back; NULL does nothing. Openings and generations that were given the token may still be running,
/// once they have reported progress. Every other call with it must have returned, diffusion_cancel_token_cancel() on
/// another thread included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_cancel_token_destroy(token: *mut diffusion_cancel_token) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(token) };
        Ok(())
    });
}

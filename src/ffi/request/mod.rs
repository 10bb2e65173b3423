//! What to generate, field by field; one file a subject. A setter checks its value at once, so the error names the
//! call at fault; what two fields say together is checked by [`diffusion_request_validate`] and when drawing starts.

mod cascade;
mod conditions;
mod guidance;
mod hires;
mod previews;
mod prompts;
mod safety;
mod sampling;
mod seamless;
mod seeds;
mod size_conditioning;
mod sizes;
mod start;
mod tiling;

use std::ffi::c_char;
use std::ops::RangeInclusive;

use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, exclusive, shared, write_out};
use super::status::{Failure, diffusion_status};
use super::text::name;
use crate::error::Result;
use crate::pipeline::Request;

/// What to generate: plain data, not tied to any pipeline. A new request asks for one picture of the empty prompt,
/// with everything else at the model's own defaults.
///
/// A setter that fails changes nothing; setters may be called in any order. A request may be used again and again, and
/// by several threads at once as long as none of them sets anything.
pub struct diffusion_request {
    _private: [u8; 0],
}

bind!(diffusion_request, Request, "request");

/// A whole number from C, checked against what is allowed.
pub(super) fn whole(number: i64, allowed: RangeInclusive<u32>, what: &str) -> Result<u32, Failure> {
    u32::try_from(number).ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
        let (low, high) = allowed.into_inner();
        Failure::invalid(format!("{what} is {number}; allowed are {low} to {high}"))
    })
}

/// A setter's body, run on the request behind the handle.
///
/// # Safety
/// `request` is NULL or a live handle that nothing else uses.
unsafe fn change(
    request: *mut diffusion_request,
    body: impl FnOnce(&mut Request) -> Result<(), Failure>,
) -> diffusion_status {
    // SAFETY: promised by the caller.
    guard(|| body(unsafe { exclusive(request) }?))
}

/// Changes one field, and puts the old value back when the new one is not valid.
///
/// # Safety
/// As for [`change`].
unsafe fn set<T>(request: *mut diffusion_request, field: impl Fn(&mut Request) -> &mut T, new: T) -> diffusion_status {
    let set = |request: &mut Request| {
        let old = std::mem::replace(field(request), new);
        request.validate_fields().inspect_err(|_| *field(request) = old).map_err(Failure::from)
    };
    // SAFETY: promised by the caller.
    unsafe { change(request, set) }
}

/// What a name stands for; NULL with 0, or "", stands for nothing.
///
/// # Safety
/// `text` is NULL or points to `length` readable bytes.
unsafe fn named<T>(
    text: *const c_char,
    length: usize,
    what: &'static str,
    parse: impl FnOnce(&str) -> Result<T>,
) -> Result<Option<T>, Failure> {
    // SAFETY: promised by the caller.
    match unsafe { name(text, length, what) }? {
        "" => Ok(None),
        name => Ok(Some(parse(name)?)),
    }
}

/// Makes a request with every default. Give it back with diffusion_request_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_create(request: *mut *mut diffusion_request) -> diffusion_status {
    guard(|| {
        check_out(request, "request out-parameter")?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(request, create(Request::default())) };
        Ok(())
    })
}

/// Gives the request back; NULL does nothing. A generation that was started with it goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_destroy(request: *mut diffusion_request) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(request) };
        Ok(())
    });
}

/// Puts every field back to its default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_reset(request: *mut diffusion_request) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            *request = Request::default();
            Ok(())
        })
    }
}

/// Checks everything that can be checked without a model, also what fields say together, such as a strength without a
/// picture. diffusion_pipeline_generate() checks it too; this is for hosts that want to know before a model is open.
///
/// Errors: INVALID_ARGUMENT, naming the first field at fault and what is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_validate(request: *const diffusion_request) -> diffusion_status {
    // SAFETY: by contract.
    guard(|| Ok(unsafe { shared(request) }?.validate()?))
}

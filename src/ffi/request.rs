//! What to generate, field by field. A setter checks its value at once, so the error names the call at fault.

use std::ffi::c_char;
use std::ops::RangeInclusive;

use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, exclusive, write_out};
use super::image::format_from;
use super::status::{Failure, diffusion_status};
use super::text::{length_of, name, utf8};
use crate::pipeline::{MAX_COUNT, MAX_PROMPT_BYTES, MAX_SIDE, MAX_STEPS, Request};
use crate::rng::RngKind;
use crate::scheduler::{SchedulerKind, SigmaSchedule};

/// What to generate: plain data, not tied to any pipeline. A new request asks for one picture of the empty prompt,
/// with everything else at the model's own defaults.
///
/// A setter that fails changes nothing. A request may be used again and again, and by several threads at once as
/// long as none of them sets anything.
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

/// Changes one field, and puts the old request back when the new one is not valid.
fn set<T>(request: &mut Request, field: impl Fn(&mut Request) -> &mut T, new: T) -> Result<(), Failure> {
    let old = std::mem::replace(field(request), new);
    if let Err(error) = request.validate() {
        *field(request) = old;
        return Err(error.into());
    }
    Ok(())
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
    guard(|| {
        // SAFETY: by contract.
        *unsafe { exclusive(request) }? = Request::default();
        Ok(())
    })
}

/// What the picture should show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: empty.
///
/// What does not fit the model's text encoder is cut off, and diffusion_result_warning() names it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_prompt(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let request = unsafe { exclusive(request) }?;
        // SAFETY: by contract.
        request.prompt = unsafe { utf8(prompt, prompt_length, MAX_PROMPT_BYTES, "prompt") }?.to_owned();
        Ok(())
    })
}

/// As diffusion_request_set_prompt(), for a text that ends with NUL. NULL is an error here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_prompt_cstr(
    request: *mut diffusion_request,
    prompt: *const c_char,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let request = unsafe { exclusive(request) }?;
        // SAFETY: by contract.
        let length = unsafe { length_of(prompt, "prompt") }?;
        // SAFETY: by contract; the length was just counted.
        request.prompt = unsafe { utf8(prompt, length, MAX_PROMPT_BYTES, "prompt") }?.to_owned();
        Ok(())
    })
}

/// What the picture should not show; UTF-8, at most 1048576 bytes, copied. Default: none, which models see as the
/// empty text. Has no effect where guidance is 1 or less.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_prompt(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let request = unsafe { exclusive(request) }?;
        // SAFETY: by contract.
        let text = unsafe { utf8(prompt, prompt_length, MAX_PROMPT_BYTES, "negative prompt") }?;
        request.negative_prompt = Some(text.to_owned());
        Ok(())
    })
}

/// As diffusion_request_set_negative_prompt(), for a text that ends with NUL. NULL is an error here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_prompt_cstr(
    request: *mut diffusion_request,
    prompt: *const c_char,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let request = unsafe { exclusive(request) }?;
        // SAFETY: by contract.
        let length = unsafe { length_of(prompt, "negative prompt") }?;
        // SAFETY: by contract; the length was just counted.
        let text = unsafe { utf8(prompt, length, MAX_PROMPT_BYTES, "negative prompt") }?;
        request.negative_prompt = Some(text.to_owned());
        Ok(())
    })
}

/// Width in pixels, 1 to 8192. Default: the model's, diffusion_pipeline_default_width().
///
/// It must be a multiple of the model's diffusion_pipeline_size_multiple(), which
/// diffusion_pipeline_generate() checks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_width(request: *mut diffusion_request, width: i64) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(request) }?.width = Some(whole(width, 1..=MAX_SIDE, "width")?);
        Ok(())
    })
}

/// Height in pixels, 1 to 8192. Default: the model's, diffusion_pipeline_default_height(). Multiples as for the width.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_height(
    request: *mut diffusion_request,
    height: i64,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(request) }?.height = Some(whole(height, 1..=MAX_SIDE, "height")?);
        Ok(())
    })
}

/// Denoising steps, 1 to 1000. Default: the model's, diffusion_pipeline_default_steps().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_steps(request: *mut diffusion_request, steps: i64) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(request) }?.steps = Some(whole(steps, 1..=MAX_STEPS, "steps")?);
        Ok(())
    })
}

/// Classifier-free guidance scale, -1000 to 1000. Default: the model's, diffusion_pipeline_default_guidance().
///
/// Higher follows the prompt more closely; at 1 or below guidance is off and a step costs half. NaN is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance(
    request: *mut diffusion_request,
    guidance: f32,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        set(unsafe { exclusive(request) }?, |r| &mut r.guidance, Some(guidance))
    })
}

/// The scheduler, by one of the names of diffusion_scheduler_name() or by its class name in diffusers.
/// Default, also with NULL and 0: the one in the model's scheduler_config.json.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_scheduler(
    request: *mut diffusion_request,
    scheduler: *const c_char,
    scheduler_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let request = unsafe { exclusive(request) }?;
        // SAFETY: by contract.
        request.scheduler = match unsafe { name(scheduler, scheduler_length, "scheduler name") }? {
            "" => None,
            name => Some(SchedulerKind::parse(name)?),
        };
        Ok(())
    })
}

/// The sigma schedule, by one of the names of diffusion_sigma_schedule_name(). Default, also with NULL and 0: the
/// model's. Schedulers that have no sigmas refuse all but "default", in diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_sigmas(
    request: *mut diffusion_request,
    sigmas: *const c_char,
    sigmas_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let request = unsafe { exclusive(request) }?;
        // SAFETY: by contract.
        request.sigmas = match unsafe { name(sigmas, sigmas_length, "sigma schedule") }? {
            "" => None,
            name => Some(SigmaSchedule::parse(name)?),
        };
        Ok(())
    })
}

/// The share of fresh noise in a step, 0 to 1. NaN is refused. Only the schedulers "ddim" (0, the default, is
/// deterministic; 1 is as noisy as DDPM) and "tcd" (its gamma; its makers recommend 0.3) read it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_eta(request: *mut diffusion_request, eta: f32) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        set(unsafe { exclusive(request) }?, |r| &mut r.eta, eta)
    })
}

/// Seed of the noise. Default: a random one for every generation, which diffusion_result_seed() reports.
///
/// Any value for "torch-cuda"; "torch-cpu" reads only the low 32 bits, as torch does; "numpy" takes 0 to 2^32 - 1, which
/// diffusion_pipeline_generate() checks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_seed(request: *mut diffusion_request, seed: u64) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(request) }?.seed = Some(seed);
        Ok(())
    })
}

/// Whose random generator to repeat, by one of the names of diffusion_rng_name(). Default: "torch-cpu".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_rng(
    request: *mut diffusion_request,
    rng: *const c_char,
    rng_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let request = unsafe { exclusive(request) }?;
        // SAFETY: by contract.
        request.rng = RngKind::parse(unsafe { name(rng, rng_length, "rng name") }?)?;
        Ok(())
    })
}

/// How many pictures, 1 to 64, drawn from one generator as diffusers' num_images_per_prompt does. Default: 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_count(request: *mut diffusion_request, count: i64) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(request) }?.count = whole(count, 1..=MAX_COUNT, "count")?;
        Ok(())
    })
}

/// The pixel format of the pictures, a diffusion_pixel_format. Default: DIFFUSION_PIXEL_FORMAT_RGB8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_format(
    request: *mut diffusion_request,
    format: i32,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(request) }?.format = format_from(format)?;
        Ok(())
    })
}

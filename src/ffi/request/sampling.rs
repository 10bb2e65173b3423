//! How the noise becomes a picture: steps, guidance, scheduler.

use std::ffi::c_char;

use super::{change, diffusion_request, named, set, whole};
use crate::ffi::status::{Failure, diffusion_status};
use crate::pipeline::{MAX_NOISE_LEVEL, MAX_STEPS, Request};
use crate::scheduler::{CustomSchedule, SchedulerKind, SigmaSchedule};

/// Denoising steps, 1 to 1000. Default: the model's, diffusion_pipeline_default_steps().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_steps(request: *mut diffusion_request, steps: i64) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.steps = Some(whole(steps, 1..=MAX_STEPS, "steps")?);
            Ok(())
        })
    }
}

/// Classifier-free guidance scale, -1000 to 1000. Default: the model's, diffusion_pipeline_default_guidance().
///
/// Higher follows the prompt more closely; at 1 or below guidance is off and a step costs half. NaN is refused. Models
/// with distilled guidance (Flux dev, latent consistency) are told the number and have no second evaluation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance(
    request: *mut diffusion_request,
    guidance: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance, Some(guidance)) }
}

/// How strongly an edit keeps to its picture (InstructPix2Pix), 0 to 1000, useful from 1. Default: 1.5, as in diffusers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_image_guidance(
    request: *mut diffusion_request,
    guidance: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.image_guidance, Some(guidance)) }
}

/// Classifier-free guidance of a model that has a distilled one of its own (Flux), 0 to 1000: above 1 the negative prompt
/// is used and each step costs double. Default: off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_true_guidance(
    request: *mut diffusion_request,
    guidance: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.true_guidance, Some(guidance)) }
}

/// How much noise the small picture gets before it is enlarged (x4 upscaler), 0 to 350. Default: 20.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_noise_level(
    request: *mut diffusion_request,
    level: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.noise_level = Some(whole(level, 0..=MAX_NOISE_LEVEL, "noise level")?);
            Ok(())
        })
    }
}

/// The scheduler, by one of the names of diffusion_scheduler_name() or by its class name in diffusers.
/// Default, also with NULL and 0: the one in the model's scheduler_config.json.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_scheduler(
    request: *mut diffusion_request,
    scheduler: *const c_char,
    scheduler_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.scheduler = named(scheduler, scheduler_length, "scheduler name", SchedulerKind::parse)?;
            Ok(())
        })
    }
}

/// The sigma schedule, by one of the names of diffusion_sigma_schedule_name(). Default, also with NULL and 0: the
/// model's. Schedulers that have no sigmas refuse all but "default", in diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_sigmas(
    request: *mut diffusion_request,
    sigmas: *const c_char,
    sigmas_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.sigmas = named(sigmas, sigmas_length, "sigma schedule", SigmaSchedule::parse)?;
            Ok(())
        })
    }
}

/// A list from C; no list for NULL with 0.
///
/// # Safety
/// `numbers` is NULL or points to `count` readable doubles.
unsafe fn list_of(numbers: *const f64, count: usize, what: &'static str) -> Result<Option<Vec<f64>>, Failure> {
    if count > MAX_STEPS as usize + 1 {
        return Err(Failure::invalid(format!("{count} {what} are given; allowed are at most {}", MAX_STEPS + 1)));
    }
    if numbers.is_null() {
        return if count == 0 { Ok(None) } else { Err(Failure::Null(what)) };
    }
    // The host's numbers need no alignment.
    // SAFETY: not NULL, and the caller promises `count` doubles.
    Ok(Some((0..count).map(|at| unsafe { numbers.add(at).read_unaligned() }).collect()))
}

/// The noise levels one by one, `count` of them, descending, copied; as diffusers' set_timesteps(sigmas=...). The steps are
/// then as many as the list says; other steps in the request are refused, and so is another sigma schedule. Default, also with NULL and 0: none.
///
/// For "euler" levels above 0, and one more where the last step ends, which may be 0; for "flow_euler" and "flow_lcm"
/// levels above 0 up to 1, one a step. Other schedulers refuse it in diffusion_pipeline_generate(). It takes the place
/// of a list of timesteps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_custom_sigmas(
    request: *mut diffusion_request,
    sigmas: *const f64,
    count: usize,
) -> diffusion_status {
    let store = |request: &mut Request| {
        // SAFETY: by contract.
        let new = unsafe { list_of(sigmas, count, "sigmas") }?.map(CustomSchedule::Sigmas);
        new.as_ref().map_or(Ok(()), CustomSchedule::validate)?;
        request.custom_schedule = new;
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { change(request, store) }
}

/// The timesteps one by one, `count` of them, descending, copied; as diffusers' set_timesteps(timesteps=...). The steps
/// are then as many as the list says; other steps in the request are refused. Default, also with NULL and 0: none.
///
/// From 0 to below the trained number, whole but for "euler", "heun", "flow_euler" and "flow_lcm". Schedulers that cannot
/// be given a list refuse it in diffusion_pipeline_generate(). It takes the place of a list of sigmas.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_custom_timesteps(
    request: *mut diffusion_request,
    timesteps: *const f64,
    count: usize,
) -> diffusion_status {
    let store = |request: &mut Request| {
        // SAFETY: by contract.
        let new = unsafe { list_of(timesteps, count, "timesteps") }?.map(CustomSchedule::Timesteps);
        new.as_ref().map_or(Ok(()), CustomSchedule::validate)?;
        request.custom_schedule = new;
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { change(request, store) }
}

/// The share of fresh noise in a step, 0 to 1. NaN is refused. Only the schedulers "ddim" (0, the default, is
/// deterministic; 1 is as noisy as DDPM) and "tcd" (its gamma; its makers recommend 0.3) read it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_eta(request: *mut diffusion_request, eta: f32) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.eta, eta) }
}

/// Leaves the last part of the denoising to another model: this one stops where `part`, 0 to 1, of the timesteps is done,
/// and its pictures still have noise. Default: it goes to the end.
///
/// The other model goes on with diffusion_request_set_init_result() and the same number in
/// diffusion_request_set_denoising_start(), as Stable Diffusion XL's refiner does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_denoising_end(
    request: *mut diffusion_request,
    part: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.denoising_end, Some(part)) }
}

/// Where another model stopped, 0 to 1; this one goes on from there, without adding noise. Default: at the beginning.
/// It must be less than the denoising end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_denoising_start(
    request: *mut diffusion_request,
    part: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.denoising_start, Some(part)) }
}

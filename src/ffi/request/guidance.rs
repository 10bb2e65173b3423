//! What guidance does beside its plain sum, and which of the denoiser's work may be left out.

use super::{change, diffusion_request, set, whole};
use crate::ffi::status::{Failure, diffusion_status};
use crate::pipeline::{
    GuidanceRules, MAX_STEPS, Projection, Request, Reuse, Scales, ThresholdLimit, Thresholding, ZeroStar,
};

/// Changes the rules, and puts the old ones back when the new ones are not valid.
///
/// # Safety
/// `request` is NULL or a live handle that nothing else uses.
unsafe fn rule(
    request: *mut diffusion_request,
    store: impl FnOnce(&mut GuidanceRules) -> Result<(), Failure>,
) -> diffusion_status {
    let checked = |request: &mut Request| {
        let old = request.guidance_rules.clone();
        let outcome =
            store(&mut request.guidance_rules).and_then(|()| request.validate_fields().map_err(Failure::from));
        outcome.inspect_err(|_| request.guidance_rules = old)
    };
    // SAFETY: promised by the caller.
    unsafe { change(request, checked) }
}

/// The host's numbers, one or more for 1000 steps.
///
/// # Safety
/// `numbers` is NULL or points to `count` readable floats.
unsafe fn floats(numbers: *const f32, count: usize, what: &'static str) -> Result<Vec<f32>, Failure> {
    if count == 0 || count > MAX_STEPS as usize {
        return Err(Failure::invalid(format!("{count} {what} are given; allowed are 1 to {MAX_STEPS}")));
    }
    if numbers.is_null() {
        return Err(Failure::Null(what));
    }
    // The host's floats need no alignment.
    // SAFETY: not NULL, and the caller promises `count` floats.
    Ok((0..count).map(|at| unsafe { numbers.add(at).read_unaligned() }).collect())
}

/// Takes every rule of the functions below away again. Without rules guidance is as in diffusers' pipelines.
///
/// Where guidance is off (a scale of 1 or less, a distilled model), rules have no meaning, and a warning of the result
/// says so. Parts of the schedule are those of the whole one, also where a picture is the start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_clear_guidance_rules(request: *mut diffusion_request) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance_rules, GuidanceRules::default()) }
}

/// Brings the guided prediction back to the spread of the prompt's own, 0 (off, the default) to 1: diffusers'
/// guidance_rescale (Lin et al. 2023, section 3.4). For models that predict v.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_rescale(
    request: *mut diffusion_request,
    rescale: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance_rules.rescale, rescale) }
}

/// Guides only from one part of the schedule to another, each 0 to 1, and asks for the prompt alone outside, at half the
/// cost (Kynkäänniemi et al. 2024). Default: everywhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_interval(
    request: *mut diffusion_request,
    from: f32,
    to: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance_rules.interval, Some((from, to))) }
}

/// A guidance scale for each step, `count` of them, -1000 to 1000, copied; diffusion_pipeline_generate() refuses a list
/// whose length is not the number of steps. Default: the same scale at every step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_scales(
    request: *mut diffusion_request,
    scales: *const f32,
    count: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        rule(request, |rules| {
            rules.scales = Scales::PerStep(floats(scales, count, "guidance scales")?);
            Ok(())
        })
    }
}

/// Guidance scales at places of the schedule, 0 (the first step) to 1 (the last), in ascending order, `count` of both,
/// copied. Between them the scale is interpolated, before the first and after the last it stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_points(
    request: *mut diffusion_request,
    places: *const f32,
    scales: *const f32,
    count: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        rule(request, |rules| {
            let places = floats(places, count, "places of guidance scales")?;
            let scales = floats(scales, count, "guidance scales")?;
            rules.scales = Scales::Points(places.into_iter().zip(scales).collect());
            Ok(())
        })
    }
}

/// CFG++ with this lambda, 0 to 1, in the place of the guidance scale (Chung et al. 2024). For the schedulers "ddim",
/// "euler" and "euler_ancestral". Default: off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_plus_plus(
    request: *mut diffusion_request,
    lambda: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance_rules.plus_plus, Some(lambda)) }
}

/// Adaptive projected guidance (Sadat et al. 2024; diffusers' AdaptiveProjectedGuidance), against the colours of large
/// scales. Default: off.
///
/// `eta`, 0 to 1, is how much stays of what oversaturates; `threshold` the longest that the difference of the two
/// predictions may be, 0 for any; `momentum`, -1 to 1, how much of earlier differences is added. Usual: 0, 15, -0.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_projection(
    request: *mut diffusion_request,
    eta: f32,
    threshold: f32,
    momentum: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance_rules.projection, Some(Projection { eta, threshold, momentum })) }
}

/// Dynamic thresholding (Saharia et al. 2022, section 2.3): where more than `percentile`, 0.5 to 1, of the guided picture's
/// magnitudes would lie above `limit`, 0.001 to 1000, all are brought down to it. Default: off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_threshold(
    request: *mut diffusion_request,
    percentile: f32,
    limit: f32,
) -> diffusion_status {
    let new = Thresholding { percentile, limit: ThresholdLimit::Fixed(limit) };
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance_rules.thresholding, Some(new)) }
}

/// Dynamic thresholding whose limit is what the guidance scale `scale`, 0 to 1000, would have given: for latents, which
/// have no range of their own. Usual: 0.995 and 1. Takes the place of diffusion_request_set_guidance_threshold().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_mimic_scale(
    request: *mut diffusion_request,
    percentile: f32,
    scale: f32,
) -> diffusion_status {
    let new = Thresholding { percentile, limit: ThresholdLimit::MimicScale(scale) };
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.guidance_rules.thresholding, Some(new)) }
}

/// CFG-Zero* (Fan et al. 2025; diffusers' ClassifierFreeZeroStarGuidance), where the first `zero_steps`, 0 to 1000, are
/// passed over; more than 0 only for flow-matching models, where 1 is usual. Default: off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_guidance_zero_star(
    request: *mut diffusion_request,
    zero_steps: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        rule(request, |rules| {
            rules.zero_star = Some(ZeroStar { zero_steps: whole(zero_steps, 0..=MAX_STEPS, "zero steps")? });
            Ok(())
        })
    }
}

/// Leaves denoiser calls out while the error that this is estimated to make stays below `threshold`, 0 (off, the default)
/// to 10, usually 0.02 to 0.3 (EasyCache, TeaCache): faster, and another picture, more or less near. The first
/// `first_steps` and the last `last_steps`, each 0 to 1000, are never left out; 3 and 1 are usual.
/// diffusion_result_skipped_calls() says how many were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_reuse(
    request: *mut diffusion_request,
    threshold: f32,
    first_steps: i64,
    last_steps: i64,
) -> diffusion_status {
    let checked = |request: &mut Request| {
        let first_steps = whole(first_steps, 0..=MAX_STEPS, "first steps")?;
        let last_steps = whole(last_steps, 0..=MAX_STEPS, "last steps")?;
        let new = Reuse { threshold, first_steps, last_steps, ..request.reuse };
        let old = std::mem::replace(&mut request.reuse, new);
        request.validate_fields().inspect_err(|_| request.reuse = old).map_err(Failure::from)
    };
    // SAFETY: by contract.
    unsafe { change(request, checked) }
}

/// Asks for the negative prompt only every so many steps, 1 (the default) to 1000, and not any more after the part `until`
/// of the schedule, 0 to 1 (the default); its last difference to the prompt is kept, at half the cost (Compress
/// Guidance). diffusion_result_skipped_negatives() says how many calls had none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_schedule(
    request: *mut diffusion_request,
    every: i64,
    until: f32,
) -> diffusion_status {
    let checked = |request: &mut Request| {
        let negative_every = whole(every, 1..=MAX_STEPS, "steps between negative prompts")?;
        let new = Reuse { negative_every, negative_until: until, ..request.reuse };
        let old = std::mem::replace(&mut request.reuse, new);
        request.validate_fields().inspect_err(|_| request.reuse = old).map_err(Failure::from)
    };
    // SAFETY: by contract.
    unsafe { change(request, checked) }
}

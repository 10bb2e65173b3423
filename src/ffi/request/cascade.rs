//! What models of several stages are told besides: classes, embeddings, attributes, single stages.

use std::ffi::c_char;
use std::sync::Arc;

use super::{change, diffusion_request, named, whole};
use crate::ffi::embedding::diffusion_embedding;
use crate::ffi::handle::shared;
use crate::ffi::status::{Failure, diffusion_status};
use crate::ffi::text::name;
use crate::pipeline::{ClassLabel, MAX_COUNT, MAX_STEPS, Request, StageSettings};
use crate::scheduler::SchedulerKind;

/// Changes what is said to models of several stages, and puts the old back when the new is not valid.
///
/// # Safety
/// As for [`change`].
unsafe fn alter(
    request: *mut diffusion_request,
    body: impl FnOnce(&mut Request) -> Result<(), Failure>,
) -> diffusion_status {
    // SAFETY: promised by the caller.
    unsafe {
        change(request, |request| {
            let old = request.cascade.clone();
            let done = body(request).and_then(|()| Ok(request.validate_fields()?));
            done.inspect_err(|_| request.cascade = old)
        })
    }
}

/// A name that must not be empty.
///
/// # Safety
/// `text` is NULL or points to `length` readable bytes.
unsafe fn some_name(text: *const c_char, length: usize, what: &'static str) -> Result<String, Failure> {
    // SAFETY: promised by the caller.
    match unsafe { name(text, length, what) }? {
        "" => Err(Failure::invalid(format!("the {what} is empty"))),
        name => Ok(name.to_owned()),
    }
}

/// The class that is drawn, of a model that knows classes: its number, counted from 0, for all pictures; -1, the default,
/// is none. Which there are is checked when drawing starts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_class(request: *mut diffusion_request, label: i64) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.cascade.classes = match label {
                -1 => Vec::new(),
                label => vec![ClassLabel::Number(whole(label, 0..=u32::MAX, "class")?)],
            };
            Ok(())
        })
    }
}

/// The class that is drawn, by the name that the model gives it. NULL with 0, or "", is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_class_name(
    request: *mut diffusion_request,
    label: *const c_char,
    label_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            let label = named(label, label_length, "class name", |label| Ok(ClassLabel::Name(label.to_owned())))?;
            request.cascade.classes = label.into_iter().collect();
            Ok(())
        })
    }
}

/// An embedding in place of what the model would compute, by the value's name, such as "image_embeds";
/// diffusion_pipeline_info_json() lists them under "cascade". NULL takes it away. One row is for all pictures, otherwise
/// there must be one for each.
///
/// The request shares it: the embedding may be destroyed at once. Names and sizes are checked when drawing starts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_embedding(
    request: *mut diffusion_request,
    value: *const c_char,
    value_length: usize,
    embedding: *const diffusion_embedding,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        alter(request, |request| {
            let value = some_name(value, value_length, "embedding's name")?;
            match embedding.is_null() {
                true => request.cascade.embeddings.remove(&value),
                false => request.cascade.embeddings.insert(value, Arc::clone(&shared(embedding)?.values)),
            };
            Ok(())
        })
    }
}

/// How far an attribute of the picture is moved, such as "night", of a model that has attributes: -100 to 100, where 0, the
/// default, leaves it. Attributes are checked when drawing starts. NaN is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_edit(
    request: *mut diffusion_request,
    attribute: *const c_char,
    attribute_length: usize,
    amount: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        alter(request, |request| {
            let attribute = some_name(attribute, attribute_length, "attribute's name")?;
            match amount == 0.0 {
                true => request.cascade.edits.remove(&attribute),
                false => request.cascade.edits.insert(attribute, amount),
            };
            Ok(())
        })
    }
}

/// Changes one stage's settings.
///
/// # Safety
/// As for [`change`] and [`some_name`].
unsafe fn stage(
    request: *mut diffusion_request,
    stage: *const c_char,
    stage_length: usize,
    body: impl FnOnce(&mut StageSettings) -> Result<(), Failure>,
) -> diffusion_status {
    // SAFETY: promised by the caller.
    unsafe {
        alter(request, |request| {
            let stage = some_name(stage, stage_length, "stage's name")?;
            let mut settings = request.cascade.stages.remove(&stage).unwrap_or_default();
            body(&mut settings)?;
            // What is all defaults says nothing.
            if settings != StageSettings::default() {
                request.cascade.stages.insert(stage, settings);
            }
            Ok(())
        })
    }
}

/// The stage that is the last to run, whose sample is the picture: only stages that draw pixels can be, as a base without
/// its upsampler. NULL with 0, or "", runs all. Which there are is checked when drawing starts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_last_stage(
    request: *mut diffusion_request,
    stage_name: *const c_char,
    stage_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.cascade.until = named(stage_name, stage_length, "stage's name", |name| Ok(name.to_owned()))?;
            Ok(())
        })
    }
}

/// Denoising steps of one stage, 1 to 1000; 0 is the model's own. diffusion_request_set_steps() and its sisters are for
/// the model's main stage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_stage_steps(
    request: *mut diffusion_request,
    stage_name: *const c_char,
    stage_length: usize,
    steps: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        stage(request, stage_name, stage_length, |stage| {
            stage.steps = if steps == 0 { None } else { Some(whole(steps, 1..=MAX_STEPS, "steps")?) };
            Ok(())
        })
    }
}

/// Guidance scale of one stage, -1000 to 1000; at 1 it is off, and below it too unless the model's manifest says
/// otherwise (latent diffusion by text). NaN is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_stage_guidance(
    request: *mut diffusion_request,
    stage_name: *const c_char,
    stage_length: usize,
    guidance: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        stage(request, stage_name, stage_length, |stage| {
            stage.guidance = Some(guidance);
            Ok(())
        })
    }
}

/// Scheduler of one stage, by a name of diffusion_scheduler_name(); NULL with 0, or "", is the model's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_stage_scheduler(
    request: *mut diffusion_request,
    stage_name: *const c_char,
    stage_length: usize,
    scheduler: *const c_char,
    scheduler_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        stage(request, stage_name, stage_length, |stage| {
            stage.scheduler = named(scheduler, scheduler_length, "scheduler name", SchedulerKind::parse)?;
            Ok(())
        })
    }
}

/// How strongly a classifier's gradient leads one stage, -1000 to 1000; 0 is not at all. NaN is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_stage_guide_scale(
    request: *mut diffusion_request,
    stage_name: *const c_char,
    stage_length: usize,
    scale: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        stage(request, stage_name, stage_length, |stage| {
            stage.guide_scale = Some(scale);
            Ok(())
        })
    }
}

/// How many samples one stage draws for each picture, of which it keeps the best, 1 to 64; 0 is the model's own number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_stage_candidates(
    request: *mut diffusion_request,
    stage_name: *const c_char,
    stage_length: usize,
    count: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        stage(request, stage_name, stage_length, |stage| {
            stage.candidates = if count == 0 { None } else { Some(whole(count, 1..=MAX_COUNT, "candidates")?) };
            Ok(())
        })
    }
}

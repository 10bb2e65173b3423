//! What an opened model of several stages has: stages, roles of pictures, classes, embeddings, attributes.

use std::ffi::{CString, c_char};

use super::pipeline::{at, diffusion_pipeline, number_of, text_of};
use super::text::c_string;
use crate::pipeline::{CascadeInfo, PipelineInfo, StageInfo};

/// The names in a cascade's description as C texts; empty for a model of one stage.
#[derive(Default)]
pub(super) struct CascadeTexts {
    stages: Vec<(CString, CString)>,
    pictures: Vec<CString>,
    classes: Vec<CString>,
    embeddings: Vec<CString>,
    attributes: Vec<CString>,
}

impl CascadeTexts {
    pub(super) fn new(info: &CascadeInfo) -> Self {
        let all = |names: &[String]| names.iter().map(c_string).collect();
        Self {
            stages: info.stages.iter().map(|stage| (c_string(&stage.name), c_string(&stage.scheduler))).collect(),
            pictures: all(&info.pictures),
            classes: all(&info.class_names),
            embeddings: all(&info.embeddings),
            attributes: all(&info.attributes),
        }
    }
}

/// A stage's description; `None` past the last, and for a model of one stage.
fn stage(info: &PipelineInfo, index: i64) -> Option<&StageInfo> {
    at(&info.cascade.as_ref()?.stages, index)
}

/// How many stages the model has, each a denoising loop of its own; 0 for a model of one stage, which has none of what the
/// functions below list, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_stage_count(pipeline: *const diffusion_pipeline) -> u32 {
    let count = |info: &PipelineInfo| info.cascade.as_ref().map_or(0, |cascade| cascade.stages.len());
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| u32::try_from(count(info)).unwrap_or(u32::MAX)) }
}

/// The name of stage `index`, counted from 0, for diffusion_request_set_stage_steps() and its sisters; empty past the
/// last. Texts of the functions below live until diffusion_pipeline_destroy(), and are never NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_stage_name(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.cascade.stages, index).map(|(name, _)| name)) }
}

/// The name of the scheduler of stage `index` in a request that sets none; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_stage_scheduler(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.cascade.stages, index).map(|(_, scheduler)| scheduler)) }
}

/// The steps of stage `index` in a request that sets none; 0 past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_stage_steps(pipeline: *const diffusion_pipeline, index: i64) -> u32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| stage(info, index).map_or(0, |stage| stage.steps)) }
}

/// The guidance scale of stage `index` in a request that sets none; 0 past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_stage_guidance(pipeline: *const diffusion_pipeline, index: i64) -> f32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| stage(info, index).map_or(0.0, |stage| stage.guidance)) }
}

/// Role `index` of the pictures that the model takes, for diffusion_request_set_picture(); empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_picture_role(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.cascade.pictures, index)) }
}

/// How many classes the model knows: labels 0 to this minus 1, for diffusion_request_set_class().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_class_count(pipeline: *const diffusion_pipeline) -> u32 {
    let count = |info: &PipelineInfo| info.cascade.as_ref().map_or(0, |cascade| cascade.classes);
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| u32::try_from(count(info)).unwrap_or(u32::MAX)) }
}

/// The name of class `index`; empty past the last, and where the model has no names for its classes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_class_name(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.cascade.classes, index)) }
}

/// The name of embedding `index`, for diffusion_pipeline_embed() and diffusion_request_set_embedding(); empty past the
/// last. The first is the code of a picture; one called "x_T" is the noise that a picture comes from.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_embedding_name(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.cascade.embeddings, index)) }
}

/// The name of attribute `index`, for diffusion_request_set_edit(); empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_attribute(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.cascade.attributes, index)) }
}

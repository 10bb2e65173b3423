//! An opened model: open, ask, close.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::sync::Arc;

use super::cancel::diffusion_cancel_token;
use super::cascade::CascadeTexts;
use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, shared, write_out};
use super::options::{diffusion_pipeline_options, options_or_default};
use super::progress::{HostObserver, diffusion_progress_callback};
use super::runtime::load;
use super::status::{Failure, diffusion_status};
use super::text::{c_string, length_of, path};
use crate::pipeline::{JobQueue, Pipeline, PipelineInfo};
use crate::runtime::CancelToken;

/// An opened model, ready to draw. Read-only once opened: threads may share it, and their generations queue.
pub struct diffusion_pipeline {
    _private: [u8; 0],
}

bind!(diffusion_pipeline, Arc<OpenPipeline>, "pipeline");

/// A pipeline with its description as C texts. A call that runs keeps it alive, whoever destroys the handle.
pub(super) struct OpenPipeline {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) jobs: JobQueue,
    info_json: CString,
    family: CString,
    layout: CString,
    scheduler: CString,
    graphs: Vec<GraphTexts>,
    notes: Vec<CString>,
    pub(super) cascade: CascadeTexts,
    conditions: Vec<[CString; 2]>,
}

struct GraphTexts {
    role: CString,
    path: CString,
    provider: CString,
    nodes_json: CString,
}

impl OpenPipeline {
    pub(super) fn new(pipeline: Pipeline) -> Self {
        let pipeline = Arc::new(pipeline);
        let info = pipeline.info();
        let graphs = info.graphs.iter().map(|graph| GraphTexts {
            role: c_string(&graph.role),
            path: c_string(graph.path.to_string_lossy()),
            provider: c_string(&graph.provider),
            nodes_json: c_string(serde_json::json!(graph.nodes).to_string()),
        });
        Self {
            info_json: c_string(info.to_json().to_string()),
            family: c_string(&info.family),
            layout: c_string(&info.layout),
            scheduler: c_string(&info.default_scheduler),
            graphs: graphs.collect(),
            notes: info.notes.iter().map(c_string).collect(),
            cascade: info.cascade.as_ref().map(CascadeTexts::new).unwrap_or_default(),
            conditions: info.conditions.iter().map(|c| [c_string(&c.role), c_string(&c.description)]).collect(),
            jobs: JobQueue::new(Arc::clone(&pipeline)),
            pipeline,
        }
    }
}

/// What [`diffusion_pipeline_open`] and its cstr sister do.
///
/// # Safety
/// `options` and `cancel` are NULL or live handles.
unsafe fn open(
    folder: &Path,
    options: *const diffusion_pipeline_options,
    cancel: *const diffusion_cancel_token,
    mut observer: HostObserver,
) -> Result<*mut diffusion_pipeline, Failure> {
    // SAFETY: by contract.
    let options = unsafe { options_or_default(options) };
    // SAFETY: by contract.
    let cancel = unsafe { token_or_new(cancel) };
    let pipeline = Pipeline::open(folder, &options, &mut observer, &cancel)?;
    // It is loaded now; this makes diffusion_runtime_version() and its sisters say so.
    load(options.ort_library.as_deref())?;
    Ok(create(Arc::new(OpenPipeline::new(pipeline))))
}

/// The caller's token, or one that nobody can cancel.
///
/// # Safety
/// `cancel` is NULL or a live handle.
pub(super) unsafe fn token_or_new(cancel: *const diffusion_cancel_token) -> CancelToken {
    // SAFETY: by contract.
    unsafe { shared(cancel) }.cloned().unwrap_or_else(|_| CancelToken::new())
}

/// Opens the model in a folder, loading ONNX Runtime first if that has not happened yet. Blocks.
///
/// `folder` is UTF-8. `options` may be NULL for the defaults. `cancel` may be NULL; a cancelled token stops the call,
/// also when it was cancelled before. `progress` may be NULL; it is called on this thread with `user_data`.
/// On success `*pipeline` is the caller's, to be given back with diffusion_pipeline_destroy().
///
/// A cancelled call returns within some milliseconds. What of it cannot be stopped may take some seconds more of a thread of
/// the library's own, with its memory, and is thrown away then; exit() waits for that.
///
/// Errors: INVALID_ARGUMENT for a path that is empty, too long or has a NUL inside, INVALID_UTF8; IO when the folder is
/// missing or a file in it cannot be read, BAD_MODEL when what is in it does not fit together, UNSUPPORTED for a kind of
/// model that this version does not run; RUNTIME_MISSING, PROVIDER_UNAVAILABLE, OUT_OF_MEMORY, CANCELLED; BUSY when a log
/// callback opens a model while ONNX Runtime is being loaded on its thread. After RUNTIME_MISSING a later call with a
/// good path succeeds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_open(
    folder: *const c_char,
    folder_length: usize,
    options: *const diffusion_pipeline_options,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
    pipeline: *mut *mut diffusion_pipeline,
) -> diffusion_status {
    guard(|| {
        check_out(pipeline, "pipeline out-parameter")?;
        // SAFETY: by contract.
        let folder = unsafe { path(folder, folder_length, "model folder") }?;
        // SAFETY: by contract, and the out-parameter was checked above.
        unsafe { write_out(pipeline, open(&folder, options, cancel, HostObserver { callback: progress, user_data })?) };
        Ok(())
    })
}

/// As diffusion_pipeline_open() with no progress and no cancelling, for a path that ends with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_open_cstr(
    folder: *const c_char,
    options: *const diffusion_pipeline_options,
    pipeline: *mut *mut diffusion_pipeline,
) -> diffusion_status {
    guard(|| {
        check_out(pipeline, "pipeline out-parameter")?;
        // SAFETY: by contract; the length was just counted.
        let folder = unsafe { path(folder, length_of(folder, "model folder")?, "model folder") }?;
        let observer = HostObserver { callback: None, user_data: std::ptr::null_mut() };
        // SAFETY: by contract, and the out-parameter was checked above.
        unsafe { write_out(pipeline, open(&folder, options, std::ptr::null(), observer)?) };
        Ok(())
    })
}

/// Closes the model; NULL does nothing. A generation that is running on another thread goes on to its end.
///
/// So do jobs that were started with it and are not destroyed: they keep the model open, and the last of them closes it.
/// Where all of them are done or cancelled, this waits for their thread to end, as long as a cancel takes at most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_destroy(pipeline: *mut diffusion_pipeline) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(pipeline) };
        Ok(())
    });
}

/// A text of the pipeline; the empty text where there is none.
///
/// # Safety
/// `pipeline` is NULL or a live handle.
pub(super) unsafe fn text_of(
    pipeline: *const diffusion_pipeline,
    pick: impl FnOnce(&OpenPipeline) -> Option<&CString>,
) -> *const c_char {
    value(c"".as_ptr(), || {
        // SAFETY: by contract.
        let open = unsafe { shared(pipeline) }?;
        Ok(pick(open).map_or(c"".as_ptr(), |text| text.as_ptr()))
    })
}

/// A number of the pipeline's description; `T::default()` for NULL.
///
/// # Safety
/// `pipeline` is NULL or a live handle.
pub(super) unsafe fn number_of<T: Default>(
    pipeline: *const diffusion_pipeline,
    pick: impl FnOnce(&PipelineInfo) -> T,
) -> T {
    // SAFETY: by contract.
    value(T::default(), || Ok(pick(unsafe { shared(pipeline) }?.pipeline.info())))
}

/// The entry of a list at an index that came from C.
pub(super) fn at<T>(list: &[T], index: i64) -> Option<&T> {
    list.get(usize::try_from(index).ok()?)
}

/// Everything about the opened model as one JSON object: family, layout, defaults, size multiple, schedulers, graphs
/// with role, path, provider, nodes by provider, inputs and outputs, the roles of condition pictures, what "auto" became, notes, ONNX Runtime's version and place.
///
/// Borrowed: the text lives until diffusion_pipeline_destroy(), as do all texts of the functions below; they are
/// never NULL, and empty for a NULL pipeline. Fields may be added in later versions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_info_json(pipeline: *const diffusion_pipeline) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| Some(&open.info_json)) }
}

/// The model's family, such as "stable-diffusion-1".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_family(pipeline: *const diffusion_pipeline) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| Some(&open.family)) }
}

/// How the folder is laid out, such as "optimum" or "legacy-diffusers".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_layout(pipeline: *const diffusion_pipeline) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| Some(&open.layout)) }
}

/// The width in pixels of a request that sets none. 0 for NULL, as in the functions below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_default_width(pipeline: *const diffusion_pipeline) -> u32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| info.default_width) }
}

/// The height in pixels of a request that sets none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_default_height(pipeline: *const diffusion_pipeline) -> u32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| info.default_height) }
}

/// The steps of a request that sets none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_default_steps(pipeline: *const diffusion_pipeline) -> u32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| info.default_steps) }
}

/// The guidance scale of a request that sets none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_default_guidance(pipeline: *const diffusion_pipeline) -> f32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| info.default_guidance) }
}

/// The name of the scheduler of a request that sets none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_default_scheduler(pipeline: *const diffusion_pipeline) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| Some(&open.scheduler)) }
}

/// Width and height must be multiples of this many pixels.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_size_multiple(pipeline: *const diffusion_pipeline) -> u32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| info.size_multiple) }
}

/// How long opening took, in milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_open_milliseconds(pipeline: *const diffusion_pipeline) -> f64 {
    // SAFETY: by contract.
    value(0.0, || Ok(unsafe { shared(pipeline) }?.pipeline.open_time().as_secs_f64() * 1e3))
}

/// How many graphs were opened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_graph_count(pipeline: *const diffusion_pipeline) -> u32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| u32::try_from(info.graphs.len()).unwrap_or(u32::MAX)) }
}

/// What graph `index`, counted from 0, is for, such as "unet"; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_graph_role(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.graphs, index).map(|graph| &graph.role)) }
}

/// The file of graph `index`; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_graph_path(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.graphs, index).map(|graph| &graph.path)) }
}

/// The execution provider that runs graph `index`; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_graph_provider(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.graphs, index).map(|graph| &graph.provider)) }
}

/// How many nodes of graph `index` run on which provider, as a JSON object such as {"cpu":12,"cuda":1190}, or "null" where
/// ONNX Runtime does not say. Empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_graph_nodes_json(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.graphs, index).map(|graph| &graph.nodes_json)) }
}

/// The role `index`, counted from 0, that a request's condition pictures may have, as "controlnet:1"; empty past the last.
/// diffusion_pipeline_info_json() says which of them the model cannot do without.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_condition_role(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.conditions, index).map(|[role, _]| role)) }
}

/// What a picture of that role is for, in words for people; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_condition_description(
    pipeline: *const diffusion_pipeline,
    index: i64,
) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.conditions, index).map(|[_, description]| description)) }
}

/// How many boxes with phrases a request may have; 0 for a model that takes none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_max_boxes(pipeline: *const diffusion_pipeline) -> u32 {
    // SAFETY: by contract.
    unsafe { number_of(pipeline, |info| u32::try_from(info.max_boxes).unwrap_or(u32::MAX)) }
}

/// Sentence `index`, counted from 0, about what was recognised in the folder and why; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_note(pipeline: *const diffusion_pipeline, index: i64) -> *const c_char {
    // SAFETY: by contract.
    unsafe { text_of(pipeline, |open| at(&open.notes, index)) }
}

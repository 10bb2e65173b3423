//! Jobs: work that goes on while the host does something else. What a polling host sees of it is in `polling.rs`.

use std::ffi::{CStr, CString, c_char};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::guard::{chain, guard, value};
use super::handle::{bind, check_out, create, destroy, shared, write_out};
use super::options::{diffusion_pipeline_options, options_or_default};
use super::pipeline::{OpenPipeline, diffusion_pipeline};
use super::request::diffusion_request;
use super::result::{ResultData, diffusion_result};
use super::runtime::load;
use super::status::{Failure, diffusion_status};
use super::text::{c_string, path};
use crate::error::Error;
use crate::pipeline::{Generated, Job, JobState, JobWatch, Pipeline};

/// Work on a thread of the library: a generation, or the opening of a model. No callback crosses threads: the host polls,
/// or waits.
///
/// A job needs nothing of what it was started with: request, options and pipeline may be destroyed at once, in any order.
/// Every function here but diffusion_job_destroy() may be called from any thread, several at once, at any time before the
/// job is destroyed.
pub struct diffusion_job {
    _private: [u8; 0],
}

bind!(diffusion_job, JobData, "job");

/// What stands behind a job handle.
pub(super) struct JobData {
    work: Work,
    error: OnceLock<CString>,
}

enum Work {
    Generation(Job<Generated>),
    /// With ONNX Runtime's library as the options name it.
    Opening(Job<Pipeline>, Option<PathBuf>),
}

impl JobData {
    fn new(work: Work) -> Self {
        Self { work, error: OnceLock::new() }
    }

    /// The opening of a model, with ONNX Runtime's library as its options name it.
    pub(super) fn opening(job: Job<Pipeline>, ort_library: Option<PathBuf>) -> Self {
        Self::new(Work::Opening(job, ort_library))
    }

    /// How far it is.
    pub(super) fn watch(&self) -> &JobWatch {
        match &self.work {
            Work::Generation(job) => job,
            Work::Opening(job, _) => job,
        }
    }

    /// Why it has nothing to give.
    fn error(&self) -> Option<Error> {
        match &self.work {
            Work::Generation(job) => job.error(),
            Work::Opening(job, _) => job.error(),
        }
    }
}

/// Where a job is on its way. Other values may come with later versions; treat them as running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum diffusion_job_state {
    /// It waits for the jobs of its pipeline that were started before it.
    Queued = 0,
    /// It is being done, or is being stopped.
    Running = 1,
    /// It is done: take what it made.
    Finished = 2,
    /// It ended with an error, which diffusion_job_take_result() returns.
    Failed = 3,
    /// It was cancelled; its pipeline is free for others.
    Cancelled = 4,
}

/// The number that C has for a state.
fn number_of(state: JobState) -> i32 {
    let state = match state {
        JobState::Queued => diffusion_job_state::Queued,
        JobState::Running => diffusion_job_state::Running,
        JobState::Finished => diffusion_job_state::Finished,
        JobState::Failed => diffusion_job_state::Failed,
        JobState::Cancelled => diffusion_job_state::Cancelled,
    };
    state as i32
}

/// A word for people: "queued", "running", "finished", "failed", "cancelled"; "unknown" for any other number.
///
/// The text lives as long as the library is loaded. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_job_state_name(state: i32) -> *const c_char {
    const NAMES: [(diffusion_job_state, &CStr); 5] = [
        (diffusion_job_state::Queued, c"queued"),
        (diffusion_job_state::Running, c"running"),
        (diffusion_job_state::Finished, c"finished"),
        (diffusion_job_state::Failed, c"failed"),
        (diffusion_job_state::Cancelled, c"cancelled"),
    ];
    NAMES.iter().find(|(known, _)| *known as i32 == state).map_or(c"unknown", |(_, name)| *name).as_ptr()
}

/// Starts to draw what the request asks for, and returns at once. On success `*job` is the caller's, to be given back with
/// diffusion_job_destroy().
///
/// The jobs of a pipeline run one after the other in the order of their starts, on one thread that the first start makes;
/// those of different pipelines run side by side. They take turns with calls of diffusion_pipeline_generate() and
/// diffusion_pipeline_embed(), in no promised order. As many jobs may wait as diffusion_pipeline_options_set_job_queue()
/// says, 16 by default.
///
/// The request is copied, so it may be changed, used again and destroyed when this returns; the pipeline may be destroyed
/// too, and its jobs go on. Any thread.
///
/// Errors: INVALID_ARGUMENT for what diffusion_request_validate() refuses; BUSY when the queue is full: take it up again
/// when a job is done, or cancel one; OUT_OF_MEMORY when the system gives no thread. What only the model can know, as a
/// size that it cannot draw, makes the job fail, with the statuses of diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_start(
    pipeline: *const diffusion_pipeline,
    request: *const diffusion_request,
    job: *mut *mut diffusion_job,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (open, request) = unsafe { (shared(pipeline)?, shared(request)?) };
        check_out(job, "job out-parameter")?;
        let started = open.jobs.start(request)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(job, create(JobData::new(Work::Generation(started)))) };
        Ok(())
    })
}

/// Starts to open the model in a folder, and returns at once: diffusion_pipeline_open() as a job, on a thread of its own.
/// On success `*job` is the caller's, to be given back with diffusion_job_destroy(); diffusion_job_take_pipeline() gives
/// the pipeline once it is finished.
///
/// `folder` is UTF-8. `options` may be NULL for the defaults; they are copied. Any thread.
///
/// Errors: INVALID_ARGUMENT for a path that is empty, too long or has a NUL inside, or options that cannot be;
/// INVALID_UTF8; OUT_OF_MEMORY when the system gives no thread. All else makes the job fail, with the statuses of
/// diffusion_pipeline_open().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_open_start(
    folder: *const c_char,
    folder_length: usize,
    options: *const diffusion_pipeline_options,
    job: *mut *mut diffusion_job,
) -> diffusion_status {
    guard(|| {
        check_out(job, "job out-parameter")?;
        // SAFETY: by contract.
        let folder = unsafe { path(folder, folder_length, "model folder") }?;
        // SAFETY: by contract.
        let options = unsafe { options_or_default(options) };
        let started = JobData::opening(Pipeline::open_job(&folder, &options)?, options.ort_library);
        // SAFETY: by contract, and checked above.
        unsafe { write_out(job, create(started)) };
        Ok(())
    })
}

/// The state of the job now, a diffusion_job_state. Never waits. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_poll(job: *const diffusion_job) -> i32 {
    // SAFETY: by contract.
    value(-1, || Ok(number_of(unsafe { shared(job) }?.watch().state())))
}

/// Waits until the job is finished, failed or cancelled, or until `timeout_milliseconds` have passed; a negative number
/// waits for as long as it takes, 0 does not wait. Writes the state as it is then to `*state`, a diffusion_job_state, so
/// that a time that ran out shows as QUEUED or RUNNING and is no error.
///
/// Several threads may wait for one job. A log callback must not wait for the job on whose thread it is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_wait(
    job: *const diffusion_job,
    timeout_milliseconds: i64,
    state: *mut i32,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let watch = unsafe { shared(job) }?.watch();
        check_out(state, "state out-parameter")?;
        let timeout = u64::try_from(timeout_milliseconds).ok().map(Duration::from_millis);
        // SAFETY: by contract, and checked above.
        unsafe { write_out(state, number_of(watch.wait(timeout))) };
        Ok(())
    })
}

/// Cancels the job. One that is queued is CANCELLED when this returns and never runs. One that is running stops as soon as
/// it can, in the middle of a graph too, and then is CANCELLED, even if its work came to an end in that moment; its
/// pipeline goes on with the next job. One that is done stays as it is.
///
/// Any thread, at any time, again and again; never waits. It is not for signal handlers, because it takes locks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_cancel(job: *const diffusion_job) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { shared(job) }?.watch().cancel();
        Ok(())
    })
}

/// Takes the pictures of a finished generation. On success `*result` is the caller's, to be given back with
/// diffusion_result_destroy(); it needs neither the job nor the pipeline.
///
/// Returns the status of what became of the job, as diffusion_pipeline_generate() would have: OK once, when it is
/// finished; its error, as often as it is asked for, when it failed; CANCELLED when it was cancelled.
/// Errors besides: BUSY as long as it is queued or running; INVALID_ARGUMENT when the result was taken before, and for a
/// job that opens a model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_take_result(
    job: *const diffusion_job,
    result: *mut *mut diffusion_result,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(job) }?;
        check_out(result, "result out-parameter")?;
        let Work::Generation(job) = &data.work else {
            return Err(Failure::invalid("the job opens a model; take its pipeline, not a result"));
        };
        let generated = job.take()?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(result, create(ResultData::new(generated))) };
        Ok(())
    })
}

/// Takes the pipeline of a finished opening. On success `*pipeline` is the caller's, to be given back with
/// diffusion_pipeline_destroy().
///
/// Returns the status of what became of the job, as diffusion_pipeline_open() would have; see diffusion_job_take_result().
/// Errors besides: BUSY as long as it is running; INVALID_ARGUMENT when the pipeline was taken before, and for a job that
/// draws. A pipeline that nobody takes is closed with the job.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_take_pipeline(
    job: *const diffusion_job,
    pipeline: *mut *mut diffusion_pipeline,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(job) }?;
        check_out(pipeline, "pipeline out-parameter")?;
        let Work::Opening(job, library) = &data.work else {
            return Err(Failure::invalid("the job draws; take its result, not a pipeline"));
        };
        let opened = job.take()?;
        // It is loaded now; this makes diffusion_runtime_version() and its sisters say so.
        load(library.as_deref())?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(pipeline, create(Arc::new(OpenPipeline::new(opened)))) };
        Ok(())
    })
}

/// Why the job failed or was cancelled: a whole sentence with its causes. Empty for a job that has not, and for NULL.
///
/// Borrowed; never NULL; it lives until diffusion_job_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_error_message(job: *const diffusion_job) -> *const c_char {
    value(c"".as_ptr(), || {
        // SAFETY: by contract.
        let data = unsafe { shared(job) }?;
        let Some(error) = data.error() else { return Ok(c"".as_ptr()) };
        Ok(data.error.get_or_init(|| c_string(chain(&error.into()))).as_ptr())
    })
}

/// Gives the job back, with what was not taken of it; NULL does nothing. A job that is not done is cancelled.
///
/// Does not wait while its pipeline or another of its jobs is there: what runs stops behind it. The last one to be
/// destroyed of a pipeline and its jobs waits for their thread to end, as long as a cancel takes: afterwards nothing of
/// them runs, but for what cannot be stopped, which comes to its end behind it and is thrown away. So does an opening that
/// is not done, see diffusion_pipeline_open(). A host that must not wait cancels, and destroys when
/// diffusion_job_poll() says that it is done. Every other call with the job must have returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_destroy(job: *mut diffusion_job) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(job) };
        Ok(())
    });
}

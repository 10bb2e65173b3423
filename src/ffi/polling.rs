//! What a host that only polls sees of a job: place in the queue, phase, step, time, previews.

use super::guard::{guard, value};
use super::handle::{check_out, create, shared, write_out};
use super::image::{ImageData, diffusion_image};
use super::job::diffusion_job;
use super::progress::phase_number;
use super::status::{Failure, diffusion_status};
use crate::pipeline::{JobWatch, Progress};

/// Something about a job, or `fallback` for NULL.
///
/// # Safety
/// `job` is NULL or a live handle.
unsafe fn of<T>(job: *const diffusion_job, fallback: T, pick: impl FnOnce(&JobWatch) -> T) -> T {
    // SAFETY: by contract.
    value(fallback, || Ok(pick(unsafe { shared(job) }?.watch())))
}

/// The phase, the step and the number of steps that the job has told of last.
fn numbers(progress: Option<Progress>) -> (i32, u32, u32) {
    progress.map_or((-1, 0, 0), |progress| (phase_number(progress.phase), progress.step, progress.steps))
}

/// How many jobs of the same pipeline run before this one: 1 and more while others run or wait before it, 0 once it is
/// the next one or runs or is done, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_queue_position(job: *const diffusion_job) -> u32 {
    // SAFETY: by contract.
    unsafe { of(job, 0, |job| u32::try_from(job.queue_position()).unwrap_or(u32::MAX)) }
}

/// How far the job is, all three numbers of one moment: what is being done, a diffusion_phase, or -1 before the first
/// report; how many parts of this phase are finished; how many it has. They mean what they mean in diffusion_progress, and
/// stay as they were when the job is done.
///
/// None of the three may be NULL; diffusion_job_phase() and its sisters give one of them alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_progress(
    job: *const diffusion_job,
    phase: *mut i32,
    step: *mut u32,
    step_count: *mut u32,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (now, done, all) = numbers(unsafe { shared(job) }?.watch().progress());
        check_out(phase, "phase out-parameter")?;
        check_out(step, "step out-parameter")?;
        check_out(step_count, "step count out-parameter")?;
        // SAFETY: by contract, and checked above.
        unsafe {
            write_out(phase, now);
            write_out(step, done);
            write_out(step_count, all);
        }
        Ok(())
    })
}

/// What is being done, a diffusion_phase; -1 before the first report and for NULL. diffusion_phase_name() has a word.
///
/// Between this and diffusion_job_step() the job may have gone on; diffusion_job_progress() gives what fits together.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_phase(job: *const diffusion_job) -> i32 {
    // SAFETY: by contract.
    unsafe { of(job, -1, |job| numbers(job.progress()).0) }
}

/// How many parts of its phase are finished; 0 before the first report and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_step(job: *const diffusion_job) -> u32 {
    // SAFETY: by contract.
    unsafe { of(job, 0, |job| numbers(job.progress()).1) }
}

/// How many parts its phase has; 0 before the first report and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_step_count(job: *const diffusion_job) -> u32 {
    // SAFETY: by contract.
    unsafe { of(job, 0, |job| numbers(job.progress()).2) }
}

/// For how many milliseconds the job has been running, or did when it is done; 0 while it is queued and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_elapsed_milliseconds(job: *const diffusion_job) -> f64 {
    // SAFETY: by contract.
    unsafe { of(job, 0.0, |job| job.elapsed().as_secs_f64() * 1e3) }
}

/// How many previews there were so far, of all pictures of the request together: where this number is another one than
/// last time, there is a new preview. 0 where the request asks for none (diffusion_request_set_previews()), before the
/// first, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_preview_number(job: *const diffusion_job) -> u64 {
    // SAFETY: by contract.
    unsafe { of(job, 0, JobWatch::preview_number) }
}

/// The newest preview of picture `index` of the request, counted from 0: what is not finished yet, as
/// diffusion_progress.preview shows it. It does not wait for the job, and copies no pixels. The newest preview of each
/// picture is kept until the job is destroyed.
///
/// On success `*image` is the caller's, to be given back with diffusion_image_destroy(); newer previews leave it as it is.
///
/// Errors: INVALID_ARGUMENT when there is no preview of such a picture (yet).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_job_preview(
    job: *const diffusion_job,
    index: i64,
    image: *mut *mut diffusion_image,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let watch = unsafe { shared(job) }?.watch();
        check_out(image, "image out-parameter")?;
        let newest = u32::try_from(index).ok().and_then(|index| watch.preview(index));
        let newest = newest.ok_or_else(|| {
            Failure::invalid(format!(
                "there is no preview of picture {index} so far; diffusion_job_preview_number() says when there are any"
            ))
        })?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(image, create(ImageData::lent(newest.image))) };
        Ok(())
    })
}

//! Models from memory: the files that a host hands over, and opening a pipeline from them.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use bytes::Bytes;

use super::cancel::diffusion_cancel_token;
use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, exclusive, shared, write_out};
use super::job::{JobData, diffusion_job};
use super::options::{diffusion_pipeline_options, options_or_default};
use super::pipeline::{OpenPipeline, diffusion_pipeline, token_or_new};
use super::progress::{HostObserver, diffusion_progress_callback};
use super::runtime::load;
use super::status::{Failure, diffusion_status};
use super::text::utf8;
use crate::ModelFiles;
use crate::pipeline::Pipeline;

/// The longest name of a file, in bytes: that of the longest path of the systems that have such a limit.
const MAX_NAME_BYTES: usize = 4096;

/// The files of a model in memory, by the names that they would have below its folder: for models that lie in an archive,
/// are decrypted or come from a network, and are not to be written to the disk.
pub struct diffusion_model_files {
    _private: [u8; 0],
}

bind!(diffusion_model_files, ModelFiles, "model files");

/// Is told that memory which was lent to the library is not used any more: it may be freed, unmapped or written to.
///
/// It is called once, by the last user, on whatever thread that is: one of the host's inside of a call of the library, or
/// one of the library's. It must not call the library, and must not leave by longjmp or by a C++ exception.
pub type diffusion_release_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The host's memory.
struct Lent {
    bytes: *const u8,
    length: usize,
    release: diffusion_release_callback,
    user_data: *mut c_void,
}

// SAFETY: nobody writes to the bytes, and the host lets its callback run on any thread, by contract.
unsafe impl Send for Lent {}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: by contract the bytes are readable and stay as they are until `release` is called.
        unsafe { slice(self.bytes, self.length) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: by contract; nothing uses the bytes any more, and this runs once.
            unsafe { release(self.user_data) };
        }
    }
}

/// The caller's bytes; NULL is fine where there are none.
///
/// # Safety
/// `bytes` points to `length` readable bytes that stay unchanged for `'a`, unless `length` is 0.
unsafe fn slice<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: promised by the caller; `check` has refused NULL, and lengths that no memory has.
    unsafe { std::slice::from_raw_parts(bytes, length) }
}

fn check(bytes: *const u8, length: usize) -> Result<(), Failure> {
    if length > 0 && bytes.is_null() {
        return Err(Failure::Null("bytes of the model file"));
    }
    if isize::try_from(length).is_err() {
        return Err(Failure::invalid(format!(
            "the model file has {length} bytes; no memory has more than {}",
            isize::MAX
        )));
    }
    Ok(())
}

/// Makes an object with no files. Give it back with diffusion_model_files_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_model_files_create(files: *mut *mut diffusion_model_files) -> diffusion_status {
    guard(|| {
        check_out(files, "model files out-parameter")?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(files, create(ModelFiles::new())) };
        Ok(())
    })
}

/// Adds the file `name` with a copy of `byte_count` bytes: for small files, and for memory that the host wants back.
///
/// `name` is UTF-8, a path relative to the model's folder with its parts separated by "/", such as "unet/model.onnx", of
/// at most 4096 bytes. `bytes` may be NULL where `byte_count` is 0. The files that a model needs are those that its
/// folder has; others do no harm. Weights that a graph keeps in a file of their own are a file like the others.
///
/// Errors: INVALID_ARGUMENT for a name that is empty, absolute or leads upwards, for one with a backslash, a colon or a NUL
/// inside, for one that was added before, and for one that would be a file and a folder at once; INVALID_UTF8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_model_files_add_copy(
    files: *mut diffusion_model_files,
    name: *const c_char,
    name_length: usize,
    bytes: *const u8,
    byte_count: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (files, name) =
            unsafe { (exclusive(files)?, utf8(name, name_length, MAX_NAME_BYTES, "model file's name")?) };
        check(bytes, byte_count)?;
        // SAFETY: by contract, and checked above.
        let bytes = unsafe { slice(bytes, byte_count) };
        Ok(files.add(name, Bytes::copy_from_slice(bytes))?)
    })
}

/// Adds the file `name` with `byte_count` bytes that stay the host's and are not copied: for weights, of which one copy in
/// memory is enough, as those of a mapped file or archive.
///
/// The bytes must stay as they are until `release` is called with `user_data`: when `files` and every pipeline and job that
/// was opened from it are destroyed, and what they were doing has ended. `release` may be NULL for memory that stays
/// until the process ends. Where this returns an error, the bytes were not taken and `release` is not called.
///
/// On the CPU, the weights of matrix products, most of a large model, are used where they lie. ONNX Runtime keeps a copy
/// of other weights, and one of all weights of a graph while that graph is opened: memory for the largest graph is needed
/// besides, for all of them unless the options ask for low memory. Graphs inside of nodes are always copied, and must be
/// below 2 GiB.
///
/// `name` and errors are as in diffusion_model_files_add_copy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_model_files_add_borrowed(
    files: *mut diffusion_model_files,
    name: *const c_char,
    name_length: usize,
    bytes: *const u8,
    byte_count: usize,
    release: diffusion_release_callback,
    user_data: *mut c_void,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (files, name) =
            unsafe { (exclusive(files)?, utf8(name, name_length, MAX_NAME_BYTES, "model file's name")?) };
        check(bytes, byte_count)?;
        // Before the bytes are taken: from then on letting go of them calls `release`.
        files.check(name)?;
        Ok(files.add(name, Bytes::from_owner(Lent { bytes, length: byte_count, release, user_data }))?)
    })
}

/// Gives the object back; NULL does nothing. Pipelines that were opened from it, and openings that have begun, keep what
/// they need of the files.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_model_files_destroy(files: *mut diffusion_model_files) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(files) };
        Ok(())
    });
}

/// Opens the model that the files are: diffusion_pipeline_open() for one in memory, which draws the same. Nothing is
/// written to the disk, unless the options name a cache of prepared graphs.
///
/// `files` may be destroyed, and may get other files, when this returns. Any number of pipelines may be opened from it.
/// What diffusion_pipeline_info_json() and errors call the files begins with "memory:" and a number. ControlNets and
/// embeddings that the options name by path are read from the disk.
///
/// `options`, `cancel`, `progress`, `*pipeline` and errors are as in diffusion_pipeline_open(); BAD_MODEL where a file is
/// missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_open_files(
    files: *const diffusion_model_files,
    options: *const diffusion_pipeline_options,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
    pipeline: *mut *mut diffusion_pipeline,
) -> diffusion_status {
    guard(|| {
        check_out(pipeline, "pipeline out-parameter")?;
        // The handles may be destroyed while this runs.
        // SAFETY: by contract.
        let (files, options, cancel) =
            unsafe { (shared(files)?.clone(), options_or_default(options), token_or_new(cancel)) };
        let mut observer = HostObserver { callback: progress, user_data };
        let opened = Pipeline::open_files(&files, &options, &mut observer, &cancel)?;
        // It is loaded now; this makes diffusion_runtime_version() and its sisters say so.
        load(options.ort_library.as_deref())?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(pipeline, create(Arc::new(OpenPipeline::new(opened)))) };
        Ok(())
    })
}

/// Starts to open the model that the files are, and returns at once: diffusion_pipeline_open_files() as a job, on a thread
/// of its own. `files` may be destroyed at once. `options` may be NULL for the defaults; they are copied. Any thread.
///
/// `*job` and errors are as in diffusion_pipeline_open_start(). Destroying a job that nothing was taken from lets go of the
/// files.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_open_files_start(
    files: *const diffusion_model_files,
    options: *const diffusion_pipeline_options,
    job: *mut *mut diffusion_job,
) -> diffusion_status {
    guard(|| {
        check_out(job, "job out-parameter")?;
        // SAFETY: by contract.
        let (files, options) = unsafe { (shared(files)?, options_or_default(options)) };
        let started = JobData::opening(Pipeline::open_files_job(files, &options)?, options.ort_library);
        // SAFETY: by contract, and checked above.
        unsafe { write_out(job, create(started)) };
        Ok(())
    })
}

//! Options for opening a model.

use std::ffi::c_char;

use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, exclusive, write_out};
use super::request::whole;
use super::status::diffusion_status;
use super::text::{name, path};
use crate::pipeline::{MAX_THREADS, MemoryMode, PipelineOptions};
use crate::runtime::Provider;

/// The highest device number that may be asked for.
const MAX_DEVICE: u32 = 255;

/// How to open a model: where ONNX Runtime is, which provider, how many threads, how much memory.
///
/// New options are the defaults: the CPU, all cores, everything resident. A call reads them and keeps nothing.
pub struct diffusion_pipeline_options {
    _private: [u8; 0],
}

bind!(diffusion_pipeline_options, PipelineOptions, "pipeline options");

/// Makes options with every default. Give them back with diffusion_pipeline_options_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_create(
    options: *mut *mut diffusion_pipeline_options,
) -> diffusion_status {
    guard(|| {
        check_out(options, "options out-parameter")?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(options, create(PipelineOptions::default())) };
        Ok(())
    })
}

/// Gives the options back; NULL does nothing. Pipelines opened with them stay open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_destroy(options: *mut diffusion_pipeline_options) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(options) };
        Ok(())
    });
}

/// ONNX Runtime's library, or a folder that holds it; UTF-8, at most 65536 bytes.
///
/// Default, also with NULL and 0: the environment variable ORT_DYLIB_PATH, then beside this library, then the
/// system's. Only the first successful open of a process loads it; later ones use what is loaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_ort_library(
    options: *mut diffusion_pipeline_options,
    library: *const c_char,
    library_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        options.ort_library = match library_length {
            0 => None,
            // SAFETY: by contract.
            _ => Some(unsafe { path(library, library_length, "path of ONNX Runtime's library") }?),
        };
        Ok(())
    })
}

/// The execution provider for every graph, by one of the names of diffusion_provider_name(). Default: "auto", which is the
/// library's choice and for now the CPU.
///
/// A provider that ONNX Runtime does not offer here fails in diffusion_pipeline_open().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_provider(
    options: *mut diffusion_pipeline_options,
    provider: *const c_char,
    provider_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        options.provider = Provider::parse(unsafe { name(provider, provider_length, "provider name") }?)?;
        Ok(())
    })
}

/// Which device of the provider, counted from 0, at most 255. Default: 0. The CPU does not look at it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_device_id(
    options: *mut diffusion_pipeline_options,
    device_id: i64,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(options) }?.device_id = whole(device_id, 0..=MAX_DEVICE, "device id")?;
        Ok(())
    })
}

/// Threads for one operator on the CPU, at most 1024. Default: 0, one for each physical core that
/// this process may use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_threads(
    options: *mut diffusion_pipeline_options,
    threads: i64,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(options) }?.threads = whole(threads, 0..=MAX_THREADS, "threads")?;
        Ok(())
    })
}

/// What to trade memory for, by one of the names of diffusion_memory_mode_name(). Default: "speed".
///
/// "speed" keeps everything resident and runs guidance as one batched call; "low" makes one denoiser call for each
/// guidance branch and each picture. "balanced" is DIFFUSION_STATUS_UNSUPPORTED in this version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_memory(
    options: *mut diffusion_pipeline_options,
    mode: *const c_char,
    mode_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        options.memory = MemoryMode::parse(unsafe { name(mode, mode_length, "memory mode") }?)?;
        Ok(())
    })
}

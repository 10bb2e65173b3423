//! Options for opening a model.

use std::ffi::c_char;

use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, exclusive, shared, write_out};
use super::request::whole;
use super::status::diffusion_status;
use super::text::{MAX_OPTION_BYTES, name, path, utf8};
use crate::Error;
use crate::pipeline::{CacheChoice, EmbeddingFile, MAX_JOB_QUEUE, MAX_THREADS, MemoryMode, PipelineOptions};
use crate::runtime::{Fallback, Precision, Provider};

/// The highest device number that may be asked for.
const MAX_DEVICE: u32 = 255;

/// How to open a model: where ONNX Runtime is, which provider, how many threads, how much memory.
///
/// New options are the defaults: the provider "auto", all cores, every graph resident, nothing cached. A call reads
/// them and keeps nothing.
pub struct diffusion_pipeline_options {
    _private: [u8; 0],
}

bind!(diffusion_pipeline_options, PipelineOptions, "pipeline options");

/// The caller's options, copied, or the defaults for NULL.
///
/// # Safety
/// `options` is NULL or a live handle.
pub(super) unsafe fn options_or_default(options: *const diffusion_pipeline_options) -> PipelineOptions {
    // SAFETY: promised by the caller.
    unsafe { shared(options) }.cloned().unwrap_or_default()
}

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

/// The execution provider for every graph, by one of the names of diffusion_provider_name(). Default: "auto", the first that
/// is seen to work: each that ONNX Runtime has and that is faster than the CPU draws a small graph by itself, once a
/// process. What it became and why is in diffusion_pipeline_info_json().
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

/// The execution provider for one graph, in place of the one for all: `role` is as "text_encoder", "unet" or "vae_decoder",
/// `provider` one of the names of diffusion_provider_name(). A later call for the same role replaces the earlier one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_graph_provider(
    options: *mut diffusion_pipeline_options,
    role: *const c_char,
    role_length: usize,
    provider: *const c_char,
    provider_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        let role = unsafe { name(role, role_length, "role of a graph") }?;
        // SAFETY: by contract.
        let provider = Provider::parse(unsafe { name(provider, provider_length, "provider name") }?)?;
        options.place(role, provider)?;
        Ok(())
    })
}

/// What the providers compute in where they have a choice, by one of the names of diffusion_precision_name().
///
/// Default: "default", the types that the graphs themselves have, nothing below. "bfloat16" and "float16" trade digits
/// for speed inside those providers that can (OpenVINO, TensorRT; float16 also Core ML, QNN, MIGraphX); graphs that are
/// placed on others keep their types, and if no graph's provider can, diffusion_pipeline_open() fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_precision(
    options: *mut diffusion_pipeline_options,
    precision: *const c_char,
    precision_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        options.precision = Precision::parse(unsafe { name(precision, precision_length, "precision") }?)?;
        Ok(())
    })
}

/// What happens when a part of a graph cannot run on its provider and would run on the CPU instead, by one of the names
/// of diffusion_fallback_name(). Default: "warn", a warning in the log; with "refuse" diffusion_pipeline_open() fails
/// with PROVIDER_UNAVAILABLE and names the operators. Arithmetic on shapes, which belongs on the CPU, never counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_fallback(
    options: *mut diffusion_pipeline_options,
    fallback: *const c_char,
    fallback_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        options.fallback = Fallback::parse(unsafe { name(fallback, fallback_length, "fallback") }?)?;
        Ok(())
    })
}

/// An option of a provider: `key` is KEY for every provider that has it or PROVIDER.KEY for one, as "memory_limit",
/// "cuda.cuda_graph", "openvino.cache_dir"; README lists them. PROVIDER.raw.NAME is passed on to ONNX Runtime as NAME,
/// unchecked. The value is a text, at most 65536 bytes; flags are "1" and "0", sizes may end in K, M or G.
///
/// Errors: INVALID_ARGUMENT for an unknown key, listing those there are, and for a value that the key does not take.
/// An option that no graph's provider has makes diffusion_pipeline_open() fail.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_provider_option(
    options: *mut diffusion_pipeline_options,
    key: *const c_char,
    key_length: usize,
    value: *const c_char,
    value_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        let key = unsafe { name(key, key_length, "name of a provider's option") }?;
        // SAFETY: by contract.
        let value = unsafe { utf8(value, value_length, MAX_OPTION_BYTES, "value of a provider's option") }?;
        options.provider_settings.set(key, value)?;
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
/// "speed" keeps every graph open and runs guidance as one batched call. "balanced" closes the text encoder after use
/// and gives memory for activations back after every run. "low" has one graph open at a time, makes one denoiser call
/// for each guidance branch and each picture, and decodes large pictures in overlapping tiles. The last two want a
/// cache folder: without one, opening a graph again takes as long as the first time.
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

/// How many jobs of the pipeline may wait behind the one that runs, 0 to 1024. Default: 16. diffusion_job_start() refuses
/// the next one with BUSY; with 0 there is one job at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_job_queue(
    options: *mut diffusion_pipeline_options,
    jobs: i64,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(options) }?.job_queue = whole(jobs, 0..=MAX_JOB_QUEUE, "job queue")?;
        Ok(())
    })
}

/// Whether graphs may be changed so that they run faster and compute the same: 1 (the default) or 0. With 0 the model's
/// files are opened as they are, and nothing is cached.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_preparation(
    options: *mut diffusion_pipeline_options,
    preparation: i32,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(options) }?.prepare = whole(i64::from(preparation), 0..=1, "preparation")? == 1;
        Ok(())
    })
}

/// Where prepared graphs are kept: a folder, UTF-8, at most 65536 bytes, which is made if it is not there. NULL and 0,
/// the default: nowhere.
///
/// A model that was opened once with a cache opens in a fraction of the time afterwards, and its weights are mapped
/// from the cache's files: they need no memory of their own, and pipelines and processes share them. The cache takes
/// about as much room as the models do; see diffusion_pipeline_options_set_cache_limit(). Several processes may use it
/// at once; it may be deleted whenever no pipeline is open. It is not to be shared by users who do not trust
/// each other. Graphs on other providers than the CPU are not kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_cache_dir(
    options: *mut diffusion_pipeline_options,
    folder: *const c_char,
    folder_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        options.cache = match folder_length {
            0 => CacheChoice::None,
            // SAFETY: by contract.
            _ => CacheChoice::At(unsafe { path(folder, folder_length, "cache folder") }?),
        };
        Ok(())
    })
}

/// Adds a word that prompts may use (textual inversion), from a safetensors file of at most 64 MiB: one tensor of [width]
/// or [vectors, width], "emb_params" or named by its token, or "clip_l" and "clip_g" for families with two CLIPs.
///
/// `token` is how prompts write the word, up to 256 bytes; empty (length 0): the tensor's name, or for those three the
/// file's without its extension. Each call adds one; files are read by diffusion_pipeline_open(), which fails with
/// INVALID_ARGUMENT for one that is no embedding, that was learned for another family, or whose token is taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_add_embedding(
    options: *mut diffusion_pipeline_options,
    file: *const c_char,
    file_length: usize,
    token: *const c_char,
    token_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        let path = unsafe { path(file, file_length, "path of an embedding") }?;
        // SAFETY: by contract.
        let token = unsafe { name(token, token_length, "token of an embedding") }?;
        let token = Some(token.to_owned()).filter(|token| !token.is_empty());
        options.embeddings.push(EmbeddingFile { path, token });
        Ok(())
    })
}

/// Adds a ControlNet or a T2I-Adapter that lies elsewhere than in the model's folder: an ONNX file, or a folder with one and
/// perhaps its config.json; UTF-8, at most 65536 bytes. Each call adds one; their roles' numbers go on where the folder's
/// own end, so that the first ControlNet of a folder without any is "controlnet".
///
/// diffusion_pipeline_open() fails with IO or BAD_MODEL for one that cannot be read or is neither.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_add_condition_graph(
    options: *mut diffusion_pipeline_options,
    graph: *const c_char,
    graph_length: usize,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        // SAFETY: by contract.
        options.condition_graphs.push(unsafe { path(graph, graph_length, "path of a condition graph") }?);
        Ok(())
    })
}

/// Keeps prepared graphs where this system keeps a user's caches, in a folder "libdiffusion"; see
/// diffusion_pipeline_options_set_cache_dir(). Where that cannot be, nothing is kept, and a note of the pipeline says so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_use_user_cache(
    options: *mut diffusion_pipeline_options,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        unsafe { exclusive(options) }?.cache = CacheChoice::User;
        Ok(())
    })
}

/// The most bytes that the cache keeps, from 1; what was not used for longest goes first. Default: 32 GiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_options_set_cache_limit(
    options: *mut diffusion_pipeline_options,
    bytes: u64,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let options = unsafe { exclusive(options) }?;
        if bytes == 0 {
            let reason = "the cache limit is 0; it must be at least 1 byte (for no cache, set no folder)";
            return Err(Error::invalid(reason).into());
        }
        options.cache_limit = bytes;
        Ok(())
    })
}

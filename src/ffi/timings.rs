//! Where the time of a generation went, in milliseconds.

use std::ffi::c_char;
use std::time::Duration;

use serde_json::{Value, json};

use super::guard::value;
use super::handle::shared;
use super::pipeline::at;
use super::result::diffusion_result;
use crate::pipeline::Timings;

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The timings as a JSON object, in milliseconds.
pub(super) fn timings_json(timings: &Timings) -> Value {
    let steps: Vec<f64> = timings.denoise.iter().copied().map(milliseconds).collect();
    json!({
        "text": milliseconds(timings.text),
        "encode": milliseconds(timings.encode),
        "denoise": steps,
        "denoise_in_graphs": milliseconds(timings.denoise_in_graphs),
        "decode": milliseconds(timings.decode),
        "total": milliseconds(timings.total),
        "skipped_calls": timings.skipped_calls,
        "skipped_negatives": timings.skipped_negatives,
    })
}

/// A time of the result, in milliseconds; 0 for NULL.
///
/// # Safety
/// `result` is NULL or a live handle.
unsafe fn time_of(result: *const diffusion_result, pick: impl FnOnce(&Timings) -> Duration) -> f64 {
    // SAFETY: by contract.
    value(0.0, || Ok(milliseconds(pick(&unsafe { shared(result) }?.timings))))
}

/// Where the time went, as one JSON object in milliseconds: text, encode, denoise (a list, one for each step),
/// denoise_in_graphs, decode, total; and how many denoiser evaluations were skipped_calls and skipped_negatives.
/// Borrowed; never NULL; empty for a NULL result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_timings_json(result: *const diffusion_result) -> *const c_char {
    // SAFETY: by contract.
    value(c"".as_ptr(), || Ok(unsafe { shared(result) }?.timings_json.as_ptr()))
}

/// Tokenizing and text encoding, in milliseconds. 0 for NULL, as in the functions below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_text_milliseconds(result: *const diffusion_result) -> f64 {
    // SAFETY: by contract.
    unsafe { time_of(result, |timings| timings.text) }
}

/// Pictures to latents, and the first noise, in milliseconds; next to nothing where no picture is the start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_encode_milliseconds(result: *const diffusion_result) -> f64 {
    // SAFETY: by contract.
    unsafe { time_of(result, |timings| timings.encode) }
}

/// How many denoiser evaluations there were. A scheduler that asks twice a step has more than the request's steps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_step_count(result: *const diffusion_result) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(u32::try_from(unsafe { shared(result) }?.timings.denoise.len()).unwrap_or(u32::MAX)))
}

/// Denoiser evaluation `index`, counted from 0, with everything around it, in milliseconds. 0 past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_step_milliseconds(result: *const diffusion_result, index: i64) -> f64 {
    // SAFETY: by contract.
    unsafe { time_of(result, |timings| at(&timings.denoise, index).copied().unwrap_or_default()) }
}

/// Decoding and pixel conversion, in milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_decode_milliseconds(result: *const diffusion_result) -> f64 {
    // SAFETY: by contract.
    unsafe { time_of(result, |timings| timings.decode) }
}

/// How many denoiser evaluations were left out; see diffusion_request_set_reuse().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_skipped_calls(result: *const diffusion_result) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(unsafe { shared(result) }?.timings.skipped_calls))
}

/// How many denoiser evaluations had no negative prompt; see diffusion_request_set_negative_schedule().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_skipped_negatives(result: *const diffusion_result) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(unsafe { shared(result) }?.timings.skipped_negatives))
}

/// The whole generation, in milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_total_milliseconds(result: *const diffusion_result) -> f64 {
    // SAFETY: by contract.
    unsafe { time_of(result, |timings| timings.total) }
}

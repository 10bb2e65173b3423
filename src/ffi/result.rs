//! What a generation gave: pictures, settings, warnings. The times are in `timings.rs`.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use ndarray::ArrayD;

use super::guard::{guard, value};
use super::handle::{bind, check_out, destroy, lend, shared, write_out};
use super::image::{ImageData, diffusion_image};
use super::pipeline::at;
use super::status::{Failure, diffusion_status};
use super::text::c_string;
use super::timings::timings_json;
use crate::pipeline::{Generated, Timings};

/// The pictures of one generation, with the settings that made them, where the time went, and warnings.
///
/// Read-only, so threads may share it. Everything borrowed from it lives until diffusion_result_destroy(). It does
/// not need the pipeline any more.
pub struct diffusion_result {
    _private: [u8; 0],
}

bind!(diffusion_result, ResultData, "result");

/// What stands behind a result handle.
pub(super) struct ResultData {
    images: Vec<ImageData>,
    flagged: Vec<Option<bool>>,
    pub(super) latents: Arc<ArrayD<f32>>,
    seed: u64,
    /// Each picture's own.
    seeds: Vec<u64>,
    settings_json: CString,
    pub(super) timings: Timings,
    pub(super) timings_json: CString,
    warnings: Vec<CString>,
}

impl ResultData {
    pub(super) fn new(generated: Generated) -> Self {
        let Generated { images, latents, flagged, settings, timings, warnings } = generated;
        Self {
            latents: Arc::new(latents),
            flagged,
            seed: settings.seed,
            seeds: (0..images.len()).map(|index| settings.seed_of(index)).collect(),
            settings_json: c_string(serde_json::json!(settings).to_string()),
            timings_json: c_string(timings_json(&timings).to_string()),
            timings,
            warnings: warnings.into_iter().map(c_string).collect(),
            images: images
                .into_iter()
                .enumerate()
                .map(|(index, image)| ImageData::new(image, settings.parameters(index), settings.to_json(index)))
                .collect(),
        }
    }
}

/// Gives the result back, with everything borrowed from it; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_destroy(result: *mut diffusion_result) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(result) };
        Ok(())
    });
}

/// How many pictures there are. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_count(result: *const diffusion_result) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(u32::try_from(unsafe { shared(result) }?.images.len()).unwrap_or(u32::MAX)))
}

/// Picture `index`, counted from 0. Borrowed: it lives until diffusion_result_destroy().
///
/// Errors: INVALID_ARGUMENT when there is no such picture.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_image(
    result: *const diffusion_result,
    index: i64,
    image: *mut *const diffusion_image,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let images = &unsafe { shared(result) }?.images;
        check_out(image, "image out-parameter")?;
        let found = at(images, index).ok_or_else(|| {
            Failure::invalid(format!("there is no picture {index}; the result has {}, counted from 0", images.len()))
        })?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(image, lend(found)) };
        Ok(())
    })
}

/// Whether the safety checker flagged picture `index`: 1 if it did, 0 if not, -1 where it was not asked
/// (diffusion_request_set_safety()), there is no such picture, or the result is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_flagged(result: *const diffusion_result, index: i64) -> i32 {
    value(-1, || {
        // SAFETY: by contract.
        let flagged = &unsafe { shared(result) }?.flagged;
        Ok(at(flagged, index).copied().flatten().map_or(-1, i32::from))
    })
}

/// The seed that was used, also where the request set none; of several pictures with a seed each, the first one's. 0 for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_seed(result: *const diffusion_result) -> u64 {
    // SAFETY: by contract.
    value(0, || Ok(unsafe { shared(result) }?.seed))
}

/// The seed that draws picture `index` again: its own with diffusion_request_set_seed_mode() "one-per-picture", which
/// draws it alone; otherwise that of all of them. 0 where there is no such picture, or the result is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_image_seed(result: *const diffusion_result, index: i64) -> u64 {
    // SAFETY: by contract.
    value(0, || Ok(at(&unsafe { shared(result) }?.seeds, index).copied().unwrap_or(0)))
}

/// The settings as one JSON object with every default filled in: prompt, negative_prompt, width, height, steps,
/// guidance, scheduler, sigmas, eta, seed, rng, count, strength, clip_skip, model; and what else the request set.
/// Fields may be added in later versions.
///
/// Borrowed; never NULL; empty for a NULL result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_settings_json(result: *const diffusion_result) -> *const c_char {
    // SAFETY: by contract.
    value(c"".as_ptr(), || Ok(unsafe { shared(result) }?.settings_json.as_ptr()))
}

/// How many warnings there are. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_warning_count(result: *const diffusion_result) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(u32::try_from(unsafe { shared(result) }?.warnings.len()).unwrap_or(u32::MAX)))
}

/// Warning `index`, counted from 0: a sentence, for example about words that did not fit the text encoder.
///
/// Borrowed; never NULL; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_warning(result: *const diffusion_result, index: i64) -> *const c_char {
    value(c"".as_ptr(), || {
        // SAFETY: by contract.
        Ok(at(&unsafe { shared(result) }?.warnings, index).map_or(c"".as_ptr(), |text| text.as_ptr()))
    })
}

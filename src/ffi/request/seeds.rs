//! Which noise.

use std::ffi::c_char;

use super::{change, diffusion_request, named, set};
use crate::ffi::status::diffusion_status;
use crate::ffi::text::name;
use crate::pipeline::{Seeds, Variation};
use crate::rng::RngKind;

/// Seed of the noise. Default: a random one for every generation, which diffusion_result_seed() reports.
///
/// Any value for "torch-cuda"; "torch-cpu" reads only the low 32 bits, as torch does; "numpy" takes 0 to 2^32 - 1, which
/// diffusion_pipeline_generate() checks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_seed(request: *mut diffusion_request, seed: u64) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.seed, Some(seed)) }
}

/// Whose random generator to repeat, by one of the names of diffusion_rng_name(). Default: "torch-cpu".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_rng(
    request: *mut diffusion_request,
    rng: *const c_char,
    rng_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.rng = RngKind::parse(name(rng, rng_length, "rng name")?)?;
            Ok(())
        })
    }
}

/// How several pictures are seeded, by one of the names of diffusion_seed_mode_name(). Default, also with NULL and 0:
/// "one-generator", which draws for all pictures in turn, as diffusers' num_images_per_prompt does.
///
/// With "one-per-picture" picture i has a generator of its own with seed + i, as in AUTOMATIC1111's webui, so that each
/// can be drawn again alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_seed_mode(
    request: *mut diffusion_request,
    mode: *const c_char,
    mode_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.seeds = named(mode, mode_length, "seed mode", Seeds::parse)?.unwrap_or_default();
            Ok(())
        })
    }
}

/// A little of another seed's noise, for pictures that resemble the first seed's: `strength` goes from 0, the first
/// seed's picture, to 1, the other's. NaN is refused. Default: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_variation(
    request: *mut diffusion_request,
    seed: u64,
    strength: f32,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { set(request, |r| &mut r.variation, Some(Variation { seed, strength })) }
}

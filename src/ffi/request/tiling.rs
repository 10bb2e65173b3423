//! Large pictures through the autoencoder in parts.

use std::ffi::c_char;

use super::{change, diffusion_request, named};
use crate::ffi::status::diffusion_status;
use crate::pipeline::Tiling;

/// Whether the autoencoder encodes and decodes in overlapping tiles, by one of the names of diffusion_tiling_name(). Default,
/// also with NULL and 0: "auto", which is: in the memory mode "low", pictures with a side beyond what the autoencoder was
/// trained on. "on" tiles in every memory mode what is larger than a tile (the training pictures' side, at most 768 pixels);
/// "off" never tiles.
///
/// The memory of a tiled picture is that of one tile and the picture itself. Each tile is normalised by itself, so colours
/// differ a little from those of a whole picture. diffusion_pipeline_generate() fails with INVALID_ARGUMENT for "on" beside
/// a seamless picture, which is decoded whole.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_tiling(
    request: *mut diffusion_request,
    tiling: *const c_char,
    tiling_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.tiling = named(tiling, tiling_length, "tiling", Tiling::parse)?.unwrap_or_default();
            Ok(())
        })
    }
}

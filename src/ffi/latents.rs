//! Latents: pictures to latents and back, and what a generation ended with.

use std::sync::Arc;

use super::cancel::diffusion_cancel_token;
use super::embedding::{diffusion_embedding, give};
use super::guard::guard;
use super::handle::{check_out, create, shared, write_out};
use super::image::{ImageData, diffusion_image, format_from};
use super::pipeline::{diffusion_pipeline, token_or_new};
use super::result::diffusion_result;
use super::status::{Failure, diffusion_status};
use crate::error::Error;
use crate::pipeline::Tiling;

/// What the model's autoencoder makes of a picture: its most likely latents, `[1, channels, height, width]`, scaled as the
/// denoiser knows them. The picture is not resized: its sides must be multiples of what a latent stands for, 8 pixels in
/// most models.
///
/// Blocks, in its turn; `cancel` may be NULL. On success `*latents` is the caller's, to be given back with
/// diffusion_embedding_destroy(). Any thread.
///
/// Errors: INVALID_ARGUMENT for a size that does not fit; UNSUPPORTED for a model without an encoder, or of several stages;
/// CANCELLED, GRAPH_FAILED, NUMERIC, OUT_OF_MEMORY; BUSY as of diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_encode_image(
    pipeline: *const diffusion_pipeline,
    image: *const diffusion_image,
    cancel: *const diffusion_cancel_token,
    latents: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (open, picture) = unsafe { (Arc::clone(shared(pipeline)?), Arc::clone(&shared(image)?.image)) };
        check_out(latents, "latents out-parameter")?;
        // SAFETY: by contract.
        let cancel = unsafe { token_or_new(cancel) };
        let encoded = open.pipeline.encode_image(&picture, Tiling::Auto, &cancel)?;
        // SAFETY: by contract, and checked above.
        unsafe { give(latents, encoded) };
        Ok(())
    })
}

/// The picture of latents: `index`, counted from 0, of `latents`, `[pictures, channels, height, width]`, scaled as the
/// denoiser knows them. `format` is a diffusion_pixel_format.
///
/// Blocks, in its turn; `cancel` may be NULL. On success `*image` is the caller's, to be given back with
/// diffusion_image_destroy(). Any thread.
///
/// Errors: INVALID_ARGUMENT for another shape, no such picture, or one that is too large; UNSUPPORTED for a model of several
/// stages; CANCELLED, GRAPH_FAILED, NUMERIC, OUT_OF_MEMORY; BUSY as of diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_decode_latents(
    pipeline: *const diffusion_pipeline,
    latents: *const diffusion_embedding,
    index: i64,
    format: i32,
    cancel: *const diffusion_cancel_token,
    image: *mut *mut diffusion_image,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let (open, latents) = unsafe { (Arc::clone(shared(pipeline)?), Arc::clone(&shared(latents)?.values)) };
        check_out(image, "image out-parameter")?;
        let format = format_from(format)?;
        let one = usize::try_from(index)
            .ok()
            .and_then(|at| latents.outer_iter().nth(at))
            .ok_or_else(|| {
                let count = latents.shape().first().copied().unwrap_or_default();
                Failure::invalid(format!("there are no latents {index}; there are {count}, counted from 0"))
            })?
            .insert_axis(ndarray::Axis(0))
            .to_owned();
        // SAFETY: by contract.
        let cancel = unsafe { token_or_new(cancel) };
        let decoded = open.pipeline.decode_latents(&one, format, Tiling::Auto, &cancel)?;
        let picture =
            decoded.into_iter().next().ok_or_else(|| Error::Internal("latents became no picture".to_owned()))?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(image, create(ImageData::made(picture))) };
        Ok(())
    })
}

/// The latents that the pictures were decoded from, `[pictures, channels, height, width]`, scaled as the denoiser knows
/// them: to go on from with diffusion_request_set_init_latents(), or to decode again. Of a model of several stages, what
/// its last stage drew. On success `*latents` is the caller's, to be given back with diffusion_embedding_destroy(); it
/// needs neither the result nor the pipeline.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_result_latents(
    result: *const diffusion_result,
    latents: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let values = &unsafe { shared(result) }?.latents;
        check_out(latents, "latents out-parameter")?;
        // SAFETY: by contract, and checked above.
        unsafe { give(latents, values.as_ref().clone()) };
        Ok(())
    })
}

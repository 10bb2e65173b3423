//! What is shown while a picture is drawn.

use std::ffi::c_char;

use super::{change, diffusion_request, whole};
use crate::ffi::status::diffusion_status;
use crate::ffi::text::name;
use crate::pipeline::{MAX_STEPS, PreviewMode, Previews};

/// Previews while the picture is drawn: the progress callback is called once more with each, as
/// diffusion_progress.preview, and diffusion_job_preview() gives the newest of a job. They never change the pictures.
///
/// `mode` is one of the names of diffusion_preview_mode_name(): "linear", a pixel for a latent, costs nothing; "small"
/// runs the small decoder that the folder has as vae_decoder_approx/model.onnx; "full" runs the model's own decoder.
/// NULL and 0, the default: none. `interval` is after how many denoiser evaluations each, 1 to 1000; there is none after the last.
/// What the model cannot show is UNSUPPORTED in diffusion_pipeline_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_previews(
    request: *mut diffusion_request,
    mode: *const c_char,
    mode_length: usize,
    interval: i64,
) -> diffusion_status {
    let body = |request: &mut crate::pipeline::Request| {
        // SAFETY: by contract.
        request.previews = match unsafe { name(mode, mode_length, "preview mode") }? {
            "" => None,
            name => Some(Previews {
                mode: PreviewMode::parse(name)?,
                interval: whole(interval, 1..=MAX_STEPS, "the preview interval")?,
            }),
        };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { change(request, body) }
}

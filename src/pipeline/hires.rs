//! Two passes: small, then enlarged and drawn over. Each is a plan of its own that goes the one road of `draw.rs`.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, Ix3, concatenate, stack};

use super::opened::Opened;
use super::plan::{Job, Plan};
use super::{Generated, Hires, HiresSettings, MAX_STEPS, MemoryMode, PipelineInfo, Request, Safety, Start, Upscale};
use crate::error::{Error, Result};
use crate::image::{Image, Interpolation, PixelFormat, ResizeMode, interpolate};
use crate::model::GraphRole;
use crate::runtime::CancelToken;

/// The request of the first pass.
pub(in crate::pipeline) fn first(request: &Request, hires: &Hires) -> Request {
    // Floats keep what the filter has below a grey level.
    let format = if hires.upscale == Upscale::Lanczos { PixelFormat::RgbaF32 } else { request.format };
    Request { hires: None, safety: Safety::Off, format, ..request.clone() }
}

/// The request of the second pass, but for its latents, which only have their shape yet.
///
/// # Errors
/// [`Error::InvalidArgument`] for a size that is smaller than the first pass's, and for what cannot go with two passes;
/// [`Error::Unsupported`] for a picture to encode again and no encoder.
pub(in crate::pipeline) fn second(
    request: &Request,
    hires: &Hires,
    first: &Plan,
    model: &Opened,
    info: &PipelineInfo,
) -> Result<Request> {
    if hires.upscale == Upscale::Lanczos && model.folder.graph(GraphRole::VaeEncoder).is_none() {
        return Err(Error::Unsupported(format!(
            "enlarging by \"{}\" needs a vae_encoder/model.onnx, and the model at \"{}\" has none; the other ways enlarge \
             the latents",
            hires.upscale,
            model.folder.root().display()
        )));
    }
    if first.job != Job::Draw || has_start(&request.start) {
        return Err(Error::invalid(
            "the hires fix begins with noise, so it goes with no picture, mask or latents to start from",
        ));
    }
    if request.denoising_start.is_some() || request.denoising_end.is_some() {
        return Err(Error::invalid("the hires fix draws to the end, so it goes with no denoising start or end"));
    }
    let small = (first.settings.width, first.settings.height);
    let scaled =
        |side: u32| (f64::from(side) * f64::from(hires.scale)) as u32 / info.size_multiple * info.size_multiple;
    let (width, height) = hires.size.unwrap_or((scaled(small.0), scaled(small.1)));
    if width < small.0 || height < small.1 {
        return Err(Error::invalid(format!(
            "the hires size is {width}x{height}, but the first pass draws {}x{}; it must not be smaller",
            small.0, small.1
        )));
    }
    let drawn = hires.steps.unwrap_or(first.settings.steps);
    let steps = (f64::from(drawn) / super::plan::as_written(hires.strength)).ceil();
    if steps > f64::from(MAX_STEPS) {
        return Err(Error::invalid(format!(
            "{drawn} hires steps at a strength of {} need a schedule of {steps} steps; allowed are {MAX_STEPS}",
            hires.strength
        )));
    }
    let factor = info.spatial_factor;
    let mut shape = first.latents;
    (shape[2], shape[3]) = (height as usize / factor, width as usize / factor);
    Ok(Request {
        hires: None,
        width: Some(width),
        height: Some(height),
        steps: Some(steps as u32),
        seed: Some(first.settings.seed),
        start: Start {
            strength: Some(hires.strength),
            latents: Some(Arc::new(ArrayD::zeros(shape.as_slice()))),
            ..Start::default()
        },
        ..request.clone()
    })
}

fn has_start(start: &Start) -> bool {
    start.picture.is_some() || start.mask.is_some() || start.latents.is_some()
}

/// What the first pass made, at the second one's size: `[pictures, channels, height, width]`.
///
/// # Errors
/// Whatever the autoencoder says, for [`Upscale::Lanczos`]; [`Error::OutOfMemory`].
pub(in crate::pipeline) fn enlarged(
    model: &Opened,
    first: &Generated,
    how: Upscale,
    plan: &Plan,
    cancel: &CancelToken,
) -> Result<ArrayD<f32>> {
    let [_, _, height, width] = plan.latents;
    let Some(how) = interpolation(how) else {
        return encoded(model, &first.images, plan, cancel);
    };
    let planes = first.latents.axis_iter(Axis(0)).map(|latents| {
        let latents = latents.into_dimensionality::<Ix3>().map_err(|e| Error::Internal(e.to_string()))?;
        interpolate(latents, height, width, how)
    });
    let planes = planes.collect::<Result<Vec<_>>>()?;
    let views: Vec<_> = planes.iter().map(|planes| planes.view()).collect();
    Ok(stack(Axis(0), &views).map_err(|e| Error::Internal(e.to_string()))?.into_dyn())
}

/// `None`: not the latents are resized, but the picture.
fn interpolation(how: Upscale) -> Option<Interpolation> {
    match how {
        Upscale::NearestExact => Some(Interpolation::NearestExact),
        Upscale::Nearest => Some(Interpolation::Nearest),
        Upscale::Bilinear => Some(Interpolation::Bilinear),
        Upscale::BilinearAntialias => Some(Interpolation::BilinearAntialias),
        Upscale::Bicubic => Some(Interpolation::Bicubic),
        Upscale::BicubicAntialias => Some(Interpolation::BicubicAntialias),
        Upscale::Lanczos => None,
    }
}

/// The pictures' most likely latents, once they are as large as `plan` draws.
fn encoded(model: &Opened, images: &[Image], plan: &Plan, cancel: &CancelToken) -> Result<ArrayD<f32>> {
    let encoder = model.encoder(cancel)?;
    let cut = plan.request.tiling.cut(model.memory);
    let (width, height) = (plan.settings.width, plan.settings.height);
    let mut all = Vec::with_capacity(images.len());
    for image in images {
        let picture = image.resized(width, height, ResizeMode::Stretch)?.to_chw()?;
        let latents = encoder.scaled(encoder.encode(picture, cut, cancel)?.mode())?;
        if latents.shape()[1..] != plan.latents[1..] {
            return Err(Error::bad_model(
                model.folder.root(),
                format!(
                    "its VAE encoder made latents of shape {:?} where {:?} was expected",
                    latents.shape(),
                    plan.latents
                ),
            ));
        }
        all.push(latents);
    }
    if model.memory == MemoryMode::Low {
        encoder.release();
    }
    let views: Vec<_> = all.iter().map(|latents| latents.view()).collect();
    concatenate(Axis(0), &views).map_err(|e| Error::Internal(e.to_string()))
}

/// One result of both passes: the second one's pictures, the first one's settings with the second one's beside them.
pub(in crate::pipeline) fn together(first: Generated, second: Generated, hires: &Hires) -> Generated {
    let mut settings = first.settings;
    settings.hires = Some(HiresSettings {
        width: second.settings.width,
        height: second.settings.height,
        steps: hires.steps.unwrap_or(settings.steps),
        strength: hires.strength,
        upscale: hires.upscale.name().to_owned(),
    });
    let (mut timings, own) = (first.timings, second.timings);
    timings.text += own.text;
    timings.encode += own.encode;
    timings.denoise.extend(own.denoise);
    timings.decode += own.decode;
    timings.total += own.total;
    timings.denoise_in_graphs += own.denoise_in_graphs;
    timings.skipped_calls += own.skipped_calls;
    timings.skipped_negatives += own.skipped_negatives;
    let mut warnings = first.warnings;
    for warning in second.warnings {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    Generated { settings, timings, warnings, ..second }
}

//! Whether a request and a model fit together: what the denoiser was made for, and which sizes it draws.

use super::conditions::sizing;
use super::plan::{Job, UPSCALE};
use super::{MAX_PIXELS, MAX_SIDE, PipelineInfo, Request, Safety};
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::pipeline::opened::Opened;

/// The highest noise level of the x4 upscaler where its folder does not say: diffusers' default.
const USUAL_MAX_NOISE_LEVEL: usize = 350;

/// What was asked for must be what the denoiser was made for.
pub(super) fn check_job(model: &Opened, job: Job, request: &Request) -> Result<()> {
    let start = &request.start;
    let root = model.folder.root().display();
    let needs = match job {
        Job::Draw | Job::Depth => None,
        Job::Inpaint => Some("an inpainting model"),
        Job::Edit => Some("a model that edits pictures"),
        Job::Upscale => Some("an upscaler"),
    };
    if let Some(what) = needs
        && start.picture.is_none()
    {
        return Err(Error::invalid(format!("the model at \"{root}\" is {what}; it needs a picture to start from")));
    }
    if request.safety != Safety::Off && model.folder.graph(GraphRole::SafetyChecker).is_none() {
        return Err(Error::Unsupported(format!(
            "checking pictures needs a safety_checker/model.onnx, and the model at \"{root}\" has none"
        )));
    }
    if request.denoising_start.is_some() {
        let from_picture = start.picture.is_some() && matches!(job, Job::Draw | Job::Inpaint | Job::Depth);
        if start.latents.is_none() && !from_picture {
            return Err(Error::invalid(
                "a denoising start is given, but nothing that another model has drawn so far: neither its latents nor a \
                 picture"
                    .to_owned(),
            ));
        }
    }
    let encodes = start.picture.is_some() && job != Job::Upscale;
    if encodes && model.folder.graph(GraphRole::VaeEncoder).is_none() {
        return Err(Error::Unsupported(format!(
            "starting from a picture needs a vae_encoder/model.onnx, and the model at \"{root}\" has none"
        )));
    }
    let masks = start.mask_padding.is_some() || start.mask_blur > 0.0 || start.paste_back;
    if masks && (!has_mask(request) || matches!(job, Job::Edit | Job::Upscale)) {
        return Err(Error::invalid(
            "a mask padding, a mask blur or pasting back is asked for, but there is no mask: neither one of its own nor \
             transparent parts in the picture, or the model has no use for one"
                .to_owned(),
        ));
    }
    let most = model.folder.settings().max_noise_level.unwrap_or(USUAL_MAX_NOISE_LEVEL);
    if let Some(level) = request.noise_level.filter(|_| job == Job::Upscale)
        && level as usize > most
    {
        return Err(Error::invalid(format!("noise level is {level}; the model at \"{root}\" takes 0 to {most}")));
    }
    if job == Job::Inpaint && !has_mask(request) {
        return Err(Error::invalid(format!(
            "the model at \"{root}\" is an inpainting model; it needs a mask, or a picture with transparent parts"
        )));
    }
    if matches!(job, Job::Edit | Job::Upscale) && start.mask.is_some() {
        return Err(Error::invalid(format!(
            "a mask is given, but the model at \"{root}\" is {}, which has no use for one",
            needs.unwrap_or_default()
        )));
    }
    Ok(())
}

/// Whether a part of the picture is drawn anew: by a mask, or by its own transparency.
pub(in crate::pipeline) fn has_mask(request: &Request) -> bool {
    let start = &request.start;
    start.mask.is_some() || start.picture.as_ref().is_some_and(|picture| picture.has_transparency())
}

/// Width and height: the request's, else those of the picture, else the model's own.
///
/// A picture's own size is rounded down to what the model draws, as in diffusers; a larger one than can be drawn is
/// refused, since it would have to shrink by a factor that nobody named.
pub(super) fn size(request: &Request, info: &PipelineInfo, job: Job) -> Result<(u32, u32)> {
    let multiple = info.size_multiple;
    let fit = |side: u32| (side / multiple).max(1).saturating_mul(multiple);
    let start = &request.start;
    let named = request.width.is_some() && request.height.is_some();
    let scale = if job == Job::Upscale { UPSCALE } else { 1 };
    let sized = start.picture.as_deref().or(sizing(request).filter(|_| start.latents.is_none()));
    if let Some(picture) = sized.filter(|_| !named && start.mask_padding.is_none())
        && picture.width().max(picture.height()).saturating_mul(scale) > MAX_SIDE
    {
        return Err(Error::invalid(format!(
            "the picture to start from, or to keep to, has {}x{} pixels, and at most {} a side can be drawn from it; name a width and a \
             height, or resize it",
            picture.width(),
            picture.height(),
            MAX_SIDE / scale
        )));
    }
    let own = match (&start.picture, &start.latents) {
        (Some(picture), _) if job == Job::Upscale => {
            (fit(picture.width().saturating_mul(UPSCALE)), fit(picture.height().saturating_mul(UPSCALE)))
        }
        // A part of the picture is drawn at the model's own size, and shrinks when it is pasted back.
        (Some(picture), _) if start.mask_padding.is_none() && info.fixed_size.is_none() => {
            (fit(picture.width()), fit(picture.height()))
        }
        (None, Some(latents)) if latents.ndim() == 4 => {
            let side = |axis: usize| u32::try_from(latents.shape()[axis] * info.spatial_factor).unwrap_or(u32::MAX);
            (side(3), side(2))
        }
        _ => match sizing(request).filter(|_| info.fixed_size.is_none() && start.picture.is_none()) {
            Some(picture) => (fit(picture.width()), fit(picture.height())),
            None => (info.default_width, info.default_height),
        },
    };
    Ok((request.width.unwrap_or(own.0), request.height.unwrap_or(own.1)))
}

pub(super) fn check_size(info: &PipelineInfo, width: u32, height: u32, count: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height) * u64::from(count);
    if pixels > MAX_PIXELS {
        return Err(Error::invalid(format!(
            "{count} pictures of {width}x{height} are {pixels} pixels; allowed are {MAX_PIXELS} in one request"
        )));
    }
    if let Some((fixed_width, fixed_height)) = info.fixed_size
        && (width, height) != (fixed_width, fixed_height)
    {
        return Err(Error::invalid(format!(
            "the size is {width}x{height}, but this model's graphs were exported for {fixed_width}x{fixed_height} \
             only"
        )));
    }
    let multiple = info.size_multiple;
    for (what, side) in [("width", width), ("height", height)] {
        if side == 0 || side % multiple != 0 || side > MAX_SIDE {
            let below = (side / multiple).max(1) * multiple;
            return Err(Error::invalid(format!(
                "{what} is {side}; this model draws multiples of {multiple}, as {below} or {}",
                below + multiple
            )));
        }
    }
    Ok(())
}

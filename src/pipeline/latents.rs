//! Pictures to latents and back, beside any generation.

use ndarray::{ArrayD, Axis, Ix3};

use super::draw::decode_one;
use super::opened::Opened;
use super::{MAX_PIXELS, MAX_SIDE, MemoryMode, PipelineInfo, Tiling};
use crate::error::{Error, Result};
use crate::image::{Image, PixelFormat};
use crate::runtime::CancelToken;

/// What the autoencoder makes of `picture`: [`crate::Pipeline::encode_image`].
pub(in crate::pipeline) fn encode(
    model: &Opened,
    info: &PipelineInfo,
    picture: &Image,
    tiling: Tiling,
    cancel: &CancelToken,
) -> Result<ArrayD<f32>> {
    let factor = info.spatial_factor;
    for (what, side) in [("width", picture.width()), ("height", picture.height())] {
        if !(side as usize).is_multiple_of(factor) || side > MAX_SIDE {
            return Err(Error::invalid(format!(
                "the picture's {what} is {side}; this model's autoencoder encodes multiples of {factor} up to {MAX_SIDE}"
            )));
        }
    }
    let encoder = model.encoder(cancel)?;
    let latents = encoder
        .encode(picture.to_chw()?, tiling.cut(model.memory), cancel)
        .and_then(|posterior| encoder.scaled(posterior.mode()));
    if model.memory != MemoryMode::Speed {
        model.release_encoder();
    }
    latents
}

/// The pictures of `latents`: [`crate::Pipeline::decode_latents`].
pub(in crate::pipeline) fn decode(
    model: &Opened,
    info: &PipelineInfo,
    latents: &ArrayD<f32>,
    format: PixelFormat,
    tiling: Tiling,
    cancel: &CancelToken,
) -> Result<Vec<Image>> {
    let size = check(info, latents)?;
    let cut = tiling.cut(model.memory);
    let mut images = Vec::with_capacity(latents.shape()[0]);
    for latent in latents.axis_iter(Axis(0)) {
        let latent = latent.into_dimensionality::<Ix3>().map_err(|e| Error::Internal(e.to_string()))?;
        let latent = latent.as_standard_layout().into_owned();
        let image = decode_one(&model.decoder, model.folder.root(), latent, size, Some(cut), format, cancel);
        if image.is_err() && model.memory == MemoryMode::Low {
            model.decoder.release();
        }
        images.push(image?);
    }
    if model.memory == MemoryMode::Low {
        model.decoder.release();
    }
    Ok(images)
}

/// The width and height of the pictures that `latents` become.
fn check(info: &PipelineInfo, latents: &ArrayD<f32>) -> Result<(u32, u32)> {
    let wrong = |reason: String| Err(Error::invalid(reason));
    let &[pictures, channels, height, width] = latents.shape() else {
        return wrong(format!(
            "the latents have the shape {:?}; allowed is [pictures, {}, height, width]",
            latents.shape(),
            info.latent_channels
        ));
    };
    if channels != info.latent_channels || pictures == 0 || height == 0 || width == 0 {
        return wrong(format!(
            "the latents have the shape {:?}; this model's have {} channels, and nothing may be 0",
            latents.shape(),
            info.latent_channels
        ));
    }
    let side = |side: usize| u32::try_from(side.saturating_mul(info.spatial_factor)).unwrap_or(u32::MAX);
    let (wide, high) = (side(width), side(height));
    let pixels = (pictures as u64).saturating_mul(u64::from(wide)).saturating_mul(u64::from(high));
    if wide > MAX_SIDE || high > MAX_SIDE || pixels > MAX_PIXELS {
        return wrong(format!(
            "the latents are those of {pictures} pictures of {wide}x{high} pixels; allowed are sides of {MAX_SIDE} and \
             {MAX_PIXELS} pixels in all"
        ));
    }
    if let Some((fixed_width, fixed_height)) = info.fixed_size
        && (wide, high) != (fixed_width, fixed_height)
    {
        return wrong(format!(
            "the latents are those of {wide}x{high} pixels, but this model's graphs were exported for \
             {fixed_width}x{fixed_height} only"
        ));
    }
    match latents.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(Error::Numeric(format!("number {at} of the latents is NaN or infinite"))),
        None => Ok((wide, high)),
    }
}

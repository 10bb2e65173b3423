//! Pictures of what is not finished yet.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, Ix3};

use super::draw::Drawing;
use super::opened::Opened;
use super::plan::Plan;
use super::{Flow, Observer, Preview, PreviewMode, Request};
use crate::autoencoder::{Decoder, LatentColors};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::model::GraphRole;
use crate::runtime::CancelToken;

/// Refuses previews that this model cannot make.
///
/// # Errors
/// [`Error::Unsupported`], saying what is missing.
pub(in crate::pipeline) fn check(model: &Opened, request: &Request, channels: usize) -> Result<()> {
    let root = model.folder.root().display();
    let refuse = |words: String| Err(Error::Unsupported(words));
    match request.previews.map(|previews| previews.mode) {
        Some(PreviewMode::Linear) if LatentColors::of(model.folder.family(), channels).is_none() => refuse(format!(
            "linear previews of the model at \"{root}\" cannot be had: the colours of its {channels} channels are not \
             known; \"full\" previews can"
        )),
        Some(PreviewMode::Small) if model.folder.graph(GraphRole::PreviewDecoder).is_none() => refuse(format!(
            "small previews need a {}/model.onnx, and the model at \"{root}\" has none; \"linear\" and \"full\" \
             previews need nothing",
            GraphRole::PreviewDecoder.name()
        )),
        _ => Ok(()),
    }
}

/// Makes previews of one generation.
pub(in crate::pipeline) enum Previewer {
    Linear(&'static LatentColors),
    Small(Arc<Decoder>),
    Full,
}

impl Previewer {
    /// One as the request asks for it, if it does.
    ///
    /// # Errors
    /// As [`check`], and as [`crate::Pipeline::open`] when the small decoder cannot be opened.
    pub(in crate::pipeline) fn of(model: &Opened, plan: &Plan, cancel: &CancelToken) -> Result<Option<Self>> {
        let Some(previews) = plan.request.previews else { return Ok(None) };
        Ok(Some(match previews.mode {
            PreviewMode::Linear => Self::Linear(
                LatentColors::of(model.folder.family(), plan.latents[1])
                    .ok_or_else(|| Error::Internal("previews were not checked".into()))?,
            ),
            PreviewMode::Small => Self::Small(model.small_decoder(cancel)?),
            PreviewMode::Full => Self::Full,
        }))
    }

    /// Shows `observer` the pictures of `drawing`'s `latents` (packed, as the loop has them), which `step` of `steps` evaluations
    /// led to.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it says stop; whatever the decoders say, but for numbers that are not finite, which
    /// the finished picture need not have: then there is no preview.
    pub(in crate::pipeline) fn show(
        &self,
        drawing: &Drawing<'_>,
        latents: &ArrayD<f32>,
        (step, steps): (usize, usize),
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<()> {
        let plan = drawing.plan;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let latents = drawing.family.unpack(latents.clone(), plan.latents)?;
        for (index, latent) in latents.axis_iter(Axis(0)).enumerate() {
            let latent = latent.into_dimensionality::<Ix3>().map_err(|e| Error::Internal(e.to_string()))?;
            let image = match self {
                Self::Linear(colors) => Image::from_chw(colors.paint(latent).view(), plan.request.format),
                Self::Small(decoder) => decoder
                    .decode(latent.to_owned(), cancel)
                    .and_then(|picture| Image::from_chw(picture.view(), plan.request.format)),
                Self::Full => drawing.decode_one(latent.to_owned(), cancel),
            };
            let image = match image {
                Ok(image) => image,
                Err(Error::Numeric(reason)) => {
                    log::debug!("no preview after step {step}: {reason}");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let preview = Preview { index: count(index), step: count(step), steps: count(steps), image };
            if observer.preview(&preview) == Flow::Stop {
                return Err(Error::Cancelled);
            }
        }
        Ok(())
    }
}

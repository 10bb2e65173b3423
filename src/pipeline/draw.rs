//! One generation, from prompts to pictures: the same road for every family. What is told is in `telling.rs`, the way
//! from noise to latents in `underway.rs`.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array3, ArrayD, Axis, Ix3};

use super::families::Family;
use super::opened::Opened;
use super::plan::Plan;
use super::wrapped::Wrapped;
use super::{Generated, MemoryMode, Observer, Phase, report};
use crate::autoencoder::{Cut, Decoder};
use crate::error::{Error, Result};
use crate::image::{Image, PixelFormat};
use crate::runtime::CancelToken;

/// Who watches a generation, and what there is to tell them afterwards.
pub(in crate::pipeline) struct Session<'s> {
    pub observer: &'s mut dyn Observer,
    pub cancel: &'s CancelToken,
    pub warnings: Vec<String>,
}

impl<'s> Session<'s> {
    /// One that has nothing to tell yet.
    pub(in crate::pipeline) fn new(observer: &'s mut dyn Observer, cancel: &'s CancelToken) -> Self {
        Self { observer, cancel, warnings: Vec::new() }
    }

    /// Says something that the caller may want to know, once.
    pub(in crate::pipeline) fn warn(&mut self, sentence: String) {
        if !self.warnings.contains(&sentence) {
            log::warn!("{sentence}");
            self.warnings.push(sentence);
        }
    }
}

/// Draws what was planned.
///
/// # Errors
/// As [`crate::Pipeline::generate`].
pub(in crate::pipeline) fn draw(
    model: &Opened,
    family: &dyn Family,
    plan: &Plan,
    observer: &mut dyn Observer,
    cancel: &CancelToken,
) -> Result<Generated> {
    let drawn = Drawing::new(model, family, plan, cancel)?.run(Session::new(observer, cancel));
    if model.memory == MemoryMode::Low {
        // Whatever was open when it ended, or failed.
        model.release();
    }
    drawn
}

/// What a generation works with.
pub(in crate::pipeline) struct Drawing<'a> {
    pub model: &'a Opened,
    pub family: &'a dyn Family,
    pub plan: &'a Plan,
    /// The graphs of pictures that tile.
    pub wrapped: Option<Arc<Wrapped>>,
}

impl<'a> Drawing<'a> {
    /// Opens what pictures that tile need.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a model that cannot tile.
    pub(in crate::pipeline) fn new(
        model: &'a Opened,
        family: &'a dyn Family,
        plan: &'a Plan,
        cancel: &CancelToken,
    ) -> Result<Self> {
        // Before anything is encoded, so that a model that cannot tile says so at once.
        let wrapped = model.wrapped(plan.request.seamless, cancel)?;
        Ok(Self { model, family, plan, wrapped })
    }

    fn run(&self, mut session: Session<'_>) -> Result<Generated> {
        let mut underway = self.begin(&mut session)?;
        while underway.left() > 0 {
            self.advance(&mut underway, &mut session)?;
        }
        self.finish(&mut underway, &mut session)
    }

    /// The decoder of these pictures.
    pub(in crate::pipeline) fn decoder(&self) -> &Decoder {
        self.wrapped.as_ref().map_or(&self.model.decoder, |wrapped| &wrapped.decoder)
    }

    /// The pictures of `latents` (`[pictures, channels, height, width]`).
    pub(in crate::pipeline) fn decode(&self, latents: &ArrayD<f32>, session: &mut Session<'_>) -> Result<Vec<Image>> {
        let pictures = self.plan.latents[0];
        report(session.observer, Phase::Decoding, 0, pictures)?;
        let mut images = Vec::with_capacity(pictures);
        for (done, latent) in latents.axis_iter(Axis(0)).enumerate() {
            let latent = latent.into_dimensionality::<Ix3>().map_err(|e| Error::Internal(e.to_string()))?;
            images.push(self.decode_one(latent.to_owned(), session.cancel)?);
            report(session.observer, Phase::Decoding, done + 1, pictures)?;
        }
        Ok(images)
    }

    /// The picture of one latent (`[channels, height, width]`).
    ///
    /// # Errors
    /// Whatever the decoder says; [`Error::BadModel`] for a picture of another size; [`Error::Numeric`].
    pub(in crate::pipeline) fn decode_one(&self, latent: Array3<f32>, cancel: &CancelToken) -> Result<Image> {
        let plan = self.plan;
        let size = (plan.settings.width, plan.settings.height);
        // Of a picture that wraps around each tile would wrap around by itself.
        let cut = self.wrapped.is_none().then(|| plan.request.tiling.cut(self.model.memory));
        decode_one(self.decoder(), self.model.folder.root(), latent, size, cut, plan.request.format, cancel)
    }
}

/// The picture of one latent (`[channels, height, width]`), of `size` pixels, in tiles where `cut` says so.
///
/// # Errors
/// As [`Drawing::decode_one`].
pub(in crate::pipeline) fn decode_one(
    decoder: &Decoder,
    model: &Path,
    latent: Array3<f32>,
    (width, height): (u32, u32),
    cut: Option<Cut>,
    format: PixelFormat,
    cancel: &CancelToken,
) -> Result<Image> {
    if cut.is_some_and(|cut| decoder.cuts(&latent, cut)) {
        // Each tile goes straight into the picture, of which there is no second copy in floats then.
        let mut image = Image::blank(width, height, format)?;
        decoder.decode_tiled(latent, |y, x, tile| image.put_chw(y, x, tile), cancel)?;
        return Ok(image);
    }
    let expected = [3, height as usize, width as usize];
    let decoded = decoder.decode(latent, cancel)?;
    if decoded.shape() != expected {
        return Err(Error::bad_model(
            model,
            format!(
                "the VAE decoder gave a picture of shape {:?} where {expected:?} was expected; its spatial factor does \
                 not fit the folder's config",
                decoded.shape()
            ),
        ));
    }
    Image::from_chw(decoded.view(), format)
}

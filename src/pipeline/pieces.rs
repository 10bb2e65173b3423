//! The entry points below [`Pipeline::generate`]: its parts, for hosts that put them together themselves.

use std::sync::Arc;

use ndarray::ArrayD;

use super::conditioning::{Conditioning, only_prompts};
use super::draw::{Drawing, Session};
use super::single::Single;
use super::stepper::OWN_LOOP;
use super::{Observer, Pipeline, Request, Road, Stepper, Tiling, latents};
use crate::error::{Error, Result};
use crate::image::{Image, PixelFormat};
use crate::runtime::CancelToken;

impl Pipeline {
    /// Reads `request`'s prompts, for [`Request::conditioning`] of as many requests as one likes. Of the request only what
    /// decides how prompts are read counts: the prompts, their syntax, clip skip, the most tokens; and, for prompts that
    /// change while they are drawn, the steps. Negative prompts are read wherever guidance might need them.
    ///
    /// Blocks, in its turn, as [`Pipeline::generate`].
    ///
    /// # Errors
    /// As [`Pipeline::generate`]; [`Error::Unsupported`] for a model of several stages, whose [`Pipeline::embed`] gives out
    /// texts' embeddings, and for one that reads no prompts.
    pub fn encode_prompt(
        &self,
        request: &Request,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Conditioning> {
        request.validate()?;
        let single = self.single("a conditioning")?;
        if request.conditioning.is_some() {
            return Err(Error::invalid("the prompt to read is a conditioning already"));
        }
        if !single.family.reads_prompts() {
            return Err(Error::Unsupported(format!(
                "the model at \"{}\" draws variations of a picture, so there is no prompt to read",
                self.info.folder.display()
            )));
        }
        let plan = single.plan_prompts(&self.info, &only_prompts(request))?;
        let _turn = self.turns.take(cancel)?;
        let drawing = Drawing { model: &single.model, family: single.family.as_ref(), plan: &plan, wrapped: None };
        Conditioning::read(&drawing, Session::new(observer, cancel))
    }

    /// The most likely latents of `picture`, `[1, channels, height, width]`, shifted and scaled as the denoiser knows
    /// them. Its sides must be multiples of [`super::PipelineInfo::spatial_factor`] pixels; it is not resized.
    ///
    /// Blocks, in its turn. The same picture always gives the same latents, unless the export's encoder draws noise itself.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for sizes that do not fit; [`Error::Unsupported`] for a model of several stages, or
    /// without an encoder; [`Error::Cancelled`], [`Error::GraphFailed`], [`Error::Numeric`].
    pub fn encode_image(&self, picture: &Image, tiling: Tiling, cancel: &CancelToken) -> Result<ArrayD<f32>> {
        let single = self.single("encoding a picture by itself")?;
        let _turn = self.turns.take(cancel)?;
        latents::encode(&single.model, &self.info, picture, tiling, cancel)
    }

    /// The pictures of `latents`, `[pictures, channels, height, width]`, as the denoiser knows them:
    /// [`super::Generated::latents`] become what was drawn.
    ///
    /// Blocks, in its turn.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another shape, or pictures that are too large; [`Error::Numeric`] for numbers that
    /// are not finite; [`Error::Unsupported`] for a model of several stages; [`Error::Cancelled`], [`Error::GraphFailed`].
    pub fn decode_latents(
        &self,
        latents: &ArrayD<f32>,
        format: PixelFormat,
        tiling: Tiling,
        cancel: &CancelToken,
    ) -> Result<Vec<Image>> {
        let single = self.single("decoding latents by themselves")?;
        let _turn = self.turns.take(cancel)?;
        latents::decode(&single.model, &self.info, latents, format, tiling, cancel)
    }

    /// Begins what `request` asks for, up to the first noise: prompts and pictures are read. The rest is the
    /// [`Stepper`]'s.
    ///
    /// # Errors
    /// As [`Pipeline::generate`]; [`Error::Unsupported`] for a second pass ([`Request::hires`]) and for a model of several
    /// stages.
    pub fn begin(
        self: &Arc<Self>,
        request: &Request,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Stepper> {
        request.validate()?;
        let single = self.single(OWN_LOOP)?;
        if request.hires.is_some() {
            return Err(Error::Unsupported(
                "a second pass is not stepped through; draw the first, enlarge it, and begin again with its latents or its \
                 picture to start from"
                    .into(),
            ));
        }
        let plan = single.plan(&self.info, request)?;
        Stepper::begin(Arc::clone(self), plan, observer, cancel)
    }

    /// The model, where it has one stage, which `what` needs.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub(in crate::pipeline) fn single(&self, what: &str) -> Result<&Single> {
        match &self.road {
            Road::Single(single) => Ok(single),
            Road::Cascade(_) => Err(Error::Unsupported(format!(
                "the model at \"{}\" has several stages; {what} is for models of one",
                self.info.folder.display()
            ))),
        }
    }
}

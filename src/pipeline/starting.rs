//! What the loop begins with: noise, or a picture's latents with noise, and what the denoiser sees beside them.
//!
//! The order in which noise is drawn is that of diffusers' pipelines, so that one seed means one picture.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array3, ArrayD, Axis, IxDyn, concatenate};

use super::draw::Session;
use super::families::Family;
use super::masking::Masked;
use super::opened::Opened;
use super::plan::{Job, Plan, UPSCALE, at_size};
use super::{Phase, Seeds, report};
use crate::autoencoder::{Encoder, Posterior};
use crate::denoise::{Paste, PasteMode};
use crate::error::{Error, Result};
use crate::image::{Interpolation, interpolate};
use crate::rng::{Generator, NoiseSource};
use crate::scheduler::Scheduler;
use crate::tensor::slerp;

/// What the loop begins with. Latents are `[pictures, channels, height, width]`.
pub(in crate::pipeline) struct Begin {
    pub latents: ArrayD<f32>,
    pub paste: Option<Paste>,
    /// The channels that follow the sample's own, for the branches that see the picture.
    pub extra: Option<ArrayD<f32>>,
}

/// The parts of a plan that beginnings need.
pub(in crate::pipeline) struct Beginning<'a, 's> {
    pub model: &'a Opened,
    pub family: &'a dyn Family,
    pub plan: &'a Plan,
    pub scheduler: &'a dyn Scheduler,
    pub span: Range<usize>,
    pub noise: &'a mut dyn NoiseSource,
    pub masked: Option<&'a Masked>,
    pub session: &'a mut Session<'s>,
    /// How many pictures the autoencoder has encoded so far.
    pub encoded: usize,
    /// Whether the last of them was a distribution, from which noise draws.
    pub posteriors: bool,
}

impl Beginning<'_, '_> {
    /// Draws the first latents.
    ///
    /// # Errors
    /// Whatever the autoencoder says; [`Error::InvalidArgument`] for latents of another model.
    pub(in crate::pipeline) fn make(mut self) -> Result<Begin> {
        if let Some(latents) = self.plan.request.start.latents.clone() {
            return self.go_on(&latents);
        }
        let encodings = self.encodings();
        if encodings > 0 {
            report(self.session.observer, Phase::EncodingImage, 0, encodings)?;
        }
        match self.plan.job {
            Job::Upscale => self.upscale(),
            Job::Edit => self.edit(),
            Job::Inpaint => self.inpaint(),
            Job::Draw => self.draw(),
            Job::Depth => {
                let extra = self.model.conditions.depth(self.plan)?;
                Ok(Begin { extra: Some(extra), ..self.draw()? })
            }
        }
    }

    fn draw(&mut self) -> Result<Begin> {
        if self.masked.is_some() {
            return self.inpaint();
        }
        if self.plan.request.start.picture.is_some() {
            return self.image_to_image();
        }
        let noise = self.fresh()?;
        Ok(Begin { latents: self.as_first(noise), paste: None, extra: None })
    }

    /// How many pictures the autoencoder will encode.
    fn encodings(&self) -> usize {
        match self.plan.job {
            Job::Upscale => 0,
            Job::Edit => 1,
            Job::Inpaint => 1 + usize::from(self.plan.strength < 1.0 || self.plan.request.denoising_start.is_some()),
            Job::Draw | Job::Depth => usize::from(self.plan.request.start.picture.is_some()),
        }
    }

    /// Noise for all pictures, a little of another seed's in it where the request asks for that.
    fn fresh(&mut self) -> Result<ArrayD<f32>> {
        let noise = self.noise.normal(&self.plan.latents);
        let Some(variation) = self.plan.request.variation else { return Ok(noise) };
        let other = || Generator::new(self.plan.request.rng, variation.seed);
        let mut generator = other()?;
        let mut varied = noise;
        for mut picture in varied.axis_iter_mut(Axis(0)) {
            if self.plan.request.seeds == Seeds::OnePerPicture {
                // As if it were drawn alone.
                generator = other()?;
            }
            let shape: Vec<usize> = std::iter::once(1).chain(picture.shape().iter().copied()).collect();
            let toward = generator.normal(&shape).index_axis_move(Axis(0), 0);
            let mixed = slerp(&picture.to_owned(), &toward, variation.strength);
            picture.assign(&mixed);
        }
        Ok(varied)
    }

    /// Standard normal noise at the scheduler's first level.
    fn as_first(&self, mut noise: ArrayD<f32>) -> ArrayD<f32> {
        let sigma = self.scheduler.init_noise_sigma() as f32;
        noise.mapv_inplace(|v| v * sigma);
        noise
    }

    /// diffusers `pipeline_stable_diffusion_img2img.py`, `prepare_latents`.
    fn image_to_image(&mut self) -> Result<Begin> {
        let picture = self.picture()?;
        let original = self.encoded(picture)?;
        if self.plan.request.denoising_start.is_some() {
            // The picture is taken for one that is noisy already (diffusers' `add_noise = denoising_start is None`).
            return Ok(Begin { latents: original, paste: None, extra: None });
        }
        let noise = self.fresh()?;
        let latents = self.scheduler.add_noise(&original, &noise, self.span.start)?;
        Ok(Begin { latents, paste: None, extra: None })
    }

    /// diffusers `pipeline_stable_diffusion_inpaint.py`, `prepare_latents` and `prepare_mask_latents`.
    fn inpaint(&mut self) -> Result<Begin> {
        let Some(masked) = self.masked else {
            return Err(Error::Internal("inpainting without a mask".into()));
        };
        let blends = self.plan.job != Job::Inpaint;
        // A picture that is noisy already gets no more noise (diffusers' `add_noise = denoising_start is None`).
        let noisy = self.plan.request.denoising_start.is_some();
        let anew = self.plan.strength >= 1.0 && !noisy;
        let original = match blends || !anew {
            true => Some(self.encoded(masked.picture.clone())?),
            false => None,
        };
        let noise = self.fresh()?;
        let latents = match &original {
            Some(original) if noisy => original.clone(),
            Some(original) if !anew => self.scheduler.add_noise(original, &noise, self.span.start)?,
            _ => self.as_first(noise.clone()),
        };
        let [pictures, channels, height, width] = self.plan.latents;
        let mask = interpolate(masked.mask.view(), height, width, Interpolation::Nearest)?;
        if blends {
            // diffusers encodes the masked picture here too and looks only at the noise that this draws.
            if self.posteriors {
                let shape = [self.plan.generators(), channels, height, width];
                self.noise.normal(&shape);
            }
            let mask = mask
                .broadcast((pictures, channels, height, width))
                .ok_or_else(|| Error::Internal("the mask does not fit the latents".into()))?;
            let mask = mask.to_owned().into_dyn();
            let original = original.unwrap_or_else(|| ArrayD::zeros(IxDyn(&self.plan.latents)));
            return Ok(Begin {
                latents,
                paste: Some(Paste { original, mask, mode: PasteMode::AfterStep { noise } }),
                extra: None,
            });
        }
        let kept = {
            let (height, width) = (masked.picture.dim().1, masked.picture.dim().2);
            let mask = masked.mask.broadcast((3, height, width)).ok_or_else(|| Error::Internal("mask".into()))?;
            let mut kept = masked.picture.clone();
            kept.zip_mut_with(&mask, |value, mask| *value *= if *mask < 0.5 { 1.0 } else { 0.0 });
            kept
        };
        let kept = self.encoded(kept)?;
        let mask = repeat(&mask.into_dyn().insert_axis(Axis(0)), pictures);
        let extra = concatenate(Axis(1), &[mask.view(), kept.view()]).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(Begin { latents, paste: None, extra: Some(extra) })
    }

    /// diffusers `pipeline_stable_diffusion_instruct_pix2pix.py`, `prepare_image_latents`: the picture's most likely
    /// latents, not scaled.
    fn edit(&mut self) -> Result<Begin> {
        let picture = self.picture()?;
        let extra = self.posterior(picture)?.mode();
        self.check_latents(&extra)?;
        let noise = self.fresh()?;
        Ok(Begin { latents: self.as_first(noise), paste: None, extra: Some(extra) })
    }

    /// diffusers `pipeline_stable_diffusion_upscale.py`: the small picture with noise on it, at the latents' size.
    fn upscale(&mut self) -> Result<Begin> {
        let Some(picture) = &self.plan.request.start.picture else {
            return Err(Error::Internal("an upscaler without a picture".into()));
        };
        let (width, height) = (self.plan.settings.width / UPSCALE, self.plan.settings.height / UPSCALE);
        let small = at_size(picture, width, height)?.to_chw()?.into_dyn().insert_axis(Axis(0));
        // A generator a picture: each small picture has its own noise too.
        let rows = self.plan.generators();
        let small = small.select(Axis(0), &vec![0; rows]);
        let noise = self.noise.normal(small.shape());
        let extra = self.family.noised_picture(self.model, small, noise, self.plan.noise_level())?;
        let noise = self.fresh()?;
        Ok(Begin { latents: self.as_first(noise), paste: None, extra: Some(extra) })
    }

    /// Another model's latents, at the level where it stopped.
    fn go_on(&mut self, latents: &ArrayD<f32>) -> Result<Begin> {
        let latents = latents.as_standard_layout().into_owned();
        let latents = match self.plan.request.denoising_start {
            Some(_) => latents,
            None => {
                let noise = self.fresh()?;
                self.scheduler.add_noise(&latents, &noise, self.span.start)?
            }
        };
        Ok(Begin { latents, paste: None, extra: None })
    }

    /// The request's picture at the size that is drawn.
    fn picture(&self) -> Result<Array3<f32>> {
        let Some(picture) = &self.plan.request.start.picture else {
            return Err(Error::Internal("a picture was to be encoded, but there is none".into()));
        };
        at_size(picture, self.plan.settings.width, self.plan.settings.height)?.to_chw()
    }

    fn encoder(&self) -> Result<Arc<Encoder>> {
        self.model.encoder(self.session.cancel)
    }

    /// The distribution of the picture's latents, and the word that it is known.
    fn posterior(&mut self, picture: Array3<f32>) -> Result<Posterior> {
        let cut = self.plan.request.tiling.cut(self.model.memory);
        let posterior = self.encoder()?.encode(picture, cut, self.session.cancel)?;
        self.encoded += 1;
        let all = self.encodings();
        report(self.session.observer, Phase::EncodingImage, self.encoded, all)?;
        self.posteriors = posterior.is_distribution();
        if !self.posteriors {
            self.session.warn(
                "this export's VAE encoder draws its own noise: the same seed gives slightly different pictures".into(),
            );
        }
        Ok(posterior)
    }

    /// The picture's latents for every picture of the request, scaled as the denoiser knows them.
    fn encoded(&mut self, picture: Array3<f32>) -> Result<ArrayD<f32>> {
        let latents = self.drawn(picture)?;
        let latents = self.encoder()?.scaled(latents)?;
        Ok(repeat(&latents, self.plan.latents[0]))
    }

    /// Draws from the autoencoder's distribution; with a generator a picture, once for each.
    fn drawn(&mut self, picture: Array3<f32>) -> Result<ArrayD<f32>> {
        let posterior = self.posterior(picture)?;
        let mut shape = posterior.shape().to_vec();
        shape[0] = self.plan.generators();
        let latents = match posterior.is_distribution() {
            true => posterior.sample(&self.noise.normal(&shape)),
            false => posterior.mode(),
        };
        self.check_latents(&latents)?;
        Ok(latents)
    }

    fn check_latents(&self, latents: &ArrayD<f32>) -> Result<()> {
        let [_, channels, height, width] = self.plan.latents;
        if latents.shape()[1..] == [channels, height, width] {
            return Ok(());
        }
        Err(Error::bad_model(
            self.model.folder.root(),
            format!(
                "its VAE encoder made latents of shape {:?} where {:?} was expected",
                &latents.shape()[1..],
                [channels, height, width]
            ),
        ))
    }
}

/// `latents` once for each picture, unless there is one for each already.
fn repeat(latents: &ArrayD<f32>, pictures: usize) -> ArrayD<f32> {
    if latents.shape()[0] == pictures {
        return latents.clone();
    }
    latents.select(Axis(0), &vec![0; pictures])
}

//! Inpainting with an ordinary denoiser: what lies outside the mask is put back at every step.

use ndarray::{ArrayD, Zip};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;
use crate::scheduler::{Known, Scheduler, Steering};

/// What is kept, and where.
pub(crate) struct Paste {
    /// The picture's latents, of the latents' shape.
    pub original: ArrayD<f32>,
    /// 1 where something new is drawn, 0 where the picture stays, of the latents' shape.
    pub mask: ArrayD<f32>,
    /// When it is put back.
    pub mode: PasteMode,
}

/// When the kept part is put back, and with which noise.
pub(crate) enum PasteMode {
    /// After every step, at the next call's noise level; after the last one without noise (RePaint's simplest form;
    /// diffusers `pipeline_stable_diffusion_inpaint.py`).
    AfterStep {
        /// The noise that the loop began with, which the kept part goes on with.
        noise: ArrayD<f32>,
    },
    /// Before every call, at its noise level, with noise that is drawn for it (latent-diffusion and stable-diffusion
    /// `ldm/models/diffusion/ddim.py`, `mask` and `x0`). Nothing is put back after the last step.
    BeforeCall,
    /// In each step's x0, before that is clipped (GLIDE `notebooks/inpaint.ipynb`), for schedulers that
    /// [take it](Scheduler::takes).
    Clean,
}

impl Paste {
    /// Checks once what every step relies on.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the scheduler does not take a known x0.
    pub(super) fn check(&self, scheduler: &dyn Scheduler, shape: &[usize]) -> Result<()> {
        if self.original.shape() != shape || self.mask.shape() != shape {
            return Err(Error::Internal("the mask or the picture does not have the latents' shape".into()));
        }
        Steering { known: self.known(), gradient: None }.check(scheduler.takes(), shape)
    }

    /// What a step is told.
    pub(super) fn known(&self) -> Option<Known<'_>> {
        matches!(self.mode, PasteMode::Clean).then_some(Known { original: &self.original, mask: &self.mask })
    }

    /// Before call `index`.
    ///
    /// # Errors
    /// Whatever the scheduler says about the noise level.
    pub(super) fn before(
        &self,
        scheduler: &dyn Scheduler,
        index: usize,
        noise: &mut dyn NoiseSource,
        latents: &mut ArrayD<f32>,
    ) -> Result<()> {
        if matches!(self.mode, PasteMode::BeforeCall) {
            let fresh = noise.normal(latents.shape());
            self.put_back(&scheduler.add_noise(&self.original, &fresh, index)?, latents);
        }
        Ok(())
    }

    /// After the step before call `next`; `None` after the last one, where there is no noise level left.
    ///
    /// # Errors
    /// Whatever the scheduler says about the noise level.
    pub(super) fn after(
        &self,
        scheduler: &dyn Scheduler,
        next: Option<usize>,
        latents: &mut ArrayD<f32>,
    ) -> Result<()> {
        let PasteMode::AfterStep { noise } = &self.mode else { return Ok(()) };
        match next {
            Some(index) => self.put_back(&scheduler.add_noise(&self.original, noise, index)?, latents),
            None => self.put_back(&self.original, latents),
        }
        Ok(())
    }

    fn put_back(&self, kept: &ArrayD<f32>, latents: &mut ArrayD<f32>) {
        Zip::from(latents).and(kept).and(&self.mask).for_each(|x, &k, &m| *x = (1.0 - m) * k + m * *x);
    }
}

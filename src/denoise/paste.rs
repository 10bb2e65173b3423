//! Inpainting with an ordinary denoiser: what lies outside the mask is put back after every step.

use ndarray::{ArrayD, Zip};

use crate::error::{Error, Result};
use crate::scheduler::Scheduler;

/// What is kept, and where.
pub(crate) struct Paste {
    /// The picture's latents, of the latents' shape.
    pub original: ArrayD<f32>,
    /// The noise that the loop began with, which the kept part goes on with.
    pub noise: ArrayD<f32>,
    /// 1 where something new is drawn, 0 where the picture stays, of the latents' shape.
    pub mask: ArrayD<f32>,
}

impl Paste {
    /// Puts the kept part back into `latents`, at the noise level of call `next`; `None` after the last one, where it
    /// has no noise (RePaint's simplest form; diffusers `pipeline_stable_diffusion_inpaint.py`).
    ///
    /// # Errors
    /// Whatever the scheduler says about the noise level.
    pub(super) fn put_back(
        &self,
        scheduler: &dyn Scheduler,
        next: Option<usize>,
        latents: &mut ArrayD<f32>,
    ) -> Result<()> {
        let noised;
        let kept = match next {
            Some(index) => {
                noised = scheduler.add_noise(&self.original, &self.noise, index)?;
                &noised
            }
            None => &self.original,
        };
        if kept.shape() != latents.shape() || self.mask.shape() != latents.shape() {
            return Err(Error::Internal("the mask or the picture does not have the latents' shape".into()));
        }
        Zip::from(latents).and(kept).and(&self.mask).for_each(|x, &k, &m| *x = (1.0 - m) * k + m * *x);
        Ok(())
    }
}

//! What a step can be told besides the denoiser's prediction.

use ndarray::{ArrayD, Zip};

use crate::error::{Error, Result};

/// What steers one step. Most schedulers take none of it; [`super::Scheduler::takes`] says which.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steering<'a> {
    /// What is known of x0; it replaces the prediction there, before x0 is clipped.
    pub known: Option<Known<'a>>,
    /// scale · ∇ log p(y | x_t) at the step's own sample, of the sample's shape.
    pub gradient: Option<&'a ArrayD<f32>>,
}

/// A clean sample of which a part is kept: x0 ← mask · x0 + (1 − mask) · original (`denoised_fn` of GLIDE's
/// `notebooks/inpaint.ipynb`, whose mask is the other way round).
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Of the sample's shape.
    pub original: &'a ArrayD<f32>,
    /// 1 where something new is drawn, 0 where the original stays; of the sample's shape.
    pub mask: &'a ArrayD<f32>,
}

/// What a scheduler's steps can be steered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steerable {
    /// [`Steering::known`].
    pub known: bool,
    /// [`Steering::gradient`].
    pub gradient: bool,
}

impl Steering<'_> {
    /// Refuses what is given beyond `takes`, and arrays that do not have the sample's `shape`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] and [`Error::InvalidArgument`].
    pub(crate) fn check(&self, takes: Steerable, shape: &[usize]) -> Result<()> {
        if self.known.is_some() && !takes.known {
            return Err(Error::Unsupported(
                "this scheduler cannot be told a part of the clean sample; ddpm, ddim and unclip can".to_owned(),
            ));
        }
        if self.gradient.is_some() && !takes.gradient {
            return Err(Error::Unsupported(
                "this scheduler's step cannot be given a gradient; those of ddpm, unclip and of ddim with \
                 use_clipped_model_output can"
                    .to_owned(),
            ));
        }
        let known = self.known.iter().flat_map(|known| [("known sample", known.original), ("its mask", known.mask)]);
        let gradient = self.gradient.iter().map(|gradient| ("gradient", *gradient));
        match known.chain(gradient).find(|(_, array)| array.shape() != shape) {
            None => Ok(()),
            Some((what, array)) => Err(Error::invalid(format!(
                "the {what} of a step has shape {:?}, but the sample has {shape:?}",
                array.shape()
            ))),
        }
    }

    /// Puts what is known into `x0`.
    pub(super) fn put_known(&self, x0: &mut ArrayD<f32>) {
        if let Some(Known { original, mask }) = self.known {
            Zip::from(x0).and(original).and(mask).for_each(|x, &o, &m| *x = m * *x + (1.0 - m) * o);
        }
    }
}

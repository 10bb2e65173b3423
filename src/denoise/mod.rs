//! The loop that takes noise to a sample, and what it calls at every step.

mod branch;
mod companion;
mod control;
mod denoiser;
mod gradient;
pub(crate) mod guidance;
mod paste;
mod ports;
mod reuse;
mod steps;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ndarray::ArrayD;

pub(crate) use branch::{Branch, CONTEXT};
pub(crate) use companion::{Companion, Features, Switch};
pub(crate) use control::{CONDITION, ControlNet, ControlNets};
pub(crate) use denoiser::{Batching, Denoiser};
pub(crate) use gradient::{GradientForm, GradientGuide};
pub(crate) use guidance::{Guidance, Role, Rules};
pub use guidance::{Projection, ThresholdLimit, Thresholding};
pub(crate) use paste::{Paste, PasteMode};
pub(crate) use ports::{Told, check, check_gradient, check_ports};
pub(crate) use reuse::{Reuse, Skipped};
pub(crate) use steps::{Course, Glimpses, Steps, Tools};

use crate::error::Result;
use crate::rng::NoiseSource;
use crate::runtime::CancelToken;
use crate::scheduler::Scheduler;

/// A branch that is told something else from one call on (prompts that change while drawing).
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The call before which it happens.
    pub call: usize,
    /// Which branch.
    pub branch: usize,
    /// What it is told from then on; its extra channels stay.
    pub told: Arc<Branch>,
}

/// What the loop is told once.
pub(crate) struct Denoising<'a> {
    /// Predicts for each guidance branch.
    pub denoiser: &'a mut Denoiser,
    /// Picks the timesteps and takes each step.
    pub scheduler: &'a mut dyn Scheduler,
    /// Where solvers that add noise draw it.
    pub noise: &'a mut dyn NoiseSource,
    /// How the branches become one prediction.
    pub guidance: &'a Guidance,
    /// What guides besides, by its gradient.
    pub gradient: Option<&'a mut GradientGuide>,
    /// Which calls may be left out.
    pub reuse: &'a Reuse,
    /// The calls to make; all of them unless a picture is the start or another model goes on.
    pub span: Range<usize>,
    /// What is put back at each step.
    pub paste: Option<&'a Paste>,
    /// In the order of their calls.
    pub changes: Vec<Change>,
    /// Stops the loop, also inside a graph run.
    pub cancel: &'a CancelToken,
}

/// What there is to say about a loop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ran {
    /// How long each evaluation took.
    pub times: Vec<Duration>,
    /// How many were left out.
    pub skipped: Skipped,
}

/// Runs the calls of `span` over `latents` (`[pictures, …]`, already at the first noise level).
///
/// `observe` is told after each evaluation how many are done; it may return an error to stop.
///
/// # Errors
/// As [`Steps::new`] and [`Steps::advance`].
pub(crate) fn run(
    task: Denoising<'_>,
    latents: &mut ArrayD<f32>,
    mut observe: impl FnMut(usize) -> Result<()>,
) -> Result<Ran> {
    let Denoising { denoiser, scheduler, noise, guidance, mut gradient, reuse, span, paste, changes, cancel } = task;
    let mut steps = Steps::new(Course { guidance, reuse, span, changes }, paste, &*scheduler, latents)?;
    while steps.left() > 0 {
        let gradient = gradient.as_deref_mut();
        steps.advance(Tools { denoiser, scheduler, noise, gradient, paste, glimpses: None, cancel }, latents)?;
        observe(steps.done())?;
    }
    Ok(steps.ran())
}

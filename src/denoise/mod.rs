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
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::{ArrayD, ArrayViewD, Axis, Slice};

pub(crate) use branch::{Branch, CONTEXT};
pub(crate) use companion::{Companion, Features, Switch};
pub(crate) use control::{CONDITION, ControlNet, ControlNets};
pub(crate) use denoiser::{Batching, Denoiser};
pub(crate) use gradient::{GradientForm, GradientGuide};
use guidance::{At, Guider, own_channels};
pub(crate) use guidance::{Guidance, Role, Rules};
pub use guidance::{Projection, ThresholdLimit, Thresholding};
pub(crate) use paste::{Paste, PasteMode};
pub(crate) use ports::{Told, check, check_gradient, check_ports};
use reuse::Reuser;
pub(crate) use reuse::{Reuse, Skipped};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;
use crate::runtime::CancelToken;
use crate::scheduler::{CleanSample, Scheduler, Steering};

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

/// How often the clean sample is estimated from what the denoiser says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glimpses {
    /// After every how many calls, at least 1; never after the last.
    pub every: usize,
    /// How it follows; `None` shows the noisy latents.
    pub rule: Option<CleanSample>,
}

impl Glimpses {
    /// What call `index` takes the clean sample to be; `None` where nothing follows from it.
    fn estimate(
        self,
        scheduler: &dyn Scheduler,
        index: usize,
        latents: &ArrayD<f32>,
        guided: &ArrayViewD<'_, f32>,
    ) -> Result<Option<ArrayD<f32>>> {
        let Some(rule) = self.rule else { return Ok(None) };
        let prediction = own_channels(latents, guided);
        if prediction.shape() != latents.shape() {
            return Ok(None);
        }
        let [own, told] = rule.factors(scheduler, index)?;
        let estimate = (own as f32 * latents) + &(told as f32 * &prediction);
        // Pure noise says nothing about the picture: its factor is infinite (schedules with a final SNR of zero).
        Ok(estimate.iter().all(|v| v.is_finite()).then_some(estimate))
    }
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
    /// When the clean sample is estimated for whoever observes.
    pub glimpses: Option<Glimpses>,
    /// Stops the loop, also inside a graph run.
    pub cancel: &'a CancelToken,
}

/// What there is to say about a loop.
pub(crate) struct Ran {
    /// How long each evaluation took.
    pub times: Vec<Duration>,
    /// How many were left out.
    pub skipped: Skipped,
}

/// Runs the calls of `span` over `latents` (`[pictures, …]`, already at the first noise level).
///
/// `observe` is told after each evaluation how many are done and, where [`Denoising::glimpses`] asks for it, what the
/// clean sample seems to be; it may return an error to stop.
///
/// # Errors
/// [`Error::Cancelled`]; [`Error::Numeric`] at the first step whose result is not finite; whatever the denoiser
/// and the scheduler return.
pub(crate) fn run(
    task: Denoising<'_>,
    latents: &mut ArrayD<f32>,
    mut observe: impl FnMut(usize, Option<&ArrayD<f32>>) -> Result<()>,
) -> Result<Ran> {
    let Denoising { denoiser, scheduler, noise, guidance, mut gradient, reuse, span, paste, changes, glimpses, cancel } =
        task;
    if let Some(paste) = paste {
        paste.check(&*scheduler, latents.shape())?;
    }
    let pictures = latents.shape()[0];
    let mut changes = changes.into_iter().peekable();
    let mut times = Vec::with_capacity(span.len());
    let mut input = latents.clone();
    let mut guider = Guider::new(guidance);
    let mut reuser = Reuser::new(reuse, guidance);
    let mut nothing = None;
    for index in span.clone() {
        let started = Instant::now();
        while let Some(change) = changes.next_if(|change| change.call <= index) {
            denoiser.tell(change.branch, &change.told)?;
            reuser.forget();
        }
        let timestep = scheduler.timesteps()[index];
        if let Some(paste) = paste {
            paste.before(&*scheduler, index, noise, latents)?;
        }
        input.assign(latents);
        scheduler.scale_model_input(index, &mut input);
        cancel.check()?;
        let which = guider.branches(index);
        let predictions = match which.is_empty() {
            true => nothing.insert(ArrayD::zeros(latents.raw_dim())),
            false => reuser
                .predict(index, &input, &which, |which| denoiser.predict(&input, (index, timestep), which, cancel))?,
        };
        guider.combine(&At { call: index, latents, scheduler: &*scheduler }, predictions)?;
        let gradient = match &mut gradient {
            Some(guide) => guide.guide(&*scheduler, (index, timestep), &input, predictions, cancel)?,
            None => None,
        };
        let guided = predictions.slice_axis(Axis(0), Slice::from(..pictures));
        let done = index + 1 - span.start;
        let glimpses = glimpses.filter(|glimpses| done < span.len() && done % glimpses.every.max(1) == 0);
        let clean = match glimpses {
            Some(glimpses) => glimpses.estimate(&*scheduler, index, latents, &guided)?,
            None => None,
        };
        let steering = Steering { known: paste.and_then(Paste::known), gradient };
        scheduler.step_steered(index, guided, latents, noise, &steering)?;
        guider.after_step(scheduler, index, latents);
        if let Some(paste) = paste {
            // After the very last call there is no noise level left.
            let next = Some(index + 1).filter(|next| *next < scheduler.timesteps().len());
            paste.after(&*scheduler, next, latents)?;
        }
        if !latents.iter().all(|v| v.is_finite()) {
            return Err(Error::Numeric(format!(
                "the latents became NaN or infinite at step {} of {} (timestep {timestep}); try another scheduler, a \
                 lower guidance, or a float32 export of the denoiser",
                done,
                span.len()
            )));
        }
        times.push(started.elapsed());
        observe(done, glimpses.map(|_| clean.as_ref().unwrap_or(latents)))?;
    }
    Ok(Ran { times, skipped: reuser.skipped() })
}

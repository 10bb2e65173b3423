//! The calls of one loop, taken one by one: by [`super::run`] all of them, or by a host whenever it likes.

use std::iter::Peekable;
use std::ops::Range;
use std::time::Instant;

use ndarray::{ArrayD, ArrayViewD, Axis, Slice};

use super::denoiser::Denoiser;
use super::gradient::GradientGuide;
use super::guidance::{At, Guidance, Guider, own_channels};
use super::paste::Paste;
use super::reuse::{Reuse, Reuser};
use super::{Change, Ran};
use crate::error::{Error, Result};
use crate::rng::NoiseSource;
use crate::runtime::CancelToken;
use crate::scheduler::{CleanSample, Scheduler, Steering};

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

/// Which calls are to be made, and how.
pub(crate) struct Course<'a> {
    /// How the branches become one prediction.
    pub guidance: &'a Guidance,
    /// Which calls may be left out.
    pub reuse: &'a Reuse,
    /// The calls to make, of the whole schedule.
    pub span: Range<usize>,
    /// In the order of their calls.
    pub changes: Vec<Change>,
}

/// What a call works with: the same from call to call.
pub(crate) struct Tools<'a> {
    /// Predicts for each guidance branch.
    pub denoiser: &'a mut Denoiser,
    /// Picks the timesteps and takes each step.
    pub scheduler: &'a mut dyn Scheduler,
    /// Where solvers that add noise draw it.
    pub noise: &'a mut dyn NoiseSource,
    /// What guides besides, by its gradient.
    pub gradient: Option<&'a mut GradientGuide>,
    /// What is put back at each step.
    pub paste: Option<&'a Paste>,
    /// When the clean sample is estimated for whoever observes.
    pub glimpses: Option<Glimpses>,
    /// Stops the call, also inside a graph run.
    pub cancel: &'a CancelToken,
}

/// Where a loop is, and what it keeps from call to call.
pub(crate) struct Steps {
    guider: Guider,
    reuser: Reuser,
    changes: Peekable<std::vec::IntoIter<Change>>,
    span: Range<usize>,
    ran: Ran,
    /// The latents as the scheduler scales them for the denoiser.
    input: ArrayD<f32>,
    /// The prediction of calls that ask nobody.
    nothing: Option<ArrayD<f32>>,
}

impl Steps {
    /// A loop over latents like `latents` (`[pictures, …]`), of which no call is made yet.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the scheduler cannot put back what `paste` keeps.
    pub(crate) fn new(
        course: Course<'_>,
        paste: Option<&Paste>,
        scheduler: &dyn Scheduler,
        latents: &ArrayD<f32>,
    ) -> Result<Self> {
        let Course { guidance, reuse, span, changes } = course;
        if let Some(paste) = paste {
            paste.check(scheduler, latents.shape())?;
        }
        Ok(Self {
            guider: Guider::new(guidance),
            reuser: Reuser::new(reuse, guidance),
            changes: changes.into_iter().peekable(),
            ran: Ran { times: Vec::with_capacity(span.len()), ..Ran::default() },
            span,
            input: latents.clone(),
            nothing: None,
        })
    }

    /// How many calls are made.
    pub(crate) fn done(&self) -> usize {
        self.ran.times.len()
    }

    /// How many are left.
    pub(crate) fn left(&self) -> usize {
        self.span.len() - self.done()
    }

    /// The next call's place in the whole schedule; the end of it when none is left.
    pub(crate) fn next(&self) -> usize {
        self.span.start + self.done()
    }

    /// What there is to say about the calls that are made.
    pub(crate) fn ran(&self) -> Ran {
        self.ran.clone()
    }

    /// Forgets what earlier calls predicted: somebody changed the latents.
    pub(crate) fn forget(&mut self) {
        self.reuser.forget();
    }

    /// Makes the next call over `latents`. Returns what the clean sample seems to be, where [`Tools::glimpses`] asks for
    /// it and it is known.
    ///
    /// After [`Error::Cancelled`] the latents are as they were before, and the call can be made again. It gives what it
    /// would have given, but where [`super::PasteMode::BeforeCall`] has drawn noise for it already.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Numeric`] when the result is not finite; [`Error::Internal`] when no call is left;
    /// whatever the denoiser and the scheduler return.
    pub(crate) fn advance(&mut self, tools: Tools<'_>, latents: &mut ArrayD<f32>) -> Result<Option<ArrayD<f32>>> {
        let Tools { denoiser, scheduler, noise, mut gradient, paste, glimpses, cancel } = tools;
        if self.left() == 0 {
            return Err(Error::Internal("a loop has no call left".into()));
        }
        let started = Instant::now();
        let (index, pictures) = (self.next(), latents.shape()[0]);
        while let Some(change) = self.changes.next_if(|change| change.call <= index) {
            denoiser.tell(change.branch, &change.told)?;
            self.reuser.forget();
        }
        let timestep = scheduler.timesteps()[index];
        cancel.check()?;
        if let Some(paste) = paste {
            paste.before(&*scheduler, index, noise, latents)?;
        }
        let Self { guider, reuser, input, nothing, span, .. } = self;
        input.assign(latents);
        scheduler.scale_model_input(index, input);
        let which = guider.branches(index);
        let predictions = match which.is_empty() {
            true => nothing.insert(ArrayD::zeros(latents.raw_dim())),
            false => reuser
                .predict(index, input, &which, |which| denoiser.predict(input, (index, timestep), which, cancel))?,
        };
        guider.combine(&At { call: index, latents, scheduler: &*scheduler }, predictions)?;
        let gradient = match &mut gradient {
            Some(guide) => guide.guide(&*scheduler, (index, timestep), input, predictions, cancel)?,
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
                "the latents became NaN or infinite at step {done} of {} (timestep {timestep}); try another scheduler, a \
                 lower guidance, or a float32 export of the denoiser",
                span.len()
            )));
        }
        self.ran.skipped = self.reuser.skipped();
        self.ran.times.push(started.elapsed());
        Ok(clean)
    }
}

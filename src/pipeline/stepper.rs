//! A generation that the host takes step by step, in a loop of its own.

use std::sync::Arc;

use ndarray::ArrayD;

use super::draw::{Drawing, Session};
use super::plan::Plan;
use super::underway::Underway;
use super::{Generated, MemoryMode, Observer, Pipeline};
use crate::error::{Error, Result};
use crate::runtime::CancelToken;
use crate::scheduler::CleanSample;

/// A generation underway. [`Pipeline::generate`] goes the same way in one go, so both draw the same picture.
///
/// Between two calls the pipeline is free for others; several steppers of one pipeline may be underway, each with noise,
/// latents and buffers of its own. Latents are `[pictures, channels, height, width]`, in the scheduler's scale.
pub struct Stepper {
    plan: Plan,
    underway: Underway,
    warnings: Vec<String>,
    /// The last to go: what is underway holds sessions of its graphs.
    pipeline: Arc<Pipeline>,
}

/// What a model of several stages has none of.
pub(in crate::pipeline) const OWN_LOOP: &str = "a loop of the host's own";

impl Stepper {
    /// Begins what `plan` says.
    ///
    /// # Errors
    /// As [`Pipeline::begin`].
    pub(in crate::pipeline) fn begin(
        pipeline: Arc<Pipeline>,
        plan: Plan,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let mut session = Session::new(observer, cancel);
        let begun = {
            let single = pipeline.single(OWN_LOOP)?;
            let _turn = pipeline.turns.take(cancel)?;
            let drawing = Drawing::new(&single.model, single.family.as_ref(), &plan, cancel)?;
            let begun = drawing.begin(&mut session);
            if begun.is_err() && single.model.memory == MemoryMode::Low {
                single.model.release();
            }
            begun
        };
        let mut underway = begun?;
        if let Ok(rule) = CleanSample::of(plan.scheduler_kind, pipeline.single(OWN_LOOP)?.scheduler_config()) {
            underway.look_always(rule);
        }
        Ok(Self { plan, underway, warnings: session.warnings, pipeline })
    }

    /// How many denoiser evaluations there are in all. Solvers of higher order take several a step.
    #[must_use]
    pub fn count(&self) -> usize {
        self.underway.done() + self.underway.left()
    }

    /// How many are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.underway.done()
    }

    /// The timestep of the next evaluation; `None` when none is left.
    #[must_use]
    pub fn timestep(&self) -> Option<f64> {
        self.underway.timestep()
    }

    /// Makes the next evaluation and takes what follows of it. Tells `observer` as [`Pipeline::generate`] does.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when none is left; as [`Pipeline::generate`] else. After [`Error::Cancelled`] out of an
    /// evaluation it can be made again, and gives what it would have given; where the observer said stop, it is made.
    pub fn advance(&mut self, observer: &mut dyn Observer, cancel: &CancelToken) -> Result<()> {
        if self.underway.left() == 0 {
            return Err(Error::invalid(format!(
                "all {} evaluations are made; finish, or begin anew",
                self.underway.done()
            )));
        }
        self.with(observer, cancel, |drawing, underway, session| drawing.advance(underway, session))
    }

    /// The latents as they are now.
    ///
    /// # Errors
    /// [`Error::Internal`] when they have lost their shape.
    pub fn latents(&self) -> Result<ArrayD<f32>> {
        self.underway.latents(&self.drawing()?)
    }

    /// What the latest evaluation took the finished latents to be: what [`Pipeline::decode_latents`] makes a preview of.
    /// `None` before the first and after the last evaluation, after [`Stepper::set_latents`], and where it does not follow (a prediction that says nothing
    /// of it, a first call of pure noise).
    ///
    /// # Errors
    /// As [`Stepper::latents`].
    pub fn clean_latents(&self) -> Result<Option<ArrayD<f32>>> {
        self.underway.clean(&self.drawing()?)
    }

    /// Goes on with `latents` in the place of the stepper's own. What a solver of several steps remembers stays.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another shape; [`Error::Numeric`] for numbers that are not finite.
    pub fn set_latents(&mut self, latents: &ArrayD<f32>) -> Result<()> {
        if latents.shape() != self.plan.latents {
            return Err(Error::invalid(format!(
                "the latents have the shape {:?}; this generation's have {:?}",
                latents.shape(),
                self.plan.latents
            )));
        }
        if let Some(at) = latents.iter().position(|value| !value.is_finite()) {
            return Err(Error::Numeric(format!("number {at} of the latents is NaN or infinite")));
        }
        let latents = latents.as_standard_layout().into_owned();
        let Self { pipeline, plan, underway, .. } = self;
        underway.set_latents(&drawing(pipeline, plan)?, latents)
    }

    /// Makes pictures of the latents as they are: the finished ones once no evaluation is left, else noisy ones. May be
    /// called again.
    ///
    /// # Errors
    /// As [`Pipeline::generate`].
    pub fn finish(&mut self, observer: &mut dyn Observer, cancel: &CancelToken) -> Result<Generated> {
        self.with(observer, cancel, |drawing, underway, session| drawing.finish(underway, session))
    }

    fn with<T>(
        &mut self,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
        work: impl FnOnce(&Drawing<'_>, &mut Underway, &mut Session<'_>) -> Result<T>,
    ) -> Result<T> {
        let Self { pipeline, plan, underway, warnings } = self;
        let _turn = pipeline.turns.take(cancel)?;
        let single = pipeline.single(OWN_LOOP)?;
        let drawing = Drawing::new(&single.model, single.family.as_ref(), plan, cancel)?;
        let mut session = Session { observer, cancel, warnings: std::mem::take(warnings) };
        let done = work(&drawing, underway, &mut session);
        *warnings = session.warnings;
        done
    }

    fn drawing(&self) -> Result<Drawing<'_>> {
        drawing(&self.pipeline, &self.plan)
    }
}

/// What latents are packed with; nothing is opened for it.
fn drawing<'a>(pipeline: &'a Pipeline, plan: &'a Plan) -> Result<Drawing<'a>> {
    let single = pipeline.single(OWN_LOOP)?;
    Ok(Drawing { model: &single.model, family: single.family.as_ref(), plan, wrapped: None })
}

impl Drop for Stepper {
    fn drop(&mut self) {
        // A generation of the low memory mode gives everything back at its end, and this is the end of this one.
        if let Ok(single) = self.pipeline.single(OWN_LOOP)
            && single.model.memory == MemoryMode::Low
        {
            single.model.release();
        }
    }
}

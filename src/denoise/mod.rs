//! The loop that takes noise to a sample, and what it calls at every step.

mod denoiser;
pub(crate) mod guidance;

use std::time::{Duration, Instant};

use ndarray::{ArrayD, Axis, Slice};

pub(crate) use denoiser::{Batching, Denoiser};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;
use crate::runtime::CancelToken;
use crate::scheduler::Scheduler;

/// What the loop is told once.
pub(crate) struct Denoising<'a> {
    /// Predicts, for one or two rows a picture.
    pub denoiser: &'a mut Denoiser,
    /// Picks the timesteps and takes each step.
    pub scheduler: &'a mut dyn Scheduler,
    /// Where solvers that add noise draw it.
    pub noise: &'a mut dyn NoiseSource,
    /// The guidance scale, or `None` where only the conditional branch runs.
    pub guidance: Option<f32>,
    /// Stops the loop, also inside a graph run.
    pub cancel: &'a CancelToken,
}

/// Runs every timestep over `latents` (`[pictures, channels, height, width]`, already at the first noise level).
///
/// `observe` is told after each evaluation how many are done, and may return an error to stop. Returns how long
/// each evaluation took.
///
/// # Errors
/// [`Error::Cancelled`]; [`Error::Numeric`] at the first step whose result is not finite; whatever the denoiser
/// and the scheduler return.
pub(crate) fn run(
    task: Denoising<'_>,
    latents: &mut ArrayD<f32>,
    mut observe: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<Duration>> {
    let Denoising { denoiser, scheduler, noise, guidance, cancel } = task;
    let pictures = latents.shape()[0];
    let calls = scheduler.timesteps().len();
    let mut times = Vec::with_capacity(calls);
    let mut input = latents.clone();
    for index in 0..calls {
        let started = Instant::now();
        let timestep = scheduler.timesteps()[index];
        input.assign(latents);
        scheduler.scale_model_input(index, &mut input);
        let predictions = denoiser.predict(&input, timestep, cancel)?;
        if let Some(scale) = guidance {
            guidance::combine_in_place(predictions.view_mut(), scale);
        }
        let guided = predictions.slice_axis(Axis(0), Slice::from(..pictures));
        scheduler.step(index, guided, latents, noise)?;
        if !latents.iter().all(|v| v.is_finite()) {
            return Err(Error::Numeric(format!(
                "the latents became NaN or infinite at step {} of {calls} (timestep {timestep}); try another \
                 scheduler, a lower guidance, or a float32 export of the UNet",
                index + 1
            )));
        }
        times.push(started.elapsed());
        observe(index + 1)?;
    }
    Ok(times)
}

//! Schedulers: which timesteps are visited, and how a prediction takes x_t to x_{t-1}.

mod beta_quantile;
mod calls;
mod clean;
mod combine;
mod config;
mod consistency;
mod create;
mod custom;
mod ddim;
mod ddim_inverse;
mod ddpm;
mod deis;
mod discrete;
mod dpm2;
mod dpm_formulas;
mod dpm_multistep;
mod dpm_sde;
mod dpm_singlestep;
mod dpm_solver;
mod edm;
mod edm_dpm_solver;
mod euler;
mod flow_heun;
mod flow_match;
mod flow_sigmas;
mod forward;
mod heun;
mod inversion;
mod ipndm;
mod kind;
mod lcm;
mod lms;
mod multistep;
mod named_levels;
mod noise_schedule;
mod pndm;
mod posterior;
mod prediction;
mod respacing;
mod sa_solver;
mod sigma_schedule;
mod sigma_space;
mod sigmas;
mod steering;
mod tcd;
#[cfg(test)]
mod tests;
mod threshold;
mod timesteps;
mod unclip;
mod unipc;

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

pub(crate) use clean::{CleanSample, is_flow};
pub use create::{SchedulerOptions, create};
pub use custom::CustomSchedule;
pub use flow_sigmas::{calculate_shift, dynamic_shift};
pub use forward::forward_factors;
pub use inversion::Inversion;
pub use kind::SchedulerKind;
pub use named_levels::AysModel;
pub use respacing::respaced_steps;
pub use sigma_schedule::SigmaSchedule;
pub use steering::{Known, Steerable, Steering};
pub(crate) use threshold::quantile as magnitude_quantile;

/// A sampler with its timesteps already chosen, ready for one generation.
///
/// The loop that drives every scheduler is always the same:
///
/// ```text
/// x = noise * init_noise_sigma
/// for i in 0..timesteps.len():
///     input = copy of x; scale_model_input(i, input)
///     step(i, denoiser(input, timesteps[i]), x, noise)
/// ```
///
/// A solver of order 2 that asks the denoiser twice a step simply has twice the timesteps and keeps its state
/// between calls; the loop never knows.
pub trait Scheduler: Send {
    /// The timestep to feed at each denoiser call, in calling order. Fractional for sigma-space solvers.
    fn timesteps(&self) -> &[f64];

    /// The noise level at each call and after the last, as diffusers lists them in `scheduler.sigmas`; empty for
    /// schedulers that do not think in sigmas (DDIM, DDPM, PNDM, LCM, TCD).
    fn sigmas(&self) -> Vec<f64> {
        Vec::new()
    }

    /// What standard normal noise is multiplied with to become x_T.
    fn init_noise_sigma(&self) -> f64;

    /// Denoiser calls for one step of the solver: 1, or 2 for Heun and DPM2. Image-to-image starts at a
    /// multiple of it.
    fn order(&self) -> usize {
        1
    }

    /// How much of the model's output lies in the noise, apart from x0, that call `index` leaves in the sample; `None`
    /// for schedulers whose step is not x0 and noise put together anew. CFG++ needs it (Chung et al., arXiv
    /// 2406.08070).
    fn renoising(&self, _index: usize) -> Option<f64> {
        None
    }

    /// Scales the denoiser's input for call `index`, in place. Most schedulers leave it as it is.
    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>);

    /// Takes `sample` from the level of call `index` to the next one, in place.
    ///
    /// `model_output` is the (guided) prediction for that call, of the sample's shape, or with twice the
    /// channels where the model also predicts its variance. Calls come in order, starting at 0 or at the
    /// index that image-to-image begins with, a multiple of [`Scheduler::order`].
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] when the shapes do not fit or the calls are out of order.
    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()>;

    /// What [`Scheduler::step_steered`] takes; nothing unless a scheduler says so.
    fn takes(&self) -> Steerable {
        Steerable::default()
    }

    /// [`Scheduler::step`], told more than the prediction.
    ///
    /// A gradient moves the mean of a step that has a variance: μ + σ² · gradient, also at the last step, which draws no
    /// noise (guided-diffusion `condition_mean`). A deterministic step's noise loses √(1 − ᾱ) · gradient, after x0 was
    /// clipped (`condition_score`).
    ///
    /// # Errors
    /// As [`Scheduler::step`]; [`crate::Error::Unsupported`] for what [`Scheduler::takes`] does not name.
    fn step_steered(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
        steering: &Steering<'_>,
    ) -> Result<()> {
        steering.check(self.takes(), sample.shape())?;
        self.step(index, model_output, sample, noise)
    }

    /// The forward process: `original` with `noise` mixed in to the level of call `index`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] when the two shapes differ or there is no such call.
    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>>;
}

//! Schedulers: which timesteps are visited, and how a prediction takes x_t to x_{t-1}.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

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

    /// What standard normal noise is multiplied with to become x_T.
    fn init_noise_sigma(&self) -> f64;

    /// Denoiser calls for one step of the solver: 1, or 2 for Heun and DPM2. Image-to-image starts at a
    /// multiple of it.
    fn order(&self) -> usize {
        1
    }

    /// Scales the denoiser's input for call `index`, in place. Most schedulers leave it as it is.
    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>);

    /// Takes `sample` from the level of call `index` to the next one, in place.
    ///
    /// `model_output` is the (guided) prediction for that call, of the sample's shape, or with twice the
    /// channels where the model also predicts its variance. Calls come in order, starting at 0 or at the
    /// index that image-to-image begins with.
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

    /// The forward process: `original` with `noise` mixed in to the level of call `index`.
    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> ArrayD<f32>;
}

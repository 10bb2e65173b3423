//! Noise on an embedding, so that a decoder takes from it what the noise leaves.

use ndarray::{Array2, ArrayD, ArrayView2, Axis, concatenate};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::scheduler::forward_factors;
use crate::tensor::Statistics;

/// The noise augmentation of Stable unCLIP, whose decoder is told a noised embedding and how noisy it is (diffusers
/// `StableUnCLIPPipeline.noise_image_embeddings`; stablediffusion `CLIPEmbeddingNoiseAugmentation`).
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseAugmentation {
    statistics: Statistics,
    schedule: Map<String, Value>,
}

impl NoiseAugmentation {
    /// With the statistics of `image_normalizer/` and the noise schedule `schedule`: the object in
    /// `image_noising_scheduler/scheduler_config.json`, which for the published models says `squaredcos_cap_v2`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a schedule that is none.
    pub fn new(statistics: Statistics, schedule: Map<String, Value>) -> Result<Self> {
        forward_factors(&schedule, 0)?;
        Ok(Self { statistics, schedule })
    }

    /// How many values an embedding has; what the decoder is told has twice as many.
    #[must_use]
    pub fn width(&self) -> usize {
        self.statistics.width()
    }

    /// `embeddings` (`[embeddings, width]`) with `noise` of the same shape on them at `level`, a timestep of the
    /// schedule (0 the least), followed by the level's sinusoids: `[embeddings, 2 · width]`. The noise is added between
    /// the statistics' [`Statistics::scale`] and [`Statistics::unscale`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for shapes that do not fit, and a level outside the schedule.
    pub fn apply(&self, embeddings: ArrayD<f32>, noise: &ArrayD<f32>, level: usize) -> Result<Array2<f32>> {
        if embeddings.shape() != noise.shape() || embeddings.ndim() != 2 {
            return Err(Error::invalid(format!(
                "embeddings of shape {:?} cannot get noise of shape {:?}; both are [embeddings, {}]",
                embeddings.shape(),
                noise.shape(),
                self.width()
            )));
        }
        let [keep, add] = forward_factors(&self.schedule, level)?.map(|factor| factor as f32);
        let mut noised = self.statistics.scale(embeddings)?;
        noised.zip_mut_with(noise, |value, noise| *value = keep * *value + add * noise);
        let noised = self.statistics.unscale(noised)?;
        let sinusoids = timestep_sinusoids(level as f32, self.width());
        let rows = ArrayView2::from_shape((1, self.width()), &sinusoids).map_err(|e| Error::Internal(e.to_string()))?;
        let rows = rows.broadcast((noise.shape()[0], self.width())).ok_or_else(|| Error::Internal("no rows".into()))?;
        let noised = noised.into_dimensionality().map_err(|e| Error::Internal(e.to_string()))?;
        concatenate(Axis(1), &[noised.view(), rows]).map_err(|e| Error::Internal(e.to_string()))
    }
}

/// A timestep as `width` values: the cosines of `timestep / 10000^(i / half)`, then the sines, and a 0 behind them where
/// `width` is odd (diffusers `get_timestep_embedding` with `flip_sin_to_cos` and no shift of the frequencies).
#[must_use]
pub fn timestep_sinusoids(timestep: f32, width: usize) -> Vec<f32> {
    let half = width / 2;
    // In float32 like torch: an angle of a thousand has only four decimals there.
    let angles = (0..half).map(|i| timestep * (-(10_000.0_f64.ln() as f32) * i as f32 / half as f32).exp());
    let cosines = angles.clone().map(f32::cos);
    let mut values: Vec<f32> = cosines.chain(angles.map(f32::sin)).collect();
    values.resize(width, 0.0);
    values
}

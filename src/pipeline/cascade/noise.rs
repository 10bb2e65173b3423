//! Noise on what a stage is told, so that it takes from it what the noise leaves.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Axis, concatenate};

use super::Rows;
use super::evaluation::Evaluation;
use crate::error::{Error, Result};
use crate::pipeline::Seeds;
use crate::pipeline::augmentation::NoiseAugmentation;
use crate::scheduler::forward_factors;
use crate::tensor::Statistics;

impl Evaluation<'_> {
    /// Embeddings with noise, and its level behind them: the value `name`, of the embedding, the mean and the deviation.
    ///
    /// # Errors
    /// As [`NoiseAugmentation::apply`].
    pub(super) fn augmented(
        &mut self,
        name: &str,
        [of, mean, std]: [&str; 3],
        inputs: &BTreeMap<String, Rows>,
        usual: u32,
    ) -> Result<Rows> {
        let given =
            |input: &str| inputs.get(input).ok_or_else(|| Error::Internal(format!("the value {name} has no {input}")));
        let vector = |input: &str| -> Result<Vec<f32>> { Ok(given(input)?.of(0).iter().copied().collect()) };
        let statistics = Statistics::new(vector(mean)?, vector(std)?)?;
        let augmentation = NoiseAugmentation::new(statistics, self.cascade.scheduler_config(name)?.clone())?;
        let rows = given(of)?;
        // Pictures of one seed each have noise of their own; all others share what they share.
        let embeddings = match self.plan.request.seeds {
            Seeds::OnePerPicture => {
                stacked(&(0..self.plan.pictures).map(|picture| rows.of(picture).clone()).collect::<Vec<_>>())?
            }
            Seeds::OneGenerator => stacked(rows.rows())?,
        };
        let noise = self.noise.normal(embeddings.shape());
        let level = self.plan.noise_level(usual) as usize;
        let noised = augmentation.apply(embeddings, &noise, level).map_err(|error| self.about(name, error))?;
        Ok(Rows::each(noised.outer_iter().map(|row| row.to_owned().into_dyn()).collect()))
    }

    /// Pictures with noise, one for each picture of the request: the value `name`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a level outside the schedule.
    pub(super) fn noised(&mut self, name: &str, of: &str, inputs: &BTreeMap<String, Rows>, usual: u32) -> Result<Rows> {
        let rows = inputs.get(of).ok_or_else(|| Error::Internal(format!("the value {name} has no {of}")))?;
        let level = self.plan.noise_level(usual) as usize;
        let factors = forward_factors(self.cascade.scheduler_config(name)?, level);
        let [keep, add] = factors.map_err(|error| self.about(name, error))?.map(|factor| factor as f32);
        let all: Vec<ArrayD<f32>> = (0..self.plan.pictures).map(|picture| rows.of(picture).clone()).collect();
        let mut pictures = stacked(&all)?;
        let noise = self.noise.normal(pictures.shape());
        pictures.zip_mut_with(&noise, |value, noise| *value = keep * *value + add * noise);
        Ok(Rows::each(pictures.outer_iter().map(|row| row.to_owned()).collect()))
    }

    /// An error with the value's name before it.
    fn about(&self, name: &str, error: Error) -> Error {
        match error {
            Error::InvalidArgument(text) => Error::InvalidArgument(format!("the value {name}: {text}")),
            other => other,
        }
    }
}

/// Rows with a batch axis.
fn stacked(rows: &[ArrayD<f32>]) -> Result<ArrayD<f32>> {
    let views: Vec<_> = rows.iter().map(|row| row.view().insert_axis(Axis(0))).collect();
    concatenate(Axis(0), &views).map_err(|e| Error::Internal(e.to_string()))
}

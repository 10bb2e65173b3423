//! Models of several stages: a prior and a decoder, a base and its upsamplers, an encoder and what goes back from its code.
//!
//! A manifest (`model/cascade`) names values, and what makes each: graphs, operations, and stages, which are denoising
//! loops like every other (`denoise::run`). What a request asks for decides what is computed: a value is made when
//! something needs it, and once.

mod constants;
mod evaluation;
mod info;
mod layouts;
mod missing;
mod noise;
mod nulls;
mod opened;
mod operations;
mod pictures;
mod plan;
mod reached;
mod shapes;
mod stage;
mod unused;

use std::sync::Arc;
use std::time::Instant;

use ndarray::{ArrayD, Axis, Ix3};

use self::evaluation::Evaluation;
pub(in crate::pipeline) use self::opened::Cascade;
use self::plan::Plan;
use super::turn::Turns;
use super::{Generated, MemoryMode, Observer, Phase, Request, Timings, report};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::model::cascade::{Dimension, Output};
use crate::runtime::CancelToken;

impl Cascade {
    /// Draws what `request` asks for.
    ///
    /// # Errors
    /// As [`crate::Pipeline::generate`].
    pub(in crate::pipeline) fn generate(
        &self,
        request: &Request,
        turns: &Turns,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Generated> {
        let plan = Plan::new(self, request)?;
        let output = self.output(request)?;
        self.check_available(&plan, &output.of)?;
        // What cannot be drawn is refused before anyone waits.
        let _turn = turns.take(cancel)?;
        let started = Instant::now();
        let mut evaluation = Evaluation::new(self, &plan, observer, cancel)?;
        plan.unused(self, &output.of).into_iter().for_each(|sentence| evaluation.session.warn(sentence));
        let made = evaluation.told(&output.of);
        if self.memory == MemoryMode::Low {
            self.release();
        }
        let made = made?;
        let decoding = Instant::now();
        let [low, high] = output.range;
        let pictures = plan.pictures;
        report(evaluation.session.observer, Phase::Decoding, 0, pictures)?;
        let mut images = Vec::with_capacity(pictures);
        for picture in 0..pictures {
            // No graph runs any more that would notice.
            cancel.check()?;
            let values = made.of(picture).to_owned().into_dimensionality::<Ix3>().map_err(|_| {
                self.folder.bad(format!("its picture \"{}\" has the shape {:?}", output.of, made.of(picture).shape()))
            })?;
            let signed = match output.range {
                [-1.0, 1.0] => values,
                _ => values.mapv(|value| (value - low) / (high - low) * 2.0 - 1.0),
            };
            images.push(Image::from_chw(signed.view(), request.format)?);
            report(evaluation.session.observer, Phase::Decoding, picture + 1, pictures)?;
        }
        let Evaluation { mut timings, session, last_sample, .. } = evaluation;
        timings.decode += decoding.elapsed();
        timings.total = started.elapsed();
        let settings = plan.settings(self, images.first());
        let latents = last_sample.unwrap_or_else(|| ArrayD::zeros(vec![pictures, 0]));
        Ok(Generated { flagged: vec![None; pictures], images, latents, settings, timings, warnings: session.warnings })
    }

    /// Which value is the picture.
    fn output(&self, request: &Request) -> Result<Output> {
        let manifest = &self.folder.manifest;
        let Some(stage) = &request.cascade.until else { return Ok(manifest.picture.clone()) };
        // Latents may have three channels too, and what a decoder makes of them is the picture.
        let drawn = manifest.stages.iter().filter(|stage| {
            stage.sample.len() == 3
                && stage.sample.first().and_then(Dimension::fixed) == Some(3)
                && manifest.shows(&manifest.picture.of, &stage.name)
        });
        let drawn: Vec<&str> = drawn.map(|stage| stage.name.as_str()).collect();
        match drawn.contains(&stage.as_str()) {
            true => Ok(Output { of: stage.clone(), ..manifest.picture.clone() }),
            false => Err(Error::invalid(format!(
                "the picture is to be what the stage \"{stage}\" draws; the stages of this model that draw pixels are {}",
                if drawn.is_empty() { "none".to_owned() } else { drawn.join(", ") }
            ))),
        }
    }

    /// Computes a value that the manifest lists as an embedding, as far as the request determines it.
    ///
    /// # Errors
    /// As [`crate::Pipeline::embed`].
    pub(in crate::pipeline) fn embed(
        &self,
        request: &Request,
        name: &str,
        turns: &Turns,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<ArrayD<f32>> {
        let listed = &self.folder.manifest.embeddings;
        if !listed.iter().any(|other| other == name) {
            return Err(Error::invalid(format!(
                "the model at \"{}\" has no embedding \"{name}\"; it has {}",
                self.folder.root.display(),
                if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
            )));
        }
        let plan = Plan::new(self, request)?;
        self.check_available(&plan, name)?;
        let _turn = turns.take(cancel)?;
        let mut evaluation = Evaluation::new(self, &plan, observer, cancel)?;
        let made = evaluation.told(name);
        if self.memory == MemoryMode::Low {
            self.release();
        }
        let made = made?;
        let rows: Vec<_> = made.rows().iter().map(|row| row.view().insert_axis(Axis(0))).collect();
        ndarray::concatenate(Axis(0), &rows).map_err(|e| Error::Internal(e.to_string()))
    }
}

/// One tensor for all pictures, or one for each, without a batch axis.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct Rows(Arc<Vec<ArrayD<f32>>>);

impl Rows {
    /// The same for all pictures.
    fn same(values: ArrayD<f32>) -> Self {
        Self(Arc::new(vec![values]))
    }

    /// One for each picture.
    fn each(values: Vec<ArrayD<f32>>) -> Self {
        Self(Arc::new(values))
    }

    fn rows(&self) -> &[ArrayD<f32>] {
        &self.0
    }

    /// Whether all pictures share it.
    fn is_same(&self) -> bool {
        self.0.len() == 1
    }

    /// That of one picture; the last one's of pictures past the last.
    fn of(&self, picture: usize) -> &ArrayD<f32> {
        &self.0[picture.min(self.0.len() - 1)]
    }
}

/// Times of a cascade's parts.
impl Timings {
    fn add_stage(&mut self, ran: crate::denoise::Ran, in_graphs: std::time::Duration) {
        self.denoise.extend(ran.times);
        self.denoise_in_graphs += in_graphs;
        self.skipped_calls += ran.skipped.calls;
        self.skipped_negatives += ran.skipped.negatives;
    }
}

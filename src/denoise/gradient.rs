//! Guidance by the gradient of something that looks at the noisy sample: a classifier, CLIP.
//!
//! Source: Dhariwal and Nichol 2021, arXiv:2105.05233, algorithms 1 and 2; Nichol et al. 2021 (GLIDE),
//! arXiv:2112.10741, section 2.3.

use std::time::Duration;

use ndarray::{ArrayD, Axis, Slice, Zip};

use super::branch::Branch;
use super::denoiser::{Batching, Denoiser};
use crate::error::{Error, Result};
use crate::runtime::{CancelToken, Graph};
use crate::scheduler::{CleanSample, Scheduler};

/// How a gradient enters a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GradientForm {
    /// As the scheduler itself takes it, where it does: the mean of a step that has a variance is moved by σ² times the
    /// gradient, as OpenAI's code does it. Else as [`GradientForm::Score`].
    Own,
    /// The prediction is changed before the scheduler sees it: ε loses √(1 − ᾱ) times the gradient. For every scheduler
    /// whose x0 follows from its prediction.
    Score,
}

/// A graph that gives ∇ log p(y | x_t), and how strongly it guides.
///
/// The graph's inputs are the sample, the timestep (where it has one) and what the branch names; its output is `grad`,
/// of the sample's shape. It sees what the denoiser sees: the sample as the scheduler scales it.
pub(crate) struct GradientGuide {
    graph: Denoiser,
    scale: f32,
    form: GradientForm,
    rule: Option<CleanSample>,
    /// scale · gradient at the latest call.
    scaled: ArrayD<f32>,
}

impl GradientGuide {
    /// Guides latents of `shape` (`[pictures, …]`) by `graph`, which is told `told`, with `scale` (1 is the gradient
    /// itself). `timestep_scale` is as for the denoiser.
    ///
    /// `rule` is [`CleanSample::of`] the scheduler; without one only schedulers that take gradients themselves can be
    /// guided.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the graph does not give a gradient of its sample.
    pub(crate) fn new(
        graph: &std::sync::Arc<Graph>,
        shape: &[usize],
        told: Branch,
        (timestep_scale, batching): (f64, Batching),
        (scale, form): (f32, GradientForm),
        rule: Option<CleanSample>,
    ) -> Result<Self> {
        let graph = Denoiser::of_gradient(graph, shape, told, timestep_scale, batching)?;
        Ok(Self { graph, scale, form, rule, scaled: ArrayD::zeros(shape) })
    }

    /// The time spent inside graph runs so far.
    pub(crate) fn time_in_graph(&self) -> Duration {
        self.graph.time_in_graph()
    }

    /// Guides call `index`, for which the denoiser predicted `predictions` (the first rows, one a picture, are guided)
    /// from `input`. Returns what the scheduler's step is to be told.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when this scheduler cannot be guided so; whatever the graph returns.
    pub(super) fn guide(
        &mut self,
        scheduler: &dyn Scheduler,
        (index, timestep): (usize, f64),
        input: &ArrayD<f32>,
        predictions: &mut ArrayD<f32>,
        cancel: &CancelToken,
    ) -> Result<Option<&ArrayD<f32>>> {
        if self.scale == 0.0 {
            return Ok(None);
        }
        let own = self.form == GradientForm::Own && scheduler.takes().gradient;
        let factor = match (own, self.rule) {
            (true, _) => 1.0,
            (false, Some(rule)) => rule.gradient_factor(scheduler, index)?,
            (false, None) => {
                return Err(Error::Unsupported(
                    "guidance by a gradient needs a scheduler whose clean sample follows from its prediction; those of \
                     EDM are not among them"
                        .into(),
                ));
            }
        };
        // Pure noise says nothing about what it will become: x0 is infinitely far from it.
        if !factor.is_finite() {
            return Ok(None);
        }
        let gradient = self.graph.predict(input, (index, timestep), &[0], cancel)?;
        if gradient.shape() != self.scaled.shape() {
            return Err(Error::invalid(format!(
                "the guidance graph gave a gradient of shape {:?} for latents of shape {:?}",
                gradient.shape(),
                self.scaled.shape()
            )));
        }
        let scale = f64::from(self.scale);
        Zip::from(&mut self.scaled).and(&*gradient).for_each(|s, &g| *s = (scale * f64::from(g)) as f32);
        if own {
            return Ok(Some(&self.scaled));
        }
        let (pictures, channels) = (self.scaled.shape()[0], self.scaled.shape()[1]);
        if predictions.ndim() < 2 || predictions.shape()[0] < pictures || predictions.shape()[1] < channels {
            return Err(Error::invalid(format!(
                "a gradient of the shape {:?} cannot lead predictions of the shape {:?}",
                self.scaled.shape(),
                predictions.shape()
            )));
        }
        let mut guided = predictions.slice_axis_mut(Axis(0), Slice::from(..pictures));
        // What a denoiser says about its variance follows its prediction, and stays.
        let mut guided = guided.slice_axis_mut(Axis(1), Slice::from(..channels));
        if guided.shape() != self.scaled.shape() {
            return Err(Error::Internal("a prediction without the latents' shape".into()));
        }
        Zip::from(&mut guided).and(&self.scaled).for_each(|p, &g| *p = (f64::from(*p) + factor * f64::from(g)) as f32);
        Ok(None)
    }
}

//! Guidance over the calls of one loop.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, Slice, Zip};

use super::rescale::rescale;
use super::zero_star::closest;
use super::{Guidance, Role, ThresholdLimit, predicts_variance, rows};
use crate::error::{Error, Result};
use crate::scheduler::Scheduler;

/// Where the loop is.
pub(crate) struct At<'a> {
    /// The call, of the whole schedule.
    pub call: usize,
    /// The latents before it, in the scheduler's scale.
    pub latents: &'a ArrayD<f32>,
    pub scheduler: &'a dyn Scheduler,
}

/// Guidance, and what it keeps from call to call.
pub(crate) struct Guider {
    guidance: Arc<Guidance>,
    /// The running average of adaptive projected guidance.
    average: Option<ArrayD<f32>>,
    /// What CFG++ adds to the noise that a step brings back: the negative prediction minus the guided one.
    renoise: Option<ArrayD<f32>>,
}

impl Guider {
    pub(crate) fn new(guidance: &Guidance) -> Self {
        Self { guidance: Arc::new(guidance.clone()), average: None, renoise: None }
    }

    /// The branches that call `call` runs; none where its prediction is zero.
    pub(crate) fn branches(&self, call: usize) -> Vec<usize> {
        if self.guidance.rules.zero_star.is_some_and(|zero| call < zero) {
            return Vec::new();
        }
        match self.guidance.alone() {
            Some(branch) if !self.is_guided(call) => vec![branch],
            _ => (0..self.guidance.roles.len()).collect(),
        }
    }

    /// Combines the `predictions` of [`Guider::branches`] (`[branches × pictures, …]`) in place: the first rows, one a
    /// picture, become the guided prediction.
    ///
    /// What a denoiser says about its variance, in as many channels again, is never guided: it is that of the first
    /// positive branch (GLIDE `notebooks/text2im.ipynb`; diffusers `pipeline_if.py`, `pipeline_unclip.py`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the predictions do not fit the latents; whatever the scheduler says.
    pub(crate) fn combine(&mut self, at: &At<'_>, predictions: &mut ArrayD<f32>) -> Result<()> {
        self.renoise = None;
        let (guidance, pictures) = (Arc::clone(&self.guidance), at.latents.shape()[0]);
        if predictions.shape()[0] < guidance.roles.len() * pictures {
            return Ok(());
        }
        let positive = guidance.roles.iter().position(|role| matches!(role, Role::Positive(_)));
        let (Some(channels), Some(positive)) = (predicts_variance(at.latents, predictions.shape()), positive) else {
            return self.combine_means(at, predictions);
        };
        let variance = rows(predictions, positive, pictures).slice_axis(Axis(1), Slice::from(channels..)).to_owned();
        let mut means = predictions.slice_axis(Axis(1), Slice::from(..channels)).to_owned();
        self.combine_means(at, &mut means)?;
        let mut first = predictions.slice_axis_mut(Axis(0), Slice::from(..pictures));
        first.slice_axis_mut(Axis(1), Slice::from(channels..)).assign(&variance);
        first.slice_axis_mut(Axis(1), Slice::from(..channels)).assign(&rows(&means, 0, pictures));
        Ok(())
    }

    fn combine_means(&mut self, at: &At<'_>, predictions: &mut ArrayD<f32>) -> Result<()> {
        let (guidance, pictures) = (Arc::clone(&self.guidance), at.latents.shape()[0]);
        let scale = self.scale(at.call);
        let guided = if guidance.rules.changes_the_sum() && self.is_guided(at.call) {
            if predictions.shape()[1..] != at.latents.shape()[1..] {
                return Err(Error::invalid(format!(
                    "the denoiser's output has shape {:?}, which does not fit the latents' {:?}",
                    predictions.shape(),
                    at.latents.shape()
                )));
            }
            self.by_rules(at, predictions, scale)?
        } else {
            let image_scale = if self.is_active(at.call) { guidance.image_scale } else { 1.0 };
            guidance.sum(predictions, pictures, scale, image_scale)
        };
        if let Some(guided) = guided {
            predictions.slice_axis_mut(Axis(0), Slice::from(..pictures)).assign(&guided);
        }
        Ok(())
    }

    /// What is left to do once the scheduler has taken the step of `call`: with CFG++, the noise in `latents` becomes
    /// the negative prediction's (Chung et al. 2024, arXiv:2406.08070).
    pub(crate) fn after_step(&self, scheduler: &dyn Scheduler, call: usize, latents: &mut ArrayD<f32>) {
        if let (Some(difference), Some(factor)) = (&self.renoise, scheduler.renoising(call)) {
            Zip::from(latents).and(difference).for_each(|x, &d| *x = (f64::from(*x) + factor * f64::from(d)) as f32);
        }
    }

    fn by_rules(&mut self, at: &At<'_>, predictions: &ArrayD<f32>, scale: f32) -> Result<Option<ArrayD<f32>>> {
        let (guidance, pictures) = (Arc::clone(&self.guidance), at.latents.shape()[0]);
        let rules = &guidance.rules;
        let Some(negative) = guidance.place(Role::Negative) else { return Ok(None) };
        let one;
        // What guidance at scale 1 gives; the prediction itself where one branch is that.
        let positive = match guidance.alone() {
            Some(branch) => rows(predictions, branch, pictures),
            None => match guidance.sum(predictions, pictures, 1.0, 1.0) {
                Some(sum) => {
                    one = sum;
                    one.view()
                }
                None => return Ok(None),
            },
        };
        let changes_difference = rules.projection.is_some() || rules.zero_star.is_some();
        let mut mimicked = None;
        let mut guided = if changes_difference {
            let mut base = rows(predictions, negative, pictures).to_owned();
            if rules.zero_star.is_some() {
                closest(&mut base, &positive);
            }
            let mut difference = &positive - &base;
            if let Some(projection) = &rules.projection {
                projection.apply(&mut difference, &mut self.average, &positive);
            }
            let scaled = |scale: f32| {
                let mut sum = base.clone();
                Zip::from(&mut sum).and(&difference).for_each(|s, &d| *s += scale * d);
                sum
            };
            if let Some(lower) = self.mimicked_scale() {
                mimicked = Some(scaled(lower));
            }
            scaled(scale)
        } else {
            if let Some(lower) = self.mimicked_scale() {
                mimicked = guidance.sum(predictions, pictures, lower, guidance.image_scale);
            }
            match guidance.sum(predictions, pictures, scale, guidance.image_scale) {
                Some(sum) => sum,
                None => return Ok(None),
            }
        };
        if rules.rescale > 0.0 {
            rescale(&mut guided, &positive, rules.rescale);
        }
        if let Some((thresholding, rule)) = &rules.thresholding {
            let [own, told] = rule.factors(at.scheduler, at.call)?;
            let clean = |prediction: &ArrayD<f32>| {
                let mut clean = prediction.clone();
                Zip::from(&mut clean)
                    .and(at.latents)
                    .for_each(|c, &x| *c = (own * f64::from(x) + told * f64::from(*c)) as f32);
                clean
            };
            let before = clean(&guided);
            let mut after = before.clone();
            thresholding.apply(&mut after, mimicked.as_ref().map(clean).as_ref());
            // Only the change goes back, so that what is not cut stays as it is to the last bit.
            Zip::from(&mut guided).and(&before).and(&after).for_each(|g, &b, &a| {
                if a != b {
                    *g = (f64::from(*g) + (f64::from(a) - f64::from(b)) / told) as f32;
                }
            });
        }
        if rules.plus_plus.is_some() {
            self.renoise = Some(&rows(predictions, negative, pictures) - &guided);
        }
        Ok(Some(guided))
    }

    fn mimicked_scale(&self) -> Option<f32> {
        match self.guidance.rules.thresholding.as_ref()?.0.limit {
            ThresholdLimit::MimicScale(scale) => Some(scale),
            ThresholdLimit::Fixed(_) => None,
        }
    }

    fn is_active(&self, call: usize) -> bool {
        self.guidance.rules.active.as_ref().is_none_or(|active| active.contains(&call))
    }

    /// Whether the result of `call` is more than what scale 1 gives.
    fn is_guided(&self, call: usize) -> bool {
        let rules = &self.guidance.rules;
        self.is_active(call) && (rules.scales.is_empty() || rules.plus_plus.is_some() || self.scale(call) != 1.0)
    }

    fn scale(&self, call: usize) -> f32 {
        let rules = &self.guidance.rules;
        if !self.is_active(call) {
            return 1.0;
        }
        rules.plus_plus.or_else(|| rules.scales.get(call).copied()).unwrap_or(self.guidance.scale)
    }
}

//! What guidance does beside the plain sum, with every setting resolved to the calls of one schedule.

use std::ops::Range;

use super::{Projection, Thresholding};
use crate::scheduler::CleanSample;

/// Calls are counted over the whole schedule. The default is the plain sum at every call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rules {
    /// φ of [`super::rescale::rescale`]; 0 is off.
    pub rescale: f32,
    /// The calls that are guided; `None`: all.
    pub active: Option<Range<usize>>,
    /// The scale of each call; empty: the same at all.
    pub scales: Vec<f32>,
    /// CFG++: the λ that takes the scale's place.
    pub plus_plus: Option<f32>,
    /// Adaptive projected guidance.
    pub projection: Option<Projection>,
    /// Dynamic thresholding, and how x0 is had.
    pub thresholding: Option<(Thresholding, CleanSample)>,
    /// CFG-Zero*, and how many calls at the start predict nothing.
    pub zero_star: Option<usize>,
}

impl Rules {
    /// Whether the guided prediction is more than a sum of predictions with some scale.
    pub(super) fn changes_the_sum(&self) -> bool {
        self.rescale > 0.0
            || self.plus_plus.is_some()
            || self.projection.is_some()
            || self.thresholding.is_some()
            || self.zero_star.is_some()
    }
}

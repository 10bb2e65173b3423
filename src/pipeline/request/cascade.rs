//! What only models of several stages are told: labels, embeddings, attributes to move, and settings of single stages.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ndarray::ArrayD;

use super::{MAX_COUNT, MAX_GUIDANCE, MAX_STEPS};
use crate::error::{Error, Result};
use crate::scheduler::SchedulerKind;

/// The most that an attribute may be moved by.
pub const MAX_EDIT: f32 = 100.0;

/// A label, by its place or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClassLabel {
    /// Counted from 0.
    Number(u32),
    /// As the model's manifest names it.
    Name(String),
}

impl fmt::Display for ClassLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

/// The settings of one stage; `None` is the model's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StageSettings {
    /// Denoising steps, 1 to [`MAX_STEPS`].
    pub steps: Option<u32>,
    /// Classifier-free guidance scale; at 1 it is off, and below it too unless the manifest says otherwise
    /// (`guided_below_one`).
    pub guidance: Option<f32>,
    /// Which scheduler.
    pub scheduler: Option<SchedulerKind>,
    /// How strongly a gradient leads the sample; 0 is not at all.
    pub guide_scale: Option<f32>,
    /// How many samples are drawn for each picture, of which the best is kept, 1 to [`MAX_COUNT`].
    pub candidates: Option<u32>,
}

/// What a request says to a model of several stages; others refuse what is set here.
#[derive(Debug, Clone, Default)]
pub struct CascadeRequest {
    /// Settings by the stage's name.
    pub stages: BTreeMap<String, StageSettings>,
    /// The label of all pictures, or one for each, for models that know classes.
    pub classes: Vec<ClassLabel>,
    /// Embeddings by the value's name, in place of what the model would compute: `[width]` for all pictures, or
    /// `[pictures, width]`; values that are no vectors likewise, with their own axes.
    pub embeddings: BTreeMap<String, Arc<ArrayD<f32>>>,
    /// The stage whose sample is the picture, where that is not to be the last one; only stages that draw pixels can be.
    pub until: Option<String>,
    /// How far attributes of a semantic code are moved, by their names; −[`MAX_EDIT`] to [`MAX_EDIT`].
    pub edits: BTreeMap<String, f32>,
}

impl CascadeRequest {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
            && self.classes.is_empty()
            && self.embeddings.is_empty()
            && self.edits.is_empty()
            && self.until.is_none()
    }

    pub(super) fn validate(&self) -> Result<()> {
        for (name, stage) in &self.stages {
            stage.validate(name)?;
        }
        for (name, values) in &self.embeddings {
            if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
                return Err(Error::invalid(format!(
                    "the embedding \"{name}\" is empty, or holds NaN or an infinite number; allowed are finite numbers"
                )));
            }
        }
        for (name, amount) in &self.edits {
            if !(-MAX_EDIT..=MAX_EDIT).contains(amount) {
                return Err(Error::invalid(format!(
                    "the attribute \"{name}\" is to be moved by {amount}; allowed are -{MAX_EDIT} to {MAX_EDIT}"
                )));
            }
        }
        Ok(())
    }
}

impl StageSettings {
    fn validate(&self, name: &str) -> Result<()> {
        let wrong = |what: &str, value: String, allowed: String| {
            Err(Error::invalid(format!("{what} of the stage \"{name}\" is {value}; allowed are {allowed}")))
        };
        match self.steps {
            Some(steps) if !(1..=MAX_STEPS).contains(&steps) => {
                return wrong("steps", steps.to_string(), format!("1 to {MAX_STEPS}"));
            }
            _ => {}
        }
        for (what, value) in [("guidance", self.guidance), ("the gradient's scale", self.guide_scale)] {
            match value {
                Some(value) if !(-MAX_GUIDANCE..=MAX_GUIDANCE).contains(&value) => {
                    return wrong(what, value.to_string(), format!("-{MAX_GUIDANCE} to {MAX_GUIDANCE}"));
                }
                _ => {}
            }
        }
        match self.candidates {
            Some(count) if !(1..=MAX_COUNT).contains(&count) => {
                wrong("the number of candidates", count.to_string(), format!("1 to {MAX_COUNT}"))
            }
            _ => Ok(()),
        }
    }
}

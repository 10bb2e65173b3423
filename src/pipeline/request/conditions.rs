//! What a picture keeps to beside its prompt: other pictures, by what they are to the model, and named boxes.

use std::sync::Arc;

use super::check;
use crate::error::{Error, Result};
use crate::image::Image;

/// The most condition pictures of one request.
pub const MAX_CONDITIONS: usize = 16;
/// The largest scale of a condition, by amount.
pub const MAX_CONDITION_SCALE: f32 = 100.0;
/// The most boxes of one request.
pub const MAX_BOXES: usize = 64;
/// The longest name of a role, in bytes.
const MAX_ROLE_BYTES: usize = 64;

/// A picture that the model is told beside the prompt.
#[derive(Debug, Clone)]
pub struct ConditionPicture {
    /// What it is to the model: one of [`crate::PipelineInfo::conditions`], as `controlnet`, `controlnet:1` (the second
    /// ControlNet), `adapter`, `depth` or `image_prompt`.
    pub role: String,
    /// The picture, of any size.
    pub picture: Arc<Image>,
    /// How much it counts, -[`MAX_CONDITION_SCALE`] to [`MAX_CONDITION_SCALE`]; 1 as it was trained, 0 not at all.
    pub scale: f32,
    /// Where in the run it begins to count, 0 to 1. A step counts that lies between start and end as a whole, as in
    /// diffusers.
    pub start: f32,
    /// Where in the run it ceases to, above `start` up to 1.
    pub end: f32,
}

impl ConditionPicture {
    /// `picture` in this role, for the whole run.
    #[must_use]
    pub fn new(role: impl Into<String>, picture: Arc<Image>) -> Self {
        Self { role: role.into(), picture, scale: 1.0, start: 0.0, end: 1.0 }
    }

    /// Whether it counts as much as it was trained to, in the whole run.
    pub(in crate::pipeline) fn counts_wholly(&self) -> bool {
        self.scale == 1.0 && self.start == 0.0 && self.end == 1.0
    }

    /// Whether it is for `role`: the first of a kind may also be written with its number, `controlnet:0`.
    pub(in crate::pipeline) fn is(&self, role: &str) -> bool {
        self.role == role || self.role.strip_suffix(":0") == Some(role)
    }

    pub(super) fn validate(&self) -> Result<()> {
        if self.role.is_empty() || self.role.len() > MAX_ROLE_BYTES {
            return Err(Error::invalid(format!(
                "the role of a condition picture has {} bytes; allowed are 1 to {MAX_ROLE_BYTES}",
                self.role.len()
            )));
        }
        let role = &self.role;
        check(&format!("scale of the condition \"{role}\""), self.scale, -MAX_CONDITION_SCALE..=MAX_CONDITION_SCALE)?;
        check(&format!("start of the condition \"{role}\""), self.start, 0.0..=1.0)?;
        check(&format!("end of the condition \"{role}\""), self.end, 0.0..=1.0)?;
        if self.start >= self.end {
            return Err(Error::invalid(format!(
                "the condition \"{role}\" starts at {} and ends at {}; it must end later than it starts",
                self.start, self.end
            )));
        }
        Ok(())
    }
}

/// A thing that belongs into a part of the picture (GLIGEN).
#[derive(Debug, Clone, PartialEq)]
pub struct GroundedBox {
    /// What it is.
    pub phrase: String,
    /// Left, top, right and bottom, as parts of the picture, 0 to 1.
    pub corners: [f32; 4],
}

impl GroundedBox {
    pub(super) fn validate(&self) -> Result<()> {
        let [left, top, right, bottom] = self.corners;
        for side in self.corners {
            check(&format!("a side of the box \"{}\"", self.phrase), side, 0.0..=1.0)?;
        }
        if left >= right || top >= bottom {
            return Err(Error::invalid(format!(
                "the box \"{}\" goes from {left} to {right} and from {top} to {bottom}; its right and bottom sides must be \
                 the larger ones",
                self.phrase
            )));
        }
        if self.phrase.is_empty() || self.phrase.len() > super::MAX_PROMPT_BYTES {
            return Err(Error::invalid(format!(
                "the phrase of a box has {} bytes; allowed are 1 to {}",
                self.phrase.len(),
                super::MAX_PROMPT_BYTES
            )));
        }
        Ok(())
    }
}

pub(super) fn validate(conditions: &[ConditionPicture], boxes: &[GroundedBox], boxes_until: Option<f32>) -> Result<()> {
    if conditions.len() > MAX_CONDITIONS || boxes.len() > MAX_BOXES {
        return Err(Error::invalid(format!(
            "the request has {} condition pictures and {} boxes; allowed are at most {MAX_CONDITIONS} and {MAX_BOXES}",
            conditions.len(),
            boxes.len()
        )));
    }
    conditions.iter().try_for_each(ConditionPicture::validate)?;
    boxes.iter().try_for_each(GroundedBox::validate)?;
    boxes_until.map_or(Ok(()), |until| check("boxes until", until, 0.0..=1.0))
}

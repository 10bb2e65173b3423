//! What to generate: plain data, checked in one place before any work starts.

use crate::error::{Error, Result};
use crate::image::PixelFormat;
use crate::rng::RngKind;
use crate::scheduler::{SchedulerKind, SigmaSchedule};

/// The most bytes a prompt may have; far more than any text encoder reads.
pub const MAX_PROMPT_BYTES: usize = 1 << 20;
/// The longest side of a picture, in pixels.
pub const MAX_SIDE: u32 = 8192;
/// The most denoising steps.
pub const MAX_STEPS: u32 = 1000;
/// The most pictures of one request.
pub const MAX_COUNT: u32 = 64;
/// The most pixels of all pictures of one request together: four pictures of the largest size.
pub const MAX_PIXELS: u64 = 1 << 28;
/// The largest guidance scale by amount.
pub const MAX_GUIDANCE: f32 = 1000.0;

/// What to generate. `None` always means: the model's own default.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What the picture should show. May be empty.
    pub prompt: String,
    /// What it should not show. `None` means the empty text, as in diffusers.
    pub negative_prompt: Option<String>,
    /// Width in pixels, a multiple of the model's [`crate::PipelineInfo::size_multiple`].
    pub width: Option<u32>,
    /// Height in pixels, likewise.
    pub height: Option<u32>,
    /// Denoising steps, 1 to [`MAX_STEPS`].
    pub steps: Option<u32>,
    /// Classifier-free guidance scale; at 1 or below guidance is off and each step costs half.
    pub guidance: Option<f32>,
    /// Which scheduler; `None` takes the model's `scheduler_config.json`.
    pub scheduler: Option<SchedulerKind>,
    /// Which sigma schedule; `None` takes the model's.
    pub sigmas: Option<SigmaSchedule>,
    /// The share of fresh noise in a step, 0 to 1. Only `ddim` and `tcd` (its γ) read it.
    pub eta: f32,
    /// Seed of the noise; `None` picks one at random, which the result reports.
    pub seed: Option<u64>,
    /// Whose random generator to repeat.
    pub rng: RngKind,
    /// How many pictures, drawn from one generator as diffusers' `num_images_per_prompt` does; 0 means 1.
    pub count: u32,
    /// The pixel format of the pictures.
    pub format: PixelFormat,
}

impl Request {
    /// A request for one picture of `prompt`, everything else at the model's defaults.
    #[must_use]
    pub fn new(prompt: impl Into<String>) -> Self {
        Self { prompt: prompt.into(), ..Self::default() }
    }

    /// Checks everything that can be checked without a model.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] names the first field at fault, its value, and what is allowed.
    pub fn validate(&self) -> Result<()> {
        let prompts = [("prompt", Some(&self.prompt)), ("negative prompt", self.negative_prompt.as_ref())];
        for (what, text) in prompts {
            let bytes = text.map_or(0, String::len);
            if bytes > MAX_PROMPT_BYTES {
                return Err(Error::invalid(format!(
                    "the {what} has {bytes} bytes; allowed are at most {MAX_PROMPT_BYTES}"
                )));
            }
        }
        for (what, side) in [("width", self.width), ("height", self.height)] {
            if let Some(side) = side
                && (side == 0 || side > MAX_SIDE)
            {
                return Err(Error::invalid(format!("{what} is {side}; allowed are 1 to {MAX_SIDE} pixels")));
            }
        }
        if let Some(steps) = self.steps
            && (steps == 0 || steps > MAX_STEPS)
        {
            return Err(Error::invalid(format!("steps is {steps}; allowed are 1 to {MAX_STEPS}")));
        }
        if let Some(guidance) = self.guidance
            && !(guidance.is_finite() && guidance.abs() <= MAX_GUIDANCE)
        {
            return Err(Error::invalid(format!(
                "guidance is {guidance}; allowed are numbers from -{MAX_GUIDANCE} to {MAX_GUIDANCE}"
            )));
        }
        if !(0.0..=1.0).contains(&self.eta) {
            return Err(Error::invalid(format!("eta is {}; allowed are numbers from 0 to 1", self.eta)));
        }
        if self.count > MAX_COUNT {
            return Err(Error::invalid(format!("count is {}; allowed are 1 to {MAX_COUNT} pictures", self.count)));
        }
        Ok(())
    }
}

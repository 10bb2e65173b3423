//! What to generate: plain data, checked in one place before any work starts.

mod cascade;
mod conditions;
mod described;
mod guidance;
mod hires;
mod previews;
mod reuse;
mod safety;
mod seamless;
mod seeds;
mod size_conditioning;
mod start;
mod tiling;

use std::ops::RangeInclusive;
use std::sync::Arc;

pub use cascade::{CascadeRequest, ClassLabel, MAX_EDIT, StageSettings};
pub use conditions::{ConditionPicture, GroundedBox, MAX_BOXES, MAX_CONDITION_SCALE, MAX_CONDITIONS};
pub use guidance::{GuidanceRules, Projection, Scales, ThresholdLimit, Thresholding, ZeroStar};
pub use hires::{Hires, MAX_HIRES_SCALE, Upscale};
pub use previews::{PreviewMode, Previews};
pub use reuse::{MAX_REUSE_THRESHOLD, Reuse};
pub use safety::Safety;
pub use seamless::Seamless;
pub use seeds::{Seeds, Variation};
pub use size_conditioning::SizeConditioning;
pub use start::{MAX_MASK_BLUR, MAX_MASK_PADDING, Start};
pub use tiling::Tiling;

use crate::error::{Error, Result};
use crate::image::PixelFormat;
use crate::pipeline::Conditioning;
use crate::rng::RngKind;
use crate::scheduler::{CustomSchedule, SchedulerKind, SigmaSchedule};

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

/// The most layers of CLIP that may be skipped.
pub const MAX_CLIP_SKIP: u32 = 11;
/// The most tokens of a T5 encoder.
pub const MAX_TOKENS: u32 = 512;
/// The highest noise level that any model takes.
pub const MAX_NOISE_LEVEL: u32 = 999;

/// What characters in a prompt mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PromptSyntax {
    /// Nothing: every character is text, and what is too long for the text encoder is cut off, as in diffusers.
    #[default]
    Plain,
    /// That of AUTOMATIC1111's webui: `(weights:1.2)`, `[from:to:0.5]`, `BREAK`, `AND`, and prompts of any length
    /// ([`crate::text::prompt`] says what each means).
    ///
    /// - Steps are those of the run, from its first on, also where a picture is the start or another model went before:
    ///   `[a:b:0.5]` changes in the middle of what is drawn.
    /// - All prompts of a request, the negative ones too, are filled up with empty chunks to the length of the longest.
    ///   Each CLIP encoder takes chunks and weights; the pooled vector is that of the first chunk. T5 reads the words
    ///   alone.
    /// - `AND` belongs into the first prompt; the others have everything else. It needs guidance.
    Webui,
}

impl PromptSyntax {
    /// Every syntax, in the order in which messages list them.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Webui];

    /// The syntax's name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Webui => "webui",
        }
    }

    /// The syntax of this exact name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|syntax| syntax.name() == name).ok_or_else(|| {
            let allowed = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("unknown prompt syntax \"{name}\"; allowed are: {allowed}"))
        })
    }
}

/// What to generate. `None` always means: the model's own default.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What the picture should show. May be empty.
    pub prompt: String,
    /// What it should not show. `None` means the empty text, as in diffusers.
    pub negative_prompt: Option<String>,
    /// What the second text encoder reads (Stable Diffusion XL, 3, Flux); `None`: the prompt.
    pub prompt_2: Option<String>,
    /// What the third one reads (Stable Diffusion 3); `None`: the prompt.
    pub prompt_3: Option<String>,
    /// The second encoder's negative prompt; `None`: the negative prompt.
    pub negative_prompt_2: Option<String>,
    /// The third one's.
    pub negative_prompt_3: Option<String>,
    /// Whether prompts have a syntax. The default takes every character as it is, as diffusers does.
    pub syntax: PromptSyntax,
    /// How many of CLIP's last layers are left out, 0 to [`MAX_CLIP_SKIP`], as diffusers counts them.
    pub clip_skip: u32,
    /// How many tokens T5 reads, 1 to 512; `None`: what the family's pipeline has.
    pub max_tokens: Option<u32>,
    /// Prompts that [`crate::Pipeline::encode_prompt`] read, in the place of the fields above, which must then be at their
    /// defaults.
    pub conditioning: Option<Arc<Conditioning>>,
    /// The picture that is the start, if there is one.
    pub start: Start,
    /// The pictures that it keeps to beside; [`crate::PipelineInfo::conditions`] says what a model takes.
    pub conditions: Vec<ConditionPicture>,
    /// Whether ControlNets count less in the upper levels and not at all for the negative prompt (diffusers'
    /// `guess_mode`), for pictures without a prompt.
    pub guess_mode: bool,
    /// What belongs where in the picture, for models that take boxes (GLIGEN).
    pub boxes: Vec<GroundedBox>,
    /// The part of the run, 0 to 1, in which boxes count; `None`: diffusers' 0.3.
    pub boxes_until: Option<f32>,
    /// Width in pixels, a multiple of the model's [`crate::PipelineInfo::size_multiple`].
    pub width: Option<u32>,
    /// Height in pixels, likewise.
    pub height: Option<u32>,
    /// Denoising steps, 1 to [`MAX_STEPS`].
    pub steps: Option<u32>,
    /// Classifier-free guidance scale; at 1 or below guidance is off and each step costs half.
    pub guidance: Option<f32>,
    /// What guidance does beside its plain sum; by default nothing.
    pub guidance_rules: GuidanceRules,
    /// How much of the denoiser's work may be replaced by what it said before; by default nothing.
    pub reuse: Reuse,
    /// How strongly an edit keeps to the picture (InstructPix2Pix), 1 or more; `None`: 1.5.
    pub image_guidance: Option<f32>,
    /// Classifier-free guidance of a model that has a distilled one of its own (Flux): above 1, the negative prompt
    /// is used and each step costs double. `None`: off.
    pub true_guidance: Option<f32>,
    /// How much noise a picture or an embedding gets before the model sees it, 0 to [`MAX_NOISE_LEVEL`]: the small picture
    /// of the x4 upscaler (at most 350; `None`: 20) and of `DeepFloyd` IF, the image embedding of Stable unCLIP.
    pub noise_level: Option<u32>,
    /// The part of the timesteps, 0 to 1, that is left to another model: this one stops there with noisy latents.
    pub denoising_end: Option<f32>,
    /// Where another model stopped, 0 to 1; this one goes on with its latents.
    pub denoising_start: Option<f32>,
    /// What Stable Diffusion XL is told about sizes.
    pub size_conditioning: SizeConditioning,
    /// Which scheduler; `None` takes the model's `scheduler_config.json`.
    pub scheduler: Option<SchedulerKind>,
    /// Which sigma schedule; `None` takes the model's.
    pub sigmas: Option<SigmaSchedule>,
    /// The noise levels or timesteps themselves, listed, for schedulers that can be given them. The steps are then as
    /// many as [`CustomSchedule::steps`] says, and `sigmas` must not name others.
    pub custom_schedule: Option<CustomSchedule>,
    /// The share of fresh noise in a step, 0 to 1. Only `ddim` and `tcd` (its γ) read it.
    pub eta: f32,
    /// Seed of the noise; `None` picks one at random, which the result reports.
    pub seed: Option<u64>,
    /// Whose random generator to repeat.
    pub rng: RngKind,
    /// Whether the pictures tile, along which sides. The first request that asks for a way opens the denoiser and the
    /// decoder once more, with convolutions that wrap around; large pictures are then decoded whole in every memory mode,
    /// and [`Tiling::On`] is refused.
    pub seamless: Seamless,
    /// Whether the autoencoder works on large pictures in overlapping tiles; by default where the memory mode is low.
    pub tiling: Tiling,
    /// Whether the pictures share one generator or each has its own.
    pub seeds: Seeds,
    /// A little of another seed's noise.
    pub variation: Option<Variation>,
    /// How many pictures; 0 means 1.
    pub count: u32,
    /// A second pass at a larger size; by default there is none.
    pub hires: Option<Hires>,
    /// Whether the model's safety checker looks at the pictures; by default nobody does.
    pub safety: Safety,
    /// The pixel format of the pictures.
    pub format: PixelFormat,
    /// What only models of several stages are told.
    pub cascade: CascadeRequest,
    /// What the observer is shown while the picture is drawn; `None`: nothing.
    pub previews: Option<Previews>,
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
        self.validate_fields()?;
        if let (Some(start), Some(end)) = (self.denoising_start, self.denoising_end)
            && start >= end
        {
            return Err(Error::invalid(format!(
                "denoising starts at {start} and ends at {end}; it must end later than it starts"
            )));
        }
        if self.tiling == Tiling::On && self.seamless != Seamless::Off {
            return Err(Error::invalid(
                "tiling is on beside a seamless picture, which is decoded whole: each tile would wrap around by itself; \
                 leave one of them out",
            ));
        }
        Conditioning::validate_beside(self)?;
        self.start.validate_together(self.conditions.iter().any(|condition| condition.role == "image"))
    }

    /// Checks each field by itself; what two fields say together may still be refused.
    ///
    /// # Errors
    /// As [`Request::validate`].
    pub fn validate_fields(&self) -> Result<()> {
        let prompts = [
            ("prompt", Some(&self.prompt)),
            ("second prompt", self.prompt_2.as_ref()),
            ("third prompt", self.prompt_3.as_ref()),
            ("negative prompt", self.negative_prompt.as_ref()),
            ("second negative prompt", self.negative_prompt_2.as_ref()),
            ("third negative prompt", self.negative_prompt_3.as_ref()),
        ];
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
        if let Some(custom) = &self.custom_schedule {
            custom.validate()?;
            let (CustomSchedule::Sigmas(listed) | CustomSchedule::Timesteps(listed)) = custom;
            // One more than steps: where the last one ends.
            if listed.len() > MAX_STEPS as usize + 1 {
                return Err(Error::invalid(format!(
                    "the list of noise levels has {} entries; allowed are at most {MAX_STEPS} steps",
                    listed.len()
                )));
            }
        }
        self.guidance_rules.validate()?;
        self.reuse.validate()?;
        check("eta", self.eta, 0.0..=1.0)?;
        if self.clip_skip > MAX_CLIP_SKIP {
            return Err(Error::invalid(format!(
                "clip skip is {}; allowed are 0 to {MAX_CLIP_SKIP} layers",
                self.clip_skip
            )));
        }
        if let Some(tokens) = self.max_tokens
            && !(1..=MAX_TOKENS).contains(&tokens)
        {
            return Err(Error::invalid(format!("max tokens is {tokens}; allowed are 1 to {MAX_TOKENS}")));
        }
        if let Some(level) = self.noise_level
            && level > MAX_NOISE_LEVEL
        {
            return Err(Error::invalid(format!("noise level is {level}; allowed are 0 to {MAX_NOISE_LEVEL}")));
        }
        for (what, value, allowed) in [
            ("image guidance", self.image_guidance, 0.0..=MAX_GUIDANCE),
            ("true guidance", self.true_guidance, 0.0..=MAX_GUIDANCE),
            ("denoising start", self.denoising_start, 0.0..=1.0),
            ("denoising end", self.denoising_end, 0.0..=1.0),
        ] {
            value.map_or(Ok(()), |value| check(what, value, allowed))?;
        }
        self.start.validate_fields()?;
        conditions::validate(&self.conditions, &self.boxes, self.boxes_until)?;
        self.size_conditioning.validate()?;
        self.cascade.validate()?;
        self.hires.as_ref().map_or(Ok(()), Hires::validate)?;
        self.previews.as_ref().map_or(Ok(()), Previews::validate)?;
        self.variation.as_ref().map_or(Ok(()), Variation::validate)?;
        if self.count > MAX_COUNT {
            return Err(Error::invalid(format!("count is {}; allowed are 1 to {MAX_COUNT} pictures", self.count)));
        }
        Ok(())
    }
}

/// Refuses a number outside `allowed`; NaN is outside everything.
fn check(what: &str, value: f32, allowed: RangeInclusive<f32>) -> Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let (low, high) = allowed.into_inner();
    Err(Error::invalid(format!("{what} is {value}; allowed are numbers from {low} to {high}")))
}

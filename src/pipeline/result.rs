//! What a generation gives back: pictures, the settings that made them, and where the time went.

use std::time::Duration;

use ndarray::ArrayD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Seeds;
use crate::image::Image;

/// The settings a picture was made with, every default filled in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// The prompt as given.
    pub prompt: String,
    /// The negative prompt as given; `None` when there was none.
    pub negative_prompt: Option<String>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Denoising steps.
    pub steps: u32,
    /// Guidance scale.
    pub guidance: f32,
    /// The scheduler's name.
    pub scheduler: String,
    /// The sigma schedule's name.
    pub sigmas: String,
    /// DDIM's η.
    pub eta: f32,
    /// The seed that was used, also where none was given.
    pub seed: u64,
    /// The random generator's name.
    pub rng: String,
    /// How many pictures the request asked for.
    pub count: u32,
    /// How much of the picture was redrawn, where one was the start.
    pub strength: Option<f32>,
    /// How many of CLIP's last layers were left out.
    pub clip_skip: u32,
    /// The second pass, where there was one; width, height and steps are then the first one's.
    pub hires: Option<HiresSettings>,
    /// The model folder's name.
    pub model: String,
    /// What else the request set, by its field's name, where it is not the default.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What the second pass of a hires fix was made with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HiresSettings {
    /// Width of the result in pixels.
    pub width: u32,
    /// Height of the result in pixels.
    pub height: u32,
    /// Steps that were drawn.
    pub steps: u32,
    /// How much was redrawn.
    pub strength: f32,
    /// The way of enlarging, by its name.
    pub upscale: String,
}

impl Settings {
    /// The seed that draws picture `index` again: with a generator a picture its own, else that of all of them. Beyond the
    /// largest number it goes on at 0.
    #[must_use]
    pub fn seed_of(&self, index: usize) -> u64 {
        let own = self.more.get("seed_mode").and_then(Value::as_str) == Some(Seeds::OnePerPicture.name());
        if own { self.seed.wrapping_add(index as u64) } else { self.seed }
    }

    /// The text that image tools read from picture `index`'s PNG, in the chunk `parameters` (the format of
    /// AUTOMATIC1111's webui).
    #[must_use]
    pub fn parameters(&self, index: usize) -> String {
        let mut text = self.prompt.clone();
        if let Some(negative) = self.negative_prompt.as_deref().filter(|n| !n.is_empty()) {
            text.push_str("\nNegative prompt: ");
            text.push_str(negative);
        }
        text.push_str(&format!(
            "\nSteps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model: {}, RNG: {}, \
             Version: libdiffusion {}",
            self.steps,
            self.scheduler,
            self.sigmas,
            self.guidance,
            self.seed_of(index),
            self.width,
            self.height,
            self.model,
            self.rng,
            env!("CARGO_PKG_VERSION"),
        ));
        if let Some(strength) = self.strength {
            text.push_str(&format!(", Denoising strength: {strength}"));
        }
        if let (Some(seed), Some(strength)) = (self.more.get("variation_seed"), self.more.get("variation_strength")) {
            text.push_str(&format!(", Variation seed: {seed}, Variation seed strength: {strength}"));
        }
        if let Some(hires) = &self.hires {
            text.push_str(&format!(
                ", Denoising strength: {}, Hires resize: {}x{}, Hires steps: {}, Hires upscaler: {}",
                hires.strength, hires.width, hires.height, hires.steps, hires.upscale
            ));
        }
        if self.clip_skip > 0 {
            // The webui counts the last layer too.
            text.push_str(&format!(", Clip skip: {}", self.clip_skip + 1));
        }
        text
    }

    /// The same as a JSON object, with the picture's place among those of the request.
    #[must_use]
    pub fn to_json(&self, index: usize) -> Value {
        let mut value = json!(self);
        if let Some(object) = value.as_object_mut() {
            object.insert("index".into(), json!(index));
            object.insert("seed".into(), json!(self.seed_of(index)));
            object.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
        }
        value
    }
}

/// Where the time of one generation went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timings {
    /// Tokenizing and text encoding.
    pub text: Duration,
    /// Pictures to latents, where one was the start.
    pub encode: Duration,
    /// Each denoiser evaluation with everything around it: scaling, guidance, the solver.
    pub denoise: Vec<Duration>,
    /// Decoding and pixel conversion, and the safety checker where it was asked.
    pub decode: Duration,
    /// The whole call.
    pub total: Duration,
    /// The part of `denoise` that was spent inside graph runs; the rest is this library's own overhead.
    pub denoise_in_graphs: Duration,
    /// How many denoiser evaluations were left out ([`crate::pipeline::Reuse`]).
    pub skipped_calls: u32,
    /// How many ran without the negative prompt.
    pub skipped_negatives: u32,
}

/// The pictures of one request, and what there is to say about them.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The pictures, in the order of the batch.
    pub images: Vec<Image>,
    /// The latents that they were decoded from, `[pictures, channels, height, width]`, as the denoiser knows them:
    /// what another model goes on with.
    pub latents: ArrayD<f32>,
    /// Whether the safety checker flagged each picture; `None` where it was not asked ([`crate::Request::safety`]).
    pub flagged: Vec<Option<bool>>,
    /// The settings that made them.
    pub settings: Settings,
    /// Where the time went.
    pub timings: Timings,
    /// Sentences about what the caller may want to know, for example words that did not fit the text encoder.
    pub warnings: Vec<String>,
}

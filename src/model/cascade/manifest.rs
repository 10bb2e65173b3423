//! What a cascade's manifest says: which values there are, which graphs and operations make them, and which stages draw.
//!
//! `models/README.md` specifies it for people, `models/cascade.schema.json` for editors; a key that is not here is an
//! error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::dimension::Dimension;

/// A whole manifest. A **value** is a named tensor of one picture, without a batch axis; it is computed when something
/// needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `CascadePipeline`.
    #[serde(rename = "_class_name")]
    pub class_name: String,
    /// The version of this format: 1.
    #[serde(rename = "_version")]
    pub version: u32,
    /// What the model is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Which sizes may be asked for; without, the stages have one size each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Sizes>,
    /// Prompts as numbers: `NAME.ids`, `NAME.mask` and `NAME.length`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, Text>,
    /// Labels: a value of that name, one whole number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, Classes>,
    /// Pictures that a request gives, by role: a value of that name, `[channels, height, width]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pictures: BTreeMap<String, PictureRole>,
    /// Boxes with what is in them, as tokens: a value of that name, `[length]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub layouts: BTreeMap<String, Layout>,
    /// Tensors out of files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<String, Constant>,
    /// Graphs that run once for each picture: `NAME.OUTPUT` for each of their outputs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub graphs: BTreeMap<String, GraphNode>,
    /// What is computed from other values without a graph.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Operation>,
    /// The denoising loops; each gives a value of its name.
    pub stages: Vec<Stage>,
    /// Which value is the picture.
    pub picture: Output,
    /// The values that a caller may take out, and hand in in place of what would be computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeddings: Vec<String>,
    /// The stage that a request's own steps, guidance and scheduler mean; without, the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
}

/// The sizes that a request may ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Pixels, where a request says nothing.
    pub width: Dimension,
    /// Pixels, where a request says nothing.
    pub height: Dimension,
    /// Both sides are multiples of it.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub multiple: u32,
    /// Whether there is no other size.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fixed: bool,
}

/// A prompt as numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The folder of the tokenizer.
    pub tokenizer: String,
    /// How many numbers.
    pub length: usize,
    /// The number that fills up; without, the tokenizer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad_id: Option<u32>,
    /// Whether the text is stripped and lowered first (DeepFloyd IF).
    #[serde(default, skip_serializing_if = "is_default")]
    pub lowercase: bool,
    /// Whether a folder without it is sound: what needs it is left out then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
}

/// Labels that a request chooses one of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// How many, without the null one.
    pub count: Dimension,
    /// The label that means none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<Dimension>,
    /// Their names, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// How pictures are made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preparation {
    /// Resized (Lanczos) and brought into the range.
    #[default]
    Plain,
    /// As CLIP looks at pictures: `feature_extractor/preprocessor_config.json` says how.
    Clip,
    /// One channel, cut to 0 and 1 at one half: 1 where something new is drawn.
    Mask,
    /// A label a pixel: the values 0 to 255 of a grey picture, resized by nearest neighbour.
    Labels,
}

/// PIL's kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resample {
    /// As diffusers' image processor has it.
    #[default]
    Lanczos,
    /// As CLIP's and Kandinsky's have it.
    Bicubic,
}

/// A picture that a request gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PictureRole {
    /// The role whose picture this is too, made ready in another way; a request gives it once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Height and width; without, the picture's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[Dimension; 2]>,
    /// What the picture's own sides are rounded down to multiples of.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub multiple: u32,
    /// What black and white become.
    #[serde(default = "signed", skip_serializing_if = "is_signed")]
    pub range: [f32; 2],
    /// How it is made ready.
    #[serde(default, skip_serializing_if = "is_default")]
    pub prepare: Preparation,
    /// How it is resized, where it is [`Preparation::Plain`].
    #[serde(default, skip_serializing_if = "is_default")]
    pub resample: Resample,
    /// Where CLIP's numbers are; without, `feature_extractor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
}

/// How a request's boxes, whose phrases are names of classes, become tokens (latent-diffusion's layout to image): for each
/// box its class, its left upper and its right lower corner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The names of the classes, in order.
    pub classes: Vec<String>,
    /// How many boxes there are at most; places that are left are padded.
    pub objects: usize,
    /// How many tokens there are. The last is the padding; corners are numbered on a grid with the root of it a side.
    pub vocabulary: usize,
    /// Whether the part of the picture that was cut out, here all of it, follows the boxes as two more corners.
    #[serde(default, skip_serializing_if = "is_default")]
    pub crop: bool,
}

/// A tensor out of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// A `.safetensors` or `.npy` file below the folder.
    pub file: String,
    /// The tensor's name in a `.safetensors` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensor: Option<String>,
    /// Whether a folder without it is sound: what needs it is left out then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
}

/// A graph that runs once for each picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GraphNode {
    /// The folder of the graph; without, the node's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Which value each of its inputs is.
    pub inputs: BTreeMap<String, String>,
    /// Whether a folder without it is sound: what needs it is left out then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
}

/// A number, or a constant's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Factor {
    /// A number.
    Number(f32),
    /// A value of that name, which may have fewer axes than what it meets; or `config:FOLDER/KEY`, a number there.
    Value(String),
}

/// How planes get another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// The sample at `floor(i · scale)`.
    Nearest,
    /// Between two samples, corners not aligned.
    Bilinear,
    /// Between two samples, corners aligned.
    BilinearAligned,
    /// Keys' cubic, a = -0.75.
    Bicubic,
    /// Keys' cubic over all samples, a = -0.5.
    BicubicAntialias,
}

/// What is computed from other values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// The first of them that can be computed from what a request gives.
    FirstOf {
        /// Values, the preferred one first.
        of: Vec<String>,
    },
    /// `(x − subtract) / divide · multiply + add`.
    Affine {
        /// x.
        of: String,
        /// 0 where left out, and so on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subtract: Option<Factor>,
        /// 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        divide: Option<Factor>,
        /// 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        multiply: Option<Factor>,
        /// 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        add: Option<Factor>,
    },
    /// Planes in another size.
    Resize {
        /// `[channels, height, width]`.
        of: String,
        /// Height and width.
        size: [Dimension; 2],
        /// How.
        how: Resize,
    },
    /// What is left of a picture (-1 to 1) that was handed over in eight bits: `round((x + 1) · 127.5) / 127.5 − 1`.
    EightBit {
        /// The picture.
        of: String,
    },
    /// Not below, not above.
    Clamp {
        /// What is cut.
        of: String,
        /// The least.
        min: f32,
        /// The most.
        max: f32,
    },
    /// The nearest vector of a codebook at each place.
    Vq {
        /// `[channels, height, width]`.
        of: String,
        /// A value `[vectors, channels]`.
        codebook: String,
    },
    /// One after the other.
    Concat {
        /// Values whose shapes are the same but along `axis`.
        of: Vec<String>,
        /// Counted from 0, without the batch.
        #[serde(default)]
        axis: usize,
    },
    /// Made one long.
    L2Normalize {
        /// A vector.
        of: String,
    },
    /// The product, place by place; one with fewer axes or channels is repeated.
    Multiply {
        /// Values.
        of: Vec<String>,
    },
    /// Noise on an embedding, and the noise's level beside it (Stable unCLIP).
    NoiseAugment {
        /// A vector.
        of: String,
        /// The mean of such embeddings; a value.
        mean: String,
        /// Their deviation; a value.
        std: String,
        /// The noise's level where a request does not say.
        level: u32,
        /// The schedule of the noise, a folder with `scheduler_config.json` or the config itself.
        scheduler: SchedulerSource,
    },
    /// Noise on a picture (`DeepFloyd` IF's upsamplers).
    Noise {
        /// What gets it.
        of: String,
        /// The noise's level where a request does not say.
        level: u32,
        /// The schedule of the noise.
        scheduler: SchedulerSource,
    },
    /// The level of such noise, one number.
    NoiseLevel {
        /// Where a request does not say.
        usual: u32,
    },
    /// Numbers before the first ones.
    PadLeft {
        /// A vector, or rows.
        of: String,
        /// How many.
        count: Dimension,
        /// Which number.
        with: f32,
    },
    /// The same number everywhere.
    Fill {
        /// The shape.
        shape: Vec<Dimension>,
        /// Which number.
        with: f32,
    },
    /// One plane a label.
    OneHot {
        /// `[1, height, width]` of whole numbers.
        of: String,
        /// How many labels.
        count: Dimension,
    },
    /// A mask (1 where something new is drawn) whose hole is a little larger, as Kandinsky wants it.
    LargerHole {
        /// `[1, height, width]`.
        of: String,
    },
    /// Another shape of the same numbers.
    Reshape {
        /// Anything.
        of: String,
        /// Sizes; one of them may be -1.
        shape: Vec<i64>,
    },
    /// A semantic code moved along attributes' directions by what a request says (diffusion autoencoders).
    Edit {
        /// A vector.
        of: String,
        /// The mean of such codes; a value.
        mean: String,
        /// Their deviation; a value.
        std: String,
        /// The direction of each attribute; values.
        directions: BTreeMap<String, String>,
    },
}

/// A scheduler's config: in a folder, or here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SchedulerSource {
    /// A folder with `scheduler_config.json`.
    Folder(String),
    /// The config, with its `_class_name`.
    Inline(Map<String, Value>),
}

/// What the unconditional branch is told in place of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Null {
    /// This number everywhere.
    Number(f32),
    /// `zeros`; of a class `null`; of the prompt `negative` (the negative prompt, or else the empty text) or
    /// `empty` (the empty text); else a value's name.
    Word(String),
}

/// A gradient that leads the sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// The folder of the graph, which gets `sample` and `timestep` and gives `grad`.
    pub graph: String,
    /// Which value each of its other inputs is.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// How strongly, where a request does not say.
    pub scale: f32,
    /// What it moves.
    pub form: GuideForm,
}

/// What a gradient moves (Dhariwal & Nichol 2021, arXiv:2105.05233, algorithms 1 and 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GuideForm {
    /// The prediction, for every scheduler.
    Score,
    /// The mean of a DDPM step.
    Mean,
}

/// What a picture keeps while it is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// A value of the sample's shape.
    pub picture: String,
    /// A value, 1 where something new is drawn; one channel.
    pub mask: String,
    /// When it is put back.
    pub when: KeepWhen,
}

/// When what is kept is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeepWhen {
    /// Into each estimate of the clean picture (GLIDE).
    CleanEstimate,
    /// Before each call, with fresh noise of its level (latent diffusion).
    BeforeCall,
    /// After each step, with noise of the next level (Stable Diffusion, Kandinsky).
    AfterStep,
}

/// One denoising loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name, and that of the value it gives.
    pub name: String,
    /// The folder of the denoiser's graph.
    pub denoiser: String,
    /// The folder of the graph that predicts for the last step in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_denoiser: Option<String>,
    /// The shape of one sample: `[channels, height, width]`, or `[width]` of an embedding.
    pub sample: Vec<Dimension>,
    /// The channels of what the denoiser gives, where its graph does not say: those of the sample, or twice as many where
    /// it also predicts its variance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_channels: Option<Dimension>,
    /// Which value each of the denoiser's inputs is, beside the sample and the timestep.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// The values whose channels follow the sample's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concat: Vec<String>,
    /// Its scheduler.
    pub scheduler: SchedulerSource,
    /// Steps where a request does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// The timesteps themselves, descending, where the model was made for these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timesteps: Option<Vec<f64>>,
    /// Classifier-free guidance where a request does not say; 1 is off.
    #[serde(default = "off", skip_serializing_if = "is_off")]
    pub guidance: f32,
    /// What the unconditional branch is told otherwise: `prompt`, or a value's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub null: BTreeMap<String, Null>,
    /// Whether a guidance below 1 is guidance too, and only 1 is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub guided_below_one: bool,
    /// A gradient that leads the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<Guide>,
    /// Whether the same loop draws a second sample for each picture, which is told what the unconditional branch is told:
    /// the value `NAME.negative`, which can be computed where a request has a negative prompt (Kandinsky).
    #[serde(default, skip_serializing_if = "is_default")]
    pub negative_too: bool,
    /// Which way of inverting the loop takes instead, from a clean sample up to noise: `ddim_reverse`, `ddim_inverse` or
    /// `dpmpp_2m_inverse`. It needs `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invert: Option<String>,
    /// The value that is the first sample, in place of noise; where it cannot be computed there is noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value that is noised to the strength's level and is the first sample then; where it cannot be computed there
    /// is noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Whether the start is drawn over even where a request names no strength: what part of it, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f32>,
    /// What a mask keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// What the first noise is multiplied with.
    #[serde(default = "off", skip_serializing_if = "is_off")]
    pub temperature: f32,
    /// Fresh noise in DDIM's steps, 0 to 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub eta: f32,
    /// What the timestep is multiplied with before the denoiser sees it.
    #[serde(default = "unit", skip_serializing_if = "is_unit")]
    pub timestep_scale: f64,
    /// Whether the noise is drawn before the values that the denoiser is told are computed, some of which draw noise too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub noise_first: bool,
    /// How many samples are drawn for each picture, of which the best is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Candidates>,
    /// Whether a folder without it is sound: what needs it is left out then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
}

/// Several samples, of which the best is kept (DALL-E 2's prior, arXiv:2204.06125, section 2.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Candidates {
    /// How many, where a request does not say.
    pub count: u32,
    /// The value to which the best has the largest scalar product.
    pub towards: String,
}

/// Which value is the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// `[3, height, width]`.
    pub of: String,
    /// What black and white are.
    #[serde(default = "signed", skip_serializing_if = "is_signed")]
    pub range: [f32; 2],
}

fn one() -> u32 {
    1
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

fn off() -> f32 {
    1.0
}

fn is_off(number: &f32) -> bool {
    *number == 1.0
}

fn unit() -> f64 {
    1.0
}

fn is_unit(number: &f64) -> bool {
    *number == 1.0
}

fn signed() -> [f32; 2] {
    [-1.0, 1.0]
}

fn is_signed(range: &[f32; 2]) -> bool {
    *range == signed()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

//! What an opened model is and can do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::opening::Opened;
use crate::runtime::{AutoChoice, Graph, IoSpec};

/// What an opened model is, where each graph runs, and what a request gets that leaves a setting open.
#[derive(Debug, Clone, Serialize)]
pub struct PipelineInfo {
    /// The model folder.
    pub folder: PathBuf,
    /// The family, as `stable-diffusion-1`.
    pub family: String,
    /// How the folder is laid out: `optimum`, `legacy-diffusers` or `bare`.
    pub layout: String,
    /// The class that `model_index.json` names, if any.
    pub class_name: Option<String>,
    /// Width in pixels when a request names none.
    pub default_width: u32,
    /// Height in pixels when a request names none.
    pub default_height: u32,
    /// Steps when a request names none.
    pub default_steps: u32,
    /// Guidance scale when a request names none.
    pub default_guidance: f32,
    /// The scheduler when a request names none.
    pub default_scheduler: String,
    /// Width and height must be multiples of this, in pixels.
    pub size_multiple: u32,
    /// Width and height in pixels when the graphs were exported for one size only.
    pub fixed_size: Option<(u32, u32)>,
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Pixels per latent along each side.
    pub spatial_factor: usize,
    /// What latents are divided by before they are decoded.
    pub scaling_factor: f64,
    /// The roles that a request's condition pictures may have.
    pub conditions: Vec<ConditionInfo>,
    /// How many boxes with phrases a request may have; 0 for a model that takes none.
    pub max_boxes: usize,
    /// The names of the schedulers that a request may ask for.
    pub schedulers: Vec<String>,
    /// Every graph that was opened.
    pub graphs: Vec<GraphInfo>,
    /// What the provider `auto` became, where a graph was placed on it.
    pub auto: Option<AutoInfo>,
    /// What was recognised and why, in sentences.
    pub notes: Vec<String>,
    /// ONNX Runtime's version.
    pub runtime_version: String,
    /// ONNX Runtime's library.
    pub runtime_library: PathBuf,
    /// What a model of several stages has besides; `None` for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cascade: Option<CascadeInfo>,
}

/// What a model of several stages has.
#[derive(Debug, Clone, Serialize)]
pub struct CascadeInfo {
    /// What the model is, in its maker's words.
    pub title: Option<String>,
    /// Its stages, in the manifest's order.
    pub stages: Vec<StageInfo>,
    /// The roles of pictures that it takes.
    pub pictures: Vec<String>,
    /// How many classes it knows.
    pub classes: usize,
    /// Their names, where it has any.
    pub class_names: Vec<String>,
    /// The values that can be taken out and handed in.
    pub embeddings: Vec<String>,
    /// The attributes that can be moved.
    pub attributes: Vec<String>,
    /// The manifest.
    pub manifest: Value,
}

/// One stage, with what a request gets that leaves a setting open.
#[derive(Debug, Clone, Serialize)]
pub struct StageInfo {
    /// Its name.
    pub name: String,
    /// Its scheduler.
    pub scheduler: String,
    /// Denoising steps.
    pub steps: u32,
    /// Classifier-free guidance scale.
    pub guidance: f32,
}

impl PipelineInfo {
    /// The same as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!(self)
    }

    /// Adds what `auto` became, also for people.
    pub(crate) fn with_auto(mut self, choice: Option<AutoChoice>) -> Self {
        if let Some(choice) = choice {
            let note = format!("the provider \"auto\" became {}", choice.sentence());
            log::info!("{note}");
            self.notes.push(note);
            self.auto = Some(AutoInfo::of(&choice));
        }
        self
    }
}

/// A role that a model has for a picture beside the prompt.
#[derive(Debug, Clone, Serialize)]
pub struct ConditionInfo {
    /// Its name, as `controlnet:1`.
    pub role: String,
    /// What the picture is for, for people.
    pub description: String,
    /// Whether nothing is drawn without it.
    pub needed: bool,
    /// Whether a request may choose how much it counts, and for which part of the run.
    pub adjustable: bool,
}

/// What `auto` became, and why nothing that comes before it.
#[derive(Debug, Clone, Serialize)]
pub struct AutoInfo {
    /// The provider that is used.
    pub provider: String,
    /// The providers that do not work here, each with the reason.
    pub rejected: BTreeMap<String, String>,
}

/// One graph of a model.
#[derive(Debug, Clone, Serialize)]
pub struct GraphInfo {
    /// What it is for, as `unet`.
    pub role: String,
    /// Its file.
    pub path: PathBuf,
    /// The execution provider that runs it.
    pub provider: String,
    /// What that was asked to compute in, as `default` or `bfloat16`.
    pub precision: String,
    /// How many of its nodes run on which provider; `None` if this ONNX Runtime does not say.
    pub nodes: Option<BTreeMap<String, usize>>,
    /// The operators that fell back from its provider to the CPU, and how many nodes of each; shape arithmetic, which
    /// belongs there, is left out.
    pub fallen: BTreeMap<String, usize>,
    /// Its inputs.
    pub inputs: Vec<IoInfo>,
    /// Its outputs.
    pub outputs: Vec<IoInfo>,
    /// What was done to it before it was opened.
    pub preparation: PreparationInfo,
}

/// What was done to a graph before it was opened.
#[derive(Debug, Clone, Serialize)]
pub struct PreparationInfo {
    /// What was changed, in sentences.
    pub done: Vec<String>,
    /// What was looked at and left as it was, in sentences.
    pub left: Vec<String>,
    /// `found` in the cache, `stored` there just now, or `none` if there was no cache.
    pub cache: String,
}

/// One input or output of a graph.
#[derive(Debug, Clone, Serialize)]
pub struct IoInfo {
    /// Its name.
    pub name: String,
    /// Its element type, as `float32`.
    pub dtype: String,
    /// Its dimensions; a string is a symbol, `null` an unnamed dynamic one.
    pub shape: Vec<Value>,
}

impl GraphInfo {
    pub(crate) fn of(opened: &Opened) -> Self {
        let Opened { graph, preparation } = opened;
        Self {
            role: graph.name().to_owned(),
            path: graph.path().to_path_buf(),
            provider: graph.provider().name().to_owned(),
            precision: graph.options().precision.name().to_owned(),
            nodes: graph.assignment().map(|assignment| assignment.nodes.clone()),
            fallen: fallen(graph),
            inputs: graph.inputs().iter().map(IoInfo::of).collect(),
            outputs: graph.outputs().iter().map(IoInfo::of).collect(),
            preparation: PreparationInfo {
                done: preparation.done.clone(),
                left: preparation.left.clone(),
                cache: preparation.cache.name().to_owned(),
            },
        }
    }
}

impl GraphInfo {
    /// What was done to the graph, in one sentence; `None` if nothing was.
    pub(crate) fn note(&self) -> Option<String> {
        let PreparationInfo { done, left, cache } = &self.preparation;
        let said: Vec<_> = done.iter().chain(left).map(String::as_str).collect();
        let kept = match cache.as_str() {
            "found" => Some("found in the cache"),
            "stored" => Some("stored in the cache"),
            _ => None,
        };
        let fallen = (!self.fallen.is_empty()).then(|| {
            let list: Vec<String> =
                self.fallen.iter().map(|(operator, count)| format!("{operator} ({count})")).collect();
            format!("on the CPU and not on {}: {}", self.provider, list.join(", "))
        });
        let said: Vec<_> = said.into_iter().chain(kept).chain(fallen.as_deref()).collect();
        (!said.is_empty()).then(|| format!("{}: {}", self.role, said.join("; ")))
    }
}

fn fallen(graph: &Graph) -> BTreeMap<String, usize> {
    match graph.assignment().filter(|_| !graph.provider().is_cpu()) {
        Some(assignment) => assignment.fallen().into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        None => BTreeMap::new(),
    }
}

impl AutoInfo {
    pub(crate) fn of(choice: &AutoChoice) -> Self {
        let rejected = choice.rejected.iter();
        Self {
            provider: choice.provider.name().to_owned(),
            rejected: rejected.map(|(provider, reason)| (provider.name().to_owned(), reason.clone())).collect(),
        }
    }
}

impl IoInfo {
    fn of(spec: &IoSpec) -> Self {
        let shape = spec.shape.iter().enumerate().map(|(axis, size)| match size {
            Some(size) => json!(size),
            None => json!(spec.symbols.get(axis).cloned().flatten()),
        });
        Self { name: spec.name.clone(), dtype: spec.dtype.name().to_owned(), shape: shape.collect() }
    }
}

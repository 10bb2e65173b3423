//! Cascades of stages, as a manifest describes them: models that are more than one denoiser and one autoencoder.
//!
//! The folder's `model_index.json` is the manifest itself, or names a pipeline class of diffusers whose manifest is known
//! here (`classes/`).

mod classes;
mod dimension;
mod limits;
mod manifest;
mod optional;
mod references;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use dimension::{Base, Dimension};
pub use manifest::{
    Candidates, Classes, Constant, Factor, GraphNode, Guide, GuideForm, Keep, KeepWhen, Layout, Manifest, Null,
    Operation, Output, PictureRole, Preparation, Resample, Resize, SchedulerSource, Sizes, Stage, Text,
};
pub use references::{PROMPT, Source, TextField};

use super::{index, json};
use crate::error::{Error, Result};

/// The class of a folder that describes itself.
pub const CLASS: &str = "CascadePipeline";
/// The version of the manifest that is read.
const VERSION: u32 = 1;
/// The most boxes of a layout.
const MAX_OBJECTS: usize = 1024;
/// The file with a scheduler's config.
const SCHEDULER_FILE: &str = "scheduler_config.json";

/// A folder with a cascade in it, read and checked; no graph was opened.
#[derive(Debug, Clone)]
pub struct CascadeFolder {
    /// Where it is.
    pub root: PathBuf,
    /// What it says, with every size that a config states filled in.
    pub manifest: Manifest,
    /// The class that `model_index.json` names.
    pub class_name: String,
    /// The schedulers' configs, by stage; those of noise augmentations by value.
    pub schedulers: BTreeMap<String, Map<String, Value>>,
    /// What was recognised and why, in sentences.
    pub notes: Vec<String>,
}

impl CascadeFolder {
    /// Reads the folder at `root`; `None` where it is no cascade.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::BadModel`]: a file cannot be read, a key is unknown, or what the manifest says does not
    /// fit together.
    pub fn open(root: &Path) -> Result<Option<Self>> {
        let path = root.join(index::FILE);
        let Some(map) = json::read_object(&path)? else { return Ok(None) };
        let Some(class_name) = map.get("_class_name").and_then(Value::as_str).map(str::to_owned) else {
            return Ok(None);
        };
        let (mut manifest, known) = match class_name.as_str() {
            CLASS => {
                let manifest: Manifest = serde_json::from_value(Value::Object(map))
                    .map_err(|e| Error::bad_model(&path, format!("it is no manifest of a cascade: {e}")))?;
                (manifest, "it is its own manifest")
            }
            class => match classes::manifest(class, root)? {
                Some(manifest) => (manifest, "a pipeline class whose manifest is known here"),
                None => return Ok(None),
            },
        };
        if manifest.version != VERSION {
            return Err(Error::bad_model(
                &path,
                format!("\"_version\" is {}, and this version reads {VERSION}", manifest.version),
            ));
        }
        manifest.check_limits().map_err(|message| Error::bad_model(&path, message))?;
        manifest.prune(root);
        manifest.check_references().map_err(|message| Error::bad_model(&path, message))?;
        let notes = vec![format!("A cascade of {} stages by the class {class_name}: {known}.", manifest.stages.len())];
        let mut folder = Self { root: root.to_path_buf(), manifest, class_name, schedulers: BTreeMap::new(), notes };
        folder.fill_in_sizes()?;
        folder.fill_in_factors()?;
        folder.manifest.check_samples().map_err(|message| folder.bad(message))?;
        folder.read_schedulers()?;
        folder.check_numbers()?;
        Ok(Some(folder))
    }

    /// The file of the graph in the sub-folder `name`.
    #[must_use]
    pub fn graph(&self, name: &str) -> PathBuf {
        self.root.join(name).join("model.onnx")
    }

    /// Every graph's sub-folder, each once: those of nodes, of denoisers and of gradients.
    #[must_use]
    pub fn graph_folders(&self) -> Vec<&str> {
        let manifest = &self.manifest;
        let nodes = manifest.graphs.iter().map(|(name, node)| node.path.as_deref().unwrap_or(name));
        let stages = manifest.stages.iter().flat_map(|stage| {
            let guide = stage.guide.as_ref().map(|guide| guide.graph.as_str());
            [Some(stage.denoiser.as_str()), stage.last_denoiser.as_deref(), guide].into_iter().flatten()
        });
        let mut folders: Vec<&str> = nodes.chain(stages).collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    /// The error about something that the manifest says.
    pub(crate) fn bad(&self, message: impl Into<String>) -> Error {
        Error::bad_model(self.root.join(index::FILE), message)
    }

    fn fill_in_sizes(&mut self) -> Result<()> {
        let root = self.root.clone();
        let mut configs = BTreeMap::new();
        let mut fill = |dimension: &mut Dimension| -> Result<()> {
            let Base::Config { folder, key } = &dimension.base else { return Ok(()) };
            let path = root.join(folder).join("config.json");
            if !configs.contains_key(folder) {
                configs.insert(folder.clone(), json::read_object(&path)?.unwrap_or_default());
            }
            let stated = configs.get(folder).and_then(|config| config.get(key));
            // Some sizes stand as [height, width]; such models are square.
            let stated = stated.and_then(|value| value.as_array().and_then(|sides| sides.first()).or(Some(value)));
            let number = stated.and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            let size = number.filter(|number| *number < 1 << 20).and_then(|number| dimension.of(number));
            *dimension = size
                .ok_or_else(|| {
                    Error::bad_model(&path, format!("\"{key}\" must be a whole number, from which {dimension} follows"))
                })?
                .into();
            Ok(())
        };
        let manifest = &mut self.manifest;
        for stage in &mut manifest.stages {
            stage.sample.iter_mut().try_for_each(&mut fill)?;
        }
        for stage in &mut manifest.stages {
            stage.output_channels.iter_mut().try_for_each(&mut fill)?;
        }
        for role in manifest.pictures.values_mut() {
            role.size.iter_mut().flatten().try_for_each(&mut fill)?;
        }
        for operation in manifest.values.values_mut() {
            operation.sizes_mut().into_iter().try_for_each(&mut fill)?;
        }
        for classes in manifest.classes.values_mut() {
            fill(&mut classes.count)?;
            classes.null.iter_mut().try_for_each(&mut fill)?;
        }
        manifest.sizes.iter_mut().try_for_each(|sizes| {
            fill(&mut sizes.width)?;
            fill(&mut sizes.height)
        })
    }

    /// Numbers of operations that a config states.
    fn fill_in_factors(&mut self) -> Result<()> {
        for operation in self.manifest.values.values_mut() {
            let Operation::Affine { subtract, divide, multiply, add, .. } = operation else { continue };
            for factor in [subtract, divide, multiply, add].into_iter().flatten() {
                let Factor::Value(text) = &*factor else { continue };
                let Some((folder, key)) = text.strip_prefix("config:").and_then(|rest| rest.split_once('/')) else {
                    continue;
                };
                let path = self.root.join(folder).join("config.json");
                let config = json::read_object(&path)?.unwrap_or_default();
                let number = config.get(key).and_then(Value::as_f64).filter(|number| number.is_finite());
                let number = number.ok_or_else(|| Error::bad_model(&path, format!("\"{key}\" must be a number")))?;
                *factor = Factor::Number(number as f32);
            }
        }
        Ok(())
    }

    fn read_schedulers(&mut self) -> Result<()> {
        let stages = self.manifest.stages.iter().map(|stage| (&stage.name, &stage.scheduler));
        let augmented = self.manifest.values.iter().filter_map(|(name, operation)| match operation {
            Operation::NoiseAugment { scheduler, .. } | Operation::Noise { scheduler, .. } => Some((name, scheduler)),
            _ => None,
        });
        let mut schedulers = BTreeMap::new();
        for (name, source) in stages.chain(augmented) {
            let config = match source {
                SchedulerSource::Inline(config) => config.clone(),
                SchedulerSource::Folder(folder) => {
                    let path = self.root.join(folder).join(SCHEDULER_FILE);
                    json::read_object(&path)?.ok_or_else(|| {
                        Error::bad_model(
                            &self.root,
                            format!("{folder}/{SCHEDULER_FILE}, the scheduler of {name}, is missing"),
                        )
                    })?
                }
            };
            if config.get("_class_name").and_then(Value::as_str).is_none() {
                return Err(self.bad(format!("the scheduler of {name} has no \"_class_name\", as \"DDIMScheduler\"")));
            }
            schedulers.insert(name.clone(), config);
        }
        self.schedulers = schedulers;
        Ok(())
    }

    /// The words for what the unconditional branch is told belong to certain values.
    fn check_null(&self, stage: &str, value: &str, null: &Null) -> Result<()> {
        let allowed = match (value, self.manifest.source(value)) {
            (PROMPT, _) => "\"negative\" and \"empty\"",
            (_, Some(Source::Class(classes))) if classes.null.is_some() => "\"null\", a number, or a value's name",
            _ => "\"zeros\", a number, or a value's name",
        };
        let fits = match (value, null) {
            (PROMPT, Null::Word(word)) => matches!(word.as_str(), "negative" | "empty"),
            (PROMPT, Null::Number(_)) => false,
            (_, Null::Number(number)) => number.is_finite(),
            (_, Null::Word(word)) => match word.as_str() {
                "null" => allowed.starts_with("\"null\""),
                "negative" | "empty" => false,
                _ => true,
            },
        };
        match fits {
            true => Ok(()),
            false => Err(self.bad(format!(
                "the unconditional branch of the stage {stage} is told {} in place of \"{value}\"; allowed are {allowed}",
                serde_json::to_string(null).unwrap_or_default()
            ))),
        }
    }

    /// What the types of the manifest's fields leave open.
    fn check_numbers(&self) -> Result<()> {
        let manifest = &self.manifest;
        let sizes = manifest.sizes.iter().flat_map(|sizes| [&sizes.width, &sizes.height]);
        let counts = manifest.classes.values().flat_map(|classes| std::iter::once(&classes.count).chain(&classes.null));
        let channels = manifest.stages.iter().flat_map(|stage| &stage.output_channels);
        if let Some(size) = sizes.chain(counts).chain(channels).find(|size| size.fixed().is_none()) {
            return Err(self.bad(format!(
                "{size} stands where only a number or config:FOLDER/KEY may: in \"sizes\", \"classes\" and \
                 \"output_channels\""
            )));
        }
        if let Some((role, _)) = manifest.pictures.iter().find(|(_, role)| role.multiple == 0) {
            return Err(
                self.bad(format!("the sides of the picture {role} are to be multiples of 0; allowed are 1 and more"))
            );
        }
        for (name, operation) in &manifest.values {
            let Operation::Reshape { shape, .. } = operation else { continue };
            let open = shape.iter().filter(|size| **size == -1).count();
            if open > 1 || shape.iter().any(|size| *size != -1 && !(1..=1 << 20).contains(size)) {
                return Err(self.bad(format!(
                    "the value {name} gets the shape {shape:?}; allowed are sizes from 1 to {}, and one -1",
                    1 << 20
                )));
            }
        }
        for stage in &self.manifest.stages {
            let name = &stage.name;
            if !matches!(stage.sample.len(), 1 | 3) {
                return Err(self.bad(format!(
                    "the sample of the stage {name} has {} sizes; allowed are [channels, height, width] and [width]",
                    stage.sample.len()
                )));
            }
            if !stage.concat.is_empty() && stage.sample.len() != 3 {
                return Err(self.bad(format!("the stage {name} has no planes that channels could follow (\"concat\")")));
            }
            let finite = [stage.guidance, stage.temperature, stage.eta, stage.timestep_scale as f32];
            if finite.iter().any(|number| !number.is_finite()) {
                return Err(self.bad(format!("the stage {name} has a number that is not finite")));
            }
            if let Some(candidates) = &stage.candidates
                && !(1..=64).contains(&candidates.count)
            {
                return Err(
                    self.bad(format!("the stage {name} draws {} candidates; allowed are 1 to 64", candidates.count))
                );
            }
            if stage.invert.is_some() && stage.from.is_none() {
                return Err(
                    self.bad(format!("the stage {name} inverts, but names no value that it goes up from (\"from\")"))
                );
            }
            if stage.negative_too && (stage.from.is_some() || stage.start.is_some() || stage.keep.is_some()) {
                return Err(self.bad(format!(
                    "the stage {name} draws for the negative prompt too (\"negative_too\"), so it cannot start from or keep \
                     a picture"
                )));
            }
            if stage.strength.is_some_and(|strength| !(strength > 0.0 && strength <= 1.0)) {
                return Err(self.bad(format!("the strength of the stage {name} must be above 0 and at most 1")));
            }
        }
        for stage in &self.manifest.stages {
            for (value, null) in &stage.null {
                self.check_null(&stage.name, value, null)?;
            }
        }
        for (name, classes) in &self.manifest.classes {
            let count = classes.count.fixed().unwrap_or(0);
            if !classes.names.is_empty() && classes.names.len() != count {
                return Err(
                    self.bad(format!("the classes {name} are {count}, but {} names stand there", classes.names.len()))
                );
            }
        }
        for (name, layout) in &self.manifest.layouts {
            let (classes, vocabulary) = (layout.classes.len(), layout.vocabulary);
            if classes == 0
                || vocabulary <= classes
                || vocabulary > 1 << 20
                || !(1..=MAX_OBJECTS).contains(&layout.objects)
            {
                return Err(self.bad(format!(
                    "the layout {name} has {classes} classes, {} objects and a vocabulary of {vocabulary}; allowed are at \
                     least one class, 1 to {MAX_OBJECTS} objects, and a vocabulary above the classes and up to {}",
                    layout.objects,
                    1 << 20
                )));
            }
        }
        let [low, high] = self.manifest.picture.range;
        if low >= high || !low.is_finite() || !high.is_finite() {
            return Err(
                self.bad(format!("the picture's range is {low} to {high}; the second number must be the larger"))
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema for editors is what the types say. `UPDATE_SCHEMA=1 cargo test --lib the_committed_schema` writes it.
    #[test]
    fn the_committed_schema_is_what_the_types_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cascade.schema.json");
        let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(Manifest)).unwrap();
        schema.push('\n');
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == schema,
            "models/cascade.schema.json is old: UPDATE_SCHEMA=1 cargo test --lib the_committed_schema"
        );
    }

    /// What people are told to write is what is read.
    #[test]
    fn the_manual_s_examples_are_sound() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/README.md");
        let manual = std::fs::read_to_string(path).unwrap();
        let blocks = manual.split("```json").skip(1).filter_map(|rest| rest.split_once("```"));
        let examples: Vec<String> = blocks
            .map(|(block, _)| {
                // The "c" of jsonc, and comments to the ends of lines.
                let lines = block.strip_prefix('c').unwrap_or(block).lines();
                lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
            })
            .collect();
        assert_eq!(examples.len(), 2);
        for example in examples {
            let manifest: Manifest = serde_json::from_str(&example).unwrap();
            manifest.check_references().unwrap();
        }
    }

    /// Every operation and every key of a stage has its place in the manual.
    #[test]
    fn the_manual_names_everything() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/README.md");
        let manual = std::fs::read_to_string(path).unwrap();
        let schema = serde_json::to_value(schemars::schema_for!(Manifest)).unwrap();
        let mut names: Vec<String> = Vec::new();
        let keys = |part: &Value| part["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        names.extend(keys(&schema));
        for part in ["Text", "Classes", "PictureRole", "Layout", "Constant", "GraphNode", "Stage", "Guide", "Keep"] {
            names.extend(keys(&schema["$defs"][part]));
        }
        for operation in schema["$defs"]["Operation"]["oneOf"].as_array().unwrap() {
            names.extend(keys(operation));
            names.push(operation["properties"]["op"]["const"].as_str().unwrap().to_owned());
        }
        assert!(names.len() > 60, "{names:?}");
        let written = |name: &str| manual.contains(&format!("`{name}`")) || manual.contains(&format!("\"{name}\""));
        let missing: Vec<_> = names.iter().filter(|name| !written(name)).collect();
        assert!(missing.is_empty(), "models/README.md says nothing about {missing:?}");
    }
}

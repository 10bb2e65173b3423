//! The scheduler's config as the folder has it, or as diffusers would have it without one.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::fields::Fields;
use super::json;
use super::schedules::Schedule;
use crate::error::{Error, Result};

/// The folder's and the file's names in every layout.
const FOLDER: &str = "scheduler";
/// The folder of the scheduler that noises the upscaler's low-resolution picture.
const LOW_RES_FOLDER: &str = "low_res_scheduler";
const FILE: &str = "scheduler_config.json";

/// A scheduler's class name and its config, uninterpreted: `scheduler` knows what each key means.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerFile {
    /// diffusers' class name, as `DDIMScheduler`, without the `Flax` that some files put in front.
    ///
    /// diffusers makes the class that `model_index.json` names, whatever the config's own `_class_name` is; so
    /// it is that one, and the config's own where the index has none.
    pub class_name: Option<String>,
    /// The keys of `scheduler_config.json`. Keys that are missing take the class's own defaults.
    pub config: Map<String, Value>,
}

impl SchedulerFile {
    /// Reads the scheduler's config of the model at `root`.
    ///
    /// `index_class` is the class that `model_index.json` names. With `is_legacy` the config is rewritten as
    /// diffusers' `OnnxStableDiffusionPipeline.__init__` does it: `steps_offset` = 1 and `clip_sample` = false,
    /// since the configs of 2022 had neither right.
    ///
    /// Without any file it is `usual`, what the family was trained with.
    pub(super) fn read(
        root: &Path,
        is_legacy: bool,
        index_class: Option<&str>,
        usual: Schedule,
    ) -> Result<(Self, Vec<String>)> {
        let mut notes = Vec::new();
        let (path, file) = find(&root.join(FOLDER))?;
        let mut config = file.unwrap_or_else(|| {
            notes.push(format!("There is no {FOLDER}/{FILE}, so {}.", usual.words));
            usual.config
        });
        let own_class = Fields::new(&path, &config).text("_class_name")?.map(without_flax);
        let index_class = index_class.map(without_flax);
        if let (Some(index), Some(own)) = (&index_class, &own_class)
            && index != own
        {
            notes.push(format!(
                "model_index.json names {index} and {FOLDER}/{FILE} names {own}; the first one holds, as in diffusers."
            ));
        }
        let class_name = index_class.or(own_class);
        drop_non_finite(&path, &mut config)?;
        if is_legacy {
            notes.extend(rewrite_like_legacy_pipeline(&mut config));
        }
        notes.push(match &class_name {
            Some(name) => format!("The scheduler is {name}."),
            None => {
                format!("Nothing names the scheduler's class; {} is what this family was published with.", usual.class)
            }
        });
        let class_name = class_name.or_else(|| Some(usual.class.to_owned()));
        Ok((Self { class_name, config }, notes))
    }

    /// Reads the config of the scheduler that noises the upscaler's low-resolution picture.
    ///
    /// Without a file it is the one that the x4 upscaler was trained with: DDPM, `low_scale_config` in
    /// Stability-AI/stablediffusion's `configs/stable-diffusion/x4-upscaling.yaml` (0.0001 to 0.02, 1000 steps),
    /// where "linear" is linear in the root, diffusers' `scaled_linear`.
    pub(super) fn read_low_res(root: &Path, index_class: Option<&str>) -> Result<(Self, Vec<String>)> {
        let mut notes = Vec::new();
        let (path, file) = find(&root.join(LOW_RES_FOLDER))?;
        let mut config = file.unwrap_or_else(|| {
            notes.push(format!(
                "There is no {LOW_RES_FOLDER}/{FILE}, so the low-resolution picture is noised as in training."
            ));
            let trained = [
                ("beta_schedule", Value::from("scaled_linear")),
                ("beta_start", 0.0001.into()),
                ("beta_end", 0.02.into()),
                ("num_train_timesteps", 1000.into()),
            ];
            trained.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
        });
        let own_class = Fields::new(&path, &config).text("_class_name")?;
        let class_name = without_flax(index_class.or(own_class).unwrap_or("DDPMScheduler"));
        drop_non_finite(&path, &mut config)?;
        Ok((Self { class_name: Some(class_name), config }, notes))
    }
}

/// The file's path and object. `config.json` is what a few hand-made folders call it.
fn find(folder: &Path) -> Result<(PathBuf, Option<Map<String, Value>>)> {
    for name in [FILE, "config.json"] {
        let path = folder.join(name);
        if let Some(map) = json::read_object(&path)? {
            return Ok((path, Some(map)));
        }
    }
    Ok((folder.join(FILE), None))
}

/// Some repositories were saved by JAX; the classes are the same but for the prefix.
fn without_flax(class_name: &str) -> String {
    class_name.strip_prefix("Flax").unwrap_or(class_name).to_owned()
}

/// Removes `"lambda_min_clipped": -Infinity`, which every class that has the key takes as its default, and
/// refuses every other number that is not finite.
fn drop_non_finite(path: &Path, config: &mut Map<String, Value>) -> Result<()> {
    const CLIP: &str = "lambda_min_clipped";
    if config.get(CLIP).and_then(json::non_finite) == Some("-Infinity") {
        config.remove(CLIP);
    }
    let bad = config.iter().find(|(_, value)| match value {
        Value::Array(items) => items.iter().any(|item| json::non_finite(item).is_some()),
        value => json::non_finite(value).is_some(),
    });
    match bad {
        Some((key, _)) => Err(Error::bad_model(path, format!("\"{key}\" must be finite, not NaN or infinite"))),
        None => Ok(()),
    }
}

/// What the legacy pipeline's constructor does to every scheduler it is given.
fn rewrite_like_legacy_pipeline(config: &mut Map<String, Value>) -> Option<String> {
    let mut changed = Vec::new();
    for (key, value) in [("steps_offset", Value::from(1)), ("clip_sample", Value::from(false))] {
        if config.get(key) != Some(&value) {
            changed.push(format!("{key} = {value}"));
            config.insert(key.to_owned(), value);
        }
    }
    (!changed.is_empty()).then(|| {
        format!(
            "As the legacy pipeline does, whose folders have no config beside any graph, the scheduler's config is \
             rewritten: {}.",
            changed.join(", ")
        )
    })
}

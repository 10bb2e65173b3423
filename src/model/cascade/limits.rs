//! What a manifest may not ask for, so that no file makes the reader run away: places outside of the folder, and sizes that
//! no model has.

use std::path::{Component, Path};

use super::dimension::{Base, Dimension};
use super::manifest::{Factor, Manifest, Operation, SchedulerSource};

/// The most values that a manifest may name.
const MAX_VALUES: usize = 1000;
/// The most tokens of a text.
const MAX_TOKENS: usize = 1 << 16;
/// The largest size.
const MAX_SIZE: usize = 1 << 20;
/// The most numbers of one sample: a picture of 8192 x 8192 in four channels.
const MAX_NUMBERS: usize = 1 << 28;

impl Manifest {
    /// Checks what stands in the manifest itself, before any file that it names is looked at.
    ///
    /// # Errors
    /// A sentence that names the part.
    pub(super) fn check_limits(&self) -> Result<(), String> {
        let named = self.texts.len() + self.classes.len() + self.pictures.len() + self.layouts.len();
        let named = named + self.constants.len() + self.graphs.len() + self.values.len() + self.stages.len();
        if named > MAX_VALUES {
            return Err(format!("it names {named} values; allowed are at most {MAX_VALUES}"));
        }
        for place in self.places() {
            if !is_inside(place) {
                return Err(format!(
                    "it names the place \"{place}\"; allowed are files and folders below the model's own"
                ));
            }
        }
        for (name, text) in &self.texts {
            if !(1..=MAX_TOKENS).contains(&text.length) {
                return Err(format!("the text {name} has a length of {}; allowed are 1 to {MAX_TOKENS}", text.length));
            }
        }
        for dimension in self.dimensions() {
            if dimension.fixed().is_some_and(|size| size > MAX_SIZE) {
                return Err(format!("it has the size {dimension}; allowed are at most {MAX_SIZE}"));
            }
        }
        Ok(())
    }

    /// Checks the samples' sizes, once those that a config states are filled in.
    ///
    /// # Errors
    /// A sentence that names the stage.
    pub(super) fn check_samples(&self) -> Result<(), String> {
        for stage in &self.stages {
            let fixed = stage.sample.iter().filter_map(Dimension::fixed);
            let numbers = fixed.fold(1_usize, |product, size| product.saturating_mul(size));
            if numbers > MAX_NUMBERS {
                return Err(format!(
                    "a sample of the stage {} has {numbers} numbers; allowed are at most {MAX_NUMBERS}",
                    stage.name
                ));
            }
        }
        Ok(())
    }

    /// Every file and folder that the manifest names.
    fn places(&self) -> Vec<&str> {
        let texts = self.texts.values().map(|text| &text.tokenizer);
        let constants = self.constants.values().map(|constant| &constant.file);
        let graphs = self.graphs.iter().map(|(name, node)| node.path.as_ref().unwrap_or(name));
        let processors = self.pictures.values().filter_map(|role| role.processor.as_ref());
        let stages = self.stages.iter().flat_map(|stage| {
            let guide = stage.guide.as_ref().map(|guide| &guide.graph);
            [Some(&stage.denoiser), stage.last_denoiser.as_ref(), guide, folder_of(&stage.scheduler)]
                .into_iter()
                .flatten()
        });
        let operations = self.values.values().flat_map(|operation| match operation {
            Operation::NoiseAugment { scheduler, .. } | Operation::Noise { scheduler, .. } => {
                folder_of(scheduler).map(String::as_str).into_iter().collect()
            }
            Operation::Affine { subtract, divide, multiply, add, .. } => {
                [subtract, divide, multiply, add].into_iter().flatten().filter_map(config_of).collect()
            }
            _ => Vec::new(),
        });
        let configs = self.dimensions().into_iter().filter_map(|dimension| match &dimension.base {
            Base::Config { folder, .. } => Some(folder.as_str()),
            _ => None,
        });
        let owned = texts.chain(constants).chain(graphs).chain(processors).chain(stages);
        owned.map(String::as_str).chain(operations).chain(configs).collect()
    }

    /// Every size that the manifest states.
    fn dimensions(&self) -> Vec<&Dimension> {
        let sizes = self.sizes.iter().flat_map(|sizes| [&sizes.width, &sizes.height]);
        let classes = self.classes.values().flat_map(|classes| std::iter::once(&classes.count).chain(&classes.null));
        let pictures = self.pictures.values().flat_map(|role| role.size.iter().flatten());
        let values = self.values.values().flat_map(Operation::sizes);
        let stages = self.stages.iter().flat_map(|stage| stage.sample.iter().chain(&stage.output_channels));
        sizes.chain(classes).chain(pictures).chain(values).chain(stages).collect()
    }
}

fn folder_of(scheduler: &SchedulerSource) -> Option<&String> {
    match scheduler {
        SchedulerSource::Folder(folder) => Some(folder),
        SchedulerSource::Inline(_) => None,
    }
}

/// The folder of a number that a config states.
fn config_of(factor: &Factor) -> Option<&str> {
    match factor {
        Factor::Value(text) => text.strip_prefix("config:")?.split_once('/').map(|(folder, _)| folder),
        Factor::Number(_) => None,
    }
}

/// Whether a place lies below the folder that it is told relative to.
fn is_inside(place: &str) -> bool {
    let mut parts = Path::new(place).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_inside() {
        for good in ["unet", "prior/constants.safetensors", "a.b"] {
            assert!(is_inside(good), "{good}");
        }
        for bad in ["", "..", "../other", "/etc/passwd", "unet/../../x", "./unet", "."] {
            assert!(!is_inside(bad), "{bad}");
        }
    }
}

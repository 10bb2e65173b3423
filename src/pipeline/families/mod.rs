//! One file a model family: how its conditioning is assembled and which stages run.

mod stable_diffusion;

pub(super) use stable_diffusion::StableDiffusion;

use crate::error::{Error, Result};
use crate::model::{Family, ModelFolder, Task};

/// Refuses what is recognised but cannot be drawn yet.
///
/// # Errors
/// [`Error::Unsupported`] with the family and the task.
pub(in crate::pipeline) fn check(folder: &ModelFolder) -> Result<()> {
    match (folder.family(), folder.task()) {
        (Family::StableDiffusion1 | Family::StableDiffusion2, Task::TextToImage) => Ok(()),
        (family, task) => Err(Error::Unsupported(format!(
            "the model at \"{}\" is {} for {}; this version draws Stable Diffusion 1.x and 2.x from text only",
            folder.root().display(),
            family.title(),
            task.name(),
        ))),
    }
}

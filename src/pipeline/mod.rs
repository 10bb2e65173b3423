//! An opened model, ready to draw.

mod augmentation;
mod cascade;
mod conditioning;
mod conditions;
mod draw;
mod estimate;
mod facts;
mod families;
mod fitting;
mod from_files;
mod guiding;
mod hires;
mod info;
mod jobs;
mod latents;
mod learned;
mod masking;
mod observer;
mod open;
mod opened;
mod options;
mod pieces;
mod placement;
mod plan;
mod previews;
mod prompting;
mod request;
mod result;
mod safety;
mod script;
mod single;
mod starting;
mod stepper;
mod telling;
mod turn;
mod underway;
mod unused;
mod wrapped;

use std::time::Duration;

pub use augmentation::{NoiseAugmentation, timestep_sinusoids};
pub use conditioning::{Conditioning, EncodedText};
pub use estimate::{MemoryEstimate, estimate_memory};
pub use info::{CascadeInfo, ConditionInfo, GraphInfo, IoInfo, PipelineInfo, PreparationInfo, StageInfo};
pub use jobs::{JOB_THREAD, Job, JobPreview, JobQueue, JobState, JobWatch};
pub use observer::{Flow, Observer, Phase, Preview, Progress};
pub use options::{
    CacheChoice, DEFAULT_JOB_QUEUE, EmbeddingFile, MAX_JOB_QUEUE, MAX_THREADS, MemoryMode, PipelineOptions,
};
pub use request::{
    CascadeRequest, ClassLabel, ConditionPicture, GroundedBox, GuidanceRules, Hires, MAX_BOXES, MAX_CLIP_SKIP,
    MAX_CONDITION_SCALE, MAX_CONDITIONS, MAX_COUNT, MAX_EDIT, MAX_GUIDANCE, MAX_HIRES_SCALE, MAX_MASK_BLUR,
    MAX_MASK_PADDING, MAX_NOISE_LEVEL, MAX_PIXELS, MAX_PROMPT_BYTES, MAX_REUSE_THRESHOLD, MAX_SIDE, MAX_STEPS,
    MAX_TOKENS, PreviewMode, Previews, Projection, PromptSyntax, Request, Reuse, Safety, Scales, Seamless, Seeds,
    SizeConditioning, StageSettings, Start, ThresholdLimit, Thresholding, Tiling, Upscale, Variation, ZeroStar,
};
pub use result::{Generated, HiresSettings, Settings, Timings};
pub use stepper::Stepper;

use crate::error::{Error, Result};
use crate::files::Mounted;
use crate::runtime::CancelToken;
use cascade::Cascade;
use ndarray::ArrayD;
use single::Single;

/// An opened model. Read-only once opened, so it may be shared by threads; their calls queue.
pub struct Pipeline {
    road: Road,
    info: PipelineInfo,
    turns: turn::Turns,
    open_time: Duration,
    job_queue: usize,
    /// Files in memory that graphs are opened from again. The last to go: sessions use their bytes.
    files: Option<Mounted>,
}

/// How a model draws.
enum Road {
    /// One denoiser and one autoencoder.
    Single(Box<Single>),
    /// Several stages.
    Cascade(Box<Cascade>),
}

impl Pipeline {
    /// What this model is and can do.
    #[must_use]
    pub fn info(&self) -> &PipelineInfo {
        &self.info
    }

    /// How long opening took.
    #[must_use]
    pub fn open_time(&self) -> Duration {
        self.open_time
    }

    /// How many jobs may wait.
    fn job_queue(&self) -> usize {
        self.job_queue
    }

    /// Draws what `request` asks for.
    ///
    /// Blocks; `observer` is told on this thread how far it is. A call from another thread while one is running
    /// waits for its turn.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before any work starts, naming the field; [`Error::Cancelled`] as soon as
    /// `cancel` is raised, also inside a graph run, or `observer` says stop; [`Error::Numeric`] when a number
    /// became NaN or infinite; [`Error::GraphFailed`]; [`Error::Busy`] when `observer` itself calls this. The pipeline stays usable after each of them.
    pub fn generate(&self, request: &Request, observer: &mut dyn Observer, cancel: &CancelToken) -> Result<Generated> {
        request.validate()?;
        match &self.road {
            Road::Single(single) => single.generate(&self.info, request, &self.turns, observer, cancel),
            Road::Cascade(cascade) => cascade.generate(request, &self.turns, observer, cancel),
        }
    }

    /// Computes a value of a model of several stages that its manifest lists as an embedding: a picture's or a text's
    /// code, or the noise that a picture comes from. `[pictures, …]`, or `[1, …]` where all pictures share it.
    ///
    /// What it is made of comes from `request`, as for a picture; what is not needed for it is not asked for. Handed
    /// back in [`CascadeRequest::embeddings`] it takes the place of what the model would compute.
    ///
    /// # Errors
    /// As [`Pipeline::generate`]; [`Error::InvalidArgument`] for a name that is not listed; [`Error::Unsupported`] for
    /// a model of one stage.
    pub fn embed(
        &self,
        request: &Request,
        name: &str,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<ArrayD<f32>> {
        request.validate()?;
        match &self.road {
            Road::Single(_) => Err(Error::Unsupported(format!(
                "the model at \"{}\" gives out no embeddings; models of several stages do",
                self.info.folder.display()
            ))),
            Road::Cascade(cascade) => cascade.embed(request, name, &self.turns, observer, cancel),
        }
    }
}

/// Tells `observer`, and turns its "stop" into the error that ends the work.
fn report(observer: &mut dyn Observer, phase: Phase, step: usize, steps: usize) -> Result<()> {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match observer.progress(&Progress { phase, step: count(step), steps: count(steps) }) {
        Flow::Continue => Ok(()),
        Flow::Stop => Err(Error::Cancelled),
    }
}

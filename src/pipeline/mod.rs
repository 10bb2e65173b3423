//! An opened model, ready to draw.

mod draw;
mod facts;
mod families;
mod fitting;
mod guiding;
mod hires;
mod info;
mod learned;
mod masking;
mod observer;
mod opened;
mod options;
mod placement;
mod plan;
mod previews;
mod prompting;
mod request;
mod result;
mod safety;
mod script;
mod starting;
mod turn;
mod wrapped;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use info::{GraphInfo, IoInfo, PipelineInfo, PreparationInfo};
pub use observer::{Flow, Observer, Phase, Preview, Progress};
pub use options::{CacheChoice, EmbeddingFile, MAX_THREADS, MemoryMode, PipelineOptions};
pub use request::{
    GuidanceRules, Hires, MAX_CLIP_SKIP, MAX_COUNT, MAX_GUIDANCE, MAX_HIRES_SCALE, MAX_MASK_BLUR, MAX_MASK_PADDING,
    MAX_NOISE_LEVEL, MAX_PIXELS, MAX_PROMPT_BYTES, MAX_REUSE_THRESHOLD, MAX_SIDE, MAX_STEPS, MAX_TOKENS, PreviewMode,
    Previews, Projection, PromptSyntax, Request, Reuse, Safety, Scales, Seamless, Seeds, SizeConditioning, Start,
    ThresholdLimit, Thresholding, Tiling, Upscale, Variation, ZeroStar,
};
pub use result::{Generated, HiresSettings, Settings, Timings};

use crate::denoise;
use crate::error::{Error, Result};
use crate::model::ModelFolder;
use crate::runtime::{self, CancelToken};
use crate::scheduler::SchedulerKind;
use facts::own_scheduler;
use opened::Opened;
use plan::Plan;

/// An opened model. Read-only once opened, so it may be shared by threads; their calls queue.
pub struct Pipeline {
    model: Opened,
    family: Box<dyn families::Family>,
    /// What the folder asks for, or why that cannot be; a request may still name another.
    own_scheduler: Result<SchedulerKind, String>,
    info: PipelineInfo,
    turns: turn::Turns,
    open_time: Duration,
}

impl Pipeline {
    /// Opens the model in `folder`, loading ONNX Runtime first if that has not happened yet.
    ///
    /// # Errors
    /// [`Error::RuntimeMissing`], [`Error::ProviderUnavailable`], [`Error::Io`], [`Error::BadModel`],
    /// [`Error::Unsupported`] for a model family that this version does not run, [`Error::Cancelled`] when
    /// `cancel` is raised or `observer` says stop.
    pub fn open(
        folder: &Path,
        options: &PipelineOptions,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let started = Instant::now();
        options.validate()?;
        cancel.check()?;
        let folder = ModelFolder::open(folder)?;
        let own_scheduler = own_scheduler(&folder);
        for note in folder.notes() {
            log::info!("{note}");
        }
        let runtime = runtime::initialize(options.ort_library.as_deref())?;
        let (model, report) = Opened::open(folder, options, observer, cancel)?;
        let family = families::of(&model);
        denoise::check(&model.denoiser, &family.told(&model)?)?;
        let info = facts::describe(&model, family.as_ref(), &own_scheduler, &runtime, report)?;
        let open_time = started.elapsed();
        Ok(Self { model, family, own_scheduler, info, turns: turn::Turns::default(), open_time })
    }

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
        match &request.hires {
            None => {
                let plan = self.plan(request)?;
                let _turn = self.turns.take(cancel)?;
                draw::draw(&self.model, self.family.as_ref(), &plan, observer, cancel)
            }
            Some(hires) => self.generate_twice(request, hires, observer, cancel),
        }
    }

    /// Draws small, then large. Both passes are planned before the first begins.
    fn generate_twice(
        &self,
        request: &Request,
        hires: &Hires,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Generated> {
        let mut small = self.plan(&hires::first(request, hires))?;
        small.decodes = hires.upscale == Upscale::Lanczos;
        let mut large = self.plan(&hires::second(request, hires, &small, &self.info)?)?;
        let _turn = self.turns.take(cancel)?;
        let family = self.family.as_ref();
        let first = draw::draw(&self.model, family, &small, observer, cancel)?;
        let latents = hires::enlarged(&self.model, &first, hires.upscale, &large, cancel)?;
        large.request.start.latents = Some(Arc::new(latents));
        let second = draw::draw(&self.model, family, &large, observer, cancel)?;
        Ok(hires::together(first, second, hires))
    }

    fn plan(&self, request: &Request) -> Result<Plan> {
        Plan::new(&self.model, self.family.as_ref(), &self.info, &self.own_scheduler, request)
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

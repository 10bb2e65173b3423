//! An opened model, ready to draw.

mod facts;
mod families;
mod info;
mod observer;
mod options;
mod placement;
mod request;
mod result;
mod turn;

use std::path::Path;
use std::time::{Duration, Instant};

pub use info::{GraphInfo, IoInfo, PipelineInfo, PreparationInfo};
pub use observer::{Flow, Observer, Phase, Progress};
pub use options::{CacheChoice, MAX_THREADS, MemoryMode, PipelineOptions};
pub use request::{MAX_COUNT, MAX_GUIDANCE, MAX_PIXELS, MAX_PROMPT_BYTES, MAX_SIDE, MAX_STEPS, Request};
pub use result::{Generated, Settings, Timings};

use crate::error::{Error, Result};
use crate::model::ModelFolder;
use crate::runtime::{self, CancelToken};
use families::StableDiffusion;

/// An opened model. Read-only once opened, so it may be shared by threads; their calls queue.
pub struct Pipeline {
    model: StableDiffusion,
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
        families::check(&folder)?;
        let runtime = runtime::initialize(options.ort_library.as_deref())?;
        let model = StableDiffusion::open(folder, options, &runtime, observer, cancel)?;
        Ok(Self { model, turns: turn::Turns::default(), open_time: started.elapsed() })
    }

    /// What this model is and can do.
    #[must_use]
    pub fn info(&self) -> &PipelineInfo {
        self.model.info()
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
        let plan = self.model.plan(request)?;
        let _turn = self.turns.take(cancel)?;
        self.model.generate(&plan, observer, cancel)
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

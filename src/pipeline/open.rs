//! Opening a model, on a thread that a cancel leaves behind.

use std::path::Path;
use std::sync::mpsc;
use std::time::Instant;

use super::cascade::Cascade;
use super::single::Single;
use super::{Flow, Observer, Pipeline, PipelineOptions, Progress, Road, turn};
use crate::error::{Error, Result};
use crate::model::ModelFolder;
use crate::model::cascade::CascadeFolder;
use crate::runtime::{self, CancelToken};

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
        let (folder, kept) = (folder.to_owned(), options.clone());
        let work =
            move |observer: &mut dyn Observer, cancel: &CancelToken| Self::open_here(&folder, &kept, observer, cancel);
        Self::open_aside(options, observer, cancel, work)
    }

    /// Opens a model by `work`, which is left when `cancel` is raised or `observer` says stop: parts of it take seconds that
    /// nobody can interrupt.
    pub(super) fn open_aside(
        options: &PipelineOptions,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
        work: impl FnOnce(&mut dyn Observer, &CancelToken) -> Result<Self> + Send + 'static,
    ) -> Result<Self> {
        options.validate()?;
        let (tell, told) = mpsc::channel();
        let work = move |cancel: &CancelToken| {
            let mut teller = |progress: &Progress| {
                // Nobody listens any more where it was left.
                let _ = tell.send(*progress);
                Flow::Continue
            };
            work(&mut teller, cancel)
        };
        let look = || {
            told.try_iter().try_for_each(|progress: Progress| match observer.progress(&progress) {
                Flow::Continue => Ok(()),
                Flow::Stop => Err(Error::Cancelled),
            })
        };
        runtime::aside(cancel, work, look)
    }

    /// [`Pipeline::open`] on this thread, to its end.
    pub(super) fn open_here(
        folder: &Path,
        options: &PipelineOptions,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let started = Instant::now();
        let (road, info) = match CascadeFolder::open(folder)? {
            Some(folder) => {
                let runtime = runtime::initialize(options.ort_library.as_deref())?;
                let (cascade, report) = Cascade::open(folder, options, observer, cancel)?;
                let info = cascade.describe(&runtime, report);
                (Road::Cascade(Box::new(cascade)), info)
            }
            None => {
                let (single, info) = Single::open(ModelFolder::open(folder)?, options, observer, cancel)?;
                (Road::Single(Box::new(single)), info)
            }
        };
        let (turns, job_queue) = (turn::Turns::default(), options.job_queue as usize);
        Ok(Self { road, info, turns, open_time: started.elapsed(), job_queue, files: None })
    }
}

//! Work that goes on while its owner does something else: drawing and opening as jobs, to be polled, waited for, and
//! cancelled.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//! use std::time::Duration;
//! use diffusion::{JobQueue, Pipeline, PipelineOptions, Request};
//!
//! let opening = Pipeline::open_job(Path::new("models/demo"), &PipelineOptions::default())?;
//! opening.wait(None);
//! let queue = JobQueue::new(Arc::new(opening.take()?));
//! let job = queue.start(&Request::new("a red house in the snow at night"))?;
//! while !job.wait(Some(Duration::from_millis(50))).is_done() {
//!     println!("{:?}", job.progress());
//! }
//! println!("{} pictures", job.take()?.images.len());
//! # Ok::<(), diffusion::Error>(())
//! ```

mod job;
mod line;
#[cfg(test)]
mod tests;
mod ticket;

use std::path::Path;
use std::sync::Arc;

pub use job::{Job, JobWatch};
pub use ticket::{JobPreview, JobState};

use super::{Generated, Observer, Pipeline, PipelineOptions, Request};
use crate::error::{Error, Result};
use crate::runtime::CancelToken;
use line::Worker;

/// What the names of the threads that run jobs begin with. A panic there becomes a job's error.
pub const JOB_THREAD: &str = "diffusion-job";

/// The jobs of one pipeline: they run one after the other, in the order of their starts, on a thread that the first of
/// them brings into being.
///
/// At most [`PipelineOptions::job_queue`] of them wait behind the one that runs. Each keeps the pipeline alive until it is
/// done. When the queue is dropped, jobs that somebody still holds go on; where none is left but cancelled ones, dropping
/// waits for the thread to end, which takes as long as a cancel does.
pub struct JobQueue {
    pipeline: Option<Arc<Pipeline>>,
    worker: Arc<Worker>,
    capacity: usize,
}

impl JobQueue {
    /// A queue for `pipeline`, with no thread yet. Calls of [`Pipeline::generate`] take turns with its jobs.
    #[must_use]
    pub fn new(pipeline: Arc<Pipeline>) -> Self {
        let capacity = pipeline.job_queue();
        Self { pipeline: Some(pipeline), worker: Worker::new(), capacity }
    }

    /// Draws what `request` asks for, once the jobs before it are done. The request is copied.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for what [`Request::validate`] refuses; what only the
    /// model can know fails the job. [`Error::Busy`] when the queue is full;
    /// [`Error::OutOfMemory`] when the system gives no thread.
    pub fn start(&self, request: &Request) -> Result<Job<Generated>> {
        request.validate()?;
        let (request, pipeline) = (request.clone(), self.pipeline.clone());
        self.worker.start(self.capacity, move |observer, cancel| match pipeline {
            Some(pipeline) => pipeline.generate(&request, observer, cancel),
            // The pipeline is only taken out when the queue is dropped.
            None => Err(Error::Internal("a job was started on a queue that is gone".to_owned())),
        })
    }
}

impl Drop for JobQueue {
    fn drop(&mut self) {
        drop(self.pipeline.take());
        self.worker.close();
        if !self.worker.has_work() {
            self.worker.join();
        }
    }
}

impl Pipeline {
    /// Opens the model in `folder` on a thread of its own.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for options that cannot be, and
    /// [`Error::OutOfMemory`] when the system gives no thread; everything else fails the job,
    /// with the errors of [`Pipeline::open`].
    pub fn open_job(folder: &Path, options: &PipelineOptions) -> Result<Job<Self>> {
        let (folder, kept) = (folder.to_owned(), options.clone());
        Self::opening(options, move |observer, cancel| Self::open(&folder, &kept, observer, cancel))
    }

    /// Opens a model by `work` on a thread of its own.
    pub(super) fn opening(
        options: &PipelineOptions,
        work: impl FnOnce(&mut dyn Observer, &CancelToken) -> Result<Self> + Send + 'static,
    ) -> Result<Job<Self>> {
        options.validate()?;
        let worker = Worker::new();
        let job = worker.start(0, work);
        worker.close();
        job
    }
}

//! Opening a model whose files are in memory.

use super::jobs::Job;
use super::{Observer, Pipeline, PipelineOptions};
use crate::error::Result;
use crate::files::ModelFiles;
use crate::runtime::CancelToken;

impl Pipeline {
    /// Opens the model that `files` are, as [`Pipeline::open`] opens the folder that they would be. It draws the same.
    ///
    /// Nothing is written to the disk, unless the options name a cache. `files` may be dropped when this returns: the
    /// pipeline shares their bytes and keeps them until it is dropped, since it opens graphs from them again, and ONNX Runtime
    /// on the CPU uses the weights of matrix products where they lie. It copies the others, and while a graph is opened
    /// all of that graph's. What graphs inside of nodes (`If`, `Loop`) hold must be below 2 GiB.
    ///
    /// In [`PipelineInfo`](super::PipelineInfo), notes and errors, paths of these files begin with `memory:` and a
    /// number. ControlNets and embeddings that the options name by path are read from the disk, as ever.
    ///
    /// # Errors
    /// As [`Pipeline::open`].
    pub fn open_files(
        files: &ModelFiles,
        options: &PipelineOptions,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let (mounted, kept) = (files.mount(), options.clone());
        let work = move |observer: &mut dyn Observer, cancel: &CancelToken| {
            let mut pipeline = Self::open_here(&mounted.root(), &kept, observer, cancel)?;
            pipeline.files = Some(mounted);
            Ok(pipeline)
        };
        Self::open_aside(options, observer, cancel, work)
    }

    /// [`Pipeline::open_files`] on a thread of its own. `files` may be dropped at once.
    ///
    /// # Errors
    /// As [`Pipeline::open_job`].
    pub fn open_files_job(files: &ModelFiles, options: &PipelineOptions) -> Result<Job<Self>> {
        let (files, kept) = (files.clone(), options.clone());
        Self::opening(options, move |observer, cancel| Self::open_files(&files, &kept, observer, cancel))
    }
}

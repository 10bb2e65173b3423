//! Where a session comes from: a file, a prepared graph in memory with or without its weights, or one that was optimised and
//! stored before.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::cancel::CancelToken;
use super::failure::{guarded, open_failure};
use super::kernels;
use super::lend::lend;
use super::library::{RuntimeInfo, environment};
use super::options::GraphOptions;
use super::provider;
use super::stamp::Stamps;
use super::threads::intra_threads;
use crate::onnx::Lent;
use crate::{Error, Result};

/// What a session is opened from.
#[derive(Debug, Clone)]
pub(crate) enum GraphSource {
    /// An ONNX file, as it is.
    File {
        /// Where it is.
        path: PathBuf,
        /// It, and the files with its weights.
        files: Stamps,
    },
    /// An ONNX model in memory, whose external data lie in a folder. The caller has checked them.
    Memory {
        /// The model.
        model: Arc<[u8]>,
        /// The folder that its external data are relative to.
        folder: PathBuf,
        /// The files with its external data.
        files: Stamps,
    },
    /// An ONNX model in memory with all its weights, which stay where they are for as long as this lives.
    Held(Arc<Lent>),
    /// A file that [`GraphSource::store`] wrote on this machine: opened without another optimisation, and with its
    /// weights mapped, so that they are read when they are used and shared with whoever else has it open.
    Stored {
        /// The file.
        model: PathBuf,
        /// Held so that nobody removes it while it may have to be opened again.
        #[expect(dead_code, reason = "it is held, not read")]
        lease: Arc<File>,
    },
}

impl GraphSource {
    /// The file at `path`, with the files of its weights, as they are now.
    ///
    /// # Errors
    /// [`Error::Io`] for one that is not there.
    pub(crate) fn file<'p>(path: &'p Path, weights: impl IntoIterator<Item = &'p Path>) -> Result<Self> {
        // Absolute, since it may be opened again after the host went to another folder.
        let absolute = std::path::absolute(path).map_err(|error| Error::io("cannot find the graph", path, error))?;
        Ok(Self::File { path: absolute, files: Stamps::of(std::iter::once(path).chain(weights))? })
    }

    /// Opens a session; `path` is what errors name.
    pub(super) fn open(&self, path: &Path, options: &GraphOptions, cancel: &CancelToken) -> Result<Session> {
        match self {
            Self::File { files, .. } | Self::Memory { files, .. } => files.check()?,
            Self::Held(_) => {}
            Self::Stored { model, .. } => {
                if let Err(error) = std::fs::metadata(model) {
                    return Err(Error::io("the cache no longer has this graph; open the model again", model, error));
                }
            }
        }
        let stored = matches!(self, Self::Stored { .. });
        let further = |builder: SessionBuilder| match stored {
            true => builder
                .with_optimization_level(GraphOptimizationLevel::Disable)
                .map_err(|error| open_failure(path, &error)),
            false => Ok(builder),
        };
        guarded(|| self.commit(path, options, cancel, further))
    }

    /// Lets ONNX Runtime optimise the graph for this machine and writes the outcome: `model` and, beside it under the
    /// file name `weights`, every tensor of 1 KiB and more. Open it as [`GraphSource::Stored`].
    ///
    /// Only for the CPU: what other providers make of a graph cannot be stored.
    ///
    /// # Errors
    /// As [`Graph::open`](super::Graph::open); a full disk is an [`Error::BadModel`] in ONNX Runtime's words.
    pub(crate) fn store(
        &self,
        path: &Path,
        model: &Path,
        weights: &str,
        options: &GraphOptions,
        cancel: &CancelToken,
    ) -> Result<()> {
        let options = GraphOptions { prepacking: false, ..options.clone() };
        let further = |builder: SessionBuilder| {
            let failed = |error: ort::Error<SessionBuilder>| open_failure(path, &error);
            // What it would warn of, that the file is for this machine alone, is meant.
            let builder = builder.with_log_level(LogLevel::Error).map_err(failed)?;
            let builder = builder.with_optimized_model_path(model).map_err(failed)?;
            [
                ("session.optimized_model_external_initializers_file_name", weights),
                ("session.optimized_model_external_initializers_min_size_in_bytes", "1024"),
            ]
            .into_iter()
            .try_fold(builder, |builder, (key, value)| builder.with_config_entry(key, value).map_err(failed))
        };
        guarded(|| self.commit(path, &options, cancel, further).map(drop))
    }

    /// Opens a session as `further` asks for it besides. ONNX Runtime looks at `cancel` between two stages of that only:
    /// whoever waits for it does so through [`aside`](super::aside).
    fn commit(
        &self,
        path: &Path,
        options: &GraphOptions,
        cancel: &CancelToken,
        further: impl FnOnce(SessionBuilder) -> Result<SessionBuilder>,
    ) -> Result<Session> {
        cancel.check()?;
        let (environment, info) = environment()?;
        let failed = |error: ort::Error<SessionBuilder>| open_failure(path, &error);
        let builder = Session::builder(environment).map_err(|error| open_failure(path, &error))?;
        let builder = configure(builder, path, options, info)?;
        let mut builder = further(builder)?;
        if let Self::Memory { folder, .. } = self {
            const FOLDER: &str = "session.model_external_initializers_file_folder_path";
            let folder = folder.to_str().ok_or_else(|| {
                Error::Unsupported(format!("the folder \"{}\" has a name that is not UTF-8", folder.display()))
            })?;
            builder = builder.with_config_entry(FOLDER, folder).map_err(failed)?;
        }
        if let Self::Held(held) = self {
            #[expect(unsafe_code, reason = "ONNX Runtime uses weights where they lie in the host's memory")]
            // SAFETY: `self` keeps them unchanged, and whoever opens a session from it drops that first.
            let lent = unsafe { lend(builder, &held.tensors, options.provider.is_cpu(), path) };
            builder = lent?;
        }
        let registration = cancel.register_load(builder.canceler())?;
        let session = match self {
            Self::File { path: file, .. } | Self::Stored { model: file, .. } => builder.commit_from_file(file),
            Self::Memory { model, .. } => builder.commit_from_memory(model),
            Self::Held(held) => builder.commit_from_memory(&held.model),
        };
        session.map_err(|error| match registration.was_stopped() {
            true => Error::Cancelled,
            false => open_failure(path, &error),
        })
    }
}

/// Everything that `options` say, on a new builder.
fn configure(
    builder: SessionBuilder,
    path: &Path,
    options: &GraphOptions,
    info: &RuntimeInfo,
) -> Result<SessionBuilder> {
    let failed = |error: ort::Error<SessionBuilder>| open_failure(path, &error);
    let mut builder = provider::register(builder, options, info)?;
    let threads = intra_threads(options.threads);
    if let Some(threads) = threads {
        builder = builder.with_intra_threads(threads).map_err(failed)?;
    }
    let operators = kernels::domain(threads).map_err(|error| open_failure(path, &error))?;
    builder = builder.with_operators(operators).map_err(failed)?;
    // One block for all activations, planned after the first run, comes on top of what that run took: on a VAE decoder
    // at 512x512 it doubles the memory (2.0 instead of 1.1 GB beside the weights), and saves no time.
    builder = builder.with_memory_pattern(false).map_err(failed)?;
    builder.with_prepacking(options.prepacking).map_err(failed)
}

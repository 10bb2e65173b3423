//! One graph: from the cache, else prepared and stored there, else as it is.

use std::collections::BTreeMap;
use std::mem::take;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::{Cache, MODEL, Stored, WEIGHTS};
use super::edit::{Edit, Edited};
use super::fingerprint;
use crate::files;
use crate::onnx::Model;
use crate::prepare::{PrepareOptions, Report, prepare};
use crate::runtime::{self, CancelToken, Graph, GraphOptions, GraphSource, Stamps};
use crate::{Error, Result};

/// From how many bytes of weights on they stay in the file: below that, ONNX Runtime's own copy, in the order that its
/// kernels like best, costs nothing worth mentioning.
const LARGE: u64 = 64 << 20;

/// How a graph is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Where and how it runs.
    pub graph: GraphOptions,
    /// Whether it may be changed by [`prepare`](crate::prepare) and stored; otherwise the file is opened as it is, but
    /// for [edits](super::Edit) that are needed.
    pub prepare: bool,
    /// Where prepared graphs are kept.
    pub cache: Option<Cache>,
}

/// A graph and what was done to it.
#[derive(Debug)]
pub struct Opened {
    /// The graph.
    pub graph: Graph,
    /// What was done.
    pub preparation: Preparation,
}

/// What was done to a graph before it was opened.
#[derive(Debug, Clone, Default)]
pub struct Preparation {
    /// What was changed, in sentences.
    pub done: Vec<String>,
    /// What was looked at and left as it was, in sentences.
    pub left: Vec<String>,
    /// What the cache had to do with it.
    pub cache: CacheUse,
}

/// Where an opened graph came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheUse {
    /// No cache was used.
    #[default]
    None,
    /// It was made and stored just now.
    Stored,
    /// It was stored before.
    Found,
    /// It could not be stored; the reason stands among what was left.
    Failed,
}

impl CacheUse {
    /// `none`, `stored`, `found` or `failed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Stored => "stored",
            Self::Found => "found",
            Self::Failed => "failed",
        }
    }
}

/// What was done to a graph, and what was left.
type Sentences = (Vec<String>, Vec<String>);

/// A graph file that was looked at: it is whole, and the files with its weights are there.
pub(super) struct Checked<'p> {
    pub path: &'p Path,
    model: Model,
    weight_files: Vec<PathBuf>,
    /// All files as they were before anything was read from them.
    stamps: Stamps,
    bytes: u64,
    /// What was done to the model since.
    edited: Edited,
}

impl<'p> Checked<'p> {
    /// Reads the graph at `path` without its weights.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::BadModel`].
    pub fn read(path: &'p Path) -> Result<Self> {
        let own = Stamps::of([path])?;
        let model = Model::open(path)?;
        let external = model.external_tensors();
        runtime::check_external_data(path, &external)?;
        let mut weight_files: Vec<_> = external.iter().map(|t| path.with_file_name(&t.location)).collect();
        weight_files.sort();
        weight_files.dedup();
        let size = |file: &Path| match files::kind(file) {
            Ok(files::Kind::File(length)) => length,
            _ => 0,
        };
        own.check()?;
        let stamps = Stamps::of(std::iter::once(path).chain(weight_files.iter().map(PathBuf::as_path)))?;
        let bytes = size(path) + weight_files.iter().map(|file| size(file)).sum::<u64>();
        Ok(Self { path, model, weight_files, stamps, bytes, edited: Edited::default() })
    }

    /// Opens it, with `edits` applied.
    ///
    /// # Errors
    /// As [`Graph::open`], and those of an edit that is needed.
    pub fn open(mut self, name: &str, options: &OpenOptions, edits: &[Edit], cancel: &CancelToken) -> Result<Opened> {
        cancel.check()?;
        self.edited = Edited::by(edits, options.prepare, &mut self.model, name)?;
        cancel.check()?;
        let options = &OpenOptions { graph: runtime::settle(options.graph.clone())?.0, ..options.clone() };
        let mut graph_options = options.graph.clone();
        graph_options.prepacking &= self.bytes < LARGE;
        let Some(passes) = passes(&graph_options).filter(|_| options.prepare) else {
            return self.as_it_is(name, &options.graph, Preparation::default(), cancel);
        };
        let opened = match options.cache.as_ref() {
            Some(cache) => self.through_cache(name, &graph_options, &passes, cache, cancel),
            None => self.prepared_anew(name, &graph_options, &passes, cancel),
        };
        match opened {
            Ok(opened) => Ok(opened),
            // What is left finds its files gone.
            Err(_) if cancel.is_cancelled() => Err(Error::Cancelled),
            Err(error) => {
                let left = format!("the file as it is, since preparing it failed: {error}");
                log::warn!("{name} is opened from {left}");
                let preparation = Preparation { left: vec![left], ..Preparation::default() };
                self.as_it_is(name, &options.graph, preparation, cancel)
            }
        }
    }

    /// The file itself, or what the edits made of it.
    fn as_it_is(
        &self,
        name: &str,
        options: &GraphOptions,
        mut preparation: Preparation,
        cancel: &CancelToken,
    ) -> Result<Opened> {
        if !self.edited.is_empty() {
            let edited = self.in_memory(self.model.clone());
            match edited.and_then(|source| Graph::open_source(name, self.path, source, options, cancel)) {
                Ok(graph) => {
                    preparation.done.splice(0..0, self.edited.done.iter().cloned());
                    preparation.left.splice(0..0, self.edited.left.iter().cloned());
                    return Ok(Opened { graph, preparation });
                }
                Err(error @ (Error::Cancelled | Error::OutOfMemory(_))) => return Err(error),
                Err(error) if self.edited.needed || cancel.is_cancelled() => return Err(error),
                Err(error) => {
                    log::warn!("{name} is opened without what was changed in it, which failed: {error}");
                    let undone = self.edited.done.iter().map(|done| format!("undone ({done}): {error}"));
                    preparation.left.extend(undone);
                }
            }
        }
        preparation.left.splice(0..0, self.edited.left.iter().cloned());
        let source = match self.is_held() {
            // What stands in `self.model` may have been edited.
            true => self.in_memory(Model::open(self.path)?)?,
            false => GraphSource::file(self.path, self.weight_files.iter().map(PathBuf::as_path))?,
        };
        let graph = Graph::open_source(name, self.path, source, options, cancel)?;
        Ok(Opened { graph, preparation })
    }

    /// The prepared model as a source in memory, and what was done to it and what was left.
    fn prepared(&self, passes: &PrepareOptions, cancel: &CancelToken) -> Result<(GraphSource, Sentences)> {
        let mut model = self.model.clone();
        let (done, left) = sentences(&prepare(&mut model, passes)?);
        cancel.check()?;
        let sentences = ([&self.edited.done[..], &done].concat(), [&self.edited.left[..], &left].concat());
        Ok((self.in_memory(model)?, sentences))
    }

    /// `model` as a source in memory, with its weights left where they are: in the files, or in memory too.
    fn in_memory(&self, mut model: Model) -> Result<GraphSource> {
        if self.is_held() {
            model.embed_from_memory()?;
            return Ok(GraphSource::Held(Arc::new(model.lend()?)));
        }
        // Download caches keep the files in one folder under other names, and link to them from another. ONNX Runtime
        // follows no link out of the folder that it is told, so it is told where the files really are.
        let (folder, own) = real_place(self.path)?;
        model.externalise(&own)?;
        let mut names = BTreeMap::from([(own.clone(), own)]);
        for tensor in model.external_tensors() {
            if names.contains_key(&tensor.location) {
                continue;
            }
            let (place, name) = real_place(&self.path.with_file_name(&tensor.location))?;
            let place = place.strip_prefix(&folder).map_err(|_| {
                Error::Unsupported(format!("its weights lie in \"{}\", not beside it", place.display()))
            })?;
            let name = place.join(name).to_string_lossy().into_owned();
            names.insert(tensor.location, name);
        }
        model.rename_external(&|location| names.get(location).cloned());
        let model = Arc::from(model.to_bytes());
        Ok(GraphSource::Memory { model, folder, files: self.stamps.clone() })
    }

    /// Whether the graph's file was handed over in memory.
    fn is_held(&self) -> bool {
        files::in_memory(self.path).is_some()
    }

    fn prepared_anew(
        &self,
        name: &str,
        options: &GraphOptions,
        passes: &PrepareOptions,
        cancel: &CancelToken,
    ) -> Result<Opened> {
        let (source, (done, left)) = self.prepared(passes, cancel)?;
        let graph = Graph::open_source(name, self.path, source, options, cancel)?;
        Ok(Opened { graph, preparation: Preparation { done, left, cache: CacheUse::None } })
    }

    fn through_cache(
        &self,
        name: &str,
        options: &GraphOptions,
        passes: &PrepareOptions,
        cache: &Cache,
        cancel: &CancelToken,
    ) -> Result<Opened> {
        let files: Vec<&Path> =
            std::iter::once(self.path).chain(self.weight_files.iter().map(|file| file.as_path())).collect();
        let runtime = runtime::initialize(None)?;
        let settings = match self.edited.keys.as_slice() {
            [] => format!("{passes:?}"),
            keys => format!("{passes:?} {keys:?}"),
        };
        let key = fingerprint::key(&files, &settings, &runtime, cache, cancel)?;
        let open = |stored: Stored| {
            let source = GraphSource::Stored { model: stored.model, lease: stored.lease };
            Graph::open_source(name, self.path, source, options, cancel)
        };
        if let Some(mut stored) = cache.find(&key) {
            let (done, left) = (take(&mut stored.entry.done), take(&mut stored.entry.left));
            match open(stored) {
                Ok(graph) => {
                    return Ok(Opened { graph, preparation: Preparation { done, left, cache: CacheUse::Found } });
                }
                Err(error @ (Error::Cancelled | Error::OutOfMemory(_))) => return Err(error),
                Err(error) if cancel.is_cancelled() => return Err(error),
                Err(error) => {
                    log::warn!("the cached graph for {name} cannot be opened and is made again: {error}");
                    cache.discard(&key);
                }
            }
        }
        let (source, (done, mut left)) = self.prepared(passes, cancel)?;
        let stored = cache.insert(&key, self.path, (done.clone(), left.clone()), |folder| {
            source.store(self.path, &folder.join(MODEL), WEIGHTS, options, cancel)?;
            // Otherwise another content would be stored under this one's hash.
            self.stamps.check()
        });
        match stored {
            Ok(stored) => {
                // What optimising took is given back before the weights are mapped.
                drop(source);
                runtime::trim();
                Ok(Opened { graph: open(stored)?, preparation: Preparation { done, left, cache: CacheUse::Stored } })
            }
            Err(_) if cancel.is_cancelled() => Err(Error::Cancelled),
            Err(error) => {
                log::warn!("{name} cannot be stored in the cache, and is prepared again next time: {error}");
                left.push(format!("not stored in the cache: {error}"));
                let graph = Graph::open_source(name, self.path, source, options, cancel)?;
                Ok(Opened { graph, preparation: Preparation { done, left, cache: CacheUse::Failed } })
            }
        }
    }
}

/// The folder and the name of a file that links may lead to.
fn real_place(path: &Path) -> Result<(PathBuf, String)> {
    let real = path.canonicalize().map_err(|error| Error::io("cannot find", path, error))?;
    let name = real.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let name =
        name.ok_or_else(|| Error::Unsupported(format!("\"{}\" has a name that is not UTF-8", real.display())))?;
    let folder = real.parent().ok_or_else(|| Error::Internal("a file lies in no folder".to_owned()))?;
    Ok((folder.to_owned(), name))
}

/// What may be done to a graph for this provider; `None` where it is best left alone.
fn passes(options: &GraphOptions) -> Option<PrepareOptions> {
    // Providers that compile the graph themselves (OpenVINO, TensorRT, Core ML) know ONNX's own operators best.
    options.provider.is_cpu().then(PrepareOptions::default)
}

fn sentences(report: &Report) -> Sentences {
    let texts = |lines: &[crate::prepare::Line]| lines.iter().map(|line| line.text.clone()).collect();
    (texts(&report.done), texts(&report.left))
}

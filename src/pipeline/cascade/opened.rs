//! A cascade's folder with its graphs, tokenizers and constants open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::ArrayD;

use crate::denoise;
use crate::error::{Error, Result};
use crate::files;
use crate::model::FeatureExtractor;
use crate::model::cascade::{CascadeFolder, Preparation, Text};
use crate::opening::{self, GraphFile, OpenOptions};
use crate::pipeline::info::GraphInfo;
use crate::pipeline::{MemoryMode, Observer, Phase, PipelineOptions, report};
use crate::runtime::{AutoChoice, CancelToken, Graph, GraphOptions};
use crate::text::{AnyTokenizer, TokenizerOptions};

/// An opened cascade.
pub(in crate::pipeline) struct Cascade {
    pub folder: CascadeFolder,
    pub memory: MemoryMode,
    /// By their sub-folders.
    graphs: BTreeMap<String, Arc<Graph>>,
    /// By the texts' names.
    tokenizers: BTreeMap<String, AnyTokenizer>,
    /// By their names.
    constants: BTreeMap<String, ArrayD<f32>>,
    /// How CLIP looks at pictures, by the pictures' roles.
    eyes: BTreeMap<String, FeatureExtractor>,
}

/// What opening found out besides.
pub(in crate::pipeline) struct Report {
    pub graphs: Vec<GraphInfo>,
    pub auto: Option<AutoChoice>,
    pub notes: Vec<String>,
}

impl Cascade {
    /// Opens every graph of `folder`, and checks that all parts fit together.
    ///
    /// # Errors
    /// As [`crate::Pipeline::open`].
    pub(in crate::pipeline) fn open(
        folder: CascadeFolder,
        options: &PipelineOptions,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<(Self, Report)> {
        let graph_options = GraphOptions {
            threads: options.threads,
            trim: options.memory != MemoryMode::Speed,
            ..GraphOptions::default()
        };
        if let Some(embedding) = options.embeddings.first() {
            return Err(Error::Unsupported(format!(
                "the learned word at \"{}\" belongs to a Stable Diffusion model; a cascade has no place for it",
                embedding.path.display()
            )));
        }
        let (cache, no_cache) = match options.prepare {
            true => options.cache.open(options.cache_limit)?,
            false => (None, None),
        };
        let (constants, eyes) = (read_constants(&folder)?, read_eyes(&folder)?);
        let mut tokenizers = BTreeMap::new();
        for (name, text) in &folder.manifest.texts {
            tokenizers.insert(name.clone(), open_tokenizer(&folder.root, text)?);
        }
        let names: Vec<String> = folder.graph_folders().into_iter().map(str::to_owned).collect();
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.graph(name)).collect();
        let missing: Vec<_> = names
            .iter()
            .zip(&paths)
            .filter(|(_, path)| !files::is_file(path))
            .map(|(name, _)| format!("{name}/model.onnx"))
            .collect();
        if !missing.is_empty() {
            return Err(Error::bad_model(&folder.root, format!("{} of its manifest are missing", missing.join(", "))));
        }
        let mut auto = None;
        let mut files = Vec::with_capacity(names.len());
        for (name, path) in names.iter().zip(&paths) {
            let (graph, choice) = options.placed_by_name(name, &graph_options)?;
            auto = auto.take().or(choice);
            let options = OpenOptions { graph, prepare: options.prepare, cache: cache.clone() };
            files.push(GraphFile { name: name.clone(), path: path.clone(), options, edits: Vec::new() });
        }
        report(observer, Phase::Opening, 0, files.len())?;
        let opened = opening::open_all(&files, options.memory == MemoryMode::Low, cancel, |done| {
            report(observer, Phase::Opening, done, files.len())
        })?;
        let infos: Vec<_> = opened.iter().map(GraphInfo::of).collect();
        let graphs = names.iter().cloned().zip(opened.into_iter().map(|opened| Arc::new(opened.graph))).collect();
        let cascade = Self { folder, memory: options.memory, graphs, tokenizers, constants, eyes };
        for stage in &cascade.folder.manifest.stages {
            denoise::check_ports(cascade.graph(&stage.denoiser)?)?;
            if let Some(last) = &stage.last_denoiser {
                denoise::check_ports(cascade.graph(last)?)?;
            }
        }
        cascade.check_shapes()?;
        cascade.check_schedulers()?;
        if options.memory == MemoryMode::Low {
            cascade.release();
        }
        let mut notes = cascade.folder.notes.clone();
        notes.extend(infos.iter().filter_map(GraphInfo::note));
        notes.extend(no_cache);
        Ok((cascade, Report { graphs: infos, auto, notes }))
    }

    /// The graph in the sub-folder `name`.
    ///
    /// # Errors
    /// [`Error::Internal`]: all that the manifest names were opened.
    pub(super) fn graph(&self, name: &str) -> Result<&Arc<Graph>> {
        self.graphs.get(name).ok_or_else(|| Error::Internal(format!("the graph {name} was not opened")))
    }

    /// The tokenizer of the text `name`.
    pub(super) fn tokenizer(&self, name: &str) -> Result<&AnyTokenizer> {
        self.tokenizers.get(name).ok_or_else(|| Error::Internal(format!("the tokenizer of {name} was not opened")))
    }

    /// The constant `name`.
    pub(super) fn constant(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.constants.get(name)
    }

    /// How CLIP looks at the pictures of the role `name`.
    pub(super) fn eyes(&self, name: &str) -> Option<&FeatureExtractor> {
        self.eyes.get(name)
    }

    /// Gives the memory of all graphs back until they are needed again.
    pub(super) fn release(&self) {
        self.graphs.values().for_each(|graph| graph.release());
    }
}

fn read_constants(folder: &CascadeFolder) -> Result<BTreeMap<String, ArrayD<f32>>> {
    let constants = folder.manifest.constants.iter();
    constants.map(|(name, constant)| Ok((name.clone(), super::constants::read(&folder.root, constant)?))).collect()
}

fn read_eyes(folder: &CascadeFolder) -> Result<BTreeMap<String, FeatureExtractor>> {
    let mut eyes = BTreeMap::new();
    for (name, role) in folder.manifest.pictures.iter().filter(|(_, role)| role.prepare == Preparation::Clip) {
        let processor = role.processor.as_deref().unwrap_or("feature_extractor");
        eyes.insert(name.clone(), FeatureExtractor::read_from(&folder.root.join(processor))?);
    }
    Ok(eyes)
}

fn open_tokenizer(root: &Path, text: &Text) -> Result<AnyTokenizer> {
    let options = TokenizerOptions { length: Some(text.length), padding: text.pad_id };
    AnyTokenizer::open(&root.join(&text.tokenizer), options)
}

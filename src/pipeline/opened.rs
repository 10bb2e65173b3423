//! The graphs of a model, opened, whatever its family.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::autoencoder::{Decoder, Encoder};
use crate::denoise;
use crate::error::{Error, Result};
use crate::model::{FeatureExtractor, GraphRole, ModelFolder, TextArchitecture, VaeConfig};
use crate::opening::{self, Edit, GraphFile, OpenOptions};
use crate::pipeline::conditions::Conditions;
use crate::pipeline::facts::check_vocabulary;
use crate::pipeline::info::GraphInfo;
use crate::pipeline::learned::Learned;
use crate::pipeline::safety::Checker;
use crate::pipeline::wrapped::{AllWrapped, Wrapped};
use crate::pipeline::{MemoryMode, Observer, Phase, PipelineOptions, Seamless, report};
use crate::runtime::{AutoChoice, CancelToken, Graph, GraphOptions};
use crate::text::AnyTokenizer;
use crate::text::encoder::TextEncoder;
use crate::text::t5::T5Tokenizer;
use crate::text::tokenizer::ClipTokenizer;
use crate::text::{expose_float32_states, expose_states};

/// How many tokens T5 reads where nobody says; every family says.
const T5_TOKENS: usize = 512;

/// Which opened model something came from.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct Identity(Arc<()>);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What a family's conditioning and the loop work with.
pub(in crate::pipeline) struct Opened {
    pub identity: Identity,
    pub folder: ModelFolder,
    pub memory: MemoryMode,
    pub denoiser: Arc<Graph>,
    pub decoder: Decoder,
    texts: BTreeMap<GraphRole, TextEncoder>,
    /// Opened when the first picture comes: most requests need none, and it costs time and memory.
    encoder: Late<Encoder>,
    checker: Late<Checker>,
    /// What small previews are made with.
    small: Late<Decoder>,
    wrapped: AllWrapped,
    /// What lies beside the graphs of every model, and looks at other pictures.
    pub conditions: Conditions,
}

/// What opening found out besides.
pub(in crate::pipeline) struct Report {
    pub graphs: Vec<GraphInfo>,
    pub auto: Option<AutoChoice>,
    /// Why there is no cache, if there is none.
    pub notes: Vec<String>,
}

/// A graph that is opened when it is needed.
struct Late<T> {
    options: Option<OpenOptions>,
    made: Mutex<Option<Arc<T>>>,
}

impl Opened {
    /// Opens the graphs that `folder`'s family cannot do without.
    ///
    /// # Errors
    /// As [`crate::Pipeline::open`].
    pub(in crate::pipeline) fn open(
        folder: ModelFolder,
        options: &PipelineOptions,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<(Self, Report)> {
        let graph_options = GraphOptions {
            threads: options.threads,
            trim: options.memory != MemoryMode::Speed,
            ..GraphOptions::default()
        };
        let learned = Learned::read(&options.embeddings, &folder)?;
        let (cache, no_cache) = match options.prepare {
            true => options.cache.open(options.cache_limit)?,
            false => (None, None),
        };
        let mut auto = None;
        let mut open_options = |role: GraphRole| {
            let (graph, choice) = options.placed(role, &graph_options)?;
            auto = auto.take().or(choice);
            Ok::<_, Error>(OpenOptions { graph, prepare: options.prepare, cache: cache.clone() })
        };
        let roles = opened_roles(&folder);
        let mut files = Vec::with_capacity(roles.len());
        for role in &roles {
            let path = folder
                .graph(*role)
                .ok_or_else(|| Error::bad_model(folder.root(), format!("it has no {}/model.onnx", role.name())))?;
            let options = open_options(*role)?;
            let edits = match GraphRole::TEXT.contains(role) {
                true => {
                    std::iter::once(state_edit(options.graph.provider.is_cpu())).chain(learned.edit(*role)).collect()
                }
                false => Vec::new(),
            };
            files.push(GraphFile { name: role.name().to_owned(), path: path.to_owned(), options, edits });
        }
        let mut late = |role| folder.graph(role).map(|_| open_options(role)).transpose();
        let encoder = Late { options: late(GraphRole::VaeEncoder)?, made: Mutex::default() };
        let checker = Late { options: late(GraphRole::SafetyChecker)?, made: Mutex::default() };
        let small = Late { options: late(GraphRole::PreviewDecoder)?, made: Mutex::default() };
        let mut conditions = Conditions::new(&folder, &options.condition_graphs, &mut open_options)?;
        let wrapped = AllWrapped::new(open_options(folder.denoiser_role())?, open_options(GraphRole::VaeDecoder)?);

        report(observer, Phase::Opening, 0, roles.len())?;
        let opened = opening::open_all(&files, options.memory == MemoryMode::Low, cancel, |done| {
            report(observer, Phase::Opening, done, roles.len())
        })?;
        let graphs: Vec<_> = opened.iter().map(GraphInfo::of).collect();
        let mut by_role: BTreeMap<GraphRole, Arc<Graph>> =
            roles.iter().copied().zip(opened.into_iter().map(|opened| Arc::new(opened.graph))).collect();
        let mut take = |role: GraphRole| {
            by_role.remove(&role).ok_or_else(|| Error::Internal(format!("{} was not opened", role.name())))
        };
        let denoiser = take(folder.denoiser_role())?;
        // Before the others, since graphs in each other's places are best told apart by this one.
        denoise::check_ports(&denoiser)?;
        conditions.fit(&denoiser, &folder)?;
        let decoder = Decoder::new(take(GraphRole::VaeDecoder)?, folder.vae())?;
        let mut texts = BTreeMap::new();
        for (role, graph) in by_role {
            cancel.check()?;
            let tokenizer = folder
                .tokenizer(role)
                .ok_or_else(|| Error::bad_model(folder.root(), format!("it has no tokenizer for {}", role.name())))?;
            let mut tokenizer = open_tokenizer(&folder, role, tokenizer)?;
            check_vocabulary(&folder, role, &tokenizer)?;
            if let AnyTokenizer::Clip(tokenizer) = &mut tokenizer {
                learned.teach(role, tokenizer)?;
            }
            let text = TextEncoder::new(graph, tokenizer)?;
            if options.memory != MemoryMode::Speed {
                text.release();
            }
            texts.insert(role, text);
        }
        let notes = no_cache.into_iter().chain(std::mem::take(&mut conditions.notes)).collect();
        let report = Report { graphs, auto, notes };
        let (identity, memory) = (Identity(Arc::new(())), options.memory);
        Ok((
            Self { identity, folder, memory, denoiser, decoder, texts, encoder, checker, small, wrapped, conditions },
            report,
        ))
    }

    /// The text encoder of that role, if the model has it.
    pub(in crate::pipeline) fn text(&self, role: GraphRole) -> Option<&TextEncoder> {
        self.texts.get(&role)
    }

    /// Whether the model has the text encoder of that role.
    pub(in crate::pipeline) fn has_text(&self, role: GraphRole) -> bool {
        self.texts.contains_key(&role)
    }

    /// The autoencoder's encoder, opened now if it was not yet.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the folder has none; as [`crate::Pipeline::open`] when it cannot be opened.
    pub(in crate::pipeline) fn encoder(&self, cancel: &CancelToken) -> Result<Arc<Encoder>> {
        self.encoder.get(&self.folder, GraphRole::VaeEncoder, "starting from a picture", cancel, |graph| {
            Encoder::new(graph, self.folder.vae())
        })
    }

    /// The safety checker, opened now if it was not yet.
    ///
    /// # Errors
    /// As [`Opened::encoder`].
    pub(in crate::pipeline) fn checker(&self, cancel: &CancelToken) -> Result<Arc<Checker>> {
        self.checker.get(&self.folder, GraphRole::SafetyChecker, "checking pictures", cancel, |graph| {
            Checker::new(graph, FeatureExtractor::read(self.folder.root())?)
        })
    }

    /// The decoder of small previews, opened now if it was not yet.
    ///
    /// # Errors
    /// As [`Opened::encoder`].
    pub(in crate::pipeline) fn small_decoder(&self, cancel: &CancelToken) -> Result<Arc<Decoder>> {
        self.small.get(&self.folder, GraphRole::PreviewDecoder, "a small preview", cancel, |graph| {
            // Such decoders take the denoiser's latents as they are (diffusers `AutoencoderTiny`: scaling_factor 1).
            let unscaled = VaeConfig {
                scaling_factor: 1.0,
                shift_factor: 0.0,
                latents_mean: None,
                latents_std: None,
                ..self.folder.vae().clone()
            };
            Decoder::new(graph, &unscaled)
        })
    }

    /// The denoiser and the decoder with convolutions that wrap around, opened now if they were not yet.
    ///
    /// # Errors
    /// As [`AllWrapped::get`].
    pub(in crate::pipeline) fn wrapped(
        &self,
        seamless: Seamless,
        cancel: &CancelToken,
    ) -> Result<Option<Arc<Wrapped>>> {
        self.wrapped.get(&self.folder, seamless, self.memory == MemoryMode::Low, cancel)
    }

    /// Gives the memory of the text encoder of that role back until the next prompt.
    pub(in crate::pipeline) fn release_text(&self, role: GraphRole) {
        if let Some(text) = self.texts.get(&role) {
            text.release();
        }
    }

    /// Gives the text encoders' memory back until the next prompt.
    pub(in crate::pipeline) fn release_texts(&self) {
        self.texts.values().for_each(TextEncoder::release);
    }

    /// Gives back whatever is open.
    pub(in crate::pipeline) fn release(&self) {
        self.release_texts();
        self.denoiser.release();
        self.decoder.release();
        self.release_encoder();
        self.wrapped.release();
        self.conditions.release();
        if let Some(checker) = &*self.checker.made.lock().unwrap_or_else(PoisonError::into_inner) {
            checker.release();
        }
        if let Some(small) = &*self.small.made.lock().unwrap_or_else(PoisonError::into_inner) {
            small.release();
        }
    }

    /// Gives the encoder's memory back until the next picture.
    pub(in crate::pipeline) fn release_encoder(&self) {
        if let Some(encoder) = &*self.encoder.made.lock().unwrap_or_else(PoisonError::into_inner) {
            encoder.release();
        }
    }
}

impl<T> Late<T> {
    fn get(
        &self,
        folder: &ModelFolder,
        role: GraphRole,
        purpose: &str,
        cancel: &CancelToken,
        make: impl FnOnce(Arc<Graph>) -> Result<T>,
    ) -> Result<Arc<T>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made {
            return Ok(Arc::clone(made));
        }
        let (Some(path), Some(options)) = (folder.graph(role), self.options.clone()) else {
            return Err(Error::Unsupported(format!(
                "{purpose} needs a {}/model.onnx, and the model at \"{}\" has none",
                role.name(),
                folder.root().display()
            )));
        };
        let file = GraphFile { name: role.name().to_owned(), path: path.to_owned(), options, edits: Vec::new() };
        let opened = opening::open_aside(vec![file], false, cancel)?;
        let graph = opened.into_iter().next().ok_or_else(|| Error::Internal("nothing was opened".into()))?.graph;
        Ok(Arc::clone(made.insert(Arc::new(make(Arc::new(graph))?))))
    }
}

/// The graphs that are opened with the model, the text encoders first. Others are opened when they are needed.
pub(in crate::pipeline) fn opened_roles(folder: &ModelFolder) -> Vec<GraphRole> {
    // A text encoder that a family can do without is opened where it is there.
    let texts = GraphRole::TEXT.into_iter().filter(|role| folder.family().uses(*role) && folder.graph(*role).is_some());
    // Pictures are looked at by what `conditions` opens when it must.
    let later = |role: &GraphRole| GraphRole::TEXT.contains(role) || *role == GraphRole::ImageEncoder;
    texts.chain(folder.roles_needed().iter().copied().filter(|role| !later(role))).collect()
}

/// The tokenizer of the text encoder `role`, of the kind that the encoder is.
fn open_tokenizer(folder: &ModelFolder, role: GraphRole, path: &Path) -> Result<AnyTokenizer> {
    match folder.family().architecture(role) {
        Some(TextArchitecture::T5) => Ok(T5Tokenizer::open(path, T5_TOKENS)?.into()),
        _ => Ok(ClipTokenizer::open_padded(path, folder.padding(role))?.into()),
    }
}

/// Lets a text encoder give out the states that CLIP skip takes, where its export does not.
fn state_edit(on_cpu: bool) -> Edit {
    let change = if on_cpu { expose_float32_states } else { expose_states };
    Edit::new("states of the text encoder, version 1", change)
}

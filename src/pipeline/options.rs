//! How a model is opened: where ONNX Runtime is, which provider, how many threads, how much memory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::opening::{Cache, DEFAULT_LIMIT, default_cache_folder};
use crate::runtime::{Fallback, Precision, Provider, ProviderSettings};

/// What a pipeline trades memory for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MemoryMode {
    /// Every graph stays open, guidance runs as one batched call. The default.
    #[default]
    Speed,
    /// The text encoder is closed after use and opened again when a new prompt comes; memory for activations is given
    /// back after every run.
    Balanced,
    /// Text encoders, denoiser and autoencoder are open one kind after the other, one denoiser call for each guidance branch and each picture, and latents larger
    /// than what the autoencoder was trained on are decoded in overlapping tiles.
    Low,
}

impl MemoryMode {
    /// Every mode, the fastest first.
    pub const ALL: [Self; 3] = [Self::Speed, Self::Balanced, Self::Low];

    /// The mode called `name`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a name that is not one of [`MemoryMode::ALL`]'s.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
            Error::invalid(format!(
                "memory mode \"{name}\" is not known; allowed are \"speed\", \"balanced\" and \"low\""
            ))
        })
    }

    /// The name that [`MemoryMode::parse`] reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Balanced => "balanced",
            Self::Low => "low",
        }
    }
}

/// Where prepared graphs are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CacheChoice {
    /// Nowhere.
    #[default]
    None,
    /// In the user's cache folder ([`default_cache_folder`]), or nowhere where that cannot be made; a note says so then.
    User,
    /// In this folder, which is made if it is not there.
    At(PathBuf),
}

impl CacheChoice {
    /// The cache, and why there is none where one was hoped for.
    ///
    /// # Errors
    /// [`Error::Io`] if a folder that was named cannot be made.
    pub(super) fn open(&self, limit: u64) -> Result<(Option<Cache>, Option<String>)> {
        match self {
            Self::None => Ok((None, None)),
            Self::At(folder) => Ok((Some(Cache::at(folder, limit)?), None)),
            Self::User => Ok(match default_cache_folder().map(|folder| Cache::at(&folder, limit)) {
                Some(Ok(cache)) => (Some(cache), None),
                Some(Err(error)) => (None, Some(format!("Prepared graphs are not kept: {error}."))),
                None => (None, Some("Prepared graphs are not kept: the environment names no cache folder.".to_owned())),
            }),
        }
    }
}

/// A file of textual inversion: a word that was learned from pictures.
///
/// A safetensors file with one tensor, `emb_params` or named by its token, or with `clip_l` and `clip_g` for families with
/// two CLIPs; float32, float16 or bfloat16, `[width]` or `[vectors, width]`, at most 64 MiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingFile {
    /// Where it is.
    pub path: PathBuf,
    /// How prompts write the word. `None`: the tensor's name, or for `emb_params`, `clip_l` and `clip_g` the file's without
    /// its extension. Letters count in their case, and the word is found inside of others too, as in diffusers.
    pub token: Option<String>,
}

/// The most threads that may be asked for.
pub const MAX_THREADS: u32 = 1024;

/// The most jobs that may wait at a time, unless told otherwise.
pub const DEFAULT_JOB_QUEUE: u32 = 16;
/// The longest queue of jobs that may be asked for.
pub const MAX_JOB_QUEUE: u32 = 1024;

/// How to open a model. [`Default`] is [`Provider::Auto`], all cores, every graph resident, nothing cached.
#[derive(Debug, Clone)]
pub struct PipelineOptions {
    /// ONNX Runtime's library, or a folder that holds it. `None`: `ORT_DYLIB_PATH`, then beside this library,
    /// then the system's.
    pub ort_library: Option<PathBuf>,
    /// The execution provider for every graph that `placement` does not name.
    pub provider: Provider,
    /// The providers of single graphs; [`PipelineOptions::place`] fills it in by name.
    pub placement: BTreeMap<GraphRole, Provider>,
    /// What the providers compute in, where they have a choice.
    pub precision: Precision,
    /// The providers' own options.
    pub provider_settings: ProviderSettings,
    /// What happens when a part of a graph cannot run on its provider.
    pub fallback: Fallback,
    /// Which device of that provider, counted from 0.
    pub device_id: u32,
    /// Threads for one operator, up to [`MAX_THREADS`]; 0 means one for each physical core this process may use.
    pub threads: u32,
    /// What to trade memory for.
    pub memory: MemoryMode,
    /// Whether graphs may be changed so that they run faster and compute the same ([`crate::prepare`]). Otherwise the
    /// files are opened as they are, and nothing is cached.
    pub prepare: bool,
    /// Where prepared graphs are kept, so that a model opens in a fraction of the time and with its weights mapped from
    /// the disk. It takes about as much room as the models do.
    pub cache: CacheChoice,
    /// The most bytes that the cache keeps; what was not used for longest goes first.
    pub cache_limit: u64,
    /// Words that prompts may use besides (textual inversion).
    pub embeddings: Vec<EmbeddingFile>,
    /// ControlNets and adapters that lie elsewhere than in the model's folder: ONNX files, or folders with one. They
    /// follow the folder's own in the numbers of their roles.
    pub condition_graphs: Vec<PathBuf>,
    /// How many jobs ([`crate::JobQueue`]) may wait behind the one that runs, 0 to [`MAX_JOB_QUEUE`]; the next one is
    /// refused as [`Error::Busy`].
    pub job_queue: u32,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            ort_library: None,
            provider: Provider::default(),
            placement: BTreeMap::new(),
            precision: Precision::default(),
            provider_settings: ProviderSettings::default(),
            fallback: Fallback::default(),
            device_id: 0,
            threads: 0,
            memory: MemoryMode::default(),
            prepare: true,
            cache: CacheChoice::None,
            cache_limit: DEFAULT_LIMIT,
            embeddings: Vec::new(),
            condition_graphs: Vec::new(),
            job_queue: DEFAULT_JOB_QUEUE,
        }
    }
}

impl PipelineOptions {
    /// Checks what can be checked before anything is opened.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], naming the option, its value, and what is allowed.
    pub(super) fn validate(&self) -> Result<()> {
        if self.threads > MAX_THREADS {
            return Err(Error::invalid(format!("threads is {}; allowed are 0 to {MAX_THREADS}", self.threads)));
        }
        if self.job_queue > MAX_JOB_QUEUE {
            return Err(Error::invalid(format!(
                "the job queue is {} long; allowed are 0 to {MAX_JOB_QUEUE} waiting jobs",
                self.job_queue
            )));
        }
        self.check_providers()
    }
}

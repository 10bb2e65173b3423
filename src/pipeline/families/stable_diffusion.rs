//! Stable Diffusion 1.x: one CLIP text encoder, one UNet over latents, one KL autoencoder
//! (Rombach et al. 2022, arXiv:2112.10752; diffusers `pipeline_stable_diffusion.py` for every convention).

use std::sync::Arc;
use std::time::Instant;

use ndarray::{Array2, ArrayD, Axis, Ix3, concatenate, stack};

use crate::autoencoder::Decoder;
use crate::denoise::{self, Batching, Denoiser, Denoising, guidance};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::model::{GraphRole, ModelFolder};
use crate::opening::{self, GraphFile, OpenOptions};
use crate::pipeline::facts::{check_context_width, check_vocabulary, describe, own_scheduler};
use crate::pipeline::info::{GraphInfo, PipelineInfo};
use crate::pipeline::{
    Generated, MAX_PIXELS, MemoryMode, Observer, Phase, PipelineOptions, Request, Settings, Timings, report,
};
use crate::rng::{Generator, NoiseSource, RngKind};
use crate::runtime::{CancelToken, Graph, GraphOptions, RuntimeInfo};
use crate::scheduler::{self, SchedulerKind, SchedulerOptions, SigmaSchedule};
use crate::text::HiddenState;
use crate::text::encoder::{TextEmbedding, TextEncoder};
use crate::text::tokenizer::ClipTokenizer;

/// An opened Stable Diffusion 1.x folder.
pub(in crate::pipeline) struct StableDiffusion {
    text: TextEncoder,
    unet: Arc<Graph>,
    decoder: Decoder,
    /// What the folder asks for, or why that cannot be; a request may still name another.
    own_scheduler: Result<SchedulerKind, String>,
    folder: ModelFolder,
    memory: MemoryMode,
    info: PipelineInfo,
}

/// A request with every default filled in, checked against the model.
pub(in crate::pipeline) struct Plan {
    request: Request,
    settings: Settings,
    scheduler_kind: SchedulerKind,
    /// `[pictures, channels, height, width]` of the latents.
    latents: [usize; 4],
}

impl StableDiffusion {
    /// Opens the graphs of `folder` and checks that they fit together.
    pub(in crate::pipeline) fn open(
        folder: ModelFolder,
        options: &PipelineOptions,
        runtime: &RuntimeInfo,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let own_scheduler = own_scheduler(&folder);
        for note in folder.notes() {
            log::info!("{note}");
        }
        if folder.denoiser().time_cond_proj_dim.is_some() {
            return Err(Error::Unsupported(
                "its UNet is distilled for guidance (time_cond_proj_dim, a latent consistency model), which this version \
                 does not run"
                    .into(),
            ));
        }
        let tokenizer = ClipTokenizer::open(folder.tokenizer(GraphRole::TextEncoder).unwrap_or(folder.root()))?;
        let graph_options = GraphOptions {
            threads: options.threads,
            trim: options.memory != MemoryMode::Speed,
            ..GraphOptions::default()
        };
        let (cache, no_cache) = match options.prepare {
            true => options.cache.open(options.cache_limit)?,
            false => (None, None),
        };
        let roles = [GraphRole::TextEncoder, GraphRole::Unet, GraphRole::VaeDecoder];
        let mut auto = None;
        let mut file = |role: GraphRole| {
            let path = folder
                .graph(role)
                .ok_or_else(|| Error::bad_model(folder.root(), format!("it has no {}/model.onnx", role.name())))?;
            let (graph, choice) = options.placed(role, &graph_options)?;
            auto = auto.take().or(choice);
            let options = OpenOptions { graph, prepare: options.prepare, cache: cache.clone() };
            Ok(GraphFile { name: role.name(), path, options })
        };
        let files = roles.into_iter().map(&mut file).collect::<Result<Vec<_>>>()?;
        report(observer, Phase::Opening, 0, roles.len())?;
        let opened = opening::open_all(&files, options.memory == MemoryMode::Low, cancel, |done| {
            report(observer, Phase::Opening, done, roles.len())
        })?;
        let graph_infos: Vec<_> = opened.iter().map(GraphInfo::of).collect();
        let graphs: Vec<_> = opened.into_iter().map(|opened| Arc::new(opened.graph)).collect();
        let Ok([text_graph, unet, decoder_graph]) = <[Arc<Graph>; 3]>::try_from(graphs) else {
            return Err(Error::Internal("three graphs were opened, but not three are there".into()));
        };
        check_vocabulary(&folder, &tokenizer)?;
        let text = TextEncoder::new(text_graph, tokenizer)?;
        Denoiser::check(&unet, text.tokens())?;
        let decoder = Decoder::new(decoder_graph, folder.vae())?;
        check_context_width(&folder, &text, &unet)?;
        let mut info = describe(&folder, &unet, &decoder, &own_scheduler, runtime, graph_infos)?.with_auto(auto);
        info.notes.extend(no_cache);
        if options.memory != MemoryMode::Speed {
            text.release();
        }
        Ok(Self { text, unet, decoder, own_scheduler, folder, memory: options.memory, info })
    }

    /// What was opened.
    pub(in crate::pipeline) fn info(&self) -> &PipelineInfo {
        &self.info
    }

    /// Fills in the model's defaults and checks the request against the model.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], naming the setting, its value, and what this model allows.
    pub(in crate::pipeline) fn plan(&self, request: &Request) -> Result<Plan> {
        let info = &self.info;
        let width = request.width.unwrap_or(info.default_width);
        let height = request.height.unwrap_or(info.default_height);
        self.check_size(width, height, request.count.max(1))?;
        let seed = match request.seed {
            Some(seed) => seed,
            None => random_seed(request.rng),
        };
        // A bad seed or scheduler setting is found here, before anything is encoded.
        Generator::new(request.rng, seed)?;
        let scheduler_kind = match (request.scheduler, &self.own_scheduler) {
            (Some(named), _) => named,
            (None, Ok(own)) => *own,
            (None, Err(reason)) => return Err(Error::bad_model(self.folder.root(), reason)),
        };
        let settings = Settings {
            prompt: request.prompt.clone(),
            negative_prompt: request.negative_prompt.clone(),
            width,
            height,
            steps: request.steps.unwrap_or(info.default_steps),
            guidance: request.guidance.unwrap_or(info.default_guidance),
            scheduler: scheduler_kind.name().to_owned(),
            sigmas: request.sigmas.map_or("default", SigmaSchedule::name).to_owned(),
            eta: request.eta,
            seed,
            rng: request.rng.name().to_owned(),
            count: request.count.max(1),
            model: self.folder.root().file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let factor = self.folder.vae().spatial_factor;
        let pictures = settings.count as usize;
        let latents = [pictures, info.latent_channels, height as usize / factor, width as usize / factor];
        let plan = Plan { request: request.clone(), settings, scheduler_kind, latents };
        self.scheduler(&plan)?;
        Ok(plan)
    }

    /// Draws what was planned.
    ///
    /// # Errors
    /// As [`crate::Pipeline::generate`].
    pub(in crate::pipeline) fn generate(
        &self,
        plan: &Plan,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Generated> {
        let drawn = self.draw(plan, observer, cancel);
        if self.memory == MemoryMode::Low {
            // Whatever was open when it ended, or failed.
            self.text.release();
            self.unet.release();
            self.decoder.release();
        }
        drawn
    }

    fn draw(&self, plan: &Plan, observer: &mut dyn Observer, cancel: &CancelToken) -> Result<Generated> {
        let started = Instant::now();
        let mut timings = Timings::default();
        let mut warnings = Vec::new();
        let guidance = guidance::is_active(plan.settings.guidance).then_some(plan.settings.guidance);

        let context = self.encode_prompts(plan, guidance.is_some(), &mut warnings, observer, cancel);
        if self.memory != MemoryMode::Speed {
            self.text.release();
        }
        let context = context?;
        timings.text = started.elapsed();

        let mut scheduler = self.scheduler(plan)?;
        let mut noise = Generator::new(plan.request.rng, plan.settings.seed)?;
        let mut latents = noise.normal(&plan.latents);
        let sigma = scheduler.init_noise_sigma() as f32;
        latents.mapv_inplace(|v| v * sigma);

        let calls = scheduler.timesteps().len();
        report(observer, Phase::Denoising, 0, calls)?;
        let [_, channels, height, width] = plan.latents;
        let rows = [context.shape()[0], channels, height, width];
        let batching = match self.memory {
            MemoryMode::Speed | MemoryMode::Balanced => Batching::Together,
            MemoryMode::Low => Batching::OneByOne,
        };
        let mut denoiser = Denoiser::bind(&self.unet, rows, context.view(), batching, cancel)?;
        let task =
            Denoising { denoiser: &mut denoiser, scheduler: scheduler.as_mut(), noise: &mut noise, guidance, cancel };
        timings.denoise = denoise::run(task, &mut latents, |done| report(observer, Phase::Denoising, done, calls))?;
        timings.denoise_in_graphs = denoiser.time_in_graph();
        drop(denoiser);
        if self.memory == MemoryMode::Low {
            self.unet.release();
        }

        let decoding = Instant::now();
        let images = self.decode(plan, &latents, observer, cancel)?;
        timings.decode = decoding.elapsed();
        timings.total = started.elapsed();
        Ok(Generated { images, settings: plan.settings.clone(), timings, warnings })
    }

    fn scheduler(&self, plan: &Plan) -> Result<Box<dyn scheduler::Scheduler>> {
        let options = SchedulerOptions {
            sigmas: plan.request.sigmas,
            eta: f64::from(plan.settings.eta),
            ..SchedulerOptions::new(plan.settings.steps as usize)
        };
        scheduler::create(plan.scheduler_kind, &self.folder.scheduler().config, &options)
    }

    /// The context of every row: `[uncond × pictures, cond × pictures]` with guidance, else `[cond × pictures]`.
    fn encode_prompts(
        &self,
        plan: &Plan,
        guided: bool,
        warnings: &mut Vec<String>,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<ndarray::Array3<f32>> {
        let negative = plan.settings.negative_prompt.as_deref().unwrap_or("");
        let mut prompts = vec![("prompt", plan.settings.prompt.as_str())];
        if guided {
            prompts.insert(0, ("negative prompt", negative));
        }
        let mut branches = Vec::with_capacity(prompts.len());
        for (done, (what, prompt)) in prompts.iter().enumerate() {
            report(observer, Phase::EncodingText, done, prompts.len())?;
            let TextEmbedding { context, lost, .. } = self.text.encode(prompt, HiddenState::Last, cancel)?;
            if let Some(lost) = lost {
                let warning =
                    format!("the {what} is too long for the text encoder; it does not see: \"{}\"", shortened(&lost));
                log::warn!("{warning}");
                warnings.push(warning);
            }
            branches.push(repeat(&context, plan.latents[0])?);
        }
        report(observer, Phase::EncodingText, prompts.len(), prompts.len())?;
        let views: Vec<_> = branches.iter().map(|b| b.view()).collect();
        concatenate(Axis(0), &views)
            .map_err(|e| Error::Internal(format!("the prompts' embeddings have different shapes: {e}")))
    }

    fn decode(
        &self,
        plan: &Plan,
        latents: &ArrayD<f32>,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Vec<Image>> {
        let pictures = plan.latents[0];
        let expected = [3, plan.settings.height as usize, plan.settings.width as usize];
        report(observer, Phase::Decoding, 0, pictures)?;
        let mut images = Vec::with_capacity(pictures);
        for (done, latent) in latents.axis_iter(Axis(0)).enumerate() {
            let latent = latent.into_dimensionality::<Ix3>().map_err(|e| Error::Internal(e.to_string()))?;
            let decoded = match self.memory {
                MemoryMode::Speed | MemoryMode::Balanced => self.decoder.decode(latent.to_owned(), cancel)?,
                MemoryMode::Low => self.decoder.decode_tiled(latent.to_owned(), cancel)?,
            };
            if decoded.shape() != expected {
                return Err(Error::bad_model(
                    self.folder.root(),
                    format!(
                        "the VAE decoder gave a picture of shape {:?} where {expected:?} was expected; its spatial \
                         factor does not fit the folder's config",
                        decoded.shape()
                    ),
                ));
            }
            images.push(Image::from_chw(decoded.view(), plan.request.format)?);
            report(observer, Phase::Decoding, done + 1, pictures)?;
        }
        Ok(images)
    }

    fn check_size(&self, width: u32, height: u32, count: u32) -> Result<()> {
        let pixels = u64::from(width) * u64::from(height) * u64::from(count);
        if pixels > MAX_PIXELS {
            return Err(Error::invalid(format!(
                "{count} pictures of {width}x{height} are {pixels} pixels; allowed are {MAX_PIXELS} in one request"
            )));
        }
        if let Some((fixed_width, fixed_height)) = self.info.fixed_size
            && (width, height) != (fixed_width, fixed_height)
        {
            return Err(Error::invalid(format!(
                "the size is {width}x{height}, but this model's graphs were exported for {fixed_width}x{fixed_height} \
                 only"
            )));
        }
        let multiple = self.info.size_multiple;
        for (what, side) in [("width", width), ("height", height)] {
            if side % multiple != 0 {
                let below = (side / multiple).max(1) * multiple;
                return Err(Error::invalid(format!(
                    "{what} is {side}; this model draws multiples of {multiple}, as {below} or {}",
                    below + multiple
                )));
            }
        }
        Ok(())
    }
}

/// A text for people, cut where it becomes a wall.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 400;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} …", &text[..at]),
        None => text.to_owned(),
    }
}

/// `context` once for each picture.
fn repeat(context: &Array2<f32>, pictures: usize) -> Result<ndarray::Array3<f32>> {
    stack(Axis(0), &vec![context.view(); pictures]).map_err(|e| Error::Internal(e.to_string()))
}

/// A seed from the operating system's entropy, in the range that every generator takes.
fn random_seed(rng: RngKind) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    let seed = RandomState::new().hash_one(std::time::SystemTime::now());
    // 32 bits are what people pass around, and the most that NumPy takes.
    log::debug!("no seed was given, a random one is used with {}", rng.name());
    seed & u64::from(u32::MAX)
}

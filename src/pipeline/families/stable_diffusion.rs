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
use crate::pipeline::info::{GraphInfo, PipelineInfo};
use crate::pipeline::{
    Generated, MAX_PIXELS, MAX_SIDE, MemoryMode, Observer, Phase, PipelineOptions, Request, Settings, Timings, report,
};
use crate::rng::{Generator, NoiseSource, RngKind};
use crate::runtime::{CancelToken, Graph, GraphOptions, RuntimeInfo};
use crate::scheduler::{self, SchedulerKind, SchedulerOptions, SigmaSchedule};
use crate::text::encoder::{TextEmbedding, TextEncoder};
use crate::text::tokenizer::ClipTokenizer;

/// diffusers' own defaults, for folders that do not say.
const DEFAULT_STEPS: u32 = 50;
const DEFAULT_GUIDANCE: f32 = 7.5;
const DEFAULT_SIDE: u32 = 512;
/// Latent channels of every SD 1.x autoencoder.
const LATENT_CHANNELS: usize = 4;

/// An opened Stable Diffusion 1.x folder.
pub(in crate::pipeline) struct StableDiffusion {
    text: TextEncoder,
    unet: Arc<Graph>,
    decoder: Decoder,
    /// What the folder asks for, or why that cannot be; a request may still name another.
    own_scheduler: Result<SchedulerKind, String>,
    folder: ModelFolder,
    batching: Batching,
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
        if folder.unet().time_cond_proj_dim.is_some() {
            return Err(Error::Unsupported(
                "its UNet is distilled for guidance (time_cond_proj_dim, a latent consistency model), which this version \
                 does not run"
                    .into(),
            ));
        }
        let tokenizer = ClipTokenizer::open(folder.tokenizer())?;
        let graph_options = GraphOptions {
            provider: options.provider,
            device_id: options.device_id,
            threads: options.threads,
            low_memory: options.memory == MemoryMode::Low,
        };
        let roles = [GraphRole::TextEncoder, GraphRole::Unet, GraphRole::VaeDecoder];
        let mut graphs = Vec::with_capacity(roles.len());
        for (done, role) in roles.into_iter().enumerate() {
            report(observer, Phase::Opening, done, roles.len())?;
            let path = folder
                .graph(role)
                .ok_or_else(|| Error::bad_model(folder.root(), format!("it has no {}/model.onnx", role.name())))?;
            let started = Instant::now();
            let graph = Graph::open(role.name(), path, &graph_options, cancel)?;
            log::info!("{} is open on {} after {:?}", role.name(), graph.provider().name(), started.elapsed());
            graphs.push(Arc::new(graph));
        }
        let graph_infos = graphs.iter().map(|g| GraphInfo::of(g)).collect();
        let Ok([text_graph, unet, decoder_graph]) = <[Arc<Graph>; 3]>::try_from(graphs) else {
            return Err(Error::Internal("three graphs were opened, but not three are there".into()));
        };
        check_vocabulary(&folder, &tokenizer)?;
        let text = TextEncoder::new(text_graph, tokenizer)?;
        Denoiser::check(&unet, text.tokens())?;
        let decoder = Decoder::new(decoder_graph, folder.vae())?;
        check_context_width(&folder, &text, &unet)?;
        let info = describe(&folder, &unet, &decoder, &own_scheduler, runtime, graph_infos)?;
        report(observer, Phase::Opening, roles.len(), roles.len())?;
        let batching = match options.memory {
            MemoryMode::Speed => Batching::Together,
            MemoryMode::Low => Batching::OneByOne,
        };
        Ok(Self { text, unet, decoder, own_scheduler, folder, batching, info })
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
        let started = Instant::now();
        let mut timings = Timings::default();
        let mut warnings = Vec::new();
        let guidance = guidance::is_active(plan.settings.guidance).then_some(plan.settings.guidance);

        let context = self.encode_prompts(plan, guidance.is_some(), &mut warnings, observer, cancel)?;
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
        let mut denoiser = Denoiser::bind(&self.unet, rows, context.view(), self.batching)?;
        let task =
            Denoising { denoiser: &mut denoiser, scheduler: scheduler.as_mut(), noise: &mut noise, guidance, cancel };
        timings.denoise = denoise::run(task, &mut latents, |done| report(observer, Phase::Denoising, done, calls))?;
        timings.denoise_in_graphs = denoiser.time_in_graph();
        drop(denoiser);

        let decoding = Instant::now();
        let images = self.decode(plan, &latents, observer, cancel)?;
        timings.decode = decoding.elapsed();
        timings.total = started.elapsed();
        Ok(Generated { images, settings: plan.settings.clone(), timings, warnings })
    }

    fn scheduler(&self, plan: &Plan) -> Result<Box<dyn scheduler::Scheduler>> {
        let options = SchedulerOptions {
            steps: plan.settings.steps as usize,
            sigmas: plan.request.sigmas,
            eta: f64::from(plan.settings.eta),
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
            let TextEmbedding { context, lost } = self.text.encode(prompt, cancel)?;
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
            let decoded = self.decoder.decode(latent.to_owned(), cancel)?;
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

/// The scheduler that the folder asks for, once its config has been seen to make one; or a sentence why not.
fn own_scheduler(folder: &ModelFolder) -> Result<SchedulerKind, String> {
    let file = folder.scheduler();
    let kind = match &file.class_name {
        Some(class) => SchedulerKind::from_config(class, &file.config),
        None => Ok(SchedulerKind::Pndm),
    };
    let steps = folder.defaults().steps.unwrap_or(DEFAULT_STEPS as usize);
    kind.and_then(|kind| scheduler::create(kind, &file.config, &SchedulerOptions::new(steps)).map(|_| kind)).map_err(
        |e| format!("its scheduler/scheduler_config.json does not do: {e}; or name a scheduler in the request"),
    )
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

fn check_vocabulary(folder: &ModelFolder, tokenizer: &ClipTokenizer) -> Result<()> {
    let largest = tokenizer.largest_id() as usize;
    match folder.text_encoder().vocab_size {
        Some(size) if largest >= size => Err(Error::bad_model(
            folder.root(),
            format!(
                "its tokenizer makes numbers up to {largest}, but its text encoder knows {size}; the two are from different \
                 models"
            ),
        )),
        _ => Ok(()),
    }
}

fn check_context_width(folder: &ModelFolder, text: &TextEncoder, unet: &Graph) -> Result<()> {
    let fixed = |spec: &crate::runtime::IoSpec, axis: usize| spec.shape.get(axis).copied().flatten();
    let wanted = unet.input("encoder_hidden_states").and_then(|i| fixed(i, 2)).or(folder.unet().cross_attention_dim);
    let given = text.width().or(folder.text_encoder().hidden_size);
    match (wanted, given) {
        (Some(wanted), Some(given)) if wanted != given => Err(Error::bad_model(
            folder.root(),
            format!(
                "its text encoder gives embeddings of width {given}, but its UNet reads width {wanted}; the two are \
                 from different models"
            ),
        )),
        _ => Ok(()),
    }
}

/// What the folder and the graphs say about sizes and defaults.
fn describe(
    folder: &ModelFolder,
    unet: &Graph,
    decoder: &Decoder,
    own_scheduler: &Result<SchedulerKind, String>,
    runtime: &RuntimeInfo,
    graphs: Vec<GraphInfo>,
) -> Result<PipelineInfo> {
    let latent_channels = folder.vae().latent_channels.unwrap_or(LATENT_CHANNELS);
    let [width, height] = fixed_latent_size(folder, unet, decoder, latent_channels)?;
    let factor = folder.vae().spatial_factor;
    let pixels = |latent: usize| u32::try_from(latent.saturating_mul(factor)).unwrap_or(u32::MAX);
    let fixed_size = width.zip(height).map(|(width, height)| (pixels(width), pixels(height)));
    if let Some((width, height)) = fixed_size.filter(|(width, height)| *width.max(height) > MAX_SIDE) {
        return Err(Error::bad_model(
            folder.root(),
            format!("its graphs draw {width}x{height} pixels only; this library draws up to {MAX_SIDE} on a side"),
        ));
    }
    let levels = folder.unet().levels.unwrap_or(1).max(1);
    // Every level but the last halves the latents, and a halved odd size does not double back to itself.
    let size_multiple = u32::try_from(factor << (levels - 1).min(16)).unwrap_or(u32::MAX).min(MAX_SIDE);
    let defaults = folder.defaults();
    let stated = |side: Option<usize>| side.and_then(|s| u32::try_from(s).ok());
    let trained = folder.unet().sample_size.map(|(height, width)| (pixels(width), pixels(height)));
    let side = |stated: Option<u32>, trained: Option<u32>| {
        let side = stated.or(trained).unwrap_or(DEFAULT_SIDE).min(MAX_SIDE);
        (side / size_multiple).max(1) * size_multiple
    };
    let (default_width, default_height) = fixed_size.unwrap_or((
        side(stated(defaults.width), trained.map(|t| t.0)),
        side(stated(defaults.height), trained.map(|t| t.1)),
    ));
    let mut notes = folder.notes().to_vec();
    notes.extend(own_scheduler.as_ref().err().cloned());
    Ok(PipelineInfo {
        folder: folder.root().to_path_buf(),
        family: folder.family().into(),
        layout: folder.layout().name().into(),
        class_name: folder.class_name().map(str::to_owned),
        default_width,
        default_height,
        default_steps: stated(defaults.steps).unwrap_or(DEFAULT_STEPS),
        default_guidance: defaults.guidance.map_or(DEFAULT_GUIDANCE, |g| g as f32),
        default_scheduler: match own_scheduler {
            Ok(kind) => kind.name().into(),
            Err(_) => folder.scheduler().class_name.clone().unwrap_or_default(),
        },
        size_multiple,
        fixed_size,
        latent_channels,
        scaling_factor: folder.vae().scaling_factor,
        schedulers: SchedulerKind::ALL.iter().map(|k| k.name().to_owned()).collect(),
        graphs,
        notes,
        runtime_version: runtime.version.clone(),
        runtime_library: runtime.path.clone(),
    })
}

/// Width and height of the latents where the UNet or the decoder was exported for one size, once the channels are
/// seen to fit.
fn fixed_latent_size(
    folder: &ModelFolder,
    unet: &Graph,
    decoder: &Decoder,
    latent_channels: usize,
) -> Result<[Option<usize>; 2]> {
    let sample = unet.input("sample");
    let of_unet = [1, 2, 3].map(|axis| sample.and_then(|s| s.shape.get(axis).copied().flatten()));
    let of_decoder = decoder.fixed_latent();
    let channels = of_unet[0].or(folder.unet().in_channels).unwrap_or(latent_channels);
    if channels != latent_channels {
        return Err(Error::Unsupported(format!(
            "the UNet at \"{}\" reads {channels} channels, the autoencoder's latents have {latent_channels}; inpainting \
             (9), pix2pix (8) and upscaling (7) UNets are not supported yet",
            unet.path().display()
        )));
    }
    if let Some(channels) = of_decoder[0].filter(|channels| *channels != latent_channels) {
        return Err(Error::bad_model(
            folder.root(),
            format!("its VAE decoder reads {channels} channels, its latents have {latent_channels}"),
        ));
    }
    for (what, axis) in [("height", 1), ("width", 2)] {
        if let (Some(a), Some(b)) = (of_unet[axis], of_decoder[axis])
            && a != b
        {
            return Err(Error::bad_model(
                folder.root(),
                format!(
                    "its UNet was exported for latents of {what} {a}, its VAE decoder for {b}; export both for one size"
                ),
            ));
        }
    }
    Ok([of_unet[2].or(of_decoder[2]), of_unet[1].or(of_decoder[1])])
}

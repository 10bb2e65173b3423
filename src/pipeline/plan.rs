//! A request with every default filled in, checked against the model.

use crate::denoise::Glimpses;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::model::{Family, ModelFolder, Task};
use crate::pipeline::families::{self};
use crate::pipeline::fitting::{check_job, check_size, has_mask, size};
use crate::pipeline::guiding;
use crate::pipeline::opened::Opened;
use crate::pipeline::previews;
use crate::pipeline::script::Script;
use crate::pipeline::unused::unused;
use crate::pipeline::{PipelineInfo, Request, Seeds, Settings, Variation};
use crate::rng::{Generator, NoiseSource, PerPicture, RngKind};
use crate::scheduler::{self, CleanSample, Scheduler, SchedulerKind, SchedulerOptions, SigmaSchedule};

/// How much noise the small picture gets where a request does not say: diffusers' default.
const DEFAULT_NOISE_LEVEL: u32 = 20;
/// How strongly an edit keeps to its picture where a request does not say: diffusers' default.
const DEFAULT_IMAGE_GUIDANCE: f32 = 1.5;
/// The upscaler's pictures are this many times larger than what they start from.
pub(in crate::pipeline) const UPSCALE: u32 = 4;

/// What a denoiser was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) enum Job {
    /// Drawing from noise or from a picture, with or without a mask.
    Draw,
    /// Drawing the masked part of a picture that the denoiser sees.
    Inpaint,
    /// Changing a picture as an instruction says.
    Edit,
    /// Enlarging a picture four times.
    Upscale,
    /// Drawing that keeps to a depth map.
    Depth,
}

impl Job {
    /// The job of a model.
    pub(in crate::pipeline) fn of(folder: &ModelFolder) -> Self {
        match (folder.family(), folder.task()) {
            (Family::Upscaler, _) => Self::Upscale,
            (_, Task::Edit) => Self::Edit,
            (_, Task::Inpaint) => Self::Inpaint,
            (_, Task::Depth) => Self::Depth,
            (_, Task::TextToImage) => Self::Draw,
        }
    }

    /// The channels that the denoiser reads beside the latents' own `channels`.
    pub(in crate::pipeline) fn extra_channels(self, channels: usize) -> usize {
        match self {
            Self::Draw => 0,
            // The mask, and the latents of what lies around it.
            Self::Inpaint => channels + 1,
            Self::Edit => channels,
            // The small picture in red, green and blue.
            Self::Upscale => 3,
            Self::Depth => 1,
        }
    }
}

/// A request with every default filled in, checked against the model.
pub(in crate::pipeline) struct Plan {
    pub request: Request,
    pub settings: Settings,
    pub scheduler_kind: SchedulerKind,
    /// `[pictures, channels, height, width]` of the latents.
    pub latents: [usize; 4],
    /// What the denoiser was trained to do.
    pub job: Job,
    /// Whether the denoiser is told the guidance scale, and needs no negative branch.
    pub distilled: bool,
    /// How much of the picture is redrawn.
    pub strength: f32,
    /// What the text encoders read, and when.
    pub script: Script,
    /// Sentences about settings that mean nothing to this model or this request.
    pub unused: Vec<String>,
    /// Whether the latents become pictures; a pass whose latents go on into another leaves them.
    pub decodes: bool,
}

impl Plan {
    /// Fills in the model's defaults and checks the request against the model.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], naming the setting, its value, and what this model allows;
    /// [`Error::Unsupported`] for what its graphs cannot do.
    pub(in crate::pipeline) fn new(
        model: &Opened,
        family: &dyn families::Family,
        info: &PipelineInfo,
        own_scheduler: &Result<SchedulerKind, String>,
        request: &Request,
    ) -> Result<Self> {
        check_job(model, Job::of(&model.folder), request)?;
        model.conditions.check(request, model.folder.root())?;
        Self::of_prompts(model, family, info, own_scheduler, request)
    }

    /// The same without asking for what is drawn from, a picture say: enough where only the prompts are read.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub(in crate::pipeline) fn of_prompts(
        model: &Opened,
        family: &dyn families::Family,
        info: &PipelineInfo,
        own_scheduler: &Result<SchedulerKind, String>,
        request: &Request,
    ) -> Result<Self> {
        let folder = &model.folder;
        let job = Job::of(folder);
        let told = request.conditioning.as_ref().map(|known| known.told(&model.identity, request)).transpose()?;
        let request = told.as_ref().unwrap_or(request);
        let (width, height) = size(request, info, job)?;
        check_size(info, width, height, request.count.max(1))?;
        let seed = match request.seed {
            Some(seed) => seed,
            None => random_seed(request.rng),
        };
        // A bad seed or scheduler setting is found here, before anything is encoded.
        let count = request.count.max(1);
        Generator::new(request.rng, seed)?;
        if let Some(Variation { seed, .. }) = request.variation {
            Generator::new(request.rng, seed)?;
        }
        let scheduler_kind = match (request.scheduler, own_scheduler) {
            (Some(named), _) => named,
            (None, Ok(own)) => *own,
            (None, Err(reason)) => return Err(Error::bad_model(folder.root(), reason)),
        };
        let steps = steps(request, scheduler_kind, info)?;
        let strength = request.start.strength.unwrap_or_else(|| family.default_strength(has_mask(request)));
        let settings = Settings {
            prompt: request.prompt.clone(),
            negative_prompt: request.negative_prompt.clone(),
            width,
            height,
            steps,
            guidance: request.guidance.unwrap_or(info.default_guidance),
            scheduler: scheduler_kind.name().to_owned(),
            sigmas: match (&request.custom_schedule, request.sigmas) {
                (Some(_), _) => "custom".to_owned(),
                (None, sigmas) => sigmas.map_or("default", SigmaSchedule::name).to_owned(),
            },
            eta: request.eta,
            seed,
            rng: request.rng.name().to_owned(),
            count,
            strength: None,
            clip_skip: request.clip_skip,
            hires: None,
            model: folder.root().file_name().unwrap_or_default().to_string_lossy().into_owned(),
            more: request.described(),
        };
        let factor = folder.vae().spatial_factor;
        let latents = [count as usize, info.latent_channels, height as usize / factor, width as usize / factor];
        let distilled = families::is_distilled(model);
        let mut plan = Self {
            request: request.clone(),
            settings,
            scheduler_kind,
            latents,
            job,
            distilled,
            strength,
            script: Script::default(),
            unused: Vec::new(),
            decodes: true,
        };
        plan.noise()?;
        plan.check_latents()?;
        if plan.starts_from_picture() && plan.request.denoising_start.is_none() {
            plan.settings.strength = Some(strength);
        }
        let scheduler = plan.scheduler(model, family)?;
        let span = plan.span(family, scheduler.as_ref(), folder)?;
        previews::check(model, &plan.request, latents[1])?;
        let rules = guiding::rules(model, &plan, scheduler.as_ref())?;
        // Solvers of higher order call several times a step.
        let steps = span.len().div_ceil(scheduler.order().max(1));
        plan.script = Script::new(model, family, &plan, plan.is_guided(family), steps)?;
        plan.unused = unused(model, family, &plan, &rules, &guiding::reuse(&plan, scheduler.as_ref()))?;
        Ok(plan)
    }

    /// Whether the negative branch runs.
    pub(in crate::pipeline) fn is_guided(&self, family: &dyn families::Family) -> bool {
        family.is_guided(self) && (self.job != Job::Edit || self.image_guidance() >= 1.0)
    }

    /// A scheduler, ready for this plan.
    ///
    /// # Errors
    /// As [`scheduler::create`].
    pub(in crate::pipeline) fn scheduler(
        &self,
        model: &Opened,
        family: &dyn families::Family,
    ) -> Result<Box<dyn Scheduler>> {
        let mut options = SchedulerOptions {
            sigmas: self.request.sigmas,
            custom: self.request.custom_schedule.clone(),
            eta: f64::from(self.settings.eta),
            ..SchedulerOptions::new(self.settings.steps as usize)
        };
        if self.starts_low() {
            options.strength = as_written(self.strength);
        }
        family.schedule(&mut options, self, model)?;
        scheduler::create(self.scheduler_kind, &model.folder.scheduler().config, &options)
    }

    /// The calls that this plan makes of all that `scheduler` has.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when none is left.
    pub(in crate::pipeline) fn span(
        &self,
        family: &dyn families::Family,
        scheduler: &dyn Scheduler,
        folder: &ModelFolder,
    ) -> Result<std::ops::Range<usize>> {
        let timesteps = scheduler.timesteps();
        let (order, steps) = (scheduler.order(), self.settings.steps as usize);
        let trained = folder.scheduler().config.get("num_train_timesteps").and_then(|v| v.as_f64()).unwrap_or(1000.0);
        // Ensembles of experts (diffusers `pipeline_stable_diffusion_xl_img2img.py`): one model draws down to a
        // timestep, the other goes on from there.
        let cut = |at: f32| (trained - as_written(at) * trained).round_ties_even();
        let begin = match self.request.denoising_start {
            // With two calls a step diffusers goes on at the beginning of the step that the other model was in.
            Some(at) => {
                let before = timesteps.iter().take_while(|t| **t >= cut(at)).count();
                before - before % order
            }
            None if self.starts_low() => 0,
            None if self.starts_from_picture() => family.skipped_steps(steps, as_written(self.strength)) * order,
            None => 0,
        };
        let end = match self.request.denoising_end.filter(|end| *end < 1.0) {
            Some(at) => timesteps.iter().take_while(|t| **t >= cut(at)).count(),
            None => timesteps.len(),
        };
        if begin < end {
            return Ok(begin..end);
        }
        Err(Error::invalid(match (self.request.denoising_start, self.request.denoising_end) {
            (None, None) => format!(
                "a strength of {} leaves none of {steps} steps to be drawn; it must be at least {:.4}, or the steps \
                 more",
                self.strength,
                1.0 / steps as f32
            ),
            _ => format!(
                "no step of {steps} lies between the denoising start and end that were given; take more steps, or a \
                 wider range"
            ),
        }))
    }

    /// Whether a picture, or its latents, takes the place of a part of the noise.
    pub(in crate::pipeline) fn starts_from_picture(&self) -> bool {
        let start = &self.request.start;
        // Another model's latents are taken up as they are, where it says how far it came.
        let latents = start.latents.is_some() && self.request.denoising_start.is_none();
        (start.picture.is_some() || latents) && matches!(self.job, Job::Draw | Job::Inpaint | Job::Depth)
    }

    /// Whether the schedule itself begins at the picture's noise level: latent consistency models with their own
    /// scheduler (diffusers `LatentConsistencyModelImg2ImgPipeline`).
    fn starts_low(&self) -> bool {
        self.distilled && self.scheduler_kind == SchedulerKind::Lcm && self.starts_from_picture()
    }

    /// Latents to start from must be this plan's.
    fn check_latents(&self) -> Result<()> {
        let Some(latents) = &self.request.start.latents else { return Ok(()) };
        if latents.shape() == self.latents {
            return match latents.iter().find(|value| !value.is_finite()) {
                Some(value) if value.is_nan() => Err(Error::invalid("the latents to start from have a NaN in them")),
                Some(_) => Err(Error::invalid("the latents to start from have an infinite number in them")),
                None => Ok(()),
            };
        }
        Err(Error::invalid(format!(
            "the latents to start from have the shape {:?}; this model and request need {:?}",
            latents.shape(),
            self.latents
        )))
    }

    /// How many generators draw noise.
    pub(in crate::pipeline) fn generators(&self) -> usize {
        match self.request.seeds {
            Seeds::OneGenerator => 1,
            Seeds::OnePerPicture => self.latents[0],
        }
    }

    /// The source of all noise.
    ///
    /// # Errors
    /// As [`Generator::new`].
    pub(in crate::pipeline) fn noise(&self) -> Result<Box<dyn NoiseSource>> {
        noise_of(&self.request, self.settings.seed, self.latents[0])
    }

    /// When the loop is to say what it takes the picture to be.
    pub(in crate::pipeline) fn glimpses(&self, model: &Opened) -> Option<Glimpses> {
        let every = self.request.previews?.interval as usize;
        Some(Glimpses { every, rule: CleanSample::of(self.scheduler_kind, &model.folder.scheduler().config).ok() })
    }

    /// How much noise the small picture gets.
    pub(in crate::pipeline) fn noise_level(&self) -> u32 {
        self.request.noise_level.unwrap_or(DEFAULT_NOISE_LEVEL)
    }

    /// How strongly an edit keeps to its picture.
    pub(in crate::pipeline) fn image_guidance(&self) -> f32 {
        self.request.image_guidance.unwrap_or(DEFAULT_IMAGE_GUIDANCE)
    }
}

/// The source of all noise for so many pictures from `seed` on.
///
/// # Errors
/// As [`Generator::new`].
pub(in crate::pipeline) fn noise_of(request: &Request, seed: u64, pictures: usize) -> Result<Box<dyn NoiseSource>> {
    let generator = |picture: usize| Generator::new(request.rng, seed.wrapping_add(picture as u64));
    match request.seeds {
        Seeds::OneGenerator => Ok(Box::new(generator(0)?)),
        Seeds::OnePerPicture => Ok(Box::new(PerPicture::new((0..pictures).map(generator).collect::<Result<_>>()?))),
    }
}

/// How many steps: those of the listed schedule, else those asked for, else the model's own.
fn steps(request: &Request, kind: SchedulerKind, info: &PipelineInfo) -> Result<u32> {
    let Some(custom) = &request.custom_schedule else { return Ok(request.steps.unwrap_or(info.default_steps)) };
    let listed = u32::try_from(custom.steps(kind)).unwrap_or(u32::MAX);
    match request.steps {
        Some(steps) if steps != listed => Err(Error::invalid(format!(
            "{steps} steps were asked for beside a list of noise levels that makes {listed} with {}; leave the steps \
             out",
            kind.name()
        ))),
        _ => Ok(listed),
    }
}

/// The number that people mean by a float32: 0.9, and not 0.89999998, of which ten steps would be one too few.
pub(in crate::pipeline) fn as_written(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

/// A seed from the operating system's entropy, in the range that every generator takes.
pub(in crate::pipeline) fn random_seed(rng: RngKind) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    let seed = RandomState::new().hash_one(std::time::SystemTime::now());
    // 32 bits are what people pass around, and the most that NumPy takes; the highest are left for pictures that
    // count on from it.
    log::debug!("no seed was given, a random one is used with {}", rng.name());
    seed & u64::from(u32::MAX >> 1)
}

/// The picture that a generation starts from, at the size that is drawn.
///
/// # Errors
/// As [`Image::resized`].
pub(in crate::pipeline) fn at_size(picture: &Image, width: u32, height: u32) -> Result<Image> {
    picture.resized(width, height, crate::image::ResizeMode::Stretch)
}

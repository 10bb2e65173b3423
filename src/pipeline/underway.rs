//! A generation on its way from the first noise to pictures. [`super::draw`] goes it in one go, a
//! [`super::Stepper`] as its host likes.

use std::sync::Arc;
use std::time::Instant;

use ndarray::ArrayD;

use super::conditions::Run;
use super::draw::{Drawing, Session};
use super::guiding;
use super::masking::Masked;
use super::previews::Previewer;
use super::starting::{Begin, Beginning};
use super::telling::{Told, show_picture};
use super::{Generated, MemoryMode, Phase, Safety, Timings, report, safety};
use crate::denoise::{self, Batching, Course, Denoiser, Glimpses, Paste, PasteMode, Role, Steps, Tools};
use crate::error::{Error, Result};
use crate::rng::NoiseSource;
use crate::runtime::Graph;
use crate::scheduler::{CleanSample, Scheduler};

/// What a generation keeps between its steps.
pub(in crate::pipeline) struct Underway {
    /// Until the last call is made.
    denoiser: Option<Denoiser>,
    graph: Arc<Graph>,
    scheduler: Box<dyn Scheduler>,
    noise: Box<dyn NoiseSource>,
    steps: Steps,
    paste: Option<Paste>,
    masked: Option<Masked>,
    previewer: Option<Previewer>,
    glimpses: Option<Glimpses>,
    /// As the denoiser takes them.
    latents: ArrayD<f32>,
    /// What the latest call took them to become.
    clean: Option<ArrayD<f32>>,
    timings: Timings,
}

impl Underway {
    /// How many calls are left.
    pub(in crate::pipeline) fn left(&self) -> usize {
        self.steps.left()
    }

    /// How many are made.
    pub(in crate::pipeline) fn done(&self) -> usize {
        self.steps.done()
    }

    /// The timestep of the next call; `None` when none is left.
    pub(in crate::pipeline) fn timestep(&self) -> Option<f64> {
        (self.left() > 0).then(|| self.scheduler.timesteps().get(self.steps.next()).copied()).flatten()
    }

    /// Estimates after every call what the latents become, by `rule`.
    pub(in crate::pipeline) fn look_always(&mut self, rule: CleanSample) {
        self.glimpses = Some(Glimpses { every: 1, rule: Some(rule) });
    }

    /// The latents, `[pictures, channels, height, width]`.
    ///
    /// # Errors
    /// As [`super::families::Family::unpack`].
    pub(in crate::pipeline) fn latents(&self, drawing: &Drawing<'_>) -> Result<ArrayD<f32>> {
        drawing.family.unpack(self.latents.clone(), drawing.plan.latents)
    }

    /// What the latest call took the latents to become; `None` where nothing is known.
    ///
    /// # Errors
    /// As [`super::families::Family::unpack`].
    pub(in crate::pipeline) fn clean(&self, drawing: &Drawing<'_>) -> Result<Option<ArrayD<f32>>> {
        let clean = self.clean.clone();
        clean.map(|clean| drawing.family.unpack(clean, drawing.plan.latents)).transpose()
    }

    /// Goes on with other latents, of the same shape.
    ///
    /// # Errors
    /// As [`super::families::Family::pack`].
    pub(in crate::pipeline) fn set_latents(&mut self, drawing: &Drawing<'_>, latents: ArrayD<f32>) -> Result<()> {
        self.latents = drawing.family.pack(latents)?;
        self.clean = None;
        self.steps.forget();
        Ok(())
    }
}

impl Drawing<'_> {
    /// Reads the prompts and the pictures, and draws the first noise.
    ///
    /// # Errors
    /// As [`crate::Pipeline::generate`].
    pub(in crate::pipeline) fn begin(&self, session: &mut Session<'_>) -> Result<Underway> {
        let (model, plan) = (self.model, self.plan);
        let started = Instant::now();
        let mut timings = Timings::default();
        let masked = Masked::of(plan)?;
        for sentence in &plan.unused {
            session.warn(sentence.clone());
        }

        let looking = Instant::now();
        let looks = model.conditions.look(model, plan, session.cancel)?;
        timings.encode = looking.elapsed();
        let told = self.encode_prompts(&looks, session);
        if model.memory != MemoryMode::Speed {
            model.release_texts();
        }
        let Told { mut branches, mut guidance, mut changes } = told?;
        timings.text = started.elapsed() - timings.encode;

        let encoding = Instant::now();
        let scheduler = plan.scheduler(model, self.family)?;
        let span = plan.span(self.family, scheduler.as_ref(), &model.folder)?;
        if guidance.roles.contains(&Role::Negative) {
            guidance.rules = guiding::rules(model, plan, scheduler.as_ref())?;
        }
        let reuse = guiding::reuse(plan, scheduler.as_ref());
        for change in &mut changes {
            change.call = span.start + change.call * scheduler.order().max(1);
        }
        let mut noise = plan.noise()?;
        let beginning = Beginning {
            model,
            family: self.family,
            plan,
            scheduler: scheduler.as_ref(),
            span: span.clone(),
            noise: noise.as_mut(),
            masked: masked.as_ref(),
            session: &mut *session,
            encoded: 0,
            posteriors: false,
        };
        let begin = beginning.make();
        if model.memory != MemoryMode::Speed {
            model.release_encoder();
        }
        let Begin { latents, paste, extra } = begin?;
        show_picture(&mut branches, &guidance, extra);
        let graph = self.wrapped.as_ref().map_or(&model.denoiser, |wrapped| &wrapped.denoiser);
        let companions = model.conditions.companions(&Run {
            model,
            plan,
            denoiser: graph,
            branches: &branches,
            guidance: &guidance,
            span: span.clone(),
            masked: masked.as_ref(),
            cancel: session.cancel,
        })?;
        timings.encode += encoding.elapsed();

        let latents = self.family.pack(latents)?;
        let paste = paste.map(|paste| self.packed(paste)).transpose()?;
        let batching = match model.memory {
            MemoryMode::Speed | MemoryMode::Balanced => Batching::Together,
            MemoryMode::Low => Batching::OneByOne,
        };
        let previewer = Previewer::of(model, plan, session.cancel)?;
        report(session.observer, Phase::Denoising, 0, span.len())?;
        let scale = self.family.timestep_scale();
        let denoiser = Denoiser::new(graph, latents.shape(), branches, scale, batching)?.beside(companions);
        let course = Course { guidance: &guidance, reuse: &reuse, span, changes };
        let steps = Steps::new(course, paste.as_ref(), scheduler.as_ref(), &latents)?;
        timings.total = started.elapsed();
        Ok(Underway {
            denoiser: Some(denoiser),
            graph: Arc::clone(graph),
            scheduler,
            noise,
            steps,
            paste,
            masked,
            previewer,
            glimpses: plan.glimpses(model),
            latents,
            clean: None,
            timings,
        })
    }

    /// What is put back, as the denoiser takes latents.
    fn packed(&self, paste: Paste) -> Result<Paste> {
        Ok(Paste {
            original: self.family.pack(paste.original)?,
            mask: self.family.pack(paste.mask)?,
            mode: match paste.mode {
                PasteMode::AfterStep { noise } => PasteMode::AfterStep { noise: self.family.pack(noise)? },
                mode @ (PasteMode::BeforeCall | PasteMode::Clean) => mode,
            },
        })
    }

    /// Makes the next call, and shows what it led to.
    ///
    /// # Errors
    /// As [`Steps::advance`]; [`Error::Cancelled`] when the observer says stop, after the call.
    pub(in crate::pipeline) fn advance(&self, underway: &mut Underway, session: &mut Session<'_>) -> Result<()> {
        let started = Instant::now();
        let Underway { denoiser, scheduler, noise, steps, paste, latents, glimpses, timings, .. } = &mut *underway;
        let denoiser = denoiser.as_mut().ok_or_else(|| Error::Internal("no call is left".into()))?;
        let tools = Tools {
            denoiser,
            scheduler: scheduler.as_mut(),
            noise: noise.as_mut(),
            gradient: None,
            paste: paste.as_ref(),
            glimpses: *glimpses,
            cancel: session.cancel,
        };
        let advanced = steps.advance(tools, latents);
        timings.denoise_in_graphs = denoiser.time_in_graph();
        let shown = advanced.and_then(|clean| {
            underway.clean = clean;
            self.show(underway, session)
        });
        underway.timings.total += started.elapsed();
        shown
    }

    /// Tells the observer of the call that was just made.
    fn show(&self, underway: &Underway, session: &mut Session<'_>) -> Result<()> {
        let (done, calls) = (underway.done(), underway.done() + underway.left());
        report(session.observer, Phase::Denoising, done, calls)?;
        let interval = self.plan.request.previews.map_or(1, |previews| previews.interval.max(1) as usize);
        match &underway.previewer {
            Some(previewer) if done < calls && done.is_multiple_of(interval) => {
                // Where the clean sample is not known, the noisy one is shown.
                let shown = underway.clean.as_ref().unwrap_or(&underway.latents);
                previewer.show(self, shown, (done, calls), session.observer, session.cancel)
            }
            _ => Ok(()),
        }
    }

    /// Makes pictures of the latents as they are. Once no call is left, what only calls need is given back.
    ///
    /// # Errors
    /// Whatever the decoder and the safety checker say; [`Error::Cancelled`].
    pub(in crate::pipeline) fn finish(&self, underway: &mut Underway, session: &mut Session<'_>) -> Result<Generated> {
        let (model, plan) = (self.model, self.plan);
        let started = Instant::now();
        if underway.left() == 0 {
            underway.denoiser = None;
            if model.memory == MemoryMode::Low {
                underway.graph.release();
            }
            if model.memory != MemoryMode::Speed {
                model.conditions.release();
            }
        }
        let latents = underway.latents(self)?;
        let mut images = match plan.decodes {
            true => self.decode(&latents, session)?,
            false => Vec::new(),
        };
        if model.memory == MemoryMode::Low {
            self.decoder().release();
        }
        if let Some(masked) = &underway.masked {
            images = images.into_iter().map(|image| masked.paste_back(image)).collect::<Result<_>>()?;
        }
        let flagged = match plan.request.safety {
            Safety::Off => vec![None; images.len()],
            asked => safety::check(model.checker(session.cancel)?.as_ref(), &mut images, asked, session.cancel)?,
        };
        let denoise::Ran { times, skipped } = underway.steps.ran();
        let timings = Timings {
            denoise: times,
            skipped_calls: skipped.calls,
            skipped_negatives: skipped.negatives,
            decode: started.elapsed(),
            total: underway.timings.total + started.elapsed(),
            ..underway.timings.clone()
        };
        let settings = plan.settings.clone();
        Ok(Generated { images, latents, flagged, settings, timings, warnings: session.warnings.clone() })
    }
}

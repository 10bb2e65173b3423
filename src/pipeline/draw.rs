//! One generation, from prompts to pictures: the same road for every family.

use std::sync::Arc;
use std::time::Instant;

use ndarray::{Array3, ArrayD, Axis, Ix3};

use super::conditions::{Looks, Run};
use super::families::Family;
use super::guiding;
use super::masking::Masked;
use super::opened::Opened;
use super::plan::{Job, Plan};
use super::previews::Previewer;
use super::prompting::{Encoded, Prompting};
use super::script::Cue;
use super::starting::{Begin, Beginning};
use super::wrapped::Wrapped;
use super::{Generated, MemoryMode, Observer, Phase, Safety, Timings, report, safety};
use crate::autoencoder::Decoder;
use crate::denoise::{self, Batching, Branch, Change, Denoiser, Denoising, Guidance, PasteMode, Role};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::runtime::CancelToken;

/// Who watches a generation, and what there is to tell them afterwards.
pub(in crate::pipeline) struct Session<'s> {
    pub observer: &'s mut dyn Observer,
    pub cancel: &'s CancelToken,
    pub warnings: Vec<String>,
}

impl Session<'_> {
    /// Says something that the caller may want to know, once.
    pub(in crate::pipeline) fn warn(&mut self, sentence: String) {
        if !self.warnings.contains(&sentence) {
            log::warn!("{sentence}");
            self.warnings.push(sentence);
        }
    }
}

/// Draws what was planned.
///
/// # Errors
/// As [`crate::Pipeline::generate`].
pub(in crate::pipeline) fn draw(
    model: &Opened,
    family: &dyn Family,
    plan: &Plan,
    observer: &mut dyn Observer,
    cancel: &CancelToken,
) -> Result<Generated> {
    // Before anything is encoded, so that a model that cannot tile says so at once.
    let wrapped = model.wrapped(plan.request.seamless, cancel)?;
    let drawn = Drawing { model, family, plan, wrapped }.run(Session { observer, cancel, warnings: Vec::new() });
    if model.memory == MemoryMode::Low {
        // Whatever was open when it ended, or failed.
        model.release();
    }
    drawn
}

/// What the prompts became.
struct Told {
    branches: Vec<Branch>,
    guidance: Guidance,
    /// Their calls are steps of the run, until its span is known.
    changes: Vec<Change>,
}

pub(in crate::pipeline) struct Drawing<'a> {
    pub model: &'a Opened,
    pub family: &'a dyn Family,
    pub plan: &'a Plan,
    /// The graphs of pictures that tile.
    pub wrapped: Option<Arc<Wrapped>>,
}

impl Drawing<'_> {
    fn run(&self, mut session: Session<'_>) -> Result<Generated> {
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
        let told = self.encode_prompts(&looks, &mut session);
        if model.memory != MemoryMode::Speed {
            model.release_texts();
        }
        let Told { mut branches, mut guidance, mut changes } = told?;
        timings.text = started.elapsed() - timings.encode;

        let encoding = Instant::now();
        let mut scheduler = plan.scheduler(model, self.family)?;
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
            session: &mut session,
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

        let mut latents = self.family.pack(latents)?;
        let paste = match paste {
            Some(paste) => Some(denoise::Paste {
                original: self.family.pack(paste.original)?,
                mask: self.family.pack(paste.mask)?,
                mode: match paste.mode {
                    PasteMode::AfterStep { noise } => PasteMode::AfterStep { noise: self.family.pack(noise)? },
                    mode @ (PasteMode::BeforeCall | PasteMode::Clean) => mode,
                },
            }),
            None => None,
        };
        let batching = match model.memory {
            MemoryMode::Speed | MemoryMode::Balanced => Batching::Together,
            MemoryMode::Low => Batching::OneByOne,
        };
        let previewer = Previewer::of(self, session.cancel)?;
        let calls = span.len();
        report(session.observer, Phase::Denoising, 0, calls)?;
        let scale = self.family.timestep_scale();
        let mut denoiser = Denoiser::new(graph, latents.shape(), branches, scale, batching)?.beside(companions);
        let task = Denoising {
            denoiser: &mut denoiser,
            scheduler: scheduler.as_mut(),
            noise: noise.as_mut(),
            guidance: &guidance,
            gradient: None,
            reuse: &reuse,
            span,
            paste: paste.as_ref(),
            changes,
            glimpses: plan.glimpses(model),
            cancel: session.cancel,
        };
        let ran = denoise::run(task, &mut latents, |done, clean| {
            report(session.observer, Phase::Denoising, done, calls)?;
            match (&previewer, clean) {
                (Some(previewer), Some(clean)) => {
                    previewer.show(clean, (done, calls), session.observer, session.cancel)
                }
                _ => Ok(()),
            }
        })?;
        timings.denoise = ran.times;
        (timings.skipped_calls, timings.skipped_negatives) = (ran.skipped.calls, ran.skipped.negatives);
        timings.denoise_in_graphs = denoiser.time_in_graph();
        drop(denoiser);
        if model.memory == MemoryMode::Low {
            graph.release();
        }
        if model.memory != MemoryMode::Speed {
            model.conditions.release();
        }
        let latents = self.family.unpack(latents, plan.latents)?;

        let decoding = Instant::now();
        let mut images = match plan.decodes {
            true => self.decode(&latents, &mut session)?,
            false => Vec::new(),
        };
        if model.memory == MemoryMode::Low {
            self.decoder().release();
        }
        if let Some(masked) = &masked {
            images = images.into_iter().map(|image| masked.paste_back(image)).collect::<Result<_>>()?;
        }
        let flagged = match plan.request.safety {
            Safety::Off => vec![None; images.len()],
            asked => safety::check(model.checker(session.cancel)?.as_ref(), &mut images, asked, session.cancel)?,
        };
        timings.decode = decoding.elapsed();
        timings.total = started.elapsed();
        let Session { warnings, .. } = session;
        Ok(Generated { images, latents, flagged, settings: plan.settings.clone(), timings, warnings })
    }

    /// What each guidance branch is told, and how their predictions become one.
    fn encode_prompts(&self, looks: &Looks, session: &mut Session<'_>) -> Result<Told> {
        let (plan, script) = (self.plan, &self.plan.script);
        let told = script.sets.iter().zip(self.read_prompts(session)?).map(|(prompts, read)| {
            let branch = self.family.condition(self.model, plan, prompts, read)?;
            Ok::<_, Error>(Arc::new(looks.tell(branch, prompts.negative)))
        });
        let told = told.collect::<Result<Vec<_>>>()?;
        let mut guidance = Guidance::off();
        let positive = script.positive.iter().map(|line| (Role::Positive(line.weight), &line.cues));
        let mut parts: Vec<(Role, &Vec<Cue>)> = positive.collect();
        if !script.negative.is_empty() {
            let negative = (Role::Negative, &script.negative);
            match plan.job {
                // diffusers' order: the instruction with the picture, the picture alone, neither.
                Job::Edit => parts.extend([(Role::Picture, &script.negative), negative]),
                _ => parts.insert(0, negative),
            }
            guidance.roles = parts.iter().map(|(role, _)| *role).collect();
            guidance.scale = self.family.scale(plan);
            guidance.image_scale = plan.image_guidance();
        }
        let mut branches = Vec::with_capacity(parts.len());
        let mut changes = Vec::new();
        for (branch, (_, cues)) in parts.iter().enumerate() {
            for cue in *cues {
                match cue.step {
                    0 => branches.push(told[cue.set].as_ref().clone()),
                    call => changes.push(Change { call, branch, told: Arc::clone(&told[cue.set]) }),
                }
            }
        }
        changes.sort_by_key(|change| change.call);
        Ok(Told { branches, guidance, changes })
    }

    /// What the text encoders make of each set of prompts, for each of the family's readings. One encoder reads all sets
    /// before the next one begins, so that each is opened once where only one may be open.
    fn read_prompts(&self, session: &mut Session<'_>) -> Result<Vec<Vec<Encoded>>> {
        let (model, plan, sets) = (self.model, self.plan, &self.plan.script.sets);
        let readings = self.family.readings(model, plan);
        let (mut done, all) = (0, readings.len() * sets.len());
        let mut read: Vec<Vec<Encoded>> = sets.iter().map(|_| Vec::with_capacity(readings.len())).collect();
        report(session.observer, Phase::EncodingText, done, all)?;
        for reading in readings {
            for (prompts, read) in sets.iter().zip(&mut read) {
                read.push(Prompting { model, plan, session: &mut *session }.read(reading, prompts)?);
                done += 1;
                report(session.observer, Phase::EncodingText, done, all)?;
            }
            if model.memory == MemoryMode::Low {
                model.release_text(reading.role);
            }
        }
        Ok(read)
    }

    /// The decoder of these pictures.
    fn decoder(&self) -> &Decoder {
        self.wrapped.as_ref().map_or(&self.model.decoder, |wrapped| &wrapped.decoder)
    }

    fn decode(&self, latents: &ArrayD<f32>, session: &mut Session<'_>) -> Result<Vec<Image>> {
        let pictures = self.plan.latents[0];
        report(session.observer, Phase::Decoding, 0, pictures)?;
        let mut images = Vec::with_capacity(pictures);
        for (done, latent) in latents.axis_iter(Axis(0)).enumerate() {
            let latent = latent.into_dimensionality::<Ix3>().map_err(|e| Error::Internal(e.to_string()))?;
            images.push(self.decode_one(latent.to_owned(), session.cancel)?);
            report(session.observer, Phase::Decoding, done + 1, pictures)?;
        }
        Ok(images)
    }

    /// The picture of one latent (`[channels, height, width]`).
    ///
    /// # Errors
    /// Whatever the decoder says; [`Error::BadModel`] for a picture of another size; [`Error::Numeric`].
    pub(in crate::pipeline) fn decode_one(&self, latent: Array3<f32>, cancel: &CancelToken) -> Result<Image> {
        let (model, plan) = (self.model, self.plan);
        let expected = [3, plan.settings.height as usize, plan.settings.width as usize];
        let cut = plan.request.tiling.cut(model.memory);
        let decoder = self.decoder();
        // Of a picture that wraps around each tile would wrap around by itself.
        if self.wrapped.is_none() && decoder.cuts(&latent, cut) {
            // Each tile goes straight into the picture, of which there is no second copy in floats then.
            let mut image = Image::blank(plan.settings.width, plan.settings.height, plan.request.format)?;
            decoder.decode_tiled(latent, |y, x, tile| image.put_chw(y, x, tile), cancel)?;
            return Ok(image);
        }
        let decoded = decoder.decode(latent, cancel)?;
        if decoded.shape() != expected {
            return Err(Error::bad_model(
                model.folder.root(),
                format!(
                    "the VAE decoder gave a picture of shape {:?} where {expected:?} was expected; its spatial factor \
                     does not fit the folder's config",
                    decoded.shape()
                ),
            ));
        }
        Image::from_chw(decoded.view(), plan.request.format)
    }
}

/// Gives the branches the channels that follow their samples: all the same, but that an edit's negative branch sees no
/// picture.
fn show_picture(branches: &mut [Branch], guidance: &Guidance, extra: Option<ArrayD<f32>>) {
    let Some(extra) = extra.map(|extra| extra.as_standard_layout().into_owned()) else { return };
    let edits = guidance.roles.contains(&Role::Picture);
    for (branch, role) in branches.iter_mut().zip(&guidance.roles) {
        let blind = edits && *role == Role::Negative;
        branch.extra = Some(if blind { ArrayD::zeros(extra.shape()) } else { extra.clone() });
    }
}

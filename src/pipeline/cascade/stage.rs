//! One denoising loop of a cascade.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ndarray::{ArrayD, Axis, IxDyn, concatenate};

use super::Rows;
use super::evaluation::Evaluation;
use super::plan::StagePlan;
use crate::denoise::{
    self, Batching, Branch, Denoiser, Denoising, GradientForm, GradientGuide, Guidance, Paste, PasteMode, Reuse, Role,
};
use crate::error::{Error, Result};
use crate::model::cascade::{Base, Dimension, GuideForm, KeepWhen, Operation, Source, Stage};
use crate::pipeline::{MemoryMode, Phase, report};
use crate::scheduler::{CleanSample, Scheduler};

/// The largest size.
const MAX_SIZE: usize = 1 << 20;
/// The most numbers of one value, as of a stage's batch: four gigabytes of float32.
pub(super) const MAX_NUMBERS: usize = 1 << 30;

impl Evaluation<'_> {
    /// Draws the samples of the stage with this index: a value for each picture.
    ///
    /// # Errors
    /// As [`crate::Pipeline::generate`].
    pub(super) fn run_stage(&mut self, index: usize) -> Result<(Rows, Option<Rows>)> {
        let (cascade, plan) = (self.cascade, self.plan);
        let stages = cascade.folder.manifest.stages.get(index).zip(plan.stages.get(index));
        let (stage, settings) = stages.ok_or_else(|| Error::Internal(format!("there is no stage {index}")))?;
        let mut scheduler = settings.scheduler(cascade.scheduler_config(&stage.name)?)?;
        // The negative prompt's samples come after all others of the batch.
        let negative_too = stage.negative_too && plan.negative().is_some();
        let rows = plan.pictures * settings.candidates;
        let mut shape = vec![if negative_too { 2 * rows } else { rows }];
        for side in &stage.sample {
            shape.push(self.size(side)?);
        }

        let numbers = shape.iter().fold(1_usize, |product, size| product.saturating_mul(*size));
        if numbers > MAX_NUMBERS {
            return Err(Error::invalid(format!(
                "the stage {} would draw {numbers} numbers at once; allowed are at most {MAX_NUMBERS}: ask for fewer pictures, \
                 fewer candidates or a smaller size",
                stage.name
            )));
        }

        let from = self.optional(stage.from.as_deref())?;
        let start = self.optional(stage.start.as_deref())?;
        let mut noise = None;
        if stage.noise_first && from.is_none() {
            for value in stage.needs() {
                self.run_stages_of(value)?;
            }
            noise = Some(self.noise.normal(&shape));
        }
        let guided = stage.is_guided(settings.guidance);
        let halves = |own| if negative_too { vec![own, Some(index)] } else { vec![own] };
        let told = self.branch(stage, &halves(None), settings.candidates, &shape)?;
        let mut guidance = Guidance::off();
        let mut branches = vec![told];
        if guided {
            branches.insert(0, self.branch(stage, &halves(Some(index)), settings.candidates, &shape)?);
            guidance.roles = vec![Role::Negative, Role::Positive(1.0)];
            guidance.scale = settings.guidance;
        }

        let calls = scheduler.timesteps().len();
        let mut first = 0;
        let repeated = |rows: &Rows| stacked(rows, plan.pictures, settings.candidates);
        let mut original = None;
        let mut latents = match (from, start) {
            (Some(from), _) => repeated(&from)?,
            (None, start) => {
                let mut noise = match noise {
                    Some(noise) => noise,
                    None => self.noise.normal(&shape),
                };
                if stage.temperature != 1.0 {
                    noise.mapv_inplace(|value| value * stage.temperature);
                }
                match start {
                    Some(start) => {
                        let steps = calls.div_ceil(scheduler.order().max(1));
                        let kept =
                            ((steps as f64 * crate::pipeline::plan::as_written(settings.strength)) as usize).min(steps);
                        first = (steps - kept) * scheduler.order().max(1);
                        if kept == 0 {
                            return Err(Error::invalid(format!(
                                "a strength of {} leaves none of {steps} steps of the stage {} to be drawn",
                                settings.strength, stage.name
                            )));
                        }
                        let start = repeated(&start)?;
                        let noised = scheduler.add_noise(&start, &noise, first)?;
                        original = Some((start, noise));
                        noised
                    }
                    None => {
                        let sigma = scheduler.init_noise_sigma() as f32;
                        let first = noise.mapv(|value| value * sigma);
                        original = Some((ArrayD::zeros(IxDyn(&shape)), noise));
                        first
                    }
                }
            }
        };
        if latents.shape() != shape {
            return Err(Error::invalid(format!(
                "the stage {} starts from values of the shape {:?}, but draws {shape:?}",
                stage.name,
                latents.shape()
            )));
        }
        let paste = self.paste(stage, original, &shape)?;
        let mut gradient = self.gradient(stage, settings, &halves(None), &shape)?;

        report(self.session.observer, Phase::Denoising, 0, calls - first)?;
        let last = stage.last_denoiser.as_deref().filter(|_| calls - first > 1 || calls == 1);
        // Solvers of two calls a step make the last step with one.
        let cut = if last.is_some() { calls - ((calls - 1) % scheduler.order().max(1) + 1) } else { calls };
        let parts = [(Some(stage.denoiser.as_str()), first..cut.max(first)), (last, cut.max(first)..calls)];
        for (name, span) in parts {
            let Some(name) = name.filter(|_| !span.is_empty()) else { continue };
            self.run_part(
                Part { graph: name, stage, guidance: &guidance, paste: paste.as_ref(), span, done_before: first },
                gradient.as_mut(),
                branches.clone(),
                scheduler.as_mut(),
                &mut latents,
            )?;
        }
        self.timings.denoise_in_graphs += gradient.map_or(Duration::ZERO, |gradient| gradient.time_in_graph());
        self.last_sample = Some(latents.clone());
        let mut samples: Vec<ArrayD<f32>> = latents.outer_iter().map(|row| row.to_owned()).collect();
        let negative = negative_too.then(|| samples.split_off(rows));
        let mut chosen = |samples: Vec<ArrayD<f32>>, null| match (settings.candidates, &stage.candidates) {
            (1, _) | (_, None) => Ok(Rows::each(samples)),
            (count, Some(candidates)) => {
                let towards = self.value(&candidates.towards, null)?;
                Ok(Rows::each(best(&samples, count, &towards)))
            }
        };
        let drawn = chosen(samples, None)?;
        Ok((drawn, negative.map(|samples| chosen(samples, Some(index))).transpose()?))
    }

    /// Runs the stages that the value `name` is made of, and nothing else.
    fn run_stages_of(&mut self, name: &str) -> Result<()> {
        let (cascade, plan) = (self.cascade, self.plan);
        match cascade.folder.manifest.source(name) {
            _ if plan.embeddings.contains_key(name) => Ok(()),
            Some(Source::Stage(_) | Source::Negative(_)) => self.told(name).map(drop),
            Some(Source::Operation(Operation::FirstOf { of })) => {
                let first = of.iter().find(|way| cascade.is_available(plan, way));
                first.map_or(Ok(()), |way| self.run_stages_of(way))
            }
            Some(source) => source.inputs().into_iter().try_for_each(|input| self.run_stages_of(input)),
            None => Ok(()),
        }
    }

    /// Runs some calls of a stage with one graph.
    fn run_part(
        &mut self,
        part: Part<'_>,
        gradient: Option<&mut GradientGuide>,
        branches: Vec<Branch>,
        scheduler: &mut dyn Scheduler,
        latents: &mut ArrayD<f32>,
    ) -> Result<()> {
        let batching = self.batching();
        let graph = Arc::clone(self.cascade.graph(part.graph)?);
        let mut denoiser = Denoiser::new(&graph, latents.shape(), branches, part.stage.timestep_scale, batching)?;
        if let Some(channels) = part.stage.output_channels.as_ref().and_then(Dimension::fixed) {
            denoiser.gives(channels);
        }
        let all = scheduler.timesteps().len() - part.done_before;
        let before = part.span.start - part.done_before;
        let (cancel, observer) = (self.session.cancel, &mut *self.session.observer);
        let reuse = Reuse::default();
        let task = Denoising {
            denoiser: &mut denoiser,
            scheduler,
            noise: self.noise.as_mut(),
            guidance: part.guidance,
            gradient,
            reuse: &reuse,
            span: part.span,
            paste: part.paste,
            changes: Vec::new(),
            cancel,
        };
        let ran = denoise::run(task, latents, |done| report(observer, Phase::Denoising, before + done, all))?;
        self.timings.add_stage(ran, denoiser.time_in_graph());
        drop(denoiser);
        if self.cascade.memory != MemoryMode::Speed {
            graph.release();
        }
        Ok(())
    }

    /// The values of a graph's inputs, as [`Self::branch`] has them.
    fn told_inputs(
        &mut self,
        inputs: &BTreeMap<String, String>,
        parts: &[Option<usize>],
        copies: usize,
    ) -> Result<Branch> {
        let mut branch = Branch::default();
        for (input, value) in inputs {
            let mut all = Vec::with_capacity(parts.len());
            for part in parts {
                all.push(self.value(value, *part)?);
            }
            match all.as_slice() {
                [rows] if rows.is_same() => {
                    branch.inputs.insert(input.clone(), rows.of(0).clone());
                }
                _ => {
                    let each = all
                        .iter()
                        .flat_map(|rows| (0..self.plan.pictures * copies).map(|row| rows.of(row / copies).clone()));
                    branch.each.insert(input.clone(), each.collect());
                }
            }
        }
        Ok(branch)
    }

    /// How many rows go into one call.
    fn batching(&self) -> Batching {
        match self.cascade.memory {
            MemoryMode::Speed | MemoryMode::Balanced => Batching::Together,
            MemoryMode::Low => Batching::OneByOne,
        }
    }

    /// What one guidance branch of a stage is told. `parts` are what the parts of the batch are told: the request's
    /// values, or those of a stage's unconditional branch.
    fn branch(&mut self, stage: &Stage, parts: &[Option<usize>], copies: usize, shape: &[usize]) -> Result<Branch> {
        let mut branch = self.told_inputs(&stage.inputs, parts, copies)?;
        if stage.concat.is_empty() {
            return Ok(branch);
        }
        let mut channels = Vec::with_capacity(stage.concat.len());
        for value in &stage.concat {
            let mut all = Vec::with_capacity(parts.len());
            for part in parts {
                let rows = self.value(value, *part)?;
                all.push(stacked(&rows, self.plan.pictures, copies)?);
            }
            let views: Vec<_> = all.iter().map(|part| part.view()).collect();
            let part = concatenate(Axis(0), &views).map_err(|e| Error::Internal(e.to_string()))?;
            if part.ndim() != 4 || part.shape()[2..] != shape[2..] {
                return Err(self.cascade.folder.bad(format!(
                    "the value {value} has the shape {:?}, which cannot follow the sample {:?} of the stage {}",
                    &part.shape()[1..],
                    &shape[1..],
                    stage.name
                )));
            }
            channels.push(part);
        }
        let views: Vec<_> = channels.iter().map(|part| part.view()).collect();
        let extra = concatenate(Axis(1), &views).map_err(|e| Error::Internal(e.to_string()))?;
        branch.extra = Some(extra.as_standard_layout().into_owned());
        Ok(branch)
    }

    /// The gradient that leads a stage, where it has one that is to lead.
    fn gradient(
        &mut self,
        stage: &Stage,
        settings: &StagePlan,
        parts: &[Option<usize>],
        shape: &[usize],
    ) -> Result<Option<GradientGuide>> {
        let Some(guide) = stage.guide.as_ref().filter(|_| settings.guide_scale != 0.0) else { return Ok(None) };
        let told = self.told_inputs(&guide.inputs, parts, settings.candidates)?;
        let form = match guide.form {
            GuideForm::Score => GradientForm::Score,
            GuideForm::Mean => GradientForm::Own,
        };
        let rule = CleanSample::of(settings.kind, self.cascade.scheduler_config(&stage.name)?).ok();
        let graph = self.cascade.graph(&guide.graph)?;
        let how = (stage.timestep_scale, self.batching());
        GradientGuide::new(graph, shape, told, how, (settings.guide_scale, form), rule).map(Some)
    }

    /// What a mask keeps, where the request gives one.
    fn paste(
        &mut self,
        stage: &Stage,
        original: Option<(ArrayD<f32>, ArrayD<f32>)>,
        shape: &[usize],
    ) -> Result<Option<Paste>> {
        let Some(keep) = &stage.keep else { return Ok(None) };
        let (Some(picture), Some(mask)) = (self.optional(Some(&keep.picture))?, self.optional(Some(&keep.mask))?)
        else {
            return Ok(None);
        };
        let copies = shape[0] / self.plan.pictures;
        let picture = stacked(&picture, self.plan.pictures, copies)?;
        let mask = stacked(&mask, self.plan.pictures, copies)?;
        let (Some(picture), Some(mask)) = (picture.broadcast(shape), mask.broadcast(shape)) else {
            return Err(self.cascade.folder.bad(format!(
                "what the stage {} keeps has the shape {:?} and its mask {:?}, but it draws {:?}",
                stage.name,
                &picture.shape()[1..],
                &mask.shape()[1..],
                &shape[1..]
            )));
        };
        let mode = match keep.when {
            KeepWhen::CleanEstimate => PasteMode::Clean,
            KeepWhen::BeforeCall => PasteMode::BeforeCall,
            KeepWhen::AfterStep => {
                let noise = original.map_or_else(|| ArrayD::zeros(IxDyn(shape)), |(_, noise)| noise);
                PasteMode::AfterStep { noise }
            }
        };
        Ok(Some(Paste { original: picture.to_owned(), mask: mask.to_owned(), mode }))
    }

    /// A value where it can be computed.
    fn optional(&mut self, name: Option<&str>) -> Result<Option<Rows>> {
        match name.filter(|name| self.cascade.is_available(self.plan, name)) {
            Some(name) => self.told(name).map(Some),
            None => Ok(None),
        }
    }

    /// A size as a number.
    pub(super) fn size(&mut self, dimension: &Dimension) -> Result<usize> {
        let base = match &dimension.base {
            Base::Number(number) => Some(*number),
            Base::Height => self.plan.size.map(|(height, _)| height),
            Base::Width => self.plan.size.map(|(_, width)| width),
            Base::HeightOf(value) => self.told(value)?.of(0).shape().iter().rev().nth(1).copied(),
            Base::WidthOf(value) => self.told(value)?.of(0).shape().last().copied(),
            Base::Config { .. } => None,
        };
        let size = base.and_then(|base| dimension.of(base)).filter(|size| (1..=MAX_SIZE).contains(size));
        size.ok_or_else(|| match base {
            Some(base) => Error::invalid(format!(
                "{base} pixels do not fit this model: {dimension} must come out even, from 1 to {MAX_SIZE}"
            )),
            None => self.cascade.folder.bad(format!("the size {dimension} cannot be known")),
        })
    }
}

/// Some calls of a stage.
struct Part<'a> {
    graph: &'a str,
    stage: &'a Stage,
    guidance: &'a Guidance,
    paste: Option<&'a Paste>,
    span: std::ops::Range<usize>,
    /// The call that the stage began with.
    done_before: usize,
}

/// A value with its batch axis: a row for each copy of each picture.
fn stacked(rows: &Rows, pictures: usize, copies: usize) -> Result<ArrayD<f32>> {
    let views: Vec<_> = (0..pictures * copies).map(|row| rows.of(row / copies).view().insert_axis(Axis(0))).collect();
    let all = concatenate(Axis(0), &views);
    all.map_err(|_| Error::Internal("the pictures' values have several shapes".into()))
}

/// Of every `count` samples the one with the largest scalar product.
fn best(samples: &[ArrayD<f32>], count: usize, towards: &Rows) -> Vec<ArrayD<f32>> {
    let product =
        |a: &ArrayD<f32>, b: &ArrayD<f32>| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let of = |(picture, own): (usize, &[ArrayD<f32>])| {
        own.iter().max_by(|a, b| product(a, towards.of(picture)).total_cmp(&product(b, towards.of(picture)))).cloned()
    };
    samples.chunks(count).enumerate().filter_map(of).collect()
}

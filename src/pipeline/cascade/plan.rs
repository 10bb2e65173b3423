//! A request with every default filled in, checked against the cascade.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::Axis;
use serde_json::{Map, json};

use super::Rows;
use super::layouts;
use super::opened::Cascade;
use super::unused::refuse_other_roads;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::model::cascade::{Operation, Stage};
use crate::pipeline::plan::{noise_of, random_seed};
use crate::pipeline::{ClassLabel, MAX_PIXELS, MAX_SIDE, Request, Seeds, Settings, StageSettings};
use crate::rng::{Generator, NoiseSource};
use crate::scheduler::{self, Inversion, Scheduler, SchedulerKind, SchedulerOptions, SigmaSchedule};

/// The roles that a request's start fills.
const IMAGE: &str = "image";
const MASK: &str = "mask";
/// What diffusers' pipelines take where nothing is said.
const USUAL_STEPS: u32 = 50;

/// What a request asks of a cascade.
pub(super) struct Plan {
    pub request: Request,
    pub seed: u64,
    pub pictures: usize,
    /// Height and width in pixels, of models that draw several sizes.
    pub size: Option<(usize, usize)>,
    /// In the manifest's order.
    pub stages: Vec<StagePlan>,
    /// The labels, by the classes' names.
    pub classes: BTreeMap<String, Vec<usize>>,
    /// Pictures by their roles.
    pub given: BTreeMap<String, Arc<Image>>,
    /// The boxes as tokens, by the layouts' names.
    pub layouts: BTreeMap<String, Vec<u32>>,
    /// What the caller hands in, by the values' names.
    pub embeddings: BTreeMap<String, Rows>,
}

/// One stage's settings.
#[derive(Debug, Clone)]
pub(super) struct StagePlan {
    pub kind: SchedulerKind,
    pub options: SchedulerOptions,
    pub guidance: f32,
    pub guide_scale: f32,
    pub candidates: usize,
    /// How much of a start is drawn over.
    pub strength: f32,
}

impl Plan {
    /// Fills in the model's defaults and checks the request against the model.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], naming the setting, its value, and what this model allows; [`Error::Unsupported`] for
    /// what a cascade cannot do.
    pub(super) fn new(cascade: &Cascade, request: &Request) -> Result<Self> {
        refuse_other_roads(cascade, request)?;
        let manifest = &cascade.folder.manifest;
        let pictures = request.count.max(1) as usize;
        let size = size(cascade, request)?;
        let given = given(cascade, request)?;
        let embeddings = embeddings(cascade, request, pictures)?;
        for name in request.cascade.stages.keys() {
            if manifest.stage(name).is_none() {
                let names: Vec<_> = manifest.stages.iter().map(|stage| &*stage.name).collect();
                return Err(Error::invalid(format!(
                    "there is no stage \"{name}\"; this model has {}",
                    names.join(", ")
                )));
            }
        }
        let main = manifest.main_stage().map(|stage| &*stage.name);
        let stages = manifest.stages.iter().map(|stage| {
            let own = request.cascade.stages.get(&stage.name);
            StagePlan::new(cascade, stage, request, own, main == Some(&*stage.name))
        });
        let stages: Vec<StagePlan> = stages.collect::<Result<_>>()?;
        if request.seeds == Seeds::OnePerPicture && pictures > 1 {
            let negative = request.negative_prompt.as_ref().is_some_and(|prompt| !prompt.is_empty());
            for (stage, plan) in manifest.stages.iter().zip(&stages) {
                if plan.candidates > 1 || (stage.negative_too && negative) {
                    return Err(Error::Unsupported(format!(
                        "the stage {} draws several samples for each picture, so that pictures cannot have one seed each; ask \
                         for one generator, or for one picture at a time",
                        stage.name
                    )));
                }
            }
        }
        let classes = classes(cascade, request, pictures)?;
        let layouts = layouts::encoded(cascade, &request.boxes)?;
        for attribute in request.cascade.edits.keys() {
            let known: Vec<&str> = attributes(cascade).collect();
            if !known.contains(&attribute.as_str()) {
                return Err(Error::invalid(format!(
                    "there is no attribute \"{attribute}\" to move; this model has {}",
                    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                )));
            }
        }
        let seed = request.seed.unwrap_or_else(|| random_seed(request.rng));
        Generator::new(request.rng, seed)?;
        Ok(Self { request: request.clone(), seed, pictures, size, stages, classes, given, layouts, embeddings })
    }

    /// The source of all noise.
    pub(super) fn noise(&self) -> Result<Box<dyn NoiseSource>> {
        noise_of(&self.request, self.seed, self.pictures)
    }

    /// How much noise pictures and embeddings get that a stage is told.
    pub(super) fn noise_level(&self, usual: u32) -> u32 {
        self.request.noise_level.unwrap_or(usual)
    }

    /// The negative prompt, where there is something in it.
    pub(super) fn negative(&self) -> Option<&str> {
        self.request.negative_prompt.as_deref().filter(|prompt| !prompt.is_empty())
    }

    /// What a picture carries.
    pub(super) fn settings(&self, cascade: &Cascade, image: Option<&Image>) -> Settings {
        let manifest = &cascade.folder.manifest;
        let main = manifest.main_stage().and_then(|main| {
            let index = manifest.stages.iter().position(|stage| stage.name == main.name)?;
            self.stages.get(index)
        });
        let mut more = self.request.described();
        let stages: Map<_, _> = manifest
            .stages
            .iter()
            .zip(&self.stages)
            .map(|(stage, plan)| {
                let steps = plan.steps();
                let mut told = json!({"steps": steps, "guidance": plan.guidance, "scheduler": plan.kind.name()});
                let mut put = |holds: bool, key: &str, value: serde_json::Value| {
                    if holds {
                        told[key] = value;
                    }
                };
                put(plan.options.eta != 0.0, "eta", json!(plan.options.eta));
                put(stage.guide.is_some(), "guide_scale", json!(plan.guide_scale));
                put(plan.candidates > 1, "candidates", json!(plan.candidates));
                put(stage.start.is_some() && plan.strength < 1.0, "strength", json!(plan.strength));
                (stage.name.clone(), told)
            })
            .collect();
        more.insert("stages".to_owned(), json!(stages));
        if let Some(stage) = &self.request.cascade.until {
            more.insert("until".to_owned(), json!(stage));
        }
        Settings {
            prompt: self.request.prompt.clone(),
            negative_prompt: self.request.negative_prompt.clone(),
            width: image.map_or(0, Image::width),
            height: image.map_or(0, Image::height),
            steps: main.map_or(0, |main| u32::try_from(main.steps()).unwrap_or(u32::MAX)),
            guidance: main.map_or(1.0, |main| main.guidance),
            scheduler: main.map_or("", |main| main.kind.name()).to_owned(),
            sigmas: self.request.sigmas.map_or("default", SigmaSchedule::name).to_owned(),
            eta: self.request.eta,
            seed: self.seed,
            rng: self.request.rng.name().to_owned(),
            count: u32::try_from(self.pictures).unwrap_or(u32::MAX),
            strength: self.request.start.strength,
            clip_skip: 0,
            hires: None,
            model: cascade.folder.root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            more,
        }
    }
}

impl StagePlan {
    fn new(
        cascade: &Cascade,
        stage: &Stage,
        request: &Request,
        own: Option<&StageSettings>,
        is_main: bool,
    ) -> Result<Self> {
        let nothing = StageSettings::default();
        let own = own.unwrap_or(&nothing);
        // A request's own settings are the main stage's.
        let of_request = |is_set| is_main && is_set;
        let config = cascade.scheduler_config(&stage.name)?;
        let kind = match own.scheduler.or(request.scheduler.filter(|_| is_main)) {
            Some(kind) => kind,
            None => cascade.own_scheduler(stage)?,
        };
        // What the manifest says about its own scheduler means nothing to another.
        let is_own = kind == cascade.own_scheduler(stage)?;
        let usual_eta = if is_own { stage.eta } else { 0.0 };
        let asked = own.steps.or(request.steps.filter(|_| of_request(true)));
        let mut options = SchedulerOptions {
            sigmas: request.sigmas.filter(|_| is_main),
            custom: request.custom_schedule.clone().filter(|_| is_main),
            eta: f64::from(if is_main && request.eta != 0.0 { request.eta } else { usual_eta }),
            ..SchedulerOptions::new(asked.unwrap_or_else(|| cascade.own_steps(stage)) as usize)
        };
        options.inversion = stage.invert.as_deref().map(Inversion::parse).transpose()?;
        if let (true, Some(listed), None, None) = (is_own, &stage.timesteps, asked, &options.custom) {
            options.custom = Some(scheduler::CustomSchedule::Timesteps(listed.clone()));
        }
        let plan = Self {
            kind,
            options,
            guidance: own.guidance.or(request.guidance.filter(|_| is_main)).unwrap_or(stage.guidance),
            guide_scale: own.guide_scale.or(stage.guide.as_ref().map(|guide| guide.scale)).unwrap_or(0.0),
            candidates: own.candidates.or(stage.candidates.as_ref().map(|c| c.count)).unwrap_or(1) as usize,
            strength: request.start.strength.or(stage.strength).unwrap_or(1.0),
        };
        if own.guide_scale.is_some() && stage.guide.is_none() {
            return Err(Error::invalid(format!(
                "the stage {} has no gradient that a scale could be given for",
                stage.name
            )));
        }
        if own.candidates.is_some() && stage.candidates.is_none() {
            return Err(Error::invalid(format!(
                "the stage {} has nothing to choose the best of several by",
                stage.name
            )));
        }
        if (own.guidance.is_some() || (is_main && request.guidance.is_some()))
            && plan.guidance > 1.0
            && stage.null.is_empty()
        {
            return Err(Error::invalid(format!(
                "a guidance of {} is asked for, but the stage {} has no unconditional branch",
                plan.guidance, stage.name
            )));
        }
        plan.scheduler(config).map_err(|error| match error {
            Error::InvalidArgument(text) => Error::InvalidArgument(format!("in the stage {}: {text}", stage.name)),
            other => other,
        })?;
        Ok(plan)
    }

    /// How many steps the stage takes: a list of timesteps rules over a number.
    fn steps(&self) -> usize {
        match &self.options.custom {
            Some(scheduler::CustomSchedule::Timesteps(listed)) => listed.len(),
            _ => self.options.steps,
        }
    }

    /// The stage's scheduler, ready.
    ///
    /// # Errors
    /// As [`scheduler::create`].
    pub(super) fn scheduler(&self, config: &Map<String, serde_json::Value>) -> Result<Box<dyn Scheduler>> {
        scheduler::create(self.kind, config, &self.options)
    }
}

impl Stage {
    /// Whether its unconditional branch runs.
    pub(in crate::pipeline) fn is_guided(&self, guidance: f32) -> bool {
        let guides = if self.guided_below_one { guidance != 1.0 } else { guidance > 1.0 };
        guides && !self.null.is_empty()
    }
}

impl Cascade {
    /// The config of a stage's scheduler.
    pub(super) fn scheduler_config(&self, name: &str) -> Result<&Map<String, serde_json::Value>> {
        let config = self.folder.schedulers.get(name);
        config.ok_or_else(|| Error::Internal(format!("the scheduler of {name} was not read")))
    }

    /// The scheduler that the model has for a stage.
    pub(super) fn own_scheduler(&self, stage: &Stage) -> Result<SchedulerKind> {
        let config = self.scheduler_config(&stage.name)?;
        let class = config.get("_class_name").and_then(|class| class.as_str()).unwrap_or_default();
        SchedulerKind::from_config(class, config)
            .map_err(|e| self.folder.bad(format!("the scheduler of the stage {}: {e}", stage.name)))
    }

    /// How many steps a stage takes where nobody says.
    pub(super) fn own_steps(&self, stage: &Stage) -> u32 {
        let stated =
            self.folder.schedulers.get(&stage.name).and_then(|config| scheduler::respaced_steps(config).ok().flatten());
        stage.steps.or(stated.and_then(|steps| u32::try_from(steps).ok())).unwrap_or(USUAL_STEPS)
    }

    /// Checks that every stage has a scheduler that can be made.
    ///
    /// # Errors
    /// [`Error::BadModel`] that names the stage.
    pub(super) fn check_schedulers(&self) -> Result<()> {
        for stage in &self.folder.manifest.stages {
            StagePlan::new(self, stage, &Request::default(), None, false)
                .map_err(|e| self.folder.bad(e.to_string()))?;
        }
        Ok(())
    }
}

fn size(cascade: &Cascade, request: &Request) -> Result<Option<(usize, usize)>> {
    let Some(sizes) = cascade.folder.manifest.sizes.as_ref().filter(|sizes| !sizes.fixed) else {
        let own = cascade.drawn_size();
        for (what, asked, drawn) in
            [("height", request.height, own.map(|own| own.0)), ("width", request.width, own.map(|own| own.1))]
        {
            if let Some(asked) = asked
                && drawn != Some(asked as usize)
            {
                return Err(Error::invalid(format!(
                    "{what} is {asked}; this model draws {}",
                    own.map_or("what follows from the pictures it is given".to_owned(), |(h, w)| format!(
                        "{w}x{h} pixels only"
                    ))
                )));
            }
        }
        return Ok(own.filter(|_| cascade.folder.manifest.sizes.is_some()));
    };
    let usual = |dimension: &crate::model::cascade::Dimension| dimension.fixed().unwrap_or(1);
    let height = request.height.map_or(usual(&sizes.height), |side| side as usize);
    let width = request.width.map_or(usual(&sizes.width), |side| side as usize);
    for (what, side) in [("width", width), ("height", height)] {
        let multiple = sizes.multiple.max(1) as usize;
        if side == 0 || !side.is_multiple_of(multiple) || side > MAX_SIDE as usize {
            let below = (side / multiple).max(1) * multiple;
            return Err(Error::invalid(format!(
                "{what} is {side}; this model draws multiples of {multiple}, as {below} or {}",
                below + multiple
            )));
        }
    }
    let pixels = width as u64 * height as u64 * u64::from(request.count.max(1));
    if pixels > MAX_PIXELS {
        return Err(Error::invalid(format!(
            "{} pictures of {width}x{height} are {pixels} pixels; allowed are {MAX_PIXELS} in one request",
            request.count.max(1)
        )));
    }
    Ok(Some((height, width)))
}

/// The pictures, by their roles.
fn given(cascade: &Cascade, request: &Request) -> Result<BTreeMap<String, Arc<Image>>> {
    let roles = &cascade.folder.manifest.pictures;
    let start = [(IMAGE, &request.start.picture), (MASK, &request.start.mask)];
    let start = start.into_iter().filter_map(|(role, image)| Some((role.to_owned(), Arc::clone(image.as_ref()?))));
    if let Some(condition) = request.conditions.iter().find(|condition| !condition.counts_wholly()) {
        return Err(Error::invalid(format!(
            "the picture for \"{}\" has a scale of {} from {} to {} of the run; in a model of several stages pictures count \
             wholly, with 1 from 0 to 1",
            condition.role, condition.scale, condition.start, condition.end
        )));
    }
    let named = request.conditions.iter().map(|condition| (condition.role.clone(), Arc::clone(&condition.picture)));
    let mut given = BTreeMap::new();
    for (role, image) in start.chain(named) {
        if roles.get(&role).is_none_or(|role| role.same_as.is_some()) {
            let known = roles.iter().filter(|(_, role)| role.same_as.is_none());
            let known: Vec<_> = known.map(|(name, _)| name.as_str()).collect();
            return Err(Error::invalid(format!(
                "a picture is given for \"{role}\", but the model at \"{}\" takes {}",
                cascade.folder.root.display(),
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )));
        }
        if given.contains_key(&role) {
            return Err(Error::invalid(format!("two pictures are given for \"{role}\"; the model takes one")));
        }
        given.insert(role, image);
    }
    for (name, role) in roles {
        if let Some(image) = role.same_as.as_ref().and_then(|other| given.get(other)).cloned() {
            given.insert(name.clone(), image);
        }
    }
    Ok(given)
}

/// What is handed in, once it has the value's shape.
fn embeddings(cascade: &Cascade, request: &Request, pictures: usize) -> Result<BTreeMap<String, Rows>> {
    let listed = &cascade.folder.manifest.embeddings;
    let mut embeddings = BTreeMap::new();
    for (name, values) in &request.cascade.embeddings {
        if !listed.contains(name) {
            return Err(Error::invalid(format!(
                "the model at \"{}\" takes no embedding \"{name}\"; it takes {}",
                cascade.folder.root.display(),
                if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
            )));
        }
        let rank = cascade.shape(name).map_or(1, |shape| shape.len());
        let fits = |shape: &[usize]| cascade.accepts(name, shape);
        let shape = values.shape();
        let rows = if shape.len() == rank && fits(shape) {
            Rows::same(values.as_ref().clone())
        } else if shape.len() == rank + 1 && shape[0] == 1 && fits(&shape[1..]) {
            Rows::same(values.index_axis(Axis(0), 0).to_owned())
        } else if shape.len() == rank + 1 && shape[0] == pictures && fits(&shape[1..]) {
            Rows::each(values.outer_iter().map(|row| row.to_owned()).collect())
        } else {
            return Err(Error::invalid(format!(
                "the embedding \"{name}\" has the shape {shape:?}; this model and request need {}, or one such for each \
                 of {pictures} pictures",
                cascade.shape_in_words(name)
            )));
        };
        embeddings.insert(name.clone(), rows);
    }
    Ok(embeddings)
}

fn classes(cascade: &Cascade, request: &Request, pictures: usize) -> Result<BTreeMap<String, Vec<usize>>> {
    let manifest = &cascade.folder.manifest;
    if request.cascade.classes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let root = cascade.folder.root.display();
    let Some((name, classes)) = manifest.classes.first_key_value() else {
        return Err(Error::invalid(format!("a class is given, but the model at \"{root}\" knows none")));
    };
    let count = classes.count.fixed().unwrap_or(0);
    let given = &request.cascade.classes;
    if given.len() != 1 && given.len() != pictures {
        return Err(Error::invalid(format!(
            "{} classes are given for {pictures} pictures; allowed are one for all, or one for each",
            given.len()
        )));
    }
    let number = |label: &ClassLabel| match label {
        ClassLabel::Number(number) => Some(*number as usize).filter(|number| *number < count),
        ClassLabel::Name(label) => classes.names.iter().position(|other| other == label),
    };
    if let Some(unknown) = given.iter().find(|label| number(label).is_none()) {
        let some: Vec<_> = classes.names.iter().take(8).map(|name| format!("\"{name}\"")).collect();
        let names = match (classes.names.len(), some.len()) {
            (0, _) => String::new(),
            (all, shown) if all > shown => format!(", or a name as {} …", some.join(", ")),
            _ => format!(", or {}", some.join(", ")),
        };
        return Err(Error::invalid(format!(
            "the class is {unknown}; the model at \"{root}\" knows 0 to {}{names}",
            count.saturating_sub(1)
        )));
    }
    Ok(BTreeMap::from([(name.clone(), given.iter().filter_map(number).collect())]))
}

/// The attributes that codes can be moved along.
fn attributes(cascade: &Cascade) -> impl Iterator<Item = &str> {
    cascade.folder.manifest.values.values().flat_map(|operation| match operation {
        Operation::Edit { directions, .. } => directions.keys().map(String::as_str).collect::<Vec<_>>(),
        _ => Vec::new(),
    })
}

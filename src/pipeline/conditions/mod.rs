//! What a picture keeps to beside its prompt: which roles a model has for other pictures, and how they become what the
//! denoiser is told.

mod boxes;
mod depth;
mod image_prompt;
mod late;
mod residuals;
mod sides;

use std::ops::Range;
use std::sync::Arc;

use boxes::Boxes;
use image_prompt::ImagePort;
use late::LateGraph;
use residuals::Residuals;
use sides::Side;

use super::info::ConditionInfo;
use super::masking::Masked;
use super::opened::Opened;
use super::plan::{Job, Plan, as_written};
use super::request::{ConditionPicture, Request};
use crate::denoise::{Branch, Companion, Guidance, Role};
use crate::error::{Error, Result};
use crate::image::{Image, ResizeMode};
use crate::model::{GraphRole, ModelFolder, SideGraph};
use crate::opening::OpenOptions;
use crate::runtime::{CancelToken, Graph};

/// The roles' names.
const CONTROL: &str = "controlnet";
const ADAPTER: &str = "adapter";
const DEPTH: &str = "depth";
const IMAGE_PROMPT: &str = "image_prompt";

/// What a picture is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What the ControlNet of this number looks at.
    Control(usize),
    /// What the adapter of this number looks at.
    Adapter(usize),
    /// How far away everything is.
    Depth,
    /// What the picture is to be like.
    ImagePrompt,
}

/// One role that a model has.
#[derive(Debug, Clone)]
struct Slot {
    role: String,
    kind: Kind,
    what: String,
    /// Whether the scale and the part of the run can be chosen.
    adjustable: bool,
    /// Whether it may be given several times.
    many: bool,
    /// Whether nothing is drawn without it.
    needed: bool,
}

/// The graphs beside a model's own, and the roles of the pictures that they look at.
pub(in crate::pipeline) struct Conditions {
    controls: Vec<Side>,
    adapters: Vec<Side>,
    image_encoder: Option<LateGraph>,
    depth_estimator: Option<LateGraph>,
    residuals: Residuals,
    image: Option<ImagePort>,
    boxes: Option<Boxes>,
    slots: Vec<Slot>,
    /// What is there and of no use, in sentences.
    pub notes: Vec<String>,
}

/// What is known of a generation once its noise levels are.
pub(in crate::pipeline) struct Run<'a> {
    pub model: &'a Opened,
    pub plan: &'a Plan,
    /// The graph that is told; a seamless picture has another one than the model.
    pub denoiser: &'a Graph,
    pub branches: &'a [Branch],
    pub guidance: &'a Guidance,
    pub span: Range<usize>,
    pub masked: Option<&'a Masked>,
    pub cancel: &'a CancelToken,
}

impl Run<'_> {
    /// The calls that lie as a whole between `start` and `end` of the run (diffusers' `controlnet_keep`).
    fn calls(&self, start: f32, end: f32) -> Range<usize> {
        let count = self.span.len() as f64;
        let (start, end) = (as_written(start), as_written(end));
        let first = (0..self.span.len()).find(|call| *call as f64 / count >= start).unwrap_or(self.span.len());
        let last = (first..self.span.len()).take_while(|call| (*call + 1) as f64 / count <= end).count();
        self.span.start + first..self.span.start + first + last
    }

    /// Which branches are negative ones.
    fn negative(&self) -> Vec<bool> {
        self.guidance.roles.iter().map(|role| *role == Role::Negative).collect()
    }

    /// A condition picture as large as what is drawn; the same part of it where only a part is drawn.
    fn at_size(&self, picture: &Image) -> Result<Image> {
        let (width, height) = (self.plan.settings.width, self.plan.settings.height);
        let Some((region, (whole_width, whole_height))) = self.masked.and_then(Masked::part) else {
            return super::plan::at_size(picture, width, height);
        };
        picture
            .resized(whole_width, whole_height, ResizeMode::Stretch)?
            .cropped(region.x, region.y, region.width, region.height)?
            .resized(width, height, ResizeMode::Fill)
    }
}

/// What pictures and phrases became before the loop.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Looks {
    /// What the positive branches are told, and what the negative ones.
    told: [Branch; 2],
}

impl Looks {
    /// `branch` with what pictures and boxes tell it.
    pub(in crate::pipeline) fn tell(&self, mut branch: Branch, negative: bool) -> Branch {
        let more = &self.told[usize::from(negative)];
        branch.inputs.extend(more.inputs.iter().map(|(name, values)| (name.clone(), values.clone())));
        branch
    }
}

impl Conditions {
    /// Those of the folder, and the `extra` ones that lie elsewhere; nothing is opened yet.
    ///
    /// # Errors
    /// As [`SideGraph::read`] for the extra ones; whatever `options` says.
    pub(in crate::pipeline) fn new(
        folder: &ModelFolder,
        extra: &[std::path::PathBuf],
        mut options: impl FnMut(GraphRole) -> Result<OpenOptions>,
    ) -> Result<Self> {
        let extra = extra.iter().map(|path| SideGraph::read(path)).collect::<Result<Vec<_>>>()?;
        let (mut controls, mut adapters) = (Vec::new(), Vec::new());
        for SideGraph { role, graph, pooled } in folder.sides().iter().chain(&extra) {
            let side = Side { graph: LateGraph::new(*role, graph, options(*role)?), pooled: *pooled };
            if *role == GraphRole::ControlNet { controls.push(side) } else { adapters.push(side) }
        }
        let mut late = |role| folder.graph(role).map(|path| Ok(LateGraph::new(role, path, options(role)?))).transpose();
        Ok(Self {
            controls,
            adapters,
            image_encoder: late(GraphRole::ImageEncoder)?,
            depth_estimator: late(GraphRole::DepthEstimator)?,
            residuals: Residuals::default(),
            image: None,
            boxes: None,
            slots: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Finds out which of them the denoiser has a use for.
    ///
    /// # Errors
    /// [`Error::BadModel`] for a denoiser that takes a part of what it must.
    pub(in crate::pipeline) fn fit(&mut self, denoiser: &Graph, folder: &ModelFolder) -> Result<()> {
        self.residuals = Residuals::find(denoiser)?;
        self.image = ImagePort::find(denoiser, folder.family())?;
        self.boxes = Boxes::find(denoiser)?;
        for (sides, inputs, role, kind) in [
            (&self.controls, &self.residuals.control, CONTROL, Kind::Control as fn(usize) -> Kind),
            (&self.adapters, &self.residuals.intra, ADAPTER, Kind::Adapter as fn(usize) -> Kind),
        ] {
            if inputs.is_empty() && !sides.is_empty() {
                self.notes.push(format!(
                    "There is {} {role} graph, but the denoiser has no inputs for what it makes; export the denoiser with \
                     them.",
                    sides.len()
                ));
                continue;
            }
            for (number, side) in sides.iter().enumerate() {
                let role = if number == 0 { role.to_owned() } else { format!("{role}:{number}") };
                let what = format!("looked at by {}", side.graph.path().display());
                self.slots.push(Slot { role, kind: kind(number), what, adjustable: true, many: false, needed: false });
            }
        }
        if Job::of(folder) == Job::Depth {
            self.slots.push(Slot {
                role: DEPTH.to_owned(),
                kind: Kind::Depth,
                what: match &self.depth_estimator {
                    Some(_) => {
                        "a depth map, near is bright; without one it is estimated from the picture to start from"
                    }
                    None => "a depth map, near is bright",
                }
                .to_owned(),
                adjustable: false,
                many: false,
                needed: self.depth_estimator.is_none(),
            });
        }
        if let Some(image) = &self.image {
            self.slots.push(Slot {
                role: IMAGE_PROMPT.to_owned(),
                kind: Kind::ImagePrompt,
                what: "a picture to be like".to_owned(),
                adjustable: image.is_adjustable(),
                many: image.takes_many(),
                needed: !image.is_adjustable(),
            });
            if self.image_encoder.is_none() {
                return Err(Error::bad_model(
                    denoiser.path(),
                    "it takes a picture's embedding, but the model has no image_encoder/model.onnx to make one",
                ));
            }
        }
        Ok(())
    }

    /// The roles, for people and programs.
    pub(in crate::pipeline) fn info(&self) -> Vec<ConditionInfo> {
        let slots = self.slots.iter();
        let info = slots.map(|slot| ConditionInfo {
            role: slot.role.clone(),
            description: slot.what.clone(),
            needed: slot.needed,
            adjustable: slot.adjustable,
        });
        info.collect()
    }

    /// How many boxes the model takes; 0 where it takes none.
    pub(in crate::pipeline) fn most_boxes(&self) -> usize {
        self.boxes.as_ref().map_or(0, Boxes::most)
    }

    /// The denoiser's inputs that are filled from here.
    pub(in crate::pipeline) fn filled(&self) -> Vec<String> {
        let mut names = [&self.residuals.control[..], &self.residuals.intra[..]].concat();
        names.extend(self.image.iter().flat_map(ImagePort::inputs));
        names.extend(self.boxes.iter().flat_map(Boxes::inputs));
        names
    }

    /// The slot that a condition picture goes into.
    fn slot(&self, condition: &ConditionPicture) -> Option<&Slot> {
        self.slots.iter().find(|slot| condition.is(&slot.role))
    }

    fn kind(&self, condition: &ConditionPicture) -> Option<Kind> {
        self.slot(condition).map(|slot| slot.kind)
    }

    /// Checks that the model takes what the request gives, and is given what it cannot do without.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] and [`Error::Unsupported`], with what the model takes.
    pub(in crate::pipeline) fn check(&self, request: &Request, root: &std::path::Path) -> Result<()> {
        let root = root.display();
        for (at, condition) in request.conditions.iter().enumerate() {
            let role = &condition.role;
            let Some(slot) = self.slot(condition) else {
                let roles: Vec<&str> = self.slots.iter().map(|slot| slot.role.as_str()).collect();
                return Err(Error::invalid(match roles.is_empty() {
                    true => format!("a condition picture \"{role}\" is given, but the model at \"{root}\" takes none"),
                    false => format!(
                        "the model at \"{root}\" has no role \"{role}\" for a condition picture; it has {}",
                        roles.join(", ")
                    ),
                }));
            };
            let again = request.conditions[..at].iter().any(|other| other.is(&slot.role));
            if again && !slot.many {
                return Err(Error::invalid(format!("two condition pictures are given for the role \"{role}\"")));
            }
            let adjusted = condition.scale != 1.0 || condition.start != 0.0 || condition.end != 1.0;
            if adjusted && !slot.adjustable {
                return Err(Error::invalid(format!(
                    "the condition \"{role}\" has a scale of {} from {} to {} of the run, but the model at \"{root}\" takes \
                     it as it is: a scale of 1 for the whole run",
                    condition.scale, condition.start, condition.end
                )));
            }
        }
        let is_given = |slot: &Slot| request.conditions.iter().any(|condition| condition.is(&slot.role));
        let is_missing = |slot: &&Slot| slot.needed || (slot.kind == Kind::Depth && request.start.picture.is_none());
        if let Some(slot) = self.slots.iter().filter(|slot| !is_given(slot)).find(is_missing) {
            return Err(Error::invalid(format!(
                "the model at \"{root}\" needs a condition picture with the role \"{}\": {}",
                slot.role, slot.what
            )));
        }
        if request.guess_mode && !request.conditions.iter().any(|c| matches!(self.kind(c), Some(Kind::Control(_)))) {
            return Err(Error::invalid("guess mode is asked for, but no ControlNet has a picture to look at"));
        }
        match (&self.boxes, request.boxes.len()) {
            (Some(boxes), _) => boxes.check(request),
            (None, 0) if request.boxes_until.is_none() => Ok(()),
            (None, _) => Err(Error::Unsupported(format!(
                "boxes are given, but the denoiser of the model at \"{root}\" has no inputs for them, as GLIGEN's has"
            ))),
        }
    }

    /// Opens what a checked request needs, and looks at what the prompts go along with.
    ///
    /// # Errors
    /// Whatever the graphs say.
    pub(in crate::pipeline) fn look(&self, model: &Opened, plan: &Plan, cancel: &CancelToken) -> Result<Looks> {
        for condition in &plan.request.conditions {
            match self.kind(condition) {
                Some(Kind::Control(number)) => self.controls[number].graph.get(cancel).map(drop)?,
                Some(Kind::Adapter(number)) => self.adapters[number].graph.get(cancel).map(drop)?,
                Some(Kind::Depth | Kind::ImagePrompt) | None => {}
            }
        }
        let mut looks = Looks::default();
        if let (Some(port), Some(encoder)) = (&self.image, &self.image_encoder) {
            port.look(encoder, &self.pictures(plan, Kind::ImagePrompt), &mut looks, model, cancel)?;
        }
        if let Some(boxes) = &self.boxes {
            boxes.look(model, plan, &mut looks, cancel)?;
        }
        Ok(looks)
    }

    /// The request's pictures of one kind.
    fn pictures(&self, plan: &Plan, kind: Kind) -> Vec<Arc<Image>> {
        let conditions = plan.request.conditions.iter().filter(|condition| self.kind(condition) == Some(kind));
        conditions.map(|condition| Arc::clone(&condition.picture)).collect()
    }

    /// Who fills inputs of the denoiser at every call.
    ///
    /// # Errors
    /// Whatever the graphs say.
    pub(in crate::pipeline) fn companions(&self, run: &Run<'_>) -> Result<Vec<Box<dyn Companion>>> {
        let mut companions = self.beside(run)?;
        if let Some(port) = &self.image {
            let condition = run.plan.request.conditions.iter().find(|c| self.kind(c) == Some(Kind::ImagePrompt));
            companions.extend(port.strength(condition, run));
        }
        companions.extend(self.boxes.as_ref().and_then(|boxes| boxes.gate(run)));
        Ok(companions)
    }

    /// Gives back whatever is open.
    pub(in crate::pipeline) fn release(&self) {
        let sides = self.controls.iter().chain(&self.adapters).map(|side| &side.graph);
        sides.chain(&self.image_encoder).chain(&self.depth_estimator).for_each(LateGraph::release);
    }
}

/// The first of a request's condition pictures that says how large the result is, as in diffusers' pipelines for
/// ControlNets and adapters.
pub(in crate::pipeline) fn sizing(request: &Request) -> Option<&Image> {
    let sized = |condition: &&ConditionPicture| {
        [CONTROL, ADAPTER].iter().any(|role| condition.role.split(':').next() == Some(role))
    };
    request.conditions.iter().find(sized).map(|condition| condition.picture.as_ref())
}

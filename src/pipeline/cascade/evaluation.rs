//! Values as they are needed, each computed once.

use std::collections::BTreeMap;
use std::time::Instant;

use ndarray::{Array1, ArrayD, Axis, arr0};

use super::opened::Cascade;
use super::plan::Plan;
use super::stage::MAX_NUMBERS;
use super::{Rows, operations, pictures};
use crate::error::{Error, Result};
use crate::model::cascade::{GraphNode, Null, Operation, PROMPT, Source, TextField};
use crate::pipeline::draw::Session;
use crate::pipeline::{MemoryMode, Observer, Phase, Timings, report};
use crate::rng::NoiseSource;
use crate::runtime::CancelToken;
use crate::tensor::Tensor;

/// One generation's values.
pub(super) struct Evaluation<'a> {
    pub cascade: &'a Cascade,
    pub plan: &'a Plan,
    pub session: Session<'a>,
    pub noise: Box<dyn NoiseSource>,
    pub timings: Timings,
    /// What the last stage that ran has drawn.
    pub last_sample: Option<ArrayD<f32>>,
    /// By the stage for whose unconditional branch it is, and the value's name.
    made: BTreeMap<(Option<usize>, String), Rows>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        cascade: &'a Cascade,
        plan: &'a Plan,
        observer: &'a mut dyn Observer,
        cancel: &'a CancelToken,
    ) -> Result<Self> {
        let session = Session { observer, cancel, warnings: Vec::new() };
        let (timings, made) = (Timings::default(), BTreeMap::new());
        Ok(Self { cascade, plan, session, noise: plan.noise()?, timings, last_sample: None, made })
    }

    /// The value `name`, as the request has it.
    pub(super) fn told(&mut self, name: &str) -> Result<Rows> {
        self.value(name, None)
    }

    /// The value `name`; of `null`, as the unconditional branch of that stage is told.
    pub(super) fn value(&mut self, name: &str, null: Option<usize>) -> Result<Rows> {
        self.session.cancel.check()?;
        let manifest = &self.cascade.folder.manifest;
        let stage = null.and_then(|index| manifest.stages.get(index));
        let (null, stage) = match stage.filter(|stage| self.cascade.differs(name, stage)) {
            Some(stage) => (null, Some(stage)),
            None => (None, None),
        };
        if let Some(made) = self.made.get(&(null, name.to_owned())) {
            return Ok(made.clone());
        }
        let rows = match stage.and_then(|stage| stage.null.get(name)) {
            Some(replacement) => self.replacement(name, replacement)?,
            None => self.make(name, null)?,
        };
        // A graph's other outputs came along, this one too.
        self.made.insert((null, name.to_owned()), rows.clone());
        Ok(rows)
    }

    fn make(&mut self, name: &str, null: Option<usize>) -> Result<Rows> {
        let (cascade, plan) = (self.cascade, self.plan);
        // What is handed in is what the request says, and not what the unconditional branch is told, where that is known.
        if let Some(given) = plan.embeddings.get(name)
            && (null.is_none() || !cascade.can_be_made(plan, name))
        {
            return Ok(given.clone());
        }
        let source = cascade.folder.manifest.source(name);
        match source.ok_or_else(|| Error::Internal(format!("nothing makes the value {name}")))? {
            Source::Text(_, field) => self.text(name, field, null),
            Source::Class(_) => {
                let labels = plan.classes.get(name).map_or(&[][..], Vec::as_slice);
                Ok(Rows::each(labels.iter().map(|label| arr0(*label as f32).into_dyn()).collect()))
            }
            Source::Picture(role) => {
                let given = plan.given.get(name);
                let picture = given.ok_or_else(|| Error::Internal(format!("there is no picture for {name}")))?;
                let size = match &role.size {
                    Some([height, width]) => Some((self.size(height)?, self.size(width)?)),
                    None => {
                        let fit = |side: u32| (side / role.multiple).max(1) as usize * role.multiple as usize;
                        Some((fit(picture.height()), fit(picture.width())))
                    }
                };
                if let Some((height, width)) = size {
                    self.check_room(name, &[3, height, width])?;
                }
                Ok(Rows::same(pictures::prepared(picture, role, size, cascade.eyes(name))?))
            }
            Source::Layout(_) => {
                let tokens = plan.layouts.get(name).map_or(&[][..], Vec::as_slice);
                Ok(Rows::same(tokens.iter().map(|token| *token as f32).collect::<Array1<f32>>().into_dyn()))
            }
            Source::Constant(_) => {
                let constant = cascade.constant(name).cloned();
                constant.map(Rows::same).ok_or_else(|| Error::Internal(format!("the constant {name} was not read")))
            }
            Source::Graph(node_name, node, output) => self.graph(node_name, node, output, null),
            Source::Operation(Operation::FirstOf { of }) => {
                let first = of.iter().find(|way| cascade.is_available(plan, way));
                let first = first.ok_or_else(|| Error::Internal(format!("the value {name} cannot be made")))?;
                self.value(first, null)
            }
            Source::Operation(operation) => self.operation(name, operation, null),
            Source::Stage(stage) | Source::Negative(stage) => {
                let index = cascade.folder.manifest.stages.iter().position(|other| other.name == stage.name);
                let (drawn, negative) = self.run_stage(index.unwrap_or_default())?;
                self.made.insert((None, stage.name.clone()), drawn.clone());
                match negative {
                    Some(negative) => {
                        self.made.insert((None, format!("{}.negative", stage.name)), negative.clone());
                        Ok(if name == stage.name { drawn } else { negative })
                    }
                    None => Ok(drawn),
                }
            }
        }
    }

    /// A prompt as numbers.
    fn text(&mut self, name: &str, field: TextField, null: Option<usize>) -> Result<Rows> {
        let (text, _) = name.rsplit_once('.').unwrap_or((name, ""));
        let tokenizer = self.cascade.tokenizer(text)?;
        let specification = self.cascade.folder.manifest.texts.get(text);
        let length = specification.map_or(0, |text| text.length);
        let stage = null.and_then(|index| self.cascade.folder.manifest.stages.get(index));
        let prompt = match stage.and_then(|stage| stage.null.get(PROMPT)) {
            None => &*self.plan.request.prompt,
            Some(Null::Word(word)) if word == "negative" => self.plan.negative().unwrap_or_default(),
            Some(_) => "",
        };
        let lowered = specification.is_some_and(|text| text.lowercase).then(|| prompt.trim().to_lowercase());
        let encoding = tokenizer.encode_to(lowered.as_deref().unwrap_or(prompt), length)?;
        if let Some(lost) = &encoding.lost {
            self.session
                .warn(format!("the prompt is too long for {text}, which reads {length} tokens; lost: \"{lost}\""));
        }
        Ok(Rows::same(match field {
            TextField::Ids => encoding.ids.iter().map(|id| *id as f32).collect::<Array1<f32>>().into_dyn(),
            TextField::Mask => {
                encoding.mask.iter().map(|real| f32::from(u8::from(*real))).collect::<Array1<f32>>().into_dyn()
            }
            TextField::Length => arr0(encoding.length() as f32).into_dyn(),
        }))
    }

    /// Runs a graph for each picture, or once where all pictures have the same inputs.
    fn graph(&mut self, name: &str, node: &GraphNode, output: &str, null: Option<usize>) -> Result<Rows> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for (input, value) in &node.inputs {
            inputs.push((input.as_str(), self.value(value, null)?));
        }
        let graph = self.cascade.graph(node.path.as_deref().unwrap_or(name))?;
        let outputs = self.cascade.folder.manifest.outputs_of(name);
        let started = Instant::now();
        let phase = match inputs.iter().any(|(_, rows)| rows.of(0).ndim() == 3) {
            _ if node.inputs.values().any(|value| self.cascade.folder.manifest.is_drawn(value)) => Phase::Decoding,
            true => Phase::EncodingImage,
            false => Phase::EncodingText,
        };
        let count = inputs.iter().map(|(_, rows)| rows.rows().len()).max().unwrap_or(1);
        report(self.session.observer, phase, 0, count)?;
        let mut made: Vec<Vec<ArrayD<f32>>> = vec![Vec::with_capacity(count); outputs.len()];
        for picture in 0..count {
            let mut fed = Vec::with_capacity(inputs.len());
            for (input, rows) in &inputs {
                let spec = graph.input(input).ok_or_else(|| Error::Internal(format!("{name} has no input {input}")))?;
                let row = rows.of(picture).as_standard_layout().into_owned();
                let values = if spec.shape.len() > row.ndim() { row.insert_axis(Axis(0)) } else { row };
                fed.push((*input, Tensor::from_f32(values, spec.dtype)));
            }
            let results = graph.run(&fed, &outputs, self.session.cancel)?;
            for (made, result) in made.iter_mut().zip(results) {
                let result = result.into_f32();
                if !matches!(result.shape(), [1, ..]) {
                    return Err(Error::bad_model(
                        graph.path(),
                        format!("it gave a tensor of shape {:?} for a batch of one", result.shape()),
                    ));
                }
                made.push(result.index_axis_move(Axis(0), 0));
            }
            report(self.session.observer, phase, picture + 1, count)?;
        }
        if self.cascade.memory != MemoryMode::Speed {
            graph.release();
        }
        match phase {
            Phase::Decoding => self.timings.decode += started.elapsed(),
            Phase::EncodingImage => self.timings.encode += started.elapsed(),
            _ => self.timings.text += started.elapsed(),
        }
        let mut wanted = None;
        for (other, rows) in outputs.iter().zip(made) {
            let rows = Rows::each(rows);
            if *other == output {
                wanted = Some(rows.clone());
            }
            let full = format!("{name}.{other}");
            // What is handed in, or told in its place, stays what it is.
            let told = null.and_then(|index| self.cascade.folder.manifest.stages.get(index));
            if null.is_none() && self.plan.embeddings.contains_key(&full)
                || told.is_some_and(|stage| stage.null.contains_key(&full))
            {
                continue;
            }
            self.made.insert((null, full), rows);
        }
        wanted.ok_or_else(|| Error::Internal(format!("{name}.{output} was not asked for")))
    }

    /// Computes an operation for each picture, or once where all pictures have the same inputs.
    fn operation(&mut self, name: &str, operation: &Operation, null: Option<usize>) -> Result<Rows> {
        let mut inputs = BTreeMap::new();
        for input in operation.inputs() {
            inputs.insert(input.to_owned(), self.value(input, null)?);
        }
        let mut sizes = Vec::new();
        for size in operation.sizes() {
            sizes.push(self.size(size)?);
        }
        match operation {
            Operation::Fill { .. } => self.check_room(name, &sizes)?,
            Operation::Resize { of, .. } | Operation::PadLeft { of, .. } | Operation::OneHot { of, .. } => {
                let shape = inputs.get(of).map_or(&[][..], |rows| rows.of(0).shape());
                let kept = match operation {
                    Operation::Resize { .. } => shape.get(..1),
                    _ => shape.get(1..),
                };
                self.check_room(name, &[&sizes, kept.unwrap_or_default()].concat())?;
            }
            _ => {}
        }
        match operation {
            Operation::NoiseAugment { of, mean, std, level, .. } => {
                return self.augmented(name, [of, mean, std], &inputs, *level);
            }
            Operation::Noise { of, level, .. } => return self.noised(name, of, &inputs, *level),
            Operation::NoiseLevel { usual } => {
                return Ok(Rows::same(arr0(self.plan.noise_level(*usual) as f32).into_dyn()));
            }
            _ => {}
        }
        let count = inputs.values().map(|rows| rows.rows().len()).max().unwrap_or(1);
        let wrong = |message: String| self.cascade.folder.bad(format!("the value {name}: {message}"));
        let rows = (0..count).map(|picture| {
            let of = |input: &str| inputs.get(input).map(|rows| rows.of(picture));
            operations::compute(operation, &of, &sizes, &self.plan.request.cascade.edits)?.map_err(wrong)
        });
        rows.collect::<Result<Vec<_>>>().map(Rows::each)
    }

    /// Checks that a value of this shape is not beyond all measure, before memory is asked for.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names the value.
    fn check_room(&self, name: &str, shape: &[usize]) -> Result<()> {
        match shape.iter().fold(1_usize, |product, size| product.saturating_mul(*size)) {
            numbers if numbers > MAX_NUMBERS => Err(Error::invalid(format!(
                "the value {name} would have the shape {shape:?}; allowed are at most {MAX_NUMBERS} numbers"
            ))),
            _ => Ok(()),
        }
    }
}

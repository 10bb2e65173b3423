//! Conditionings: prompts that are read once and drawn from often.

use std::sync::Arc;

use ndarray::{Array1, Array2};

use super::draw::{Drawing, Session};
use super::opened::Identity;
use super::plan::Plan;
use super::prompting::{Encoded, Prompts, Reading};
use super::request::PromptSyntax;
use super::{MemoryMode, Request};
use crate::error::{Error, Result};

/// What the text encoders of one pipeline made of a request's prompts. Handed back in [`Request::conditioning`], it takes
/// the prompts' place: with any seed, size, scheduler and guidance. It never changes, so threads may share it.
///
/// Where a later request needs a text that was not read (a prompt that changes while it is drawn, over another number of
/// steps), it is read then.
#[derive(Debug, Clone)]
pub struct Conditioning {
    model: Identity,
    prompts: PromptFields,
    texts: Vec<ReadText>,
    warnings: Vec<String>,
}

/// The fields of a request that decide what the text encoders read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PromptFields {
    prompt: String,
    others: [Option<String>; 5],
    syntax: PromptSyntax,
    clip_skip: u32,
    max_tokens: Option<u32>,
}

/// One text, read by one text encoder.
#[derive(Debug, Clone)]
struct ReadText {
    prompts: Prompts,
    reading: Reading,
    /// How many chunks it was filled up to.
    chunks: Option<usize>,
    encoded: Arc<Encoded>,
}

/// One text of a [`Conditioning`], as one text encoder read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EncodedText<'a> {
    /// Who read it, such as "text_encoder_2".
    pub encoder: &'static str,
    /// What was read.
    pub text: &'a str,
    /// Whether it says what the picture should not show.
    pub is_negative: bool,
    /// The states of its tokens, `[tokens, width]`.
    pub context: &'a Array2<f32>,
    /// The whole text as one vector, where the encoder gives one.
    pub pooled: Option<&'a Array1<f32>>,
}

impl Conditioning {
    /// Reads the prompts of `drawing`'s plan.
    ///
    /// # Errors
    /// As [`crate::Pipeline::encode_prompt`].
    pub(in crate::pipeline) fn read(drawing: &Drawing<'_>, mut session: Session<'_>) -> Result<Self> {
        let (model, plan) = (drawing.model, drawing.plan);
        let script = &plan.script;
        let readings = drawing.family.readings(model, plan);
        let read = drawing.read_prompts(&mut session);
        if model.memory != MemoryMode::Speed {
            model.release_texts();
        }
        let mut texts = Vec::with_capacity(script.sets.len() * readings.len());
        for (prompts, read) in script.sets.iter().zip(read?) {
            for (reading, encoded) in readings.iter().zip(read) {
                let (prompts, reading) = (prompts.clone(), *reading);
                texts.push(ReadText { prompts, reading, chunks: script.chunks, encoded: Arc::new(encoded) });
            }
        }
        let prompts = PromptFields::of(&plan.request);
        Ok(Self { model: model.identity.clone(), prompts, texts, warnings: session.warnings })
    }

    /// The texts, the negative ones first; each once for every text encoder that reads it.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = EncodedText<'_>> {
        self.texts.iter().map(|read| EncodedText {
            encoder: read.reading.role.name(),
            text: &read.prompts.texts[read.reading.index],
            is_negative: read.prompts.negative,
            context: &read.encoded.context,
            pooled: read.encoded.pooled.as_ref(),
        })
    }

    /// The same with other numbers for text `index` of [`Self::texts`]: a mix of two prompts, or what a model of the
    /// host's own makes. What is `None` stays.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where there is no such text, it has no pooled vector, or a shape is another one;
    /// [`Error::Numeric`] for numbers that are not finite.
    pub fn with_states(&self, index: usize, context: Option<Array2<f32>>, pooled: Option<Array1<f32>>) -> Result<Self> {
        let mut changed = self.clone();
        let count = changed.texts.len();
        let read = changed.texts.get_mut(index).ok_or_else(|| {
            Error::invalid(format!("there is no text {index}; the conditioning has {count}, counted from 0"))
        })?;
        let encoded = Arc::make_mut(&mut read.encoded);
        if let Some(context) = context {
            check_states("states", context.shape(), encoded.context.shape(), context.iter())?;
            encoded.context = context;
        }
        if let Some(pooled) = pooled {
            let own = encoded
                .pooled
                .as_mut()
                .ok_or_else(|| Error::invalid(format!("text {index} has no pooled vector; its encoder gives none")))?;
            check_states("pooled vector", pooled.shape(), own.shape(), pooled.iter())?;
            *own = pooled;
        }
        Ok(changed)
    }

    /// `request` with the prompts of this in their places.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where another pipeline read them.
    pub(in crate::pipeline) fn told(&self, model: &Identity, request: &Request) -> Result<Request> {
        if self.model != *model {
            return Err(Error::invalid(
                "the request's conditioning was read by another pipeline; read the prompt with the one that draws",
            ));
        }
        let mut told = request.clone();
        self.prompts.clone().write_to(&mut told);
        Ok(told)
    }

    /// What `reading` makes of `prompts`, where that is known.
    pub(in crate::pipeline) fn find(
        &self,
        reading: Reading,
        prompts: &Prompts,
        chunks: Option<usize>,
    ) -> Option<&Encoded> {
        let same = |read: &&ReadText| read.reading == reading && read.chunks == chunks && read.prompts == *prompts;
        self.texts.iter().find(same).map(|read| read.encoded.as_ref())
    }

    /// What was said while it was read.
    pub(in crate::pipeline) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Refuses prompts in a request that has a conditioning as well.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub(in crate::pipeline) fn validate_beside(request: &Request) -> Result<()> {
        match request.conditioning.is_some() && PromptFields::of(request) != PromptFields::of(&Request::default()) {
            true => Err(Error::invalid(
                "the request has a conditioning and prompts of its own, or settings of how they are read; leave one of \
                 them out",
            )),
            false => Ok(()),
        }
    }
}

impl PromptFields {
    fn of(request: &Request) -> Self {
        let others = [
            &request.negative_prompt,
            &request.prompt_2,
            &request.prompt_3,
            &request.negative_prompt_2,
            &request.negative_prompt_3,
        ];
        Self {
            prompt: request.prompt.clone(),
            others: others.map(Clone::clone),
            syntax: request.syntax,
            clip_skip: request.clip_skip,
            max_tokens: request.max_tokens,
        }
    }

    fn write_to(self, request: &mut Request) {
        let Self { prompt, others, syntax, clip_skip, max_tokens } = self;
        request.prompt = prompt;
        [
            request.negative_prompt,
            request.prompt_2,
            request.prompt_3,
            request.negative_prompt_2,
            request.negative_prompt_3,
        ] = others;
        (request.syntax, request.clip_skip, request.max_tokens) = (syntax, clip_skip, max_tokens);
    }
}

/// The request that only reads `request`'s prompts, with guidance, so that the negative ones are read too wherever a later
/// request may want them.
pub(in crate::pipeline) fn only_prompts(request: &Request) -> Request {
    /// Any scale above 1.
    const GUIDED: f32 = 2.0;
    let mut only = Request {
        steps: request.steps,
        scheduler: request.scheduler,
        custom_schedule: request.custom_schedule.clone(),
        guidance: Some(GUIDED),
        true_guidance: Some(GUIDED),
        image_guidance: Some(GUIDED),
        ..Request::default()
    };
    PromptFields::of(request).write_to(&mut only);
    only
}

fn check_states<'a>(
    what: &str,
    given: &[usize],
    own: &[usize],
    mut values: impl Iterator<Item = &'a f32>,
) -> Result<()> {
    if given != own {
        return Err(Error::invalid(format!("the {what} have the shape {given:?}; this text's have {own:?}")));
    }
    match values.position(|value| !value.is_finite()) {
        Some(at) => Err(Error::Numeric(format!("number {at} of the {what} is NaN or infinite"))),
        None => Ok(()),
    }
}

impl Plan {
    /// Whether what is drawn comes from a conditioning.
    pub(in crate::pipeline) fn conditioning(&self) -> Option<&Conditioning> {
        self.request.conditioning.as_deref()
    }
}

//! Prompts to what text encoders make of them, the same for every family.

use std::borrow::Cow;

use ndarray::{Array1, Array2, Axis, concatenate};

use super::draw::Session;
use super::opened::Opened;
use super::plan::Plan;
use super::request::PromptSyntax;
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::text::HiddenState;
use crate::text::encoder::{TextEmbedding, TextEncoder};
use crate::text::prompt::{apply_weights, chunk, empty_chunk, without_syntax};
use crate::text::tokenizer::ClipTokenizer;

/// The prompts of one guidance branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pipeline) struct Prompts {
    /// For the first, second and third text encoder.
    pub texts: [String; 3],
    /// Whether these are the negative ones.
    pub negative: bool,
    /// Whether the caller gave any; without, some families have zeros and not the empty text.
    pub given: bool,
}

impl Prompts {
    /// What the request wants to see. An empty second or third prompt means the first, as in diffusers.
    pub(in crate::pipeline) fn positive(plan: &Plan) -> Self {
        let request = &plan.request;
        let or = |other: &Option<String>| other.clone().filter(|t| !t.is_empty()).unwrap_or(request.prompt.clone());
        let texts = [request.prompt.clone(), or(&request.prompt_2), or(&request.prompt_3)];
        Self { texts, negative: false, given: true }
    }

    /// What it does not want to see.
    pub(in crate::pipeline) fn negative(plan: &Plan) -> Self {
        let request = &plan.request;
        let first = request.negative_prompt.clone().unwrap_or_default();
        let or = |other: &Option<String>| other.clone().filter(|t| !t.is_empty()).unwrap_or(first.clone());
        let texts = [first.clone(), or(&request.negative_prompt_2), or(&request.negative_prompt_3)];
        Self { texts, negative: true, given: request.negative_prompt.is_some() }
    }
}

/// Which layer of CLIP a family reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) enum Layer {
    /// The last one, or an earlier one with the final norm, as Stable Diffusion 1.x and 2.x.
    Normed,
    /// The last but one as it is, or earlier ones, as Stable Diffusion XL and 3. The flag: the request's clip skip
    /// holds for it.
    Penultimate,
}

/// One text encoder, and how it reads a set of prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) struct Reading {
    pub role: GraphRole,
    /// Which text of the set, from 0.
    pub index: usize,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Clip(Layer),
    /// Cut and padded to as many tokens.
    T5(usize),
}

impl Reading {
    /// A CLIP text encoder that reads the `index`th text.
    pub(in crate::pipeline) fn clip(role: GraphRole, index: usize, layer: Layer) -> Self {
        Self { role, index, how: How::Clip(layer) }
    }

    /// A T5 encoder that reads `tokens` tokens of the `index`th text.
    pub(in crate::pipeline) fn t5(role: GraphRole, index: usize, tokens: usize) -> Self {
        Self { role, index, how: How::T5(tokens) }
    }
}

/// What encodes prompts, and where warnings go.
pub(in crate::pipeline) struct Prompting<'a, 's> {
    pub model: &'a Opened,
    pub plan: &'a Plan,
    pub session: &'a mut Session<'s>,
}

/// What a text encoder made of one prompt.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct Encoded {
    /// `[tokens, width]`.
    pub context: Array2<f32>,
    /// The whole prompt as one vector, where the graph gives it.
    pub pooled: Option<Array1<f32>>,
}

impl Prompting<'_, '_> {
    /// Encodes one text of `prompts` as `reading` says.
    ///
    /// # Errors
    /// As [`crate::text::encoder::TextEncoder::encode`]; [`Error::Numeric`] when weights make the text infinite.
    pub(in crate::pipeline) fn read(&mut self, reading: Reading, prompts: &Prompts) -> Result<Encoded> {
        let Reading { role, index, how } = reading;
        match how {
            How::Clip(layer) => self.clip(role, prompts, index, layer),
            How::T5(tokens) => Ok(Encoded { context: self.t5(role, prompts, index, tokens)?, pooled: None }),
        }
    }

    /// Encodes the `index`th text of `prompts` with the CLIP text encoder `role`: its beginning, or with a syntax all of
    /// it, in chunks, weighted, and filled up to as many chunks as the longest of the request's prompts has.
    fn clip(&mut self, role: GraphRole, prompts: &Prompts, index: usize, layer: Layer) -> Result<Encoded> {
        let Some(text) = self.model.text(role) else {
            return Err(Error::Internal(format!("{} is not open", role.name())));
        };
        // diffusers skips layers for the positive prompt only, the webui for both.
        let both = self.plan.request.syntax == PromptSyntax::Webui;
        let skip = if prompts.negative && !both { 0 } else { self.plan.request.clip_skip as usize };
        let hidden = match layer {
            Layer::Normed if skip == 0 => HiddenState::Last,
            Layer::Normed => HiddenState::NormedFromEnd(skip + 1),
            Layer::Penultimate => HiddenState::FromEnd(skip + 2),
        };
        if let Some(count) = self.plan.script.chunks {
            let tokenizer = text
                .clip_tokenizer()
                .ok_or_else(|| Error::Internal(format!("{} was taken for a CLIP encoder", role.name())))?;
            return self.in_chunks(text, tokenizer, &prompts.texts[index], hidden, count);
        }
        let TextEmbedding { context, pooled, lost } =
            text.encode(&prompts.texts[index], hidden, self.session.cancel)?;
        self.say_lost(prompts, lost);
        Ok(Encoded { context: context.as_ref().clone(), pooled: pooled.map(|pooled| pooled.as_ref().clone()) })
    }

    /// `prompt` as `count` chunks one behind the other. The pooled vector is the first one's, without weights, as in the
    /// webui.
    fn in_chunks(
        &self,
        text: &TextEncoder,
        tokenizer: &ClipTokenizer,
        prompt: &str,
        hidden: HiddenState,
        count: usize,
    ) -> Result<Encoded> {
        let mut chunks = chunk(tokenizer, prompt)?;
        chunks.resize_with(count, || empty_chunk(tokenizer));
        let mut pooled = None;
        let mut contexts = Vec::with_capacity(count);
        for (number, chunk) in chunks.iter().enumerate() {
            let ids: Vec<i64> = chunk.ids.iter().map(|&id| i64::from(id)).collect();
            let embedding = text.encode_ids(&ids, hidden, self.session.cancel)?;
            if number == 0 {
                pooled = embedding.pooled.map(|pooled| pooled.as_ref().clone());
            }
            contexts.push(embedding.context);
        }
        let views: Vec<_> = contexts.iter().map(|context| context.view()).collect();
        let mut context = concatenate(Axis(0), &views).map_err(|e| Error::Internal(e.to_string()))?;
        apply_weights(context.view_mut(), &chunks)?;
        Ok(Encoded { context, pooled })
    }

    /// Encodes the `index`th text of `prompts` with the T5 encoder `role`, cut and padded to `tokens`:
    /// `[tokens, width]`. Of a syntax only the words count here: T5 was never trained with weighted states.
    fn t5(&mut self, role: GraphRole, prompts: &Prompts, index: usize, tokens: usize) -> Result<Array2<f32>> {
        let Some(text) = self.model.text(role) else {
            return Err(Error::Internal(format!("{} is not open", role.name())));
        };
        // An export for one length reads no other; what it reads beyond the wish is padding.
        let tokens = text.fixed_tokens().unwrap_or(tokens);
        let prompt = match self.plan.request.syntax {
            PromptSyntax::Plain => Cow::from(&prompts.texts[index]),
            PromptSyntax::Webui => Cow::from(without_syntax(&prompts.texts[index])?),
        };
        let TextEmbedding { context, lost, .. } = text.encode_to(&prompt, tokens, self.session.cancel)?;
        self.say_lost(prompts, lost);
        Ok(context.as_ref().clone())
    }

    /// Warns of words that a text encoder does not see.
    fn say_lost(&mut self, prompts: &Prompts, lost: Option<String>) {
        let Some(lost) = lost else { return };
        let what = if prompts.negative { "negative prompt" } else { "prompt" };
        self.session
            .warn(format!("the {what} is too long for the text encoder; it does not see: \"{}\"", shortened(&lost)));
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

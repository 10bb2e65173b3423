//! What the text encoders read, and when: a request's prompts, taken apart as its syntax says.

use std::collections::HashMap;

use super::families::Family;
use super::opened::Opened;
use super::plan::Plan;
use super::prompting::Prompts;
use super::request::PromptSyntax;
use crate::denoise::CONTEXT;
use crate::error::{Error, Result};
use crate::text::encoder::TextEncoder;
use crate::text::prompt::{Schedule, chunk, parse, parse_negative};

/// How many chunks all texts of one request may have: each is kept encoded until the pictures are drawn.
const MAX_CHUNKS: usize = 1024;

/// Every set of prompts of one request, and when each is used.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::pipeline) struct Script {
    /// Each set once, the negative ones first.
    pub sets: Vec<Prompts>,
    /// What the negative branch is told; nothing without guidance.
    pub negative: Vec<Cue>,
    /// The prompts that `AND` joins; one without it. `AND` is looked for before schedules, so that their number and
    /// weights are the same at all steps.
    pub positive: Vec<Line>,
    /// How many chunks every prompt is filled up to; `None` for plain ones, of which only the beginning is read.
    pub chunks: Option<usize>,
}

/// One of the prompts that `AND` joins.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pipeline) struct Line {
    /// What its guidance is multiplied by.
    pub weight: f32,
    /// What it is, from the first step on.
    pub cues: Vec<Cue>,
}

/// A change of what a branch is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) struct Cue {
    /// How many steps of the run are done when it comes; the first cue's is 0.
    pub step: usize,
    /// Its place in [`Script::sets`].
    pub set: usize,
}

impl Script {
    /// The script of `plan`, which draws `steps` steps: those of the run, also where a picture is the start, so that
    /// `[a:b:0.5]` changes in the middle of what is drawn.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where [`parse`] and [`chunk`] have one, for `AND` in another prompt than the first or
    /// without guidance, for more chunks than the graphs take, or more than 1024 in all texts together.
    pub(in crate::pipeline) fn new(
        model: &Opened,
        family: &dyn Family,
        plan: &Plan,
        guided: bool,
        steps: usize,
    ) -> Result<Self> {
        let (negative, positive) = (Prompts::negative(plan), Prompts::positive(plan));
        match plan.request.syntax {
            PromptSyntax::Plain => Ok(Self::plain(guided.then_some(negative), positive)),
            PromptSyntax::Webui => {
                let mut script = Self::parsed(&negative, &positive, guided, steps)?;
                script.chunks = Some(script.count_chunks(model, family)?);
                Ok(script)
            }
        }
    }

    fn plain(negative: Option<Prompts>, positive: Prompts) -> Self {
        let cues = |set| vec![Cue { step: 0, set }];
        let (first, last) = (negative.is_some().then_some(0), usize::from(negative.is_some()));
        Self {
            sets: negative.into_iter().chain([positive]).collect(),
            negative: first.map(cues).unwrap_or_default(),
            positive: vec![Line { weight: 1.0, cues: cues(last) }],
            chunks: None,
        }
    }

    fn parsed(negative: &Prompts, positive: &Prompts, guided: bool, steps: usize) -> Result<Self> {
        let mut script = Self::default();
        let columns = Columns::read(negative, steps, |text| parse_negative(text, steps))?;
        if guided {
            script.negative = script.add(&columns, 0, negative);
        }
        let columns = Columns::read(positive, steps, |text| parse(text, steps))?;
        let first = columns.schedules[0].at(0);
        if let (false, [one, rest @ ..]) = (guided, first)
            && (one.weight != 1.0 || !rest.is_empty())
        {
            return Err(Error::invalid(
                "prompts joined by AND, and a weight at the end of a prompt, need guidance, which is off here: its scale is \
                 1 or less, or the model was distilled to need none",
            ));
        }
        for (at, prompt) in first.iter().enumerate() {
            let cues = script.add(&columns, at, positive);
            script.positive.push(Line { weight: prompt.weight, cues });
        }
        Ok(script)
    }

    /// Adds the sets of the prompt `at` of those that `AND` joins, and says when each is used.
    fn add(&mut self, columns: &Columns, at: usize, whole: &Prompts) -> Vec<Cue> {
        let mut known: HashMap<[usize; 3], usize> = HashMap::new();
        let mut cues: Vec<Cue> = Vec::new();
        for &step in &columns.changes {
            let numbers = columns.at(step, at);
            let set = *known.entry(numbers).or_insert_with(|| {
                let texts = columns.texts(numbers);
                let set = Prompts { texts, ..whole.clone() };
                self.sets.iter().position(|other| *other == set).unwrap_or_else(|| {
                    self.sets.push(set);
                    self.sets.len() - 1
                })
            });
            if cues.last().is_none_or(|last| last.set != set) {
                cues.push(Cue { step, set });
            }
        }
        cues
    }

    /// How many chunks the longest text has that becomes a part of the context; at least one.
    fn count_chunks(&self, model: &Opened, family: &dyn Family) -> Result<usize> {
        let mut most = 1;
        let mut room = None;
        for (role, index) in family.context_texts(model) {
            let Some(tokenizer) = model.text(role).and_then(TextEncoder::clip_tokenizer) else { continue };
            let tokens = tokenizer.max_length();
            room = room.or(Some(tokens));
            for set in &self.sets {
                most = most.max(chunk(tokenizer, &set.texts[index])?.len());
                if self.sets.len() * most > MAX_CHUNKS {
                    return Err(Error::invalid(format!(
                        "the prompts change into {} texts, of which one has {most} chunks of {} tokens; allowed are \
                         {MAX_CHUNKS} chunks for all texts together",
                        self.sets.len(),
                        tokens.saturating_sub(2)
                    )));
                }
            }
        }
        let fixed = model.denoiser.input(CONTEXT).and_then(|spec| spec.shape.get(1).copied().flatten());
        if let (Some(fixed), Some(tokens), true) = (fixed, room, most > 1) {
            return Err(Error::invalid(format!(
                "the prompt needs {most} chunks of {} tokens, but this model's denoiser was exported for {fixed} tokens of \
                 context only; shorten it, or take out its BREAKs",
                tokens.saturating_sub(2)
            )));
        }
        Ok(most)
    }
}

/// The schedules of the first, second and third text encoder's prompts.
struct Columns {
    schedules: [Schedule; 3],
    /// Whether the second and the third are the first one's, prompt by prompt of those that `AND` joins.
    same: [bool; 3],
    /// After how many steps any of them changes, 0 first.
    changes: Vec<usize>,
}

impl Columns {
    fn read(prompts: &Prompts, steps: usize, parse_first: impl Fn(&str) -> Result<Schedule>) -> Result<Self> {
        let [first, second, third] = &prompts.texts;
        let other = |text: &String| {
            if text == first {
                return Ok((parse_first(text)?, true));
            }
            if !prompts.negative && parse(text, steps)?.at(0).len() > 1 {
                return Err(Error::invalid(
                    "AND joins prompts in the second or third prompt; it has a meaning in the first one only",
                ));
            }
            // As in a negative prompt, ":1.2" at its end is text.
            Ok((parse_negative(text, steps)?, false))
        };
        let ((second, second_same), (third, third_same)) = (other(second)?, other(third)?);
        let schedules = [parse_first(first)?, second, third];
        let ends = schedules.iter().flat_map(|schedule| schedule.parts.iter().map(|part| part.until));
        let mut changes: Vec<usize> = std::iter::once(0).chain(ends.filter(|until| *until < steps)).collect();
        changes.sort_unstable();
        changes.dedup();
        Ok(Self { schedules, same: [true, second_same, third_same], changes })
    }

    /// The number of each one's text at `step`, of the prompt `at` of those that `AND` joins.
    fn at(&self, step: usize, at: usize) -> [usize; 3] {
        std::array::from_fn(|column| {
            let prompts = self.schedules[column].at(step);
            let own = if self.same[column] { at } else { 0 };
            prompts.get(own).map_or(0, |prompt| prompt.text)
        })
    }

    fn texts(&self, numbers: [usize; 3]) -> [String; 3] {
        std::array::from_fn(|column| self.schedules[column].texts.get(numbers[column]).cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompts(texts: [&str; 3], negative: bool) -> Prompts {
        Prompts { texts: texts.map(str::to_owned), negative, given: true }
    }

    fn script(negative: &str, positive: [&str; 3], guided: bool) -> Result<Script> {
        Script::parsed(&prompts([negative; 3], true), &prompts(positive, false), guided, 10)
    }

    fn cues(cues: &[(usize, usize)]) -> Vec<Cue> {
        cues.iter().map(|&(step, set)| Cue { step, set }).collect()
    }

    #[test]
    fn a_prompt_without_syntax_is_one_set_for_all_steps() {
        let one = script("bad", ["good"; 3], true).unwrap();
        assert_eq!(one.sets, [prompts(["bad"; 3], true), prompts(["good"; 3], false)]);
        assert_eq!(one.negative, cues(&[(0, 0)]));
        assert_eq!(one.positive, [Line { weight: 1.0, cues: cues(&[(0, 1)]) }]);
        let plain = Script::plain(Some(prompts(["bad"; 3], true)), prompts(["good"; 3], false));
        assert_eq!(plain, one);
        let unguided = script("bad [a:b:3]", ["good"; 3], false).unwrap();
        assert_eq!(unguided.sets, [prompts(["good"; 3], false)], "nobody reads the negative one");
    }

    #[test]
    fn changes_of_all_encoders_prompts_are_united() {
        let one = script("", ["[a:b:0.5]", "[a:b:0.5]", "[c:d:0.8] [e::2]"], true).unwrap();
        assert_eq!(one.positive[0].cues, cues(&[(0, 1), (2, 2), (5, 3), (8, 4)]));
        let third: Vec<&str> = one.sets[1..].iter().map(|set| set.texts[2].as_str()).collect();
        assert_eq!(third, ["c e", "c ", "c ", "d "]);
        let first: Vec<&str> = one.sets[1..].iter().map(|set| set.texts[1].as_str()).collect();
        assert_eq!(first, ["a", "a", "b", "b"]);
        let again = script("", ["[a|b]"; 3], true).unwrap();
        assert_eq!(again.sets.len(), 3, "each text once");
        assert_eq!(again.positive[0].cues[2..4], cues(&[(2, 1), (3, 2)]));
    }

    #[test]
    fn prompts_joined_by_and_share_the_other_encoders_texts() {
        let one = script("no", ["a cat AND a dog :0.5", "a cat AND a dog :0.5", "soft"], true).unwrap();
        let weights: Vec<f32> = one.positive.iter().map(|line| line.weight).collect();
        assert_eq!(weights, [1.0, 0.5]);
        let texts: Vec<_> = one.sets[1..].iter().map(|set| set.texts.each_ref().map(|text| text.trim())).collect();
        assert_eq!(texts, [["a cat", "a cat", "soft"], ["a dog", "a dog", "soft"]]);
        let same = script("no", ["a AND a"; 3], true).unwrap();
        assert_eq!((same.sets.len(), same.positive.len()), (3, 2), "{:?}", same.sets);
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for (texts, guided, words) in [
            (["a", "b AND c", "a"], true, "AND"),
            (["a AND b"; 3], false, "need guidance"),
            (["a :1.5"; 3], false, "need guidance"),
        ] {
            let error = script("", texts, guided).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(script("a AND b", ["c"; 3], true).is_ok(), "a word of a negative prompt");
        assert!(script("", ["a", "b :1.5", "a"], false).is_ok(), "text of a second prompt");
    }
}

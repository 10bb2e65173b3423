//! Which texts a prompt stands for, and in which steps.

use std::collections::HashMap;

use super::composition;
use super::editing::Edited;
use super::emphasis::pieces;
use crate::error::{Error, Result};

/// How many bytes the texts of one prompt may have together.
const MAX_BYTES: usize = 64 << 20;

/// The steps of one pass, which `when` in `[from:to:when]` refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// How many steps this pass has.
    pub count: usize,
    /// How many steps an earlier pass had; 0 in the first one. In a second pass (hires fix) step numbers go on where
    /// the first ended, and fractions go from 1 to 2.
    pub before: usize,
}

impl From<usize> for Steps {
    /// A first or only pass of `count` steps.
    fn from(count: usize) -> Self {
        Self { count, before: 0 }
    }
}

/// One prompt, unfolded.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Every text that is needed, once; each may have emphasis and `BREAK`s in it, and is sound.
    pub texts: Vec<String>,
    /// What is used when, in order; at least one.
    pub parts: Vec<Part>,
}

/// What is used up to some step.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The last step that this part is for, counted from 1: how many steps are done when it ends.
    pub until: usize,
    /// The prompts that `AND` joins; one without it.
    pub prompts: Vec<SubPrompt>,
}

/// One of the prompts that `AND` joins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SubPrompt {
    /// Its place in [`Schedule::texts`].
    pub text: usize,
    /// What its guidance is multiplied by: the prediction is `uncond + scale * Σ weight * (cond - uncond)`. Finite.
    pub weight: f32,
}

impl Schedule {
    /// The prompts of `step`, counted from 0. Steps after the last are as the last.
    #[must_use]
    pub fn at(&self, step: usize) -> &[SubPrompt] {
        self.parts.iter().find(|part| step < part.until).or(self.parts.last()).map_or(&[], |part| &part.prompts)
    }
}

/// Reads a prompt with `AND`, `[from:to:when]` and `[a|b]`, and checks the emphasis in it.
///
/// - `[from:to:when]` is `from` in the first `when` steps and `to` after them; `[to:when]` adds, `[from::when]`
///   removes. `when` is a number of steps, or with a point in it (`0.5`, `.5`) a fraction of all.
/// - `[a|b|c]` is a in the first step, b in the second, c in the third, a in the fourth …
/// - `AND` separates prompts, each perhaps with `:weight` at its end. It is looked for first, so it ends brackets.
/// - Brackets that are none of this stay in the text, where they are emphasis. So does everything when the text has a
///   `|` outside of `[a|b]` or a `\` at the end of a line, as in the webui.
///
/// The webui compares a step counted from 0 with `when` counted from 1 and so changes a step later than its manual
/// says; this follows the manual. Where brackets that belong to nothing stand around a well-formed schedule its grammar
/// has more than one reading, and now and then it takes one without the schedule (`[[a:1]])`); here the schedule always
/// counts. Neighbouring parts that are the same are one.
///
/// # Errors
/// [`Error::InvalidArgument`] where [`pieces`] has one, for more than 64 prompts joined by `AND`, for a weight beyond a
/// float32, or when the texts have more than 64 MiB together.
pub fn parse(text: &str, steps: impl Into<Steps>) -> Result<Schedule> {
    unfold(&composition::split(text)?, steps.into())
}

/// As [`parse`] for a negative prompt, where `AND` is a word and `:1.2` at the end is text.
///
/// # Errors
/// As [`parse`].
pub fn parse_negative(text: &str, steps: impl Into<Steps>) -> Result<Schedule> {
    unfold(&[(text, 1.0)], steps.into())
}

fn unfold(prompts: &[(&str, f32)], steps: Steps) -> Result<Schedule> {
    let mut boundaries = vec![steps.count];
    let mut edited = Vec::with_capacity(prompts.len());
    for &(text, weight) in prompts {
        let text = Edited::parse(text, steps)?;
        // One list for all: a part ends where any of the prompts changes.
        text.boundaries(steps, &mut boundaries);
        edited.push((text, weight));
    }
    boundaries.sort_unstable();
    boundaries.dedup();

    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut texts = Vec::new();
    let mut bytes = 0;
    let mut parts: Vec<Part> = Vec::new();
    for until in boundaries {
        let mut prompts = Vec::with_capacity(edited.len());
        for (edited, weight) in &edited {
            let text = edited.at(until);
            let number = match numbers.get(&text) {
                Some(&number) => number,
                None => {
                    pieces(&text)?;
                    bytes += text.len();
                    if bytes > MAX_BYTES {
                        return Err(Error::invalid(format!(
                            "the prompt changes into texts of more than {} MiB together; it has to be shorter",
                            MAX_BYTES >> 20
                        )));
                    }
                    texts.push(text.clone());
                    numbers.insert(text, texts.len() - 1);
                    texts.len() - 1
                }
            };
            prompts.push(SubPrompt { text: number, weight: *weight });
        }
        match parts.last_mut() {
            Some(last) if last.prompts == prompts => last.until = until,
            _ => parts.push(Part { until, prompts }),
        }
    }
    Ok(Schedule { texts, parts })
}

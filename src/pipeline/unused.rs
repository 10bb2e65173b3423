//! Settings of a request that mean nothing to the model, or nothing beside the rest of the request.

use super::families::Family;
use super::fitting::has_mask;
use super::opened::Opened;
use super::plan::{Job, Plan};
use super::{PromptSyntax, Request, Start};
use crate::denoise::{Reuse, Rules};
use crate::error::Result;
use crate::model::{GraphRole, TextArchitecture};
use crate::text::encoder::TextEncoder;
use crate::text::prompt::{Piece, pieces};

/// What a request says and nobody listens to, one sentence each; the picture is drawn without it.
///
/// Every field of a request is named here, so that a new one has to be decided on: it is read, or refused where it
/// cannot be (with the name of who refuses), or it gets a row. `rules` and `reuse` are the request's own for the plan's
/// scheduler.
///
/// # Errors
/// As [`pieces`], for prompts with the webui's syntax.
pub(in crate::pipeline) fn unused(
    model: &Opened,
    family: &dyn Family,
    plan: &Plan,
    rules: &Rules,
    reuse: &Reuse,
) -> Result<Vec<String>> {
    let Request {
        // Read by every model.
        tiling: _,
        prompt: _,
        seed: _,
        rng: _,
        seeds: _,
        count: _,
        format: _,
        steps: _,
        scheduler: _,
        denoising_end: _,
        // Refused where there is no use for them: by `fitting.rs`, …
        width: _,
        height: _,
        safety: _,
        // … by the scheduler, …
        sigmas: _,
        custom_schedule: _,
        eta: _,
        // … by `conditions/`, …
        conditions: _,
        boxes: _,
        boxes_until: _,
        // … by `single.rs`, `conditioning.rs`, …
        cascade: _,
        conditioning: _,
        // … and by `wrapped.rs`, `hires.rs` and `previews.rs`.
        seamless: _,
        hires: _,
        previews: _,
        negative_prompt,
        prompt_2,
        prompt_3,
        negative_prompt_2,
        negative_prompt_3,
        syntax,
        clip_skip,
        max_tokens,
        // A picture, a mask and what belongs to it, and latents are refused by `fitting.rs` too.
        start: Start { picture: _, strength, mask: _, mask_blur: _, mask_padding: _, paste_back: _, latents: _ },
        guidance,
        guidance_rules,
        reuse: reuse_wish,
        image_guidance,
        true_guidance,
        noise_level,
        denoising_start,
        size_conditioning: _,
        variation,
        guess_mode,
    } = &plan.request;
    let guided = plan.is_guided(family);
    let mut said = Vec::new();
    let mut row = |holds: bool, sentence: &str| {
        if holds {
            said.push(sentence.to_owned());
        }
    };

    // Prompts. An empty one is none.
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    row(
        !family.reads_prompts() && (given(negative_prompt) || !plan.request.prompt.is_empty()),
        "a prompt is given, but the model draws variations of a picture, so nobody reads it",
    );
    row(
        *guess_mode && !plan.request.conditions.iter().any(|condition| condition.role.starts_with("controlnet")),
        "guess mode is asked for, but no picture is given for a ControlNet",
    );
    row(given(negative_prompt) && !guided, "a negative prompt is given, but guidance is off, so nobody reads it");
    for (index, which, positive, negative) in
        [(1, "second", prompt_2, negative_prompt_2), (2, "third", prompt_3, negative_prompt_3)]
    {
        let read = family.reads_prompt(model, index);
        row(
            given(positive) && !read,
            &format!("a {which} prompt is given, but the model has no {which} text encoder to read it"),
        );
        row(
            given(negative) && !read,
            &format!("a {which} negative prompt is given, but the model has no {which} text encoder to read it"),
        );
        row(
            given(negative) && read && !guided,
            &format!("a {which} negative prompt is given, but guidance is off, so nobody reads it"),
        );
        row(
            given(negative) && read && guided && !family.reads_negatives(model, plan),
            &format!(
                "a {which} negative prompt is given without a first one, in place of which this model takes zeros"
            ),
        );
    }
    // Where CLIP gives its pooled vector alone, neither weights nor layers change anything.
    let pooled_alone = family.context_texts(model).is_empty();
    row(
        *syntax == PromptSyntax::Webui && pooled_alone && is_weighted(plan)?,
        "the prompts have weights, but this model takes none: it reads the words alone",
    );
    row(
        *clip_skip > 0 && pooled_alone,
        "a clip skip is given, but this model takes CLIP's pooled vector alone, which is the same without the last layers",
    );
    let t5 = t5(model);
    row(max_tokens.is_some() && t5.is_none(), "max tokens are given, but the model has no T5 text encoder");
    if let (Some(wish), Some(fixed)) = (max_tokens, t5.and_then(TextEncoder::fixed_tokens)) {
        row(
            *wish as usize != fixed,
            &format!(
                "max tokens is {wish}, but the model's T5 text encoder was exported for {fixed} and no other number"
            ),
        );
    }

    // What the picture starts from.
    row(
        strength.is_some() && plan.job == Job::Edit,
        "a strength is given, but a model that edits by instruction has none",
    );
    row(strength.is_some() && plan.job == Job::Upscale, "a strength is given, but an upscaler has none");
    row(
        strength.is_some() && denoising_start.is_some(),
        "a strength is given beside a denoising start, which alone says how much is drawn",
    );
    let blends = plan.job == Job::Draw && has_mask(&plan.request);
    row(
        variation.is_some() && denoising_start.is_some() && !blends,
        "a variation is given, but no new noise is drawn where another model went before",
    );
    row(noise_level.is_some() && plan.job != Job::Upscale, "a noise level is given, but the model is no upscaler");

    // Guidance.
    row(
        guidance.is_some() && !family.reads_guidance(model),
        "a guidance scale is given, but this model was distilled to draw without one",
    );
    let true_scale = true_guidance.is_some_and(|scale| scale > 1.0);
    row(
        true_guidance.is_some() && !family.has_true_guidance(),
        "a true guidance is given, which only Flux has; the guidance scale is what this model reads",
    );
    row(
        true_scale && family.has_true_guidance() && !guided,
        "a true guidance is given without a negative prompt, and is off without one, as in diffusers",
    );
    let edits = plan.job == Job::Edit;
    row(
        image_guidance.is_some() && !edits,
        "an image guidance is given, but the model does not edit pictures by instruction",
    );
    row(
        image_guidance.is_some() && edits && plan.settings.guidance <= 1.0,
        "an image guidance is given, but a guidance scale of 1 or less turns both off",
    );
    row(
        edits && plan.image_guidance() < 1.0 && plan.settings.guidance > 1.0,
        "an image guidance below 1 turns all guidance off, as in diffusers",
    );
    row(
        guidance_rules.any() && !guided,
        "rules for guidance were given, but guidance is off: the scale is 1 or less, or the model was distilled to need \
         none",
    );
    row(
        guided && rules.active.as_ref().is_some_and(|calls| calls.is_empty()),
        "the guidance interval lies between two steps, so that no step is guided; take a wider one, or more steps",
    );

    // Work that may be left out.
    row(
        reuse_wish.threshold > 0.0 && reuse.allowed.is_empty(),
        "reuse is asked for, but the first and the last steps, which are always drawn, are all there are",
    );
    row(
        reuse_wish.saves_negatives() && !guided,
        "leaving the negative prompt out is asked for, but guidance is off, so nobody reads it anyway",
    );
    row(
        reuse_wish.saves_negatives() && guided && plan.script.positive.len() > 1,
        "the negative prompt is never left out beside several prompts",
    );

    for name in family.unread_sizes(model, plan, guided) {
        said.push(format!("the {name} is given, but nothing that the model is told depends on it"));
    }
    Ok(said)
}

/// Whether any part of the prompts has another weight than 1.
fn is_weighted(plan: &Plan) -> Result<bool> {
    for text in plan.script.sets.iter().flat_map(|set| &set.texts) {
        let weighted = |piece: &Piece| matches!(piece, Piece::Text { weight, .. } if *weight != 1.0);
        if pieces(text)?.iter().any(weighted) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The model's T5, where it has one.
fn t5(model: &Opened) -> Option<&TextEncoder> {
    let is_t5 = |role: &GraphRole| model.folder.family().architecture(*role) == Some(TextArchitecture::T5);
    GraphRole::TEXT.into_iter().filter(is_t5).find_map(|role| model.text(role))
}

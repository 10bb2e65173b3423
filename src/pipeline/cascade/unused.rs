//! Settings of a request that a cascade cannot follow, and those that mean nothing to it.

use super::opened::Cascade;
use super::plan::Plan;
use super::reached::Reached;
use crate::error::{Error, Result};
use crate::model::cascade::{Null, Operation, PROMPT};
use crate::pipeline::{PromptSyntax, Request, Reuse, Safety, Seamless, SizeConditioning, Tiling};

/// Refuses what only models of one stage have.
///
/// # Errors
/// [`Error::Unsupported`] that names it.
pub(super) fn refuse_other_roads(cascade: &Cascade, request: &Request) -> Result<()> {
    let root = cascade.folder.root.display();
    let start = &request.start;
    let set = [
        (request.hires.is_some(), "a second pass (hires)"),
        (request.seamless != Seamless::default(), "seamless pictures"),
        (request.safety != Safety::Off, "a safety checker"),
        (request.previews.is_some(), "previews"),
        (start.latents.is_some(), "another model's latents"),
        (request.conditioning.is_some(), "conditioning; embeddings of texts are handed to it by their names"),
        (
            start.mask_padding.is_some() || start.paste_back || start.mask_blur > 0.0,
            "mask padding, blur and pasting back",
        ),
        (request.denoising_end.is_some() || request.denoising_start.is_some(), "a hand-over between two models"),
        (request.guidance_rules.any(), "rules for guidance"),
        (request.reuse != Reuse::default(), "reuse of predictions"),
        (request.syntax != PromptSyntax::Plain, "a prompt syntax"),
        (request.variation.is_some(), "variations by a second seed"),
        (request.boxes_until.is_some(), "part of the run for boxes"),
    ];
    match set.into_iter().find(|(is_set, _)| *is_set) {
        None => Ok(()),
        Some((_, what)) => Err(Error::Unsupported(format!("the model at \"{root}\" is a cascade; it has no {what}"))),
    }
}

impl Plan {
    /// Sentences about settings that mean nothing to this model or this request, whose picture is the value `drawn`.
    pub(super) fn unused(&self, cascade: &Cascade, drawn: &str) -> Vec<String> {
        let manifest = &cascade.folder.manifest;
        let guided = manifest.stages.iter().zip(&self.stages).any(|(stage, plan)| stage.is_guided(plan.guidance));
        let negative = self.request.negative_prompt.as_ref().is_some_and(|text| !text.is_empty());
        let texts = !manifest.texts.is_empty();
        let is_negative = |null: &Null| matches!(null, Null::Word(word) if word == "negative");
        let reads = manifest.stages.iter().zip(&self.stages).any(|(stage, plan)| {
            let told = stage.null.get(PROMPT).is_some_and(is_negative);
            stage.negative_too || (told && stage.is_guided(plan.guidance))
        });
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let noised = manifest.values.values().any(|operation| {
            matches!(operation, Operation::NoiseAugment { .. } | Operation::Noise { .. } | Operation::NoiseLevel { .. })
        });
        let settings = [
            (!texts && !self.request.prompt.is_empty(), "a prompt is given, but the model reads none"),
            (negative && !(guided && texts), "a negative prompt is given, but guidance is off, so nobody reads it"),
            (
                negative && guided && texts && !reads,
                "a negative prompt is given, but where guidance is on, the model's unconditional branch is told something \
                 else",
            ),
            (
                [&self.request.prompt_2, &self.request.prompt_3].into_iter().any(given),
                "a second or third prompt is given, but a model of several stages reads the first alone",
            ),
            (
                [&self.request.negative_prompt_2, &self.request.negative_prompt_3].into_iter().any(given),
                "a second or third negative prompt is given, but a model of several stages reads the first alone",
            ),
            (
                self.request.max_tokens.is_some(),
                "a most number of tokens is given, but a model of several stages states its own",
            ),
            (self.request.guess_mode, "guess mode is asked for, but the model has no ControlNet"),
            (
                self.request.image_guidance.is_some(),
                "a guidance by the picture is given, but the model does not edit pictures by an instruction",
            ),
            (self.request.true_guidance.is_some(), "a true guidance is given, but the model has no guidance built in"),
            (
                self.request.size_conditioning != SizeConditioning::default(),
                "sizes are given to draw by, but the model is not told any",
            ),
            (self.request.tiling == Tiling::On, "tiling is on, but the graphs of a model of several stages run whole"),
            (
                self.request.noise_level.is_some() && !noised,
                "a noise level is given, but the model puts noise on nothing that it is told",
            ),
            (self.request.clip_skip > 0, "a clip skip is given, but a cascade reads its text encoders as exported"),
            (
                self.request.start.strength.is_some() && manifest.stages.iter().all(|stage| stage.start.is_none()),
                "a strength is given, but no stage of the model starts from a picture",
            ),
        ];
        let settings = settings.into_iter().filter(|(holds, _)| *holds).map(|(_, sentence)| sentence.to_owned());
        settings.chain(self.out_of_reach(cascade, &Reached::from(cascade, self, drawn))).collect()
    }

    /// What is given for parts of the model that do not run for this picture.
    fn out_of_reach(&self, cascade: &Cascade, reached: &Reached) -> Vec<String> {
        let manifest = &cascade.folder.manifest;
        let request = &self.request;
        let unread_text = !manifest.texts.is_empty()
            && !request.prompt.is_empty()
            && !manifest.texts.keys().any(|text| reached.holds_text(text));
        let pictures = self.given.keys().filter(|role| {
            manifest.pictures.get(*role).is_some_and(|role| role.same_as.is_none()) && !reached.holds(role)
        });
        let classes = self.classes.keys().filter(|name| !request.cascade.classes.is_empty() && !reached.holds(name));
        let layouts = self.layouts.keys().filter(|name| !request.boxes.is_empty() && !reached.holds(name));
        let stages = request.cascade.stages.keys().filter(|stage| !reached.holds(stage));
        let edits = request.cascade.edits.keys().filter(|attribute| {
            !manifest.values.iter().any(|(name, operation)| {
                let moves =
                    matches!(operation, Operation::Edit { directions, .. } if directions.contains_key(*attribute));
                moves && reached.holds(name)
            })
        });
        let embeddings = self.embeddings.keys().filter(|name| !reached.holds(name));
        let rest = "but what is drawn is not made of it";
        let text = unread_text.then(|| format!("a prompt is given, {rest}"));
        let named = [
            pictures.map(|role| format!("a picture is given for \"{role}\", {rest}")).collect::<Vec<_>>(),
            classes.map(|name| format!("a class is given (\"{name}\"), {rest}")).collect(),
            layouts.map(|name| format!("boxes are given (\"{name}\"), {rest}")).collect(),
            stages
                .map(|stage| format!("settings are given for the stage \"{stage}\", which does not run here"))
                .collect(),
            edits.map(|attribute| format!("the attribute \"{attribute}\" is to be moved, {rest}")).collect(),
            embeddings.map(|name| format!("the embedding \"{name}\" is handed in, {rest}")).collect(),
        ];
        text.into_iter().chain(named.into_iter().flatten()).collect()
    }
}

//! Settings that mean nothing to a model, or nothing beside the rest of a request: each is drawn without and said once.
//!
//! What is refused instead is in `bad_requests.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::sync::Arc;

use common::{generate, open, repository, tiny};
use diffusion::pipeline::{ConditionPicture, GuidanceRules, Reuse, StageSettings};
use diffusion::{Image, Pipeline, PromptSyntax, Request, SchedulerKind, SizeConditioning, Start, Variation};
use ndarray::ArrayD;

/// What is changed in a usual request, and a part of each sentence that must come; none must come beside them.
type Row = (&'static str, fn(&mut Request), &'static [&'static str]);

fn picture(name: &str) -> Option<Arc<Image>> {
    Some(Arc::new(Image::open(&repository("tests/golden/inputs").join(name)).unwrap()))
}

/// Draws each row's request over `base`, and compares what was said.
#[track_caller]
fn told(pipeline: &Pipeline, base: &Request, rows: &[Row]) {
    assert_eq!(generate(pipeline, base).unwrap().warnings, [""; 0], "the request itself");
    for (name, change, parts) in rows {
        let mut request = base.clone();
        change(&mut request);
        let drawn = generate(pipeline, &request).unwrap_or_else(|error| panic!("{name}: {error}"));
        let said = &drawn.warnings;
        for part in *parts {
            assert_eq!(
                said.iter().filter(|sentence| sentence.contains(part)).count(),
                1,
                "{name}: {part:?} in {said:?}"
            );
        }
        assert_eq!(said.len(), parts.len(), "{name}: {said:?}");
    }
}

fn plain() -> Request {
    Request { steps: Some(2), guidance: Some(5.0), seed: Some(1), ..Request::new("a red house in the snow at night") }
}

#[test]
fn stable_diffusion() {
    let rows: &[Row] = &[
        (
            "second prompt",
            |r| r.prompt_2 = Some("a cat".into()),
            &["a second prompt is given, but the model has no second"],
        ),
        (
            "third prompt",
            |r| r.prompt_3 = Some("a cat".into()),
            &["a third prompt is given, but the model has no third"],
        ),
        ("an empty one is none", |r| r.prompt_2 = Some(String::new()), &[]),
        (
            "other negative prompts",
            |r| (r.negative_prompt_2, r.negative_prompt_3) = (Some("a".into()), Some("b".into())),
            &["a second negative prompt", "a third negative prompt"],
        ),
        ("negative prompt", |r| r.negative_prompt = Some("ugly".into()), &[]),
        (
            "negative prompt without guidance",
            |r| (r.negative_prompt, r.guidance) = (Some("ugly".into()), Some(1.0)),
            &["a negative prompt is given, but guidance is off"],
        ),
        ("max tokens", |r| r.max_tokens = Some(99), &["max tokens are given, but the model has no T5"]),
        ("clip skip", |r| r.clip_skip = 1, &[]),
        ("weights", |r| (r.syntax, r.prompt) = (PromptSyntax::Webui, "a (red:1.4) house".into()), &[]),
        ("image guidance", |r| r.image_guidance = Some(2.0), &["does not edit pictures"]),
        ("true guidance", |r| r.true_guidance = Some(2.0), &["which only Flux has"]),
        ("true guidance, off", |r| r.true_guidance = Some(1.0), &["which only Flux has"]),
        ("noise level", |r| r.noise_level = Some(30), &["no upscaler"]),
        (
            "every size and score",
            |r| {
                r.size_conditioning = SizeConditioning {
                    original: Some((64, 64)),
                    crop: (0, 3),
                    target: Some((64, 64)),
                    negative_original: Some((9, 9)),
                    negative_crop: (1, 0),
                    negative_target: Some((9, 9)),
                    aesthetic_score: Some(6.0),
                    negative_aesthetic_score: Some(2.5),
                };
            },
            &[
                "the original size is given",
                "the crop is given",
                "the target size is given",
                "the negative original size is given",
                "the negative crop is given",
                "the negative target size is given",
                "the aesthetic score is given",
                "the negative aesthetic score is given",
            ],
        ),
        (
            "rules without guidance",
            |r| {
                (r.guidance_rules, r.guidance) = (GuidanceRules { rescale: 0.5, ..GuidanceRules::default() }, Some(0.5))
            },
            &["rules for guidance were given, but guidance is off"],
        ),
        (
            "an interval between two steps",
            |r| r.guidance_rules.interval = Some((0.1, 0.2)),
            &["the guidance interval lies between two steps"],
        ),
        ("an interval around a step", |r| r.guidance_rules.interval = Some((0.4, 1.0)), &[]),
        ("reuse", |r| r.reuse.threshold = 0.1, &["reuse is asked for, but the first and the last steps"]),
        (
            "reuse with room",
            |r| r.reuse = Reuse { threshold: 0.1, first_steps: 0, last_steps: 1, ..Reuse::default() },
            &[],
        ),
        (
            "negative schedule without guidance",
            |r| (r.reuse.negative_every, r.guidance) = (2, Some(1.0)),
            &["leaving the negative prompt out is asked for, but guidance is off"],
        ),
        (
            "negative schedule beside several prompts",
            |r| {
                (r.syntax, r.prompt) = (PromptSyntax::Webui, "a house AND a tree".into());
                r.reuse.negative_until = 0.5;
            },
            &["never left out beside several prompts"],
        ),
        ("a picture's strength", |r| (r.start.picture, r.start.strength) = (picture("house.png"), Some(0.6)), &[]),
        (
            "a strength and a variation beside a denoising start",
            |r| {
                r.start = Start { picture: picture("house.png"), strength: Some(0.6), ..Start::default() };
                r.denoising_start = Some(0.5);
                r.variation = Some(Variation { seed: 3, strength: 0.5 });
            },
            &["a strength is given beside a denoising start", "no new noise is drawn"],
        ),
        (
            "a variation beside a denoising start and a mask, around which there is noise",
            |r| {
                r.start = Start { picture: picture("house.png"), mask: picture("mask.png"), ..Start::default() };
                r.denoising_start = Some(0.5);
                r.variation = Some(Variation { seed: 3, strength: 0.5 });
            },
            &[],
        ),
    ];
    told(&open(&tiny("tiny-optimum")).unwrap(), &Request { scheduler: Some(SchedulerKind::Ddim), ..plain() }, rows);
}

#[test]
fn stable_diffusion_xl_and_its_refiner() {
    let sizes: &[Row] = &[
        ("second prompts", |r| (r.prompt_2, r.negative_prompt) = (Some("a cat".into()), Some("ugly".into())), &[]),
        ("third prompt", |r| r.prompt_3 = Some("a cat".into()), &["the model has no third text encoder"]),
        (
            "a second negative prompt alone",
            |r| r.negative_prompt_2 = Some("ugly".into()),
            &["a second negative prompt is given without a first one"],
        ),
        (
            "a second negative prompt without guidance",
            |r| {
                r.guidance = Some(1.0);
                r.negative_prompt_2 = Some("ugly".into());
            },
            &["a second negative prompt is given, but guidance is off"],
        ),
        ("clip skip", |r| r.clip_skip = 1, &[]),
        (
            "sizes",
            |r| {
                r.size_conditioning.original = Some((512, 384));
                r.size_conditioning.crop = (8, 8);
                r.size_conditioning.target = Some((512, 512));
            },
            &[],
        ),
        (
            "one negative size of two",
            |r| r.size_conditioning.negative_original = Some((512, 384)),
            &["the negative original size is given, but nothing"],
        ),
        (
            "both",
            |r| {
                r.size_conditioning.negative_original = Some((512, 384));
                r.size_conditioning.negative_target = Some((512, 384));
                r.size_conditioning.negative_crop = (4, 0);
            },
            &[],
        ),
        (
            "both without guidance",
            |r| {
                r.guidance = Some(1.0);
                r.size_conditioning.negative_original = Some((512, 384));
                r.size_conditioning.negative_target = Some((512, 384));
            },
            &["the negative original size", "the negative target size"],
        ),
        (
            "a score",
            |r| r.size_conditioning.aesthetic_score = Some(7.0),
            &["the aesthetic score is given, but nothing"],
        ),
    ];
    told(&open(&tiny("tiny-xl")).unwrap(), &plain(), sizes);

    let start = Start { picture: picture("house.png"), strength: Some(0.9), ..Start::default() };
    let rows: &[Row] = &[
        (
            "second prompt",
            |r| r.prompt_2 = Some("a cat".into()),
            &["a second prompt is given, but the model has no second"],
        ),
        ("scores", |r| r.size_conditioning.aesthetic_score = Some(7.0), &[]),
        ("negative score", |r| r.size_conditioning.negative_aesthetic_score = Some(2.0), &[]),
        (
            "negative score without guidance",
            |r| (r.guidance, r.size_conditioning.negative_aesthetic_score) = (Some(1.0), Some(2.0)),
            &["the negative aesthetic score is given"],
        ),
        ("target", |r| r.size_conditioning.target = Some((512, 512)), &["the target size is given, but nothing"]),
        ("original", |r| r.size_conditioning.original = Some((512, 512)), &[]),
    ];
    told(&open(&tiny("tiny-xl-refiner")).unwrap(), &Request { start, ..plain() }, rows);
}

#[test]
fn stable_diffusion_3_and_flux() {
    let rows: &[Row] = &[
        (
            "every prompt",
            |r| {
                (r.prompt_2, r.prompt_3) = (Some("a cat".into()), Some("a dog".into()));
                (r.negative_prompt_2, r.negative_prompt_3) = (Some("ugly".into()), Some("blurry".into()));
            },
            &[],
        ),
        ("max tokens", |r| r.max_tokens = Some(20), &[]),
        ("clip skip", |r| r.clip_skip = 1, &[]),
        ("original size", |r| r.size_conditioning.original = Some((512, 512)), &["the original size is given"]),
    ];
    told(&open(&tiny("tiny-sd3")).unwrap(), &plain(), rows);

    let without = common::copy_of(&tiny("tiny-sd3"));
    for name in ["text_encoder_3", "tokenizer_3"] {
        std::fs::remove_dir_all(without.path().join(name)).unwrap();
    }
    let rows: &[Row] = &[
        ("third prompt", |r| r.prompt_3 = Some("a dog".into()), &["the model has no third text encoder"]),
        ("max tokens", |r| r.max_tokens = Some(20), &["no T5 text encoder"]),
        ("second prompt", |r| r.prompt_2 = Some("a dog".into()), &[]),
    ];
    told(&open(without.path()).unwrap(), &plain(), rows);

    let flux: &[Row] = &[
        ("second prompt", |r| r.prompt_2 = Some("a cat".into()), &[]),
        ("third prompt", |r| r.prompt_3 = Some("a cat".into()), &["the model has no third text encoder"]),
        ("clip skip", |r| r.clip_skip = 1, &["a clip skip is given, but this model takes CLIP's pooled vector alone"]),
        ("max tokens", |r| r.max_tokens = Some(20), &[]),
        (
            "a true guidance alone",
            |r| r.true_guidance = Some(3.0),
            &["a true guidance is given without a negative prompt"],
        ),
        ("a true guidance of 1 is off", |r| r.true_guidance = Some(1.0), &[]),
        (
            "a true guidance with a negative prompt",
            |r| {
                (r.true_guidance, r.negative_prompt) = (Some(3.0), Some("ugly".into()));
                r.negative_prompt_2 = Some("blurry".into());
            },
            &[],
        ),
        (
            "negative prompt",
            |r| r.negative_prompt = Some("ugly".into()),
            &["a negative prompt is given, but guidance is off"],
        ),
        (
            "weights",
            |r| (r.syntax, r.prompt) = (PromptSyntax::Webui, "a (red:1.4) house".into()),
            &["the prompts have weights, but this model takes none"],
        ),
        ("the syntax without weights", |r| r.syntax = PromptSyntax::Webui, &[]),
    ];
    told(&open(&tiny("tiny-flux-dev")).unwrap(), &plain(), flux);
    let schnell: &[Row] =
        &[("guidance", |r| r.guidance = Some(5.0), &["a guidance scale is given, but this model was distilled"])];
    told(&open(&tiny("tiny-flux-schnell")).unwrap(), &Request { guidance: None, ..plain() }, schnell);
}

#[test]
fn models_that_start_from_a_picture() {
    let edit = Request { start: Start { picture: picture("house.png"), ..Start::default() }, ..plain() };
    let rows: &[Row] = &[
        ("strength", |r| r.start.strength = Some(0.5), &["a model that edits by instruction has none"]),
        ("image guidance", |r| r.image_guidance = Some(1.2), &[]),
        ("image guidance below 1", |r| r.image_guidance = Some(0.5), &["below 1 turns all guidance off"]),
        (
            "image guidance without guidance",
            |r| (r.image_guidance, r.guidance) = (Some(1.5), Some(1.0)),
            &["a guidance scale of 1 or less turns both off"],
        ),
    ];
    told(&open(&tiny("tiny-pix2pix")).unwrap(), &edit, rows);

    let small = Request { start: Start { picture: picture("low.png"), ..Start::default() }, ..plain() };
    let rows: &[Row] = &[
        ("strength", |r| r.start.strength = Some(0.5), &["an upscaler has none"]),
        ("noise level", |r| r.noise_level = Some(50), &[]),
    ];
    told(&open(&tiny("tiny-upscale")).unwrap(), &small, rows);
}

/// A model that is told the guidance scale runs no negative branch.
#[test]
fn a_distilled_model() {
    let rows: &[Row] = &[
        ("guidance", |r| r.guidance = Some(8.0), &[]),
        ("negative prompt", |r| r.negative_prompt = Some("ugly".into()), &["but guidance is off, so nobody reads it"]),
        ("rules", |r| r.guidance_rules.rescale = 0.5, &["rules for guidance were given, but guidance is off"]),
    ];
    told(&open(&tiny("tiny-lcm")).unwrap(), &plain(), rows);
}

fn stage(r: &mut Request, name: &str) {
    r.cascade.stages.insert(name.into(), StageSettings { steps: Some(2), ..StageSettings::default() });
}

fn like(r: &mut Request) {
    r.conditions.push(ConditionPicture::new("like", picture("house.png").unwrap()));
}

/// A model of several stages runs what its picture is made of, and no more.
#[test]
fn parts_of_a_cascade_that_do_not_run() {
    let autoencoder = open(&tiny("tiny-diffae")).unwrap();
    let sampled = Request { prompt: String::new(), guidance: None, ..plain() };
    let of_a_picture =
        Request { start: Start { picture: picture("house.png"), ..Start::default() }, ..sampled.clone() };
    told(&autoencoder, &sampled, &[("prior", |r| stage(r, "prior"), &[])]);
    let rows: &[Row] = &[
        ("prior", |r| stage(r, "prior"), &["the stage \"prior\", which does not run"]),
        ("code", |r| drop(r.cascade.embeddings.insert("z_sem".into(), Arc::new(ArrayD::zeros(vec![16])))), &[]),
    ];
    told(&autoencoder, &of_a_picture, rows);
    let rows: &[Row] = &[
        ("upsampler", |r| stage(r, "upsampler"), &[]),
        (
            "until base",
            |r| {
                stage(r, "upsampler");
                r.cascade.until = Some("base".into());
            },
            &["the stage \"upsampler\", which does not run"],
        ),
    ];
    told(&open(&tiny("tiny-glide")).unwrap(), &Request { steps: Some(2), ..plain() }, rows);
    let karlo = open(&tiny("tiny-karlo")).unwrap();
    let rows: &[Row] = &[
        ("a picture", like, &[]),
        (
            "a picture, and settings of the prior",
            |r| {
                like(r);
                stage(r, "prior");
            },
            &["the stage \"prior\", which does not run"],
        ),
        (
            "a picture beside the embedding that would be made of it",
            |r| {
                like(r);
                r.cascade.embeddings.insert("image_embeds".into(), Arc::new(ArrayD::zeros(vec![32])));
            },
            &["a picture is given for \"like\""],
        ),
    ];
    told(&karlo, &plain(), rows);
}

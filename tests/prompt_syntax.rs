//! Prompts with the webui's syntax, drawn: what each part of it does to the latents.
//!
//! What the syntax means is `tests/prompt.rs`; here closed forms say what has to come out of the loop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{generate, open, sentence, tiny};
use diffusion::{Error, Generated, Image, Pipeline, PixelFormat, PromptSyntax, Request, SchedulerKind, Start};
use ndarray::ArrayD;

fn request(prompt: &str) -> Request {
    Request {
        prompt: prompt.to_owned(),
        syntax: PromptSyntax::Webui,
        scheduler: Some(SchedulerKind::Ddim),
        steps: Some(6),
        seed: Some(7),
        guidance: Some(5.0),
        ..Request::default()
    }
}

fn latents(pipeline: &Pipeline, request: &Request) -> ArrayD<f32> {
    generate(pipeline, request).unwrap().latents
}

fn drawn(pipeline: &Pipeline, prompt: &str) -> ArrayD<f32> {
    latents(pipeline, &request(prompt))
}

/// The largest difference of two latents.
fn distance(one: &ArrayD<f32>, other: &ArrayD<f32>) -> f32 {
    assert_eq!(one.shape(), other.shape());
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

const SAME: f32 = 1e-4;
const OTHER: f32 = 1e-3;

#[test]
fn what_says_nothing_changes_nothing() {
    for folder in ["tiny-optimum", "tiny-xl", "tiny-sd2"] {
        let pipeline = open(&tiny(folder)).unwrap();
        let plain = Request { syntax: PromptSyntax::Plain, ..request("a red house") };
        let plain = latents(&pipeline, &plain);
        for same in ["a red house", "(a red house:1.0)", "a [red:blue:99] house", "a red house :1", "[|] a red house"] {
            assert_eq!(drawn(&pipeline, same), plain, "{folder}: {same}");
        }
        for other in ["a (red:1.5) house", "a [red] house", "a red BREAK house", "a red house :1.1"] {
            assert!(distance(&drawn(&pipeline, other), &plain) > OTHER, "{folder}: {other}");
        }
        let literal = latents(&pipeline, &Request { syntax: PromptSyntax::Plain, ..request("(a red house:1.0)") });
        assert!(distance(&literal, &plain) > OTHER, "without the syntax brackets are text");
    }
}

#[test]
fn a_long_prompt_is_read_to_its_end() {
    let long = "a red house in the snow at night, ".repeat(12);
    for folder in ["tiny-optimum", "tiny-xl"] {
        let pipeline = open(&tiny(folder)).unwrap();
        let one = drawn(&pipeline, &format!("{long} with a dog"));
        let other = drawn(&pipeline, &format!("{long} with a cat"));
        assert!(distance(&one, &other) > OTHER, "{folder}");
        // The negative prompt may be the longer one.
        let negative = |end: &str| Request { negative_prompt: Some(format!("{long} {end}")), ..request("a house") };
        let outcomes = ["with a dog", "with a cat"].map(|end| latents(&pipeline, &negative(end)));
        assert!(distance(&outcomes[0], &outcomes[1]) > OTHER, "{folder}");
        let plain = Request { syntax: PromptSyntax::Plain, ..request(&format!("{long} with a dog")) };
        let plain = generate(&pipeline, &plain).unwrap();
        assert!(plain.warnings.iter().any(|warning| warning.contains("too long")), "{:?}", plain.warnings);
    }
}

#[test]
fn a_schedule_is_a_hand_over_between_two_prompts() {
    for (folder, scheduler) in [
        ("tiny-optimum", SchedulerKind::Ddim),
        ("tiny-optimum", SchedulerKind::Euler),
        ("tiny-xl", SchedulerKind::Ddim),
    ] {
        let pipeline = open(&tiny(folder)).unwrap();
        let ask = |prompt: &str| Request { scheduler: Some(scheduler), ..request(prompt) };
        let (first, then) = ("a red house", "a black cat in a tree");
        let half = |prompt: &str| Request { denoising_end: Some(0.6), ..ask(prompt) };
        let begun = latents(&pipeline, &half(first));
        // Three of six steps (831, 665 and 499 of 1000) are drawn here, before the change comes.
        assert_eq!(latents(&pipeline, &half(&format!("[{first}:{then}:3]"))), begun, "{folder}");
        let ended = Request {
            denoising_start: Some(0.6),
            start: Start { latents: Some(Arc::new(begun)), ..Start::default() },
            ..ask(then)
        };
        let ended = latents(&pipeline, &ended);
        for scheduled in [format!("[{first}:{then}:3]"), format!("[{first}:{then}:0.5]")] {
            assert!(distance(&latents(&pipeline, &ask(&scheduled)), &ended) < SAME, "{folder}: {scheduled}");
        }
        let late = latents(&pipeline, &ask(&format!("[{first}:{then}:4]")));
        assert!(distance(&late, &ended) > OTHER, "{folder}: one step later is another picture");
    }
}

#[test]
fn a_step_of_a_second_order_solver_is_two_calls() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let ask = |prompt: &str| Request { scheduler: Some(SchedulerKind::Heun), ..request(prompt) };
    let of = |prompt: &str| latents(&pipeline, &ask(prompt));
    let scheduled = of("[a red house:a black cat:0.5]");
    assert_eq!(scheduled, of("[a red house:a black cat:3]"));
    assert!(distance(&scheduled, &of("[a red house:a black cat:2]")) > OTHER);
    assert_eq!(of("[a red house:a black cat:6]"), of("a red house"), "six steps, not eleven calls");
}

#[test]
fn steps_are_those_that_a_picture_leaves() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let picture = picture(&pipeline);
    let ask = |prompt: &str| Request {
        start: Start { picture: Some(Arc::clone(&picture)), strength: Some(0.7), ..Start::default() },
        ..request(prompt)
    };
    let of = |prompt: &str| latents(&pipeline, &ask(prompt));
    // Four of six steps are left.
    assert_eq!(of("[a red house:a black cat:0.5]"), of("[a red house:a black cat:2]"));
    assert_eq!(of("[a red house:a black cat:4]"), of("a red house"));
    assert!(distance(&of("[a red house:a black cat:3]"), &of("a red house")) > OTHER);
}

#[test]
fn prompts_joined_by_and_add_up() {
    for folder in ["tiny-optimum", "tiny-xl"] {
        let pipeline = open(&tiny(folder)).unwrap();
        let of =
            |prompt: &str, guidance: f32| latents(&pipeline, &Request { guidance: Some(guidance), ..request(prompt) });
        let doubled = of("a red house", 10.0);
        assert!(distance(&of("a red house AND a red house", 5.0), &doubled) < SAME, "{folder}");
        assert_eq!(of("a red house :2", 5.0), doubled, "{folder}");
        let one = of("a red house", 5.0);
        assert!(distance(&of("a red house AND a black cat :0", 5.0), &one) < SAME, "{folder}");
        let both = of("a red house AND a black cat", 5.0);
        assert!(distance(&both, &one) > OTHER && distance(&both, &of("a black cat", 5.0)) > OTHER, "{folder}");
        assert!(distance(&both, &of("a black cat AND a red house", 5.0)) < SAME, "{folder}: in any order");
        // Each may change, at steps of its own.
        let changing = of("[a red house:a dog:2] AND [a black cat:a dog:4]", 5.0);
        let ends = of("a red house AND [a black cat:a dog:4]", 5.0);
        assert!(distance(&changing, &ends) > OTHER, "{folder}");
    }
}

fn picture(pipeline: &Pipeline) -> Arc<Image> {
    let (width, height) = (pipeline.info().default_width, pipeline.info().default_height);
    let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i % 251) as u8).collect();
    Arc::new(Image::from_pixels(&pixels, width, height, width as usize * 3, PixelFormat::Rgb8).unwrap())
}

#[test]
fn a_branch_that_changes_still_sees_its_picture() {
    for folder in ["tiny-pix2pix", "tiny-inpaint"] {
        let pipeline = open(&tiny(folder)).unwrap();
        let seen = picture(&pipeline);
        let mask = (folder == "tiny-inpaint").then(|| Arc::clone(&seen));
        let start = Start { picture: Some(seen), mask, ..Start::default() };
        let of = |prompt: &str, negative: &str| {
            let negative_prompt = Some(negative.to_owned());
            latents(&pipeline, &Request { start: start.clone(), negative_prompt, ..request(prompt) })
        };
        let one = of("a house", "a cat");
        // The same words with a blank behind them: another text, of the same tokens.
        assert_eq!(of("[a house:a house :2]", "[a cat:a cat :3]"), one, "{folder}");
        assert!(distance(&of("[a house:a dog:2]", "a cat"), &one) > OTHER, "{folder}");
        assert!(distance(&of("a house", "[a cat:a dog:2]"), &one) > OTHER, "{folder}");
    }
}

#[test]
fn t5_reads_the_words_alone() {
    let of = |folder: &str, prompt: &str| {
        let pipeline = open(&tiny(folder)).unwrap();
        latents(&pipeline, &Request { scheduler: None, steps: Some(2), ..request(prompt) })
    };
    let folder = "tiny-flux-schnell";
    let plain = of(folder, "a red house");
    assert_eq!(of(folder, "a (red:1.5) house"), plain, "neither T5 nor a pooled vector takes weights");
    assert!(distance(&of(folder, "a (blue:1.5) house"), &plain) > OTHER);
    let plain = of("tiny-sd3", "a red house");
    assert!(distance(&of("tiny-sd3", "a (red:1.5) house"), &plain) > OTHER, "its CLIP encoders do");
    assert!(distance(&of("tiny-sd3", "a red house BREAK at night"), &plain) > OTHER);
}

#[test]
fn what_cannot_be_drawn_is_said_before_any_work() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let refused = |request: &Request| match generate(&pipeline, request) {
        Err(Error::InvalidArgument(_)) => sentence(generate(&pipeline, request)),
        other => panic!("{:?}", other.map(|_| ())),
    };
    let message = refused(&Request { guidance: Some(1.0), ..request("a AND b") });
    assert!(message.contains("guidance"), "{message}");
    let message = refused(&request(&"(".repeat(300)));
    assert!(message.contains("256 brackets"), "{message}");
    let message = refused(&request(&format!("(a:{})", "9".repeat(60))));
    assert!(message.contains("weight"), "{message}");
    let message = refused(&request(&vec!["a"; 70].join(" AND ")));
    assert!(message.contains("64"), "{message}");
    let message = refused(&request(&"a BREAK ".repeat(300)));
    assert!(message.contains("256 chunks"), "{message}");

    let pipeline = open(&tiny("tiny-xl")).unwrap();
    let message = sentence(generate(&pipeline, &Request { prompt_2: Some("b AND c".into()), ..request("a") }));
    assert!(message.contains("AND"), "{message}");
    let second = |text: &str| Request { prompt_2: Some(text.to_owned()), ..request("a red house") };
    let of = |text: &str| latents(&pipeline, &second(text));
    assert!(distance(&of("[a cat:a dog:3]"), &of("a cat")) > OTHER, "the second prompt has the syntax too");
}

#[test]
fn a_graph_of_fixed_length_takes_one_chunk() {
    let pipeline = open(&tiny("tiny-static")).unwrap();
    generate(&pipeline, &request("a (red:1.2) house")).unwrap();
    let message = sentence(generate(&pipeline, &request("a red BREAK house")));
    assert!(message.contains("2 chunks") && message.contains("77"), "{message}");
}

#[test]
fn brackets_that_do_not_match_are_drawn_all_the_same() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let quick = |prompt: &str| Request { steps: Some(1), ..request(prompt) };
    for prompt in [
        "((((",
        "]]]]",
        "a (b [c) d]",
        "(a:)",
        "(a:nan)",
        "[a:b:",
        "[:::]",
        "[||||]",
        "AND",
        " AND  AND :1",
        "BREAK",
        "\\",
        ":",
        "(a:-1)",
    ] {
        let Generated { latents, .. } = generate(&pipeline, &quick(prompt)).unwrap_or_else(|e| panic!("{prompt}: {e}"));
        assert!(latents.iter().all(|value| value.is_finite()), "{prompt}");
    }
}

#[test]
fn sixty_kilobytes_have_an_end() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let started = Instant::now();
    let quick = |prompt: String| generate(&pipeline, &Request { steps: Some(2), ..request(&prompt) });
    // About 6000 tokens, 80 chunks: drawn. Ten times as many: refused.
    let drawn = quick("a red house, ".repeat(1500)).unwrap();
    assert!(drawn.latents.iter().all(|value| value.is_finite()));
    assert!(sentence(quick("red ".repeat(60_000))).contains("chunks"));
    assert!(sentence(quick("(".repeat(60_000))).contains("brackets"));
    let many: Vec<String> = (0..3000).map(|i| format!("{i} {i}")).collect();
    let outcome = generate(&pipeline, &Request { steps: Some(900), ..request(&format!("[{}]", many.join("|"))) });
    assert!(outcome.is_err() || started.elapsed() < Duration::from_secs(120));
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}

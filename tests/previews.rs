//! Previews: what they show, against diffusers' schedulers, and that nothing depends on them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;

use common::{change_scheduler, copy_into, copy_of, open, repository, sentence, tiny};
use diffusion::{
    CancelToken, Error, Flow, Image, Observer, Pipeline, Preview, PreviewMode, Previews, Progress, Request,
    SchedulerKind,
};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    scheduler: String,
    prediction_type: String,
    prompt: String,
    guidance: f32,
    steps: u32,
    seed: u64,
    width: u32,
    height: u32,
    files: Vec<String>,
}

/// Keeps every preview, and stops at one of them.
#[derive(Default)]
struct Watcher {
    seen: Vec<Preview>,
    stop_at: Option<usize>,
}

impl Observer for Watcher {
    fn progress(&mut self, _: &Progress) -> Flow {
        Flow::Continue
    }

    fn preview(&mut self, preview: &Preview) -> Flow {
        self.seen.push(preview.clone());
        if self.stop_at == Some(self.seen.len()) { Flow::Stop } else { Flow::Continue }
    }
}

fn watched(pipeline: &Pipeline, request: &Request) -> (Vec<Image>, Vec<Preview>) {
    let mut watcher = Watcher::default();
    let generated = pipeline.generate(request, &mut watcher, &CancelToken::new()).unwrap();
    (generated.images, watcher.seen)
}

fn request(mode: PreviewMode) -> Request {
    let (previews, scheduler) = (Some(Previews::new(mode)), Some(SchedulerKind::Ddim));
    Request { steps: Some(4), seed: Some(3), scheduler, previews, ..Request::new("a red house") }
}

fn largest_difference(a: &Image, b: &Image) -> u8 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    a.pixels().iter().zip(b.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn full_previews_are_what_diffusers_schedulers_take_the_clean_picture_to_be() {
    let text = fs::read_to_string(repository("tests/golden/previews.json")).unwrap();
    let cases = serde_json::from_str::<Golden>(&text).unwrap().cases;
    assert!(cases.len() >= 4);
    for case in cases {
        let folder = copy_of(&tiny("tiny-optimum"));
        change_scheduler(folder.path(), json!({"prediction_type": case.prediction_type}).as_object().unwrap());
        let pipeline = open(folder.path()).unwrap();
        let (_, seen) = watched(
            &pipeline,
            &Request {
                prompt: case.prompt.clone(),
                guidance: Some(case.guidance),
                steps: Some(case.steps),
                seed: Some(case.seed),
                width: Some(case.width),
                height: Some(case.height),
                scheduler: Some(SchedulerKind::parse(&case.scheduler).unwrap()),
                ..request(PreviewMode::Full)
            },
        );
        assert_eq!(seen.len(), case.files.len());
        for (ours, file) in seen.iter().zip(&case.files) {
            let theirs = Image::open(&repository("tests/golden/previews").join(file)).unwrap();
            let largest = largest_difference(&ours.image, &theirs);
            assert!(largest <= 1, "{file} differs by up to {largest}");
        }
    }
}

#[test]
fn previews_of_any_mode_leave_the_pictures_as_they_are() {
    let folder = copy_of(&tiny("tiny-optimum"));
    copy_into(&tiny("tiny-optimum").join("vae_decoder"), &folder.path().join("taesd_decoder"));
    let pipeline = open(folder.path()).unwrap();
    let ask = |previews| Request { count: 2, previews, ..request(PreviewMode::Linear) };
    let (plain, none) = watched(&pipeline, &ask(None));
    assert!(none.is_empty(), "nobody asked for previews");
    for mode in PreviewMode::ALL {
        let (pictures, seen) = watched(&pipeline, &ask(Some(Previews::new(mode))));
        assert_eq!(pictures, plain, "{}", mode.name());
        let places: Vec<_> = seen.iter().map(|p| (p.step, p.index, p.steps)).collect();
        assert_eq!(places, [(1, 0, 4), (1, 1, 4), (2, 0, 4), (2, 1, 4), (3, 0, 4), (3, 1, 4)], "{}", mode.name());
        let side = if mode == PreviewMode::Linear { plain[0].width() / 8 } else { plain[0].width() };
        assert!(seen.iter().all(|p| (p.image.width(), p.image.height()) == (side, side)), "{}", mode.name());
    }
}

#[test]
fn the_interval_says_how_often() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let previews = Some(Previews { mode: PreviewMode::Linear, interval: 3 });
    let (_, seen) = watched(&pipeline, &Request { steps: Some(9), previews, ..request(PreviewMode::Linear) });
    assert_eq!(seen.iter().map(|p| p.step).collect::<Vec<_>>(), [3, 6], "the ninth is the picture");
}

#[test]
fn families_with_packed_latents_and_sixteen_channels_have_linear_previews() {
    for name in ["tiny-sd3", "tiny-flux-dev", "tiny-xl"] {
        let pipeline = open(&tiny(name)).unwrap();
        let linear = |seed| {
            let own = Request { scheduler: None, ..request(PreviewMode::Linear) };
            let (pictures, seen) = watched(&pipeline, &Request { seed: Some(seed), ..own });
            let (latents, factor) = (&seen[0].image, pipeline.info().spatial_factor as u32);
            assert_eq!(
                (latents.width() * factor, latents.height() * factor),
                (pictures[0].width(), pictures[0].height())
            );
            seen
        };
        assert_ne!(linear(1)[2].image, linear(2)[2].image, "{name}: another seed looks different");
    }
}

#[test]
fn an_observer_stops_the_work_from_a_preview() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let mut watcher = Watcher { stop_at: Some(2), ..Watcher::default() };
    let outcome = pipeline.generate(&request(PreviewMode::Linear), &mut watcher, &CancelToken::new());
    assert!(matches!(outcome, Err(Error::Cancelled)));
    assert_eq!(watcher.seen.len(), 2, "nothing is shown after a stop");
}

#[test]
fn previews_that_cannot_be_had_are_refused_before_any_work() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let ask = |request: &Request| pipeline.generate(request, &mut (), &CancelToken::new());
    let message = sentence(ask(&request(PreviewMode::Small)));
    assert!(message.contains("vae_decoder_approx/model.onnx") && message.contains("\"linear\""), "{message}");
    let never = Request { previews: Some(Previews { mode: PreviewMode::Full, interval: 0 }), ..Request::default() };
    assert!(sentence(ask(&never)).contains("the preview interval is 0; allowed are 1 to 1000"));
    assert!(sentence(PreviewMode::parse("taesd")).contains("\"small\""));
}

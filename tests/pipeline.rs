//! What a host relies on besides the picture: defaults, refusals, progress, cancelling, threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::time::Duration;

use common::{copy_of, generate, open, sentence, tiny};
use diffusion::{CancelToken, Error, Flow, Phase, Pipeline, Progress, Request, RngKind, SchedulerKind, SigmaSchedule};

fn pipeline() -> Pipeline {
    open(&tiny("tiny-optimum")).unwrap()
}

fn request() -> Request {
    Request { steps: Some(4), seed: Some(5), ..Request::new("a red house") }
}

#[test]
fn info_states_what_the_folder_says() {
    let pipeline = pipeline();
    let info = pipeline.info();
    assert_eq!((info.family.as_str(), info.layout.as_str()), ("stable-diffusion-1", "optimum"));
    assert_eq!((info.default_width, info.default_height), (64, 64));
    assert_eq!((info.default_steps, info.default_guidance), (50, 7.5), "diffusers' defaults where a folder has none");
    assert_eq!((info.default_scheduler.as_str(), info.size_multiple), ("pndm", 16), "two levels over factor 8");
    let roles: Vec<_> = info.graphs.iter().map(|g| (g.role.as_str(), g.provider.as_str())).collect();
    assert_eq!(roles, [("text_encoder", "cpu"), ("unet", "cpu"), ("vae_decoder", "cpu")]);
    let json = info.to_json();
    assert_eq!(json["graphs"][1]["inputs"][0]["name"], "sample");
    assert_eq!(json["graphs"][1]["inputs"][0]["shape"][1], 4);
}

#[test]
fn the_makers_defaults_are_taken() {
    let folder = copy_of(&tiny("tiny-optimum"));
    let index = folder.path().join("model_index.json");
    let mut object: serde_json::Value = serde_json::from_str(&fs::read_to_string(&index).unwrap()).unwrap();
    object["libdiffusion"] = serde_json::json!({"steps": 3, "guidance": 2.5, "width": 96, "height": 32});
    fs::write(&index, object.to_string()).unwrap();
    let result = generate(&open(folder.path()).unwrap(), &Request { seed: Some(1), ..Request::new("x") }).unwrap();
    let settings = &result.settings;
    assert_eq!((settings.width, settings.height, settings.steps, settings.guidance), (96, 32, 3, 2.5));
    assert_eq!((result.images[0].width(), result.images[0].height()), (96, 32));
}

#[test]
fn bad_requests_are_refused_in_a_sentence_that_says_what_is_allowed() {
    let pipeline = pipeline();
    let cases: [(Request, &[&str]); 14] = [
        (Request { steps: Some(0), ..request() }, &["steps is 0", "1 to 1000"]),
        (Request { steps: Some(1001), ..request() }, &["steps is 1001", "1 to 1000"]),
        (Request { width: Some(0), ..request() }, &["width is 0", "1 to 8192"]),
        (Request { height: Some(u32::MAX), ..request() }, &["height is 4294967295", "8192"]),
        (Request { width: Some(70), ..request() }, &["width is 70", "multiples of 16", "64", "80"]),
        (Request { height: Some(8), ..request() }, &["height is 8", "multiples of 16"]),
        (Request { guidance: Some(f32::NAN), ..request() }, &["guidance is NaN", "-1000 to 1000"]),
        (Request { guidance: Some(-5000.0), ..request() }, &["guidance is -5000"]),
        (Request { eta: 1.5, ..request() }, &["eta is 1.5", "0 to 1"]),
        (Request { eta: 0.5, ..request() }, &["eta", "ddim"]),
        (Request { count: 65, ..request() }, &["count is 65", "1 to 64"]),
        (Request { width: Some(8192), height: Some(8192), count: 5, ..request() }, &["5 pictures", "268435456"]),
        (Request { rng: RngKind::Numpy, seed: Some(1 << 32), ..request() }, &["4294967296"]),
        (
            Request { scheduler: Some(SchedulerKind::Ddim), sigmas: Some(SigmaSchedule::Karras), ..request() },
            &["ddim", "karras"],
        ),
    ];
    for (request, words) in cases {
        let said = sentence(generate(&pipeline, &request));
        for word in words {
            assert!(said.contains(word), "\"{word}\" is missing in: {said}");
        }
    }
    let long = Request { prompt: "x".repeat((1 << 20) + 1), ..request() };
    assert!(sentence(generate(&pipeline, &long)).contains("prompt"));
    assert!(generate(&pipeline, &request()).is_ok(), "the pipeline must stay usable");
}

#[test]
fn a_model_of_one_size_says_so() {
    let fixed = open(&tiny("tiny-static")).unwrap();
    assert_eq!(fixed.info().fixed_size, Some((64, 64)));
    let said = sentence(generate(&fixed, &Request { width: Some(128), ..request() }));
    assert!(said.contains("128x64") && said.contains("64x64"), "{said}");
}

#[test]
fn a_missing_seed_is_picked_and_reported() {
    let pipeline = pipeline();
    let drawn = generate(&pipeline, &Request { seed: None, ..request() }).unwrap();
    let again = generate(&pipeline, &Request { seed: Some(drawn.settings.seed), ..request() }).unwrap();
    assert_eq!(drawn.images[0].pixels(), again.images[0].pixels(), "the reported seed draws the same picture");
    let other = generate(&pipeline, &Request { seed: None, ..request() }).unwrap();
    assert_ne!(drawn.settings.seed, other.settings.seed);
}

#[test]
fn settings_travel_as_text_and_json() {
    let request = Request { negative_prompt: Some("blur".into()), count: 2, ..request() };
    let settings = generate(&pipeline(), &request).unwrap().settings;
    let text = settings.parameters(0);
    for word in
        ["a red house\nNegative prompt: blur\nSteps: 4", "Sampler: pndm", "CFG scale: 7.5", "Seed: 5", "Size: 64x64"]
    {
        assert!(text.contains(word), "\"{word}\" is missing in: {text}");
    }
    let json = settings.to_json(1);
    assert_eq!((json["seed"].as_u64(), json["index"].as_u64(), json["count"].as_u64()), (Some(5), Some(1), Some(2)));
}

#[test]
fn words_that_do_not_fit_are_named_once_a_prompt() {
    let long = format!("{} unicorn", "a red house ".repeat(40));
    let request = Request { negative_prompt: Some(long.clone()), prompt: long, ..request() };
    let warnings = generate(&pipeline(), &request).unwrap().warnings;
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].starts_with("the negative prompt") && warnings[1].starts_with("the prompt"), "{warnings:?}");
    assert!(warnings.iter().all(|w| w.contains("unicorn")), "{warnings:?}");
}

#[test]
fn progress_tells_every_part_in_order() {
    let mut seen = Vec::new();
    let mut watch = |p: &Progress| {
        seen.push(*p);
        Flow::Continue
    };
    let cancel = CancelToken::new();
    let pipeline = Pipeline::open(&tiny("tiny-optimum"), &common::options(), &mut watch, &cancel).unwrap();
    let request = Request { count: 2, scheduler: Some(SchedulerKind::Heun), ..request() };
    pipeline.generate(&request, &mut watch, &cancel).unwrap();
    let of = |phase: Phase| seen.iter().filter(|p| p.phase == phase).map(|p| (p.step, p.steps)).collect::<Vec<_>>();
    assert_eq!(of(Phase::Opening), [(0, 3), (1, 3), (2, 3), (3, 3)]);
    assert_eq!(of(Phase::EncodingText), [(0, 2), (1, 2), (2, 2)]);
    // Heun asks the denoiser twice a step but for the last one.
    assert_eq!(of(Phase::Denoising), (0..=7).map(|step| (step, 7)).collect::<Vec<_>>());
    assert_eq!(of(Phase::Decoding), [(0, 2), (1, 2), (2, 2)]);
}

#[test]
fn an_observer_stops_the_work_in_every_phase() {
    let pipeline = pipeline();
    for phase in [Phase::EncodingText, Phase::Denoising, Phase::Decoding] {
        let mut stop = |p: &Progress| if p.phase == phase { Flow::Stop } else { Flow::Continue };
        let outcome = pipeline.generate(&request(), &mut stop, &CancelToken::new());
        assert!(matches!(outcome, Err(Error::Cancelled)), "{phase:?}");
    }
    let mut stop = |_: &Progress| Flow::Stop;
    let opened = Pipeline::open(&tiny("tiny-optimum"), &common::options(), &mut stop, &CancelToken::new());
    assert!(matches!(opened, Err(Error::Cancelled)));
    assert!(generate(&pipeline, &request()).is_ok());
}

#[test]
fn an_observer_that_generates_with_its_own_pipeline_is_told_so() {
    let pipeline = pipeline();
    let mut inner = None;
    let mut watch = |_: &Progress| {
        inner.get_or_insert_with(|| generate(&pipeline, &request()).map(|_| ()));
        Flow::Continue
    };
    pipeline.generate(&request(), &mut watch, &CancelToken::new()).unwrap();
    assert!(matches!(inner, Some(Err(Error::Busy(_)))), "{inner:?}");
}

#[test]
fn a_cancel_before_the_start_is_not_lost() {
    let (pipeline, cancel) = (pipeline(), CancelToken::new());
    cancel.cancel();
    for _ in 0..2 {
        assert!(matches!(pipeline.generate(&request(), &mut (), &cancel), Err(Error::Cancelled)));
    }
    let opened = Pipeline::open(&tiny("tiny-optimum"), &common::options(), &mut (), &cancel);
    assert!(matches!(opened, Err(Error::Cancelled)));
    cancel.reset();
    assert!(pipeline.generate(&request(), &mut (), &cancel).is_ok());
}

#[test]
fn a_cancel_from_another_thread_ends_a_long_generation() {
    let (pipeline, cancel) = (pipeline(), CancelToken::new());
    let endless = Request { steps: Some(900), scheduler: Some(SchedulerKind::Euler), ..request() };
    std::thread::scope(|scope| {
        let running = scope.spawn(|| pipeline.generate(&endless, &mut (), &cancel));
        std::thread::sleep(Duration::from_millis(200));
        cancel.cancel();
        let outcome = running.join().unwrap();
        assert!(matches!(outcome, Err(Error::Cancelled)), "{:?}", outcome.map(|r| r.timings));
    });
    cancel.reset();
    assert!(pipeline.generate(&request(), &mut (), &cancel).is_ok());
}

#[test]
fn threads_may_share_one_pipeline_or_have_their_own() {
    let (shared, other) = (pipeline(), open(&tiny("tiny-legacy")).unwrap());
    let expected = generate(&shared, &request()).unwrap().images[0].pixels().to_vec();
    std::thread::scope(|scope| {
        let same: Vec<_> = (0..3).map(|_| scope.spawn(|| generate(&shared, &request()).unwrap())).collect();
        let apart =
            scope.spawn(|| generate(&other, &Request { width: Some(64), height: Some(64), ..request() }).unwrap());
        for drawn in same {
            assert_eq!(drawn.join().unwrap().images[0].pixels(), expected);
        }
        assert_eq!(apart.join().unwrap().images.len(), 1);
    });
}

#[test]
fn a_picture_of_nan_is_an_error_and_no_picture() {
    let folder = copy_of(&tiny("tiny-legacy"));
    let weights = folder.path().join("unet/weights.pb");
    let length = fs::metadata(&weights).unwrap().len();
    fs::write(&weights, vec![0xFF; usize::try_from(length).unwrap()]).unwrap();
    let small = Request { width: Some(64), height: Some(64), ..request() };
    match generate(&open(folder.path()).unwrap(), &small) {
        Err(Error::Numeric(said)) => assert!(said.contains("step 1 of"), "{said}"),
        other => panic!("{:?}", other.map(|r| r.images.len())),
    }
}

//! The entry points below `generate`: conditionings, latents, steps, estimates. That steps draw what `generate` draws, for
//! every family, is in `families.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::sync::Arc;

use common::{copy_of, generate, open, options, repository, sentence, tiny};
use diffusion::{
    CancelToken, Error, Flow, Generated, MemoryMode, Observer, Phase, Pipeline, PipelineOptions, PixelFormat,
    PreviewMode, Previews, Progress, PromptSyntax, Provider, Request, Result, SchedulerKind, Start, Stepper, Tiling,
    estimate_memory,
};

const PROMPT: &str = "a red house in the snow";

fn shared(name: &str) -> Arc<Pipeline> {
    Arc::new(open(&tiny(name)).unwrap())
}

fn request() -> Request {
    Request {
        negative_prompt: Some("blurry".into()),
        steps: Some(4),
        seed: Some(7),
        guidance: Some(5.0),
        ..Request::new(PROMPT)
    }
}

fn begin(pipeline: &Arc<Pipeline>, request: &Request) -> Stepper {
    pipeline.begin(request, &mut (), &CancelToken::new()).unwrap()
}

fn advance(stepper: &mut Stepper) -> Result<()> {
    stepper.advance(&mut (), &CancelToken::new())
}

fn finish(stepper: &mut Stepper) -> Generated {
    while stepper.done() < stepper.count() {
        advance(stepper).unwrap();
    }
    stepper.finish(&mut (), &CancelToken::new()).unwrap()
}

fn read(pipeline: &Pipeline, request: &Request) -> diffusion::Conditioning {
    pipeline.encode_prompt(request, &mut (), &CancelToken::new()).unwrap()
}

/// The request with its prompts taken out and `conditioning` put in.
fn told(request: &Request, conditioning: diffusion::Conditioning) -> Request {
    Request {
        prompt: String::new(),
        negative_prompt: None,
        syntax: PromptSyntax::Plain,
        conditioning: Some(Arc::new(conditioning)),
        ..request.clone()
    }
}

#[test]
fn every_scheduler_steps_as_it_generates_also_through_the_hosts_hands() {
    let pipeline = shared("tiny-optimum");
    for kind in SchedulerKind::ALL {
        let request = Request { scheduler: Some(kind), ..request() };
        let Ok(whole) = generate(&pipeline, &request) else {
            assert!(pipeline.begin(&request, &mut (), &CancelToken::new()).is_err(), "{kind:?}");
            continue;
        };
        let mut stepper = begin(&pipeline, &request);
        while stepper.done() < stepper.count() {
            advance(&mut stepper).unwrap();
            let latents = stepper.latents().unwrap();
            stepper.set_latents(&latents).unwrap();
        }
        let pieces = finish(&mut stepper);
        assert!(pieces.images == whole.images && pieces.latents == whole.latents, "{kind:?}");
        assert_eq!(pieces.settings, whole.settings);
        assert_eq!(pieces.timings.denoise.len(), whole.timings.denoise.len());
    }
}

#[test]
fn steppers_of_one_pipeline_take_turns_and_others_draw_between() {
    let pipeline = shared("tiny-optimum");
    let (one, other) = (request(), Request { seed: Some(8), steps: Some(3), ..request() });
    let (mut first, mut second) = (begin(&pipeline, &one), begin(&pipeline, &other));
    advance(&mut first).unwrap();
    advance(&mut second).unwrap();
    let between = generate(&pipeline, &one).unwrap();
    advance(&mut second).unwrap();
    let (first, second) = (finish(&mut first), finish(&mut second));
    assert!(first.images == between.images);
    assert!(second.images == generate(&pipeline, &other).unwrap().images && second.images != first.images);
}

#[test]
fn a_stepper_outlives_its_pipeline_and_moves_between_threads() {
    let pipeline = shared("tiny-optimum");
    let whole = generate(&pipeline, &request()).unwrap();
    let mut stepper = begin(&pipeline, &request());
    drop(pipeline);
    let drawn = std::thread::spawn(move || finish(&mut stepper)).join().unwrap();
    assert!(drawn.images == whole.images);
}

#[test]
fn a_cancelled_step_is_taken_again() {
    let pipeline = shared("tiny-optimum");
    let request = Request { scheduler: Some(SchedulerKind::EulerAncestral), ..request() };
    let whole = generate(&pipeline, &request).unwrap();
    let mut stepper = begin(&pipeline, &request);
    advance(&mut stepper).unwrap();
    let before = stepper.latents().unwrap();
    let cancel = CancelToken::new();
    cancel.cancel();
    assert!(matches!(stepper.advance(&mut (), &cancel), Err(Error::Cancelled)));
    assert!(matches!(stepper.finish(&mut (), &cancel), Err(Error::Cancelled)));
    assert_eq!((stepper.done(), stepper.latents().unwrap()), (1, before));
    assert!(finish(&mut stepper).images == whole.images);
}

/// Stops after the first evaluation.
struct Stops;

impl Observer for Stops {
    fn progress(&mut self, progress: &Progress) -> Flow {
        match (progress.phase, progress.step) {
            (Phase::Denoising, 1..) => Flow::Stop,
            _ => Flow::Continue,
        }
    }
}

#[test]
fn an_observer_that_stops_has_seen_the_step_made() {
    let pipeline = shared("tiny-optimum");
    let mut stepper = begin(&pipeline, &request());
    assert!(matches!(stepper.advance(&mut Stops, &CancelToken::new()), Err(Error::Cancelled)));
    assert_eq!(stepper.done(), 1);
    assert!(finish(&mut stepper).images == generate(&pipeline, &request()).unwrap().images);
}

/// Counts previews.
#[derive(Default)]
struct Shown(Vec<(u32, diffusion::Image)>);

impl Observer for Shown {
    fn progress(&mut self, _: &Progress) -> Flow {
        Flow::Continue
    }

    fn preview(&mut self, preview: &diffusion::Preview) -> Flow {
        self.0.push((preview.step, preview.image.clone()));
        Flow::Continue
    }
}

#[test]
fn clean_latents_are_what_previews_show() {
    let pipeline = shared("tiny-optimum");
    let previews = Some(Previews { mode: PreviewMode::Full, interval: 2 });
    let request = Request { previews, steps: Some(5), ..request() };
    let mut whole = Shown::default();
    pipeline.generate(&request, &mut whole, &CancelToken::new()).unwrap();
    let mut stepper = begin(&pipeline, &request);
    assert_eq!(stepper.clean_latents().unwrap(), None);
    let (mut shown, mut decoded) = (Shown::default(), Vec::new());
    while stepper.done() < stepper.count() {
        stepper.advance(&mut shown, &CancelToken::new()).unwrap();
        if let Some(clean) = stepper.clean_latents().unwrap() {
            let images = pipeline.decode_latents(&clean, request.format, Tiling::Auto, &CancelToken::new()).unwrap();
            decoded.push((u32::try_from(stepper.done()).unwrap(), images[0].clone()));
        }
    }
    assert!(shown.0 == whole.0 && shown.0.len() == 2);
    assert_eq!(decoded.len(), stepper.count() - 1, "one after every evaluation but the last");
    assert!(shown.0.iter().all(|one| decoded.contains(one)));
}

#[test]
fn latents_of_the_host_are_checked_and_drawn_on_from() {
    let pipeline = shared("tiny-optimum");
    let mut stepper = begin(&pipeline, &request());
    let own = stepper.latents().unwrap();
    let wrong = own.clone().remove_axis(ndarray::Axis(0));
    assert!(sentence(stepper.set_latents(&wrong)).contains("shape"));
    let mut broken = own.clone();
    broken[[0, 0, 0, 0]] = f32::NAN;
    assert!(matches!(stepper.set_latents(&broken), Err(Error::Numeric(_))));
    // Another request's first noise draws that request's picture.
    let other = Request { seed: Some(99), ..request() };
    stepper.set_latents(&begin(&pipeline, &other).latents().unwrap()).unwrap();
    assert!(finish(&mut stepper).images == generate(&pipeline, &other).unwrap().images);
    // As latents to start from at the very beginning.
    let noise = begin(&pipeline, &other).latents().unwrap();
    let start = Start { latents: Some(Arc::new(noise)), ..Start::default() };
    let from = Request { start, denoising_start: Some(0.0), seed: Some(1), ..request() };
    assert!(generate(&pipeline, &from).unwrap().images == generate(&pipeline, &other).unwrap().images);
}

#[test]
fn what_is_not_stepped_through_says_so() {
    let pipeline = shared("tiny-optimum");
    let hires = Request { hires: Some(diffusion::Hires::default()), ..request() };
    assert!(sentence(pipeline.begin(&hires, &mut (), &CancelToken::new())).contains("second pass"));
    let cascade = shared("tiny-karlo");
    let cancel = CancelToken::new();
    for words in [
        sentence(cascade.begin(&Request::new("a"), &mut (), &cancel)),
        sentence(cascade.encode_prompt(&Request::new("a"), &mut (), &cancel)),
        sentence(cascade.decode_latents(
            &ndarray::ArrayD::zeros(vec![1, 4, 8, 8]),
            PixelFormat::Rgb8,
            Tiling::Auto,
            &cancel,
        )),
    ] {
        assert!(words.contains("several stages"), "{words}");
    }
    assert!(sentence(shared("tiny-variation").encode_prompt(&request(), &mut (), &cancel)).contains("no prompt"));
}

#[test]
fn a_conditioning_serves_any_seed_size_and_guidance() {
    for name in ["tiny-optimum", "tiny-xl", "tiny-sd3", "tiny-flux-dev"] {
        let pipeline = shared(name);
        let conditioning = read(&pipeline, &request());
        for other in [
            Request { seed: Some(1), steps: Some(2), ..request() },
            Request { guidance: Some(1.0), steps: Some(2), ..request() },
            Request { true_guidance: Some(3.0), steps: Some(2), width: Some(64), height: Some(128), ..request() },
        ] {
            let again = generate(&pipeline, &told(&other, conditioning.clone())).unwrap();
            let whole = generate(&pipeline, &other).unwrap();
            assert!(again.images == whole.images, "{name}");
            assert_eq!(again.settings.prompt, PROMPT);
        }
    }
}

#[test]
fn prompts_with_a_syntax_are_read_once_too() {
    let pipeline = shared("tiny-optimum");
    let webui = Request {
        prompt: "a [red:blue:0.5] (house:1.3) AND snow :0.7".into(),
        syntax: PromptSyntax::Webui,
        ..request()
    };
    let conditioning = read(&pipeline, &webui);
    assert!(conditioning.texts().len() >= 4, "two colours, the snow, and the negative prompt");
    let again = generate(&pipeline, &told(&webui, conditioning.clone())).unwrap();
    assert!(again.images == generate(&pipeline, &webui).unwrap().images);
    // Over other steps the same texts change at other places.
    let longer = Request { steps: Some(6), ..webui };
    assert!(
        generate(&pipeline, &told(&longer, conditioning)).unwrap().images
            == generate(&pipeline, &longer).unwrap().images
    );
}

#[test]
fn what_a_text_encoder_did_not_see_is_said_each_time() {
    let pipeline = shared("tiny-optimum");
    let long = Request { prompt: "word ".repeat(200), ..request() };
    let conditioning = read(&pipeline, &long);
    let warnings = |request: &Request| generate(&pipeline, request).unwrap().warnings;
    assert!(!warnings(&long).is_empty());
    assert_eq!(warnings(&told(&long, conditioning)), warnings(&long));
}

#[test]
fn states_can_be_read_and_replaced() {
    let pipeline = shared("tiny-xl");
    let (one, other) = (request(), Request { prompt: "a blue boat".into(), ..request() });
    let (mut mixed, goal) = (read(&pipeline, &one), read(&pipeline, &other));
    for (index, text) in goal.texts().enumerate() {
        assert!(text.encoder.starts_with("text_encoder") && text.context.ncols() > 0);
        assert_eq!(text.is_negative, text.text == "blurry");
        mixed = mixed.with_states(index, Some(text.context.clone()), text.pooled.cloned()).unwrap();
    }
    let drawn = generate(&pipeline, &told(&one, mixed.clone())).unwrap();
    assert!(drawn.images == generate(&pipeline, &other).unwrap().images);

    let context = goal.texts().next().unwrap().context.clone();
    assert!(sentence(mixed.with_states(99, Some(context.clone()), None)).contains("no text 99"));
    let narrow = context.slice(ndarray::s![.., ..1]).to_owned();
    assert!(sentence(mixed.with_states(0, Some(narrow), None)).contains("shape"));
    assert!(matches!(mixed.with_states(0, Some(context * f32::NAN), None), Err(Error::Numeric(_))));
}

#[test]
fn a_conditioning_in_the_wrong_place_is_refused() {
    let pipeline = shared("tiny-optimum");
    let conditioning = read(&pipeline, &request());
    let beside = Request { prompt: "more".into(), ..told(&request(), conditioning.clone()) };
    assert!(sentence(generate(&pipeline, &beside)).contains("leave one"));
    let again = sentence(pipeline.encode_prompt(&told(&request(), conditioning.clone()), &mut (), &CancelToken::new()));
    assert!(again.contains("already"), "{again}");
    assert!(
        sentence(generate(&shared("tiny-optimum"), &told(&request(), conditioning.clone())))
            .contains("another pipeline")
    );
    assert!(sentence(generate(&shared("tiny-karlo"), &told(&Request::new(""), conditioning))).contains("conditioning"));
}

#[test]
fn an_inpainting_models_prompts_are_read_without_a_picture() {
    let pipeline = shared("tiny-inpaint");
    assert_eq!(read(&pipeline, &request()).texts().len(), 2);
}

#[test]
fn pictures_go_through_the_autoencoder_by_themselves() {
    let pipeline = Arc::new(open(&repository("models/demo")).unwrap());
    let cancel = CancelToken::new();
    let drawn = generate(&pipeline, &Request { steps: Some(2), seed: Some(3), ..Request::new(PROMPT) }).unwrap();
    let picture = &drawn.images[0];
    let latents = pipeline.encode_image(picture, Tiling::Auto, &cancel).unwrap();
    assert_eq!(latents.shape(), drawn.latents.shape());
    assert_eq!(latents, pipeline.encode_image(picture, Tiling::Auto, &cancel).unwrap());
    let back = pipeline.decode_latents(&latents, picture.format(), Tiling::Auto, &cancel).unwrap();
    let error: f64 = picture.pixels().iter().zip(back[0].pixels()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    let error = error / picture.pixels().len() as f64;
    assert!(error < 16.0, "an autoencoder keeps a picture: {error} grey levels off");

    let odd = diffusion::Image::from_pixels(&[9; 33 * 64 * 3], 33, 64, 33 * 3, PixelFormat::Rgb8).unwrap();
    assert!(sentence(pipeline.encode_image(&odd, Tiling::Auto, &cancel)).contains("width is 33"));
    let decode = |shape: &[usize]| {
        let zeros = ndarray::ArrayD::zeros(shape.to_vec());
        sentence(pipeline.decode_latents(&zeros, PixelFormat::Rgb8, Tiling::Auto, &cancel))
    };
    assert!(decode(&[4, 8, 8]).contains("shape") && decode(&[1, 3, 8, 8]).contains("channels"));
    assert!(decode(&[1, latents.shape()[1], 100_000, 8]).contains("sides"));
    assert!(decode(&[1, latents.shape()[1], 0, 8]).contains("nothing may be 0"));
}

#[test]
fn each_memory_mode_steps_and_frees() {
    for memory in [MemoryMode::Speed, MemoryMode::Balanced, MemoryMode::Low] {
        let options = PipelineOptions { memory, ..options() };
        let pipeline = Pipeline::open(&tiny("tiny-optimum"), &options, &mut (), &CancelToken::new()).unwrap();
        let pipeline = Arc::new(pipeline);
        let whole = generate(&pipeline, &request()).unwrap();
        let conditioning = read(&pipeline, &request());
        let mut stepper = begin(&pipeline, &told(&request(), conditioning));
        advance(&mut stepper).unwrap();
        // What is noisy can be looked at, and drawn on.
        let noisy = stepper.finish(&mut (), &CancelToken::new()).unwrap();
        assert!(noisy.images != whole.images);
        drop(begin(&pipeline, &request()));
        assert!(finish(&mut stepper).images == whole.images);
    }
}

#[test]
fn an_estimate_follows_the_weights_and_the_memory_mode() {
    let estimate = |folder: &std::path::Path, memory| {
        estimate_memory(folder, &PipelineOptions { memory, ..PipelineOptions::default() })
    };
    let demo = repository("models/demo");
    let [speed, balanced, low] =
        [MemoryMode::Speed, MemoryMode::Balanced, MemoryMode::Low].map(|memory| estimate(&demo, memory).unwrap());
    assert!(speed.open > balanced.open && balanced.open > low.open);
    assert!(speed.opening >= balanced.opening && balanced.opening > low.opening && low.opening >= low.open);
    // Stored in half precision, weights are as large in the CPU's memory as in float32, and half as large on a device.
    let weights = |name: &str, provider| {
        let options = PipelineOptions { provider, ..PipelineOptions::default() };
        let open = |memory| estimate_memory(&tiny(name), &PipelineOptions { memory, ..options.clone() }).unwrap().open;
        open(MemoryMode::Speed) - open(MemoryMode::Low)
    };
    let [whole, half] = ["tiny-optimum", "tiny-optimum-fp16"].map(|name| weights(name, Provider::Cpu));
    let on_device = weights("tiny-optimum-fp16", Provider::Cuda);
    assert_eq!(weights("tiny-optimum-fp16", Provider::Auto), half);
    assert_eq!(weights("tiny-optimum", Provider::Cuda), whole);
    assert!(half > on_device && half.abs_diff(whole) < (half - on_device) / 10, "{whole} {half} {on_device}");
    assert!(estimate(&tiny("tiny-karlo"), MemoryMode::Speed).unwrap().open > low.open);

    assert!(sentence(estimate(&repository("no-such-model"), MemoryMode::Speed)).contains("no-such-model"));
    let broken = copy_of(&tiny("tiny-optimum"));
    std::fs::write(broken.path().join("unet/model.onnx"), b"no graph").unwrap();
    assert!(matches!(estimate(broken.path(), MemoryMode::Speed), Err(Error::BadModel { .. })));
}

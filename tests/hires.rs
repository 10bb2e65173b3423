//! The second pass at a larger size: the same as two requests by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::sync::Arc;

use common::{generate, open, repository, sentence, tiny};
use diffusion::{Hires, Image, Request, SchedulerKind, Seeds, Start, Upscale};
use ndarray::{ArrayD, IxDyn};

fn request() -> Request {
    Request {
        width: Some(64),
        height: Some(64),
        steps: Some(4),
        guidance: Some(5.0),
        scheduler: Some(SchedulerKind::EulerAncestral),
        seed: Some(11),
        count: 2,
        ..Request::new("a red house in the snow at night")
    }
}

/// torch's `nearest-exact`, from its definition.
fn nearest_exact(latents: &ArrayD<f32>, height: usize, width: usize) -> ArrayD<f32> {
    let [n, c, h, w] = [0, 1, 2, 3].map(|axis| latents.shape()[axis]);
    let from = |i: usize, small: usize, large: usize| ((i as f32 + 0.5) * small as f32 / large as f32).floor() as usize;
    ArrayD::from_shape_fn(IxDyn(&[n, c, height, width]), |at| {
        latents[[at[0], at[1], from(at[2], h, height), from(at[3], w, width)]]
    })
}

#[test]
fn it_equals_two_requests() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    for (hires, seeds, size, schedule) in [
        (Hires { strength: 0.5, ..Hires::default() }, Seeds::OneGenerator, (128, 128), 8),
        (Hires { scale: 1.6, steps: Some(3), ..Hires::default() }, Seeds::OnePerPicture, (96, 96), 5),
        (Hires { size: Some((96, 64)), strength: 1.0, ..Hires::default() }, Seeds::OneGenerator, (96, 64), 4),
    ] {
        let small = Request { seeds, ..request() };
        let drawn = generate(&pipeline, &Request { hires: Some(hires), ..small.clone() }).unwrap();
        let first = generate(&pipeline, &small).unwrap();
        let latents = nearest_exact(&first.latents, size.1 as usize / 8, size.0 as usize / 8);
        let start = Start { latents: Some(Arc::new(latents)), strength: Some(hires.strength), ..Start::default() };
        let large =
            Request { width: Some(size.0), height: Some(size.1), steps: Some(schedule), start, ..small.clone() };
        let second = generate(&pipeline, &large).unwrap();
        assert_eq!(drawn.latents, second.latents, "{hires:?}");
        assert_eq!(drawn.images, second.images, "{hires:?}");
        assert_eq!((drawn.images[0].width(), drawn.images[0].height()), size);
        let steps = hires.steps.unwrap_or(4);
        assert_eq!(drawn.timings.denoise.len(), 4 + steps as usize, "the steps are those that are drawn");
        let settings = drawn.settings;
        assert_eq!((settings.width, settings.height, settings.steps), (64, 64, 4));
        let said = format!("Hires resize: {}x{}, Hires steps: {steps}, Hires upscaler: nearest-exact", size.0, size.1);
        assert!(settings.parameters(0).contains(&said), "{}", settings.parameters(0));
    }
}

#[test]
fn every_way_of_enlarging_draws_its_own_picture() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let mut seen: Vec<Vec<Image>> = Vec::new();
    for upscale in Upscale::ALL {
        assert_eq!(Upscale::parse(&upscale.to_string().to_uppercase()).unwrap(), upscale);
        let hires = Hires { upscale, scale: 1.5, strength: 0.5, ..Hires::default() };
        let drawn = generate(&pipeline, &Request { hires: Some(hires), ..request() }).unwrap();
        assert_eq!((drawn.images.len(), drawn.images[1].width(), drawn.images[1].height()), (2, 96, 96));
        assert_ne!(drawn.images[0], drawn.images[1], "each picture has its own first pass");
        let again = generate(&pipeline, &Request { hires: Some(hires), ..request() }).unwrap();
        assert_eq!(drawn.images, again.images, "{upscale}: the same seed, the same picture");
        seen.push(drawn.images);
    }
    // Where nothing shrinks, antialiasing changes no more than the rounding of the plain filter.
    let close = [Upscale::Bilinear, Upscale::BilinearAntialias];
    for (i, a) in seen.iter().enumerate() {
        for (j, b) in seen.iter().enumerate().take(i) {
            let pair = [Upscale::ALL[j], Upscale::ALL[i]];
            assert!(a != b || pair == close, "{pair:?} draw the same");
        }
    }
    assert!(sentence(Upscale::parse("esrgan")).contains("lanczos"));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_drawn() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let refused = |hires: Hires, base: Request, part: &str| {
        let message = sentence(generate(&pipeline, &Request { hires: Some(hires), ..base }));
        assert!(message.contains(part), "{message}");
    };
    let usual = Hires::default();
    for scale in [0.5, 8.5, f32::NAN, f32::INFINITY] {
        refused(Hires { scale, ..usual }, request(), "hires scale is");
    }
    for strength in [0.0, 1.1, -1.0, f32::NAN] {
        refused(Hires { strength, ..usual }, request(), "hires strength is");
    }
    for steps in [0, 1001] {
        refused(Hires { steps: Some(steps), ..usual }, request(), "hires steps is");
    }
    refused(Hires { steps: Some(900), strength: 0.5, ..usual }, request(), "a schedule of 1800 steps");
    refused(Hires { size: Some((0, 64)), ..usual }, request(), "hires size is 0x64");
    refused(Hires { size: Some((64, 32)), ..usual }, request(), "it must not be smaller");
    refused(Hires { size: Some((100, 96)), ..usual }, request(), "width is 100");
    refused(
        Hires { scale: 8.0, ..usual },
        Request { count: 64, width: Some(1024), height: Some(1024), ..request() },
        "pixels",
    );
    let picture = Some(Arc::new(Image::open(&repository("tests/golden/inputs/house.png")).unwrap()));
    let start = Start { picture, ..Start::default() };
    refused(usual, Request { start, ..request() }, "begins with noise");
    refused(usual, Request { denoising_end: Some(0.5), ..request() }, "no denoising start or end");
    assert!(generate(&pipeline, &request()).is_ok(), "the pipeline stays usable");

    let fixed = open(&tiny("tiny-static")).unwrap();
    let own = Request { width: None, height: None, count: 1, hires: Some(usual), ..request() };
    assert!(sentence(generate(&fixed, &own)).contains("exported for"));
    let inpaint = open(&tiny("tiny-inpaint")).unwrap();
    assert!(sentence(generate(&inpaint, &own)).len() > 20);
}

//! Pictures that tile: against torch's circular convolutions, and seen at the seam.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;

use common::{generate, open, repository, sentence, tiny};
use diffusion::{MemoryMode, Pipeline, PipelineOptions, Request, SchedulerKind, Seamless};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    folder: String,
    seamless: String,
    scheduler: String,
    width: u32,
    height: u32,
    file: String,
}

/// How far the values may be from torch's, in grey levels: as in `pictures.rs`; more where the graphs compute in
/// float16 and torch in float32.
fn allowed(folder: &str) -> u8 {
    if folder.ends_with("-fp16") { 8 } else { 1 }
}

#[test]
fn wrapped_convolutions_equal_torchs_circular_ones() {
    let text = fs::read_to_string(repository("tests/golden/seamless.json")).unwrap();
    let cases = serde_json::from_str::<Golden>(&text).unwrap().cases;
    for folder in ["tiny-optimum", "tiny-legacy", "tiny-legacy-fp16", "tiny-xl"] {
        let cases: Vec<_> = cases.iter().filter(|case| case.folder == folder).collect();
        assert!(cases.len() >= 2, "{folder}");
        let low = PipelineOptions { memory: MemoryMode::Low, ..common::options() };
        let low = Pipeline::open(&tiny(folder), &low, &mut (), &diffusion::CancelToken::new()).unwrap();
        for pipeline in [open(&tiny(folder)).unwrap(), low] {
            for case in &cases {
                let request = Request {
                    seamless: Seamless::parse(&case.seamless).unwrap(),
                    scheduler: Some(SchedulerKind::parse(&case.scheduler).unwrap()),
                    steps: Some(6),
                    guidance: Some(7.5),
                    width: Some(case.width),
                    height: Some(case.height),
                    seed: Some(0),
                    ..Request::new("a red house in the snow at night")
                };
                let ours = generate(&pipeline, &request).unwrap().images.remove(0);
                let theirs = image::open(repository("tests/golden/seamless").join(&case.file)).unwrap().into_rgb8();
                let off = ours.pixels().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(off <= allowed(folder), "{} differs by up to {off}", case.name);
            }
        }
    }
}

#[test]
fn the_demo_models_pictures_tile_where_they_are_asked_to() {
    let pipeline = open(&repository("models/demo")).unwrap();
    let seams = |seamless: Seamless| {
        let request =
            Request { seed: Some(2), seamless, ..Request::new("a meadow at noon with trees, clouds in the sky") };
        let image = generate(&pipeline, &request).unwrap().images.remove(0);
        if let Some(folder) = std::env::var_os("WAYS") {
            let path = std::path::Path::new(&folder).join(format!("seamless_{}.png", seamless.name()));
            image::save_buffer(&path, image.pixels(), image.width(), image.height(), image::ColorType::Rgb8).unwrap();
        }
        image.seams().unwrap().map(|seam| seam.ratio())
    };
    let (off, both) = (seams(Seamless::Off), seams(Seamless::Both));
    // 1 is a seam like any other line of the picture.
    assert!(both.iter().all(|ratio| *ratio < 2.0), "{both:?}");
    assert!(off[1] > 3.0 * both[1], "sky beside meadow: {off:?} without, {both:?} with");
}

#[test]
fn a_transformer_says_that_it_cannot_tile() {
    let pipeline = open(&tiny("tiny-sd3")).unwrap();
    let request = Request { seamless: Seamless::X, steps: Some(1), ..Request::new("a wall") };
    assert!(sentence(generate(&pipeline, &request)).contains("tile"));
    assert!(generate(&pipeline, &Request { seamless: Seamless::Off, ..request }).is_ok());
}

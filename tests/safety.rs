//! The safety checker: it flags what diffusers' own run of it flags (`tests/golden/families/safety.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;

use common::graphs::{edit, rename};
use common::{copy_of, generate, open, repository, sentence, tiny};
use diffusion::{PixelFormat, Request, Safety, SchedulerKind};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    prompt: String,
    guidance: f32,
    steps: u32,
    seed: String,
    width: Option<u32>,
    height: Option<u32>,
    count: u32,
    scheduler: String,
    files: Vec<String>,
    flags: Vec<bool>,
}

impl Case {
    fn all() -> Vec<Self> {
        let text = fs::read_to_string(repository("tests/golden/families/safety.json")).unwrap();
        serde_json::from_str::<Golden>(&text).unwrap().cases
    }

    fn request(&self, safety: Safety) -> Request {
        Request {
            guidance: Some(self.guidance),
            steps: Some(self.steps),
            seed: Some(self.seed.parse().unwrap()),
            // The networks' own size, which no config in the folder states.
            width: self.width.or(Some(64)),
            height: self.height.or(Some(64)),
            count: self.count,
            scheduler: Some(SchedulerKind::parse(&self.scheduler).unwrap()),
            safety,
            ..Request::new(self.prompt.clone())
        }
    }
}

#[test]
fn flags_are_those_of_diffusers() {
    let pipeline = open(&tiny("tiny-safety")).unwrap();
    let cases = Case::all();
    let all: Vec<bool> = cases.iter().flat_map(|case| case.flags.clone()).collect();
    assert!(all.contains(&true) && all.contains(&false), "the golden file says nothing");
    for case in &cases {
        let drawn = generate(&pipeline, &case.request(Safety::Flag)).unwrap();
        for (image, file) in drawn.images.iter().zip(&case.files) {
            let golden = repository("tests/golden/families/safety").join(file);
            let golden = image::open(golden).unwrap().into_rgb8();
            let far = image.pixels().iter().zip(golden.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(far <= 1, "{file} differs by up to {far}, so the flags cannot be compared");
        }
        let expected: Vec<_> = case.flags.iter().copied().map(Some).collect();
        assert_eq!(drawn.flagged, expected, "{}", case.name);
    }
}

#[test]
fn only_what_is_flagged_is_blurred() {
    let pipeline = open(&tiny("tiny-safety")).unwrap();
    let cases = Case::all();
    let case = cases.iter().find(|case| case.flags.contains(&true) && case.flags.contains(&false)).unwrap();
    let draw = |safety| generate(&pipeline, &case.request(safety)).unwrap();
    let (plain, flagged, blurred) = (draw(Safety::Off), draw(Safety::Flag), draw(Safety::Blur));
    assert!(plain.flagged.iter().all(Option::is_none), "nobody asked");
    assert_eq!((plain.images.len(), &plain.images), (case.flags.len(), &flagged.images));
    for (index, flag) in case.flags.iter().enumerate() {
        let (sharp, soft) = (&plain.images[index], &blurred.images[index]);
        assert_eq!(sharp != soft, *flag, "picture {index}");
        // Blurred away: neighbours hardly differ any more.
        let steps = |image: &diffusion::Image| -> u64 {
            let bytes = image.pixels();
            bytes.iter().zip(&bytes[3..]).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
        };
        assert!(!flag || steps(soft) * 4 < steps(sharp), "picture {index}");
    }
    // In any format.
    let floats = Request { format: PixelFormat::RgbaF32, ..case.request(Safety::Blur) };
    let floats = generate(&pipeline, &floats).unwrap();
    assert_eq!(floats.flagged, blurred.flagged);
    for (float, byte) in floats.images.iter().zip(&blurred.images) {
        let bytes = float.convert(PixelFormat::Rgb8).unwrap();
        assert!(bytes.pixels().iter().zip(byte.pixels()).all(|(a, b)| a.abs_diff(*b) <= 1));
    }
}

#[test]
fn what_cannot_be_checked_is_said() {
    let none = open(&tiny("tiny-legacy")).unwrap();
    let request = Request {
        steps: Some(1),
        width: Some(64),
        height: Some(64),
        safety: Safety::Flag,
        ..Request::new("a red house")
    };
    assert!(sentence(generate(&none, &request)).contains("needs a safety_checker/model.onnx"));
    assert!(generate(&none, &Request { safety: Safety::Off, ..request.clone() }).is_ok(), "it stays usable");

    let odd = copy_of(&tiny("tiny-safety"));
    edit(&odd.path().join("safety_checker/model.onnx"), |graph| rename(graph, "has_nsfw_concepts", "score"));
    let pipeline = open(odd.path()).unwrap();
    assert!(sentence(generate(&pipeline, &request)).contains("no \"has_nsfw_concepts\""));

    let bad = copy_of(&tiny("tiny-safety"));
    let config = bad.path().join("feature_extractor/preprocessor_config.json");
    for (text, part) in [
        (r#"{"size": {"shortest_edge": 100}}"#, "\"crop_size\" is 224 high"),
        (r#"{"image_mean": [0.5]}"#, "three numbers"),
        (r#"{"image_std": [0, 0, 0]}"#, "\"image_std\" is [0,0,0]"),
        (r#"{"size": "large"}"#, "\"size\" is \"large\""),
    ] {
        fs::write(&config, text).unwrap();
        let message = sentence(generate(&open(bad.path()).unwrap(), &request));
        assert!(message.contains(part), "{message}");
    }
    // The old form of the file, and none at all, mean the same.
    let case = Case::all().remove(0);
    for text in [r#"{"size": 224, "crop_size": 224}"#, "{}"] {
        fs::write(&config, text).unwrap();
        let drawn = generate(&open(bad.path()).unwrap(), &case.request(Safety::Flag)).unwrap();
        assert_eq!(drawn.flagged, case.flags.iter().copied().map(Some).collect::<Vec<_>>());
    }
}

#[test]
fn names_are_read() {
    for safety in Safety::ALL {
        assert_eq!(Safety::parse(&safety.to_string().to_uppercase()).unwrap(), safety);
    }
    assert!(sentence(Safety::parse("maybe")).contains("off, flag, blur"));
}

//! Do the small models of `models/` draw what they are told? Cheap checks, straight from the pixels; the thorough judge of
//! each is in its card.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::colours::{ColourRange, pixels};
use common::{generate, open, repository};
use diffusion::pipeline::ClassLabel;
use diffusion::{Image, PixelFormat, Request};
use serde_json::Value;

const COLOURS: [&str; 6] = ["red", "blue", "yellow", "white", "green", "purple"];

fn ranges() -> BTreeMap<String, ColourRange> {
    let text = fs::read_to_string(repository("models/demo/prompts.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(value["colour_ranges"].clone()).unwrap()
}

/// The share of the pixels where objects stand that have a colour.
fn share(image: &Image, range: &ColourRange) -> f32 {
    let pixels = pixels(image, 16..112, 40..108);
    pixels.iter().filter(|pixel| range.holds(**pixel)).count() as f32 / pixels.len() as f32
}

#[test]
fn the_class_model_draws_the_colour_of_the_class() {
    let pipeline = open(&repository("models/classes")).unwrap();
    assert_eq!(pipeline.info().cascade.as_ref().unwrap().classes, 42);
    let ranges = ranges();
    let draw = |colour: &str| {
        let mut request = Request { seed: Some(5), count: 2, format: PixelFormat::Rgb8, ..Request::default() };
        request.cascade.classes = vec![ClassLabel::Name(format!("{colour} castle"))];
        generate(&pipeline, &request).unwrap().images
    };
    let drawn: Vec<Vec<Image>> = COLOURS.iter().map(|colour| draw(colour)).collect();
    let told = COLOURS.iter().enumerate().filter(|(own, colour)| {
        let of = |images: &Vec<Image>| images.iter().map(|image| share(image, &ranges[**colour])).sum::<f32>();
        let shares: Vec<f32> = drawn.iter().map(of).collect();
        shares.iter().enumerate().all(|(other, share)| other == *own || *share < shares[*own])
    });
    // Six are drawn by the judge's count in 94 of 100; a class that nobody reads would give six equal pictures.
    let told = told.count();
    assert!(told >= 5, "the told colour is the commonest in {told} of 6");
}

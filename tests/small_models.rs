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
use std::sync::Arc;

use common::colours::{ColourRange, pixels};
use common::{generate, open, repository};
use diffusion::pipeline::{ClassLabel, ConditionPicture};
use diffusion::{Image, Pipeline, PixelFormat, Request, Start};
use serde_json::Value;

/// How far `night` of the diffusion autoencoder has to be moved; its card says so.
const NIGHT: f32 = 0.6;
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

/// How many colours are commonest in the pictures that were told them; one that nobody reads would be so in none.
fn told(drawn: &[Vec<Image>]) -> usize {
    let ranges = ranges();
    let right = COLOURS.iter().enumerate().filter(|(own, colour)| {
        let of = |images: &Vec<Image>| images.iter().map(|image| share(image, &ranges[**colour])).sum::<f32>();
        let shares: Vec<f32> = drawn.iter().map(of).collect();
        shares.iter().enumerate().all(|(other, share)| other == *own || *share < shares[*own])
    });
    right.count()
}

fn request(prompt: &str, seed: u64) -> Request {
    Request { prompt: prompt.to_owned(), seed: Some(seed), format: PixelFormat::Rgb8, ..Request::default() }
}

fn drawn(pipeline: &Pipeline, request: &Request) -> Image {
    generate(pipeline, request).unwrap().images.remove(0)
}

fn picture(role: &str, image: &Image) -> ConditionPicture {
    ConditionPicture::new(role, Arc::new(image.clone()))
}

/// The mean brightness of columns and rows, 0 to 255.
fn brightness(image: &Image, x: std::ops::Range<u32>, y: std::ops::Range<u32>) -> f32 {
    let pixels = pixels(image, x, y);
    pixels.iter().map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b).sum::<f32>() / pixels.len() as f32
}

#[test]
fn the_class_model_draws_the_colour_of_the_class() {
    let pipeline = open(&repository("models/classes")).unwrap();
    assert_eq!(pipeline.info().cascade.as_ref().unwrap().classes, 42);
    let draw = |colour: &str| {
        let mut request = Request { count: 2, ..request("", 5) };
        request.cascade.classes = vec![ClassLabel::Name(format!("{colour} castle"))];
        generate(&pipeline, &request).unwrap().images
    };
    let told = told(&COLOURS.map(draw));
    // Six are drawn by the judge's count in 94 of 100.
    assert!(told >= 5, "the told colour is the commonest in {told} of 6");
}

#[test]
fn glide_draws_the_colour_of_the_prompt() {
    let pipeline = open(&repository("models/glide")).unwrap();
    let draw = |colour: &str| {
        let prompt = format!("a {colour} castle in the middle in a meadow at noon, no trees, the sun, a clear sky");
        generate(&pipeline, &Request { steps: Some(25), ..request(&prompt, 5) }).unwrap().images
    };
    let told = told(&COLOURS.map(draw));
    assert!(told >= 5, "the told colour is the commonest in {told} of 6");
}

#[test]
fn unclip_draws_the_colour_of_the_prompt_and_varies_pictures_with_it() {
    let pipeline = open(&repository("models/unclip")).unwrap();
    let draw = |colour: &str| {
        let prompt = format!("a {colour} castle in the middle in a meadow at noon, no trees, the sun, a clear sky");
        generate(&pipeline, &Request { steps: Some(25), ..request(&prompt, 5) }).unwrap().images
    };
    let first = COLOURS.map(draw);
    let varied: Vec<Vec<Image>> = first
        .iter()
        .map(|images| {
            let conditions = vec![picture("like", &images[0])];
            generate(&pipeline, &Request { steps: Some(25), conditions, ..request("", 11) }).unwrap().images
        })
        .collect();
    let (told, varied) = (told(&first), told(&varied));
    assert!(told >= 5, "the told colour is the commonest in {told} of 6");
    assert!(varied >= 5, "the colour of the picture that was given is the commonest in {varied} of 6 variations");
}

#[test]
fn the_diffusion_autoencoder_reconstructs_and_turns_noon_into_night() {
    let pipeline = open(&repository("models/diffae")).unwrap();
    let demo = open(&repository("models/demo")).unwrap();
    let original = drawn(&demo, &request("a red house on the left in a meadow at noon, two trees, a clear sky", 3));
    let start = Start { picture: Some(Arc::new(original.clone())), ..Start::default() };
    let mut request = Request { start, ..request("", 1) };
    let again = drawn(&pipeline, &request);
    assert_eq!((again.width(), again.height()), (32, 32));
    let (sky, ground) = (0..8, 28..32);
    let close = |what: &str, ours: f32, theirs: f32| {
        assert!((ours - theirs).abs() < 20.0, "the {what}'s brightness is {ours}, the picture's {theirs}");
    };
    close("sky", brightness(&again, 0..32, sky.clone()), brightness(&original, 0..128, 0..32));
    close("ground", brightness(&again, 0..32, ground), brightness(&original, 0..128, 112..128));
    request.cascade.edits.insert("night".to_owned(), NIGHT);
    let night = brightness(&drawn(&pipeline, &request), 0..32, sky);
    assert!(night < 70.0, "the sky at night has a brightness of {night}");
}

/// A layout map of `models/control`: sky, ground, and an object that stands in columns `x`.
fn layout(x: std::ops::Range<u32>) -> Image {
    let colour = move |column: u32, row: u32| match row {
        50..106 if x.contains(&column) => [255, 0, 0],
        0..80 => [90, 160, 255],
        _ => [150, 100, 40],
    };
    let bytes: Vec<u8> = (0..128)
        .flat_map(|row| (0..128).map(move |column| (column, row)))
        .flat_map(|(column, row)| colour(column, row))
        .collect();
    Image::from_pixels(&bytes, 128, 128, 3 * 128, PixelFormat::Rgb8).unwrap()
}

#[test]
fn the_control_model_puts_the_object_where_the_map_has_it() {
    let pipeline = open(&repository("models/control")).unwrap();
    let red = &ranges()["red"];
    let centre = |map: &Image| {
        let request =
            Request { conditions: vec![picture("controlnet", map)], ..request("a red house in the snow at noon", 4) };
        let image = drawn(&pipeline, &request);
        let columns: Vec<f32> = (0..128)
            .flat_map(|x| {
                pixels(&image, x..x + 1, 40..108).into_iter().filter(|p| red.holds(*p)).map(move |_| x as f32)
            })
            .collect();
        columns.iter().sum::<f32>() / columns.len() as f32
    };
    let (left, right) = (centre(&layout(14..50)), centre(&layout(78..114)));
    assert!(left < 60.0 && right > 68.0, "the house stands around column {left} and {right}, told are 32 and 96");
}

//! The ways of using a model, where they mean something: on the demo model, whose pictures can be judged by their
//! colours.
//!
//! `WAYS=docs/ways cargo test --test ways` writes the pictures that `docs/ways.md` shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{generate, open, repository};
use diffusion::{Image, Pipeline, PixelFormat, Request, Start};

/// Where the masked box lies: columns and rows.
const BOX: [std::ops::Range<u32>; 2] = [64..124, 40..112];
const SCENE: &str = "a red house on the left in a meadow at noon, with trees and the sun";

fn draw(pipeline: &Pipeline, request: &Request, name: &str) -> Image {
    let image = generate(pipeline, request).unwrap().images.remove(0);
    if let Some(folder) = std::env::var_os("WAYS") {
        let path = Path::new(&folder).join(name).with_extension("png");
        image::save_buffer(&path, image.pixels(), image.width(), image.height(), image::ColorType::Rgb8).unwrap();
    }
    image
}

fn scene(pipeline: &Pipeline) -> Arc<Image> {
    Arc::new(draw(pipeline, &Request { seed: Some(2), ..Request::new(SCENE) }, "scene"))
}

/// Red, green and blue of the pixels for which `of` holds.
fn pixels(image: &Image, of: impl Fn(u32, u32) -> bool) -> Vec<[f32; 3]> {
    let mut found = Vec::new();
    for y in 0..image.height() {
        let row = image.row(y).unwrap();
        let columns = (0..).zip(row.chunks_exact(3)).filter(|(x, _)| of(*x, y));
        found.extend(columns.map(|(_, pixel)| [pixel[0], pixel[1], pixel[2]].map(f32::from)));
    }
    found
}

fn luma([r, g, b]: &[f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = values.len() as f32;
    values.sum::<f32>() / count
}

/// How bright the sky is.
fn sky(image: &Image) -> f32 {
    mean(pixels(image, |_, y| y < 20).iter().map(luma))
}

/// How alike two pictures' brightness is laid out, from -1 to 1 (Pearson's correlation).
fn likeness(a: &Image, b: &Image) -> f32 {
    let [a, b] = [a, b].map(|image| pixels(image, |_, _| true).iter().map(luma).collect::<Vec<_>>());
    let (mean_a, mean_b) = (mean(a.iter().copied()), mean(b.iter().copied()));
    let sum = |f: &dyn Fn(f32, f32) -> f32| a.iter().zip(&b).map(|(a, b)| f(a - mean_a, b - mean_b)).sum::<f32>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

/// The share of pixels in which blue stands out.
fn blue(pixels: &[[f32; 3]]) -> f32 {
    let blue = pixels.iter().filter(|[r, g, b]| *b > 120.0 && *b > 2.0 * g && *b > 2.0 * r);
    blue.count() as f32 / pixels.len() as f32
}

#[test]
fn a_little_strength_keeps_the_composition_and_much_follows_the_prompt() {
    let pipeline = open(&repository("models/demo")).unwrap();
    let start = scene(&pipeline);
    let drawn = |strength, prompt: &str, name: &str| {
        let start = Start { picture: Some(Arc::clone(&start)), strength: Some(strength), ..Start::default() };
        draw(&pipeline, &Request { seed: Some(5), start, ..Request::new(prompt) }, name)
    };
    let little = drawn(0.3, "a blue house on the left in a meadow at noon, with trees and the sun", "strength_30");
    let much = drawn(0.9, "a blue house on the left in the snow at night", "strength_90");
    let (kept, lost) = (likeness(&start, &little), likeness(&start, &much));
    assert!(kept > 0.85 && lost < 0.5, "likeness to the start: {kept} at 0.3, {lost} at 0.9");
    let (day, night) = (sky(&start), sky(&much));
    assert!(day > 120.0 && night < 80.0, "the sky's brightness: {day} in the start, {night} at 0.9");
}

#[test]
fn inpainting_changes_only_the_mask_and_puts_there_what_was_asked_for() {
    let pipeline = open(&repository("models/demo")).unwrap();
    let start = scene(&pipeline);
    let inside = |x: u32, y: u32| BOX[0].contains(&x) && BOX[1].contains(&y);
    let white = (0..128 * 128).flat_map(|at| [if inside(at % 128, at / 128) { 255 } else { 0 }; 3]);
    let mask = Image::from_pixels(&white.collect::<Vec<u8>>(), 128, 128, 384, PixelFormat::Rgb8).unwrap();
    let request = Request {
        seed: Some(0),
        start: Start {
            picture: Some(Arc::clone(&start)),
            mask: Some(Arc::new(mask)),
            strength: Some(1.0),
            paste_back: true,
            ..Start::default()
        },
        ..Request::new("a blue castle on the right in a meadow at noon, with the sun")
    };
    let painted = draw(&pipeline, &request, "inpainted");
    let outside = |image: &Image| pixels(image, |x, y| !inside(x, y));
    let change =
        outside(&start).into_iter().flatten().zip(outside(&painted).into_iter().flatten()).map(|(a, b)| (a - b).abs());
    let largest = change.fold(0.0, f32::max);
    assert!(largest <= 2.0, "outside the mask a value changed by {largest}");
    let [before, after] = [&*start, &painted].map(|image| blue(&pixels(image, inside)));
    assert!(before < 0.02 && after > 0.15, "blue in the mask: {before} before, {after} after");
}

#[test]
fn a_negative_prompt_removes_what_it_names() {
    let pipeline = open(&repository("models/demo")).unwrap();
    // Two seeds with which an open question is answered by night.
    for seed in [0, 7] {
        let drawn = |negative: Option<&str>, name: &str| {
            let request = Request {
                seed: Some(seed),
                steps: Some(15),
                negative_prompt: negative.map(str::to_owned),
                ..Request::new("a house in the middle")
            };
            sky(&draw(&pipeline, &request, &format!("{name}_{seed}")))
        };
        let (open_question, not_night) = (drawn(None, "negative_none"), drawn(Some("night"), "negative_night"));
        assert!(open_question < 80.0 && not_night > 140.0, "seed {seed}: {open_question} became {not_night}");
    }
}

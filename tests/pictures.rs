//! Whole pictures against diffusers and ONNX Runtime's Python: same folder, prompt, seed and settings.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use common::{change_scheduler, copy_of, generate, open, repository, sentence, tiny};
use diffusion::{
    CancelToken, Image, MemoryMode, Pipeline, PipelineOptions, PixelFormat, Request, RngKind, SchedulerKind, Seamless,
    SigmaSchedule, Start, Tiling,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The contract: equal to within one grey level everywhere. Float noise can move a value over a rounding edge, and
/// no further.
const TOLERANCE: u8 = 1;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    folder: String,
    rng: String,
    prompt: String,
    negative: Option<String>,
    guidance: f32,
    steps: u32,
    seed: String,
    width: u32,
    height: u32,
    count: u32,
    scheduler: Option<String>,
    sigmas: String,
    config_changes: Option<Map<String, Value>>,
    /// The picture that it starts from, and how much of it is redrawn.
    init: Option<PathBuf>,
    strength: Option<f32>,
    files: Vec<PathBuf>,
}

impl Case {
    fn request(&self) -> Request {
        Request {
            prompt: self.prompt.clone(),
            negative_prompt: self.negative.clone(),
            width: Some(self.width),
            height: Some(self.height),
            steps: Some(self.steps),
            guidance: Some(self.guidance),
            scheduler: self.scheduler.as_deref().map(|s| SchedulerKind::parse(s).unwrap()),
            sigmas: (self.sigmas != "default").then(|| SigmaSchedule::parse(&self.sigmas).unwrap()),
            seed: Some(self.seed.parse().unwrap()),
            rng: RngKind::parse(&self.rng).unwrap(),
            count: self.count,
            format: PixelFormat::Rgb8,
            start: Start {
                picture: self
                    .init
                    .as_ref()
                    .map(|name| Arc::new(Image::open(&repository("tests/golden/inputs").join(name)).unwrap())),
                strength: self.strength,
                ..Start::default()
            },
            ..Request::default()
        }
    }
}

/// The pictures of one case, drawn by us.
fn draw(case: &Case) -> Vec<Image> {
    let folder = copy_of(&tiny(&case.folder));
    if let Some(changes) = &case.config_changes {
        change_scheduler(folder.path(), changes);
    }
    let pipeline = open(folder.path()).unwrap();
    generate(&pipeline, &case.request()).unwrap().images
}

fn golden() -> Vec<Case> {
    cases("pictures.json")
}

fn cases(file: &str) -> Vec<Case> {
    let text = fs::read_to_string(repository("tests/golden").join(file)).unwrap();
    serde_json::from_str::<Golden>(&text).unwrap().cases
}

/// Whether this processor sums as that of the oracles did.
fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    let has = std::arch::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    let has = false;
    has
}

#[test]
fn every_picture_equals_the_oracles() {
    let cases = golden();
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    let (mut values, mut unequal) = (0_usize, 0_usize);
    for case in &cases {
        let drawn = draw(case);
        assert_eq!(drawn.len(), case.files.len(), "{}", case.name);
        for (ours, file) in drawn.iter().zip(&case.files) {
            let theirs = image::open(repository("tests/golden/pictures").join(file)).unwrap().into_rgb8();
            assert_eq!((ours.width(), ours.height()), theirs.dimensions(), "{}", case.name);
            let differences: Vec<u8> = ours.pixels().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).collect();
            values += differences.len();
            unequal += differences.iter().filter(|d| **d > 0).count();
            let largest = differences.into_iter().max().unwrap();
            if largest > TOLERANCE {
                wrong.push(format!("{} differs by up to {largest}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    // One in a thousand values may round the other way; more would be an error of ours that the tolerance hides. The
    // oracles drew with AVX-512. Without it ONNX Runtime sums in another order: 9 in a thousand were seen on a processor
    // that has AVX2 alone, none by more than the one grey level.
    let share = if has_avx512() { 1000 } else { 50 };
    assert!(unequal * share <= values, "{unequal} of {values} values differ by one grey level");
}

#[test]
fn every_memory_mode_draws_the_same_pictures() {
    for (memory, name) in
        [(MemoryMode::Balanced, "base"), (MemoryMode::Low, "base"), (MemoryMode::Low, "count_2_euler_ancestral")]
    {
        let options = PipelineOptions { memory, ..common::options() };
        let case = golden().into_iter().find(|c| c.name == name).unwrap();
        let pipeline = Pipeline::open(&tiny(&case.folder), &options, &mut (), &CancelToken::new()).unwrap();
        let drawn = generate(&pipeline, &case.request()).unwrap().images;
        assert_eq!(drawn.len(), case.files.len());
        for (a, b) in drawn.iter().zip(&draw(&case)) {
            assert!(a.pixels().iter().zip(b.pixels()).all(|(a, b)| a.abs_diff(*b) <= TOLERANCE), "{name}");
        }
    }
}

fn open_in(memory: MemoryMode) -> Pipeline {
    let options = PipelineOptions { memory, ..common::options() };
    Pipeline::open(&tiny("tiny-optimum"), &options, &mut (), &CancelToken::new()).unwrap()
}

#[test]
fn large_pictures_go_through_the_autoencoder_in_the_oracles_tiles_where_that_is_asked_for() {
    let (low, speed) = (open_in(MemoryMode::Low), open_in(MemoryMode::Speed));
    let cases = cases("tiled.json");
    assert!(cases.iter().filter(|case| case.init.is_some()).count() >= 3 && cases.len() >= 6);
    for case in cases {
        let theirs = image::open(repository("tests/golden/tiled").join(&case.files[0])).unwrap().into_rgb8();
        let largest = |pipeline: &Pipeline, tiling: Tiling| {
            let drawn = generate(pipeline, &Request { tiling, ..case.request() }).unwrap();
            let told = drawn.settings.more.get("tiling").and_then(Value::as_str).map(str::to_owned);
            assert_eq!(told.as_deref(), (tiling != Tiling::Auto).then_some(tiling.name()));
            drawn.images[0].pixels().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
        };
        for (pipeline, tiling, tiled) in [
            (&low, Tiling::Auto, true),
            (&low, Tiling::On, true),
            (&speed, Tiling::On, true),
            (&speed, Tiling::Auto, false),
            (&low, Tiling::Off, false),
        ] {
            let off = largest(pipeline, tiling);
            let equal = tiled || case.name.contains("trained");
            assert_eq!(off <= TOLERANCE, equal, "{}, {tiling:?}: differs by {off}", case.name);
        }
    }
}

/// The tiny model with an autoencoder that says to have been trained on pictures of 1024 pixels a side.
#[test]
fn no_tile_is_larger_than_768_pixels() {
    let folder = copy_of(&tiny("tiny-optimum"));
    for part in ["vae_decoder", "vae_encoder"] {
        let path = folder.path().join(part).join("config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        config["sample_size"] = 1024.into();
        fs::write(&path, config.to_string()).unwrap();
    }
    let options = PipelineOptions { memory: MemoryMode::Low, ..common::options() };
    let pipeline = Pipeline::open(folder.path(), &options, &mut (), &CancelToken::new()).unwrap();
    let draw = |width, tiling| {
        let request = Request {
            width: Some(width),
            height: Some(64),
            steps: Some(1),
            seed: Some(1),
            tiling,
            ..Request::new("a")
        };
        generate(&pipeline, &request).unwrap().images.remove(0)
    };
    let same = |width, one, other| draw(width, one) == draw(width, other);
    assert!(same(768, Tiling::On, Tiling::Off), "a tile is as large");
    assert!(!same(832, Tiling::On, Tiling::Off), "a tile is smaller");
    assert!(same(832, Tiling::Auto, Tiling::Off), "it was trained on larger ones");
    assert!(!same(1088, Tiling::Auto, Tiling::Off) && same(1088, Tiling::Auto, Tiling::On));
}

#[test]
fn every_pixel_format_can_be_put_together_from_tiles() {
    let pipeline = open_in(MemoryMode::Speed);
    let case = cases("tiled.json").into_iter().find(|case| case.name == "tiled").unwrap();
    let draw = |format| {
        generate(&pipeline, &Request { format, tiling: Tiling::On, ..case.request() }).unwrap().images.remove(0)
    };
    let rgb = draw(PixelFormat::Rgb8);
    for format in [PixelFormat::Rgba8, PixelFormat::Bgra8, PixelFormat::RgbaF32] {
        let drawn = draw(format);
        assert!(!drawn.has_transparency());
        assert_eq!(*drawn.convert(PixelFormat::Rgb8).unwrap(), rgb, "{}", format.name());
    }
}

#[test]
fn tiles_of_a_seamless_picture_are_refused() {
    let pipeline = open_in(MemoryMode::Speed);
    let request = Request { tiling: Tiling::On, seamless: Seamless::X, ..Request::new("a wall") };
    let said = sentence(generate(&pipeline, &request));
    assert!(said.contains("tiling") && said.contains("seamless"), "{said}");
}

#[test]
fn formats_hold_the_same_picture() {
    let case = golden().into_iter().find(|c| c.name == "base").unwrap();
    let pipeline = open(&tiny(&case.folder)).unwrap();
    let drawn = |format| generate(&pipeline, &Request { format, ..case.request() }).unwrap().images.remove(0);
    let rgb = drawn(PixelFormat::Rgb8);
    let (rgba, bgra, float) = (drawn(PixelFormat::Rgba8), drawn(PixelFormat::Bgra8), drawn(PixelFormat::RgbaF32));
    for (index, pixel) in rgb.pixels().chunks_exact(3).enumerate() {
        assert_eq!(rgba.pixels()[index * 4..index * 4 + 4], [pixel[0], pixel[1], pixel[2], 255]);
        assert_eq!(bgra.pixels()[index * 4..index * 4 + 4], [pixel[2], pixel[1], pixel[0], 255]);
        for (channel, byte) in pixel.iter().enumerate() {
            let at = (index * 4 + channel) * 4;
            let value = f32::from_le_bytes(float.pixels()[at..at + 4].try_into().unwrap());
            assert!((value * 255.0 - f32::from(*byte)).abs() <= 0.5001, "{value} is not {byte}");
        }
    }
}

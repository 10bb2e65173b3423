//! Bad and odd requests, line by line, through the Rust API and the command-line tool (`c/bad_requests.c` has the same
//! list for the C interface): one clear sentence, or what the documentation says that they mean; never a crash, and
//! afterwards the pipeline draws the picture that it drew before.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cabi::{said, tool};
use common::{generate, open, repository, sentence, tiny};
use diffusion::pipeline::{GuidanceRules, Projection, Reuse, Scales, ThresholdLimit, Thresholding, ZeroStar};
use diffusion::{
    CustomSchedule, Error, Hires, Image, Pipeline, PixelFormat, PreviewMode, Previews, PromptSyntax, Request, RngKind,
    Safety, SchedulerKind, Seamless, SigmaSchedule, Start, Upscale, Variation,
};
use ndarray::ArrayD;

/// What comes of a request.
#[derive(Clone, Copy)]
enum Outcome {
    /// A sentence with each of these words.
    Refused(&'static [&'static str]),
    /// A picture.
    Draws,
    /// A picture, and a warning with this in it.
    Warns(&'static str),
    /// The picture of this other request.
    Same(fn(&mut Request)),
}
use Outcome::{Draws, Refused, Same, Warns};

/// A name, what is changed in a usual request, and what comes of it.
type Row = (&'static str, fn(&mut Request), Outcome);

fn usual() -> Request {
    Request {
        steps: Some(2),
        guidance: Some(5.0),
        seed: Some(1),
        scheduler: Some(SchedulerKind::Ddim),
        ..Request::new("a red house in the snow at night")
    }
}

/// A pipeline, a good request and its picture.
struct Good {
    pipeline: Pipeline,
    request: Request,
    picture: Image,
}

impl Good {
    fn new(folder: &Path, request: Request) -> Self {
        let pipeline = open(folder).unwrap();
        let picture = generate(&pipeline, &request).unwrap().images.remove(0);
        Self { pipeline, request, picture }
    }

    fn changed(&self, change: impl Fn(&mut Request)) -> Request {
        let mut request = self.request.clone();
        change(&mut request);
        request
    }

    /// Tries one row; the good request is as good afterwards.
    fn tries(&self, name: &str, request: &Request, outcome: Outcome) {
        let drawn = generate(&self.pipeline, request);
        match outcome {
            Refused(words) => {
                let is_callers = matches!(&drawn, Err(Error::InvalidArgument(_) | Error::Unsupported(_)));
                assert!(is_callers, "{name}: {:?}", drawn.map(|drawn| drawn.warnings));
                let said = sentence(drawn);
                for word in words {
                    assert!(said.contains(word), "{name}: {word:?} is not in {said:?}");
                }
            }
            Draws => drop(drawn.unwrap_or_else(|error| panic!("{name}: {error}"))),
            Warns(words) => {
                let said = drawn.unwrap_or_else(|error| panic!("{name}: {error}")).warnings;
                assert!(said.iter().any(|warning| warning.contains(words)), "{name}: {words:?} is not in {said:?}");
            }
            Same(other) => {
                let ours = drawn.unwrap_or_else(|error| panic!("{name}: {error}")).images;
                let theirs = generate(&self.pipeline, &self.changed(other)).unwrap().images;
                assert_eq!(ours, theirs, "{name}");
                assert_ne!(ours[0], self.picture, "{name}: it changes nothing, so nothing is compared");
            }
        }
        let again = generate(&self.pipeline, &self.request).unwrap_or_else(|error| panic!("after {name}: {error}"));
        assert_eq!(again.images[0], self.picture, "after {name}");
    }

    fn tries_all(&self, rows: &[Row]) {
        for (name, change, outcome) in rows {
            self.tries(name, &self.changed(change), *outcome);
        }
    }
}

/// A picture of one colour.
fn flat(width: u32, height: u32, colour: [u8; 3]) -> Option<Arc<Image>> {
    let pixels = colour.repeat((width * height) as usize);
    Some(Arc::new(Image::from_pixels(&pixels, width, height, width as usize * 3, PixelFormat::Rgb8).unwrap()))
}

/// White on its left half.
fn half(width: u32, height: u32) -> Option<Arc<Image>> {
    let row = (0..width).flat_map(|x| if x < width / 2 { [255_u8; 3] } else { [0; 3] });
    let pixels: Vec<u8> = row.collect::<Vec<_>>().repeat(height as usize);
    Some(Arc::new(Image::from_pixels(&pixels, width, height, width as usize * 3, PixelFormat::Rgb8).unwrap()))
}

fn input(name: &str) -> Option<Arc<Image>> {
    Some(Arc::new(Image::open(&repository("tests/golden/inputs").join(name)).unwrap()))
}

fn house(request: &mut Request) {
    request.start.picture = input("house.png");
}

fn webui(request: &mut Request, prompt: &str) {
    (request.syntax, request.prompt) = (PromptSyntax::Webui, prompt.to_owned());
}

#[test]
fn sizes() {
    let rows: &[Row] = &[
        ("61 wide", |r| r.width = Some(61), Refused(&["width is 61", "multiples of 16", "48 or 64"])),
        ("divisible by the factor alone", |r| r.height = Some(72), Refused(&["height is 72", "64 or 80"])),
        ("below one multiple", |r| r.width = Some(8), Refused(&["width is 8", "16 or 32"])),
        ("0", |r| r.height = Some(0), Refused(&["height is 0", "1 to 8192"])),
        ("the largest number", |r| r.width = Some(u32::MAX), Refused(&["4294967295", "1 to 8192"])),
        ("20000 x 20000", |r| (r.width, r.height) = (Some(20_000), Some(20_000)), Refused(&["20000", "1 to 8192"])),
        (
            "more pixels than memory",
            |r| (r.width, r.height, r.count) = (Some(8192), Some(8192), 5),
            Refused(&["5 pictures of 8192x8192", "allowed are 268435456"]),
        ),
        ("65 pictures", |r| r.count = 65, Refused(&["count is 65", "1 to 64"])),
        ("another multiple", |r| r.width = Some(96), Draws),
        (
            "hires to no multiple",
            |r| r.hires = Some(Hires { size: Some((100, 96)), ..Hires::default() }),
            Refused(&["width is 100", "multiples of 16"]),
        ),
        (
            "hires to less",
            |r| r.hires = Some(Hires { size: Some((32, 32)), ..Hires::default() }),
            Refused(&["32x32", "must not be smaller"]),
        ),
        (
            "hires to 0",
            |r| r.hires = Some(Hires { size: Some((0, 64)), ..Hires::default() }),
            Refused(&["hires size is 0x64"]),
        ),
        // A scale names no size: what comes out is cut to a multiple.
        ("hires by an odd scale", |r| r.hires = Some(Hires { scale: 1.3, ..Hires::default() }), Draws),
    ];
    Good::new(&tiny("tiny-optimum"), usual()).tries_all(rows);
    // The same of every kind of latents and every autoencoder's factor.
    let odd: &[Row] = &[
        ("61 wide", |r| r.width = Some(61), Refused(&["width is 61", "multiples of"])),
        ("1 high", |r| r.height = Some(1), Refused(&["height is 1;", "multiples of"])),
        ("20000", |r| r.width = Some(20_000), Refused(&["20000", "1 to 8192"])),
    ];
    for folder in ["tiny-legacy", "tiny-xl", "tiny-sd3", "tiny-flux-schnell"] {
        Good::new(&tiny(folder), Request { scheduler: None, ..usual() }).tries_all(odd);
    }
    let fixed: &[Row] = &[("another size", |r| r.width = Some(128), Refused(&["128x64", "exported for 64x64 only"]))];
    Good::new(&tiny("tiny-static"), usual()).tries_all(fixed);
    let start = Start { picture: input("low.png"), ..Start::default() };
    Good::new(&tiny("tiny-upscale"), Request { start, ..usual() }).tries_all(odd);
}

#[test]
fn strengths() {
    let nowhere = Refused(&["above 0", "up to 1"]);
    let rows: &[Row] = &[
        ("0", |r| (house(r), r.start.strength = Some(0.0)).0, nowhere),
        ("-0", |r| (house(r), r.start.strength = Some(-0.0)).0, nowhere),
        ("below", |r| (house(r), r.start.strength = Some(-0.5)).0, nowhere),
        ("above", |r| (house(r), r.start.strength = Some(1.000_001)).0, nowhere),
        ("NaN", |r| (house(r), r.start.strength = Some(f32::NAN)).0, nowhere),
        ("infinite", |r| (house(r), r.start.strength = Some(f32::INFINITY)).0, nowhere),
        ("1", |r| (house(r), r.start.strength = Some(1.0)).0, Draws),
        (
            "too little for a step",
            |r| (house(r), r.start.strength = Some(0.49)).0,
            Refused(&["0.49 leaves none of 2 steps", "at least 0.5"]),
        ),
        ("next to nothing", |r| (house(r), r.start.strength = Some(1e-45)).0, Refused(&["leaves none of 2 steps"])),
        ("without a picture", |r| r.start.strength = Some(0.5), Refused(&["a strength is given, but no picture"])),
        (
            "of a second pass, 0",
            |r| r.hires = Some(Hires { strength: 0.0, ..Hires::default() }),
            Refused(&["hires strength is 0", "above 0 up to 1"]),
        ),
        (
            "of a second pass, too little",
            |r| r.hires = Some(Hires { strength: 0.001, ..Hires::default() }),
            Refused(&["2 hires steps at a strength of 0.001 need a schedule of 2000 steps", "1000"]),
        ),
    ];
    Good::new(&tiny("tiny-optimum"), usual()).tries_all(rows);
}

fn masked(request: &mut Request, mask: Option<Arc<Image>>) {
    house(request);
    (request.start.mask, request.start.strength) = (mask, Some(1.0));
}

#[test]
fn masks() {
    let rows: &[Row] = &[
        ("twice as large", |r| masked(r, half(128, 128)), Same(|r| masked(r, half(64, 64)))),
        ("of other proportions", |r| masked(r, half(64, 16)), Same(|r| masked(r, half(64, 64)))),
        ("of one pixel", |r| masked(r, flat(1, 1, [255; 3])), Same(|r| masked(r, flat(64, 64, [255; 3])))),
        ("20000 wide", |r| masked(r, half(20_000, 2)), Same(|r| masked(r, half(64, 64)))),
        ("of colours, which count by their brightness", |r| masked(r, flat(3, 5, [250, 255, 240])), Draws),
        ("all black: nothing is drawn anew", |r| masked(r, flat(64, 64, [0; 3])), Draws),
        (
            "all black, of which a part is wanted",
            |r| (masked(r, flat(64, 64, [0; 3])), r.start.mask_padding = Some(4)).0,
            Refused(&["mask"]),
        ),
        ("without a picture", |r| r.start.mask = half(64, 64), Refused(&["a mask is given, but no picture"])),
        ("blur without a mask", |r| (house(r), r.start.mask_blur = 2.0).0, Refused(&["there is no mask"])),
        ("padding without a mask", |r| (house(r), r.start.mask_padding = Some(8)).0, Refused(&["there is no mask"])),
        ("pasting back without a mask", |r| (house(r), r.start.paste_back = true).0, Refused(&["there is no mask"])),
        (
            "padding beyond",
            |r| (masked(r, half(64, 64)), r.start.mask_padding = Some(1025)).0,
            Refused(&["mask padding is 1025", "0 to 1024"]),
        ),
    ];
    Good::new(&tiny("tiny-optimum"), usual()).tries_all(rows);

    let edit: &[Row] = &[
        ("for an edit", |r| r.start.mask = half(64, 64), Refused(&["a mask is given", "no use for one"])),
        ("no picture", |r| r.start.picture = None, Refused(&["edits pictures", "needs a picture"])),
    ];
    let start = Start { picture: input("house.png"), ..Start::default() };
    Good::new(&tiny("tiny-pix2pix"), Request { start: start.clone(), ..usual() }).tries_all(edit);
    let inpaint: &[Row] = &[
        ("no mask", |r| r.start.mask = None, Refused(&["an inpainting model", "needs a mask"])),
        ("nothing", |r| r.start = Start::default(), Refused(&["an inpainting model", "needs a picture"])),
        ("of another size", |r| r.start.mask = half(37, 91), Draws),
    ];
    let start = Start { mask: half(64, 64), ..start };
    Good::new(&tiny("tiny-inpaint"), Request { start, ..usual() }).tries_all(inpaint);
    let upscale: &[Row] = &[
        ("a mask", |r| r.start.mask = half(64, 64), Refused(&["a mask is given", "an upscaler"])),
        ("no picture", |r| r.start = Start::default(), Refused(&["an upscaler", "needs a picture"])),
        (
            "a picture that would become too large",
            |r| r.start.picture = flat(2049, 1, [9; 3]),
            Refused(&["2049x1", "2048"]),
        ),
        ("one pixel", |r| r.start.picture = flat(1, 1, [9; 3]), Draws),
    ];
    let start = Start { picture: input("low.png"), ..Start::default() };
    Good::new(&tiny("tiny-upscale"), Request { start, ..usual() }).tries_all(upscale);
}

#[test]
fn pictures() {
    let rows: &[Row] = &[
        (
            "1 x 1",
            |r| r.start.picture = flat(1, 1, [200, 30, 60]),
            Same(|r| r.start.picture = flat(16, 16, [200, 30, 60])),
        ),
        (
            "1 x 1, drawn larger",
            |r| (r.start.picture, r.width, r.height) = (flat(1, 1, [200, 30, 60]), Some(64), Some(64)),
            Same(|r| r.start.picture = flat(64, 64, [200, 30, 60])),
        ),
        ("not a multiple, which is cut", |r| r.start.picture = flat(47, 70, [7; 3]), Draws),
        ("20000 x 2", |r| r.start.picture = flat(20_000, 2, [7; 3]), Refused(&["20000x2", "8192 a side", "resize it"])),
        (
            "20000 x 2, with a size",
            |r| (r.start.picture, r.width, r.height) = (flat(20_000, 2, [7; 3]), Some(64), Some(64)),
            Same(|r| r.start.picture = flat(64, 64, [7; 3])),
        ),
        (
            "a picture and latents",
            |r| (house(r), r.start.latents = Some(Arc::new(ArrayD::zeros(vec![1, 4, 8, 8])))).0,
            Refused(&["a picture or from latents"]),
        ),
        (
            "latents of another shape",
            |r| r.start.latents = Some(Arc::new(ArrayD::zeros(vec![1, 3, 8, 8]))),
            Refused(&["[1, 3, 8, 8]", "[1, 4, 8, 8]"]),
        ),
        ("latents of no shape", |r| r.start.latents = Some(Arc::new(ArrayD::zeros(vec![]))), Refused(&["[]"])),
        (
            "latents without anything in them",
            |r| r.start.latents = Some(Arc::new(ArrayD::zeros(vec![1, 4, 0, 0]))),
            Refused(&["is 0"]),
        ),
        (
            "latents of NaN",
            |r| r.start.latents = Some(Arc::new(ArrayD::from_elem(vec![1, 4, 8, 8], f32::NAN))),
            Refused(&["latents to start from", "NaN"]),
        ),
        (
            "latents beyond all numbers",
            |r| r.start.latents = Some(Arc::new(ArrayD::from_elem(vec![1, 4, 8, 8], f32::INFINITY))),
            Refused(&["latents to start from", "infinite"]),
        ),
    ];
    Good::new(&tiny("tiny-optimum"), usual()).tries_all(rows);

    for (name, side) in [("no columns", [0, 64]), ("no rows", [64, 0])] {
        let said = sentence(Image::from_pixels(&[], side[0], side[1], 0, PixelFormat::Rgb8));
        assert!(said.contains('0'), "{name}: {said}");
    }
    let said = sentence(Image::from_pixels(&[0; 12], 20_000, 20_000, 60_000, PixelFormat::Rgb8));
    assert!(said.contains("1200000000") && said.contains("12"), "{said}");
    let said = sentence(Image::from_pixels(&[0; 12], u32::MAX, u32::MAX, usize::MAX, PixelFormat::RgbaF32));
    assert!(said.contains("4294967295"), "{said}");
    let nan = f32::NAN.to_ne_bytes().repeat(4);
    let said = sentence(Image::from_pixels(&nan, 1, 1, 16, PixelFormat::RgbaF32));
    assert!(said.contains("NaN"), "{said}");
}

/// The files that a picture or a mask may come in, from `make_image.py`.
const KINDS: [&str; 10] = [
    "bits.png",
    "cmyk.jpg",
    "grey.jpg",
    "grey.png",
    "grey16.png",
    "grey_alpha16.png",
    "one.png",
    "palette.png",
    "rgb16.png",
    "ycck.jpg",
];

/// A whole PNG of 20000 x 20000 grey pixels, all black.
fn huge(folder: &Path) -> PathBuf {
    use image::ImageEncoder;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let path = folder.join("huge.png");
    let file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::NoFilter);
    encoder.write_image(&vec![0; 400_000_000], 20_000, 20_000, image::ExtendedColorType::L8).unwrap();
    path
}

#[test]
fn files() {
    let good = Good::new(&tiny("tiny-optimum"), usual());
    for name in KINDS {
        let picture = Some(Arc::new(Image::open(&repository("tests/golden/image").join(name)).unwrap()));
        let init = good.changed(|r| {
            (r.start.picture, r.start.strength) = (picture.clone(), Some(0.5));
            (r.width, r.height) = (Some(64), Some(64));
        });
        good.tries(name, &init, Draws);
        good.tries(name, &good.changed(|r| masked(r, picture.clone())), Draws);
    }
    let folder = tempfile::tempdir().unwrap();
    let said = sentence(Image::open(&huge(folder.path())));
    assert!(said.contains("huge.png") && said.contains("too large"), "{said}");
    for (name, bytes) in
        [("empty.png", &b""[..]), ("text.jpg", b"not a picture"), ("cut.png", b"\x89PNG\r\n\x1a\n\0\0")]
    {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let said = sentence(Image::open(&path));
        assert!(said.contains(name) && said.contains("cannot be read"), "{said}");
    }
}

/// 60 kB of a word.
fn words(word: &str) -> String {
    word.repeat(60_000 / word.len())
}

#[test]
fn prompts() {
    let rows: &[Row] = &[
        ("brackets that are text", |r| r.prompt = "((((a [[[ red:1.5)".into(), Draws),
        ("never closed", |r| webui(r, "a (red house"), Same(|r| webui(r, "a (red house)"))),
        ("never closed, square", |r| webui(r, "a [red house"), Same(|r| webui(r, "a [red house]"))),
        ("never opened", |r| webui(r, "a) red house"), Same(|r| webui(r, r"a\) red house"))),
        ("never opened, square", |r| webui(r, "a] red house"), Same(|r| webui(r, r"a\] red house"))),
        ("only brackets", |r| webui(r, "(((((]]]]]))))[[[["), Draws),
        ("a weight and no end", |r| webui(r, "a (red:1.4 house"), Draws),
        ("crossed", |r| webui(r, "([a red) house]"), Draws),
        ("schedules without an end", |r| webui(r, "[a:b [c|d [::"), Draws),
        ("schedules of nothing", |r| webui(r, "[::0.5] [|] [:] []"), Draws),
        ("a schedule of NaN", |r| webui(r, "[red:blue:nan] house"), Draws),
        ("a schedule beyond the end", |r| webui(r, "[red:blue:99999999999999999999] house"), Draws),
        ("a backslash at the end", |r| webui(r, "a house\\"), Same(|r| webui(r, "a house"))),
        ("too deep", |r| webui(r, &"(".repeat(300)), Refused(&["256 brackets", r"\("])),
        ("a weight of NaN is text", |r| webui(r, "a (red:nan) house"), Same(|r| webui(r, "a (red:nan:1.1) house"))),
        ("so is an infinite one", |r| webui(r, "a (red:inf) house"), Same(|r| webui(r, "a (red:inf:1.1) house"))),
        ("a weight that is no number", |r| webui(r, "a (red:1.2.3) house"), Refused(&["\"1.2.3\"", "is as 1.3"])),
        ("a weight of 0", |r| webui(r, "a (red:0) house"), Draws),
        ("a weight below", |r| webui(r, "a (red:-1) house"), Draws),
        (
            "a weight beyond all numbers",
            |r| webui(r, &format!("a (red:{}) house", "9".repeat(60))),
            Refused(&["beyond 3.4e38", "0.5 to 1.5"]),
        ),
        (
            "weights that become so",
            |r| webui(r, &format!("{}a red house{}", "(".repeat(100), ":100000)".repeat(100))),
            Refused(&["beyond 3.4e38"]),
        ),
        ("a prompt's weight of NaN is text", |r| webui(r, "a house AND a tree :nan"), Draws),
        (
            "a prompt's weight beyond all numbers",
            |r| webui(r, &format!("a house AND a tree :{}", "9".repeat(60))),
            Refused(&["AND", "3.4e38"]),
        ),
        ("AND alone", |r| webui(r, " AND "), Draws),
        ("too many of them", |r| webui(r, &"a AND ".repeat(70)), Refused(&["64 prompts"])),
        (
            "AND without guidance",
            |r| (webui(r, "a AND b"), r.guidance = Some(1.0)).0,
            Refused(&["AND", "need guidance"]),
        ),
        ("BREAK alone", |r| webui(r, "BREAK BREAK BREAK"), Draws),
        ("60 kB", |r| r.prompt = words("photo "), Warns("the prompt is too long for the text encoder")),
        (
            "60 kB of a negative prompt",
            |r| r.negative_prompt = Some(words("photo ")),
            Warns("the negative prompt is too long"),
        ),
        ("60 kB without a space", |r| r.prompt = words("x"), Warns("too long")),
        ("60 kB of what no vocabulary has", |r| r.prompt = words("\u{1F600}"), Warns("too long")),
        ("60 kB in chunks", |r| (webui(r, &words("photo ")), r.steps = Some(1)).0, Draws),
        ("60 kB in too many chunks", |r| webui(r, &words("a ")), Refused(&["256 chunks"])),
        ("60 kB of brackets", |r| webui(r, &words("(")), Refused(&["256 brackets"])),
        ("60 kB of closing ones", |r| webui(r, &words(")")), Refused(&["256 chunks"])),
        ("60 kB of schedules", |r| webui(r, &words("[a:")), Refused(&["256 brackets"])),
        ("60 kB of AND", |r| webui(r, &words("AND ")), Refused(&["64 prompts"])),
        ("60 kB of BREAK", |r| webui(r, &words("BREAK ")), Refused(&["256 chunks"])),
        ("beyond what is allowed", |r| r.prompt = "a".repeat((1 << 20) + 1), Refused(&["1048577 bytes", "1048576"])),
        ("NUL and control characters", |r| r.prompt = "a\0b\u{7}\u{1b}[2J\r\n\u{202e}".into(), Draws),
    ];
    Good::new(&tiny("tiny-optimum"), usual()).tries_all(rows);

    let rows: &[Row] = &[
        ("60 kB", |r| r.prompt = words("photo "), Warns("too long")),
        ("60 kB in brackets", |r| webui(r, &words("(a ")), Refused(&["256 brackets"])),
        ("a weight that is no number", |r| webui(r, "a (red:1.2.3) house"), Refused(&["\"1.2.3\""])),
        ("never closed", |r| webui(r, "a (red house"), Draws),
    ];
    for folder in ["tiny-xl", "tiny-sd3", "tiny-flux-schnell"] {
        Good::new(&tiny(folder), Request { scheduler: None, steps: Some(1), ..usual() }).tries_all(rows);
    }
}

/// Puts a number into a request.
type Put = fn(&mut Request, f32);

/// Every number of a request that has a fraction, by its name in messages.
const REALS: &[(&str, Put)] = &[
    ("guidance", |r, v| r.guidance = Some(v)),
    ("image guidance", |r, v| r.image_guidance = Some(v)),
    ("true guidance", |r, v| r.true_guidance = Some(v)),
    ("denoising start", |r, v| r.denoising_start = Some(v)),
    ("denoising end", |r, v| r.denoising_end = Some(v)),
    ("eta", |r, v| r.eta = v),
    ("strength", |r, v| (house(r), r.start.strength = Some(v)).0),
    ("mask blur", |r, v| (masked(r, half(64, 64)), r.start.mask_blur = v).0),
    ("variation strength", |r, v| r.variation = Some(Variation { seed: 2, strength: v })),
    ("guidance rescale", |r, v| r.guidance_rules.rescale = v),
    ("interval's start", |r, v| r.guidance_rules.interval = Some((v, 1.0))),
    ("interval's stop", |r, v| r.guidance_rules.interval = Some((0.0, v))),
    ("guidance scale", |r, v| r.guidance_rules.scales = Scales::PerStep(vec![1.0, v])),
    ("place of a guidance scale", |r, v| r.guidance_rules.scales = Scales::Points(vec![(v, 1.0)])),
    ("guidance scale", |r, v| r.guidance_rules.scales = Scales::Points(vec![(0.5, v)])),
    ("lambda", |r, v| r.guidance_rules.plus_plus = Some(v)),
    ("projection's eta", |r, v| r.guidance_rules.projection = Some(Projection { eta: v, ..Projection::default() })),
    ("norm threshold", |r, v| r.guidance_rules.projection = Some(Projection { threshold: v, ..Projection::default() })),
    ("momentum", |r, v| r.guidance_rules.projection = Some(Projection { momentum: v, ..Projection::default() })),
    ("percentile", |r, v| {
        r.guidance_rules.thresholding = Some(Thresholding { percentile: v, limit: ThresholdLimit::Fixed(1.0) })
    }),
    ("threshold's limit", |r, v| {
        r.guidance_rules.thresholding = Some(Thresholding { percentile: 0.9, limit: ThresholdLimit::Fixed(v) })
    }),
    ("mimicked scale", |r, v| {
        r.guidance_rules.thresholding = Some(Thresholding { percentile: 0.9, limit: ThresholdLimit::MimicScale(v) });
    }),
    ("reuse threshold", |r, v| r.reuse.threshold = v),
    ("end of the negative prompt", |r, v| r.reuse.negative_until = v),
    ("hires scale", |r, v| r.hires = Some(Hires { scale: v, ..Hires::default() })),
    ("hires strength", |r, v| r.hires = Some(Hires { strength: v, ..Hires::default() })),
    ("aesthetic score", |r, v| r.size_conditioning.aesthetic_score = Some(v)),
    ("aesthetic score", |r, v| r.size_conditioning.negative_aesthetic_score = Some(v)),
    ("sigmas", |r, v| r.custom_schedule = Some(CustomSchedule::Sigmas(vec![f64::from(v), 0.0]))),
    ("timesteps", |r, v| r.custom_schedule = Some(CustomSchedule::Timesteps(vec![f64::from(v)]))),
];

#[test]
fn numbers() {
    let good = Good::new(&tiny("tiny-optimum"), usual());
    for (name, set) in REALS {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN] {
            let request = good.changed(|request| set(request, value));
            let said = sentence(generate(&good.pipeline, &request));
            assert!(said.contains(name), "{name} of {value}: {said}");
            assert!(matches!(request.validate_fields(), Err(Error::InvalidArgument(_))), "{name} of {value}");
        }
    }
    good.tries("all of them refused", &good.request, Draws);

    let rows: &[Row] = &[
        ("no steps", |r| r.steps = Some(0), Refused(&["steps is 0", "1 to 1000"])),
        ("too many steps", |r| r.steps = Some(u32::MAX), Refused(&["4294967295", "1 to 1000"])),
        ("clip skip", |r| r.clip_skip = 12, Refused(&["clip skip is 12", "0 to 11"])),
        ("clip skip beyond this encoder's layers", |r| r.clip_skip = 11, Refused(&["2 layers", "a smaller clip skip"])),
        ("max tokens", |r| r.max_tokens = Some(0), Refused(&["max tokens is 0", "1 to 512"])),
        ("noise level", |r| r.noise_level = Some(1000), Refused(&["1000", "0 to 999"])),
        (
            "a seed that NumPy has not",
            |r| (r.rng, r.seed) = (RngKind::Numpy, Some(1 << 32)),
            Refused(&["4294967296", "4294967295"]),
        ),
        (
            "a variation's seed that NumPy has not",
            |r| (r.rng, r.variation) = (RngKind::Numpy, Some(Variation { seed: u64::MAX, strength: 0.5 })),
            Refused(&["18446744073709551615"]),
        ),
        ("the largest seed", |r| r.seed = Some(u64::MAX), Draws),
        (
            "an eta where there is none",
            |r| (r.eta, r.scheduler) = (0.5, Some(SchedulerKind::Euler)),
            Refused(&["eta = 0.5", "ddim and tcd", "euler"]),
        ),
        ("sigmas where there are none", |r| r.sigmas = Some(SigmaSchedule::Karras), Refused(&["karras", "ddim"])),
        (
            "an empty list of sigmas",
            |r| r.custom_schedule = Some(CustomSchedule::Sigmas(vec![])),
            Refused(&["sigmas is empty"]),
        ),
        (
            "rising timesteps",
            |r| r.custom_schedule = Some(CustomSchedule::Timesteps(vec![1.0, 2.0])),
            Refused(&["lower than the one before"]),
        ),
        (
            "a list beside other steps",
            |r| {
                (r.custom_schedule, r.scheduler) =
                    (Some(CustomSchedule::Sigmas(vec![9.0, 5.0, 2.0, 0.0])), Some(SchedulerKind::Euler))
            },
            Refused(&["2 steps", "leave the steps out"]),
        ),
        (
            "1002 entries",
            |r| r.custom_schedule = Some(CustomSchedule::Sigmas((0..1002).rev().map(f64::from).collect())),
            Refused(&["1002 entries"]),
        ),
        (
            "an interval backwards",
            |r| r.guidance_rules.interval = Some((0.8, 0.2)),
            Refused(&["starts at 0.8", "stop later"]),
        ),
        (
            "scales of another number",
            |r| r.guidance_rules.scales = Scales::PerStep(vec![7.0; 3]),
            Refused(&["3 guidance scales", "2 steps"]),
        ),
        ("no points", |r| r.guidance_rules.scales = Scales::Points(vec![]), Refused(&["no points"])),
        (
            "points backwards",
            |r| r.guidance_rules.scales = Scales::Points(vec![(0.5, 1.0), (0.2, 1.0)]),
            Refused(&["must ascend"]),
        ),
        (
            "two rules of one thing",
            |r| {
                r.guidance_rules = GuidanceRules {
                    plus_plus: Some(0.5),
                    projection: Some(Projection::default()),
                    ..GuidanceRules::default()
                };
            },
            Refused(&["cannot be combined"]),
        ),
        (
            "zero steps without flow",
            |r| r.guidance_rules.zero_star = Some(ZeroStar { zero_steps: 1 }),
            Refused(&["flow-matching"]),
        ),
        (
            "too many zero steps",
            |r| r.guidance_rules.zero_star = Some(ZeroStar { zero_steps: 1001 }),
            Refused(&["1001", "0 to 1000"]),
        ),
        (
            "a negative prompt never",
            |r| r.reuse = Reuse { negative_every: 0, ..Reuse::default() },
            Refused(&["every 0 steps"]),
        ),
        (
            "denoising backwards",
            |r| (r.denoising_start, r.denoising_end) = (Some(0.6), Some(0.5)),
            Refused(&["0.6", "0.5", "later"]),
        ),
        ("a denoising start of nothing", |r| r.denoising_start = Some(0.5), Refused(&["a denoising start is given"])),
        ("a denoising end at once", |r| r.denoising_end = Some(0.0), Refused(&["no step of 2"])),
        ("sizes beyond", |r| r.size_conditioning.original = Some((9999, 1)), Refused(&["9999x1", "8192"])),
        (
            "previews never",
            |r| r.previews = Some(Previews { mode: PreviewMode::Linear, interval: 0 }),
            Refused(&["preview interval is 0"]),
        ),
        (
            "small previews without their decoder",
            |r| r.previews = Some(Previews::new(PreviewMode::Small)),
            Refused(&["small"]),
        ),
        ("a checker that is not there", |r| r.safety = Safety::Flag, Refused(&["safety_checker/model.onnx"])),
        (
            "hires steps",
            |r| r.hires = Some(Hires { steps: Some(0), ..Hires::default() }),
            Refused(&["hires steps is 0"]),
        ),
    ];
    good.tries_all(rows);
    let rows: &[Row] = &[("a transformer that tiles", |r| r.seamless = Seamless::Both, Refused(&["tile"]))];
    Good::new(&tiny("tiny-sd3"), Request { scheduler: None, ..usual() }).tries_all(rows);

    // What needs an encoder is refused before anything is drawn.
    let without = common::copy_of(&tiny("tiny-optimum"));
    fs::remove_dir_all(without.path().join("vae_encoder")).unwrap();
    let rows: &[Row] = &[
        ("a picture", house, Refused(&["starting from a picture needs a vae_encoder/model.onnx"])),
        (
            "a second pass from the picture",
            |r| r.hires = Some(Hires { upscale: Upscale::Lanczos, ..Hires::default() }),
            Refused(&["\"lanczos\"", "needs a vae_encoder/model.onnx"]),
        ),
        ("a second pass from the latents", |r| r.hires = Some(Hires::default()), Draws),
    ];
    Good::new(without.path(), usual()).tries_all(rows);
}

/// The list as people type it. A refusal is one line, exit code 2 and no file; everything else is a picture.
#[test]
fn the_tool() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let out = folder.path().join("x.png");
    let generate = |arguments: &[&str]| -> Command {
        let mut command = tool();
        command.args(["generate", "--steps", "2", "-s", "1", "-p", "a red house", "--scheduler", "ddim", "--quiet"]);
        command.arg("-m").arg(tiny("tiny-optimum")).arg("-o").arg(&out).args(arguments);
        command
    };
    let inputs = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let input = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
    let huge = huge(inputs.path()).to_str().unwrap().to_owned();
    let house = repository("tests/golden/inputs/house.png").to_str().unwrap().to_owned();
    image::RgbImage::from_pixel(1, 1, image::Rgb([255; 3])).save(input("one.png")).unwrap();
    image::RgbImage::from_fn(128, 96, |x, _| image::Rgb([if x < 64 { 255 } else { 0 }; 3]))
        .save(input("mask.png"))
        .unwrap();
    image::RgbImage::from_pixel(9000, 3, image::Rgb([9; 3])).save(input("wide.png")).unwrap();
    let (one, mask, wide) = (input("one.png"), input("mask.png"), input("wide.png"));
    let inpaint = tiny("tiny-inpaint").to_str().unwrap().to_owned();
    let deep = "(".repeat(300);
    let (long, chunks) = (words("photo "), words("a "));
    let refused: &[(&[&str], &[&str])] = &[
        (&["-W", "61"], &["61", "multiples of 16"]),
        (&["-H", "72"], &["72", "multiples of 16"]),
        (&["-W", "20000", "-H", "20000"], &["--width", "1 to 8192"]),
        (&["--hires", "2", "--hires-strength", "0"], &["--hires-strength", "above 0"]),
        (&["--init", &house, "--strength", "0"], &["--strength", "above 0"]),
        (&["--init", &house, "--strength", "-1"], &["--strength", "above 0"]),
        (&["--init", &house, "--strength", "1.5"], &["--strength", "up to 1"]),
        (&["--init", &house, "--strength", "nan"], &["--strength"]),
        (&["--init", &house, "--strength", "0.1"], &["0.1", "2 steps"]),
        (&["--init", &wide], &["9000x3", "8192"]),
        (&["--init", &huge], &["--init", "huge.png", "too large"]),
        (&["--init", &house, "--mask", &huge], &["--mask", "huge.png", "too large"]),
        (&["--mask", &mask], &["--mask", "--init"]),
        (&["--syntax", "webui", "-p", &deep], &["256 brackets"]),
        (&["--syntax", "webui", "-p", "a (red:1.2.3) house"], &["1.2.3"]),
        (&["--syntax", "webui", "-p", &chunks], &["256 chunks"]),
        (&["--guidance", "nan"], &["--guidance"]),
        (&["--guidance", "inf"], &["--guidance"]),
        (&["--guidance", "1e39"], &["--guidance"]),
        (&["--eta", "nan"], &["--eta"]),
        (&["--guidance-scales", "nan,1"], &["--guidance-scales"]),
        (&["--guidance-interval", "nan,1"], &["--guidance-interval"]),
        (&["--guidance-projection", "nan,15,0"], &["--guidance-projection"]),
        (&["--variation-seed", "3", "--variation-strength", "nan"], &["--variation-strength"]),
        (&["--sigmas-list", "nan,0"], &["--sigmas-list"]),
        (&["--reuse", "inf"], &["--reuse"]),
        (&["--safety", "flag"], &["safety_checker/model.onnx"]),
        (&["-m", &inpaint], &["inpainting model", "picture"]),
    ];
    for (arguments, words) in refused {
        let output = generate(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(
            text.starts_with("diffusion: ") && text.lines().count() == 1 && text.len() < 1600,
            "not one line: {text}"
        );
        assert!(words.iter().all(|word| text.contains(word)), "{words:?} are not all in {text}");
        assert!(!out.exists(), "{text}");
    }
    let image = |name: &str| repository("tests/golden/image").join(name).to_str().unwrap().to_owned();
    let [grey16, cmyk, grey] = ["grey16.png", "cmyk.jpg", "grey.png"].map(image);
    let drawn: &[&[&str]] = &[
        &["--init", &house, "--strength", "1"],
        &["--init", &one],
        &["--init", &one, "-W", "64", "-H", "64"],
        &["--init", &wide, "-W", "64", "-H", "64"],
        &["--init", &house, "--mask", &mask],
        &["--init", &house, "--mask", &one],
        &["--init", &grey16, "-W", "64", "-H", "64"],
        &["--init", &cmyk, "-W", "64", "-H", "64"],
        &["--init", &house, "--mask", &grey],
        &["--syntax", "webui", "-p", "a (red house]"],
        &["--syntax", "webui", "-p", "a (red:nan) house"],
        &["-p", &long],
    ];
    for arguments in drawn {
        let output = generate(arguments).output().unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{arguments:?}: {}", said(&output));
        assert!(image::open(&out).is_ok(), "{arguments:?}");
        fs::remove_file(&out).unwrap();
    }
}

//! Pictures as input: files of every kind, sizes and tensors, compared with PIL and diffusers; files that lie.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use diffusion::image::{Image, MAX_SIDE, PixelFormat, ResizeMode};
use serde_json::Value;

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden() -> Value {
    serde_json::from_str(&fs::read_to_string(golden_folder().join("image.json")).unwrap()).unwrap()
}

fn size(value: &Value) -> (u32, u32) {
    let side = |key: &str| value[key].as_u64().unwrap() as u32;
    (side("width"), side("height"))
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn picture(value: &Value) -> Image {
    let (width, height) = size(value);
    Image::from_pixels(&bytes(&value["pixels"]), width, height, width as usize * 3, PixelFormat::Rgb8).unwrap()
}

#[test]
fn files_of_every_kind_are_what_pil_reads() {
    let cases = golden()["files"].as_array().unwrap().clone();
    assert!(cases.len() >= 28, "{}", cases.len());
    for case in &cases {
        let name = case["file"].as_str().unwrap();
        let image = Image::open(&golden_folder().join("image").join(name)).unwrap();
        assert_eq!((image.width(), image.height()), size(case), "{name}");
        let format = if case["alpha"] == true { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 };
        assert_eq!(image.format(), format, "{name}");
        let worst = image.pixels().iter().zip(bytes(&case["pixels"])).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(u64::from(worst) <= case["tolerance"].as_u64().unwrap(), "{name}: {worst} levels");
    }
}

#[test]
fn pictures_are_resized_as_diffusers_does_it() {
    let golden = golden();
    let cases = golden["resized"].as_array().unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        let source = picture(&golden["pictures"][case["picture"].as_str().unwrap()]);
        let mode = match case["mode"].as_str().unwrap() {
            "fill" => ResizeMode::Fill,
            "crop" => ResizeMode::Crop,
            _ => ResizeMode::Stretch,
        };
        let (width, height) = size(case);
        let want = picture(case);
        let name = format!("{} {mode:?} {width} x {height}", case["picture"]);
        let got = source.resized(width, height, mode).unwrap();
        let worst = got.pixels().iter().zip(want.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert_eq!((got.width(), got.height(), worst), (width, height, 0), "{name}");
        // Other formats are the same picture.
        for format in [PixelFormat::Rgba8, PixelFormat::Bgra8] {
            let other = source.convert(format).unwrap().resized(width, height, mode).unwrap();
            assert_eq!(*other.convert(PixelFormat::Rgb8).unwrap(), got, "{name} {format:?}");
        }
        let float = source.convert(PixelFormat::RgbaF32).unwrap().resized(width, height, mode).unwrap();
        let float = float.convert(PixelFormat::Rgb8).unwrap().into_owned();
        // Bytes are rounded between the two directions, floats are not.
        let worst = float.pixels().iter().zip(got.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 1, "{name} float: {worst}");
    }
}

#[test]
fn a_picture_becomes_the_tensor_that_diffusers_makes() {
    let golden = golden();
    let case = &golden["tensor"];
    let (width, height) = size(case);
    let source = picture(&golden["pictures"][case["picture"].as_str().unwrap()]);
    let want: Vec<_> = case["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
    for format in [PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Bgra8] {
        let resized = source.convert(format).unwrap().resized(width, height, ResizeMode::Stretch).unwrap();
        let tensor = resized.to_chw().unwrap();
        assert_eq!(tensor.shape(), [3, height as usize, width as usize]);
        assert_eq!(tensor.as_slice().unwrap(), want, "{format:?}");
        assert_eq!(Image::from_chw(tensor.view(), format).unwrap(), resized, "there and back");
    }
    let float = Image::from_pixels(native_bytes(&[0.25, 0.5, 1.0, 0.0]).as_slice(), 1, 1, 16, PixelFormat::RgbaF32);
    assert_eq!(float.unwrap().to_chw().unwrap().as_slice().unwrap(), [-0.5, 0.0, 1.0], "floats are not rounded");
}

fn native_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_ne_bytes()).collect()
}

#[test]
fn impossible_sizes_are_refused_with_a_sentence() {
    let dot = Image::from_pixels(&[1, 2, 3], 1, 1, 3, PixelFormat::Rgb8).unwrap();
    for mode in [ResizeMode::Stretch, ResizeMode::Fill, ResizeMode::Crop] {
        for (width, height) in [(0, 1), (1, 0), (MAX_SIDE + 1, 1), (20_000, 20_000), (u32::MAX, u32::MAX)] {
            let error = dot.resized(width, height, mode).unwrap_err().to_string();
            assert!(error.ends_with("allowed are 1 to 16384 a side"), "{error}");
        }
        let wide = dot.resized(300, 2, mode).unwrap();
        assert_eq!(wide.pixels(), [1, 2, 3].repeat(600));
    }
    let line = dot.resized(MAX_SIDE, 1, ResizeMode::Stretch).unwrap();
    assert!(line.resized(8, 8, ResizeMode::Crop).unwrap_err().to_string().contains("cannot be cropped"));
    assert_eq!(line.resized(8, 8, ResizeMode::Fill).unwrap().pixels(), [1, 2, 3].repeat(64));
    let odd = dot.resized(8, 25, ResizeMode::Fill).unwrap();
    assert_eq!(odd.pixels(), [1, 2, 3].repeat(200), "no black row is left");
    for (x, y, width, height) in [(0, 0, 2, 1), (1, 0, 1, 1), (0, 1, 1, 1), (u32::MAX, 0, 2, 1)] {
        let error = dot.cropped(x, y, width, height).unwrap_err().to_string();
        assert!(error.contains("is not inside the picture of 1 x 1"), "{error}");
    }
    assert!(dot.cropped(0, 0, 0, 1).is_err());
}

/// A small generator of its own, so that a failure can be repeated by its number.
struct Bits(u64);

impl Bits {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(golden_folder().join("image"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// A picture or one sentence, whatever the bytes.
fn must_not_panic(bytes: &[u8], what: &str) -> bool {
    match std::panic::catch_unwind(|| Image::decode(bytes)) {
        Ok(Ok(image)) => {
            assert!(image.width() > 0 && image.height() > 0, "{what}");
            true
        }
        Ok(Err(error)) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n') && text.len() < 400, "{what}: {text}");
            false
        }
        Err(_) => unreachable!("{what}: the decoder panicked"),
    }
}

#[test]
fn files_cut_at_any_length_are_read_or_refused() {
    for (name, bytes) in files() {
        let mut refused = 0;
        for length in 0..bytes.len() {
            refused += usize::from(!must_not_panic(&bytes[..length], &format!("{name} cut at {length}")));
        }
        assert!(refused > bytes.len() / 4, "{name}: only {refused} of {} were refused", bytes.len());
    }
}

#[test]
fn garbage_is_refused_or_read_and_never_panics() {
    let files = files();
    let mut bits = Bits(7);
    for number in 0..2000 {
        let what = format!("case {number}");
        let (name, whole) = &files[bits.next() as usize % files.len()];
        let mut bytes = whole.clone();
        // A third is nothing but noise behind a file's first bytes; the others are files with a few bytes changed.
        if number % 3 == 0 {
            let keep = [0, 2, 4, 12, 33][bits.next() as usize % 5].min(bytes.len());
            bytes[keep..].iter_mut().for_each(|b| *b = bits.next() as u8);
        } else {
            for _ in 0..=bits.next() % 8 {
                let at = bits.next() as usize % bytes.len();
                bytes[at] = bits.next() as u8;
            }
        }
        must_not_panic(&bytes, &format!("{what}, from {name}"));
    }
}

/// Headers of each kind that name more pixels than are allowed.
#[test]
fn files_that_claim_to_be_huge_are_refused() {
    let file = |name: &str| fs::read(golden_folder().join("image").join(name)).unwrap();
    let mut jpeg = file("rgb.jpg");
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x4e, 0x20, 0x4e, 0x20]);
    let error = Image::decode(&jpeg).unwrap_err().to_string();
    assert!(error.contains("20000 x 20000 pixels are too many") || error.contains("too large"), "{error}");
    let mut png = file("rgb.png");
    png[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let error = Image::decode(&png).unwrap_err().to_string();
    assert!(error.contains("too many") || error.contains("too large"), "{error}");
    assert!(!error.contains("CRC"), "{error}");
    // A lossless WebP has 14 bits for each side less one: 16384 x 16384 at most.
    let mut webp = file("lossless.webp");
    let at = webp.windows(4).position(|w| w == b"VP8L").unwrap() + 9;
    webp[at..at + 3].copy_from_slice(&[0xff, 0xff, 0xff]);
    webp[at + 3] |= 0x0f;
    assert!(Image::decode(&webp).is_err());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1)))
    })
}

//! Masks, regions, pasting back, larger canvases and seams, compared with PIL, diffusers and numpy.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by panicking")]

use std::fs;

use diffusion::image::{Image, Mask, PixelFormat, Region, ResizeMode};
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/image.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn number(value: &Value, key: &str) -> u32 {
    value[key].as_u64().unwrap() as u32
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn rgb(pixels: &[u8], width: u32, height: u32) -> Image {
    Image::from_pixels(pixels, width, height, width as usize * 3, PixelFormat::Rgb8).unwrap()
}

fn picture(value: &Value) -> Image {
    rgb(&bytes(&value["pixels"]), number(value, "width"), number(value, "height"))
}

fn mask_of(width: u32, height: u32, values: &[u8]) -> Mask {
    let pixels: Vec<_> = values.iter().flat_map(|&v| [v; 3]).collect();
    Mask::from_grey(&rgb(&pixels, width, height)).unwrap()
}

/// The mask that a case names.
fn mask(golden: &Value, case: &Value) -> Mask {
    let mask = &golden["masks"][case["mask"].as_str().unwrap()];
    mask_of(number(mask, "width"), number(mask, "height"), &bytes(&mask["pixels"]))
}

fn cases<'a>(golden: &'a Value, key: &str, least: usize) -> &'a [Value] {
    let cases = golden[key].as_array().unwrap();
    assert!(cases.len() >= least, "{key} has only {}", cases.len());
    cases
}

fn region(value: &Value) -> Region {
    let at = |i: usize| value[i].as_u64().unwrap() as u32;
    Region { x: at(0), y: at(1), width: at(2) - at(0), height: at(3) - at(1) }
}

#[test]
fn colours_become_masks_by_pils_brightness() {
    let golden = golden();
    let source = picture(&golden["pictures"]["scene"]);
    let want = bytes(&golden["grey"]["pixels"]);
    for format in PixelFormat::ALL {
        assert_eq!(Mask::from_grey(&source.convert(format).unwrap()).unwrap().values(), want, "{format:?}");
    }
}

#[test]
fn what_is_transparent_is_painted() {
    let rgba = Image::from_pixels(&[9, 9, 9, 0, 9, 9, 9, 255, 9, 9, 9, 100], 3, 1, 12, PixelFormat::Rgba8).unwrap();
    for format in [PixelFormat::Rgba8, PixelFormat::Bgra8, PixelFormat::RgbaF32] {
        let mask = Mask::from_alpha(&rgba.convert(format).unwrap()).unwrap();
        assert_eq!((mask.width(), mask.height(), mask.values()), (3, 1, &[255, 0, 155][..]));
    }
    let error = Mask::from_alpha(&rgba.convert(PixelFormat::Rgb8).unwrap()).unwrap_err().to_string();
    assert_eq!(error, "the picture has no alpha to take a mask from; give a mask of its own");
}

#[test]
fn masks_are_resized_and_made_binary_as_diffusers_does_it() {
    let golden = golden();
    for case in cases(&golden, "prepared", 10) {
        let mode = match case["mode"].as_str().unwrap() {
            "fill" => ResizeMode::Fill,
            "crop" => ResizeMode::Crop,
            _ => ResizeMode::Stretch,
        };
        let (width, height) = (number(case, "width"), number(case, "height"));
        let name = format!("{} {mode:?} {width} x {height}", case["mask"]);
        let resized = mask(&golden, case).resized(width, height, mode).unwrap();
        assert_eq!(resized.values(), bytes(&case["grey"]), "{name}");
        let binary = resized.to_binary().unwrap();
        assert_eq!(binary.shape(), [1, height as usize, width as usize]);
        let want: Vec<_> = bytes(&case["binary"]).into_iter().map(f32::from).collect();
        assert_eq!(binary.as_slice().unwrap(), want, "{name}");
    }
}

#[test]
fn blur_is_pils() {
    let golden = golden();
    for case in cases(&golden, "blurred", 40) {
        let radius = case["radius"].as_f64().unwrap() as f32;
        let got = mask(&golden, case).blurred(radius).unwrap();
        assert_eq!(got.values(), bytes(&case["pixels"]), "{} {radius}", case["mask"]);
    }
    let mask = mask_of(2, 2, &[0, 255, 255, 0]);
    for bad in [-1.0, 257.0, f32::NAN, f32::INFINITY] {
        let error = mask.blurred(bad).unwrap_err().to_string();
        assert!(error.ends_with("allowed are 0 to 256 pixels"), "{error}");
    }
    assert!(mask.blurred(256.0).is_ok());
}

#[test]
fn regions_are_those_of_diffusers() {
    let golden = golden();
    for case in cases(&golden, "regions", 60) {
        let (width, height) = (number(case, "width"), number(case, "height"));
        let source = mask(&golden, case);
        let got = source.region(width, height, number(case, "pad")).unwrap();
        assert_eq!(got, region(&case["region"]), "{case}");
        let part = source.cropped(got).unwrap();
        assert_eq!((part.width(), part.height()), (got.width, got.height));
    }
    let empty = mask_of(3, 2, &[0; 6]);
    let error = empty.region(8, 8, 0).unwrap_err().to_string();
    assert_eq!(error, "the mask is empty: nothing of the picture is to be painted");
    let full = mask_of(3, 2, &[255; 6]);
    assert!(full.region(0, 8, 0).is_err() && full.region(8, 0, 0).is_err());
    let whole = Region { x: 0, y: 0, width: 3, height: 2 };
    assert_eq!(full.region(8, 8, u32::MAX).unwrap(), whole);
    assert_eq!(full.region(u32::MAX, 1, 7).unwrap(), whole);
    assert!(full.cropped(Region { x: 1, ..whole }).is_err());
}

#[test]
fn pasting_back_is_that_of_diffusers() {
    let golden = golden();
    let original = picture(&golden["pictures"]["scene"]);
    let mut see_through = original.convert(PixelFormat::Rgba8).unwrap().pixels().to_vec();
    see_through.as_chunks_mut::<4>().0.iter_mut().zip(bytes(&golden["overlay_alpha"])).for_each(|(p, a)| p[3] = a);
    let (width, height) = (original.width(), original.height());
    let see_through = Image::from_pixels(&see_through, width, height, width as usize * 4, PixelFormat::Rgba8).unwrap();
    for case in cases(&golden, "overlays", 5) {
        let part = (!case["region"].is_null()).then(|| region(&case["region"]));
        let drawn = picture(&golden[if part.is_some() { "overlay_small" } else { "overlay_drawn" }]);
        let first = if case["alpha"] == true { &see_through } else { &original };
        let mask = mask(&golden, case);
        let got = drawn.pasted_onto(first, &mask, part).unwrap();
        assert_eq!((got.width(), got.height()), (width, height));
        assert_eq!(got.pixels(), bytes(&case["pixels"]), "{} {part:?}", case["mask"]);
        if case["alpha"] == false {
            let kept = got.pixels().chunks(3).zip(original.pixels().chunks(3)).zip(mask.values());
            assert!(kept.filter(|(_, mask)| **mask == 0).all(|((got, was), _)| got == was), "outside changed");
        }
    }
    let mask = mask_of(width, height, &vec![255; (width * height) as usize]);
    let small = original.resized(8, 8, ResizeMode::Stretch).unwrap();
    let sentence = |result: diffusion::Result<Image>| result.unwrap_err().to_string();
    assert!(sentence(small.pasted_onto(&original, &mask, None)).starts_with("what was painted has 8 x 8 pixels"));
    assert!(sentence(original.pasted_onto(&small, &mask, None)).ends_with("resize the mask first"));
    for (x, y, w, h) in [(width, 0, 1, 1), (0, 0, width + 1, 1), (u32::MAX, 0, 2, 2), (0, 1, 1, height), (0, 0, 0, 1)] {
        let part = Region { x, y, width: w, height: h };
        assert!(small.pasted_onto(&original, &mask, Some(part)).is_err(), "{part:?}");
    }
}

#[test]
fn a_larger_canvas_reflects_the_picture_and_its_mask_covers_what_is_new() {
    let golden = golden();
    for case in cases(&golden, "canvases", 4) {
        let source = picture(&golden["pictures"][case["picture"].as_str().unwrap()]);
        let [left, right, top, bottom] = ["left", "right", "top", "bottom"].map(|key| number(case, key));
        let want = picture(case);
        for format in PixelFormat::ALL {
            let got = source.convert(format).unwrap().extended(left, right, top, bottom).unwrap();
            assert_eq!(*got.convert(PixelFormat::Rgb8).unwrap(), want, "{}", case["picture"]);
        }
        let (width, height) = (source.width(), source.height());
        let mask = Mask::of_extension(width, height, left, right, top, bottom).unwrap();
        assert_eq!((mask.width(), mask.height()), (want.width(), want.height()));
        let old = Region { x: left, y: top, width, height };
        assert!(mask.cropped(old).unwrap().values().iter().all(|&v| v == 0));
        let new = mask.values().iter().filter(|&&v| v == 255).count() as u32;
        assert_eq!(new, want.width() * want.height() - width * height);
    }
    let dot = rgb(&[1, 2, 3], 1, 1);
    for (left, right, top) in [(16384, 0, 0), (u32::MAX, 1, 0), (0, 0, u32::MAX)] {
        let errors = [
            dot.extended(left, right, top, 0).unwrap_err().to_string(),
            Mask::of_extension(1, 1, left, right, top, 0).unwrap_err().to_string(),
        ];
        assert!(errors.iter().all(|e| e.contains("cannot get") && e.contains("16384")), "{errors:?}");
    }
    assert!(Mask::of_extension(0, 4, 1, 1, 1, 1).is_err());
    assert_eq!(dot.extended(0, 0, 0, 0).unwrap(), dot);
}

#[test]
fn seams_are_measured() {
    let golden = golden();
    for case in cases(&golden, "seams", 2) {
        let source = picture(&golden["pictures"][case["picture"].as_str().unwrap()]);
        for (seam, key) in source.seams().unwrap().iter().zip(["x", "y"]) {
            let want = |i: usize| case[key][i].as_f64().unwrap();
            assert!((seam.across - want(0)).abs() < 1e-9 && (seam.inside - want(1)).abs() < 1e-9, "{seam:?}");
        }
    }
    // A wave that comes back to where it starts has no seam from left to right; downwards it is a ramp.
    let wave =
        |x: u32, y: u32| (120.0 + 60.0 * (f64::from(x) * std::f64::consts::TAU / 32.0).sin()) as u8 + 2 * y as u8;
    let pixels: Vec<_> = (0..20).flat_map(|y| (0..32).flat_map(move |x| [wave(x, y); 3])).collect();
    let [vertical, horizontal] = rgb(&pixels, 32, 20).seams().unwrap();
    assert!((0.5..2.0).contains(&vertical.ratio()), "{vertical:?}");
    assert_eq!((horizontal.across, horizontal.inside, horizontal.ratio()), (38.0, 2.0, 19.0));
    assert_eq!(rgb(&[7; 12], 2, 2).seams().unwrap()[0].ratio(), 1.0, "a flat picture has no seam");
    let error = rgb(&[1, 2, 3], 1, 1).seams().unwrap_err().to_string();
    assert!(error.ends_with("it needs at least 2 a side"), "{error}");
}

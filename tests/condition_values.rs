//! What the networks of a cascade are told besides texts, compared with transformers, diffusers and torch
//! (`tests/golden/make_conditions.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;

use common::{repository, sentence};
use diffusion::image::{
    Image, Interpolation, PixelFormat, depth_channel, halved, in_eight_bits, interpolate, one_hot, with_larger_hole,
};
use diffusion::text::layout_tokens::{LayoutObject, LayoutTokens};
use ndarray::{Array1, Array2, Array3, ArrayView3};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(&fs::read_to_string(repository("tests/golden/conditions.json")).unwrap()).unwrap()
}

fn cases<'a>(golden: &'a Value, key: &str, least: usize) -> &'a [Value] {
    let cases = golden[key].as_array().unwrap();
    assert!(cases.len() >= least, "{key} has only {}", cases.len());
    cases
}

fn size(case: &Value, key: &str) -> usize {
    usize::try_from(case[key].as_u64().unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn farthest<'a>(got: impl IntoIterator<Item = &'a f32>, want: &[f32]) -> f32 {
    let got: Vec<_> = got.into_iter().collect();
    assert_eq!(got.len(), want.len());
    got.iter().zip(want).map(|(a, b)| (**a - b).abs()).fold(0.0, f32::max)
}

fn grey(levels: &[u8], width: usize) -> Image {
    let pixels: Vec<_> = levels.iter().flat_map(|level| [*level; 3]).collect();
    Image::from_pixels(&pixels, width as u32, (levels.len() / width) as u32, width * 3, PixelFormat::Rgb8).unwrap()
}

#[test]
fn pictures_are_seen_as_clip_sees_them() {
    let golden = golden();
    for case in cases(&golden, "vision", 5) {
        let hex = case["pixels"].as_str().unwrap();
        let pixels: Vec<_> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let (width, height) = (size(case, "width"), size(case, "height"));
        let image = Image::from_pixels(&pixels, width as u32, height as u32, width * 3, PixelFormat::Rgb8).unwrap();
        let three = |key: &str| <[f32; 3]>::try_from(floats(&case[key])).unwrap();
        let crop = (case["crop"][0].as_u64().unwrap() as u32, case["crop"][1].as_u64().unwrap() as u32);
        let shorter = size(case, "shorter_side") as u32;
        let got = image.for_vision(shorter, crop, three("mean"), three("deviation")).unwrap();
        assert_eq!(got.shape(), [3, crop.0 as usize, crop.1 as usize]);
        // The bytes are PIL's; transformers then computes in float32 in another order, with values up to 8.
        let off = farthest(&got, &floats(&case["values"]));
        assert!(off <= 2e-6, "{width} x {height}: {off}");
    }
    let small = grey(&[0; 12], 4);
    let look = |side, crop| small.for_vision(side, crop, [0.5; 3], [0.5; 3]);
    assert!(sentence(look(8, (9, 8))).contains("not inside the picture"));
    assert!(sentence(look(0, (1, 1))).contains("not within 1 to"));
}

#[test]
fn depth_goes_from_minus_one_to_one() {
    let golden = golden();
    for case in cases(&golden, "depth", 4) {
        let depth =
            Array2::from_shape_vec((size(case, "height"), size(case, "width")), floats(&case["depth"])).unwrap();
        let (rows, columns) = (size(case, "rows"), size(case, "columns"));
        let got = depth_channel(depth.view(), rows, columns).unwrap();
        assert_eq!(got.shape(), [1, rows, columns]);
        let off = farthest(&got, &floats(&case["channel"]));
        assert!(off <= 2e-6, "{rows} x {columns}: {off}");
    }
    assert!(sentence(depth_channel(Array2::from_elem((3, 3), 2.0).view(), 3, 3)).contains("a far and a near"));
    assert!(sentence(depth_channel(Array2::from_elem((3, 3), f32::NAN).view(), 3, 3)).contains("NaN"));
    assert!(sentence(depth_channel(Array2::zeros((0, 3)).view(), 3, 3)).contains("at least one element"));
}

#[test]
fn holes_grow_as_kandinskys_do() {
    let golden = golden();
    for case in cases(&golden, "holes", 7) {
        let mask =
            Array3::from_shape_vec((1, size(case, "height"), size(case, "width")), floats(&case["mask"])).unwrap();
        let larger = with_larger_hole(mask.view()).unwrap();
        assert_eq!(farthest(&larger, &floats(&case["larger"])), 0.0, "{mask}");
    }
    assert!(sentence(with_larger_hole(Array3::zeros((2, 3, 3)).view())).contains("one channel"));
}

#[test]
fn stages_hand_over_eight_bits() {
    let golden = golden();
    let before = Array1::from_vec(floats(&golden["eight_bits"]["before"])).into_dyn();
    let after = floats(&golden["eight_bits"]["after"]);
    assert!(before.len() > 200 && farthest(&before, &after) > 1e-3);
    assert_eq!(farthest(&in_eight_bits(before), &after), 0.0);
}

#[test]
fn labels_become_maps_at_a_quarter_of_their_size() {
    let golden = golden();
    for case in cases(&golden, "labels", 4) {
        let (height, width, classes) = (size(case, "height"), size(case, "width"), size(case, "classes"));
        let levels: Vec<u8> = case["labels"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u8).collect();
        let labels = grey(&levels, width).to_labels().unwrap();
        assert_eq!(labels.dim(), (height, width));
        let map = one_hot(labels.view(), classes).unwrap();
        assert_eq!((map.dim(), map.sum()), ((classes, height, width), (height * width) as f32));
        let half = |planes: ArrayView3<'_, f32>| halved(planes).unwrap();
        let quarter = half(half(map.view()).view());
        assert_eq!(quarter.dim(), (classes, size(case, "rows"), size(case, "columns")));
        assert_eq!(farthest(&quarter, &floats(&case["quarter"])), 0.0);
        if height % 4 == 0 && width % 4 == 0 {
            // Where nothing is left out, it is the ordinary interpolation too.
            let whole = interpolate(half(map.view()).view(), height / 4, width / 4, Interpolation::Bilinear).unwrap();
            assert_eq!(whole, quarter);
        }
        let most = labels.iter().max().unwrap();
        let refused = sentence(one_hot(labels.view(), *most as usize));
        assert!(refused.contains(&format!("the class {most} at")) || refused.contains("0 classes"), "{refused}");
    }
    let coloured = Image::from_pixels(&[7, 7, 7, 7, 8, 7], 2, 1, 6, PixelFormat::Rgb8).unwrap();
    assert!(sentence(coloured.to_labels()).contains("7, 8, 7 at (1, 0)"));
    assert!(sentence(one_hot(Array2::zeros((2, 2)).view(), 5000)).contains("1 to 4096"));
    assert!(sentence(halved(Array3::zeros((1, 1, 4)).view())).contains("have no half"));
}

#[test]
fn layouts_become_the_tokens_of_taming_transformers() {
    let golden = golden();
    for case in cases(&golden, "layouts", 4) {
        let tokens = LayoutTokens {
            classes: size(case, "classes"),
            objects: size(case, "places"),
            vocabulary: size(case, "tokens"),
            crop: true,
        };
        let bounds = |value: &Value| {
            <[f64; 4]>::try_from(value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>())
                .unwrap()
        };
        let object = |value: &Value| LayoutObject {
            class: size(value, "class"),
            flags: size(value, "flags"),
            bounds: bounds(&value["box"]),
        };
        let objects: Vec<_> = case["objects"].as_array().unwrap().iter().map(object).collect();
        let want: Vec<u32> = case["row"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect();
        let crop = bounds(&case["crop"]);
        assert_eq!(tokens.encode(&objects, Some(crop)).unwrap(), want);
        assert_eq!(want.len(), tokens.length());
        let bare = LayoutTokens { crop: false, ..tokens.clone() };
        assert_eq!(bare.encode(&objects, None).unwrap(), want[..want.len() - 2]);
        if crop == [0.0, 0.0, 1.0, 1.0] {
            assert_eq!(tokens.encode(&objects, None).unwrap(), want);
        }
    }
}

#[test]
fn layouts_that_cannot_be_are_refused() {
    let tokens = LayoutTokens::open_images(601);
    assert_eq!((tokens.length(), tokens.encode(&[], None).unwrap()[..2].to_vec()), (92, vec![8191, 8191]));
    let object = |class, flags, bounds| LayoutObject { class, flags, bounds };
    let whole = [0.0, 0.0, 1.0, 1.0];
    let refused = |objects: &[LayoutObject], crop| sentence(tokens.encode(objects, crop));
    assert!(refused(&vec![object(0, 0, whole); 31], None).contains("up to 30"));
    assert!(
        refused(&[object(0, 0, whole), object(601, 0, whole)], None).contains("object 1 of the layout has the class")
    );
    assert!(refused(&[object(600, 13, whole)], None).contains("has no token"));
    for bad in [[0.5, 0.0, 0.5, 1.0], [0.0, 0.9, 1.0, 0.1], [-0.1, 0.0, 1.0, 1.0], [0.0, 0.0, f64::NAN, 1.0]] {
        assert!(refused(&[object(0, 0, bad)], None).contains("left upper"), "{bad:?}");
        assert!(refused(&[], Some(bad)).starts_with("the crop of the layout"));
    }
    let bare = LayoutTokens { crop: false, ..tokens };
    assert!(sentence(bare.encode(&[], Some(whole))).contains("have none"));
    let empty = LayoutTokens { vocabulary: 0, ..bare };
    assert!(sentence(empty.encode(&[], None)).contains("vocabulary of 0"));
}

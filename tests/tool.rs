//! The command-line tool as a user meets it: what it refuses and how, what it writes, its exit codes, Ctrl-C.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cabi::checks::{files, folder, hears_ctrl_c, interrupt, json, refuses, run, succeeds};
use cabi::{command, onnx_runtime, repository, said, tiny, tool};
use serde_json::Value;

/// `generate` with a good model and prompt, two steps, into `output`.
fn generate(output: &Path) -> Command {
    let mut command = tool();
    command.args(["generate", "--steps", "2", "-p", "a red house", "-o"]).arg(output).arg("-m").arg(tiny());
    command
}

/// A text chunk of a PNG, which is stored as Latin-1.
fn png_text(path: &Path, key: &str) -> Option<String> {
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[8..];
    while rest.len() >= 12 {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let (kind, data) = (&rest[4..8], &rest[8..8 + length]);
        if kind == b"tEXt" && data.starts_with(key.as_bytes()) && data.get(key.len()) == Some(&0) {
            return Some(data[key.len() + 1..].iter().map(|&b| char::from(b)).collect());
        }
        rest = &rest[12 + length..];
    }
    None
}

#[test]
fn bad_command_lines_are_one_line_and_exit_2() {
    let folder = folder();
    let out = folder.path().join("x.png");
    refuses(&mut tool(), 2, &["generate", "inspect", "devices"]);
    refuses(tool().arg("paint"), 2, &["\"paint\"", "generate"]);
    refuses(tool().arg("generate"), 2, &["--output"]);
    refuses(tool().args(["generate", "-o"]).arg(&out).arg("-m").arg(tiny()), 2, &["--prompt"]);
    refuses(generate(&out).arg("--stepz"), 2, &["--stepz"]);
    refuses(generate(&out).args(["-z", "1"]), 2, &["-z"]);
    refuses(generate(&out).arg("stray"), 2, &["\"stray\""]);
    refuses(generate(&out).arg("--steps"), 2, &["--steps", "value"]);
    refuses(generate(&out).arg("--json=yes"), 2, &["--json"]);
    refuses(tool().args(["inspect", "--prompt", "x"]), 2, &["--prompt"]);
    refuses(tool().args(["devices", "--model", "x"]), 2, &["--model"]);
    refuses(tool().args(["generate", "-p", "x", "-o"]).arg(&out), 2, &["--model"]);
    refuses(tool().args(["generate", "-p", "x", "-m"]).arg(tiny()), 2, &["--output"]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn every_option_refuses_bad_values_and_says_what_is_allowed() {
    let folder = folder();
    let out = folder.path().join("x.png");
    let bad: &[(&[&str], &[&str])] = &[
        (&["--steps", "0"], &["--steps", "0", "1 to 1000"]),
        (&["--steps", "-3"], &["-3", "1 to 1000"]),
        (&["--steps", "99999999999999999999"], &["--steps", "1 to 1000"]),
        (&["--threads", "-99999999999999999999"], &["--threads", "0 to 1024"]),
        // Still one line, with nothing in it that moves a cursor.
        (&["--steps", "a\nb\x1b[2J\x7f"], &["\"a?b?[2J?\""]),
        (&["stray\r\nline"], &["stray??line"]),
        (&["--scheduler", ""], &["--scheduler", "empty"]),
        (&["--sigmas="], &["--sigmas", "empty"]),
        (&["--steps", "2.5"], &["\"2.5\""]),
        (&["--steps="], &["\"\""]),
        (&["-W", "0"], &["--width", "1 to 8192"]),
        (&["-W61"], &["61", "16"]),
        (&["--height", "100000"], &["--height", "1 to 8192"]),
        (&["-H", "x"], &["--height", "\"x\""]),
        (&["--guidance", "nan"], &["--guidance"]),
        (&["-g", "1e9"], &["--guidance", "1000"]),
        (&["-g", "seven"], &["\"seven\""]),
        (&["--scheduler", "eulr"], &["--scheduler", "eulr", "euler_ancestral"]),
        (&["--sigmas", "carras"], &["--sigmas", "karras"]),
        (&["--seed", "-1"], &["--seed", "18446744073709551615"]),
        (&["--seed", "18446744073709551616"], &["--seed"]),
        (&["--count", "0"], &["--count", "1 to 64"]),
        (&["--count", "65"], &["--count", "1 to 64"]),
        (&["--rng", "dice"], &["--rng", "torch-cpu"]),
        (&["--provider", "gpu"], &["--provider", "cpu"]),
        (&["--provider", "unet=gpu"], &["--provider", "\"gpu\"", "cpu"]),
        (&["--provider", "vae=cpu"], &["--provider", "\"vae\"", "unet, transformer, vae_decoder"]),
        (&["--provider="], &["--provider", "cpu"]),
        (&["--fallback", "never"], &["--fallback", "\"never\"", "refuse"]),
        (&["--precision", "half"], &["--precision", "\"half\"", "bfloat16"]),
        (&["--precision", "bfloat16", "--provider", "cpu"], &["\"bfloat16\"", "\"cpu\"", "tensorrt, openvino"]),
        (&["--provider-option", "tf32"], &["--provider-option", "KEY=VALUE"]),
        (&["--provider-option", "openvino.tf32=1"], &["--provider-option", "device_type", "num_streams"]),
        (&["--provider-option", "cuda.tf32=2"], &["--provider-option", "\"2\"", "1 or 0"]),
        (&["--provider-option", "cuda.tf32=1", "--provider", "cpu"], &["\"cuda.tf32\"", "runs on cpu"]),
        (&["--device-id", "-1"], &["--device-id", "0 to 255"]),
        (&["--threads", "-1"], &["--threads", "0 to 1024"]),
        (&["--memory", "tiny"], &["--memory", "speed"]),
        (&["--ort-library", "/no/such/lib.so"], &["--ort-library", "/no/such/lib.so"]),
        (&["--model", "/no/such/folder"], &["--model", "/no/such/folder"]),
        (&["-o", "x.gif"], &["--output", ".png"]),
        (&["-o", "/no/such/folder/x.png"], &["--output", "/no/such/folder"]),
        (&["-o", "png"], &["--output", ".png"]),
        (&["--memory", "much"], &["--memory", "much", "balanced"]),
        (&["--prepare", "perhaps"], &["--prepare", "perhaps", "off"]),
        (&["--syntax", "comfy"], &["--syntax", "plain, webui"]),
        (&["--syntax="], &["--syntax", "empty"]),
        (&["--clip-skip", "12"], &["--clip-skip", "12", "0 to 11"]),
        (&["--clip-skip", "-1"], &["--clip-skip", "0 to 11"]),
        (&["--max-tokens", "0"], &["--max-tokens", "1 to 512"]),
        (&["--seed-mode", "every"], &["--seed-mode", "one-per-picture"]),
        (&["--variation-seed", "3"], &["--variation-strength", "missing"]),
        (&["--variation-strength", "0.3"], &["--variation-seed", "missing"]),
        (&["--variation-seed", "3", "--variation-strength", "1.1"], &["--variation-strength", "1.1", "0 to 1"]),
        (&["--image-guidance", "-1"], &["--image-guidance", "0 to 1000"]),
        (&["--true-guidance", "x"], &["--true-guidance", "\"x\""]),
        (&["--noise-level", "1000"], &["--noise-level", "0 to 999"]),
        (&["--sigmas-list", "7,x"], &["--sigmas-list", "SIGMA,SIGMA"]),
        (&["--sigmas-list", "1,2"], &["--sigmas-list", "lower"]),
        (&["--timesteps-list", "900,500", "--scheduler", "lms"], &["lms", "timesteps"]),
        (&["--sigmas-list", "9,5,2,0", "--scheduler", "euler"], &["2 steps", "leave the steps out"]),
        (&["--eta", "2"], &["--eta", "0 to 1"]),
        (&["--denoising-start", "-0.1"], &["--denoising-start", "0 to 1"]),
        (&["--denoising-start", "0.6", "--denoising-end", "0.5"], &["0.6", "0.5", "later"]),
        (&["--guidance-rescale", "2"], &["--guidance-rescale", "0 to 1"]),
        (&["--guidance-interval", "0.5"], &["--guidance-interval", "FROM,TO"]),
        (&["--guidance-interval", "0.8,0.2"], &["--guidance-interval", "later"]),
        (&["--guidance-scales", "7,x"], &["--guidance-scales", "SCALE,SCALE"]),
        (&["--guidance-scales", "7,6,5", "--scheduler", "ddim"], &["3 guidance scales", "2 steps"]),
        (&["--guidance-points", "0:7,1"], &["--guidance-points", "AT:SCALE"]),
        (&["--guidance-plus-plus", "0.5", "--scheduler", "lms"], &["CFG++", "lms"]),
        (&["--guidance-projection", "0,15"], &["--guidance-projection", "MOMENTUM"]),
        (&["--guidance-threshold", "0.2,1"], &["--guidance-threshold", "0.5"]),
        (&["--guidance-mimic", ""], &["--guidance-mimic", "PERCENTILE,SCALE"]),
        (&["--guidance-zero-star", "1"], &["CFG-Zero*", "flow"]),
        (&["--reuse", "-1"], &["--reuse", "0 to 10"]),
        (&["--reuse-keep", "3,1"], &["--reuse-keep", "--reuse"]),
        (&["--reuse", "0.1", "--reuse-keep", "3"], &["--reuse-keep", "FIRST,LAST"]),
        (&["--negative-every", "0"], &["--negative-every", "1 to 1000"]),
        (&["--negative-until", "2"], &["--negative-until", "0 to 1"]),
        (&["--original-size", "512"], &["--original-size", "\"512\"", "'x'"]),
        (&["--original-size", "512x99999"], &["--original-size", "99999", "0 to 8192"]),
        (&["--crop", "1x2"], &["--crop", "','"]),
        (&["--target-size", "1x2x3"], &["--target-size", "1x2x3"]),
        (&["--negative-crop", "1,-2"], &["--negative-crop", "-2"]),
        (&["--aesthetic-score", "11"], &["--aesthetic-score", "0 to 10"]),
        (&["--refiner", "/no/such/folder"], &["--refiner", "/no/such/folder"]),
        (&["--init", "/no/such.png"], &["--init", "/no/such.png", "No such file"]),
        (&["--init", "Cargo.toml"], &["--init", "Cargo.toml", "not a PNG"]),
        (&["--init", "src"], &["--init", "src"]),
        (&["--init="], &["--init", "empty"]),
        (&["--strength", "0.5"], &["strength", "no picture"]),
        (&["--init", PICTURE, "--strength", "0"], &["--strength", "above 0"]),
        (&["--init", PICTURE, "--strength", "1.01"], &["--strength", "up to 1"]),
        (&["--init", PICTURE, "--strength", "0.01", "--scheduler", "ddim"], &["0.01", "2 steps"]),
        (&["--mask", PICTURE], &["--mask", "--init"]),
        (&["--init", PICTURE, "--mask", "Cargo.toml"], &["--mask", "Cargo.toml", "not a PNG"]),
        (&["--init", PICTURE, "--mask-blur", "999"], &["--mask-blur", "0 to 256"]),
        (&["--init", PICTURE, "--mask-padding", "2000"], &["--mask-padding", "0 to 1024"]),
        (&["--outpaint", "1,2,3,4"], &["--outpaint", "--init"]),
        (&["--init", PICTURE, "--outpaint", "1,2,3"], &["--outpaint", "LEFT,RIGHT,TOP,BOTTOM"]),
        (&["--init", PICTURE, "--outpaint", "0,0,0,0"], &["--outpaint", "nothing"]),
        (&["--init", PICTURE, "--outpaint", "0,0,-8,0"], &["--outpaint", "top is -8"]),
        (&["--init", PICTURE, "--outpaint", "8,0,0,0", "--mask", PICTURE], &["--mask", "--outpaint"]),
        (&["--init", PICTURE, "--mask", PICTURE, "--refiner", "src"], &["--refiner", "mask"]),
    ];
    for (arguments, words) in bad {
        refuses(generate(&out).args(*arguments), 2, words);
    }
    assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
}

/// A picture that the tool can read.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/image/rgb.png");

/// A picture of 64 x 64 pixels in a file: red grows to the right, green downwards, blue is `blue`.
fn gradient(path: &Path, blue: u8) {
    let picture = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 4, y as u8 * 4, blue]));
    picture.save(path).unwrap();
}

/// A mask of 64 x 64 pixels in a file: white on the left half.
fn half(path: &Path) {
    image::GrayImage::from_fn(64, 64, |x, _| image::Luma([if x < 32 { 255 } else { 0 }])).save(path).unwrap();
}

fn rgb(path: &Path) -> image::RgbImage {
    image::open(path).unwrap().to_rgb8()
}

/// The mean difference of two pictures' values.
fn apart(one: &image::RgbImage, other: &image::RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let sum: u64 = one.iter().zip(other.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}

#[test]
fn a_picture_to_start_from() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    gradient(&path("init.png"), 90);
    let draw = |name: &str, arguments: &[&str]| {
        let mut command = generate(&path(name));
        json(
            command
                .args(["-s", "3", "--steps", "8", "--scheduler", "ddim", "--json", "--init"])
                .arg(path("init.png"))
                .args(arguments),
        )
    };
    let little = draw("little.png", &["--strength", "0.125"]);
    let much = draw("much.png", &["--strength", "1"]);
    assert_eq!(
        (little["timings"]["denoise"].as_array().unwrap().len(), &little["settings"]["strength"]),
        (1, &0.125.into())
    );
    assert_eq!(much["timings"]["denoise"].as_array().unwrap().len(), 8);
    assert!(little["timings"]["encode"].as_f64().unwrap() > 0.0, "{little}");
    let near = |name: &str| apart(&rgb(&path(name)), &rgb(&path("init.png")));
    assert!(near("little.png") < near("much.png"), "{} {}", near("little.png"), near("much.png"));
    let parameters = png_text(&path("little.png"), "parameters").unwrap();
    assert!(parameters.contains("Denoising strength: 0.125"), "{parameters}");
    let settings: Value = serde_json::from_str(&png_text(&path("little.png"), "libdiffusion").unwrap()).unwrap();
    assert_eq!(settings["strength"], 0.125);
}

#[test]
fn a_mask_and_a_larger_canvas() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    gradient(&path("init.png"), 90);
    half(&path("mask.png"));
    let init = rgb(&path("init.png"));
    let column = |picture: &image::RgbImage, x: u32| (0..64).map(|y| *picture.get_pixel(x, y)).collect::<Vec<_>>();
    let draw = |name: &str, arguments: &[&str]| {
        let mut command = generate(&path(name));
        succeeds(command.args(["-s", "3", "--quiet", "--init"]).arg(path("init.png")).args(arguments));
        rgb(&path(name))
    };
    let mask = path("mask.png");
    let mask = mask.to_str().unwrap();
    let plain = draw("plain.png", &["--mask", mask]);
    assert_ne!(column(&plain, 63), column(&init, 63), "what stays went through the autoencoder");
    let pasted = draw("pasted.png", &["--mask", mask, "--paste-back"]);
    assert_eq!(column(&pasted, 63), column(&init, 63));
    assert_ne!(column(&pasted, 8), column(&init, 8));
    let blurred = draw("blurred.png", &["--mask", mask, "--paste-back", "--mask-blur", "3"]);
    assert_ne!(column(&pasted, 33), column(&blurred, 33), "the edge runs out softly");
    let part = draw("part.png", &["--mask", mask, "--mask-padding", "4"]);
    assert_eq!(column(&part, 63), column(&init, 63));
    let canvas = draw("canvas.png", &["--outpaint", "16,0,0,0", "--paste-back"]);
    assert_eq!(canvas.dimensions(), (80, 64));
    assert_eq!(column(&canvas, 79), column(&init, 63));
}

#[test]
fn an_inpainting_model_and_what_it_needs() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    gradient(&path("init.png"), 90);
    half(&path("mask.png"));
    let inpaint = |name: &str| {
        let mut command = generate(&path(name));
        command.args(["--quiet", "-m"]).arg(repository("tests/models/tiny-inpaint"));
        command
    };
    refuses(&mut inpaint("none.png"), 2, &["inpainting model", "picture"]);
    refuses(inpaint("none.png").arg("--init").arg(path("init.png")), 2, &["inpainting model", "mask"]);
    let mut command = inpaint("drawn.png");
    succeeds(command.arg("--init").arg(path("init.png")).arg("--mask").arg(path("mask.png")));
    assert_eq!(rgb(&path("drawn.png")).dimensions(), (64, 64));
}

#[test]
fn pictures_by_their_roles() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    // A name that looks like what follows names.
    let picture = path("a=b,scale=x.png");
    gradient(&picture, 90);
    let with = |name: &str, model: &str| {
        let mut command = generate(&path(name));
        command.arg("--quiet").arg("-m").arg(repository("tests/models").join(model));
        command
    };
    let condition = |role: &str, more: &str| format!("--condition={role}={}{more}", picture.display());
    let control = |name: &str, more: &str| {
        succeeds(with(name, "tiny-control").arg(condition("controlnet", more)));
        rgb(&path(name))
    };
    let (whole, half) = (control("whole.png", ""), control("half.png", ",start=0,scale=0.5,end=1"));
    assert!(apart(&whole, &half) > 1.0);
    let text = png_text(&path("half.png"), "libdiffusion").unwrap();
    assert!(text.contains(r#""conditions":[{"role":"controlnet","scale":0.5}]"#), "{text}");
    let elsewhere = repository("tests/models/tiny-control/adapter");
    let shown = succeeds(
        tool()
            .args(["inspect", "-m"])
            .arg(repository("tests/models/tiny-control"))
            .arg("--condition-graph")
            .arg(elsewhere),
    );
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("condition pictures\n  controlnet ") && shown.contains("  adapter:1 "), "{shown}");
    succeeds(with("boxed.png", "tiny-gligen").args(["--box", "time: now:0,0.1,0.5,1", "--boxes-until", "0.5"]));
    let text = png_text(&path("boxed.png"), "libdiffusion").unwrap();
    assert!(text.contains(r#""phrase":"time: now""#), "{text}");

    refuses(with("no.png", "tiny-control").arg(condition("depth", "")), 2, &["\"depth\"", "adapter"]);
    refuses(with("no.png", "tiny-depth").arg("--quiet"), 2, &["\"depth\"", "needs"]);
    refuses(
        with("no.png", "tiny-control").arg(condition("controlnet", ",scale=1000")),
        2,
        &["--condition", "-100 to 100"],
    );
    refuses(with("no.png", "tiny-control").args(["--condition", "x.png"]), 2, &["--condition", "ROLE=FILE"]);
    refuses(with("no.png", "tiny-control").args(["--box", "a cat:1,2"]), 2, &["--box", "X0,Y0,X1,Y1"]);
    refuses(with("no.png", "tiny-control").arg("--guess-mode"), 2, &["guess mode", "no ControlNet"]);
}

#[test]
fn a_refiner_goes_on_where_the_model_stopped() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let draw = |name: &str, arguments: &[&str]| {
        let mut command = generate(&path(name));
        command.args(["--steps", "5", "--scheduler", "ddim", "--json", "-s", "4"]).args(arguments);
        json(&mut command)
    };
    // The model as its own refiner draws what it draws in one go.
    let own = tiny();
    let own = own.to_str().unwrap();
    let whole = draw("whole.png", &[]);
    let refined = draw("refined.png", &["--refiner", own]);
    let far = rgb(&path("whole.png")).iter().zip(rgb(&path("refined.png")).iter()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(far <= Some(1), "{far:?}");
    let steps = |value: &Value| value["denoise"].as_array().unwrap().len();
    assert_eq!((steps(&whole["timings"]), steps(&refined["timings"])), (5, 5));
    assert_eq!((steps(&refined["base"]["generation"]), steps(&refined["generation"])), (4, 1), "it takes over at 0.8");
    assert!(whole["base"].is_null() && refined["base"]["settings"]["steps"] == 5, "{refined}");
    let early = draw("early.png", &["--refiner", own, "--denoising-end", "0.4"]);
    assert_eq!((steps(&early["base"]["generation"]), steps(&early["generation"])), (2, 3));
    // Latents of another shape are no start.
    let other = repository("tests/models/tiny-sd3");
    let mut command = generate(&path("other.png"));
    command.args(["--steps", "5", "--scheduler", "ddim", "--refiner"]).arg(other);
    assert_eq!(run(&mut command).status.code(), Some(2), "{}", said(&run(&mut command)));
}

#[test]
fn stable_diffusion_xl_with_its_refiner_and_sizes() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let draw = |name: &str, arguments: &[&str]| {
        let mut command = generate(&path(name));
        command.args(["-s", "4", "--quiet", "-m"]).arg(repository("tests/models/tiny-xl")).args(arguments);
        succeeds(&mut command);
        rgb(&path(name))
    };
    let plain = draw("plain.png", &[]);
    assert!(apart(&plain, &draw("crop.png", &["--crop", "32,16"])) > 0.0);
    assert!(apart(&plain, &draw("size.png", &["--original-size", "16x16", "--target-size", "32x32"])) > 0.0);
    assert!(apart(&plain, &draw("second.png", &["--prompt-2", "a blue castle"])) > 0.0);
    let refiner = repository("tests/models/tiny-xl-refiner");
    let refiner = ["--steps", "5", "--refiner", refiner.to_str().unwrap()];
    let refined = draw("refined.png", &refiner);
    let scored =
        draw("scored.png", &[&refiner[..], &["--aesthetic-score", "1", "--negative-aesthetic-score", "9"]].concat());
    assert!(apart(&refined, &scored) > 0.0);
}

#[test]
fn rules_lists_and_calls_that_are_left_out() {
    let folder = folder();
    let draw = |name: &str, arguments: &[&str]| {
        let mut command = generate(&folder.path().join(name));
        let found = json(command.args(["-s", "4", "--steps", "8", "--scheduler", "ddim", "--json"]).args(arguments));
        (rgb(&folder.path().join(name)), found["generation"].clone())
    };
    let (plain, times) = draw("plain.png", &[]);
    assert_eq!((&times["skipped_calls"], &times["skipped_negatives"]), (&0.into(), &0.into()));
    let ruled = draw("ruled.png", &["--guidance-rescale", "0.7", "--guidance-points", "0:9,1:2"]).0;
    assert!(apart(&plain, &ruled) > 0.0);
    let (_, times) = draw("reused.png", &["--reuse", "10", "--reuse-keep", "2,2"]);
    assert_eq!(times["skipped_calls"], 4);
    let (_, times) = draw("compressed.png", &["--negative-every", "4"]);
    assert_eq!(times["skipped_negatives"], 6);
    let (_, times) = draw("listed.png", &["--steps", "3", "--scheduler", "euler", "--sigmas-list", "12,5,1.5,0"]);
    assert_eq!(times["denoise"].as_array().unwrap().len(), 3);
}

#[test]
fn prompts_and_seeds() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let draw = |name: &str, arguments: &[&str]| {
        let mut command = generate(&path(name));
        succeeds(command.args(["-p", "a (red:1.6) house", "-s", "7", "--quiet"]).args(arguments));
    };
    draw("plain.png", &[]);
    draw("webui.png", &["--syntax", "webui"]);
    draw("skip.png", &["--clip-skip", "1"]);
    let plain = rgb(&path("plain.png"));
    assert!(apart(&plain, &rgb(&path("webui.png"))) > 0.0);
    assert!(apart(&plain, &rgb(&path("skip.png"))) > 0.0);
    assert!(png_text(&path("skip.png"), "parameters").unwrap().contains("Clip skip: 2"), "the webui counts from 1");
    draw("own.png", &["--count", "2", "--seed-mode", "one-per-picture"]);
    draw("eight.png", &["-s", "8"]);
    let close = |one: &str, other: &str| apart(&rgb(&path(one)), &rgb(&path(other))) < 0.01;
    assert!(close("own_1.png", "eight.png"), "picture i has seed + i");
    for (mode, seeds) in [("one-per-picture", [7, 8]), ("one-generator", [7, 7])] {
        let found = json(generate(&path("x.png")).args(["-s", "7", "--count", "2", "--json", "--seed-mode", mode]));
        let own: Vec<_> = found["images"].as_array().unwrap().iter().map(|image| image["seed"].as_u64()).collect();
        assert_eq!(own, seeds.map(Some), "the seed that draws each picture again, {mode}");
    }
    draw("varied.png", &["--variation-seed", "8", "--variation-strength", "1"]);
    assert!(close("varied.png", "eight.png"));
    let parameters = png_text(&path("varied.png"), "parameters").unwrap();
    assert!(parameters.contains("Variation seed: 8, Variation seed strength: 1"), "{parameters}");
    let settings: Value = serde_json::from_str(&png_text(&path("webui.png"), "libdiffusion").unwrap()).unwrap();
    assert_eq!((&settings["syntax"], settings.get("variation_seed")), (&"webui".into(), None));
    draw("near.png", &["--variation-seed", "8", "--variation-strength", "0.2"]);
    assert!(!close("near.png", "eight.png") && !close("near.png", "plain.png"));
}

#[test]
#[cfg(unix)]
fn a_text_that_is_not_utf_8_is_exit_2() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let bad = std::ffi::OsStr::from_bytes(b"caf\xe9");
    refuses(generate(&folder.path().join("x.png")).arg("-n").arg(bad), 2, &["--negative", "UTF-8"]);
    // Before the model is opened, which is none: that would be exit 3.
    let mut command = tool();
    command.args(["generate", "-p", "x", "-m"]).arg(folder.path()).arg("-o");
    refuses(command.arg(folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.png"))), 2, &["--output", "UTF-8"]);
}

#[test]
fn an_output_that_cannot_be_is_refused_before_the_model_is_opened() {
    // The folder is no model, which would be exit 3.
    let empty = folder();
    refuses(tool().args(["generate", "-p", "x", "-o", "/no/such/x.png", "-m"]).arg(empty.path()), 2, &["--output"]);
    refuses(tool().args(["generate", "-p", "x", "-o"]).arg(empty.path()).arg("-m").arg(tiny()), 2, &["--output"]);
}

#[test]
fn what_is_no_model_is_exit_3() {
    let empty = folder();
    refuses(generate(&empty.path().join("x.png")).arg("-m").arg(empty.path()), 3, &["model"]);
    refuses(tool().args(["inspect", "-m"]).arg(empty.path()), 3, &["model"]);
    let spoiled = folder();
    cp(&tiny(), spoiled.path());
    fs::write(spoiled.path().join("unet/model.onnx"), b"not a graph").unwrap();
    refuses(tool().args(["inspect", "-m"]).arg(spoiled.path()), 3, &["unet"]);
}

fn cp(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            cp(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_missing_runtime_or_provider_is_exit_4() {
    let folder = folder();
    let (out, broken) = (folder.path().join("x.png"), folder.path().join("libonnxruntime.so"));
    fs::write(&broken, b"not a library").unwrap();
    refuses(generate(&out).arg("--ort-library").arg(&broken), 4, &["libonnxruntime.so"]);
    refuses(tool().arg("devices").arg("--ort-library").arg(&broken), 4, &["libonnxruntime.so"]);
    refuses(tool().arg("devices").env("ORT_DYLIB_PATH", "/no/such/lib.so"), 4, &["/no/such/lib.so", "ORT_DYLIB_PATH"]);
    refuses(generate(&out).args(["--provider", "coreml"]), 4, &["coreml"]);
    refuses(generate(&out).args(["--provider=cpu", "--provider=vae_decoder=coreml"]), 4, &["coreml"]);
}

#[test]
fn help_and_version() {
    let helps: [&[&str]; 5] = [
        &["--help"],
        &["-h"],
        &["generate", "--help"],
        &["generate", "-p", "x", "--help"],
        &["devices", "--json", "-h"],
    ];
    for help in helps {
        let output = succeeds(tool().args(help));
        let text = String::from_utf8(output.stdout).unwrap();
        let options = "model prompt negative width height steps guidance scheduler sigmas seed count rng provider device-id init \
                       strength mask mask-blur mask-padding paste-back outpaint clip-skip max-tokens prompt-2 prompt-3 \
                       negative-2 negative-3 syntax seed-mode variation-seed variation-strength image-guidance \
                       true-guidance noise-level eta denoising-start denoising-end refiner original-size crop \
                       target-size negative-original-size negative-crop negative-target-size aesthetic-score \
                       negative-aesthetic-score guidance-rescale guidance-interval guidance-scales \
                       guidance-points guidance-plus-plus guidance-projection guidance-threshold guidance-mimic \
                       guidance-zero-star sigmas-list timesteps-list \
                       reuse reuse-keep negative-every negative-until precision fallback provider-option threads memory ort-library output json quiet verbose";
        for option in options.split_whitespace() {
            assert!(text.contains(&format!("--{option}")), "--{option} is not in the help:\n{text}");
        }
        for name in ["dpmpp_2m_sde", "karras", "torch-cuda", "cpu", "130"] {
            assert!(text.contains(name), "{name} is not in the help");
        }
    }
    let version = succeeds(tool().arg("--version"));
    assert_eq!(String::from_utf8(version.stdout).unwrap(), format!("diffusion {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn json_holds_images_settings_times_providers_and_memory() {
    let folder = folder();
    // Quotes, a line break, Umlauts and a Chinese character, in the prompt and in the path.
    let out = folder.path().join("a \"bild\" \u{e4}\u{753b}.png");
    let prompt = "a \"red\" house\n\\ \u{fc}\u{753b}";
    let found =
        json(generate(&out).args(["-p", prompt, "--json", "-s", "18446744073709551615", "--scheduler", "euler"]));
    let image = &found["images"][0];
    assert_eq!(image["path"], out.to_str().unwrap());
    assert_eq!((image["width"].as_u64(), image["height"].as_u64()), (Some(64), Some(64)));
    assert_eq!(image["seed"].as_u64(), Some(u64::MAX));
    assert_eq!(found["settings"]["prompt"], prompt);
    assert_eq!(found["settings"]["scheduler"], "euler");
    assert_eq!(found["settings"]["steps"], 2);
    let times = &found["timings"];
    for name in ["open", "text", "encode", "decode", "total"] {
        assert!(times[name].as_f64().is_some_and(|ms| ms >= 0.0), "{name}: {times}");
    }
    let steps: Vec<f64> = times["denoise"].as_array().unwrap().iter().map(|ms| ms.as_f64().unwrap()).collect();
    assert_eq!(steps.len(), 2);
    assert!(steps.iter().all(|ms| *ms > 0.0));
    let parts: f64 = ["open", "text", "encode", "decode"].iter().map(|name| times[name].as_f64().unwrap()).sum();
    assert!(times["total"].as_f64().unwrap() + 1.0 >= parts + steps.iter().sum::<f64>(), "{times}");
    let inside = found["generation"]["denoise_in_graphs"].as_f64().unwrap();
    assert!(inside > 0.0 && inside <= steps.iter().sum::<f64>() + 1e-6, "{found}");
    assert_eq!(found["providers"]["unet"], "cpu", "{}", found["providers"]);
    assert!(found["nodes"]["unet"]["cpu"].as_u64().is_some_and(|count| count > 50), "{}", found["nodes"]);
    assert!(found["peak_memory_bytes"].as_u64().unwrap() > 10_000_000);
    assert_eq!(found["warnings"], serde_json::json!([]));
}

#[test]
fn a_png_carries_its_settings() {
    let folder = folder();
    let out = folder.path().join("x.png");
    let output = succeeds(generate(&out).args(["-s", "11", "-g", "3.5", "-n", "rain"]));
    assert!(String::from_utf8_lossy(&output.stdout).contains("seed 11"), "{}", said(&output));
    assert!(output.stderr.is_empty(), "a pipe shows no progress bar: {}", said(&output));
    let parameters = png_text(&out, "parameters").unwrap();
    for part in ["a red house\n", "Negative prompt: rain", "Steps: 2", "CFG scale: 3.5", "Seed: 11", "Size: 64x64"] {
        assert!(parameters.contains(part), "{part}: {parameters}");
    }
    let settings: Value = serde_json::from_str(&png_text(&out, "libdiffusion").unwrap()).unwrap();
    assert_eq!((&settings["seed"], &settings["negative_prompt"]), (&11.into(), &"rain".into()));
}

#[test]
fn previews_are_written_while_drawing_and_change_nothing() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let drawn = |options: &[&str]| {
        let output = run(generate(&path("out.png")).args(["-s", "5"]).args(options));
        assert!(output.status.success(), "{}", said(&output));
        image::open(path("out.png")).unwrap()
    };
    let plain = drawn(&[]);
    let preview = path("preview.png");
    for (mode, side) in [("linear", plain.width() / 8), ("full", plain.width())] {
        assert_eq!(drawn(&["--preview", preview.to_str().unwrap(), "--preview-mode", mode]), plain);
        assert_eq!(image::open(&preview).unwrap().width(), side, "{mode}");
    }
    refuses(generate(&path("out.png")).args(["--preview-mode", "full"]), 2, &["--preview FILE"]);
    refuses(generate(&path("out.png")).args(["--preview", "p.bmp"]), 2, &["--preview", ".png"]);
    refuses(
        generate(&path("out.png")).args(["--preview", "p.png", "--preview-mode", "x"]),
        2,
        &["--preview-mode", "\"full\""],
    );
}

#[test]
fn count_numbers_the_files_and_one_seed_is_one_picture() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let several = json(generate(&path("out.v1.png")).args(["--count", "2", "-s", "5", "--json"]));
    succeeds(generate(&path("one.png")).args(["--seed=5", "--quiet"]));
    succeeds(generate(&path("other.jpg")).args(["-s6", "--quiet"]));
    assert_eq!(files(folder.path()), ["one.png", "other.jpg", "out.v1_0.png", "out.v1_1.png"]);
    let listed: Vec<_> = several["images"].as_array().unwrap().iter().map(|i| i["path"].clone()).collect();
    assert_eq!(listed, [path("out.v1_0.png").to_str().unwrap(), path("out.v1_1.png").to_str().unwrap()]);
    let pixels = |name: &str| image::open(path(name)).unwrap().to_rgb8();
    // The first of several has the same start as the only one; a batch of two may round differently.
    let same = pixels("out.v1_0.png").iter().zip(pixels("one.png").iter()).all(|(a, b)| a.abs_diff(*b) <= 1);
    assert!(same, "one generator draws the pictures in turn");
    assert_ne!(pixels("out.v1_0.png"), pixels("out.v1_1.png"));
    assert_eq!(&fs::read(path("other.jpg")).unwrap()[..3], b"\xff\xd8\xff");
}

#[test]
fn quiet_prints_nothing_and_verbose_prints_the_log() {
    let folder = folder();
    let quiet = succeeds(generate(&folder.path().join("q.png")).arg("--quiet"));
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{}", said(&quiet));
    let verbose = succeeds(generate(&folder.path().join("v.png")).arg("--verbose"));
    assert!(String::from_utf8_lossy(&verbose.stderr).contains("[info] "), "{}", said(&verbose));
    let long = "house ".repeat(200);
    let warned = succeeds(generate(&folder.path().join("w.png")).args(["-p", &long]));
    assert!(String::from_utf8_lossy(&warned.stderr).contains("warning: "), "{}", said(&warned));
}

#[test]
fn inspect_and_devices() {
    let text = String::from_utf8(succeeds(tool().args(["inspect", "-m"]).arg(tiny())).stdout).unwrap();
    for part in ["stable-diffusion-1", "optimum", "64 x 64", "unet", "on cpu", "notes"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let found = json(tool().args(["inspect", "--json", "-m"]).arg(tiny()));
    assert_eq!(found["family"], "stable-diffusion-1");
    assert!(found["graphs"].as_array().unwrap().len() >= 3);
    let text = String::from_utf8(succeeds(tool().arg("devices")).stdout).unwrap();
    assert!(text.starts_with("ONNX Runtime 1.") && text.contains("CPU"), "{text}");
    let found = json(tool().args(["devices", "--json"]));
    assert!(found["version"].as_str().unwrap().starts_with("1."), "{found}");
    assert!(found["providers"].as_array().unwrap().iter().any(|name| name == "CPUExecutionProvider"), "{found}");
    assert!(found["tried"]["cpu"].is_null() && found["tried"].as_object().unwrap().len() == 11, "{found}");
    assert!(found["tried"]["qnn"].as_str().unwrap().contains("\"qnn\" is not in this"), "{found}");
    assert_eq!(found["auto"], "cpu", "this library has nothing else: {found}");
    assert!(Path::new(found["library"].as_str().unwrap()).exists(), "{found}");
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_printed_is_an_error() {
    let commands: [&[&str]; 4] = [&["--help"], &["--version"], &["devices"], &["inspect"]];
    for arguments in commands {
        let mut command = tool();
        command.args(arguments);
        if arguments == ["inspect"] {
            command.arg("-m").arg(tiny());
        }
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        refuses(command.stdout(full), 5, &["standard output"]);
    }
}

/// `script` gives a program a terminal and prints what came through it.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_shows_a_bar_that_is_wiped() {
    if Command::new("script").arg("--version").output().is_err() {
        return cabi::skip("script (util-linux) is not installed, so nobody looked at the progress bar");
    }
    let folder = folder();
    let out = folder.path().join("x.png");
    let generate = generate(&out);
    let words: Vec<String> = std::iter::once(generate.get_program())
        .chain(generate.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''")))
        .collect();
    let mut script = command("script");
    script.args(["-qec", &words.join(" "), "/dev/null"]).env("ORT_DYLIB_PATH", onnx_runtime()).stdin(Stdio::null());
    let output = succeeds(&mut script);
    let text = String::from_utf8_lossy(&output.stdout);
    for part in ["\r\x1b[Kdenoising", "[############################] 2/2", "0/2", "s left", "decoding"] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    let after_bar = text.rsplit("\r\x1b[K").next().unwrap();
    assert!(after_bar.contains("64 x 64 pixels"), "the bar is wiped before the list of files: {text:?}");
    assert!(out.exists());
}

/// Starts a generation of minutes and waits until its log says that ONNX Runtime is loaded.
fn start_long_work(out: &Path) -> std::process::Child {
    let mut command = generate(out);
    command.args(["--steps", "990", "--count", "16", "--scheduler", "euler", "--verbose"]).stderr(Stdio::piped());
    let mut child = hears_ctrl_c(&mut command).stdout(Stdio::piped()).spawn().unwrap();
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&seen).contains("[info] ") {
        assert_eq!(child.stderr.as_mut().unwrap().read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    child
}

#[test]
fn ctrl_c_at_any_moment_is_exit_130_and_leaves_no_file() {
    let folder = folder();
    for wait in [0, 30, 200, 1000, 3000] {
        let child = start_long_work(&folder.path().join("x.png"));
        std::thread::sleep(Duration::from_millis(wait));
        interrupt(child.id());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "after {wait} ms: {}", said(&output));
        assert!(String::from_utf8_lossy(&output.stderr).contains("diffusion: cancelled\n"), "{}", said(&output));
        assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
    }
}

#[test]
fn ctrl_c_while_saving_leaves_only_whole_files() {
    // It is over quickly, so a machine that looks elsewhere for a moment gets another try.
    for _ in 0..5 {
        let folder = folder();
        let mut command = generate(&folder.path().join("x.png"));
        command
            .args(["--count", "64", "--steps", "1", "--guidance", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = hears_ctrl_c(&mut command).spawn().unwrap();
        while !folder.path().join("x_0.png").exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        interrupt(child.id());
        let output = child.wait_with_output().unwrap();
        let saved = files(folder.path());
        for (index, name) in (0..).zip(&saved) {
            let number = name.strip_prefix("x_").and_then(|rest| rest.strip_suffix(".png"));
            assert!(number.is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n < 64)), "{index}: {saved:?}");
            assert_eq!(image::open(folder.path().join(name)).unwrap().to_rgb8().dimensions(), (64, 64), "{name}");
        }
        if output.status.code() == Some(130) {
            assert!(!saved.is_empty() && saved.len() < 64, "{saved:?}");
            return;
        }
        // Too late: everything is saved, or Ctrl-C found nobody who waits for it any more.
        assert_eq!(saved.len(), 64, "{}", said(&output));
    }
    panic!("no Ctrl-C came while pictures were being saved");
}

#[test]
fn an_ignored_ctrl_c_stays_ignored() {
    let folder = folder();
    let generate = generate(&folder.path().join("x.png"));
    let mut shell = command("sh");
    // What a shell ignores, its programs find ignored.
    shell.args(["-c", "trap '' INT; \"$@\" & child=$!; sleep 0.3; kill -INT $child; wait $child", "sh"]);
    shell.arg(generate.get_program()).args(generate.get_args()).args(["--steps", "20"]);
    succeeds(shell.env("ORT_DYLIB_PATH", onnx_runtime()).stdin(Stdio::null()));
    assert_eq!(files(folder.path()), ["x.png"]);
}

#[test]
fn the_tool_runs_from_any_folder_without_any_environment() {
    // As `make` lays it out: the tool above a folder with the library and a link to ONNX Runtime.
    let folder = folder();
    let (place, release) = (folder.path().join("with spaces"), folder.path().join("with spaces/release"));
    fs::create_dir_all(&release).unwrap();
    for name in ["libdiffusion.so.0", "libdiffusion.so"] {
        fs::copy(cabi::library(), release.join(name)).unwrap();
    }
    let runtime = onnx_runtime();
    let runtime = if runtime.is_dir() { runtime.join("onnxruntime") } else { runtime.parent().unwrap().to_owned() };
    std::os::unix::fs::symlink(runtime, release.join("onnxruntime")).unwrap();
    let sources = fs::read_dir(repository("examples/diffusion")).unwrap().map(|entry| entry.unwrap().path());
    let origin = if cfg!(target_vendor = "apple") { "@executable_path" } else { "$ORIGIN" };
    let output = cabi::cc()
        .args(cabi::STRICT)
        .arg("-I")
        .arg(repository("include"))
        .args(sources.filter(|path| path.extension().is_some_and(|e| e == "c")))
        .arg("-L")
        .arg(&release)
        .args(["-ldiffusion", "-lpthread", &format!("-Wl,-rpath,{origin}/release"), "-o"])
        .arg(place.join("diffusion"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let found = json(command(place.join("diffusion")).args(["devices", "--json"]).env_clear().current_dir("/"));
    assert!(found["library"].as_str().unwrap().contains("with spaces"), "{found}");
}

#[test]
fn graphs_are_kept_where_the_user_says() {
    let (folder, output) = (folder(), folder());
    let preparation = |arguments: &[&str]| {
        let mut command = tool();
        command.args(["inspect", "--json", "-m"]).arg(tiny()).args(arguments).env("XDG_CACHE_HOME", output.path());
        let shown = run(&mut command);
        assert!(shown.status.success(), "{}", said(&shown));
        let info: Value = serde_json::from_slice(&shown.stdout).unwrap();
        info["graphs"][1]["preparation"].clone()
    };
    let named = folder.path().join("kept");
    let named = ["--cache-dir", named.to_str().unwrap()];
    assert_eq!(preparation(&named)["cache"], "stored");
    let found = preparation(&named);
    assert_eq!(found["cache"], "found");
    assert!(found["done"][0].as_str().unwrap().contains("MultiHeadAttention"), "{found}");
    assert!(!output.path().join("libdiffusion").exists());
    assert_eq!(preparation(&["--cache-dir", "none"])["cache"], "none");
    let untouched = preparation(&["--prepare", "off"]);
    assert_eq!((&untouched["cache"], untouched["done"].as_array().unwrap().len()), (&Value::from("none"), 0));
    assert!(!output.path().join("libdiffusion/graphs").read_dir().is_ok_and(|mut entries| entries.next().is_some()));
    assert_eq!(preparation(&[])["cache"], "stored");
    assert!(output.path().join("libdiffusion/graphs").exists(), "the user's own cache folder");
}

#[test]
fn without_a_place_for_a_cache_it_says_so_and_goes_on() {
    let mut command = tool();
    command.args(["inspect", "-m"]).arg(tiny()).env("XDG_CACHE_HOME", "/dev/null/caches");
    let shown = run(&mut command);
    assert!(shown.status.success(), "{}", said(&shown));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("not kept"), "{}", said(&shown));
}

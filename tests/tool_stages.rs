//! The command-line tool with models of several stages: its options and short commands, what they refuse, the files of
//! embeddings, and the commands and the program in `docs/cascades.md`.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cabi::checks::{files, folder, hears_ctrl_c, interrupt, json, refuses, run, succeeds};
use cabi::{command, compile, onnx_runtime, repository, said, tool};
use serde_json::{Value, json as object};

fn model(name: &str) -> PathBuf {
    repository("tests/models").join(name)
}

fn input(name: &str) -> String {
    repository("tests/golden/inputs").join(name).to_str().unwrap().to_owned()
}

/// A command with a model and an output, a seed, and no more to say than it must.
fn on(name: &str, model: &Path, output: &Path) -> Command {
    let mut command = tool();
    command.args([name, "-s", "3", "--quiet", "-m"]).arg(model).arg("-o").arg(output);
    command
}

/// The fewest steps that unCLIP's schedulers take, in each stage.
const SHORT: [&str; 6] = ["--steps", "2", "--stage", "prior:steps=2", "--stage", "super_res:steps=2"];

/// `on` with tiny Karlo, in the fewest steps.
fn karlo(name: &str, output: &Path) -> Command {
    let mut command = on(name, &model("tiny-karlo"), output);
    command.args(SHORT);
    command
}

fn rgb(path: &Path) -> image::RgbImage {
    image::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).to_rgb8()
}

fn farthest(one: &image::RgbImage, other: &image::RgbImage) -> u8 {
    assert_eq!(one.dimensions(), other.dimensions());
    one.iter().zip(other.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// The settings that a PNG carries.
fn settings(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let info = reader.info();
    let text = info.uncompressed_latin1_text.iter().find(|text| text.keyword == "libdiffusion").unwrap();
    serde_json::from_str(&text.text).unwrap()
}

/// An embedding's file, read by the rules of NumPy's format: the shape and the numbers.
fn npy(path: &Path) -> (Vec<usize>, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0, "the numbers are aligned");
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    let shape = header.strip_prefix("{'descr': '<f4', 'fortran_order': False, 'shape': (").unwrap();
    let (shape, rest) = shape.split_once("), }").unwrap();
    assert!(rest.trim_end_matches(' ') == "\n" || rest.trim() == "" && rest.ends_with('\n'), "{header:?}");
    let shape: Vec<usize> = shape.split(", ").map(|size| size.trim_end_matches(',').parse().unwrap()).collect();
    let numbers = bytes[10 + length..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    (shape, numbers)
}

/// The bytes of such a file.
fn npy_bytes(header: &str, numbers: &[f32]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

fn write_npy(path: &Path, shape: &[usize], numbers: &[f32]) {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    fs::write(path, npy_bytes(&header, numbers)).unwrap();
}

fn norm(x: &[f32]) -> f64 {
    x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}

fn angle(one: &[f32], other: &[f32]) -> f64 {
    let dot: f64 = one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    (dot / norm(one) / norm(other)).acos()
}

fn mix(one: &[f32], a: f64, other: &[f32], b: f64) -> Vec<f32> {
    one.iter().zip(other).map(|(x, y)| (a * f64::from(*x) + b * f64::from(*y)) as f32).collect()
}

/// Shoemake's arc, written again.
fn slerp(one: &[f32], other: &[f32], at: f64) -> Vec<f32> {
    let angle = angle(one, other);
    mix(one, ((1.0 - at) * angle).sin() / angle.sin(), other, (at * angle).sin() / angle.sin())
}

/// A folder with a diffusion autoencoder in small: a code of three numbers, which tints what is drawn, and the noise that
/// a picture comes from, by inverting the loop; one attribute.
fn autoencoder() -> tempfile::TempDir {
    let folder = folder();
    let from = model("tiny-ldm-plain");
    for file in [
        "unet/model.onnx",
        "unet/config.json",
        "vqvae_decoder/model.onnx",
        "vqvae_decoder/config.json",
        "vqvae_decoder/codebook.safetensors",
        "scheduler/scheduler_config.json",
    ] {
        let to = folder.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from.join(file), to).unwrap();
    }
    write_npy(&folder.path().join("mean.npy"), &[3], &[0.1, 0.0, -0.1]);
    write_npy(&folder.path().join("std.npy"), &[3], &[0.5, 0.5, 0.5]);
    write_npy(&folder.path().join("night.npy"), &[3], &[1.0, -1.0, 0.5]);
    let stage = |name: &str, from: &str| {
        object!({
            "name": name, "denoiser": "unet", "sample": [3, 16, 16], "scheduler": "scheduler", "steps": 3, "from": from
        })
    };
    let mut inverted = stage("x_T", "image");
    inverted["invert"] = "ddim_reverse".into();
    let manifest = object!({
        "_class_name": "CascadePipeline",
        "_version": 1,
        "pictures": {"image": {"size": [16, 16]}},
        "constants": {
            "codebook": {"file": "vqvae_decoder/codebook.safetensors", "tensor": "embedding"},
            "mean": {"file": "mean.npy"}, "std": {"file": "std.npy"}, "direction": {"file": "night.npy"}
        },
        "graphs": {"vqvae_decoder": {"inputs": {"latent_sample": "codes"}}},
        "values": {
            "colour": {"op": "resize", "of": "image", "size": [1, 1], "how": "bicubic_antialias"},
            "z_sem": {"op": "reshape", "of": "colour", "shape": [3]},
            "edited": {"op": "edit", "of": "z_sem", "mean": "mean", "std": "std", "directions": {"night": "direction"}},
            "tint": {"op": "reshape", "of": "edited", "shape": [3, 1, 1]},
            "tinted": {"op": "affine", "of": "x_T", "add": "tint"},
            "codes": {"op": "vq", "of": "denoiser", "codebook": "codebook"}
        },
        "stages": [inverted, stage("denoiser", "tinted")],
        "picture": {"of": "vqvae_decoder.sample"},
        "embeddings": ["z_sem", "x_T"],
        "main": "denoiser"
    });
    fs::write(folder.path().join("model_index.json"), manifest.to_string()).unwrap();
    folder
}

#[test]
fn inspect_says_what_a_request_may_say() {
    let shown = |arguments: &[&str], model: &Path| {
        let output = succeeds(tool().arg("inspect").args(arguments).arg("-m").arg(model));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = shown(&[], &model("tiny-karlo"));
    for line in [
        "stages\n  prior: unclip, 25 steps, guidance 4\n  decoder: unclip, 25 steps, guidance 8\n",
        "\npictures        like\n",
        "\nclasses         none\n",
        "\nembeddings      image_embeds, text_encoder.text_embeds\n",
        "\nattributes      none\n",
        "\n  super_res_first ",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    let text = shown(&[], autoencoder().path());
    assert!(text.contains("\nembeddings      z_sem, x_T\nattributes      night\n"), "{text}");
    let text = shown(&[], &repository("models/classes"));
    assert!(
        text.contains("classes         0 to 41\n                red house, blue house") && text.contains(", ..."),
        "{text}"
    );
    // A model of one stage has nothing of all that.
    assert!(!shown(&[], &cabi::tiny()).contains("stages"));
    let info: Value = serde_json::from_str(&shown(&["--json"], &model("tiny-karlo"))).unwrap();
    assert_eq!(info["cascade"]["manifest"]["stages"][1]["name"], "decoder");
    assert_eq!(
        info["cascade"]["stages"][2],
        object!({"name": "super_res", "scheduler": "unclip", "steps": 7, "guidance": 1.0})
    );
}

#[test]
fn an_earlier_stage_may_be_the_last() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    succeeds(karlo("generate", &path("all.png")).args(["-p", "a cat"]));
    succeeds(karlo("generate", &path("decoder.png")).args(["-p", "a cat", "--until", "decoder"]));
    assert_eq!(settings(&path("decoder.png"))["until"], "decoder");
    assert_eq!(settings(&path("all.png"))["until"], Value::Null);
    assert!(rgb(&path("decoder.png")).dimensions() != rgb(&path("all.png")).dimensions());
    let refused = |stage: &str, words: &[&str]| {
        refuses(karlo("generate", &path("x.png")).args(["-p", "a cat", "--until", stage]), 2, words);
    };
    refused("prior", &["\"prior\"", "decoder, super_res"]);
    refused("", &["--until", "empty"]);
    refuses(
        on("generate", &model("tiny-optimum"), &path("x.png")).args(["-p", "x", "--until", "unet"]),
        2,
        &["one stage"],
    );
}

#[test]
fn classes_by_number_and_by_name() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let draw = |name: &str, label: &str| {
        let mut command = on("generate", &repository("models/classes"), &path(name));
        succeeds(command.args(["--steps", "1", "--guidance", "1", "--class", label]));
        rgb(&path(name))
    };
    let (named, numbered, other) = (draw("named.png", "blue house"), draw("number.png", "1"), draw("other.png", "2"));
    assert_eq!(farthest(&named, &numbered), 0);
    assert!(farthest(&named, &other) > 0);
    assert_eq!(
        (&settings(&path("named.png"))["class"], &settings(&path("other.png"))["class"]),
        (&"blue house".into(), &2.into())
    );
    let refused = |label: &str, words: &[&str]| {
        refuses(on("generate", &repository("models/classes"), &path("x.png")).args(["--class", label]), 2, words);
    };
    refused("42", &["the class is 42", "0 to 41", "\"red house\""]);
    refused("blue", &["\"blue\"", "\"blue house\""]);
    refused("", &["--class", "empty"]);
    refused("99999999999999999999", &["--class", "4294967295"]);
    // No class where one is needed, and one where none is known.
    refuses(&mut on("generate", &model("tiny-dit"), &path("x.png")), 2, &["needs a class", "0 to 999"]);
    refuses(karlo("generate", &path("x.png")).args(["--class", "1"]), 2, &["knows none"]);
    assert!(!path("x.png").exists());
}

#[test]
fn single_stages_are_set() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let draw = |name: &str, stage: &str| {
        let mut command = karlo("generate", &path(name));
        command.args(["-p", "a red house", "--json"]);
        if !stage.is_empty() {
            command.args(["--stage", stage]);
        }
        let found = json(&mut command);
        (rgb(&path(name)), found)
    };
    let (plain, found) = draw("plain.png", "");
    assert_eq!(found["timings"]["denoise"].as_array().unwrap().len(), 6);
    assert_eq!(found["settings"]["stages"]["prior"], object!({"steps": 2, "guidance": 4.0, "scheduler": "unclip"}));
    let (changed, found) = draw("changed.png", "prior:steps=3,guidance=1.5,candidates=2");
    assert!(farthest(&plain, &changed) > 0);
    assert_eq!(
        (&found["settings"]["stages"]["prior"]["steps"], &found["settings"]["stages"]["prior"]["guidance"]),
        (&3.into(), &1.5.into())
    );
    let (_, found) = draw("scheduler.png", "prior:scheduler=ddim");
    assert_eq!(found["settings"]["stages"]["prior"]["scheduler"], "ddim");
}

#[test]
fn what_models_of_several_stages_refuse() {
    let folder = folder();
    let out = folder.path().join("x.png");
    let house = input("house.png");
    let refused: &[(&[&str], &[&str])] = &[
        (&["--stage", "prior"], &["--stage", "\"prior\"", "NAME:KEY=VALUE"]),
        (&["--stage", ":steps=2"], &["--stage", "NAME:KEY=VALUE"]),
        (&["--stage", "prior:"], &["--stage", "NAME:KEY=VALUE"]),
        (&["--stage", "prior:steps"], &["--stage", "\"steps\"", "KEY=VALUE"]),
        (&["--stage", "prior:steps=2,"], &["--stage", "\"\"", "KEY=VALUE"]),
        (&["--stage", "prior:=2"], &["--stage", "KEY=VALUE"]),
        (&["--stage", "prior:stepz=2"], &["--stage", "\"stepz\"", "candidates"]),
        (&["--stage", "prior:step=2"], &["--stage", "\"step\""]),
        (&["--stage", "prior:steps=x"], &["--stage", "\"x\"", "whole"]),
        (&["--stage", "prior:steps=2.5"], &["--stage", "\"2.5\""]),
        (&["--stage", "prior:steps=0"], &["--stage", "steps is 0"]),
        (&["--stage", "prior:steps=1001"], &["--stage", "1 to 1000"]),
        (&["--stage", "prior:steps=99999999999999999999"], &["--stage", "1 to 1000"]),
        (&["--stage", "prior:candidates=65"], &["--stage", "1 to 64"]),
        (&["--stage", "prior:guidance=nan"], &["--stage", "\"nan\"", "finite"]),
        (&["--stage", "prior:guidance=1001"], &["--stage", "-1000 to 1000"]),
        (&["--stage", "prior:guide=1001"], &["--stage", "-1000 to 1000"]),
        (&["--stage", "prior:scheduler=eulr"], &["--stage", "eulr", "euler_ancestral"]),
        (&["--stage", "refiner:steps=2"], &["\"refiner\"", "prior, decoder, super_res"]),
        (&["--stage", "decoder:candidates=2"], &["decoder", "choose"]),
        (&["--stage", "decoder:guide=2"], &["decoder", "gradient"]),
        (&["--stage", "super_res:guidance=2"], &["super_res", "unconditional"]),
        (&["--condition", "like"], &["--condition", "ROLE=FILE"]),
        (&["--condition", "=x.png"], &["--condition", "ROLE=FILE"]),
        (&["--condition", "like="], &["--condition", "ROLE=FILE"]),
        (&["--condition", "like=/no/such.png"], &["--condition", "/no/such.png"]),
        (&["--condition", "like=Cargo.toml"], &["--condition", "not a PNG"]),
        (&["--init", &house], &["\"image\"", "takes like"]),
        (&["--edit", "smile"], &["--edit", "ATTRIBUTE=AMOUNT"]),
        (&["--edit", "smile=much"], &["--edit", "\"much\""]),
        (&["--edit", "smile=1,2"], &["--edit", "\"1,2\""]),
        (&["--edit", "smile=101"], &["--edit", "-100 to 100"]),
        (&["--edit", "smile=1"], &["\"smile\"", "none"]),
        (&["--embedding", "=x.npy"], &["--embedding", "NAME=FILE.npy"]),
        (&["--embedding", "image_embeds=/no/such.npy"], &["--embedding", "/no/such.npy", "cannot be read"]),
        (&["--like", &house], &["--like", "not an option of this command"]),
        (&["--hires", "2"], &["cascade", "second pass"]),
    ];
    for (arguments, words) in refused {
        refuses(karlo("generate", &out).args(["-p", "x"]).args(*arguments), 2, words);
    }
    refuses(karlo("generate", &out).arg("--condition").arg(format!("map={house}")), 2, &["\"map\"", "takes like"]);
    // Models of one stage know nothing of all this, and need a prompt.
    let tiny = cabi::tiny();
    refuses(&mut on("generate", &tiny, &out), 2, &["--prompt"]);
    refuses(on("generate", &tiny, &out).args(["-p", "x", "--class", "1"]), 2, &["one stage"]);
    refuses(on("variations", &tiny, &out).args(["--like", &house]), 2, &["\"like\"", "inspect"]);
    assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
}

#[test]
fn embeddings_go_out_and_come_back() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let like = format!("like={}", input("house.png"));
    let found =
        json(karlo("embed", &path("house.npy")).args(["--value", "image_embeds", "--condition", &like, "--json"]));
    assert_eq!((&found["value"], &found["shape"]), (&"image_embeds".into(), &object!([1, 32])));
    assert_eq!(found["path"], path("house.npy").to_str().unwrap());
    assert!(
        found["timings"]["embed"].as_f64().unwrap() > 0.0 && found["providers"]["image_encoder"] == "cpu",
        "{found}"
    );
    let (shape, numbers) = npy(&path("house.npy"));
    assert_eq!((shape, numbers.len()), (vec![1, 32], 32));
    succeeds(karlo("generate", &path("picture.png")).args(["--condition", &like]));
    let value = |file: &str| format!("image_embeds={}", path(file).display());
    succeeds(karlo("generate", &path("embedding.png")).args(["--embedding", &value("house.npy")]));
    assert_eq!(farthest(&rgb(&path("picture.png")), &rgb(&path("embedding.png"))), 0);
    assert_eq!(settings(&path("embedding.png"))["embeddings"], object!(["image_embeds"]));
    // Of a text, and another than of another text; a picture is not needed.
    for (text, file) in [("a cat", "cat.npy"), ("a dog", "dog.npy")] {
        succeeds(karlo("embed", &path(file)).args(["--value", "text_encoder.text_embeds", "-p", text]));
    }
    assert_ne!(npy(&path("cat.npy")), npy(&path("dog.npy")));
    // As other writers lay it out: sizes without the last comma, another order, no padding.
    let header = "{'shape':(1,32),'descr':'<f4','fortran_order':False}\n";
    fs::write(path("other.npy"), npy_bytes(header, &numbers)).unwrap();
    succeeds(karlo("generate", &path("other.png")).args(["--embedding", &value("other.npy")]));
    assert_eq!(farthest(&rgb(&path("picture.png")), &rgb(&path("other.png"))), 0);
    // What is written replaces what is there, and nothing else is left.
    fs::write(path("dog.npy"), b"old").unwrap();
    succeeds(karlo("embed", &path("dog.npy")).args(["--value", "text_encoder.text_embeds", "-p", "a cat"]));
    assert_eq!(npy(&path("cat.npy")), npy(&path("dog.npy")));
    assert!(files(folder.path()).iter().all(|name| !name.ends_with(".part")));

    let out = path("x.npy");
    refuses(&mut karlo("embed", &out), 2, &["--value"]);
    refuses(karlo("embed", &out).args(["--value", "x_T"]), 2, &["\"x_T\"", "image_embeds"]);
    refuses(karlo("embed", &path("x.png")).args(["--value", "image_embeds"]), 2, &["--output", ".npy"]);
    refuses(on("embed", &cabi::tiny(), &out).args(["--value", "x"]), 2, &["several stages"]);
    refuses(&mut karlo("generate", &out), 2, &["--output", ".png"]);
}

#[test]
fn files_that_are_no_embeddings() {
    let folder = folder();
    let (file, out) = (folder.path().join("bad.npy"), folder.path().join("x.png"));
    let numbers = [0.5_f32; 32];
    let header = |descr: &str, order: &str, shape: &str| {
        format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n")
    };
    let good = header("'<f4'", "False", "(1, 32)");
    let mut newer = npy_bytes(&good, &numbers);
    newer[6] = 2;
    let mut nan = numbers;
    nan[7] = f32::NAN;
    let long = npy_bytes(&good, &[0.5; 33]);
    let bad: &[(Vec<u8>, &str)] = &[
        (Vec::new(), "no .npy file"),
        (b"\x93NUMPY".to_vec(), "no .npy file"),
        (b"\x89PNG\r\n\x1a\n and more".to_vec(), "no .npy file"),
        (newer, "newer version"),
        (npy_bytes(&good, &numbers)[..40].to_vec(), "cut off"),
        (npy_bytes(&good, &numbers[..31]), "fewer numbers"),
        (npy_bytes(&good, &numbers)[..150].to_vec(), "fewer numbers"),
        (long, "more bytes"),
        (npy_bytes(&header("'<f8'", "False", "(1, 32)"), &numbers), "float32"),
        (npy_bytes(&header("'>f4'", "False", "(1, 32)"), &numbers), "float32"),
        (npy_bytes(&header("'|O'", "False", "(1, 32)"), &numbers), "float32"),
        (npy_bytes(&header("[('a', '<f4')]", "False", "(1, 32)"), &numbers), "float32"),
        (npy_bytes(&header("'<f4'", "True", "(1, 32)"), &numbers), "fortran_order"),
        (npy_bytes(&header("'<f4'", "False", "()"), &numbers[..1]), "single number"),
        (npy_bytes(&header("'<f4'", "False", "(0, 32)"), &[]), "1 to 8 sizes"),
        (npy_bytes(&header("'<f4'", "False", "(1, -32)"), &numbers), "no shape"),
        (npy_bytes(&header("'<f4'", "False", "(1, x)"), &numbers), "no shape"),
        (npy_bytes(&header("'<f4'", "False", "(1 32)"), &numbers), "no shape"),
        (npy_bytes(&header("'<f4'", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 32)"), &numbers), "1 to 8 sizes"),
        (npy_bytes(&header("'<f4'", "False", "(4294967296, 4294967296)"), &numbers), "67108864"),
        (npy_bytes(&header("'<f4'", "False", "(99999999999999999999,)"), &numbers), "67108864"),
        (npy_bytes("{'descr': '<f4', 'shape': (1, 32), }\n", &numbers), "lacks"),
        (npy_bytes("{'descr': '<f4', 'other': 1, }\n", &numbers), "none of descr"),
        (npy_bytes("{'descr': '<f4'", &numbers), "ends too early"),
        (npy_bytes("[1, 2]\n", &numbers), "no dictionary"),
        (npy_bytes(&good, &nan), "NaN"),
        (npy_bytes(&header("'<f4'", "False", "(1, 31)"), &numbers[..31]), "[1, 31]"),
        (npy_bytes(&header("'<f4'", "False", "(2, 16)"), &numbers), "[2, 16]"),
    ];
    let value = format!("image_embeds={}", file.display());
    for (bytes, words) in bad {
        fs::write(&file, bytes).unwrap();
        refuses(karlo("generate", &out).args(["--embedding", &value]), 2, &["embed", words]);
    }
    let unknown = format!("x_T={}", file.display());
    fs::write(&file, npy_bytes(&good, &numbers)).unwrap();
    refuses(karlo("generate", &out).args(["--embedding", &unknown]), 2, &["\"x_T\"", "image_embeds"]);
    // A folder, which C opens as a file.
    fs::create_dir(folder.path().join("folder.npy")).unwrap();
    let value = format!("image_embeds={}/folder.npy", folder.path().display());
    refuses(karlo("generate", &out).args(["--embedding", &value]), 2, &["--embedding", "cannot be read"]);
    assert!(!out.exists());
}

#[test]
fn variations_and_reconstructions() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let house = input("house.png");
    succeeds(karlo("generate", &path("wanted.png")).args(["--count", "2", "--condition", &format!("like={house}")]));
    let found = json(karlo("variations", &path("drawn.png")).args(["--count", "2", "--like", &house, "--json"]));
    assert_eq!(found["images"].as_array().unwrap().len(), 2);
    assert_eq!(found["settings"]["conditions"], object!([{"role": "like"}]));
    for number in 0..2 {
        let of = |name: &str| rgb(&path(&format!("{name}_{number}.png")));
        assert_eq!(farthest(&of("wanted"), &of("drawn")), 0);
    }
    // What comes back of it: by the role that the model has.
    succeeds(karlo("reconstruct", &path("again.png")).args(["--init", &house]));
    succeeds(karlo("variations", &path("one.png")).args(["--like", &house]));
    assert_eq!(farthest(&rgb(&path("again.png")), &rgb(&path("one.png"))), 0, "Karlo has no other role");
    let autoencoder = autoencoder();
    succeeds(on("reconstruct", autoencoder.path(), &path("back.png")).args(["--init", &house]));
    succeeds(on("generate", autoencoder.path(), &path("image.png")).args(["--condition", &format!("image={house}")]));
    succeeds(on("variations", autoencoder.path(), &path("like.png")).args(["--like", &house]));
    for name in ["image.png", "like.png"] {
        assert_eq!(farthest(&rgb(&path("back.png")), &rgb(&path(name))), 0, "{name}");
    }

    let out = path("x.png");
    refuses(&mut karlo("variations", &out), 2, &["--like"]);
    refuses(&mut karlo("reconstruct", &out), 2, &["--init"]);
    refuses(karlo("variations", &out).args(["--like", "/no/such.png"]), 2, &["--like", "/no/such.png"]);
    refuses(karlo("variations", &out).args(["--like", &house, "--strength", "0.5"]), 2, &["--strength"]);
    refuses(on("variations", &model("tiny-dit"), &out).args(["--like", &house]), 2, &["\"like\" or \"image\""]);
    refuses(tool().args(["variations", "--like", &house, "-o"]).arg(&out), 2, &["--model"]);
    refuses(tool().args(["variations", "--like", &house, "-m"]).arg(model("tiny-karlo")), 2, &["--output"]);
    // Before the model is opened, which is none: that would be exit 3.
    let empty = cabi::checks::folder();
    refuses(on("variations", empty.path(), &out).args(["--like", "/no/such.png"]), 2, &["--like"]);
    refuses(on("variations", empty.path(), &out).args(["--like", &house]), 3, &["model"]);
    assert!(!out.exists());
}

#[test]
fn frames_between_two_pictures() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    // Far enough apart that a line and an arc differ.
    let (one, other) = (input("house_tall.png"), input("mask_soft.png"));
    let frames = |name: &str, arguments: &[&str]| {
        let mut command = karlo("interpolate", &path(name));
        json(command.args(["--from", &one, "--to", &other, "--frames", "3", "--json"]).args(arguments))
    };
    let found = frames("arc.png", &[]);
    let images = found["images"].as_array().unwrap();
    assert_eq!((images.len(), &images[2]["path"]), (3, &path("arc_2.png").to_str().unwrap().into()));
    assert!(images.iter().all(|image| image["seed"] == 3));
    assert_eq!(
        found["timings"]["denoise"].as_array().unwrap().len(),
        3 * 4,
        "the decoder and the upsampler, each time"
    );
    assert!(found["base"].is_null());
    // Both ends are the pictures' own variations, and the middle is the middle of their embeddings.
    let mut ends = Vec::new();
    for (file, picture) in [("one", &one), ("other", &other)] {
        let like = format!("like={picture}");
        succeeds(karlo("generate", &path(&format!("{file}.png"))).args(["--condition", &like]));
        succeeds(karlo("embed", &path(&format!("{file}.npy"))).args(["--value", "image_embeds", "--condition", &like]));
        ends.push(npy(&path(&format!("{file}.npy"))).1);
    }
    assert_eq!(farthest(&rgb(&path("arc_0.png")), &rgb(&path("one.png"))), 0);
    assert_eq!(farthest(&rgb(&path("arc_2.png")), &rgb(&path("other.png"))), 0);
    let handed = |file: &str, numbers: &[f32]| {
        write_npy(&path("mixed.npy"), &[1, numbers.len()], numbers);
        let value = format!("image_embeds={}", path("mixed.npy").display());
        succeeds(karlo("generate", &path(file)).args(["--embedding", &value]));
        rgb(&path(file))
    };
    let (arc, line) = (slerp(&ends[0], &ends[1], 0.5), mix(&ends[0], 0.5, &ends[1], 0.5));
    assert!(farthest(&rgb(&path("arc_1.png")), &handed("middle.png", &arc)) <= 1);
    frames("line.png", &["--mix", "lerp"]);
    assert!(farthest(&rgb(&path("line_1.png")), &handed("straight.png", &line)) <= 1);
    assert!(farthest(&rgb(&path("line_1.png")), &rgb(&path("arc_1.png"))) > 1, "the two ways differ");
    // Without a seed all frames have the one that was picked for the first.
    let mut command = tool();
    command.args(["interpolate", "--json", "-m"]).arg(model("tiny-karlo")).args(SHORT).args(["--frames", "2"]);
    let found = json(command.args(["--from", &one, "--to", &one, "-o"]).arg(path("same.png")));
    assert_eq!(found["images"][0]["seed"], found["images"][1]["seed"]);
    assert_eq!(farthest(&rgb(&path("same_0.png")), &rgb(&path("same_1.png"))), 0);

    let out = path("x.png");
    let refused: &[(&[&str], &[&str])] = &[
        (&[], &["--from"]),
        (&["--from", &one], &["--to"]),
        (&["--from", &one, "--to", &other], &["--frames", "2 to 256"]),
        (&["--from", &one, "--to", &other, "--frames", "1"], &["--frames", "2 to 256"]),
        (&["--from", &one, "--to", &other, "--frames", "257"], &["--frames", "2 to 256"]),
        (&["--from", &one, "--to", &other, "--frames", "two"], &["--frames", "\"two\""]),
        (&["--from", &one, "--to", &other, "--frames", "2", "--mix", "cubic"], &["--mix", "\"cubic\"", "slerp"]),
        (&["--from", "/no.png", "--to", &other, "--frames", "2"], &["--from", "/no.png"]),
        (&["--from", &one, "--to", "/no.png", "--frames", "2"], &["--to", "/no.png"]),
        (&["--from", &one, "--to", &other, "--frames", "2", "--count", "2"], &["--count", "this command"]),
    ];
    for (arguments, words) in refused {
        refuses(karlo("interpolate", &out).args(*arguments), 2, words);
    }
    let between = ["--from", &one, "--to", &other, "--frames", "2"];
    refuses(on("interpolate", &model("tiny-ldm-super"), &out).args(between), 2, &["no embeddings"]);
}

#[test]
fn autoencoders_mix_codes_straight_and_noise_along_the_arc() {
    let (folder, autoencoder) = (folder(), autoencoder());
    let path = |name: &str| folder.path().join(name);
    // Far enough apart that a line and an arc differ.
    let (one, other) = (input("house_tall.png"), input("mask_soft.png"));
    let between = ["--from", &one, "--to", &other, "--frames", "3"];
    succeeds(on("interpolate", autoencoder.path(), &path("drawn.png")).args(between));
    let mut ends = Vec::new();
    for picture in [&one, &other] {
        for value in ["z_sem", "x_T"] {
            succeeds(on("embed", autoencoder.path(), &path("e.npy")).args(["--value", value, "--init", picture]));
            ends.push(npy(&path("e.npy")));
        }
    }
    assert_eq!((&ends[0].0, &ends[1].0), (&vec![1, 3], &vec![1, 3, 16, 16]));
    let handed = |file: &str, code: &[f32], noise: &[f32]| {
        write_npy(&path("z.npy"), &ends[0].0, code);
        write_npy(&path("x.npy"), &ends[1].0, noise);
        let (z, x) = (format!("z_sem={}", path("z.npy").display()), format!("x_T={}", path("x.npy").display()));
        succeeds(on("generate", autoencoder.path(), &path(file)).args(["--embedding", &z, "--embedding", &x]));
        rgb(&path(file))
    };
    let code = mix(&ends[0].1, 0.5, &ends[2].1, 0.5);
    let noise = slerp(&ends[1].1, &ends[3].1, 0.5);
    let middle = rgb(&path("drawn_1.png"));
    assert!(farthest(&middle, &handed("middle.png", &code, &noise)) <= 1);
    assert!(farthest(&middle, &handed("line.png", &code, &mix(&ends[1].1, 0.5, &ends[3].1, 0.5))) > 1);
    assert!(farthest(&middle, &handed("arc.png", &slerp(&ends[0].1, &ends[2].1, 0.5), &noise)) > 1);
    succeeds(on("interpolate", autoencoder.path(), &path("asked.png")).args(between).args(["--mix", "slerp"]));
    assert!(farthest(&rgb(&path("asked_1.png")), &rgb(&path("arc.png"))) <= 1);
}

#[test]
fn attributes_are_moved() {
    let (folder, autoencoder) = (folder(), autoencoder());
    let path = |name: &str| folder.path().join(name);
    let house = input("house.png");
    let edit = |name: &str, amount: &str| {
        let mut command = on("edit", autoencoder.path(), &path(name));
        succeeds(command.args(["--init", &house, "--edit", &format!("night={amount}")]));
        rgb(&path(name))
    };
    succeeds(on("reconstruct", autoencoder.path(), &path("plain.png")).args(["--init", &house]));
    let plain = rgb(&path("plain.png"));
    assert_eq!(farthest(&plain, &edit("none.png", "0")), 0);
    let night = edit("night.png", "1.5");
    assert!(farthest(&plain, &night) > 0 && farthest(&night, &edit("day.png", "-1.5")) > 0);
    assert_eq!(settings(&path("night.png"))["edits"], object!({"night": 1.5}));
    let mut generated = on("generate", autoencoder.path(), &path("generated.png"));
    succeeds(generated.args(["--init", &house, "--edit", "night=1.5"]));
    assert_eq!(farthest(&night, &rgb(&path("generated.png"))), 0);

    let out = path("x.png");
    let refused = |arguments: &[&str], words: &[&str]| {
        refuses(on("edit", autoencoder.path(), &out).args(arguments), 2, words);
    };
    refused(&["--edit", "night=1"], &["--init"]);
    refused(&["--init", &house], &["--edit", "--text-difference"]);
    refused(&["--init", &house, "--edit", "smile=1"], &["\"smile\"", "night"]);
    refused(&["--init", &house, "--edit", "night=1", "--at", "0.5"], &["--at", "--text-difference"]);
    refused(&["--init", &house, "--text-difference", "a", "b"], &["text_embeds"]);
    refused(&["--init", &house, "--text-difference", "a"], &["--text-difference", "two values"]);
}

#[test]
fn a_picture_changes_as_texts_differ() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let house = input("house.png");
    let edit = |name: &str, arguments: &[&str]| {
        let mut command = karlo("edit", &path(name));
        succeeds(command.args(["--init", &house, "--text-difference", "a cat", "a dog in the snow"]).args(arguments));
        rgb(&path(name))
    };
    succeeds(karlo("variations", &path("plain.png")).args(["--like", &house]));
    let plain = rgb(&path("plain.png"));
    assert_eq!(farthest(&plain, &edit("none.png", &["--at", "0"])), 0);
    let usual = edit("usual.png", &[]);
    assert!(farthest(&plain, &usual) > 0);
    assert_eq!(farthest(&usual, &edit("stated.png", &["--at", "0.3"])), 0);
    // The same by hand: the texts' difference at length 1, and the picture turned towards it, its length kept.
    let embed = |arguments: &[&str]| {
        succeeds(karlo("embed", &path("e.npy")).args(arguments));
        npy(&path("e.npy")).1
    };
    let picture = embed(&["--value", "image_embeds", "--condition", &format!("like={house}")]);
    let text = |text: &str| embed(&["--value", "text_encoder.text_embeds", "-p", text]);
    let difference = mix(&text("a dog in the snow"), 1.0, &text("a cat"), -1.0);
    let longer: Vec<f32> =
        difference.iter().map(|x| (f64::from(*x) * norm(&picture) / norm(&difference)) as f32).collect();
    write_npy(&path("turned.npy"), &[1, picture.len()], &slerp(&picture, &longer, 0.3));
    let value = format!("image_embeds={}", path("turned.npy").display());
    succeeds(karlo("generate", &path("by_hand.png")).args(["--embedding", &value]));
    assert!(farthest(&usual, &rgb(&path("by_hand.png"))) <= 1);

    let same = ["--init", &house, "--text-difference", "a cat", "a cat"];
    refuses(karlo("edit", &path("x.png")).args(same), 2, &["--text-difference", "same embedding"]);
    let far = ["--init", &house, "--text-difference", "a cat", "a dog", "--at", "101"];
    refuses(karlo("edit", &path("x.png")).args(far), 2, &["-100 to 100"]);
}

#[test]
fn each_short_command_has_a_help_with_an_example() {
    let helps: [(&str, &[&str]); 5] = [
        ("variations", &["--like", "--count", "--output"]),
        ("interpolate", &["--from", "--to", "--frames", "--mix", "slerp", "lerp"]),
        ("edit", &["--init", "--edit", "--text-difference", "--at", "0.3"]),
        ("reconstruct", &["--init"]),
        ("embed", &["--value", ".npy", "--embedding"]),
    ];
    let whole = String::from_utf8(succeeds(tool().arg("--help")).stdout).unwrap();
    for (name, words) in helps {
        let text = String::from_utf8(succeeds(tool().args([name, "--help"])).stdout).unwrap();
        assert!(text.starts_with(&format!("diffusion {name} ")) && text.lines().count() < 40, "{text}");
        let example = text.split_once("Example:\n").unwrap().1;
        assert!(example.contains(&format!("diffusion {name} -m ")), "{text}");
        for word in words {
            assert!(text.contains(word), "{word} is not in the help of {name}:\n{text}");
        }
        assert!(whole.contains(&format!("diffusion {name} ")), "{whole}");
    }
    for option in ["--class", "--condition", "--stage", "--until", "--edit", "--embedding NAME=FILE.npy"] {
        assert!(whole.contains(option), "{option} is not in the help");
    }
}

#[test]
fn ctrl_c_between_frames_leaves_whole_pictures() {
    // A machine that looks elsewhere for a moment gets another try.
    for _ in 0..5 {
        let folder = folder();
        let mut command = karlo("interpolate", &folder.path().join("x.png"));
        command.args(["--from", &input("house.png"), "--to", &input("low.png"), "--frames", "256"]);
        let mut child = hears_ctrl_c(&mut command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !folder.path().join("x_1.png").exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        interrupt(child.id());
        let output = child.wait_with_output().unwrap();
        let saved = files(folder.path());
        for name in &saved {
            assert_eq!(rgb(&folder.path().join(name)).dimensions(), (16, 16), "{name}");
        }
        if output.status.code() == Some(130) {
            assert!(saved.len() >= 2 && saved.len() < 256, "{saved:?}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "diffusion: cancelled\n");
            return;
        }
    }
    panic!("no Ctrl-C came in time");
}

/// The fenced blocks of a language in `docs/cascades.md`.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(repository("docs/cascades.md")).unwrap();
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split_once("\n```").unwrap().0.to_owned()).collect()
}

/// Their models are the reader's own: each command is right up to the folder that is not there, or draws.
#[test]
fn the_commands_in_the_documentation_are_right() {
    let folder = folder();
    for name in ["cat.png", "fox.png", "one.png", "other.png", "house.png"] {
        fs::copy(input("house.png"), folder.path().join(name)).unwrap();
    }
    write_npy(&folder.path().join("cat.npy"), &[1, 3], &[1.0, 2.0, 3.0]);
    let lines: Vec<String> = blocks("sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect();
    assert!(lines.len() >= 12, "{lines:?}");
    for line in lines {
        let arguments = line.strip_prefix("diffusion ").unwrap_or_else(|| panic!("{line}"));
        let own = arguments.contains("-m models/classes");
        let arguments = arguments.replace("-m models/", &format!("-m '{}/'", repository("models").display()));
        let mut shell = command("sh");
        shell.args(["-c", &format!("\"$0\" {arguments}")]).arg(tool().get_program()).current_dir(folder.path());
        shell
            .env("ORT_DYLIB_PATH", onnx_runtime())
            .env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/caches"));
        let output = run(&mut shell);
        let text = String::from_utf8_lossy(&output.stderr);
        match own {
            true => assert!(output.status.success(), "{line}: {}", said(&output)),
            false => assert!(
                output.status.code() == Some(2)
                    && text.contains("--model: there is no folder \"")
                    && text.contains("-onnx\""),
                "{line}: {}",
                said(&output)
            ),
        }
    }
}

#[test]
fn the_program_in_the_documentation_draws() {
    let folder = folder();
    let sources = blocks("c");
    let [source] = &sources[..] else { panic!("one program") };
    let (file, program, picture) =
        (folder.path().join("between.c"), folder.path().join("between"), folder.path().join("half.png"));
    fs::write(&file, source).unwrap();
    compile(&[file], &program);
    let mut between = command(&program);
    between.arg(model("tiny-karlo")).args([input("house.png"), input("low.png")]).arg(&picture);
    let output = succeeds(between.env("ORT_DYLIB_PATH", onnx_runtime()));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "mixed 32 numbers\n");
    assert_eq!(rgb(&picture).dimensions(), (16, 16));
}

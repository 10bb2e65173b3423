//! One model in every layout that exporters write: the pictures are the same.
//!
//! Each folder is made from a committed one by moving, removing and renaming, so the committed folder itself says what
//! must come out. Which files are recognised as what is checked in `model_folder.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::graphs::{Shape, edit, input, keep_outputs, rename, take_as, take_list};
use common::{copy_into, copy_of, generate, open, repository, sentence, tiny};
use diffusion::onnx::proto::{DataType, GraphProto};
use diffusion::{Generated, Image, Request, Start};
use tempfile::TempDir;

const CONFIGS: [&str; 2] = ["tokenizer_config.json", "special_tokens_map.json"];

fn request() -> Request {
    Request {
        negative_prompt: Some("blurry".into()),
        width: Some(64),
        height: Some(64),
        steps: Some(4),
        guidance: Some(5.0),
        seed: Some(7),
        count: 2,
        ..Request::new("a red house in the snow at night")
    }
}

fn picture(name: &str) -> Arc<Image> {
    Arc::new(Image::open(&repository("tests/golden/inputs").join(name)).unwrap())
}

fn draw(folder: &Path, request: &Request) -> Generated {
    let pipeline = open(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    generate(&pipeline, request).unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
}

/// Both folders draw the same. What another batch or another name changes in the order of sums may move a value over a
/// rounding edge, as in `pictures.rs`.
fn same(original: &Path, changed: &Path, request: &Request) {
    let (expected, got) = (draw(original, request), draw(changed, request));
    assert_eq!(expected.images.len(), got.images.len());
    let largest = farthest(&expected, &got);
    assert!(largest <= 1, "{} draws another picture: {largest} grey levels", changed.display());
}

/// The largest difference of two values, in grey levels.
fn farthest(some: &Generated, others: &Generated) -> u8 {
    let pairs = some.images.iter().zip(&others.images).flat_map(|(a, b)| a.pixels().iter().zip(b.pixels()));
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

fn remove(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}

/// Without the configs of a tokenizer, as Amuse has them.
fn bare_tokenizer(folder: &Path, name: &str) {
    CONFIGS.iter().for_each(|config| remove(&folder.join(name), &[config]));
}

/// A copy whose autoencoder has the scale that its family has where no config states one.
fn with_scale(name: &str, scale: f64) -> TempDir {
    let folder = copy_of(&tiny(name));
    for part in ["vae_decoder", "vae_encoder"] {
        let path = folder.path().join(part).join("config.json");
        let mut config: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        config["scaling_factor"] = scale.into();
        fs::write(path, config.to_string()).unwrap();
    }
    folder
}

/// No value has a name any more that says which layer made it; three layers, as in the committed models.
fn hide_states(graph: &mut GraphProto) {
    (0..=3).for_each(|layer| rename(graph, &format!("hidden_states.{layer}"), &format!("layer {layer}")));
}

fn move_to(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::rename(from, to).unwrap();
}

#[test]
fn a_legacy_folder_without_any_json() {
    let bare = copy_of(&tiny("tiny-legacy"));
    remove(bare.path(), &["model_index.json"]);
    same(&tiny("tiny-legacy"), bare.path(), &request());
    // Nor a scheduler, nor a word on padding: OnnxStack's and Amuse's.
    remove(bare.path(), &["scheduler"]);
    bare_tokenizer(bare.path(), "tokenizer");
    same(&tiny("tiny-legacy"), bare.path(), &request());
}

#[test]
fn flat_files_and_pykes_config() {
    let flat = copy_of(&tiny("tiny-legacy"));
    let at = |name: &str| flat.path().join(name);
    for role in ["text_encoder", "unet", "vae_decoder"] {
        move_to(&at(role).join("model.onnx"), &at(&format!("{role}.onnx")));
    }
    move_to(&at("unet/weights.pb"), &at("weights.pb"));
    remove(flat.path(), &["model_index.json", "text_encoder", "unet", "vae_decoder", "vae_encoder"]);
    same(&tiny("tiny-legacy"), flat.path(), &request());

    fs::write(
        at("pyke-diffusers.toml"),
        "pipeline = \"stable-diffusion\"\nframework = \"onnx\"\n[tokenizer]\ntype = \"CLIPTokenizer\"\n\
         path = \"tokenizer\"\nmodel-max-length = 77\n[text-encoder]\npath = \"text_encoder.onnx\"\n[unet]\n\
         path = \"unet.onnx\"\n[vae]\ndecoder = \"vae_decoder.onnx\"\nscale-factor = 0.18215\n",
    )
    .unwrap();
    same(&tiny("tiny-legacy"), flat.path(), &request());
}

#[test]
fn engines_of_onnxruntimes_scripts() {
    let work = tempfile::tempdir().unwrap();
    let engine = work.path().join("ORT_CUDA/sd-v1-5/engine");
    let legacy = tiny("tiny-legacy");
    for (role, name) in
        [("text_encoder", "clip"), ("unet", "unet"), ("vae_decoder", "vae"), ("vae_encoder", "vae_encoder")]
    {
        copy_into(&legacy.join(role), &engine.join(name));
    }
    copy_into(&legacy.join("tokenizer"), &work.path().join("torch_model/someone/sd-v1-5/tokenizer"));
    edit(&engine.join("clip/model.onnx"), |graph| {
        keep_outputs(graph, &["last_hidden_state"]);
        rename(graph, "last_hidden_state", "text_embeddings");
    });
    edit(&engine.join("unet/model.onnx"), |graph| rename(graph, "out_sample", "latent"));
    edit(&engine.join("vae/model.onnx"), |graph| {
        rename(graph, "sample", "images");
        rename(graph, "latent_sample", "latent");
    });
    edit(&engine.join("vae_encoder/model.onnx"), |graph| {
        rename(graph, "sample", "images");
        rename(graph, "latent_sample", "latent");
    });
    same(&legacy, work.path(), &request());

    // Both VAE encoders draw their own noise, so the pictures differ; but they are drawn, and it is said.
    let start = Start { picture: Some(picture("house.png")), strength: Some(0.5), ..Start::default() };
    for folder in [legacy.as_path(), work.path()] {
        let drawn = draw(folder, &Request { start: start.clone(), ..request() });
        let said: Vec<_> = drawn.warnings.iter().filter(|w| w.contains("draws its own noise")).collect();
        assert_eq!((drawn.images.len(), said.len()), (2, 1), "{:?}", drawn.warnings);
    }
}

#[test]
fn engines_of_stable_diffusion_xl() {
    let original = with_scale("tiny-xl", 0.13025);
    let work = tempfile::tempdir().unwrap();
    let engine = work.path().join("ORT_CUDA/xl-base-1.0/engine");
    let names = [("text_encoder", "clip"), ("text_encoder_2", "clip2"), ("unet", "unetxl"), ("vae_decoder", "vae")];
    for (role, name) in names {
        copy_into(&original.path().join(role), &engine.join(name));
        remove(&engine.join(name), &["config.json"]);
    }
    for name in ["tokenizer", "tokenizer_2"] {
        copy_into(&original.path().join(name), &work.path().join("torch_model/someone/xl-base-1.0").join(name));
    }
    // The scripts give out the penultimate state alone.
    for (name, output) in [("clip", "last_hidden_state"), ("clip2", "text_embeds")] {
        edit(&engine.join(name).join("model.onnx"), |graph| {
            keep_outputs(graph, &[output, "hidden_states.2"]);
            hide_states(graph);
            rename(graph, "layer 2", "hidden_states");
            rename(graph, output, "text_embeddings");
        });
    }
    edit(&engine.join("unetxl/model.onnx"), |graph| rename(graph, "out_sample", "latent"));
    edit(&engine.join("vae/model.onnx"), |graph| {
        rename(graph, "sample", "images");
        rename(graph, "latent_sample", "latent");
    });
    same(original.path(), work.path(), &request());
}

#[test]
fn amuses_stable_diffusion_xl() {
    let original = with_scale("tiny-xl", 0.13025);
    let amuse = copy_of(original.path());
    remove(amuse.path(), &["model_index.json", "scheduler"]);
    for role in ["text_encoder", "text_encoder_2", "unet", "vae_decoder", "vae_encoder"] {
        remove(&amuse.path().join(role), &["config.json"]);
    }
    // The second encoder pads with "!", which no file says any more.
    bare_tokenizer(amuse.path(), "tokenizer");
    bare_tokenizer(amuse.path(), "tokenizer_2");
    same(original.path(), amuse.path(), &request());

    // Its text encoder has lost the state that the family reads, its VAE has a batch of one, and its UNet is a variant.
    edit(&amuse.path().join("text_encoder/model.onnx"), |graph| {
        keep_outputs(graph, &["last_hidden_state", "pooler_output"]);
        hide_states(graph);
    });
    edit(&amuse.path().join("vae_decoder/model.onnx"), |graph| input(graph, "latent_sample").fix(0, 1));
    move_to(&amuse.path().join("unet/model.onnx"), &amuse.path().join("unet/Turbo/model.onnx"));
    same(original.path(), amuse.path(), &request());
}

#[test]
fn one_tokenizer_for_both_encoders() {
    let shared = copy_of(&tiny("tiny-xl"));
    remove(shared.path(), &["tokenizer_2"]);
    same(&tiny("tiny-xl"), shared.path(), &request());
}

#[test]
fn the_upscaler_without_its_index() {
    let bare = copy_of(&tiny("tiny-upscale"));
    remove(bare.path(), &["model_index.json", "scheduler"]);
    bare_tokenizer(bare.path(), "tokenizer");
    let start = Start { picture: Some(picture("low.png")), ..Start::default() };
    let request = Request { start, width: None, height: None, count: 1, ..request() };
    same(&tiny("tiny-upscale"), bare.path(), &request);
}

/// optimum's graphs changed names, element types and ranks with its versions.
#[test]
fn other_types_and_ranks() {
    let original = tiny("tiny-optimum");
    let changed = copy_of(&original);
    edit(&changed.path().join("text_encoder/model.onnx"), |graph| take_as(graph, "input_ids", DataType::Int32));
    edit(&changed.path().join("unet/model.onnx"), |graph| {
        take_as(graph, "timestep", DataType::Int64);
        take_list(graph, "timestep");
        let mut stray = input(graph, "timestep").clone();
        stray.name = Some("onnx::Shape_5".into());
        graph.input.push(stray);
        input(graph, "onnx::Shape_5").fix(0, 3);
    });
    same(&original, changed.path(), &request());
    // The exports of 2022.
    edit(&changed.path().join("unet/model.onnx"), |graph| {
        rename(graph, "sample", "latent_model_input");
        rename(graph, "timestep", "t");
        rename(graph, "out_sample", "whatever");
    });
    same(&original, changed.path(), &request());

    edit(&changed.path().join("unet/model.onnx"), |graph| rename(graph, "onnx::Shape_5", "mystery"));
    let message = sentence(open(changed.path()));
    assert!(message.contains("an input \"mystery\" that this version cannot fill"), "{message}");
}

#[test]
fn fixed_batches() {
    let original = tiny("tiny-optimum");
    for batch in [1, 2] {
        let fixed = copy_of(&original);
        for (role, names) in [
            // Not the text encoder: with a batch that is fixed afterwards ONNX Runtime 1.28 fails to optimise it.
            ("unet", &["sample", "encoder_hidden_states"][..]),
            ("vae_decoder", &["latent_sample"]),
            ("vae_encoder", &["sample"]),
        ] {
            edit(&fixed.path().join(role).join("model.onnx"), |graph| {
                names.iter().for_each(|name| input(graph, name).fix(0, batch));
            });
        }
        let start = Start { picture: Some(picture("house.png")), strength: Some(0.5), ..Start::default() };
        for request in [
            Request { count: 3, ..request() },
            Request { guidance: Some(1.0), count: 1, ..request() },
            Request { start, count: 1, ..request() },
        ] {
            same(&original, fixed.path(), &request);
        }
    }
}

/// A batch that only some of the inputs fix.
#[test]
fn half_fixed_batches() {
    let original = tiny("tiny-optimum");
    for (name, batch) in [("encoder_hidden_states", 1), ("encoder_hidden_states", 2), ("sample", 2)] {
        let fixed = copy_of(&original);
        edit(&fixed.path().join("unet/model.onnx"), |graph| input(graph, name).fix(0, batch));
        // Two and three rows: one is left over in a batch of two.
        for request in [Request { count: 1, ..request() }, Request { guidance: Some(1.0), count: 3, ..request() }] {
            same(&original, fixed.path(), &request);
        }
    }
    let original = tiny("tiny-sd3");
    let fixed = copy_of(&original);
    edit(&fixed.path().join("transformer/model.onnx"), |graph| input(graph, "timestep").fix(0, 2));
    same(&original, fixed.path(), &Request { count: 3, guidance: Some(1.0), ..request() });
}

/// No call could ever be made.
#[test]
fn batches_that_cannot_be_are_refused_when_the_model_is_opened() {
    for (sample, context) in [(1, 2), (2, 1), (3, 0)] {
        let fixed = copy_of(&tiny("tiny-optimum"));
        edit(&fixed.path().join("unet/model.onnx"), |graph| {
            input(graph, "sample").fix(0, sample);
            input(graph, "encoder_hidden_states").fix(0, context);
        });
        let message = sentence(open(fixed.path()));
        let wanted = ["unet", "encoder_hidden_states"];
        assert!(wanted.iter().all(|word| message.contains(word)), "{sample} and {context}: {message}");
    }
}

/// Graphs of float16 beside such of float32: what is between them is converted.
#[test]
fn mixed_precision() {
    let expected = draw(&tiny("tiny-optimum"), &request());
    for roles in [&["unet"][..], &["text_encoder", "vae_decoder"]] {
        let mixed = copy_of(&tiny("tiny-optimum"));
        for role in roles {
            remove(mixed.path(), &[role]);
            copy_into(&tiny("tiny-optimum-fp16").join(role), &mixed.path().join(role));
        }
        let drawn = draw(mixed.path(), &request());
        let largest = farthest(&expected, &drawn);
        // Half precision has eleven bits; its pictures stay near, but not equal.
        assert!(largest > 0 && largest <= 8, "{roles:?}: {largest} grey levels");
    }
}

#[test]
fn transformers_under_other_names() {
    let flux = copy_of(&tiny("tiny-flux-dev"));
    edit(&flux.path().join("transformer/model.onnx"), |graph| {
        rename(graph, "out_hidden_states", "sample");
        take_as(graph, "img_ids", DataType::Float);
        take_as(graph, "txt_ids", DataType::Float);
    });
    same(&tiny("tiny-flux-dev"), flux.path(), &request());
    let three = copy_of(&tiny("tiny-sd3"));
    edit(&three.path().join("transformer/model.onnx"), |graph| rename(graph, "out_hidden_states", "out_sample"));
    same(&tiny("tiny-sd3"), three.path(), &request());
}

//! Damaged and contradictory model folders: one clear sentence each, and the next model opens as if nothing happened.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{copy_into, copy_of, generate, open, repository, sentence, tiny};
use diffusion::{Request, SchedulerKind};

/// Spoils a copy of the tiny optimum folder, opens it, draws with it, and returns what was said to the latter.
fn drawn_after(spoil: impl FnOnce(&Path)) -> String {
    let folder = copy_of(&tiny("tiny-optimum"));
    spoil(folder.path());
    let pipeline = open(folder.path()).unwrap();
    let own = Request { steps: Some(2), ..Request::new("x") };
    let said = sentence(generate(&pipeline, &own));
    assert!(pipeline.info().notes.iter().any(|note| said.contains(note)), "inspect does not say it: {said}");
    said
}

/// Spoils a copy of the tiny optimum folder, opens it, and returns what was said.
fn opened_after(spoil: impl FnOnce(&Path)) -> String {
    let folder = copy_of(&tiny("tiny-optimum"));
    spoil(folder.path());
    let said = sentence(open(folder.path()));
    assert!(open(&tiny("tiny-optimum")).is_ok(), "a good model must still open after: {said}");
    said
}

fn assert_names(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "\"{word}\" is missing in: {said}");
    }
}

#[test]
fn a_missing_graph_is_named() {
    for role in ["unet", "vae_decoder", "text_encoder"] {
        let said = opened_after(|f| fs::remove_dir_all(f.join(role)).unwrap());
        assert_names(&said, &[role]);
    }
}

#[test]
fn a_missing_tokenizer_is_named() {
    let said = opened_after(|f| fs::remove_dir_all(f.join("tokenizer")).unwrap());
    assert_names(&said, &["tokenizer"]);
}

#[test]
fn a_truncated_graph_is_named() {
    let said = opened_after(|f| {
        let path = f.join("unet/model.onnx");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    });
    assert_names(&said, &["unet"]);
}

#[test]
fn an_empty_graph_and_one_of_garbage_are_named() {
    assert_names(&opened_after(|f| fs::write(f.join("unet/model.onnx"), "").unwrap()), &["unet"]);
    assert_names(&opened_after(|f| fs::write(f.join("unet/model.onnx"), "not a graph").unwrap()), &["unet"]);
}

#[test]
fn broken_json_is_named_with_its_place() {
    let said =
        opened_after(|f| fs::write(f.join("scheduler/scheduler_config.json"), "{\n  \"beta_start\": ,\n").unwrap());
    assert_names(&said, &["scheduler_config.json", "line 2"]);
}

#[test]
fn a_scheduler_setting_of_the_wrong_type_is_named() {
    let said = drawn_after(|f| {
        let path = f.join("scheduler/scheduler_config.json");
        fs::write(path, r#"{"_class_name": "DDIMScheduler", "beta_schedule": "sideways"}"#).unwrap();
    });
    assert_names(&said, &["beta_schedule", "sideways", "scaled_linear"]);
}

#[test]
fn a_scheduler_of_unknown_class_is_named_and_another_can_be_asked_for() {
    let rename = |f: &Path| {
        let index = f.join("model_index.json");
        let text = fs::read_to_string(&index).unwrap();
        assert!(text.contains("PNDMScheduler"));
        fs::write(index, text.replace("PNDMScheduler", "WarpScheduler")).unwrap();
    };
    assert_names(&drawn_after(rename), &["WarpScheduler", "ddim"]);
    let folder = copy_of(&tiny("tiny-optimum"));
    rename(folder.path());
    let named = Request { scheduler: Some(SchedulerKind::Ddim), steps: Some(2), ..Request::new("x") };
    assert!(generate(&open(folder.path()).unwrap(), &named).is_ok());
}

#[test]
fn a_text_encoder_of_another_model_is_noticed() {
    let exchange = |f: &Path| {
        fs::remove_dir_all(f.join("text_encoder")).unwrap();
        copy_into(&repository("models/demo/text_encoder"), &f.join("text_encoder"));
    };
    assert_names(&opened_after(exchange), &["text encoder", "UNet", "hidden_size", "cross_attention_dim"]);
    // Without the configs the graphs themselves tell.
    let said = opened_after(|f| {
        exchange(f);
        fs::remove_file(f.join("text_encoder/config.json")).unwrap();
        fs::remove_file(f.join("unet/config.json")).unwrap();
    });
    assert_names(&said, &["text encoder", "UNet", "width 32"]);
}

#[test]
fn a_tokenizer_of_another_model_is_noticed() {
    let said = opened_after(|f| {
        let config = f.join("text_encoder/config.json");
        let mut object: serde_json::Value = serde_json::from_str(&fs::read_to_string(&config).unwrap()).unwrap();
        object["vocab_size"] = serde_json::json!(100);
        fs::write(config, object.to_string()).unwrap();
    });
    assert_names(&said, &["tokenizer", "text encoder knows 100"]);
}

#[test]
fn graphs_in_each_others_places_are_noticed() {
    let said = opened_after(|f| {
        let (unet, decoder) = (f.join("unet/model.onnx"), f.join("vae_decoder/model.onnx"));
        let kept = fs::read(&unet).unwrap();
        fs::copy(&decoder, &unet).unwrap();
        fs::write(&decoder, kept).unwrap();
    });
    assert_names(&said, &["unet"]);
}

#[test]
fn external_data_outside_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    copy_into(&tiny("tiny-legacy"), folder.path());
    let graph = folder.path().join("unet/model.onnx");
    let bytes = fs::read(&graph).unwrap();
    // The same length, so that the protobuf around it stays what it was.
    let (name, escape) = (b"weights.pb".as_slice(), b"../weight1".as_slice());
    let mut spoiled = bytes.clone();
    let places: Vec<_> = bytes.windows(name.len()).enumerate().filter(|(_, w)| *w == name).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "tiny-legacy keeps its UNet's weights in weights.pb");
    for at in places {
        spoiled[at..at + escape.len()].copy_from_slice(escape);
    }
    fs::write(&graph, spoiled).unwrap();
    fs::copy(folder.path().join("unet/weights.pb"), folder.path().join("weight1")).unwrap();
    let said = sentence(open(folder.path()));
    assert_names(&said, &["../weight1", "inside the folder"]);
}

#[test]
fn missing_external_data_is_named() {
    let folder = copy_of(&tiny("tiny-legacy"));
    fs::remove_file(folder.path().join("unet/weights.pb")).unwrap();
    assert_names(&sentence(open(folder.path())), &["weights.pb"]);
}

#[test]
fn a_folder_that_is_no_model_says_what_one_looks_like() {
    let empty = tempfile::tempdir().unwrap();
    sentence(open(empty.path()));
    assert_names(&sentence(open(Path::new("no/such/folder"))), &["no/such/folder"]);
    let file = repository("Cargo.toml");
    assert_names(&sentence(open(&file)), &["Cargo.toml"]);
}

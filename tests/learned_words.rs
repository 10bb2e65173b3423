//! Textual inversion: words from embedding files, drawn.
//!
//! The oracle is the model itself: a word whose vectors are those of other words means what they mean.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{generate, options, repository, sentence, tiny};
use diffusion::onnx::Model;
use diffusion::text::tokenizer::ClipTokenizer;
use diffusion::{
    CacheChoice, CancelToken, EmbeddingFile, Error, Pipeline, PipelineOptions, PixelFormat, PromptSyntax, Request,
    Result, SchedulerKind,
};
use half::{bf16, f16};
use ndarray::ArrayD;
use serde_json::Value;

/// A safetensors file of these tensors: name, type, shape, bytes.
fn safetensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        header.insert((*name).into(), serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets}));
        data.extend(bytes);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [(header.len() as u64).to_le_bytes().to_vec(), header, data].concat()
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The rows of the embedding table of `folder`'s text encoder for the tokens of `text`, one behind the other.
fn rows(folder: &str, encoder: &str, text: &str) -> Vec<f32> {
    let tokenizer = ClipTokenizer::open(&tiny(folder).join("tokenizer")).unwrap();
    let largest = tokenizer.largest_id() as usize;
    let model = Model::open(&tiny(folder).join(encoder).join("model.onnx")).unwrap();
    let graph = model.graph().unwrap();
    let table = graph.initializer.iter().find(|t| t.dims.len() == 2 && t.dims[0] as usize > largest).unwrap();
    let table = table.to_tensor().unwrap().into_f32();
    tokenizer
        .encode_bare(text)
        .unwrap()
        .iter()
        .flat_map(|id| table.index_axis(ndarray::Axis(0), *id as usize).iter().copied().collect::<Vec<f32>>())
        .collect()
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> EmbeddingFile {
        let path: PathBuf = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        EmbeddingFile { path, token: None }
    }

    /// A file whose one tensor `name` has `values` in rows of 32.
    fn plain(&self, file: &str, name: &str, values: &[f32]) -> EmbeddingFile {
        self.write(file, &safetensors(&[(name, "F32", &[values.len() / 32, 32], f32s(values))]))
    }
}

fn open(folder: &Path, embeddings: &[EmbeddingFile]) -> Result<Pipeline> {
    let options = PipelineOptions { embeddings: embeddings.to_vec(), ..options() };
    Pipeline::open(folder, &options, &mut (), &CancelToken::new())
}

fn drawn(pipeline: &Pipeline, prompt: &str) -> ArrayD<f32> {
    generate(pipeline, &request(prompt)).unwrap().latents
}

fn request(prompt: &str) -> Request {
    Request { steps: Some(2), seed: Some(3), ..Request::new(prompt) }
}

const FOLDER: &str = "tiny-optimum";

#[test]
fn a_word_with_other_words_vectors_means_what_they_mean() {
    let files = Files::new();
    let house = rows(FOLDER, "text_encoder", "red house");
    assert_eq!(house.len(), 96, "three tokens");
    let halves = |values: &[f32]| values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect::<Vec<u8>>();
    let cat = rows(FOLDER, "text_encoder", "cat");
    let rounded: Vec<f32> = cat.iter().map(|v| bf16::from_f32(*v).to_f32()).collect();
    let brain: Vec<u8> = cat.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect();
    let pipeline = open(
        &tiny(FOLDER),
        &[
            files.plain("any.safetensors", "<red-house>", &house),
            files.plain("my-style.safetensors", "emb_params", &house),
            EmbeddingFile { token: Some("other".repeat(2)), ..files.plain("x.safetensors", "<x>", &house) },
            files.write("half.safetensors", &safetensors(&[("<half>", "F16", &[32], halves(&cat))])),
            files.write("brain.safetensors", &safetensors(&[("<brain>", "BF16", &[1, 32], brain)])),
            files.plain("rounded.safetensors", "<rounded>", &rounded),
        ],
    )
    .unwrap();
    let without = open(&tiny(FOLDER), &[]).unwrap();
    let plain = drawn(&without, "a red house at night");
    assert_eq!(drawn(&pipeline, "a red house at night"), plain, "other prompts stay as they are");
    for word in ["<red-house>", "my-style", "otherother", "<red-house> <red-house>_1"] {
        let same = drawn(&pipeline, &format!("a {word} at night"));
        assert_eq!(same == plain, !word.ends_with("_1"), "{word}");
    }
    assert_eq!(drawn(&pipeline, "a <brain>"), drawn(&pipeline, "a <rounded>"));
    assert_ne!(drawn(&pipeline, "a <half>"), drawn(&pipeline, "a <brain>"));
    assert_ne!(drawn(&without, "a my-style at night"), plain, "without the file it is only letters");
    // The webui's syntax knows the words too, and each of its vectors takes a place of the 75.
    let webui = |prompt: &str| Request { syntax: PromptSyntax::Webui, ..request(prompt) };
    let of = |prompt: &str| generate(&pipeline, &webui(prompt)).unwrap().latents;
    assert_eq!(of("a (my-style:1.3) at night"), of("a (red house:1.3) at night"));
    assert_eq!(of(&"my-style, ".repeat(40)), of(&"red house, ".repeat(40)));
}

#[test]
fn words_are_drawn_as_diffusers_draws_them() {
    let golden = repository("tests/golden");
    let file = |name: &str, token: Option<&str>| EmbeddingFile {
        path: golden.join("learned").join(name),
        token: token.map(str::to_owned),
    };
    let pipeline =
        open(&tiny(FOLDER), &[file("one.safetensors", None), file("three.safetensors", Some("<three>"))]).unwrap();
    let cases: Value = serde_json::from_str(&fs::read_to_string(golden.join("learned.json")).unwrap()).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let request = Request {
            negative_prompt: case["negative"].as_str().map(str::to_owned),
            steps: Some(case["steps"].as_u64().unwrap() as u32),
            guidance: Some(case["guidance"].as_f64().unwrap() as f32),
            seed: Some(case["seed"].as_str().unwrap().parse().unwrap()),
            scheduler: Some(SchedulerKind::Ddim),
            format: PixelFormat::Rgb8,
            ..Request::new(case["prompt"].as_str().unwrap())
        };
        let ours = generate(&pipeline, &request).unwrap().images.remove(0);
        let theirs = image::open(golden.join(case["file"].as_str().unwrap())).unwrap().into_rgb8();
        let largest = ours.pixels().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(ours.pixels().len() == theirs.as_raw().len() && largest <= 1, "{}: {largest}", case["name"]);
    }
}

#[test]
fn the_cache_tells_words_apart() {
    let (files, cache) = (Files::new(), tempfile::tempdir().unwrap());
    let open = |words: &str| {
        let embeddings = vec![files.plain("word.safetensors", "<word>", &rows(FOLDER, "text_encoder", words))];
        let options = PipelineOptions { embeddings, cache: CacheChoice::At(cache.path().to_owned()), ..options() };
        Pipeline::open(&tiny(FOLDER), &options, &mut (), &CancelToken::new()).unwrap()
    };
    for words in ["red house", "cat", "red house", "cat"] {
        let pipeline = open(words);
        assert_eq!(drawn(&pipeline, "a <word>"), drawn(&pipeline, &format!("a {words}")), "{words}");
    }
    let unprepared = PipelineOptions {
        embeddings: vec![files.plain("word.safetensors", "<word>", &rows(FOLDER, "text_encoder", "cat"))],
        prepare: false,
        ..options()
    };
    let pipeline = Pipeline::open(&tiny(FOLDER), &unprepared, &mut (), &CancelToken::new()).unwrap();
    assert_eq!(drawn(&pipeline, "a <word>"), drawn(&pipeline, "a cat"), "also where graphs are not prepared");
}

#[test]
fn two_encoders_have_vectors_of_their_own() {
    let files = Files::new();
    let (l, g) = (rows("tiny-xl", "text_encoder", "red"), rows("tiny-xl", "text_encoder_2", "red"));
    let tokenizer = ClipTokenizer::open(&tiny("tiny-xl").join("tokenizer")).unwrap();
    let count = tokenizer.encode_bare("red").unwrap().len();
    let file = |l: &[f32], g: &[f32]| {
        let tensor = |values: &[f32]| f32s(values);
        let (wide_l, wide_g) = ([count, l.len() / count], [count, g.len() / count]);
        files.write(
            "pair.safetensors",
            &safetensors(&[("clip_g", "F32", &wide_g, tensor(g)), ("clip_l", "F32", &wide_l, tensor(l))]),
        )
    };
    let xl = |file: EmbeddingFile| open(&tiny("tiny-xl"), &[file]).unwrap();
    let whole = drawn(&xl(file(&l, &g)), "a pair house");
    let other: Vec<f32> = g.iter().map(|v| -v).collect();
    assert_ne!(drawn(&xl(file(&l, &other)), "a pair house"), whole, "the second encoder's count");
    let message = sentence(open(&tiny(FOLDER), &[file(&l, &g)]));
    assert!(message.contains("Stable Diffusion XL"), "{message}");
}

#[test]
fn what_is_no_embedding_is_said() {
    let files = Files::new();
    let good = [0.5_f32; 32];
    let tensor = |name: &str, dtype: &str, shape: &[usize], bytes: Vec<u8>| {
        files.write("bad.safetensors", &safetensors(&[(name, dtype, shape, bytes)]))
    };
    let with = |mut values: Vec<f32>, value: f32| {
        values[7] = value;
        f32s(&values)
    };
    let mut cut = safetensors(&[("<x>", "F32", &[32], f32s(&good))]);
    cut.truncate(cut.len() - 5);
    let cases: Vec<(EmbeddingFile, &str)> = vec![
        (EmbeddingFile { path: files.0.path().join("none.safetensors"), token: None }, "cannot open"),
        (tensor("<x>", "F32", &[16], f32s(&good[..16])), "width 16"),
    ];
    for (file, words) in cases {
        let message = sentence(open(&tiny(FOLDER), &[file]));
        assert!(message.contains(words), "{message}");
    }
    for (bytes, words) in [
        (cut, "safetensors"),
        (b"PK\x03\x04 a pickle".to_vec(), "safetensors"),
        (Vec::new(), "safetensors"),
        (vec![0; (64 << 20) + 1], "64 MiB"),
        (safetensors(&[("<x>", "F32", &[32], with(good.to_vec(), f32::NAN))]), "NaN"),
        (safetensors(&[("<x>", "F32", &[32], with(good.to_vec(), f32::INFINITY))]), "NaN"),
        (safetensors(&[("<x>", "F32", &[1, 1, 32], f32s(&good))]), "shape"),
        (safetensors(&[("<x>", "F32", &[0, 32], Vec::new())]), "1 to 1024"),
        (safetensors(&[("<x>", "I32", &[32], f32s(&good))]), "I32"),
        (safetensors(&[("a", "F32", &[32], f32s(&good)), ("b", "F32", &[32], f32s(&good))]), "2 tensors"),
        (safetensors(&[(" x", "F32", &[32], f32s(&good))]), "token"),
        (safetensors(&[("!", "F32", &[32], f32s(&good))]), "vocabulary"),
    ] {
        let outcome = open(&tiny(FOLDER), &[files.write("bad.safetensors", &bytes)]);
        assert!(matches!(outcome, Err(Error::InvalidArgument(_))), "{words}: {:?}", outcome.map(|_| ()));
        let message = sentence(open(&tiny(FOLDER), &[files.write("bad.safetensors", &bytes)]));
        assert!(message.contains(words) && message.contains("bad.safetensors"), "{message}");
    }
    let twice = [files.plain("a.safetensors", "<x>", &good), files.plain("b.safetensors", "<x>", &good)];
    assert!(sentence(open(&tiny(FOLDER), &twice)).contains("same token"));
}

#[test]
fn half_tables_and_other_layouts_learn_too() {
    let files = Files::new();
    for folder in ["tiny-optimum-fp16", "tiny-legacy", "tiny-static"] {
        let word = files.plain("word.safetensors", "<word>", &rows(folder, "text_encoder", "red house"));
        let pipeline = open(&tiny(folder), &[word]).unwrap();
        assert_eq!(drawn(&pipeline, "a <word> at night"), drawn(&pipeline, "a red house at night"), "{folder}");
    }
    let large = files.plain("large.safetensors", "<large>", &[1e6; 32]);
    assert!(sentence(open(&tiny("tiny-optimum-fp16"), &[large])).contains("65504"));
}

//! T5's tokenizer against transformers' own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;

use common::{copy_of, repository, sentence, tiny};
use diffusion::text::t5::T5Tokenizer;
use serde_json::Value;

fn ids(value: &Value) -> Option<Vec<u32>> {
    Some(value.as_array()?.iter().map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect())
}

#[test]
fn every_text_becomes_the_numbers_of_transformers() {
    let golden: Value = serde_json::from_str(&fs::read_to_string(repository("tests/golden/t5.json")).unwrap()).unwrap();
    let length = usize::try_from(golden["max_length"].as_u64().unwrap()).unwrap();
    let pieces = T5Tokenizer::open(&tiny("t5-spiece"), length).unwrap();
    let pipeline = T5Tokenizer::open(&tiny("t5-json"), length).unwrap();
    let cases = golden["texts"].as_array().unwrap();
    assert!(cases.len() > 300);
    let mut wrong = Vec::new();
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let fast = ids(&case["fast"]).unwrap();
        for (tokenizer, expected) in [(&pieces, &fast), (&pipeline, &ids(&case["plain"]).unwrap_or(fast.clone()))] {
            if tokenizer.encode_whole(text).unwrap() != *expected {
                wrong.push(text.chars().take(60).collect::<String>());
            }
            let encoding = tokenizer.encode(text).unwrap();
            let mut cut = expected.clone();
            if cut.len() > length {
                cut.truncate(length - 1);
                cut.push(1);
            }
            let filled = cut.len();
            cut.resize(length, 0);
            assert_eq!(encoding.mask, (0..length).map(|at| at < filled).collect::<Vec<_>>());
            assert_eq!(encoding.token_count, expected.len());
            assert_eq!(encoding.ids.len(), length);
            assert_eq!(encoding.lost.is_some(), expected.len() > length);
            if encoding.ids != cut {
                wrong.push(format!("cut: {}", text.chars().take(60).collect::<String>()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts: {wrong:?}", wrong.len());
}

#[test]
fn both_files_of_fluxs_folders_give_the_same() {
    let golden: Value =
        serde_json::from_str(&fs::read_to_string(repository("tests/golden/t5_tokens.json")).unwrap()).unwrap();
    let length = usize::try_from(golden["max_length"].as_u64().unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    for folder in ["tiny-flux-dev", "tiny-flux-schnell"] {
        let tokenizer = T5Tokenizer::open(&tiny(folder).join("tokenizer_2"), length).unwrap();
        for case in cases {
            let text = case["text"].as_str().unwrap();
            assert_eq!(Some(tokenizer.encode_whole(text).unwrap()), ids(&case["ids"]), "{folder}: {text}");
            assert_eq!(Some(tokenizer.encode(text).unwrap().ids), ids(&case["cut"]), "{folder}: {text}");
        }
    }
    assert!(cases.len() > 20);
}

#[test]
fn what_was_cut_off_is_told() {
    let tokenizer = T5Tokenizer::open(&tiny("t5-spiece"), 8).unwrap();
    let encoding = tokenizer.encode("a red house in the snow at night").unwrap();
    let lost = encoding.lost.unwrap();
    assert!(lost.ends_with("night") && !lost.contains("red"), "{lost}");
    assert!(tokenizer.largest_id() >= 200);
}

#[test]
fn damaged_files_are_refused() {
    let folder = copy_of(&tiny("t5-spiece"));
    let path = folder.path().join("spiece.model");
    let whole = fs::read(&path).unwrap();
    assert!(sentence(T5Tokenizer::open(folder.path(), 0)).contains("0 tokens"));
    for length in [0, 1, 100, 1000, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(sentence(T5Tokenizer::open(folder.path(), 16)).contains("spiece.model"));
    }
    // Any byte may be wrong: it is refused, or works as another tokenizer.
    for at in (0..whole.len()).step_by(whole.len() / 200) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).unwrap();
        if let Ok(tokenizer) = T5Tokenizer::open(folder.path(), 16) {
            let _ = tokenizer.encode("a red house \u{fb01} \u{2460} \u{e9} \u{732b}");
        }
    }
    fs::remove_file(&path).unwrap();
    assert!(sentence(T5Tokenizer::open(folder.path(), 16)).contains("neither"));
    fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    assert!(sentence(T5Tokenizer::open(folder.path(), 16)).contains("not a tokenizer"));
}

//! The tokenizer against transformers' `CLIPTokenizer`, and against damaged folders.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{repository, sentence, tiny};
use diffusion::text::tokenizer::ClipTokenizer;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    max_length: usize,
    eos: u32,
    pad: u32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    group: String,
    text: String,
    full: Vec<u32>,
    removed: Option<String>,
}

/// Emoji that Unicode assigned after version 14, which is what the oracle's Python knows: it drops them as unassigned,
/// while a newer Python keeps them, and so do we. Without them the numbers must be the oracle's.
const NEWER_THAN_THE_ORACLE: [char; 3] = ['\u{1FABF}', '\u{1FAE8}', '\u{1FAE9}'];

fn as_the_oracle_sees(text: &str) -> String {
    text.replace(NEWER_THAN_THE_ORACLE, "")
}

/// CLIP's vocabulary, which the Makefile takes out of a pinned wheel.
fn vocabulary() -> PathBuf {
    let folder = repository("target/clip-vocab");
    assert!(
        folder.join("vocab.json").is_file(),
        "run `make test`, or python3 tests/golden/clip_vocab.py target/clip-vocab"
    );
    folder
}

fn golden() -> Golden {
    serde_json::from_str(&fs::read_to_string(repository("tests/golden/tokenizer.json")).unwrap()).unwrap()
}

#[test]
fn numbers_equal_transformers() {
    let (golden, tokenizer) = (golden(), ClipTokenizer::open(&vocabulary()).unwrap());
    assert!(golden.cases.len() >= 200, "only {} cases", golden.cases.len());
    assert_eq!(tokenizer.max_length(), golden.max_length);
    let mut wrong = Vec::new();
    for case in &golden.cases {
        let mut ids = case.full.clone();
        if ids.len() > golden.max_length {
            ids.truncate(golden.max_length - 1);
            ids.push(golden.eos);
        }
        ids.resize(golden.max_length, golden.pad);
        let text = as_the_oracle_sees(&case.text);
        let encoding = tokenizer.encode(&text).unwrap();
        let whole = tokenizer.encode_whole(&text).unwrap();
        if encoding.ids != ids || whole != case.full || encoding.token_count != case.full.len() {
            wrong.push(format!("{}: {:.60?}: {:?} is not {:?}", case.group, case.text, whole, case.full));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), golden.cases.len(), wrong.join("\n"));
}

#[test]
fn lost_words_are_those_that_diffusers_names() {
    let (golden, tokenizer) = (golden(), ClipTokenizer::open(&vocabulary()).unwrap());
    let mut compared = 0;
    for case in &golden.cases {
        let lost = tokenizer.encode(&as_the_oracle_sees(&case.text)).unwrap().lost;
        // White space at the ends is no word; transformers strips it in some places and not in others.
        let words = |text: Option<&String>| text.map(|t| t.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(words(lost.as_ref()), words(case.removed.as_ref()), "{}: {:.60?}", case.group, case.text);
        compared += usize::from(lost.is_some());
    }
    assert!(compared >= 10, "only {compared} long texts");
}

#[test]
fn new_emoji_are_read() {
    let tokenizer = ClipTokenizer::open(&vocabulary()).unwrap();
    for emoji in NEWER_THAN_THE_ORACLE {
        assert!(tokenizer.encode(&emoji.to_string()).unwrap().token_count > 2, "{emoji} was dropped");
    }
}

#[test]
fn any_text_has_the_right_length() {
    let tokenizer = ClipTokenizer::open(&vocabulary()).unwrap();
    let mut state = 0x1234_5678_9abc_def0_u64;
    let mut random = move |below: u32| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        u32::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..300 {
        let text: String = (0..random(60)).filter_map(|_| char::from_u32(random(0x2_0000))).collect();
        let encoding = tokenizer.encode(&text).unwrap();
        assert_eq!(encoding.ids.len(), 77);
        assert_eq!(encoding.lost.is_some(), encoding.token_count > 77);
    }
    let long = "x".repeat(200_000);
    assert_eq!(tokenizer.encode(&long).unwrap().ids.len(), 77);
}

/// A tiny vocabulary that a test may spoil.
fn small(folder: &Path) {
    let vocabulary =
        r#"{"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab</w>": 4, "!": 5, "<|startoftext|>": 6, "<|endoftext|>": 7}"#;
    fs::write(folder.join("vocab.json"), vocabulary).unwrap();
    fs::write(folder.join("merges.txt"), "#version: 0.2\na b</w>\n").unwrap();
}

#[test]
fn special_tokens_and_length_come_from_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    small(folder.path());
    let tokenizer = ClipTokenizer::open(folder.path()).unwrap();
    assert_eq!(tokenizer.encode_whole("AB b").unwrap(), [6, 4, 3, 7]);
    assert_eq!(tokenizer.encode("").unwrap().ids[..3], [6, 7, 7]);
    // SD 2.x pads with "!", written as an object in one file, and a shorter length in the other.
    fs::write(folder.path().join("special_tokens_map.json"), r#"{"pad_token": {"content": "!"}}"#).unwrap();
    fs::write(folder.path().join("tokenizer_config.json"), r#"{"model_max_length": 5, "pad_token": "a"}"#).unwrap();
    let tokenizer = ClipTokenizer::open(folder.path()).unwrap();
    assert_eq!(tokenizer.encode("ab").unwrap().ids, [6, 4, 7, 5, 5]);
    let cut = tokenizer.encode("ab ab ab ab b").unwrap();
    assert_eq!((cut.ids, cut.lost.as_deref(), cut.token_count), (vec![6, 4, 4, 4, 7], Some("ab b"), 7));
}

#[test]
fn tokenizer_json_alone_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    // Its own truncation and special tokens must not meddle: the length is the text encoder's business.
    let json = r#"{"version": "1.0", "padding": null, "added_tokens": [], "post_processor": null, "decoder": null,
        "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "</w>", "fuse_unk": false, "merges": ["a b</w>"],
                  "vocab": {"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab</w>": 4,
                            "<|startoftext|>": 6, "<|endoftext|>": 7}}}"#;
    fs::write(folder.path().join("tokenizer.json"), json).unwrap();
    let tokenizer = ClipTokenizer::open(folder.path()).unwrap();
    assert_eq!(tokenizer.encode_whole("AB b a ab").unwrap(), [6, 4, 3, 2, 4, 7]);
    assert_eq!(tokenizer.encode("AB b").unwrap().ids.len(), 77);
}

/// The vocabulary of the tiny models, whose 714 tokens end with the two special ones, beside other `files`.
fn tiny_with(files: &[(&str, &str)]) -> ClipTokenizer {
    let folder = tempfile::tempdir().unwrap();
    for file in ["vocab.json", "merges.txt"] {
        fs::copy(tiny("tiny-optimum/tokenizer").join(file), folder.path().join(file)).unwrap();
    }
    for (file, text) in files {
        fs::write(folder.path().join(file), text).unwrap();
    }
    ClipTokenizer::open(folder.path()).unwrap()
}

fn check(tokenizer: &ClipTokenizer, cases: &[(&str, &[u32])]) {
    for (text, ids) in cases {
        assert_eq!(tokenizer.encode_whole(text).unwrap(), *ids, "{text:?}");
    }
}

/// What a textual inversion writes.
const ADDED: &str = r#"{"<cat-toy>": 714, "<cat-toy>_1": 715, "Zebra": 716}"#;

// The numbers in the tests of added tokens are what CLIPTokenizer.from_pretrained(folder)(text).input_ids of
// transformers 4.57.6 gives for the same files, without ftfy.

#[test]
fn added_tokens_have_one_number() {
    let tokenizer = tiny_with(&[("added_tokens.json", ADDED)]);
    assert_eq!(tokenizer.largest_id(), 716);
    check(
        &tokenizer,
        &[
            ("a photo of <cat-toy> on a table", &[712, 320, 566, 541, 714, 515, 320, 83, 64, 536, 324, 713]),
            ("a <cat-toy>toy", &[712, 320, 714, 83, 78, 344, 713]),
            ("A <CAT-TOY>", &[712, 320, 283, 623, 268, 83, 78, 344, 285, 713]),
            ("<cat-toy>_1<cat-toy>_2", &[712, 715, 714, 318, 273, 713]),
            ("Zebra zebra", &[712, 716, 89, 68, 65, 81, 320, 713]),
            ("<|endoftext|>a<|STARTOFTEXT|>", &[712, 713, 320, 712, 713]),
        ],
    );
    let long = format!("{}a <cat-toy> cat", "a ".repeat(75));
    assert_eq!(tokenizer.encode(&long).unwrap().lost.as_deref(), Some("a <cat-toy> cat"));
    // A tokenizer.json beside the vocabulary lists them too.
    let pipeline = r#"{"added_tokens": [{"id": 714, "content": "<cat-toy>", "lstrip": false, "rstrip": false,
        "single_word": false, "normalized": true, "special": false}]}"#;
    check(&tiny_with(&[("tokenizer.json", pipeline)]), &[("a <cat-toy>", &[712, 320, 714, 713])]);
    let none = tiny_with(&[]);
    assert_eq!(none.largest_id(), 713);
    check(&none, &[("<cat-toy>", &[712, 283, 623, 268, 83, 78, 344, 285, 713])]);
}

#[test]
fn added_tokens_treat_their_neighbours_as_the_configuration_says() {
    let config = r#"{"added_tokens_decoder": {
        "712": {"content": "<|startoftext|>", "normalized": true, "special": true},
        "713": {"content": "<|endoftext|>", "special": true},
        "714": {"content": "<cat-toy>", "lstrip": false, "rstrip": false, "single_word": false, "special": false},
        "715": {"content": "<s>", "single_word": true}, "716": {"content": "<l>", "lstrip": true},
        "717": {"content": "<r>", "rstrip": true}, "718": {"content": " <sp> "}}}"#;
    // With such a list, the older files have no say.
    let older = [("added_tokens.json", ADDED), ("special_tokens_map.json", r#"{"pad_token": "!"}"#)];
    let tokenizer = tiny_with(&[("tokenizer_config.json", config), older[0], older[1]]);
    assert_eq!(tokenizer.largest_id(), 718);
    assert_eq!(tokenizer.encode("").unwrap().ids[..3], [712, 713, 713]);
    check(
        &tokenizer,
        &[
            ("a <cat-toy> Zebra", &[712, 320, 714, 89, 68, 65, 81, 320, 713]),
            ("x <s> y", &[712, 343, 715, 344, 713]),
            ("x<s> y", &[712, 343, 283, 338, 285, 344, 713]),
            ("x <s>y", &[712, 343, 283, 338, 285, 344, 713]),
            ("<s><s>", &[712, 283, 338, 29, 283, 338, 285, 713]),
            ("a <sp> b", &[712, 320, 718, 321, 713]),
            ("<r> <sp> b", &[712, 717, 283, 82, 335, 285, 321, 713]),
            ("a <sp> <l>", &[712, 320, 283, 82, 335, 285, 716, 713]),
            ("<|endoftext|>a!", &[712, 713, 320, 256, 713]),
        ],
    );
}

#[test]
fn the_padding_token_is_special_in_a_text_too() {
    let tokenizer = tiny_with(&[("special_tokens_map.json", r#"{"pad_token": "!"}"#)]);
    check(&tokenizer, &[("a!", &[712, 320, 0, 713]), ("!a !!", &[712, 0, 320, 0, 0, 713])]);
}

#[test]
fn a_combining_iota_is_no_word() {
    check(&tiny_with(&[]), &[("\u{345}", &[712, 713]), ("!\u{345}!", &[712, 256, 256, 713])]);
}

#[test]
fn a_megabyte_of_special_tokens_is_cut_apart() {
    let count = (1 << 20) / "<|endoftext|>".len();
    let encoding = tiny_with(&[]).encode(&"<|endoftext|>".repeat(count)).unwrap();
    assert_eq!((encoding.ids.len(), encoding.token_count), (77, count + 2));
    assert!(encoding.ids[1..].iter().all(|&id| id == 713));
    assert_eq!(encoding.lost.unwrap().split_whitespace().count(), count - 75);
}

#[test]
fn tokenizer_json_of_transformers_gives_the_same_numbers() {
    let fast = ClipTokenizer::open(&tiny("tokenizer-json")).unwrap();
    let slow = ClipTokenizer::open(&tiny("tiny-optimum/tokenizer")).unwrap();
    assert_eq!((fast.max_length(), fast.largest_id()), (slow.max_length(), slow.largest_id()));
    let long = "many words, ".repeat(40);
    let prompts = [
        "",
        "a photo of a cat",
        "A Red House, by the Sea!",
        "it's 1984; they'll've left",
        "  two   spaces\tand\nlines ",
        "<|endoftext|>",
        &long,
    ];
    for prompt in prompts {
        assert_eq!(fast.encode(prompt).unwrap(), slow.encode(prompt).unwrap(), "{prompt:?}");
    }
    assert!(slow.encode(&long).unwrap().lost.is_some());
}

#[test]
fn damaged_folders_are_named() {
    let spoil = |file: &str, text: &str| {
        let folder = tempfile::tempdir().unwrap();
        small(folder.path());
        fs::write(folder.path().join(file), text).unwrap();
        sentence(ClipTokenizer::open(folder.path()))
    };
    let cases = [
        ("vocab.json", "{\"a\": ", "vocab.json"),
        ("vocab.json", "[1, 2]", "vocab.json"),
        ("vocab.json", "{}", "vocab.json"),
        ("vocab.json", "{\"a\": -1}", "vocab.json"),
        ("vocab.json", "{\"a\": 0, \"b</w>\": 1, \"ab</w>\": 2}", "<|startoftext|>"),
        ("merges.txt", "#version\na b</w> c\n", "line 2"),
        ("merges.txt", "#version\na z\n", "\"z\""),
        ("tokenizer_config.json", "nonsense", "tokenizer_config.json"),
        ("tokenizer_config.json", "{\"model_max_length\": 0}", "model_max_length"),
        ("tokenizer_config.json", "{\"eos_token\": \"<eos>\"}", "<eos>"),
        ("tokenizer_config.json", "{\"added_tokens_decoder\": []}", "added_tokens_decoder"),
        ("tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\"}}}", "\"x\""),
        ("tokenizer_config.json", "{\"added_tokens_decoder\": {\"8\": {\"lstrip\": true}}}", "\"8\""),
        (
            "tokenizer_config.json",
            "{\"added_tokens_decoder\": {\"8\": {\"content\": \"<x>\", \"lstrip\": 1}}}",
            "\"8\"",
        ),
        ("added_tokens.json", "[8]", "added_tokens.json"),
        ("added_tokens.json", "{\"<x>\": ", "added_tokens.json"),
        ("added_tokens.json", "{\"<x>\": \"8\"}", "\"<x>\""),
        ("added_tokens.json", "{\"<x>\": -8}", "\"<x>\""),
        ("tokenizer.json", "{\"added_tokens\": [{\"content\": \"<x>\"}]}", "tokenizer.json"),
    ];
    for (file, text, word) in cases {
        let said = spoil(file, text);
        assert!(said.contains(word), "\"{word}\" is missing in: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(sentence(ClipTokenizer::open(folder.path())).contains("merges.txt"));
    fs::write(folder.path().join("tokenizer.json"), "{\"version\": ").unwrap();
    assert!(sentence(ClipTokenizer::open(folder.path())).contains("tokenizer.json"));
}

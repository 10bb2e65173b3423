//! The tokenizers of text-guided systems besides Stable Diffusion against transformers' own
//! (`tests/golden/make_text_tokens.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;

use common::{copy_of, repository, sentence, tiny};
use diffusion::text::tokenizer::ClipTokenizer;
use diffusion::text::{AnyTokenizer, TokenizerKind, TokenizerOptions};
use serde_json::{Value, json};

fn golden() -> Value {
    serde_json::from_str(&fs::read_to_string(repository("tests/golden/text_tokens.json")).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect()
}

fn open(folder: &str, options: TokenizerOptions) -> AnyTokenizer {
    AnyTokenizer::open(&tiny(folder), options).unwrap()
}

/// Compares all texts cut and padded with the list `key`; `end` is the token that a cut text keeps.
fn compare(tokenizer: &AnyTokenizer, key: &str, end: Option<u32>) {
    let golden = golden();
    let length = usize::try_from(golden["length"].as_u64().unwrap()).unwrap();
    let padding = u32::try_from(golden["padding"][key].as_u64().unwrap()).unwrap();
    assert_eq!(tokenizer.max_length(), length);
    let cases = golden["texts"].as_array().unwrap();
    assert!(cases.len() > 300);
    let (mut wrong, mut cut, mut padded) = (Vec::new(), 0, 0);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        if case[key].is_null() {
            // A character that is newer than Python's tables.
            continue;
        }
        let whole = ids(&case[key]);
        let mut want = whole.clone();
        if whole.len() > length {
            want.truncate(length - usize::from(end.is_some()));
            want.extend(end);
            cut += 1;
        }
        let filled = want.len();
        padded += usize::from(filled < length);
        want.resize(length, padding);
        let got = tokenizer.encode(text).unwrap();
        if got.ids != want {
            wrong.push(format!("{text}: {:?} for {want:?}", got.ids));
            continue;
        }
        let mask: Vec<_> = (0..length).map(|at| at < filled).collect();
        assert_eq!((got.mask.as_slice(), got.length()), (mask.as_slice(), filled), "{text}");
        assert_eq!((got.token_count, got.lost.is_some()), (whole.len(), whole.len() > length), "{text}");
        assert!(want.iter().all(|id| *id <= tokenizer.largest_id()));
    }
    assert!(wrong.is_empty(), "{} texts: {wrong:#?}", wrong.len());
    assert!(cut > 10 && padded > 10, "{cut} {padded}");
}

fn length() -> TokenizerOptions {
    TokenizerOptions { length: Some(24), padding: None }
}

#[test]
fn glides_tokenizer_has_nothing_around_a_text() {
    for folder in ["tokenizer-gpt2", "tokenizer-gpt2-json"] {
        let tokenizer = open(folder, length());
        assert_eq!(tokenizer.kind(), TokenizerKind::Gpt2, "{folder}");
        compare(&tokenizer, "gpt2", None);
        let empty = tokenizer.encode("").unwrap();
        assert_eq!((empty.ids, empty.mask), (vec![tokenizer.largest_id(); 24], vec![false; 24]));
        assert_eq!(open(folder, TokenizerOptions::default()).max_length(), 128);
        let lost = tokenizer.encode_to("a Red House", 2).unwrap().lost.unwrap();
        assert!("a red house".ends_with(&lost) && !lost.is_empty(), "{lost}");
    }
    let padded = open("tokenizer-gpt2", TokenizerOptions { padding: Some(7), ..length() });
    assert_eq!(padded.encode("").unwrap().ids, [7; 24], "the padding is data");
}

#[test]
fn berts_tokenizer_is_transformers() {
    for folder in ["tokenizer-bert", "tokenizer-bert-json"] {
        let tokenizer = open(folder, length());
        assert_eq!(tokenizer.kind(), TokenizerKind::Bert);
        let end = tokenizer.encode_to("", 2).unwrap().ids[1];
        compare(&tokenizer, "bert", Some(end));
        assert_eq!(open(folder, TokenizerOptions::default()).max_length(), 77);
    }
    let cased = copy_of(&tiny("tokenizer-bert"));
    fs::write(cased.path().join("tokenizer_config.json"), r#"{"do_lower_case": false}"#).unwrap();
    let tokenizer = AnyTokenizer::open(cased.path(), length()).unwrap();
    let end = tokenizer.encode_to("", 2).unwrap().ids[1];
    compare(&tokenizer, "cased", Some(end));
}

#[test]
fn xlm_rs_tokenizer_is_transformers() {
    for folder in ["tokenizer-xlm-r", "tokenizer-xlm-r-json"] {
        let tokenizer = open(folder, length());
        assert_eq!(tokenizer.kind(), TokenizerKind::XlmRoberta);
        compare(&tokenizer, "xlm_r", Some(2));
        assert_eq!(open(folder, TokenizerOptions::default()).max_length(), 77);
    }
}

#[test]
fn clips_tokenizer_pads_with_zero_where_asked() {
    let options = TokenizerOptions { length: Some(24), padding: Some(0) };
    let tokenizer = open("tiny-optimum/tokenizer", options);
    assert_eq!(tokenizer.kind(), TokenizerKind::Clip);
    let end = tokenizer.encode("").unwrap().ids[1];
    compare(&tokenizer, "clip", Some(end));
    let usual = open("tiny-optimum/tokenizer", TokenizerOptions::default());
    let own = ClipTokenizer::open(&tiny("tiny-optimum/tokenizer")).unwrap();
    assert_eq!(usual.encode("a red house").unwrap(), own.encode("a red house").unwrap());
}

#[test]
fn a_folder_says_whose_tokenizer_it_holds() {
    for (folder, kind) in [
        ("tiny-optimum/tokenizer", TokenizerKind::Clip),
        ("tokenizer-json", TokenizerKind::Clip),
        ("t5-spiece", TokenizerKind::T5),
        ("t5-json", TokenizerKind::T5),
        ("tokenizer-gpt2", TokenizerKind::Gpt2),
        ("tokenizer-bert", TokenizerKind::Bert),
        ("tokenizer-xlm-r", TokenizerKind::XlmRoberta),
    ] {
        assert_eq!(TokenizerKind::of(&tiny(folder)).unwrap(), kind, "{folder}");
        let stripped = copy_of(&tiny(folder));
        let _ = fs::remove_file(stripped.path().join("tokenizer_config.json"));
        assert_eq!(TokenizerKind::of(stripped.path()).unwrap(), kind, "{folder} without its config");
        // No word of it about the class: the files decide.
        fs::write(stripped.path().join("tokenizer_config.json"), r#"{"tokenizer_class": "PreTrained"}"#).unwrap();
        assert_eq!(TokenizerKind::of(stripped.path()).unwrap(), kind, "{folder} without a class");
    }
    for folder in ["tokenizer-gpt2-json", "tokenizer-bert-json", "tokenizer-xlm-r-json", "t5-json"] {
        let kind = TokenizerKind::of(&tiny(folder)).unwrap();
        let alone = tempfile::tempdir().unwrap();
        fs::copy(tiny(folder).join("tokenizer.json"), alone.path().join("tokenizer.json")).unwrap();
        assert_eq!(TokenizerKind::of(alone.path()).unwrap(), kind, "{folder} alone");
        let t5 = AnyTokenizer::open(alone.path(), length()).unwrap();
        assert_eq!(t5.encode("a red house").unwrap().ids.len(), 24);
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(sentence(TokenizerKind::of(empty.path())).contains("no tokenizer's folder that is known"));
}

#[test]
fn folders_that_lack_something_are_refused() {
    let refused = |name: &str, change: &dyn Fn(&std::path::Path)| {
        let folder = copy_of(&tiny(name));
        change(folder.path());
        sentence(AnyTokenizer::open(folder.path(), length()))
    };
    let gpt2 = refused("tokenizer-gpt2", &|folder| {
        let path = folder.join("vocab.json");
        let mut tokens: serde_json::Map<String, Value> =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        tokens.remove("\u{ff}").unwrap();
        fs::write(path, Value::Object(tokens).to_string()).unwrap();
    });
    assert!(gpt2.contains("the byte 255, which GPT-2's has"), "{gpt2}");
    let bert = |token: &'static str| {
        refused("tokenizer-bert", &|folder| {
            let path = folder.join("vocab.txt");
            let text = fs::read_to_string(&path).unwrap().replace(token, "other");
            fs::write(path, text).unwrap();
        })
    };
    for token in ["[CLS]", "[SEP]", "[PAD]", "[UNK]"] {
        assert!(bert(token).contains(&format!("has no \"{token}\", which BERT's has")), "{}", bert(token));
    }
    let odd = refused("tokenizer-bert", &|folder| {
        let config = json!({"tokenizer_class": "BertTokenizer", "strip_accents": "some"});
        fs::write(folder.join("tokenizer_config.json"), config.to_string()).unwrap();
    });
    assert!(odd.contains("\"strip_accents\" is \"some\""), "{odd}");
    let damaged =
        |name: &'static str, file: &'static str| refused(name, &|folder| fs::write(folder.join(file), "{}").unwrap());
    assert!(damaged("tokenizer-gpt2-json", "tokenizer.json").contains("not a tokenizer"));
    assert!(damaged("tokenizer-bert-json", "tokenizer.json").contains("not a tokenizer"));
    assert!(damaged("tokenizer-xlm-r-json", "tokenizer.json").contains("not a tokenizer"));
    assert!(damaged("tokenizer-xlm-r", "sentencepiece.bpe.model").contains("sentencepiece.bpe.model"));
    assert!(damaged("tokenizer-gpt2", "vocab.json").contains("no tokens"));
    for (class, words) in
        [("BertTokenizer", "vocab.txt"), ("GPT2Tokenizer", "merges.txt"), ("XLMRobertaTokenizer", "bpe.model")]
    {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tokenizer_config.json"), json!({"tokenizer_class": class}).to_string()).unwrap();
        let refused = sentence(AnyTokenizer::open(folder.path(), length()));
        assert!(refused.contains(words) && refused.contains("neither"), "{refused}");
    }
}

#[test]
fn options_that_a_tokenizer_cannot_have_are_refused() {
    for (folder, least) in [
        ("tokenizer-gpt2", 1),
        ("t5-json", 1),
        ("tokenizer-bert", 2),
        ("tokenizer-xlm-r", 2),
        ("tiny-optimum/tokenizer", 2),
    ] {
        let of = |length, padding| AnyTokenizer::open(&tiny(folder), TokenizerOptions { length, padding });
        assert_eq!(of(Some(least), None).unwrap().encode("a red house").unwrap().ids.len(), least);
        let short = sentence(of(Some(least - 1), None));
        assert!(short.ends_with(&format!("allowed are {least} and more")), "{short}");
        let largest = of(None, None).unwrap().largest_id();
        assert!(of(None, Some(largest)).is_ok());
        let beyond = sentence(of(None, Some(largest + 1)));
        assert!(beyond.ends_with(&format!("the tokenizer has 0 to {largest}")), "{beyond}");
    }
}

//! Files that are no graph, or only a part of one.

use std::fs;

use diffusion::Error;
use diffusion::runtime::{CancelToken, Graph, GraphOptions};

use crate::{assert_bad_model, golden, open_error, scratch, start};

#[test]
fn files_that_are_no_graph_are_a_sentence() {
    let folder = scratch("no graph");
    let missing = open_error(&folder.join("model.onnx"));
    assert!(matches!(&missing, Error::Io { path, .. } if path.ends_with("model.onnx")), "{missing:?}");
    let directory = open_error(&folder);
    assert!(matches!(&directory, Error::Io { .. }), "{directory:?}");
    let cases: [(&[u8], &str); 5] = [
        (b"", "the file is empty"),
        (b"<html>404 Not Found</html>", "not a whole ONNX file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "git lfs pull"),
        (&[0x08, 0x08], "holds no graph"),
        (&[0xff; 64], "not a whole ONNX file"),
    ];
    for (bytes, reason) in cases {
        let path = folder.join("model.onnx");
        fs::write(&path, bytes).unwrap();
        assert_bad_model(&open_error(&path), &path, reason);
    }
}

#[test]
fn a_graph_that_is_cut_off_anywhere_is_refused() {
    let path = scratch("cut off").join("model.onnx");
    for name in ["two_outputs.onnx", "slow.onnx"] {
        let whole = fs::read(golden(name)).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let error = open_error(&path);
            assert!(matches!(error, Error::BadModel { .. }), "{length}: {error:?}");
        }
    }
}

#[test]
fn damaged_bytes_never_panic() {
    start();
    let path = scratch("damaged").join("model.onnx");
    let whole = fs::read(golden("slow.onnx")).unwrap();
    for index in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[index] ^= flip;
            fs::write(&path, bytes).unwrap();
            match Graph::open("unet", &path, &GraphOptions::default(), &CancelToken::new()) {
                Ok(_) | Err(Error::BadModel { .. } | Error::Unsupported(_)) => {}
                Err(other) => panic!("{index} {flip}: {other:?}"),
            }
        }
    }
}

#[test]
fn operators_that_are_not_there_are_named() {
    let path = golden("unknown_operator.onnx");
    assert_bad_model(&open_error(&path), &path, "NoSuchOperator");
    let error = open_error(&golden("bfloat16_matmul.onnx"));
    assert!(matches!(&error, Error::Unsupported(text) if text.contains("MatMul")), "{error:?}");
}

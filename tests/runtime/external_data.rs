//! Weights in other files: read where they belong to the graph, refused where they do not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diffusion::runtime::{CancelToken, Graph, GraphOptions};

use crate::{assert_bad_model, f32s, golden, open, open_error, scratch, start};

/// A copy of `graph` in `folder` that names another file of weights; the name must be as long as the old one,
/// since its length is written before it in the file.
fn with_location(folder: &Path, graph: &str, location: &str) -> PathBuf {
    let bytes = fs::read(golden(graph)).unwrap();
    let old = b"weights.bin";
    assert_eq!(location.len(), old.len(), "{location}");
    let mut new = Vec::new();
    let mut rest = &bytes[..];
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(old) {
            new.extend_from_slice(location.as_bytes());
            rest = tail;
        } else {
            new.push(*first);
            rest = tail;
        }
    }
    let path = folder.join("model.onnx");
    fs::write(&path, new).unwrap();
    path
}

#[test]
fn external_data_beside_the_graph_is_read() {
    let input = f32s(&[3], &[10.0, 20.0, 30.0]);
    for name in ["external.onnx", "external_attribute.onnx"] {
        let sum = open(name).run(&[("x", &input)], &["y"], &CancelToken::new()).unwrap();
        assert_eq!(sum[0], f32s(&[3], &[11.0, 22.0, 33.0]), "{name}");
    }
}

#[test]
fn external_data_that_leaves_the_folder_is_refused() {
    let root = scratch("leaves");
    let folder = root.join("model");
    fs::create_dir(&folder).unwrap();
    for place in [root.join("evil.bin"), folder.join("weights.bin")] {
        fs::copy(golden("weights.bin"), place).unwrap();
    }
    for graph in ["external.onnx", "external_attribute.onnx"] {
        for location in ["../evil.bin", "a/../../e/b", "/etc/passwd", "..\\evil.bin", "C:/evil.bin", "./weigh:bin"] {
            let path = with_location(&folder, graph, location);
            assert_bad_model(&open_error(&path), &path, "must be relative and stay inside");
        }
        let path = with_location(&folder, graph, "missing.bin");
        assert_bad_model(&open_error(&path), &path, "external data \"missing.bin\" of the tensor \"w");
        fs::create_dir_all(folder.join("weights.dir")).unwrap();
        let path = with_location(&folder, graph, "weights.dir");
        assert_bad_model(&open_error(&path), &path, "it is not a file");
    }
}

#[test]
fn external_data_that_is_too_short_is_refused() {
    let folder = scratch("short");
    for length in [0, 11, 23] {
        for graph in ["external.onnx", "external_attribute.onnx"] {
            let path = folder.join("model.onnx");
            fs::copy(golden(graph), &path).unwrap();
            fs::write(folder.join("weights.bin"), vec![0; length]).unwrap();
            let reason = format!("12 bytes from byte 12 on, but the file has {length}");
            assert_bad_model(&open_error(&path), &path, &reason);
        }
    }
}

#[cfg(unix)]
#[test]
fn external_data_behind_a_link_must_lie_where_the_graph_lies() {
    use std::os::unix::fs::symlink;

    let root = scratch("links");
    let (folder, blobs) = (root.join("model"), root.join("blobs"));
    fs::create_dir(&folder).unwrap();
    fs::create_dir(&blobs).unwrap();
    fs::copy(golden("weights.bin"), blobs.join("2222")).unwrap();
    fs::copy(golden("external.onnx"), blobs.join("1111")).unwrap();
    symlink("../blobs/2222", folder.join("weights.bin")).unwrap();
    let path = folder.join("model.onnx");
    fs::copy(golden("external.onnx"), &path).unwrap();
    assert_bad_model(&open_error(&path), &path, "a link that leads out of the model's folder");
    // As a download cache has it: the graph is a link into the same folder.
    fs::remove_file(&path).unwrap();
    symlink("../blobs/1111", &path).unwrap();
    start();
    let graph = Arc::new(Graph::open("unet", &path, &GraphOptions::default(), &CancelToken::new()).unwrap());
    let sum = graph.run(&[("x", f32s(&[3], &[0.0; 3]))], &["y"], &CancelToken::new()).unwrap();
    assert_eq!(sum[0], f32s(&[3], &[1.0, 2.0, 3.0]));
}

use std::path::Path;

use super::*;

fn files() -> ModelFiles {
    let mut files = ModelFiles::new();
    for (name, contents) in [("model_index.json", "{}"), ("unet/model.onnx", "graph"), ("unet-x/a", ""), ("unet0", "")]
    {
        files.add(name, contents.as_bytes()).unwrap();
    }
    files
}

#[test]
fn files_in_memory_are_read_by_paths_like_others() {
    let mounted = files().mount();
    let root = mounted.root();
    let unet = root.join("unet");
    let graph = unet.join("model.onnx");
    assert_eq!(kind(&root).unwrap(), Kind::Folder);
    assert_eq!(kind(&graph).unwrap(), Kind::File(5));
    assert!(is_file(&graph) && is_folder(&unet) && !is_folder(&graph) && !is_file(&unet));
    assert!(exists(&unet) && !exists(&root.join("un")) && !exists(&root.join("unet/other")));
    let mut names = list(&root).unwrap();
    names.sort();
    assert_eq!(names, ["model_index.json", "unet", "unet-x", "unet0"].map(|name| root.join(name)));
    assert_eq!(list(&unet).unwrap(), std::slice::from_ref(&graph));
    assert_eq!(list(&graph).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    assert_eq!(read(&graph, u64::MAX).unwrap(), "graph");
    assert_eq!(read(&graph, 2).unwrap(), "gr");
    assert_eq!(read(&unet, 2).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    assert_eq!(read(&root.join("x"), 2).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!((absolute(&graph).unwrap(), canonical(&graph).unwrap()), (graph.clone(), graph.as_path().into()));
    assert!(canonical(&root.join("x")).is_err());
    assert_eq!(
        (parent(&root), parent(&unet), parent(Path::new("a/b"))),
        (None, Some(root.as_path()), Some(Path::new("a")))
    );
    let mut open = OpenFile::open(&graph).unwrap();
    assert_eq!(open.read_at(1, 3).unwrap(), "rap");
    for (offset, length) in [(3, 3), (u64::MAX, 1), (1, usize::MAX)] {
        assert_eq!(open.read_at(offset, length).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn nothing_is_copied() {
    let bytes = Bytes::from(vec![7; 100]);
    let mut files = ModelFiles::new();
    files.add("a", bytes.clone()).unwrap();
    let mounted = files.mount();
    let path = mounted.root().join("a");
    assert_eq!(in_memory(&path).unwrap().as_ptr(), bytes.as_ptr());
    assert_eq!(read(&path, 50).unwrap().as_ptr(), bytes.as_ptr());
}

#[test]
fn paths_lead_nowhere_once_nobody_needs_the_files() {
    let mounted = files().mount();
    let path = mounted.root().join("unet/model.onnx");
    assert!(exists(&path));
    drop(mounted);
    assert!(!exists(&path));
}

#[test]
fn no_path_leads_out_of_the_files() {
    let mounted = files().mount();
    let outside = std::env::current_dir().unwrap().join("Cargo.toml");
    assert!(is_file(&outside) && is_file(Path::new("Cargo.toml")));
    for path in ["../Cargo.toml", "unet/../../Cargo.toml", "unet/../model_index.json"] {
        assert!(!exists(&mounted.root().join(path)), "{path}");
    }
    assert!(!exists(Path::new("memory:0")) && !exists(Path::new("memory:x")));
}

#[test]
fn later_files_are_for_later_users() {
    let mut files = files();
    let first = files.mount();
    files.add("vae_decoder/model.onnx", Vec::new()).unwrap();
    let second = files.mount();
    assert!(!exists(&first.root().join("vae_decoder")) && exists(&second.root().join("vae_decoder")));
    assert_ne!(first.root(), second.root());
}

#[test]
fn names_are_checked() {
    let mut files = files();
    let wrong = [
        "",
        "/",
        "/unet",
        "unet/",
        "unet//model.onnx",
        "..",
        ".",
        "./a",
        "a/../b",
        "a\\b",
        "C:/a",
        "a\0b",
        "unet",
        "unet0/a",
        "model_index.json",
        "unet/model.onnx/x",
    ];
    for name in wrong {
        let said = files.add(name, Vec::new()).unwrap_err().to_string();
        assert!(said.contains("model file") && !said.contains(['\n', '\0']), "{name:?}: {said}");
    }
    assert_eq!(files.len(), 4, "what is refused changes nothing");
    for name in ["ünet/ä.json", "a b", "a.b/c", "...", "unet/other"] {
        files.add(name, Vec::new()).unwrap();
    }
}

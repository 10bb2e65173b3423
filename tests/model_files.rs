//! Models from memory: they draw what their folders draw, say what their folders say, and let go of what was lent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{copy_of, generate, open, options, repository, sentence, tiny};
use diffusion::{
    CacheChoice, CancelToken, Error, Flow, Image, MemoryMode, ModelFiles, Observer, Pipeline, PipelineOptions,
    Progress, Request, Result, Start,
};

/// Every file below `folder`, by its name there.
fn names(folder: &Path) -> Vec<(String, PathBuf)> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let parts = path.strip_prefix(root).unwrap().components();
                let parts: Vec<_> = parts.map(|part| part.as_os_str().to_str().unwrap()).collect();
                found.push((parts.join("/"), path));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found
}

/// The files of `folder`, of which nothing is on the disk any more.
fn handed_over(folder: &Path) -> ModelFiles {
    let mut files = ModelFiles::new();
    for (name, path) in names(folder) {
        files.add(&name, fs::read(path).unwrap()).unwrap();
    }
    files
}

fn open_files(files: &ModelFiles) -> Result<Pipeline> {
    Pipeline::open_files(files, &options(), &mut (), &CancelToken::new())
}

/// Bytes that count how often they were let go.
struct Counted {
    bytes: Vec<u8>,
    gone: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gone.fetch_add(1, Ordering::SeqCst);
    }
}

/// Files of which each counts when it is let go, into the same counter.
fn counted(folder: &Path) -> (ModelFiles, Arc<AtomicUsize>, usize) {
    let (mut files, gone) = (ModelFiles::new(), Arc::new(AtomicUsize::new(0)));
    let names = names(folder);
    let count = names.len();
    for (name, path) in names {
        let counted = Counted { bytes: fs::read(path).unwrap(), gone: Arc::clone(&gone) };
        files.add(&name, bytes::Bytes::from_owner(counted)).unwrap();
    }
    (files, gone, count)
}

/// What a sentence says without the place of the model.
fn without(root: &Path, message: &str) -> String {
    message.replace(root.to_str().unwrap(), "ROOT")
}

/// What `pipeline` draws, or the sentence that says why it draws nothing.
fn outcome(pipeline: &Pipeline) -> Result<Vec<Vec<u8>>, String> {
    let request = Request { steps: Some(2), seed: Some(7), ..Request::new("a red house") };
    let picture = || Some(Arc::new(Image::open(&repository("tests/golden/inputs/house.png")).unwrap()));
    let drawn = generate(pipeline, &request).or_else(|_| {
        // Models that start from a picture.
        generate(pipeline, &Request { start: Start { picture: picture(), ..Start::default() }, ..request })
    });
    match drawn {
        Ok(drawn) => Ok(drawn.images.iter().map(|image| image.pixels().to_vec()).collect()),
        Err(error) => Err(without(&pipeline.info().folder, &error.to_string())),
    }
}

fn assert_same(name: &str, expected: &Result<Vec<Vec<u8>>, String>, got: &Result<Vec<Vec<u8>>, String>) {
    // Not assert_eq!, which would print the pixels.
    match (expected, got) {
        (Ok(expected), Ok(got)) => {
            let pairs = expected.iter().flatten().zip(got.iter().flatten());
            let farthest = pairs.map(|(a, b)| a.abs_diff(*b)).max();
            assert_eq!((expected.len(), farthest), (got.len(), Some(0)), "{name} draws something else");
        }
        (Err(expected), Err(got)) => assert_eq!(expected, got, "{name}"),
        _ => panic!("{name}: {:?} {:?}", expected.as_ref().err(), got.as_ref().err()),
    }
}

/// Every committed model, of whatever family and layout: weights inside of graphs and beside them, one stage and several.
#[test]
fn every_committed_model_draws_from_memory_what_its_folder_draws() {
    let mut drawn = 0;
    for entry in fs::read_dir(tiny("")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let copy = copy_of(&folder);
        let files = handed_over(copy.path());
        // From here on there is no folder that a path could lead to.
        drop(copy);
        let in_memory = open_files(&files);
        drop(files);
        match (open(&folder), in_memory) {
            (Ok(on_disk), Ok(in_memory)) => {
                assert_same(&name, &outcome(&on_disk), &outcome(&in_memory));
                drawn += 1;
            }
            (Err(on_disk), Err(in_memory)) => {
                let said = in_memory.to_string();
                let root = said.split('"').nth(1).unwrap();
                assert!(root.starts_with("memory:"), "{name}: {said}");
                assert_eq!(without(&folder, &on_disk.to_string()), without(Path::new(root), &said), "{name}");
            }
            (on_disk, in_memory) => panic!("{name}: {:?} {:?}", on_disk.err(), in_memory.err()),
        }
    }
    assert!(drawn > 30, "{drawn}");
}

/// Graphs as they are, graphs that are opened again before each use, and graphs that a cache keeps.
#[test]
fn options_mean_the_same_for_files_in_memory() {
    let cache = tempfile::tempdir().unwrap();
    let as_they_are = PipelineOptions { prepare: false, ..options() };
    let one_by_one = PipelineOptions { memory: MemoryMode::Low, ..options() };
    let cached = PipelineOptions { cache: CacheChoice::At(cache.path().to_owned()), ..options() };
    // Weights beside the graph, and a model of several stages.
    for name in ["tiny-legacy", "tiny-glide"] {
        let files = handed_over(&tiny(name));
        for (what, options) in [("as they are", &as_they_are), ("one by one", &one_by_one)] {
            let on_disk = Pipeline::open(&tiny(name), options, &mut (), &CancelToken::new()).unwrap();
            let in_memory = Pipeline::open_files(&files, options, &mut (), &CancelToken::new()).unwrap();
            assert_same(&format!("{name}, {what}"), &outcome(&on_disk), &outcome(&in_memory));
        }
        let expected = outcome(&open(&tiny(name)).unwrap());
        for cache in ["stored", "found"] {
            let pipeline = Pipeline::open_files(&files, &cached, &mut (), &CancelToken::new()).unwrap();
            let unet = pipeline.info().graphs.iter().find(|graph| graph.preparation.cache != "none").unwrap();
            assert_eq!(unet.preparation.cache, cache, "{name}: {:?}", unet.preparation);
            assert_same(&format!("{name}, {cache}"), &expected, &outcome(&pipeline));
        }
    }
}

#[test]
fn what_is_wrong_with_files_is_said_as_of_a_folder() {
    type Spoil = fn(&mut Vec<u8>);
    let cut: Spoil = |bytes| bytes.truncate(bytes.len() / 2);
    let empty: Spoil = |bytes| bytes.clear();
    let spoiled: [(&str, Option<Spoil>); 9] = [
        ("unet/model.onnx", None),
        ("unet/model.onnx", Some(cut)),
        ("unet/model.onnx", Some(empty)),
        ("unet/weights.pb", None),
        ("unet/weights.pb", Some(cut)),
        ("vae_decoder/model.onnx", Some(|bytes| *bytes = b"version https://git-lfs.github.com/spec/v1".to_vec())),
        ("scheduler/scheduler_config.json", Some(cut)),
        ("tokenizer/vocab.json", None),
        ("tokenizer/merges.txt", Some(|bytes| bytes.extend(b"no such tokens\n"))),
    ];
    for (file, spoil) in spoiled {
        let folder = copy_of(&tiny("tiny-legacy"));
        let path = folder.path().join(file);
        match spoil {
            None => fs::remove_file(&path).unwrap(),
            Some(spoil) => {
                let mut bytes = fs::read(&path).unwrap();
                spoil(&mut bytes);
                fs::write(&path, bytes).unwrap();
            }
        }
        let expected = without(folder.path(), &sentence(open(folder.path())));
        let said = sentence(open_files(&handed_over(folder.path())));
        let start = said.find("memory:").unwrap_or_else(|| panic!("{file}: {said}"));
        let root: String = said[start..].chars().take_while(|c| *c != '/' && *c != '"').collect();
        assert_eq!(expected, said.replace(&root, "ROOT"), "{file}");
    }
    let said = sentence(open_files(&ModelFiles::new()));
    assert!(said.contains("the folder is empty"), "{said}");
}

#[test]
fn what_was_lent_is_let_go_of_once_by_the_last_user() {
    let count = |gone: &AtomicUsize| gone.load(Ordering::SeqCst);
    let (files, gone, all) = counted(&tiny("tiny-legacy"));
    let pipeline = open_files(&files).unwrap();
    let second = open_files(&files).unwrap();
    drop(files);
    drop(second);
    assert_eq!(count(&gone), 0, "the first pipeline has them");
    outcome(&pipeline).unwrap();
    let root = pipeline.info().folder.clone();
    drop(pipeline);
    assert_eq!(count(&gone), all);
    assert!(matches!(open(&root), Err(Error::Io { .. })), "its path leads nowhere any more");
}

#[test]
fn what_was_lent_is_let_go_of_when_opening_fails() {
    struct Stop;
    impl Observer for Stop {
        fn progress(&mut self, _: &Progress) -> Flow {
            Flow::Stop
        }
    }
    type Open = fn(&ModelFiles) -> Result<Pipeline>;
    let cancelled: Open = |files| {
        let cancel = CancelToken::new();
        cancel.cancel();
        Pipeline::open_files(files, &options(), &mut (), &cancel)
    };
    let stopped: Open = |files| Pipeline::open_files(files, &options(), &mut Stop, &CancelToken::new());
    let refused: Open = |files| {
        let options = PipelineOptions { threads: u32::MAX, ..options() };
        Pipeline::open_files(files, &options, &mut (), &CancelToken::new())
    };
    let broken: Open = |files| {
        let mut files = files.clone();
        files.add("model_index.json/x", "a folder where a file is").unwrap_err();
        files.add("unet/config.json", "{").unwrap();
        open_files(&files)
    };
    for (what, open) in [("cancelled", cancelled), ("stopped", stopped), ("refused", refused), ("broken", broken)] {
        let (files, gone, all) = counted(&tiny("tiny-legacy"));
        assert!(open(&files).is_err(), "{what}");
        assert_eq!(gone.load(Ordering::SeqCst), 0, "{what}: the caller still has them");
        drop(files);
        assert_all_go(&gone, all, what);
    }
}

/// What did not stop within a moment was left, and lets go of them at its end.
fn assert_all_go(gone: &AtomicUsize, all: usize, what: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    while gone.load(Ordering::SeqCst) < all && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(gone.load(Ordering::SeqCst), all, "{what}");
}

#[test]
fn a_job_opens_them_too_and_lets_go_of_them() {
    let (files, gone, all) = counted(&tiny("tiny-legacy"));
    let job = Pipeline::open_files_job(&files, &options()).unwrap();
    drop(files);
    job.wait(None);
    let pipeline = job.take().unwrap();
    drop(job);
    let expected = outcome(&open(&tiny("tiny-legacy")).unwrap());
    assert_same("a job's", &expected, &outcome(&pipeline));
    drop(pipeline);
    assert_eq!(gone.load(Ordering::SeqCst), all);
    // Cancelled before, while or after it is done: each time nothing stays.
    let (files, gone, all) = counted(&tiny("tiny-legacy"));
    let job = Pipeline::open_files_job(&files, &options()).unwrap();
    drop(files);
    job.cancel();
    job.wait(None);
    drop(job);
    assert_all_go(&gone, all, "a job that was cancelled");
}

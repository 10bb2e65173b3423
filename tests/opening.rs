//! Opening through a cache: what is stored and found, what damage and change do to it, and what is given back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{copy_of, generate, options, sentence, tiny};
use diffusion::onnx::proto::{NodeProto, ValueInfoProto};
use diffusion::onnx::{Editor, Model};
use diffusion::opening::{Cache, CacheUse, DEFAULT_LIMIT, Edit, GraphFile, OpenOptions, open_all};
use diffusion::runtime::GraphOptions;
use diffusion::{
    CacheChoice, CancelToken, Error, Flow, MemoryMode, Phase, Pipeline, PipelineOptions, Progress, Request, Seamless,
};

fn with_cache(folder: &Path) -> PipelineOptions {
    PipelineOptions { cache: CacheChoice::At(folder.to_owned()), ..options() }
}

fn open_with(model: &Path, options: &PipelineOptions) -> Pipeline {
    Pipeline::open(model, options, &mut (), &CancelToken::new()).unwrap()
}

/// What the cache had to do with each graph.
fn uses(pipeline: &Pipeline) -> Vec<&str> {
    pipeline.info().graphs.iter().map(|graph| graph.preparation.cache.as_str()).collect()
}

fn request() -> Request {
    Request { steps: Some(2), seed: Some(1), ..Request::new("a red house") }
}

fn pixels(pipeline: &Pipeline) -> Vec<u8> {
    generate(pipeline, &request()).unwrap().images[0].pixels().to_vec()
}

fn close(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 1)
}

/// Every file of that name below the cache.
fn stored(cache: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(folders) = fs::read_dir(cache.join("graphs")) else { return vec![] };
    folders.map(|folder| folder.unwrap().path().join(name)).filter(|file| file.exists()).collect()
}

#[test]
fn a_model_is_stored_once_and_found_afterwards() {
    let cache = tempfile::tempdir().unwrap();
    let plain = pixels(&open_with(&tiny("tiny-optimum"), &PipelineOptions { prepare: false, ..options() }));
    let first = open_with(&tiny("tiny-optimum"), &with_cache(cache.path()));
    assert_eq!(uses(&first), ["stored"; 3]);
    let second = open_with(&tiny("tiny-optimum"), &with_cache(cache.path()));
    assert_eq!(uses(&second), ["found"; 3]);
    for (a, b) in first.info().graphs.iter().zip(&second.info().graphs) {
        assert_eq!(a.preparation.done, b.preparation.done);
        assert!(!a.preparation.done.is_empty(), "{} has attention, so something was done", a.role);
    }
    assert!(close(&pixels(&first), &plain));
    assert_eq!(pixels(&first), pixels(&second), "both opened the same files");
    // The same content elsewhere is the same graph.
    let copy = copy_of(&tiny("tiny-optimum"));
    assert_eq!(uses(&open_with(copy.path(), &with_cache(cache.path()))), ["found"; 3]);
    assert_eq!(stored(cache.path(), "model.onnx").len(), 3);
}

#[test]
fn every_tiny_folder_draws_the_same_from_the_cache_as_from_its_own_files() {
    let cache = tempfile::tempdir().unwrap();
    for name in ["tiny-optimum-fp16", "tiny-legacy", "tiny-legacy-fp16", "tiny-static"] {
        let plain = pixels(&open_with(&tiny(name), &PipelineOptions { prepare: false, ..options() }));
        for memory in [MemoryMode::Speed, MemoryMode::Low] {
            let options = PipelineOptions { memory, ..with_cache(cache.path()) };
            assert!(close(&pixels(&open_with(&tiny(name), &options)), &plain), "{name}, {}", memory.name());
        }
    }
}

#[test]
fn preparation_can_be_switched_off() {
    let cache = tempfile::tempdir().unwrap();
    let off = open_with(&tiny("tiny-optimum"), &PipelineOptions { prepare: false, ..with_cache(cache.path()) });
    assert_eq!(uses(&off), ["none"; 3]);
    assert!(off.info().graphs.iter().all(|graph| graph.preparation.done.is_empty()));
    assert!(stored(cache.path(), "model.onnx").is_empty());
    let without = open_with(&tiny("tiny-optimum"), &options());
    assert_eq!(uses(&without), ["none"; 3]);
    assert!(without.info().graphs.iter().all(|graph| !graph.preparation.done.is_empty()), "prepared in memory");
}

#[test]
fn a_damaged_entry_is_made_again() {
    let cache = tempfile::tempdir().unwrap();
    let good = pixels(&open_with(&tiny("tiny-optimum"), &with_cache(cache.path())));
    for file in stored(cache.path(), "weights.bin") {
        fs::write(file, b"cut short").unwrap();
    }
    let mended = open_with(&tiny("tiny-optimum"), &with_cache(cache.path()));
    assert_eq!(uses(&mended), ["stored"; 3]);
    assert_eq!(pixels(&mended), good);
    drop(mended);
    for file in stored(cache.path(), "model.onnx") {
        let length = fs::metadata(&file).unwrap().len();
        fs::write(file, vec![7; usize::try_from(length).unwrap()]).unwrap();
    }
    let mended = open_with(&tiny("tiny-optimum"), &with_cache(cache.path()));
    assert_eq!(uses(&mended), ["stored"; 3], "of the right length, and no graph");
    assert_eq!(pixels(&mended), good);
}

#[test]
fn a_changed_model_is_another_one() {
    let cache = tempfile::tempdir().unwrap();
    let model = copy_of(&tiny("tiny-optimum"));
    let before = pixels(&open_with(model.path(), &with_cache(cache.path())));
    fs::copy(tiny("tiny-optimum-fp16").join("unet/model.onnx"), model.path().join("unet/model.onnx")).unwrap();
    let changed = open_with(model.path(), &with_cache(cache.path()));
    assert_eq!(uses(&changed), ["found", "stored", "found"]);
    assert_ne!(pixels(&changed), before);
}

#[test]
fn a_cache_that_cannot_be_is_refused_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let opened = Pipeline::open(&tiny("tiny-optimum"), &with_cache(&file), &mut (), &CancelToken::new());
    assert!(matches!(opened, Err(Error::Io { .. })));
    assert!(sentence(opened).contains("cache folder"));
}

#[test]
fn a_cache_that_cannot_be_written_to_costs_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(&folder.path().join("cache"), DEFAULT_LIMIT).unwrap();
    fs::remove_dir_all(cache.folder()).unwrap();
    fs::write(cache.folder(), b"a file in its place").unwrap();
    diffusion::runtime::initialize(options().ort_library.as_deref()).unwrap();
    let model = tiny("tiny-optimum").join("unet/model.onnx");
    let open = OpenOptions { graph: GraphOptions::default(), prepare: true, cache: Some(cache) };
    let files = [GraphFile { name: "unet".into(), path: model.clone(), options: open, edits: vec![] }];
    let opened = open_all(&files, false, &CancelToken::new(), |_| Ok(())).unwrap().remove(0);
    assert_eq!(opened.preparation.cache, CacheUse::Failed);
    assert!(!opened.preparation.done.is_empty());
    assert!(opened.preparation.left.iter().any(|line| line.contains("not stored")));
}

#[test]
fn a_pipeline_keeps_what_it_may_have_to_open_again() {
    let cache = tempfile::tempdir().unwrap();
    // One byte: everything has to go, and nothing may while it is in use.
    let tight = PipelineOptions { cache_limit: 1, memory: MemoryMode::Low, ..with_cache(cache.path()) };
    let pipeline = open_with(&tiny("tiny-optimum"), &tight);
    let first = pixels(&pipeline);
    let other = open_with(&tiny("tiny-legacy"), &tight);
    assert_eq!(pixels(&pipeline), first, "another model was opened meanwhile");
    pixels(&other);
    drop((pipeline, other));
    drop(open_with(&tiny("tiny-optimum-fp16"), &tight));
    assert!(stored(cache.path(), "model.onnx").len() <= 3, "only what was in use is above the limit");
}

#[test]
fn a_model_that_changes_while_it_is_open_is_not_mixed_with_its_successor() {
    let model = copy_of(&tiny("tiny-optimum"));
    let low = PipelineOptions { memory: MemoryMode::Low, ..options() };
    let pipeline = open_with(model.path(), &low);
    pixels(&pipeline);
    let unet = model.path().join("unet/model.onnx");
    let length = fs::metadata(&unet).unwrap().len();
    fs::remove_file(&unet).unwrap();
    fs::write(&unet, vec![0; usize::try_from(length).unwrap()]).unwrap();
    let message = sentence(generate(&pipeline, &request()));
    assert!(message.contains("unet") && message.contains("open the model again"), "{message}");
}

/// As download caches do it: files under other names in one folder, links to them in another.
#[cfg(unix)]
#[test]
fn a_folder_of_links_is_prepared_and_cached_like_any_other() {
    let (model, blobs) = (copy_of(&tiny("tiny-optimum")), tempfile::tempdir().unwrap());
    for (index, graph) in ["text_encoder", "unet", "vae_decoder"].iter().enumerate() {
        let (file, blob) = (model.path().join(graph).join("model.onnx"), blobs.path().join(format!("b{index}")));
        fs::rename(&file, &blob).unwrap();
        std::os::unix::fs::symlink(&blob, &file).unwrap();
    }
    let cache = tempfile::tempdir().unwrap();
    let expected = pixels(&open_with(&tiny("tiny-optimum"), &with_cache(cache.path())));
    fs::remove_dir_all(cache.path()).unwrap();
    for options in [options(), with_cache(cache.path())] {
        let linked = open_with(model.path(), &options);
        assert!(linked.info().graphs.iter().all(|graph| !graph.preparation.done.is_empty()), "{:?}", uses(&linked));
        assert!(close(&pixels(&linked), &expected));
    }
}

#[test]
fn the_first_failure_is_told_and_stops_the_others() {
    let model = copy_of(&tiny("tiny-optimum"));
    fs::write(model.path().join("vae_decoder/model.onnx"), b"no graph at all").unwrap();
    let cache = tempfile::tempdir().unwrap();
    let opened = Pipeline::open(model.path(), &with_cache(cache.path()), &mut (), &CancelToken::new());
    assert!(sentence(opened).contains("vae_decoder"));
    assert!(stored(cache.path(), "model.onnx").is_empty(), "all files are looked at before any is opened");
    let mut stop = |progress: &Progress| match progress.step {
        0 => Flow::Continue,
        _ => Flow::Stop,
    };
    let opened = Pipeline::open(&tiny("tiny-optimum"), &with_cache(cache.path()), &mut stop, &CancelToken::new());
    assert!(matches!(opened, Err(Error::Cancelled)));
}

#[test]
fn two_that_open_at_the_same_time_both_succeed() {
    let cache = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = std::thread::scope(|scope| {
        let open = || pixels(&open_with(&tiny("tiny-optimum"), &with_cache(cache.path())));
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
    assert_eq!(stored(cache.path(), "model.onnx").len(), 3);
    assert_eq!(fs::read_dir(cache.path().join("graphs")).unwrap().count(), 3, "nothing half-written is left");
}

#[test]
fn cancelling_leaves_nothing_behind() {
    let cache = tempfile::tempdir().unwrap();
    let cancel = CancelToken::new();
    // Raised by the observer, when the first graph is open and the others are on their way.
    let mut observer = |_: &Progress| {
        cancel.cancel();
        Flow::Continue
    };
    let opened = Pipeline::open(&tiny("tiny-optimum"), &with_cache(cache.path()), &mut observer, &cancel);
    assert!(matches!(opened, Err(Error::Cancelled)));
    let half = fs::read_dir(cache.path().join("graphs")).unwrap();
    let half: Vec<_> =
        half.map(|e| e.unwrap().file_name()).filter(|n| n.to_string_lossy().starts_with("making")).collect();
    assert!(half.is_empty(), "{half:?}");
    cancel.reset();
    assert!(Pipeline::open(&tiny("tiny-optimum"), &with_cache(cache.path()), &mut (), &cancel).is_ok());
}

/// How often a file of the cache is mapped into this process.
#[cfg(target_os = "linux")]
fn mapped(cache: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains(&*cache.to_string_lossy())).count()
}

#[cfg(target_os = "linux")]
#[test]
fn weights_are_mapped_while_they_are_needed_and_no_longer() {
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path().canonicalize().unwrap();
    let idle = [MemoryMode::Speed, MemoryMode::Balanced, MemoryMode::Low].map(|memory| {
        let pipeline = open_with(&tiny("tiny-optimum"), &PipelineOptions { memory, ..with_cache(&cache) });
        pixels(&pipeline);
        let idle = mapped(&cache);
        drop(pipeline);
        assert_eq!(mapped(&cache), 0, "{}", memory.name());
        idle
    });
    // All graphs; all but the text encoder; none.
    assert!(idle[0] > idle[1] && idle[1] > idle[2] && idle[2] == 0, "{idle:?}");
}

/// How many graphs of a cache are mapped into this process.
#[cfg(target_os = "linux")]
fn graphs_mapped(cache: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.split_once(&*cache.to_string_lossy()).map(|(_, rest)| rest));
    // "/graphs/KEY/weights"
    let folders: std::collections::BTreeSet<_> =
        paths.filter_map(|rest| rest.rsplit_once('/')).map(|(f, _)| f).collect();
    folders.len()
}

#[cfg(target_os = "linux")]
#[test]
fn where_memory_is_low_one_graph_is_open_at_a_time() {
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path().canonicalize().unwrap();
    let seen = |model: &str, memory: MemoryMode, request: &Request| {
        let pipeline = open_with(&tiny(model), &PipelineOptions { memory, ..with_cache(&cache) });
        let mut seen = Vec::new();
        let mut watch = |progress: &Progress| {
            seen.push((progress.phase, progress.step, progress.steps, graphs_mapped(&cache)));
            Flow::Continue
        };
        pipeline.generate(request, &mut watch, &CancelToken::new()).unwrap();
        drop(pipeline);
        assert_eq!(graphs_mapped(&cache), 0, "{model}");
        seen
    };
    let request = Request { negative_prompt: Some("blur".into()), ..request() };
    for (model, encoders) in [("tiny-optimum", 1), ("tiny-xl", 2), ("tiny-sd3", 3)] {
        let speed = seen(model, MemoryMode::Speed, &request);
        assert!(speed.iter().all(|(_, _, _, open)| *open == encoders + 2), "{model}: {speed:?}");
        let low = seen(model, MemoryMode::Low, &request);
        assert!(low.iter().all(|(_, _, _, open)| *open <= 1), "{model}: {low:?}");
        // Each encoder has just read when it is counted.
        let reading = low.iter().filter(|(phase, step, ..)| *phase == Phase::EncodingText && *step > 0);
        let counts: Vec<_> = reading.map(|(_, _, steps, open)| (*steps, *open)).collect();
        assert_eq!(counts, vec![(encoders as u32 * 2, 1); encoders * 2], "{model}");
    }
    let seamless = Request { seamless: Seamless::Both, ..request };
    let low = seen("tiny-optimum", MemoryMode::Low, &seamless);
    assert!(low.iter().all(|(_, _, _, open)| *open <= 1), "{low:?}");
}

/// Lets the text encoder of `tiny-optimum` give out `x`, a copy of its last state.
fn one_more_output(model: &mut Model) -> diffusion::Result<Option<String>> {
    let like = model.graph()?.output[0].clone();
    let mut editor = Editor::new(model)?;
    editor.add_node(NodeProto::new("Identity", ["last_hidden_state"], ["x"]))?;
    editor.add_output(ValueInfoProto { name: Some("x".into()), ..like })?;
    editor.finish()?;
    Ok(Some("x is given out".into()))
}

#[test]
fn an_edit_is_made_with_and_without_preparing_and_is_part_of_the_key() {
    diffusion::runtime::initialize(options().ort_library.as_deref()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = tiny("tiny-optimum").join("text_encoder/model.onnx");
    let open = |cache: bool, prepare: bool, edits: Vec<Edit>| {
        let cache = cache.then(|| Cache::at(folder.path(), DEFAULT_LIMIT).unwrap());
        let options = OpenOptions { graph: GraphOptions::default(), prepare, cache };
        let files = [GraphFile { name: "text_encoder".into(), path: path.clone(), options, edits }];
        let opened = open_all(&files, false, &CancelToken::new(), |_| Ok(()))?.remove(0);
        let names: Vec<_> = opened.graph.outputs().iter().map(|o| o.name.clone()).collect();
        Ok::<_, Error>((names.contains(&"x".to_owned()), opened.preparation))
    };
    let edit = || vec![Edit::new("one more output", one_more_output)];
    let said = "x is given out".to_owned();
    assert!(!open(false, false, edit()).unwrap().0, "it is not needed, and preparing is off");
    for (cache, prepare) in [(false, false), (false, true), (true, true), (true, true)] {
        let edit = edit().into_iter().map(|edit| if prepare { edit } else { edit.needed() }).collect();
        let (there, preparation) = open(cache, prepare, edit).unwrap();
        assert!(there && preparation.done.contains(&said), "{cache} {prepare}: {preparation:?}");
        assert_eq!(preparation.done.len() > 1, prepare);
    }
    assert_eq!(open(true, true, edit()).unwrap().1.cache, CacheUse::Found);
    let (there, preparation) = open(true, true, vec![]).unwrap();
    assert!(!there && preparation.cache == CacheUse::Stored, "without the edit it is another graph");

    let failing = || Edit::new("failing", |_: &mut Model| Err(Error::Unsupported("not this graph".into())));
    let (there, preparation) = open(false, true, vec![failing()]).unwrap();
    assert!(!there && preparation.left.iter().any(|left| left.contains("not this graph")));
    let refused = open(true, true, vec![failing().needed()]);
    assert!(matches!(refused, Err(Error::Unsupported(_))));
    // What ONNX Runtime refuses is opened without the edit, unless that is needed.
    let broken = || {
        Edit::new("broken", |model: &mut Model| {
            let mut editor = Editor::new(model)?;
            editor.add_node(NodeProto::new("NoSuchOperator", ["last_hidden_state"], ["x"]))?;
            editor.add_output(ValueInfoProto { name: Some("x".into()), ..Default::default() })?;
            editor.finish()?;
            Ok(Some("broken".into()))
        })
    };
    for prepare in [false, true] {
        let (there, preparation) = open(false, prepare, vec![broken()]).unwrap();
        let said = preparation.left.iter().any(|left| left.contains("undone"));
        assert!(!there && said == prepare, "{preparation:?}");
        assert!(open(false, prepare, vec![broken().needed()]).is_err());
    }
}

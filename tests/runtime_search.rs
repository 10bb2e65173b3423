//! Finding ONNX Runtime: the order of places, and what a bad library leads to.
//!
//! A process loads the library once, so each scenario runs in a process of its own: this test program, started
//! again to run only [`child`], which takes its steps from the environment and prints what came of each.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests state what they expect, too")]
#![expect(clippy::print_stdout, reason = "the child reports to its parent on standard output")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use diffusion::runtime::{self, CancelToken, Graph, GraphOptions};
use diffusion::{Error, Result};

/// The steps of the child, one a line: `explicit PATH`, `search`, `open GRAPH`, `threads PATH`,
/// `replace FILE|BY`.
const STEPS: &str = "DIFFUSION_TEST_STEPS";
const MARK: &str = "RESULT ";

/// Not a test by itself: what the scenarios below run in another process.
#[test]
fn child() {
    let Ok(steps) = std::env::var(STEPS) else { return };
    log::set_logger(&Sink).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    for step in steps.lines() {
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        let result = match verb {
            "explicit" => describe(runtime::initialize(Some(Path::new(rest)))),
            "search" => describe(runtime::initialize(None)),
            "open" => Graph::open("graph", Path::new(rest), &GraphOptions::default(), &CancelToken::new())
                .map_or_else(|error| format!("{error:?}"), |graph| format!("opened {}", graph.inputs().len())),
            "threads" => std::thread::scope(|scope| {
                let start = || scope.spawn(|| describe(runtime::initialize(Some(Path::new(rest)))));
                let results: Vec<_> = (0..8).map(|_| start()).collect();
                let mut results: Vec<_> = results.into_iter().map(|thread| thread.join().unwrap()).collect();
                results.dedup();
                results.join(" / ")
            }),
            "replace" => {
                let (old, new) = rest.split_once('|').unwrap();
                fs::remove_file(old).unwrap();
                fs::copy(new, old).map_or_else(|error| error.to_string(), |_| "replaced".to_owned())
            }
            _ => panic!("{step}"),
        };
        println!("{MARK}{result}");
    }
}

fn describe(result: Result<runtime::RuntimeInfo>) -> String {
    match result {
        Ok(info) => format!("ok {} {} {}", info.version, info.path.display(), info.providers.join(",")),
        Err(Error::RuntimeMissing(message)) => format!("missing {message}"),
        Err(other) => format!("other {other:?}"),
    }
}

struct Sink;

impl log::Log for Sink {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        println!("LOG {} {}: {}", record.level(), record.target(), record.args());
    }

    fn flush(&self) {}
}

/// One scenario: an empty folder, with a space in its name, that holds a copy of this program.
struct Scenario {
    folder: PathBuf,
    variables: Vec<(&'static str, PathBuf)>,
}

struct Outcome {
    results: Vec<String>,
    log: Vec<String>,
    stderr: String,
}

impl Scenario {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime search").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let program = std::env::current_exe().unwrap();
        if fs::hard_link(&program, folder.join("program")).is_err() {
            fs::copy(&program, folder.join("program")).unwrap();
        }
        Self { folder, variables: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Puts a link to the real library at `name`, with its folders.
    fn place_library(&self, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(library(), path).unwrap();
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
        self.text(name)
    }

    /// Compiles a shared library.
    fn compile(&self, name: &str, source: &str) -> String {
        let file = self.path("fake.c");
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(&file, source).unwrap();
        let done = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(self.path(name)).arg(&file).status();
        assert!(done.expect("a C compiler is needed").success());
        self.text(name)
    }

    /// A library that says it is that version of ONNX Runtime, and has nothing else.
    fn fake_version(&self, name: &str, version: &str) -> String {
        let source = format!(
            "static const char* version(void) {{ return \"{version}\"; }}\n\
             static const void* api(unsigned v) {{ (void)v; return 0; }}\n\
             static const struct {{ const void* (*api)(unsigned); const char* (*version)(void); }} base = {{api, version}};\n\
             const void* OrtGetApiBase(void) {{ return &base; }}\n"
        );
        self.compile(name, &source)
    }

    fn run(&self, steps: &[String]) -> Outcome {
        let mut command = Command::new(self.path("program"));
        command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(STEPS, steps.join("\n"));
        command.current_dir("/").env_remove("ORT_DYLIB_PATH").env_remove("LD_LIBRARY_PATH");
        let output = command.envs(self.variables.clone()).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "the child failed ({}):\n{stdout}\n{stderr}", output.status);
        // The test harness prints the test's name in front of the first line.
        let after = |mark: &str| -> Vec<String> {
            let lines = stdout.lines().filter_map(|line| Some(line.split_once(mark)?.1.to_owned()));
            lines.collect()
        };
        let results = after(MARK);
        assert_eq!(results.len(), steps.len(), "{stdout}");
        Outcome { results, log: after("LOG "), stderr }
    }
}

/// The real library's file.
fn library() -> PathBuf {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime/1.28.0-cpu/libonnxruntime.so");
    let path = std::env::var_os("ORT_DYLIB_PATH").map_or(fetched, PathBuf::from);
    path.canonicalize().expect("run `python3 scripts/fetch_onnxruntime.py` first")
}

fn explicit(path: impl AsRef<Path>) -> String {
    format!("explicit {}", path.as_ref().display())
}

fn open_graph(name: &str) -> String {
    format!("open {}", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/graphs").join(name).display())
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[test]
fn missing_everywhere_says_where_it_was_looked_for_and_a_later_path_works() {
    let scenario = Scenario::new("missing");
    let outcome = scenario.run(&[
        "search".into(),
        open_graph("two_outputs.onnx"),
        explicit(library()),
        "search".into(),
        open_graph("two_outputs.onnx"),
    ]);
    let [first, unopened, good, again, opened] = &outcome.results[..] else { panic!() };
    let folder = scenario.folder.to_str().unwrap();
    assert_says(
        first,
        &["missing ONNX Runtime was not found", folder, "libonnxruntime.so", "cannot open shared object"],
    );
    assert_says(first, &["fetch_onnxruntime.py", "ORT_DYLIB_PATH"]);
    assert_says(unopened, &["RuntimeMissing"]);
    assert_says(good, &["ok 1.", library().to_str().unwrap(), "CPUExecutionProvider"]);
    assert_eq!(again, good);
    assert_eq!(opened, "opened 2");
}

#[test]
fn every_bad_file_has_its_sentence_and_none_stands_in_the_way_of_a_good_one() {
    let scenario = Scenario::new("bad files");
    let whole = fs::read(library()).unwrap();
    let cut = |at: usize| scenario.write(&format!("cut_{at}.so"), &whole[..at]);
    let not_there = scenario.text("nowhere/libonnxruntime.so");
    let wrong = scenario.compile("wrong.so", "int answer(void) { return 42; }");
    let null = scenario.compile("null.so", "const void* OrtGetApiBase(void) { return 0; }");
    let empty_folder = scenario.text("empty");
    fs::create_dir(&empty_folder).unwrap();
    let full = whole.len();
    let cases = [
        (not_there, "no such file or folder"),
        (scenario.write("empty.so", b""), "the file is empty"),
        (scenario.write("text.so", b"<html>Not Found</html>"), "not a shared library"),
        (cut(3), "not a shared library"),
        (cut(40), "cut off"),
        (cut(100), "cut off"),
        (cut(full / 10), "cut off"),
        (cut(full / 2), "cut off"),
        (cut(full - 1), "cut off"),
        (wrong, "does not export OrtGetApiBase"),
        (null, "OrtGetApiBase returned nothing"),
        (scenario.fake_version("old.so", "1.23.2"), "it is ONNX Runtime 1.23.2, which is too old: 1.24 or later"),
        (scenario.fake_version("strange.so", "nonsense"), "version \"nonsense\""),
        (empty_folder, "the folder has no libonnxruntime.so"),
    ];
    let mut steps: Vec<String> = cases.iter().map(|(path, _)| explicit(path)).collect();
    steps.push(explicit(library()));
    steps.push(open_graph("two_outputs.onnx"));
    let outcome = scenario.run(&steps);
    for ((path, reason), result) in cases.iter().zip(&outcome.results) {
        assert_says(result, &["missing ONNX Runtime cannot be loaded at the path that was passed", path, reason]);
        assert_says(result, &["no other place was tried", "fetch_onnxruntime.py", "ORT_DYLIB_PATH"]);
    }
    assert_says(&outcome.results[cases.len()], &["ok "]);
    assert_eq!(outcome.results[cases.len() + 1], "opened 2");
}

#[test]
fn a_bad_library_can_be_replaced_under_the_same_name() {
    let scenario = Scenario::new("replaced");
    let path = scenario.fake_version("libonnxruntime.so", "1.20.1");
    let replace = format!("replace {path}|{}", library().display());
    let outcome = scenario.run(&[explicit(&path), replace, explicit(&path), open_graph("two_outputs.onnx")]);
    assert_says(&outcome.results[0], &["too old"]);
    assert_says(&outcome.results[2], &["ok ", &path]);
    assert_eq!(outcome.results[3], "opened 2");
}

#[test]
fn the_order_is_explicit_then_environment_then_beside_then_system() {
    let mut scenario = Scenario::new("order");
    for place in ["explicit", "environment", "onnxruntime/1.9.0-cpu", "onnxruntime/1.28.0-cpu", "system"] {
        scenario.place_library(&format!("{place}/libonnxruntime.so.1"));
    }
    let found = |scenario: &Scenario, step: String| scenario.run(&[step]).results.remove(0);
    let system = scenario.path("system");
    scenario.variables = vec![("LD_LIBRARY_PATH", system.clone()), ("ORT_DYLIB_PATH", scenario.path("environment"))];
    let file = scenario.path("explicit/libonnxruntime.so.1");
    assert_says(&found(&scenario, explicit(file)), &["ok ", "order/explicit/"]);
    assert_says(&found(&scenario, explicit(scenario.path("explicit"))), &["ok ", "order/explicit/"]);
    assert_says(&found(&scenario, "search".into()), &["ok ", "order/environment/"]);

    scenario.variables = vec![("LD_LIBRARY_PATH", system.clone()), ("ORT_DYLIB_PATH", PathBuf::new())];
    assert_says(&found(&scenario, "search".into()), &["ok ", "order/onnxruntime/1.28.0-cpu/libonnxruntime.so.1 "]);
    scenario.place_library("onnxruntime/libonnxruntime.so.1.28.0");
    assert_says(&found(&scenario, "search".into()), &["ok ", "order/onnxruntime/libonnxruntime.so.1.28.0 "]);
    scenario.place_library("libonnxruntime.so");
    assert_says(&found(&scenario, "search".into()), &["ok ", "order/libonnxruntime.so "]);

    // What lies beside us and is bad is passed over; what somebody named is not.
    fs::remove_file(scenario.path("libonnxruntime.so")).unwrap();
    scenario.fake_version("libonnxruntime.so", "1.20.0");
    assert_says(&found(&scenario, "search".into()), &["ok ", "order/onnxruntime/libonnxruntime.so.1.28.0 "]);
    scenario.variables = vec![("ORT_DYLIB_PATH", scenario.path("libonnxruntime.so"))];
    assert_says(&found(&scenario, "search".into()), &["missing ", "ORT_DYLIB_PATH", "1.20.0", "too old"]);
    scenario.variables = vec![("ORT_DYLIB_PATH", scenario.path("not there"))];
    assert_says(&found(&scenario, "search".into()), &["missing ", "ORT_DYLIB_PATH", "no such file"]);

    fs::remove_file(scenario.path("libonnxruntime.so")).unwrap();
    fs::remove_dir_all(scenario.path("onnxruntime")).unwrap();
    scenario.variables = vec![("LD_LIBRARY_PATH", system)];
    let by_system = found(&scenario, "search".into());
    assert_says(&by_system, &["ok ", " /", "libonnxruntime.so"]);
}

#[test]
fn the_first_library_stays_and_a_second_path_is_a_warning() {
    let scenario = Scenario::new("second");
    let other = scenario.fake_version("other.so", "1.30.0");
    let folder = library().parent().unwrap().to_owned();
    let outcome = scenario.run(&[explicit(library()), explicit(&other), explicit(folder)]);
    assert_eq!(outcome.results[0], outcome.results[1]);
    let warnings: Vec<_> = outcome.log.iter().filter(|line| line.starts_with("WARN ")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_says(warnings[0], &["already loaded", &other, "is ignored"]);
}

#[test]
fn many_threads_may_start_it_at_once() {
    let outcome = Scenario::new("threads").run(&[format!("threads {}", library().display())]);
    assert_says(&outcome.results[0], &["ok "]);
    assert!(!outcome.results[0].contains(" / "), "{}", outcome.results[0]);
}

#[test]
fn the_log_of_onnx_runtime_goes_to_the_host_and_not_to_stderr() {
    let scenario = Scenario::new("log");
    let outcome = scenario.run(&[explicit(library()), open_graph("unused_initializer.onnx")]);
    assert_eq!(outcome.results[1], "opened 1");
    let heard = outcome.log.iter().any(|line| line.starts_with("WARN onnxruntime: ") && line.contains("never_used"));
    assert!(heard, "{:?}", outcome.log);
    assert!(!outcome.log.iter().any(|line| line.starts_with("DEBUG onnxruntime")), "{:?}", outcome.log);
    assert!(!outcome.stderr.contains("onnxruntime"), "{}", outcome.stderr);
}

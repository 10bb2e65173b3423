//! The C programs in `tests/c`: how each is compiled and what it is given.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{command, compile_with, onnx_runtime, repository, said, tiny};

/// The names of all of them but `memory.c`, which is made of others and is for valgrind.
pub fn names() -> Vec<String> {
    let paths = fs::read_dir(repository("tests/c")).unwrap().map(|entry| entry.unwrap().path());
    let programs = paths.filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    let names = programs.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != "memory").collect();
    names.sort();
    assert!(names.len() >= 12, "{names:?}");
    names
}

/// Compiles `tests/c/NAME.c`, with more flags than all our C has, into a folder.
pub fn compile_program(name: &str, flags: &[&str], folder: &Path) -> PathBuf {
    let program = folder.join(name);
    compile_with(flags, &[repository("tests/c").join(name).with_extension("c")], &program);
    program
}

/// The command that runs a test program: its model, a folder that it may write to, with the files that it wants there,
/// and where ONNX Runtime is. `runner` is what runs the program, such as valgrind; nothing for the program itself.
pub fn dressed(name: &str, program: &Path, runner: &[&OsStr], scratch: &Path) -> Command {
    let mut words = runner.iter().copied().chain([program.as_os_str()]);
    let mut dressed = command(words.next().unwrap());
    dressed.args(words);
    dressed.arg(if name == "conditions" { repository("tests/models/tiny-control") } else { tiny() }).arg(scratch);
    // A library that is missing at first is what runtime.c is about, and handed_over.c finds it itself.
    let library = if matches!(name, "runtime" | "handed_over") {
        PathBuf::from("/no/such/onnxruntime.so")
    } else {
        onnx_runtime()
    };
    let good = if name == "handed_over" { library_file() } else { onnx_runtime() };
    dressed.env("ORT_DYLIB_PATH", library).env("GOOD_LIBRARY", good);
    if name == "bad_requests" {
        odd_files(scratch);
    }
    dressed
}

/// ONNX Runtime's very file, which a host loads itself.
fn library_file() -> PathBuf {
    let named = onnx_runtime();
    let names = ["libonnxruntime.so", "libonnxruntime.dylib"];
    let fetched = repository("target/onnxruntime/1.28.0-cpu");
    let mut files = names.iter().flat_map(|name| [named.join(name), fetched.join(name)]);
    if named.is_file() { named } else { files.find(|file| file.is_file()).expect("ONNX Runtime was fetched") }
}

/// The files of `bad_requests.c`.
fn odd_files(scratch: &Path) {
    for name in ["grey16.png", "grey.png", "cmyk.jpg"] {
        fs::copy(repository("tests/golden/image").join(name), scratch.join(name)).unwrap();
    }
    fs::copy(repository("tests/golden/inputs/house.png"), scratch.join("house.png")).unwrap();
    image::GrayImage::new(20_000, 1).save(scratch.join("huge.png")).unwrap();
}

/// Runs a command to its end, which must be a good one. Neither the library nor ONNX Runtime prints anything, ever.
pub fn succeeds_silently(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{command:?} printed: {}", said(&output));
}

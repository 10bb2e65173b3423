//! What the tests of the C interface share: where the shared library is, and how to compile C against it.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

#[cfg(unix)]
pub mod checks;
#[cfg(unix)]
pub mod programs;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// A path of this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The shared library that cargo built together with this test.
pub fn library() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    // Cargo puts it where the test is, and may link it one folder up.
    own.parent().unwrap().join(format!("{}diffusion{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}

/// A folder with the library under the name that programs ask for (its soname), for this test binary alone.
#[cfg(unix)]
pub fn library_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("library-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["libdiffusion.so", "libdiffusion.so.0", "libdiffusion.dylib", "libdiffusion.0.dylib"] {
            let _ = fs::remove_file(folder.join(name));
            std::os::unix::fs::symlink(library(), folder.join(name)).unwrap();
        }
        folder
    })
}

/// The C compiler.
pub fn cc() -> Command {
    Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

/// The C++ compiler, where there is one; says so where not.
pub fn cxx() -> Option<Command> {
    let name = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    if Command::new(&name).arg("--version").output().is_err() {
        skip(&format!("there is no C++ compiler \"{name}\"; set CXX to one"));
        return None;
    }
    Some(Command::new(name))
}

/// The flags that all our C is compiled with.
pub const STRICT: [&str; 6] = ["-std=c11", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// Compiles C files, and links compiled ones, against the public header and the library, into a program that runs from
/// anywhere.
#[cfg(unix)]
pub fn compile(sources: &[PathBuf], program: &Path) {
    compile_with(&[], sources, program);
}

/// The same with more flags.
#[cfg(unix)]
pub fn compile_with(flags: &[&str], sources: &[PathBuf], program: &Path) {
    let folder = library_folder();
    let output = cc()
        .args(STRICT)
        .args(flags)
        .arg("-g")
        .arg("-I")
        .arg(repository("include"))
        .args(sources)
        .arg("-L")
        .arg(folder)
        .args(["-ldiffusion", "-lpthread", "-lm"])
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .arg("-o")
        .arg(program)
        .output()
        .expect("there is a C compiler, cc or $CC");
    assert!(output.status.success(), "{sources:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// ONNX Runtime, as the environment names it or as the Makefile fetches it, below `target/onnxruntime`.
pub fn onnx_runtime() -> PathBuf {
    std::env::var_os("ORT_DYLIB_PATH").map_or_else(|| repository("target"), PathBuf::from)
}

/// The command-line tool, compiled once for all tests of a binary.
#[cfg(unix)]
pub fn tool() -> Command {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    let tool = TOOL.get_or_init(|| {
        let tool = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("diffusion-{}", std::process::id()));
        let sources = fs::read_dir(repository("examples/diffusion")).unwrap().map(|entry| entry.unwrap().path());
        let sources: Vec<_> = sources.filter(|path| path.extension().is_some_and(|e| e == "c")).collect();
        assert!(sources.len() >= 8, "{sources:?}");
        compile(&sources, &tool);
        tool
    });
    let mut command = command(tool);
    // The tool keeps prepared graphs in the user's cache folder, which tests leave alone.
    command.env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/caches"));
    command.env("ORT_DYLIB_PATH", onnx_runtime()).stdin(Stdio::null());
    command
}

/// A committed tiny model.
pub fn tiny() -> PathBuf {
    repository("tests/models/tiny-optimum")
}

/// A program that finds the library that it was compiled with, not another one of an earlier build, which cargo's
/// environment would put in its way.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_FALLBACK_LIBRARY_PATH");
    command
}

/// Says that a part of a test is left out because something is missing here; where nobody would read that, it fails.
pub fn skip(sentence: &str) {
    assert!(std::env::var_os("CI").is_none(), "{sentence}; CI is set, so nothing may be left out");
    say_skipped(sentence);
}

/// Says the same of a tool that a machine may lack also where CI is set. Not by `println!`, which cargo swallows when a
/// test passes.
pub fn say_skipped(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {sentence}");
}

/// What a program printed, for messages.
pub fn said(output: &Output) -> String {
    format!(
        "{}\nstdout: {}\nstderr: {}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

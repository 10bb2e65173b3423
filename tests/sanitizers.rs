//! The C programs in `tests/c` once more, compiled with AddressSanitizer and UndefinedBehaviorSanitizer, against the
//! library as it is: they see every mistake of the programs themselves, and every access of theirs to memory that the
//! library has given back. What the library itself does to memory is valgrind's to see (`ffi.rs`): Rust's sanitizers are
//! of its nightly toolchain and need every crate built once more. ThreadSanitizer is left out: it takes locks that it has
//! not compiled, Rust's and ONNX Runtime's, for none.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;

use std::fs;
use std::path::Path;
use std::process::Command;

use cabi::checks::folder;
use cabi::programs::{compile_program, dressed, names, succeeds_silently};
use cabi::{cc, repository, said, say_skipped};

const WATCHED: [&str; 3] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// Lets the sanitizers find everything but what ONNX Runtime keeps for itself.
fn watch(command: &mut Command) -> &mut Command {
    let forgiven = repository("tests/c/sanitizers.supp");
    command.env("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1");
    // The paths of a checkout may have spaces, which these options take in quotes.
    command.env("LSAN_OPTIONS", format!("suppressions='{}':print_suppressions=0", forgiven.display()))
}

/// A program of these lines, run; what it says.
fn outcome(name: &str, lines: &str, folder: &Path) -> Result<std::process::Output, String> {
    let (source, program) = (folder.join(name).with_extension("c"), folder.join(name));
    fs::write(&source, format!("#include <stdlib.h>\nint main(int argc, char **argv)\n{{\n{lines}\n}}\n")).unwrap();
    let output = cc().args(WATCHED).arg(&source).arg("-o").arg(&program).output().expect("there is a C compiler");
    if !output.status.success() {
        return Err(said(&output));
    }
    Ok(watch(&mut Command::new(&program)).output().unwrap())
}

#[test]
fn every_program_under_address_and_undefined_behaviour_sanitizer() {
    let folder = folder();
    if let Err(said) = outcome("can", "(void)argc; (void)argv; return 0;", folder.path()) {
        return say_skipped(&format!("the C compiler has no sanitizers, so no C test ran under them: {said}"));
    }
    // What follows means something only where mistakes are noticed.
    for (name, lines, word) in [
        ("late", "char *a = malloc(9); (void)argv; free(a); return a[argc];", "heap-use-after-free"),
        ("lost", "char *volatile a = malloc(9); (void)argv; a = 0; return a != 0 && argc;", "LeakSanitizer"),
        ("large", "int a = 2147483647; (void)argv; a += argc; return a == 0;", "signed integer overflow"),
    ] {
        let output = outcome(name, lines, folder.path()).unwrap();
        assert!(!output.status.success(), "{name} was not noticed");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{}", said(&output));
    }
    for name in names() {
        let program = compile_program(&name, &WATCHED, folder.path());
        succeeds_silently(watch(&mut dressed(&name, &program, &[], folder.path())));
    }
}

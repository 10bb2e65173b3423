//! Drives the C programs in `tests/c`: each is compiled against the public header and the shared library, and run;
//! `memory.c` under valgrind (minutes; `NO_VALGRIND=1` leaves it out).

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use cabi::checks::folder;
use cabi::programs::{compile_program, dressed, names, succeeds_silently};
use cabi::{STRICT, cc, command, compile, onnx_runtime, repository, said, skip, tiny};

/// Runs a test program.
fn run(name: &str) {
    let folder = folder();
    let program = compile_program(name, &[], folder.path());
    succeeds_silently(&mut dressed(name, &program, &[], folder.path()));
}

#[test]
fn null_pointers() {
    run("nulls");
}

#[test]
fn arguments_that_are_not_allowed() {
    run("arguments");
}

#[test]
fn pictures_copies_and_files() {
    run("pictures");
}

/// The list of `bad_requests.rs`, with its odd files.
#[test]
fn bad_and_odd_requests() {
    run("bad_requests");
}

#[test]
fn pictures_masks_latents_and_seeds_to_start_from() {
    run("start");
}

#[test]
fn embeddings_made_mixed_and_refused() {
    run("embeddings");
}

/// A conditioning, latents, and a loop of the host's own.
#[test]
fn the_pieces_of_a_generation() {
    run("pieces");
}

#[test]
fn a_runtime_that_the_host_has_loaded() {
    run("handed_over");
}

#[test]
fn models_of_several_stages() {
    run("cascades");
}

#[test]
fn pictures_by_their_roles_and_boxes() {
    run("conditions");
}

#[test]
fn cancelling_before_during_and_after() {
    run("cancel");
}

#[test]
fn a_cancelled_opening_that_does_not_end_is_left() {
    run("left");
}

#[test]
fn models_from_memory() {
    run("files");
}

#[test]
fn jobs_polled_waited_for_cancelled_and_taken() {
    run("jobs");
}

#[test]
fn threads() {
    run("threads");
}

#[test]
fn the_log_callback() {
    run("logging");
}

#[test]
fn a_missing_runtime_and_a_later_good_one() {
    run("runtime");
}

/// Valgrind, for programs whose every mistake and leak is to be an error.
fn valgrind() -> Vec<String> {
    let suppressions = format!("--suppressions={}", repository("tests/c/onnxruntime.supp").display());
    let words = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--num-callers=16"];
    let kinds =
        ["--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect", "--fair-sched=yes"];
    words.into_iter().chain(kinds).map(str::to_owned).chain([suppressions]).collect()
}

/// One program for everything, because under valgrind loading ONNX Runtime and opening a model take most of the time.
/// It sees every byte that is used uninitialised or after its end, every leak of ours, and whether what ONNX Runtime
/// keeps grows with each round.
#[test]
fn memory_under_valgrind() {
    if std::env::var_os("NO_VALGRIND").is_some() {
        return skip("NO_VALGRIND is set");
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        return skip("valgrind is not installed, so nothing looked for leaks");
    }
    let folder = folder();
    let mut parts = vec![repository("tests/c/memory.c")];
    for name in ["nulls", "arguments"] {
        let part = folder.path().join(name).with_extension("o");
        let mut cc = cc();
        cc.args(STRICT).arg(format!("-Dmain=run_{name}")).args(["-g", "-c", "-I"]).arg(repository("include"));
        let output =
            cc.arg(repository("tests/c").join(name).with_extension("c")).arg("-o").arg(&part).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        parts.push(part);
    }
    let program = folder.path().join("memory");
    compile(&parts, &program);
    let valgrind = valgrind();
    let runner: Vec<&OsStr> = valgrind.iter().map(OsStr::new).collect();
    succeeds_silently(dressed("memory", &program, &runner, folder.path()).env("UNDER_VALGRIND", "1"));
}

#[test]
fn the_program_in_the_readme_draws() {
    let folder = folder();
    let (program, picture) = (folder.path().join("hello"), folder.path().join("picture.png"));
    compile(&[repository("examples/hello.c")], &program);
    let mut hello = command(&program);
    hello.arg(tiny()).arg("a red house").arg(&picture).env("ORT_DYLIB_PATH", onnx_runtime());
    let output = hello.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("64 x 64"), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("denoising"), "{}", said(&output));
    assert_eq!(image::open(&picture).unwrap().to_rgb8().dimensions(), (64, 64));
}

/// Each of the programs by itself, which together takes too long for `make test`: `make valgrind`.
#[test]
#[ignore = "takes many minutes"]
fn every_program_under_valgrind() {
    let (valgrind, folder) = (valgrind(), folder());
    let runner: Vec<&OsStr> = valgrind.iter().map(OsStr::new).collect();
    for name in names() {
        let program = compile_program(&name, &[], folder.path());
        succeeds_silently(dressed(&name, &program, &runner, folder.path()).env("UNDER_VALGRIND", "1"));
    }
}

/// The polling loop to copy from: it draws, and what it showed on the way is there.
#[test]
fn the_polling_example_shows_progress_and_a_preview_and_draws() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (program, picture) = (folder.path().join("async"), folder.path().join("picture.png"));
    compile(&[repository("examples/async.c")], &program);
    let polls = |model: &Path| {
        let mut polls = command(&program);
        polls.arg(model).arg("a red house").arg(&picture).env("ORT_DYLIB_PATH", onnx_runtime());
        polls.output().unwrap()
    };
    let output = polls(&tiny());
    assert!(output.status.success(), "{}", said(&output));
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    for words in ["opening", "decoding", "finished", "1/1", "##############################"] {
        assert!(shown.contains(words), "no \"{words}\" in: {shown}");
    }
    assert!(String::from_utf8_lossy(&output.stdout).contains("64 x 64"), "{}", said(&output));
    assert_eq!(image::open(&picture).unwrap().to_rgb8().dimensions(), (64, 64));
    let preview = folder.path().join("picture.png.preview.png");
    assert_eq!(image::open(preview).unwrap().to_rgb8().dimensions(), (8, 8), "a pixel for a latent");

    let output = polls(Path::new("/no/such/model"));
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(shown.contains("failed") && shown.contains("/no/such/model"), "{shown}");
}

/// The loop of the host's own to copy from.
#[test]
fn the_stepping_example_draws_two_pictures_from_one_reading() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (program, files) = (folder.path().join("steps"), folder.path().join("picture"));
    compile(&[repository("examples/steps.c")], &program);
    let mut steps = command(&program);
    steps.arg(tiny()).arg("a red house").arg(&files).env("ORT_DYLIB_PATH", onnx_runtime());
    let output = steps.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("step 1 of "), "{}", said(&output));
    let pixels = |name: &str| image::open(folder.path().join(name)).unwrap().to_rgb8();
    assert_eq!(pixels("picture-preview.png").dimensions(), (64, 64));
    assert!(pixels("picture-0.png") != pixels("picture-1.png"));
}

/// What the tests above cannot show: that they leave no function out.
#[test]
fn every_function_is_called_by_a_test_program() {
    let header = fs::read_to_string(repository("include/diffusion.h")).unwrap();
    let programs: String = fs::read_dir(repository("tests/c"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let mut count = 0;
    for declaration in header.split("\nDIFFUSION_API").skip(1) {
        let before = declaration.split('(').next().unwrap();
        let name = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap();
        assert!(programs.contains(&format!("{name}(")), "no program in tests/c calls {name}");
        count += 1;
    }
    assert!(count > 130, "only {count} functions found in the header");
}

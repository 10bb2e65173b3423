//! The C++ header, `include/diffusion.hpp`: a program that uses all of it, and the example.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;

use std::path::Path;
use std::process::Command;

use cabi::checks::{folder, succeeds};
use cabi::programs::succeeds_silently;
use cabi::{command, cxx, library_folder, onnx_runtime, repository, said, tiny};

/// Compiles a C++ program as one of the languages that the header is for; with the sanitizers where they are asked for.
fn compile(source: &str, standard: &str, more: &[&str], program: &Path) {
    let mut cxx: Command = cxx().expect("a C++ compiler was found before");
    cxx.arg(format!("-std={standard}")).args([
        "-g",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Wshadow",
        "-Wconversion",
        "-Werror",
    ]);
    cxx.args(more).arg("-I").arg(repository("include")).arg(repository(source)).arg("-L").arg(library_folder());
    cxx.arg("-ldiffusion").arg(format!("-Wl,-rpath,{}", library_folder().display())).arg("-o").arg(program);
    let output = cxx.output().unwrap();
    assert!(output.status.success(), "{source} as {standard}: {}", said(&output));
}

#[test]
fn the_wrapper_as_cpp_17_and_20() {
    if cxx().is_none() {
        return;
    }
    // Exceptions and run-time types are what engines leave out.
    for (standard, more) in [("c++17", ["-fno-exceptions", "-fno-rtti"].as_slice()), ("c++20", [].as_slice())] {
        let folder = folder();
        let program = folder.path().join("wrapper");
        compile("tests/cpp/wrapper.cpp", standard, more, &program);
        let mut wrapper = command(&program);
        wrapper.arg(tiny()).arg(folder.path()).env("ORT_DYLIB_PATH", onnx_runtime());
        succeeds_silently(&mut wrapper);
    }
}

#[test]
fn the_example_draws() {
    if cxx().is_none() {
        return;
    }
    let folder = folder();
    let (program, picture) = (folder.path().join("hello"), folder.path().join("picture.png"));
    compile("examples/hello.cpp", "c++17", &[], &program);
    let mut hello = command(&program);
    hello.arg(tiny()).arg("a red house").arg(&picture).env("ORT_DYLIB_PATH", onnx_runtime());
    let output = succeeds(&mut hello);
    assert!(String::from_utf8_lossy(&output.stdout).contains("64 x 64"), "{}", said(&output));
    assert_eq!(image::open(&picture).unwrap().to_rgb8().dimensions(), (64, 64));
}

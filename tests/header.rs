//! The header is what cbindgen makes of `src/ffi`, compiles everywhere, and names exactly what the library exports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use cabi::{cc, cxx, library, repository, say_skipped};
use object::{Object, ObjectSymbol};

/// The files with C functions, in the order in which one reads the header.
const SOURCES: &[&str] = &[
    "status",
    "guard",
    "version",
    "runtime",
    "names",
    "log",
    "cancel",
    "progress",
    "options",
    "pipeline",
    "estimate",
    "cascade",
    "request/mod",
    "request/prompts",
    "request/start",
    "request/sizes",
    "request/sampling",
    "request/guidance",
    "request/seeds",
    "request/previews",
    "request/size_conditioning",
    "request/conditions",
    "request/hires",
    "request/safety",
    "request/seamless",
    "request/cascade",
    "request/tiling",
    "generate",
    "job",
    "polling",
    "model_files",
    "result",
    "timings",
    "image",
    "picture",
    "buffer",
    "embedding",
    "latents",
    "conditioning",
    "stepper",
];

/// The files without.
const PRIVATE: [&str; 3] = ["mod", "handle", "text"];

/// The header as it should be.
fn generate() -> String {
    let mut config = cbindgen::Config::from_file(repository("cbindgen.toml")).expect("cbindgen.toml is valid");
    let hello = fs::read_to_string(repository("examples/hello.c")).unwrap();
    assert!(!hello.contains("*/") && !hello.contains("/*"), "hello.c goes into a comment, so it has none of this kind");
    let commented: Vec<String> = hello.lines().map(|line| format!(" *   {line}").trim_end().to_owned()).collect();
    let fill = |text: String| {
        text.replace("@HELLO@", &commented.join("\n"))
            .replace("@VERSION_MAJOR@", env!("CARGO_PKG_VERSION_MAJOR"))
            .replace("@VERSION_MINOR@", env!("CARGO_PKG_VERSION_MINOR"))
            .replace("@VERSION_PATCH@", env!("CARGO_PKG_VERSION_PATCH"))
            .replace("@VERSION_STRING@", env!("CARGO_PKG_VERSION"))
    };
    config.header = config.header.map(fill);
    config.after_includes = config.after_includes.map(fill);
    // cbindgen follows the `mod …;` lines of request/mod.rs, so the files of its folder are read with it.
    let is_followed = |name: &&&str| name.starts_with("request/") && **name != "request/mod";
    let named = SOURCES.iter().filter(|name| !is_followed(name));
    let builder = named.fold(cbindgen::Builder::new().with_config(config), |builder, name| {
        builder.with_src(repository("src/ffi").join(name).with_extension("rs"))
    });
    let mut header = Vec::new();
    builder.generate().expect("cbindgen reads src/ffi").write(&mut header);
    String::from_utf8(header).unwrap()
}

fn committed() -> String {
    fs::read_to_string(repository("include/diffusion.h")).unwrap()
}

/// The names of the functions that a header declares, each of them once.
fn declared(header: &str) -> BTreeSet<String> {
    let names = declarations(header);
    let once: BTreeSet<String> = names.iter().cloned().collect();
    let twice: Vec<&String> =
        names.iter().filter(|name| names.iter().filter(|other| other == name).count() > 1).collect();
    assert!(twice.is_empty(), "declared more than once: {twice:?}");
    once
}

/// The name of every declaration of a function.
fn declarations(header: &str) -> Vec<String> {
    let names = header.split("\nDIFFUSION_API").skip(1).filter_map(|declaration| {
        let before = declaration.split('(').next()?;
        Some(before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()?.to_owned())
    });
    names.filter(|name| name.starts_with("diffusion_")).collect()
}

#[test]
fn the_committed_header_is_what_cbindgen_makes() {
    let (path, wanted) = (repository("include/diffusion.h"), generate());
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = committed();
    if let Some((number, (is, should))) = found.lines().zip(wanted.lines()).enumerate().find(|(_, (a, b))| a != b) {
        panic!(
            "line {}: it is\n{is}\nand should be\n{should}\nRun: UPDATE_HEADER=1 cargo test --test header",
            number + 1
        );
    }
    assert_eq!(found.len(), wanted.len(), "Run: UPDATE_HEADER=1 cargo test --test header");
}

#[test]
fn no_file_of_the_c_interface_is_forgotten() {
    let listed: BTreeSet<String> = SOURCES.iter().chain(&PRIVATE).map(|name| (*name).to_owned()).collect();
    let folder = repository("src/ffi");
    let mut there = BTreeSet::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(&folder).unwrap().with_extension("").to_string_lossy().replace('\\', "/");
            match path.is_dir() {
                true => folders.push(path),
                false => drop(there.insert(name)),
            }
        }
    }
    assert_eq!(listed, there);
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let bytes = fs::read(library()).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let symbols: Vec<_> = match file.format() {
        // In ELF the names that others see are in a table of their own.
        object::BinaryFormat::Elf => file.dynamic_symbols().collect(),
        _ => file.symbols().filter(ObjectSymbol::is_global).collect(),
    };
    let exported: BTreeSet<String> = symbols
        .iter()
        .filter(|symbol| symbol.is_definition())
        .map(|symbol| symbol.name().unwrap().trim_start_matches('_').to_owned())
        .collect();
    let declared = declared(&committed());
    assert!(declared.len() > 80, "{declared:?}");
    assert_eq!(exported, declared);
}

#[test]
#[cfg(target_os = "linux")]
fn the_library_has_a_soname_with_the_major_version() {
    let output = Command::new("readelf").arg("-d").arg(library()).output().expect("binutils are installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let soname = format!("[libdiffusion.so.{}]", env!("CARGO_PKG_VERSION_MAJOR"));
    assert!(text.lines().any(|line| line.contains("SONAME") && line.contains(&soname)), "{text}");
}

/// A translation unit that uses the header twice, and every enumeration and struct once.
const UNIT: &str = r#"
#include "diffusion.h"
#include "diffusion.h"
int use(void);
int use(void)
{
    diffusion_status status = DIFFUSION_STATUS_OK;
    diffusion_progress progress = { sizeof(diffusion_progress), DIFFUSION_PHASE_DENOISING, 1, 2, 0, 0 };
    const struct diffusion_pipeline *pipeline = 0;
    diffusion_log_callback callback = 0;
    return (int)(sizeof(diffusion_status) == 4 && status == 0 && progress.steps == 2 && pipeline == 0 && callback == 0
        && DIFFUSION_VERSION_NUMBER >= 0 && DIFFUSION_PIXEL_FORMAT_RGBA_F32 == 3 && DIFFUSION_LOG_LEVEL_TRACE == 5);
}
"#;

fn compiles(mut compiler: Command, language: &str, standard: &str, unit: &str, folder: &Path) -> Result<(), String> {
    let path = folder.join(format!("unit-{standard}.{}", if language == "c" { "c" } else { "cpp" }));
    fs::write(&path, unit).unwrap();
    let output = compiler
        .args(["-x", language, &format!("-std={standard}"), "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-fsyntax-only", "-I"])
        .arg(repository("include"))
        .arg(&path)
        .output()
        .map_err(|e| e.to_string())?;
    let program = compiler.get_program().to_string_lossy().into_owned();
    let said = || format!("{program}: {standard}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(said()) }
}

/// The compiler that all else is compiled with, and the other families' where they are installed.
fn compilers(own: Command, others: [&str; 2]) -> Vec<String> {
    let own = own.get_program().to_string_lossy().into_owned();
    let others = others.into_iter().filter(|name| match Command::new(name).arg("--version").output() {
        Ok(_) => true,
        Err(_) => {
            say_skipped(&format!("{name} is not installed, so it did not compile the header"));
            false
        }
    });
    std::iter::once(own).chain(others.map(str::to_owned)).collect()
}

#[test]
fn the_header_compiles_alone_and_twice_as_every_c() {
    let folder = tempfile::tempdir().unwrap();
    for compiler in compilers(cc(), ["gcc", "clang"]) {
        let compiles = |standard| compiles(Command::new(&compiler), "c", standard, UNIT, folder.path());
        for standard in ["c99", "c11", "c17"] {
            compiles(standard).unwrap();
        }
        // Compilers learned the name c23 later than the language.
        compiles("c23").or_else(|_| compiles("c2x")).unwrap();
    }
}

#[test]
fn the_headers_compile_alone_and_twice_as_every_cpp() {
    let Some(cxx) = cxx() else { return };
    let folder = tempfile::tempdir().unwrap();
    let wrapper = UNIT.replace("diffusion.h", "diffusion.hpp");
    for compiler in compilers(cxx, ["g++", "clang++"]) {
        let compiles = |standard, unit| compiles(Command::new(&compiler), "c++", standard, unit, folder.path());
        for standard in ["c++11", "c++14", "c++17", "c++20"] {
            compiles(standard, UNIT).unwrap();
        }
        for standard in ["c++17", "c++20"] {
            compiles(standard, &wrapper).unwrap();
        }
    }
}

#[test]
fn every_item_is_documented_and_every_maker_has_its_destroyer() {
    let header = committed();
    let lines: Vec<&str> = header.lines().collect();
    for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("DIFFUSION_API")) {
        assert_eq!(lines[i - 1].trim(), "*/", "no documentation: {line}");
    }
    let declared = declared(&header);
    // Who gets an object gets it through `diffusion_x **`, which is the caller's; a borrowed one is `const diffusion_x **`.
    let words: Vec<&str> = header.split([' ', '\n', '(', ',']).filter(|word| !matches!(*word, "" | "struct")).collect();
    let made: BTreeSet<&str> = words
        .windows(3)
        .filter(|window| window[0] != "const" && window[1].starts_with("diffusion_") && window[2].starts_with("**"))
        .map(|window| window[1])
        .collect();
    for known in ["diffusion_pipeline", "diffusion_request", "diffusion_result", "diffusion_buffer"] {
        assert!(made.contains(known), "{made:?}");
    }
    for object in made {
        assert!(declared.contains(&format!("{object}_destroy")), "{object} is never given back");
    }
}

#[test]
fn readme_and_header_show_the_same_program_and_it_is_short() {
    let hello = fs::read_to_string(repository("examples/hello.c")).unwrap();
    assert!(hello.lines().count() <= 40, "{} lines", hello.lines().count());
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    assert!(readme.contains(hello.trim_end()), "README.md shows examples/hello.c as it is");
}

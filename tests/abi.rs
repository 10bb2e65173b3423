//! What hosts were promised stays: every declaration of `tests/abi/baseline.h`, the header as it was last recorded, is
//! in the header of today. New ones may come; `make abi` records them, and anything else that is changed on purpose.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod cabi;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cabi::{cc, repository, said, say_skipped};

/// A header without its comments.
fn without_comments(header: &str) -> String {
    let mut rest = header;
    let mut kept = String::new();
    while let Some(start) = rest.find("/*") {
        kept.push_str(&rest[..start]);
        rest = rest[start..].split_once("*/").expect("a comment ends").1;
    }
    kept.push_str(rest);
    let lines = kept.lines().map(|line| line.split("//").next().unwrap_or_default().trim_end());
    lines.filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

/// The words of a text with one space between.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The statements of a header: what ends with a semicolon outside of braces.
fn statements(header: &str) -> Vec<String> {
    let mut is_continued = false;
    let mut code = String::new();
    for line in without_comments(header).lines() {
        let is_directive = is_continued || line.trim_start().starts_with('#');
        is_continued = is_directive && line.ends_with('\\');
        if !is_directive {
            code.push_str(line);
            code.push('\n');
        }
    }
    let code = code.replace("extern \"C\" {", "");
    let (mut found, mut statement, mut depth) = (Vec::new(), String::new(), 0_i32);
    for letter in code.chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        match letter {
            ';' if depth == 0 => found.push(words(&std::mem::take(&mut statement))),
            _ => statement.push(letter),
        }
    }
    assert_eq!(words(&statement), "}", "only the end of extern \"C\" is left");
    found
}

/// What a host may rely on: each function, type, field with its place, and enumerator with its number.
fn promises(header: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in statements(header) {
        let Some((name, body)) = statement.split_once('{') else {
            found.insert(statement);
            continue;
        };
        let body = body.rsplit_once('}').expect("what is opened is closed").0;
        let separator = if name.starts_with("enum") { ',' } else { ';' };
        let parts = body.split(separator).map(str::trim).filter(|part| !part.is_empty());
        for (place, part) in parts.enumerate() {
            // Enumerators have numbers of their own, fields lie one after the other.
            let place = if separator == ';' { format!(" field {place}") } else { String::new() };
            found.insert(format!("{}{place}: {part}", name.trim()));
        }
    }
    found
}

fn baseline() -> PathBuf {
    repository("tests/abi/baseline.h")
}

fn today() -> String {
    fs::read_to_string(repository("include/diffusion.h")).unwrap()
}

/// What the first header promises and the second does not keep.
fn broken(before: &str, after: &str) -> Vec<String> {
    promises(before).difference(&promises(after)).cloned().collect()
}

#[test]
fn every_promise_is_kept() {
    if std::env::var_os("UPDATE_ABI").is_some() {
        fs::write(baseline(), without_comments(&today())).unwrap();
    }
    let before = fs::read_to_string(baseline()).unwrap();
    assert!(promises(&before).len() > 180, "{}", promises(&before).len());
    let broken = broken(&before, &today());
    assert!(
        broken.is_empty(),
        "these are no longer in include/diffusion.h as hosts were promised:\n{}\nWhere that is on purpose, write it into \
         CHANGELOG.md and run: make abi",
        broken.join("\n")
    );
}

/// Changes that break hosts, each as what is replaced by what.
const BREAKS: [(&str, &str); 5] = [
    ("uint32_t diffusion_version_number(void);", "uint64_t diffusion_version_number(void);"),
    ("diffusion_phase_name(int32_t phase)", "diffusion_phase_name(int64_t phase)"),
    ("diffusion_request_create(", "diffusion_request_make("),
    ("DIFFUSION_STATUS_IO = 4", "DIFFUSION_STATUS_IO = 40"),
    ("    uint32_t steps;", "    uint64_t steps;"),
];

#[test]
fn broken_promises_are_noticed_and_additions_are_none() {
    let header = today();
    for (before, after) in BREAKS {
        assert!(header.contains(before), "the header has no \"{before}\" to break");
        assert_eq!(broken(&header, &header.replace(before, after)).len(), 1, "{before} -> {after}");
    }
    let moved = header.replace("    uint32_t step;", "    uint32_t early;\n    uint32_t step;");
    assert!(broken(&header, &moved).len() > 1, "a field in the middle moves all that follow");
    let grown = header.replacen("\nDIFFUSION_API", "\nDIFFUSION_API int diffusion_new(void);\nDIFFUSION_API", 1);
    assert_eq!(broken(&header, &grown), Vec::<String>::new());
}

/// A shared library that has every function of a header with its types, and does nothing: what a host sees of ours,
/// without what Rust has behind the handles.
fn shell(header: &str, name: &str, folder: &Path) -> PathBuf {
    let mut code = format!("#include \"{name}.h\"\n");
    for statement in statements(header).iter().filter_map(|statement| statement.strip_prefix("DIFFUSION_API")) {
        code.push_str(&format!("{statement} {{ for (;;) {{ }} }}\n"));
    }
    fs::write(folder.join(name).with_extension("h"), header).unwrap();
    let (source, library) = (folder.join(name).with_extension("c"), folder.join(name).with_extension("so"));
    fs::write(&source, code).unwrap();
    let output =
        cc().args(["-std=c11", "-g", "-fPIC", "-shared"]).arg(&source).arg("-o").arg(&library).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    library
}

/// What abidiff says about hosts of the first header that meet a library of the second; nothing where all is well.
#[cfg(target_os = "linux")]
fn abidiff(before: &str, after: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let libraries = [shell(before, "before", folder.path()), shell(after, "after", folder.path())];
    let output = Command::new("abidiff").arg("--no-added-syms").args(libraries).output().unwrap();
    let code = output.status.code().unwrap();
    assert!(code & 3 == 0, "abidiff could not be used: {}", said(&output));
    // Additions alone are a summary and the code 0.
    if code == 0 { String::new() } else { String::from_utf8_lossy(&output.stdout).into_owned() }
}

#[test]
#[cfg(target_os = "linux")]
fn abidiff_finds_no_break() {
    if Command::new("abidiff").arg("--version").output().is_err() {
        return say_skipped(
            "abidiff is not installed (Debian: abigail-tools); the baseline was compared by its text alone",
        );
    }
    let header = today();
    let found = abidiff(&fs::read_to_string(baseline()).unwrap(), &header);
    assert!(found.is_empty(), "{found}\nWhere that is on purpose, write it into CHANGELOG.md and run: make abi");
    // It does see what it is asked about. Numbers of enumerators cross as int32_t, so only the text above has those.
    for (before, after) in BREAKS.iter().filter(|(before, _)| !before.contains(" = ")) {
        assert!(!abidiff(&header, &header.replace(before, after)).is_empty(), "{before} -> {after}");
    }
}

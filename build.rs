//! Link options of the shared library, and a hash of the code that changes graphs; nothing is generated and nothing is
//! fetched.

use std::env::var;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Cached graphs are those of one state of this code: a mended pass must not be served from before.
    let mut hasher = DefaultHasher::new();
    for room in ["src/onnx", "src/prepare", "src/runtime"] {
        println!("cargo:rerun-if-changed={room}");
        hash_folder(Path::new(room), &mut hasher);
    }
    println!("cargo:rustc-env=LIBDIFFUSION_PASSES={:016x}", hasher.finish());
    let major = var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    let system = var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arguments = match (system.as_str(), var("CARGO_CFG_TARGET_VENDOR").unwrap_or_default().as_str()) {
        (_, "apple") => vec![format!("-Wl,-install_name,@rpath/libdiffusion.{major}.dylib")],
        ("linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly", _) => vec![
            // Programs that link to us ask for this name at run time: another major version is another library. An app
            // for Android brings its own, and its package keeps no file whose name does not end in .so.
            if system == "android" {
                "-Wl,-soname,libdiffusion.so".to_owned()
            } else {
                format!("-Wl,-soname,libdiffusion.so.{major}")
            },
            // ONNX Runtime keeps a pointer to our log function for as long as the process lives, so a host that
            // closes us must not make that code go away.
            "-Wl,-z,nodelete".to_owned(),
        ],
        // Windows: the module pins itself when it starts ONNX Runtime (src/runtime/own_path.rs).
        _ => Vec::new(),
    };
    for argument in arguments {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}

/// Adds every file below `folder` in the order of their names.
fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) {
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash_folder(&path, hasher);
        } else {
            hasher.write(path.to_string_lossy().as_bytes());
            hasher.write(&fs::read(&path).unwrap_or_default());
        }
    }
}

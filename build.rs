//! Link options of the shared library; nothing is generated and nothing is fetched.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let major = var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    let system = var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arguments = match (system.as_str(), var("CARGO_CFG_TARGET_VENDOR").unwrap_or_default().as_str()) {
        (_, "apple") => vec![format!("-Wl,-install_name,@rpath/libdiffusion.{major}.dylib")],
        ("linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly", _) => vec![
            // Programs that link to us ask for this name at run time: another major version is another library.
            format!("-Wl,-soname,libdiffusion.so.{major}"),
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

//! ONNX Runtime: load it, and say what was loaded.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::sync::OnceLock;

use super::guard::{guard, value};
use super::handle::{check_out, write_out};
use super::names::diffusion_provider_name;
use super::pipeline::at;
use super::status::{Failure, diffusion_status};
use super::text::{c_string, name, path};
use crate::runtime::{self, GraphOptions, Provider};

/// What was loaded, as C texts. There is one ONNX Runtime a process, so these are made once and live on.
pub(super) struct Loaded {
    json: CString,
    version: CString,
    library: CString,
    providers: Vec<CString>,
}

static LOADED: OnceLock<Loaded> = OnceLock::new();

/// Loads ONNX Runtime unless that has happened, and keeps what it says of itself.
pub(super) fn load(library: Option<&Path>) -> Result<&'static Loaded, Failure> {
    let info = runtime::initialize(library)?;
    Ok(LOADED.get_or_init(|| {
        let library = info.path.to_string_lossy();
        let json = serde_json::json!({ "version": info.version, "library": library, "providers": info.providers });
        Loaded {
            json: c_string(json.to_string()),
            version: c_string(&info.version),
            library: c_string(&*library),
            providers: info.providers.iter().map(c_string).collect(),
        }
    }))
}

/// A text of what was loaded; the empty text before that.
fn loaded(pick: impl FnOnce(&'static Loaded) -> Option<&'static CString>) -> *const c_char {
    value(c"".as_ptr(), || Ok(LOADED.get().and_then(pick).map_or(c"".as_ptr(), |text| text.as_ptr())))
}

/// Loads ONNX Runtime now. Optional: diffusion_pipeline_open() does it when it has not happened yet.
///
/// `library` is the UTF-8 path of the library or of a folder that holds it. NULL and 0: the environment variable
/// ORT_DYLIB_PATH, then beside this library, then the system's. Once it is loaded it stays, and this does nothing.
///
/// Any thread. Errors: RUNTIME_MISSING when it is not there, damaged or too old; the message says what was looked
/// for where and how to get it, and a later call with a good path succeeds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_runtime_initialize(
    library: *const c_char,
    library_length: usize,
) -> diffusion_status {
    guard(|| {
        match library_length {
            0 => load(None),
            // SAFETY: by contract.
            _ => load(Some(&unsafe { path(library, library_length, "path of ONNX Runtime's library") }?)),
        }?;
        Ok(())
    })
}

/// Uses the ONNX Runtime that the host has loaded itself: `api_base` is the `const OrtApiBase *` that its OrtGetApiBase()
/// returned. Must come before everything else that loads one; with the same library it may come again.
///
/// That library must stay loaded until the process ends. Where the host has made an OrtEnv, its log functions go on to
/// receive what ONNX Runtime says; the log callback then gets this library's own messages only. Version 1.24 or later.
/// Any thread.
///
/// Errors: NULL_POINTER; RUNTIME_MISSING when it is too old; INVALID_ARGUMENT when another one is loaded already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_runtime_use_api_base(api_base: *const c_void) -> diffusion_status {
    guard(|| {
        if api_base.is_null() {
            return Err(Failure::Null("api_base"));
        }
        // SAFETY: by contract.
        unsafe { runtime::use_api_base(api_base) }?;
        load(None)?;
        Ok(())
    })
}

/// ONNX Runtime as one JSON object: version, library (its path), providers (a list of the names that it offers
/// here). Loads it as diffusion_runtime_initialize(NULL, 0) does when that has not happened yet.
///
/// Borrowed: the text lives as long as this library is loaded. Any thread. Errors: RUNTIME_MISSING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_runtime_info_json(json: *mut *const c_char) -> diffusion_status {
    guard(|| {
        check_out(json, "json out-parameter")?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(json, load(None)?.json.as_ptr()) };
        Ok(())
    })
}

/// Whether an execution provider works here: a small graph runs on its first device, on it alone, and the numbers are
/// compared. `*works_as` becomes its name, which for "auto" is that of the provider that "auto" stands for.
///
/// The first call for a provider starts its driver, which may take seconds; the outcome is kept for as long as the
/// process lives. Loads ONNX Runtime as diffusion_runtime_initialize(NULL, 0) does. Any thread. The name lives as long as
/// this library is loaded.
///
/// Errors: INVALID_ARGUMENT for a name that diffusion_provider_name() does not have; PROVIDER_UNAVAILABLE with the reason;
/// RUNTIME_MISSING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_runtime_try_provider(
    provider: *const c_char,
    provider_length: usize,
    works_as: *mut *const c_char,
) -> diffusion_status {
    guard(|| {
        check_out(works_as, "works_as out-parameter")?;
        // SAFETY: by contract.
        let provider = Provider::parse(unsafe { name(provider, provider_length, "provider name") }?)?;
        load(None)?;
        let found = runtime::try_provider(&GraphOptions { provider, ..GraphOptions::default() })?;
        let index = Provider::ALL.iter().position(|known| *known == found).unwrap_or_default();
        // SAFETY: by contract, and checked above.
        unsafe { write_out(works_as, diffusion_provider_name(i64::try_from(index).unwrap_or_default())) };
        Ok(())
    })
}

/// ONNX Runtime's version, such as "1.28.0"; empty before it is loaded. Never NULL; lives as long as this library.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_runtime_version() -> *const c_char {
    loaded(|loaded| Some(&loaded.version))
}

/// Where ONNX Runtime's library was found; empty before it is loaded. Never NULL; lives as long as this library.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_runtime_library() -> *const c_char {
    loaded(|loaded| Some(&loaded.library))
}

/// The name of execution provider `index` that ONNX Runtime offers here, counted from 0; empty past the last, and
/// before it is loaded. Never NULL; lives as long as this library.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_runtime_provider(index: i64) -> *const c_char {
    loaded(|loaded| at(&loaded.providers, index))
}

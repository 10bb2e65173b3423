//! The one ONNX Runtime of the process.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use once_cell::sync::OnceCell;
use ort::environment::{Environment, EnvironmentBuilder};
use ort::logging::LogLevel;

use super::aside::wait_before_exit;
use super::failure::{clean, guarded};
use super::kernels;
use super::lineage::Lineage;
use super::own_path::pin;
use super::probe::{self, Probed};
use super::search;
use crate::{Error, Result};

/// The ONNX Runtime that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeInfo {
    /// The library's file, absolute.
    pub path: PathBuf,
    /// The library's version, as `1.28.0`.
    pub version: String,
    /// The execution providers that the library was built with, under ONNX Runtime's names
    /// (`CPUExecutionProvider`). That one is listed does not mean that its driver and device are there.
    pub providers: Vec<String>,
}

/// ONNX Runtime allows one environment in a process, and crashes in several ways when that goes away before
/// its last user: so it is made once and never dropped.
struct Runtime {
    environment: Environment,
    info: RuntimeInfo,
}

static RUNTIME: OnceCell<Runtime> = OnceCell::new();

/// Loads ONNX Runtime, once in a process; later calls return what was loaded first.
///
/// It is looked for at `explicit`, else at `ORT_DYLIB_PATH`, else beside our own library (in its folder, in
/// `onnxruntime/` there and in the folders of that), else where the system's loader looks. A path may name the
/// file or a folder. A path that is passed or set and fails is an error: nothing else is tried then. After an
/// error a later call may succeed.
///
/// ONNX Runtime 1.29 and later reports usage to its maker on Linux and macOS unless the environment variable
/// `ORT_DISABLE_TELEMETRY` is set before it starts. For such a library this function sets it to 1, unless the
/// host has set it to anything. Setting a variable while another thread reads the environment from C is a race
/// on Unix; a host with such threads should set it itself beforehand.
///
/// # Errors
/// [`Error::RuntimeMissing`]: what was looked for where, what the system said, and how to get it.
pub fn initialize(explicit: Option<&Path>) -> Result<RuntimeInfo> {
    let runtime = start(explicit)?;
    if let Some(path) = explicit
        && !is_same_place(path, &runtime.info.path)
    {
        log::warn!(
            "ONNX Runtime is already loaded from \"{}\" and stays so: \"{}\" is ignored",
            runtime.info.path.display(),
            path.display()
        );
    }
    Ok(runtime.info.clone())
}

/// The environment, loading ONNX Runtime first if nobody has.
pub(super) fn environment() -> Result<(&'static Environment, &'static RuntimeInfo)> {
    let runtime = start(None)?;
    Ok((&runtime.environment, &runtime.info))
}

/// Uses the ONNX Runtime that the host has loaded itself, whose `OrtGetApiBase()` returned `base`. Must come before
/// anything else that loads one; afterwards [`initialize`] returns this one.
///
/// Its log goes where the host's own environment sends it, if the host has made one: ONNX Runtime has one a process.
///
/// # Safety
/// `base` is null or a valid `OrtApiBase` of a library that stays loaded until the process ends.
///
/// # Errors
/// [`Error::RuntimeMissing`] for null, or a version that is too old; [`Error::InvalidArgument`] when another one is loaded
/// already.
#[expect(unsafe_code, reason = "a table of functions is all that the host can hand over")]
pub unsafe fn use_api_base(base: *const c_void) -> Result<RuntimeInfo> {
    // SAFETY: promised by the caller.
    let handed = unsafe { probe::take(base) }.map_err(|reason| {
        Error::RuntimeMissing(format!("the ONNX Runtime that was handed over cannot be used: {reason}"))
    })?;
    let path = handed.path.clone();
    let runtime = start_with(move || {
        if !ort::set_api(handed.api) {
            return Err(Error::Internal("the `ort` crate was used before ONNX Runtime was loaded".into()));
        }
        let failed = |error: ort::Error| {
            Error::RuntimeMissing(format!(
                "the ONNX Runtime that was handed over cannot be started: {}",
                clean(error.message())
            ))
        };
        // Its log level is the host's to choose.
        let environment = builder(ort::init()).build().map_err(failed)?;
        Runtime::of(environment, handed.path, handed.version)
    })?;
    match runtime.info.path == path {
        true => Ok(runtime.info.clone()),
        false => Err(Error::invalid(format!(
            "an ONNX Runtime is handed over from \"{}\", but that at \"{}\" is loaded already and stays so; hand it over \
             before anything else",
            path.display(),
            runtime.info.path.display()
        ))),
    }
}

fn start(explicit: Option<&Path>) -> Result<&'static Runtime> {
    start_with(|| {
        let found = search::find(explicit)?;
        let runtime = load(&found)?;
        // The library must never be unloaded: threads and callbacks of ONNX Runtime live in it.
        std::mem::forget(found.library);
        Ok(runtime)
    })
}

/// The runtime, which `load` makes where there is none yet.
fn start_with(load: impl FnOnce() -> Result<Runtime>) -> Result<&'static Runtime> {
    // A cell that is being filled would wait for itself: ONNX Runtime's messages go to the host's log callback meanwhile.
    if Lineage::here().loading_runtime {
        return Err(Error::Busy(
            "ONNX Runtime is being loaded; a log callback cannot use it before that is done".into(),
        ));
    }
    let mut loaded_now = false;
    let runtime = RUNTIME.get_or_try_init(|| {
        let runtime = Lineage::with(|here| here.loading_runtime = true, || guarded(load))?;
        pin();
        wait_before_exit();
        loaded_now = true;
        Ok::<_, Error>(runtime)
    })?;
    if loaded_now {
        // Out here, so that a log callback may use the library.
        log::info!("ONNX Runtime {} from \"{}\"", runtime.info.version, runtime.info.path.display());
    }
    Ok(runtime)
}

fn load(found: &Probed) -> Result<Runtime> {
    let failed = |reason: &str| {
        Error::RuntimeMissing(format!("ONNX Runtime at \"{}\" cannot be started: {reason}", found.path.display()))
    };
    disable_telemetry(&found.version);
    // Nothing of `ort` may be touched before this has succeeded: it would panic.
    let own = ort::init_from(&found.path).map_err(|error| failed(&error.to_string()))?;
    let environment = builder(own).build().map_err(|error| failed(&clean(error.message())))?;
    environment.set_log_level(LogLevel::Warning);
    Runtime::of(environment, found.path.clone(), found.version.clone())
}

/// An environment of ours.
fn builder(own: EnvironmentBuilder) -> EnvironmentBuilder {
    own.with_name("libdiffusion").with_telemetry(false).with_logger(Arc::new(forward_log))
}

impl Runtime {
    fn of(environment: Environment, path: PathBuf, version: String) -> Result<Self> {
        kernels::announce(&environment).map_err(|error| {
            let reason = clean(error.message());
            Error::RuntimeMissing(format!("ONNX Runtime at \"{}\" cannot be started: {reason}", path.display()))
        })?;
        let info = RuntimeInfo { path, version, providers: available_providers()? };
        Ok(Self { environment, info })
    }
}

/// Keeps a library that would report usage from doing so; see [`initialize`].
///
/// `with_telemetry(false)` is not enough: 1.32 still opens its database, starts its thread and looks up its
/// hosts. The versions before 1.29, among them the pinned one, have no telemetry outside Windows, and there
/// `with_telemetry` does suffice; so for them the environment is left alone.
#[cfg(unix)]
fn disable_telemetry(version: &str) {
    const VARIABLE: &str = "ORT_DISABLE_TELEMETRY";
    if !reports_usage(version) || std::env::var_os(VARIABLE).is_some() {
        return;
    }
    #[expect(unsafe_code, reason = "the library offers no other switch that stops it from calling home")]
    // SAFETY: other Rust threads are kept out by the standard library's lock. A C thread of the host that calls
    // getenv at this very moment could read a stale pointer; that is documented at `initialize`, happens at
    // most once in a process, and only for libraries from 1.29 on where the host has not chosen itself.
    unsafe {
        std::env::set_var(VARIABLE, "1");
    }
}

#[cfg(not(unix))]
fn disable_telemetry(_version: &str) {}

/// Whether the official builds of that version report usage on Linux and macOS.
#[cfg(unix)]
fn reports_usage(version: &str) -> bool {
    const FIRST_MINOR: u32 = 29;
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_none_or(|minor| minor >= FIRST_MINOR)
}

/// ONNX Runtime's own log, from warnings up, into the host's.
fn forward_log(level: LogLevel, category: &str, _id: &str, _location: &str, message: &str) {
    let level = match level {
        LogLevel::Verbose | LogLevel::Info => return,
        // Being stopped is no error of the graph, though ONNX Runtime thinks so.
        _ if message.contains("terminate flag") => log::Level::Debug,
        LogLevel::Warning => log::Level::Warn,
        LogLevel::Error | LogLevel::Fatal => log::Level::Error,
    };
    // The sink is the host's code, and a panic must not unwind through ONNX Runtime's C++.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        log::log!(target: "onnxruntime", level, "{category}: {}", message.trim_end());
    }));
}

/// The providers that the loaded library was built with.
#[expect(unsafe_code, reason = "the `ort` crate has no safe call that lists them")]
fn available_providers() -> Result<Vec<String>> {
    let failed =
        |error: ort::Error| Error::RuntimeMissing(format!("ONNX Runtime does not list its providers: {error}"));
    let (mut names, mut count) = (std::ptr::null_mut(), 0);
    // SAFETY: both places are valid for writing, and the API table is that of the loaded library.
    let status = unsafe { (ort::api().GetAvailableProviders)(&mut names, &mut count) };
    // SAFETY: the status was just returned by ONNX Runtime and is used once.
    unsafe { ort::Error::result_from_status(status) }.map_err(failed)?;
    let mut providers = Vec::new();
    if !names.is_null() {
        for index in 0..usize::try_from(count).unwrap_or_default() {
            // SAFETY: ONNX Runtime wrote `count` pointers to NUL-terminated names.
            let name = unsafe { std::ffi::CStr::from_ptr(*names.add(index)) };
            providers.push(name.to_string_lossy().into_owned());
        }
        // SAFETY: the array came from GetAvailableProviders and is released once, with its own length.
        let status = unsafe { (ort::api().ReleaseAvailableProviders)(names, count) };
        // SAFETY: as above.
        unsafe { ort::Error::result_from_status(status) }.map_err(failed)?;
    }
    Ok(providers)
}

/// Whether `asked` (a file or the folder that holds it) is where `loaded` came from.
fn is_same_place(asked: &Path, loaded: &Path) -> bool {
    let (Ok(asked), Ok(loaded)) = (asked.canonicalize(), loaded.canonicalize()) else { return false };
    loaded == asked || (asked.is_dir() && loaded.starts_with(&asked))
}

#[cfg(all(test, unix))]
mod tests {
    use super::reports_usage;

    #[test]
    fn usage_is_reported_from_1_29() {
        assert!(!reports_usage("1.24.4") && !reports_usage("1.28.0"));
        assert!(reports_usage("1.29.0") && reports_usage("1.32.1") && reports_usage("unknown"));
    }
}

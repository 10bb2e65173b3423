//! The log: the `log` crate's messages go to the host's callback, and nowhere else.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use log::{LevelFilter, Log, Metadata, Record};

use super::guard::guard;
use super::status::{Failure, diffusion_status};
use super::text::c_string;
use crate::error::Error;
use crate::runtime::{Lineage, is_past_the_end};

/// How much is logged. Each level includes those above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum diffusion_log_level {
    /// Nothing.
    Off = 0,
    /// What failed.
    Error = 1,
    /// What may surprise, such as a prompt that was cut off.
    Warn = 2,
    /// What is being done: the runtime that was loaded, each graph that was opened with its provider and time, what
    /// was recognised in the folder.
    Info = 3,
    /// How it is being done, for finding faults.
    Debug = 4,
    /// Everything.
    Trace = 5,
}

/// Is given a message: its diffusion_log_level, the part of the library that it comes from, and the text, both UTF-8
/// and NUL-terminated, living until the callback returns.
///
/// Called on whichever thread logs, several at once too. It may call the library; what that logs is dropped. It must
/// not leave by longjmp or by a C++ exception.
pub type diffusion_log_callback =
    Option<unsafe extern "C" fn(level: i32, target: *const c_char, message: *const c_char, user_data: *mut c_void)>;

/// Is called once when the library will not use `user_data` any more.
pub type diffusion_finalizer = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The host's callback. Shared by the messages that are on their way; the last to leave calls the finalizer.
struct Sink {
    callback: unsafe extern "C" fn(i32, *const c_char, *const c_char, *mut c_void),
    user_data: *mut c_void,
    finalizer: diffusion_finalizer,
}

// SAFETY: the header says that the callback and the finalizer are called on any thread, several at once.
unsafe impl Send for Sink {}
// SAFETY: as above.
unsafe impl Sync for Sink {}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(finalizer) = self.finalizer {
            // SAFETY: the host gave both together; nothing uses user_data after this.
            unsafe { finalizer(self.user_data) };
        }
    }
}

static SINK: RwLock<Option<Arc<Sink>>> = RwLock::new(None);

/// The logger that is installed: hands every message to the sink of the moment.
struct Forward;

/// Installs [`Forward`] once; false when the process already had another logger.
fn installed() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| log::set_logger(&Forward).is_ok())
}

impl Log for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) || Lineage::here().in_log_callback || is_past_the_end() {
            return;
        }
        // Cloned, so that no lock is held while the host runs: the callback may set another callback.
        let sink = SINK.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(sink) = sink {
            let (target, message) = (c_string(record.target()), c_string(record.args().to_string()));
            let call = || {
                // SAFETY: the sink keeps user_data alive, and both texts outlive the call.
                unsafe { (sink.callback)(record.level() as i32, target.as_ptr(), message.as_ptr(), sink.user_data) }
            };
            Lineage::with(|here| here.in_log_callback = true, call);
        }
    }

    fn flush(&self) {}
}

fn level_filter(level: i32) -> Result<LevelFilter, Failure> {
    const LEVELS: [(diffusion_log_level, LevelFilter); 6] = [
        (diffusion_log_level::Off, LevelFilter::Off),
        (diffusion_log_level::Error, LevelFilter::Error),
        (diffusion_log_level::Warn, LevelFilter::Warn),
        (diffusion_log_level::Info, LevelFilter::Info),
        (diffusion_log_level::Debug, LevelFilter::Debug),
        (diffusion_log_level::Trace, LevelFilter::Trace),
    ];
    let known = LEVELS.iter().find(|(known, _)| *known as i32 == level);
    known.map(|(_, filter)| *filter).ok_or_else(|| {
        Failure::invalid(format!("log level is {level}; allowed are 0 (off) to 5 (trace), see diffusion_log_level"))
    })
}

/// Sends the library's log messages up to `level`, a diffusion_log_level, to `callback`. Default: there is none, and
/// nothing is logged or printed.
///
/// There is one callback a process; a new one takes the old one's place, and NULL takes it away (the other
/// arguments are then not looked at, apart from the level). A message that is
/// on its way on another thread may still reach the old one. `finalizer` may be NULL; it is called once, on any
/// thread, when the last such message is through and `user_data` is not used any more. On an error nothing changes
/// and the finalizer is not called.
///
/// Any thread. Errors: INVALID_ARGUMENT for an unknown level; BUSY when the process is a Rust program that has
/// installed a logger of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_set_log_callback(
    callback: diffusion_log_callback,
    level: i32,
    user_data: *mut c_void,
    finalizer: diffusion_finalizer,
) -> diffusion_status {
    guard(|| {
        let filter = level_filter(level)?;
        if !installed() {
            return Err(
                Error::Busy("this process already has a logger, installed through Rust's log crate".into()).into()
            );
        }
        let new = callback.map(|callback| Arc::new(Sink { callback, user_data, finalizer }));
        let mut sink = SINK.write().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that of two calls at once the level and the callback of the same one stay.
        log::set_max_level(if new.is_some() { filter } else { LevelFilter::Off });
        let old = std::mem::replace(&mut *sink, new);
        // The finalizer is the host's code, so no lock is held while it runs.
        drop(sink);
        drop(old);
        Ok(())
    })
}

//! The one way in: every C function's body runs in here. Panics stop here, and failures become a status and a message.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;
use std::thread;

use super::status::{Failure, diffusion_status};
use super::text::c_string;
use crate::error::Error;
use crate::pipeline::JOB_THREAD;
use crate::runtime::ASIDE_THREAD;

thread_local! {
    /// What went wrong last on this thread; empty after a call that succeeded.
    static LAST_ERROR: RefCell<(diffusion_status, CString)> = RefCell::new((diffusion_status::Ok, CString::default()));
    /// How many guards this thread is inside of: callbacks may call back into the library.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the panic that is being caught happened.
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the body of a function that returns a status: forgets the last error, catches panics, keeps the message.
pub(super) fn guard(body: impl FnOnce() -> Result<(), Failure>) -> diffusion_status {
    keep(diffusion_status::Ok, CString::default());
    match catch(body) {
        Ok(()) => {
            // A callback may have failed in a call of its own.
            keep(diffusion_status::Ok, CString::default());
            diffusion_status::Ok
        }
        Err(failure) => record(&failure),
    }
}

/// Runs the body of a function that returns a value, and `fallback` where it fails.
///
/// The last error is replaced by a failure but not forgotten on success, so that a host may look at objects and
/// destroy them between a failed call and the reading of its message.
pub(super) fn value<T>(fallback: T, body: impl FnOnce() -> Result<T, Failure>) -> T {
    match catch(body) {
        Ok(value) => value,
        Err(failure) => {
            record(&failure);
            fallback
        }
    }
}

/// Runs `body`, with a panic turned into an internal error.
fn catch<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    keep_panics_quiet();
    let depth = DEPTH.get();
    DEPTH.set(depth + 1);
    // What a panic may leave half-changed are the caller's objects; each is valid between any two statements.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    DEPTH.set(depth);
    outcome.unwrap_or_else(|payload| Err(Error::Internal(panic_text(payload.as_ref())).into()))
}

/// Replaces the panic hook once, so that a panic that will be caught is remembered instead of printed.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            let is_ours = matches!(thread::current().name(), Some(JOB_THREAD | ASIDE_THREAD));
            if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 && !is_ours {
                return previous(info);
            }
            let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
            let _ = PANIC_PLACE.try_with(|kept| *kept.borrow_mut() = place);
        }));
    });
}

/// What a panic said, and where.
fn panic_text(payload: &(dyn Any + Send)) -> String {
    let said = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned());
    let place = PANIC_PLACE.try_with(RefCell::take).unwrap_or_default();
    format!("{said}{place}")
}

/// Keeps a failure as this thread's last error.
fn record(failure: &Failure) -> diffusion_status {
    let status = failure.status();
    keep(status, c_string(chain(failure)));
    status
}

/// The message with its causes, each said once.
pub(super) fn chain(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

fn keep(status: diffusion_status, message: CString) {
    // A thread that is being torn down has nobody left to read the message.
    let _ = LAST_ERROR.try_with(|last| *last.borrow_mut() = (status, message));
}

/// Why the last failed call on this thread failed: a whole sentence with its causes. Never NULL.
///
/// Empty after a call that returned DIFFUSION_STATUS_OK, and on a thread that has not failed yet. Functions without
/// a status keep the message where they succeed, so objects may be destroyed before it is read.
/// The text lives until the next call on this thread that returns a status or fails: copy it at once.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_last_error_message() -> *const c_char {
    LAST_ERROR.try_with(|last| last.borrow().1.as_ptr()).unwrap_or(c"".as_ptr())
}

/// The status that belongs to diffusion_last_error_message(). For functions that return a value instead of a status.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_last_error_status() -> diffusion_status {
    LAST_ERROR.try_with(|last| last.borrow().0).unwrap_or(diffusion_status::Ok)
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn message() -> String {
        // SAFETY: never NULL, NUL-terminated, and copied before the next call.
        unsafe { CStr::from_ptr(diffusion_last_error_message()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_is_an_internal_error_with_its_text_and_place() {
        let status = guard(|| panic!("the moon fell"));
        assert_eq!(status, diffusion_status::Internal);
        assert!(message().contains("the moon fell"), "{}", message());
        assert!(message().contains("guard.rs:"), "{}", message());
        assert_eq!(value(7, || Ok(8)), 8);
        assert!(message().contains("the moon fell"), "a getter that works keeps the message");
        assert_eq!(guard(|| Ok(())), diffusion_status::Ok);
        assert_eq!(message(), "");
    }

    #[test]
    fn a_getter_that_fails_says_so() {
        assert_eq!(value(0, || Err(Failure::Null("request"))), 0);
        assert_eq!(diffusion_last_error_status(), diffusion_status::NullPointer);
        assert_eq!(message(), "the request is NULL");
    }

    #[test]
    fn causes_are_named_once() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "no such thing");
        guard(|| Err(Error::Io { what: "cannot read".into(), path: "x.json".into(), source }.into()));
        assert_eq!(message(), "cannot read \"x.json\": no such thing");
    }

    #[test]
    fn guards_nest_as_callbacks_do() {
        let outer = guard(|| {
            assert_eq!(guard(|| panic!("inner")), diffusion_status::Internal);
            Err(Error::Cancelled.into())
        });
        assert_eq!(outer, diffusion_status::Cancelled);
        assert_eq!(message(), "cancelled by the caller");
        let outer = guard(|| {
            guard(|| panic!("inner"));
            Ok(())
        });
        assert_eq!(
            (outer, message().as_str()),
            (diffusion_status::Ok, ""),
            "what a callback got wrong is its own affair"
        );
    }

    #[test]
    fn each_thread_has_its_own_message() {
        guard(|| Err(Failure::invalid("mine")));
        thread::spawn(|| assert_eq!(message(), "")).join().unwrap();
        assert_eq!(message(), "mine");
    }
}

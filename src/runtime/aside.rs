//! Calls that nobody can interrupt, made aside: who waits for one may leave it, and it comes to its end alone.
//!
//! ONNX Runtime looks at its flag for stopping between two stages of opening a session, which at the size of Stable Diffusion
//! 1.5 take seconds each. Whoever cancels an opening must not wait for that.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::cancel::CancelToken;
use crate::{Error, Result};

/// The name of the threads on which sessions are opened.
pub const ASIDE_THREAD: &str = "diffusion-aside";

/// How often who waits looks whether it was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long a cancelled call may take to stop by itself before it is left: most stop within this.
const PATIENCE: Duration = Duration::from_millis(40);
/// As the first thread of a process has it, which graphs were opened on before: optimisers call themselves.
const STACK: usize = 8 << 20;

/// How many calls were left and have not come to their ends.
static LEFT: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

enum Slot<T> {
    Working,
    Done(Result<T>),
    /// Nobody waits any more.
    Left,
}

struct Shared<T> {
    slot: Mutex<Slot<T>>,
    changed: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does `work` on a thread of its own and waits for it, for a moment only once `cancel` is raised. `work` must not panic.
///
/// What was left is dropped when it ends, and then `cleanup` is called.
///
/// # Errors
/// Those of `work`; [`Error::Cancelled`] as soon as it is left; [`Error::OutOfMemory`] where there is no thread to be had.
pub(super) fn aside<T: Send + 'static>(
    cancel: &CancelToken,
    work: impl FnOnce() -> Result<T> + Send + 'static,
    cleanup: impl FnOnce() + Send + 'static,
) -> Result<T> {
    let shared = Arc::new(Shared { slot: Mutex::new(Slot::Working), changed: Condvar::new() });
    let theirs = Arc::clone(&shared);
    let started = thread::Builder::new().name(ASIDE_THREAD.to_owned()).stack_size(STACK).spawn(move || {
        let outcome = work();
        let mut slot = lock(&theirs.slot);
        if matches!(*slot, Slot::Left) {
            drop(slot);
            drop(outcome);
            cleanup();
            *lock(&LEFT) -= 1;
            ENDED.notify_all();
            return;
        }
        *slot = Slot::Done(outcome);
        theirs.changed.notify_all();
    });
    let thread = started.map_err(|error| Error::OutOfMemory(format!("the system gives no thread: {error}")))?;
    let mut cancelled_at = None;
    let mut slot = lock(&shared.slot);
    loop {
        if let Slot::Done(_) = &*slot {
            let Slot::Done(outcome) = std::mem::replace(&mut *slot, Slot::Working) else {
                return Err(Error::Internal("what was done aside is gone".into()));
            };
            drop(slot);
            // It has nothing left to do but to end.
            let _ = thread.join();
            return outcome;
        }
        if cancel.is_cancelled() && cancelled_at.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            *lock(&LEFT) += 1;
            *slot = Slot::Left;
            wait_before_exit();
            return Err(Error::Cancelled);
        }
        slot = shared.changed.wait_timeout(slot, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Lets the process wait at its exit for what was left: ONNX Runtime's own cleaning up must not come in the middle of it.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "atexit is the only way to come before the destructors of a library that is loaded already"
)]
fn wait_before_exit() {
    extern "C" fn wait() {
        let mut left = lock(&LEFT);
        while *left > 0 {
            left = ENDED.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // SAFETY: a function of ours that panics nowhere, in a library that is never unloaded. Registered after ONNX Runtime
        // was loaded, it runs before what that registered then.
        let _ = unsafe { libc::atexit(wait) };
    });
}

/// Elsewhere the system ends every other thread before it cleans up.
#[cfg(not(unix))]
fn wait_before_exit() {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_ends_is_handed_over_and_what_is_cancelled_is_left() {
        let cancel = CancelToken::new();
        assert_eq!(aside(&cancel, || Ok(7), || ()).unwrap(), 7);
        let failed = aside(&cancel, || Err::<(), _>(Error::Internal("as it is".into())), || ());
        assert!(failed.unwrap_err().to_string().contains("as it is"));

        let (go, wait) = channel::<()>();
        let (tell, cleaned) = channel();
        let token = cancel.clone();
        let work = move || {
            token.cancel();
            // Nobody interrupts this.
            wait.recv().map_err(|_| Error::Internal("the test ended".into()))
        };
        assert!(matches!(aside(&cancel, work, move || tell.send(()).unwrap()), Err(Error::Cancelled)));
        assert!(cleaned.try_recv().is_err(), "it is still working");
        go.send(()).unwrap();
        cleaned.recv().unwrap();

        // What stops by itself soon is waited for, and says how it ended.
        let cancel = CancelToken::new();
        let token = cancel.clone();
        let stops = move || {
            token.cancel();
            Ok(())
        };
        assert!(aside(&cancel, stops, || ()).is_ok());
    }
}

//! Work that nobody can interrupt, done aside: who waits for it may leave it, and it comes to its end alone.
//!
//! ONNX Runtime looks at its flag for stopping between two stages of opening a session, which at the size of Stable Diffusion
//! 1.5 take seconds each; giving gigabytes back to the system takes its time too. Whoever cancels must not wait for that.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::cancel::CancelToken;
use super::lineage::Lineage;
use super::memory;
use crate::{Error, Result};

/// The name of the threads that models and graphs are opened on.
pub const ASIDE_THREAD: &str = "diffusion-aside";

/// How often who waits looks whether to go on.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long what is not wanted any more may take to stop by itself before it is left: small models do within this, and then
/// nothing of them is there any more when the caller goes on.
const PATIENCE: Duration = Duration::from_millis(30);
/// The stack of threads that graphs are opened on, as large as that of a process's first: optimisers call themselves.
pub(crate) const STACK: usize = 8 << 20;

/// How much was left and has not come to its end.
static LEFT: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();
/// Whether the process ends, and waits for what was left.
static EXITING: AtomicBool = AtomicBool::new(false);

enum Slot<T> {
    Working,
    /// A panic is handed over as well.
    Done(thread::Result<Result<T>>),
    /// The outcome is not wanted any more; somebody waits a moment for it to be dropped.
    Unwanted,
    /// It was dropped.
    Gone,
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

impl<T> Shared<T> {
    /// What the thread does at the end of its work.
    fn end(&self, outcome: thread::Result<Result<T>>) {
        let mut slot = lock(&self.slot);
        if matches!(*slot, Slot::Working) {
            *slot = Slot::Done(outcome);
            self.changed.notify_all();
            return;
        }
        drop(slot);
        drop(outcome);
        let mut slot = lock(&self.slot);
        if matches!(*slot, Slot::Left) {
            memory::trim();
            *lock(&LEFT) -= 1;
            ENDED.notify_all();
        } else {
            *slot = Slot::Gone;
            self.changed.notify_all();
        }
    }
}

/// Does `work` on a thread of its own, with a token of its own, and waits for it. Meanwhile, every few milliseconds and once
/// more at the end, `look` is called on this thread. Its first error, or `cancel`, raises the token, and is returned within
/// a moment, also where `work` goes on: what becomes of that is dropped on its own thread when it ends.
///
/// The process waits at its exit for what was left.
///
/// # Errors
/// Those of `work` and of `look`, [`Error::Cancelled`]; [`Error::OutOfMemory`] where there is no thread to be had.
pub(crate) fn aside<T: Send + 'static>(
    cancel: &CancelToken,
    work: impl FnOnce(&CancelToken) -> Result<T> + Send + 'static,
    mut look: impl FnMut() -> Result<()>,
) -> Result<T> {
    let token = CancelToken::new();
    // What listens hears of it at once; this thread, when it looks.
    let _registration = cancel.register_token(token.clone())?;
    let mut look = || look().and_then(|()| cancel.check());
    let shared = Arc::new(Shared { slot: Mutex::new(Slot::Working), changed: Condvar::new() });
    let (theirs, inner) = (Arc::clone(&shared), token.clone());
    let lineage = Lineage { aside: true, ..Lineage::handed_on() };
    let started = thread::Builder::new().name(ASIDE_THREAD.to_owned()).stack_size(STACK).spawn(move || {
        lineage.take_over();
        theirs.end(catch_unwind(AssertUnwindSafe(|| work(&inner))));
    });
    let thread = started.map_err(|error| Error::OutOfMemory(format!("the system gives no thread: {error}")))?;
    let stop = loop {
        let is_working = |slot: &mut Slot<T>| matches!(slot, Slot::Working);
        let waited = shared.changed.wait_timeout_while(lock(&shared.slot), LOOK_AGAIN, is_working);
        let mut slot = waited.unwrap_or_else(PoisonError::into_inner).0;
        if matches!(*slot, Slot::Done(_))
            && let Slot::Done(outcome) = std::mem::replace(&mut *slot, Slot::Gone)
        {
            drop(slot);
            // It has nothing left to do but to end.
            let _ = thread.join();
            let outcome = outcome.unwrap_or_else(|panic| resume_unwind(panic))?;
            return match look() {
                Ok(()) => Ok(outcome),
                Err(stop) => {
                    drop_aside(outcome);
                    Err(stop)
                }
            };
        }
        drop(slot);
        if let Err(stop) = look() {
            break stop;
        }
    };
    token.cancel();
    let mut slot = lock(&shared.slot);
    if let Slot::Done(outcome) = std::mem::replace(&mut *slot, Slot::Unwanted) {
        *slot = Slot::Gone;
        drop_aside(outcome);
    }
    let until = Instant::now() + PATIENCE;
    while matches!(*slot, Slot::Unwanted) {
        let rest = until.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            *lock(&LEFT) += 1;
            *slot = Slot::Left;
            drop(slot);
            static ONCE: std::sync::Once = std::sync::Once::new();
            ONCE.call_once(wait_before_exit);
            return Err(stop);
        }
        slot = shared.changed.wait_timeout(slot, rest).unwrap_or_else(PoisonError::into_inner).0;
    }
    drop(slot);
    let _ = thread.join();
    Err(stop)
}

/// Drops what is not wanted any more on a thread of its own: gigabytes take their time.
fn drop_aside<T: Send + 'static>(unwanted: T) {
    *lock(&LEFT) += 1;
    let lineage = Lineage { aside: true, ..Lineage::handed_on() };
    let left = move || {
        lineage.take_over();
        drop(unwanted);
        memory::trim();
        *lock(&LEFT) -= 1;
        ENDED.notify_all();
    };
    if thread::Builder::new().name(ASIDE_THREAD.to_owned()).spawn(left).is_err() {
        // Without a thread it was dropped here and now.
        *lock(&LEFT) -= 1;
    }
}

/// Whether nobody is to hear of this any more: the process ends, and what the host made may be gone.
pub(crate) fn is_past_the_end() -> bool {
    Lineage::here().aside && EXITING.load(Ordering::Relaxed)
}

/// Lets the process wait at its exit for what was left: ONNX Runtime's own cleaning up must not come in the middle of it. So
/// this has to be called again after ONNX Runtime was loaded.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "atexit is the only way to come before the destructors of a library that is loaded already"
)]
pub(super) fn wait_before_exit() {
    extern "C" fn wait() {
        // A log callback may end the process from here: what it belongs to does not end before it returns.
        if Lineage::here().aside {
            return;
        }
        EXITING.store(true, Ordering::Relaxed);
        let mut left = lock(&LEFT);
        while *left > 0 {
            left = ENDED.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }
    // SAFETY: a function of ours that panics nowhere, in a library that is never unloaded. What is registered last runs first.
    let _ = unsafe { libc::atexit(wait) };
}

/// Elsewhere the system ends every other thread before it cleans up.
#[cfg(not(unix))]
pub(super) fn wait_before_exit() {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn internal(text: &str) -> Error {
        Error::Internal(text.to_owned())
    }

    #[test]
    fn what_ends_is_handed_over() {
        assert_eq!(aside(&CancelToken::new(), |_| Ok(7), || Ok(())).unwrap(), 7);
        let failed = aside(&CancelToken::new(), |_| Err::<(), _>(internal("as it is")), || Ok(()));
        assert!(failed.unwrap_err().to_string().contains("as it is"));
        let panics = || aside(&CancelToken::new(), |_| -> Result<()> { panic!("as loud as it is") }, || Ok(()));
        let panic = catch_unwind(panics).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"as loud as it is"));
    }

    #[test]
    fn who_waits_looks_meanwhile_and_once_more_at_the_end() {
        let (tell, told) = channel();
        let (go, wait) = channel();
        let mut seen = Vec::new();
        let work = move |_: &CancelToken| {
            tell.send(1).unwrap();
            wait.recv().unwrap();
            tell.send(2).unwrap();
            Ok(())
        };
        let look = || {
            seen.extend(told.try_iter());
            if seen == [1] {
                // More than one may go there before the answer comes.
                let _ = go.send(());
            }
            Ok(())
        };
        aside(&CancelToken::new(), work, look).unwrap();
        assert_eq!(seen, [1, 2]);
    }

    /// What tells that it was dropped.
    struct Tells(std::sync::mpsc::Sender<()>);

    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn what_is_not_wanted_any_more_is_left_and_dropped_when_it_ends() {
        let (go, wait) = channel::<()>();
        let (tell, dropped) = channel();
        // Nobody interrupts this.
        let work = move |token: &CancelToken| {
            wait.recv().unwrap();
            assert!(token.is_cancelled());
            Ok(Tells(tell))
        };
        assert!(
            matches!(aside(&CancelToken::new(), work, || Err(internal("enough"))), Err(Error::Internal(text)) if text == "enough")
        );
        assert!(dropped.try_recv().is_err(), "it is still working");
        go.send(()).unwrap();
        dropped.recv().unwrap();
    }

    #[test]
    fn what_hears_of_it_stops_by_itself() {
        for _ in 0..20 {
            let (tell, dropped) = channel();
            let work = move |token: &CancelToken| {
                let _tells = Tells(tell);
                while !token.is_cancelled() {
                    thread::yield_now();
                }
                token.check()
            };
            assert!(matches!(aside(&CancelToken::new(), work, || Err(Error::Cancelled)), Err(Error::Cancelled)));
            assert!(dropped.recv_timeout(Duration::from_secs(60)).is_ok());
        }
    }
}

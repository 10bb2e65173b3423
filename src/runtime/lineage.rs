//! What a thread that works for another takes over from it.
//!
//! Some things that must not be done twice are known by the thread that is doing them: a log callback may open a model, and
//! what that logs must not come to the callback again. Where the work is handed to another thread, that has to know too.

use std::cell::Cell;
use std::thread::{self, ThreadId};

/// What the caller's thread is in the middle of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// The host's log callback.
    pub in_log_callback: bool,
    /// Loading ONNX Runtime.
    pub loading_runtime: bool,
    /// Work [aside](super::aside), which may be left.
    pub aside: bool,
    /// The graph that is run, by its address; 0 where none is.
    pub running: usize,
    /// The thread that all this began on, where it was another one.
    pub origin: Option<ThreadId>,
}

thread_local! {
    static HERE: Cell<Lineage> =
        const { Cell::new(Lineage { in_log_callback: false, loading_runtime: false, aside: false, running: 0, origin: None }) };
}

impl Lineage {
    /// That of this thread.
    pub(crate) fn here() -> Self {
        HERE.get()
    }

    /// That of a thread which works for this one.
    pub(crate) fn handed_on() -> Self {
        Self { origin: Some(Self::origin()), ..Self::here() }
    }

    /// The thread that what this one does began on: what waits for it waits for that one.
    pub(crate) fn origin() -> ThreadId {
        Self::here().origin.unwrap_or_else(|| thread::current().id())
    }

    /// Makes it this thread's.
    pub(crate) fn take_over(self) {
        HERE.set(self);
    }

    /// Does `work` with that of this thread changed by `change`, and changes it back.
    pub(crate) fn with<T>(change: impl FnOnce(&mut Self), work: impl FnOnce() -> T) -> T {
        struct Back(Lineage);
        impl Drop for Back {
            fn drop(&mut self) {
                self.0.take_over();
            }
        }
        let mut changed = Self::here();
        let _back = Back(changed);
        change(&mut changed);
        changed.take_over();
        work()
    }
}

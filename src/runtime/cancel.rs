//! Stopping: one token, shared by everything that works for one request.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ort::session::RunOptions;
use ort::session::builder::LoadCanceler;

use crate::{Error, Result};

/// A flag that any thread may raise to stop the work that was started with it.
///
/// Clones share one flag. Raising it stops graphs that run at that moment (ONNX Runtime looks at it between two
/// nodes of a graph, and the operators of our own inside of theirs), graphs that are being opened (it looks between two
/// stages of that), and everything that starts later until [`reset`](Self::reset). What does not stop within a moment is left
/// to its own end where that can be: openings, and runs on the CPU.
#[derive(Clone, Default)]
pub struct CancelToken {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    /// What is in flight. `cancel` raises the flag before it takes this lock, `register` looks at the flag
    /// while it holds it: so whoever is not seen by the one is seen by the other.
    in_flight: Mutex<Vec<Arc<InFlight>>>,
}

/// One call into ONNX Runtime that can be stopped.
struct InFlight {
    work: Work,
    /// Stays raised after [`CancelToken::reset`]: the call that was stopped still reports it.
    stopped: AtomicBool,
}

enum Work {
    Run(RunOptions),
    Load(LoadCanceler),
    /// Whatever was started with this token.
    Token(CancelToken),
    /// Nothing of ONNX Runtime's.
    #[cfg(test)]
    None,
}

/// Takes its call off the token's list when it is dropped.
pub(super) struct Registration<'t> {
    token: &'t CancelToken,
    entry: Arc<InFlight>,
}

thread_local! {
    /// The run that this thread is inside of. ONNX Runtime asks the operators of a graph on the thread that runs it, so
    /// this is how those of our own hear of a cancel.
    static INSIDE: RefCell<Option<Arc<InFlight>>> = const { RefCell::new(None) };
}

/// As long as it lives, this thread is inside of a run.
pub(super) struct Inside {
    /// The run around this one: a log callback may draw with another pipeline.
    outer: Option<Arc<InFlight>>,
}

/// Whether the run that an operator belongs to was cancelled. Any thread that works for the operator may ask.
#[derive(Clone, Default)]
pub(super) struct Stop(Option<Arc<InFlight>>);

impl Stop {
    /// That of the run which this thread is inside of; never raised outside of any.
    pub(super) fn of_this_thread() -> Self {
        Self(INSIDE.try_with(|inside| inside.borrow().clone()).ok().flatten())
    }

    /// Whether there is no point in going on.
    pub(super) fn is_raised(&self) -> bool {
        self.0.as_ref().is_some_and(|run| run.stopped.load(Ordering::Relaxed))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let _ = INSIDE.try_with(|inside| *inside.borrow_mut() = outer);
    }
}

impl CancelToken {
    /// A token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the work in flight and all that starts later. May be called from any thread, at any time, before
    /// the work begins included, and any number of times.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::SeqCst);
        for entry in self.in_flight().iter() {
            entry.stopped.store(true, Ordering::SeqCst);
            // Neither call has a way to fail that could be acted upon here: the flag above still stops the
            // work at its next step.
            let _ = match &entry.work {
                Work::Run(options) => options.terminate(),
                Work::Load(canceler) => canceler.cancel(),
                Work::Token(token) => {
                    token.cancel();
                    Ok(())
                }
                #[cfg(test)]
                Work::None => Ok(()),
            };
        }
    }

    /// Whether [`cancel`](Self::cancel) was called since the last [`reset`](Self::reset).
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::SeqCst)
    }

    /// Lowers the flag, so that the token can serve another request. Work that was stopped already still ends
    /// with [`Error::Cancelled`].
    pub fn reset(&self) {
        self.shared.cancelled.store(false, Ordering::SeqCst);
    }

    /// [`Error::Cancelled`] if the flag is raised: for the places between two calls.
    ///
    /// # Errors
    /// [`Error::Cancelled`], and nothing else.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Puts a run on the list of what `cancel` stops. The options must be new: a flag of termination that was
    /// raised for one run would stop the next one too.
    pub(super) fn register_run(&self, options: RunOptions) -> Result<Registration<'_>> {
        self.register(Work::Run(options))
    }

    /// Puts the opening of a session on the list of what `cancel` stops.
    pub(super) fn register_load(&self, canceler: LoadCanceler) -> Result<Registration<'_>> {
        self.register(Work::Load(canceler))
    }

    /// Puts another token on the list of what `cancel` stops; that one stays raised after a [`reset`](Self::reset) of this.
    pub(super) fn register_token(&self, token: Self) -> Result<Registration<'_>> {
        self.register(Work::Token(token))
    }

    fn register(&self, work: Work) -> Result<Registration<'_>> {
        let entry = Arc::new(InFlight { work, stopped: AtomicBool::new(false) });
        let mut in_flight = self.in_flight();
        self.check()?;
        in_flight.push(Arc::clone(&entry));
        Ok(Registration { token: self, entry })
    }

    fn in_flight(&self) -> MutexGuard<'_, Vec<Arc<InFlight>>> {
        // Nothing panics while it holds the lock, and a list of handles has no half-made state.
        self.shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration<'_> {
    /// The options that the run must be started with; `None` for the opening of a session.
    pub(super) fn run_options(&self) -> Option<&RunOptions> {
        match &self.entry.work {
            Work::Run(options) => Some(options),
            _ => None,
        }
    }

    /// Tells the operators of our own that this thread runs from now on to look at this call.
    pub(super) fn enter(&self) -> Inside {
        Inside { outer: INSIDE.replace(Some(Arc::clone(&self.entry))) }
    }

    /// Whether `cancel` reached this call.
    pub(super) fn was_stopped(&self) -> bool {
        self.entry.stopped.load(Ordering::SeqCst)
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.token.in_flight().retain(|other| !Arc::ptr_eq(other, &self.entry));
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}

/// For tests of what looks at it.
#[cfg(test)]
impl Stop {
    /// One of no run, and the way to raise it.
    pub(super) fn by_hand() -> (Self, impl Fn()) {
        let work = Work::None;
        let run = Arc::new(InFlight { work, stopped: AtomicBool::new(false) });
        let raised = Arc::clone(&run);
        (Self(Some(run)), move || raised.stopped.store(true, Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(token: &CancelToken) -> Registration<'_> {
        token.register(Work::None).unwrap()
    }

    #[test]
    fn operators_see_the_run_that_their_thread_is_inside_of_and_no_other() {
        let (first, second) = (CancelToken::new(), CancelToken::new());
        let (outer, inner) = (registered(&first), registered(&second));
        let raised = || Stop::of_this_thread().is_raised();
        let entered = outer.enter();
        first.cancel();
        assert!(raised());
        {
            let _entered = inner.enter();
            assert!(!raised(), "a run inside of a run is asked for itself");
            second.cancel();
            second.reset();
            assert!(raised(), "what was stopped stays stopped");
        }
        assert!(raised());
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(!raised(), "another thread is inside of nothing"));
        });
        drop(entered);
        assert!(!raised());
    }
}

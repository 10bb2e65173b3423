//! A job in its owner's hands.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::line::Worker;
use super::ticket::{JobPreview, JobState, Ticket};
use crate::error::{Error, Result};
use crate::pipeline::Progress;

/// What a job came to, or will. Dropping it cancels it, and waits for what it did to end where nothing else of its queue
/// is left.
///
/// Everything but taking is [`JobWatch`]'s.
#[must_use = "dropping a job cancels it"]
pub struct Job<T> {
    watch: JobWatch,
    outcome: Arc<Outcome<T>>,
}

/// How far a job is, and the way to stop it. Any thread may ask.
pub struct JobWatch {
    ticket: Arc<Ticket>,
    worker: Arc<Worker>,
}

/// Where the work puts what it made.
pub(super) struct Outcome<T>(Mutex<Slot<T>>);

enum Slot<T> {
    Empty,
    Made(T),
    Failed(Error),
    Taken,
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self(Mutex::new(Slot::Empty))
    }
}

impl<T> Outcome<T> {
    /// Keeps what came of the work; whether that is a success.
    pub(super) fn keep(&self, made: Result<T>) -> bool {
        let slot = made.map_or_else(Slot::Failed, Slot::Made);
        let succeeded = matches!(slot, Slot::Made(_));
        *self.slot() = slot;
        succeeded
    }

    fn take(&self) -> Result<T> {
        match std::mem::replace(&mut *self.slot(), Slot::Taken) {
            Slot::Made(made) => Ok(made),
            _ => Err(Error::invalid("what the job made was taken already; it can be taken once")),
        }
    }

    fn error(&self) -> Error {
        match &*self.slot() {
            Slot::Failed(error) => error.again(),
            _ => Error::Internal("a job failed without an error".to_owned()),
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot<T>> {
        // A slot is replaced as a whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Job<T> {
    pub(super) fn new(ticket: Arc<Ticket>, worker: Arc<Worker>, outcome: Arc<Outcome<T>>) -> Self {
        Self { watch: JobWatch { ticket, worker }, outcome }
    }

    /// What the work made; once.
    ///
    /// # Errors
    /// The work's own, again and again; [`Error::Cancelled`]; [`Error::Busy`] as long as it is not done;
    /// [`Error::InvalidArgument`] when it was taken before.
    pub fn take(&self) -> Result<T> {
        match self.state() {
            JobState::Finished => self.outcome.take(),
            JobState::Queued | JobState::Running => {
                Err(Error::Busy("the job is not done yet; wait for it, or poll its state".to_owned()))
            }
            JobState::Cancelled => Err(Error::Cancelled),
            JobState::Failed => Err(self.outcome.error()),
        }
    }

    /// Why there is nothing to take, once the job has failed or was cancelled.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        match self.state() {
            JobState::Cancelled => Some(Error::Cancelled),
            JobState::Failed => Some(self.outcome.error()),
            JobState::Queued | JobState::Running | JobState::Finished => None,
        }
    }
}

impl<T> Deref for Job<T> {
    type Target = JobWatch;

    fn deref(&self) -> &JobWatch {
        &self.watch
    }
}

impl JobWatch {
    /// Where it is on its way.
    #[must_use]
    pub fn state(&self) -> JobState {
        self.ticket.state()
    }

    /// Waits until it is done, or for as long as `timeout`; `None` waits for ever. The state then.
    pub fn wait(&self, timeout: Option<Duration>) -> JobState {
        self.ticket.wait(timeout)
    }

    /// Cancels it. One that waits is [`JobState::Cancelled`] when this returns and never runs; one that runs stops as soon
    /// as it can, in the middle of a graph too, and ends as cancelled; one that is done stays as it is. Never waits.
    pub fn cancel(&self) {
        self.worker.line.leave(&self.ticket);
        self.ticket.cancel();
    }

    /// The last report of its work; `None` before the first.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        self.ticket.progress()
    }

    /// How many jobs of its queue run before it; 0 from when it runs.
    #[must_use]
    pub fn queue_position(&self) -> usize {
        self.worker.line.before(&self.ticket)
    }

    /// How long it has been running, or did; zero while it waits.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.ticket.elapsed()
    }

    /// How many previews there were of all its pictures together: another number means that there is a new one.
    #[must_use]
    pub fn preview_number(&self) -> u64 {
        self.ticket.preview_number()
    }

    /// The newest preview of picture `index` of the request, from 0, where it asks for previews and there was one.
    #[must_use]
    pub fn preview(&self, index: u32) -> Option<JobPreview> {
        self.ticket.preview(index)
    }
}

impl Drop for JobWatch {
    fn drop(&mut self) {
        self.cancel();
    }
}

//! The line of jobs that wait, and the thread that does them one after the other.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::JOB_THREAD;
use super::job::{Job, Outcome};
use super::ticket::{JobState, Scribe, Ticket};
use crate::error::{Error, Result};
use crate::pipeline::Observer;
use crate::runtime::CancelToken;

/// A job that waits. The work keeps what came of it and says whether that is a success.
struct Task {
    ticket: Arc<Ticket>,
    work: Box<dyn FnOnce() -> bool + Send>,
    /// Gives up what the work made.
    discard: Box<dyn FnOnce() + Send>,
}

/// What waits and what runs: shared by the thread, the queue and its jobs.
pub(super) struct Line {
    lane: Mutex<Lane>,
    changed: Condvar,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Task>,
    running: Option<Arc<Ticket>>,
    /// Nothing more will come.
    closing: bool,
}

/// The thread of a line. Held by the queue and by its jobs: the last of them to go waits for the thread, so that nothing
/// of a pipeline runs any more once all that belongs to it is gone, but for what a cancel has left to its own end.
pub(super) struct Worker {
    pub line: Arc<Line>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    pub(super) fn new() -> Arc<Self> {
        let line = Arc::new(Line { lane: Mutex::default(), changed: Condvar::new() });
        Arc::new(Self { line, thread: Mutex::default() })
    }

    /// Puts `work` at the end of the line.
    ///
    /// # Errors
    /// [`Error::Busy`] when as many as `capacity` wait behind the one that runs; [`Error::OutOfMemory`] without a thread.
    pub(super) fn start<T: Send + 'static>(
        self: &Arc<Self>,
        capacity: usize,
        work: impl FnOnce(&mut dyn Observer, &CancelToken) -> Result<T> + Send + 'static,
    ) -> Result<Job<T>> {
        let (ticket, outcome) = (Ticket::new(), Arc::new(Outcome::default()));
        let (told, kept, given_up) = (Arc::clone(&ticket), Arc::clone(&outcome), Arc::clone(&outcome));
        let work = Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(|| work(&mut Scribe(&told), &told.cancel)));
            let made = done.unwrap_or_else(|payload| Err(Error::Internal(said(payload.as_ref()))));
            // What nobody will take any more is given up before the job says that it has ended.
            kept.keep(if told.is_over() { Err(Error::Cancelled) } else { made })
        });
        let discard = Box::new(move || {
            given_up.keep(Err(Error::Cancelled));
        });
        self.push(capacity, Task { ticket: Arc::clone(&ticket), work, discard })?;
        Ok(Job::new(ticket, Arc::clone(self), outcome))
    }

    fn push(&self, capacity: usize, task: Task) -> Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lane = self.line.lane();
        // The one that runs is counted whether or not the thread has come to it yet, so that the answer does not depend
        // on who is faster.
        let unfinished = lane.waiting.len() + usize::from(lane.running.is_some());
        if unfinished > capacity {
            return Err(Error::Busy(format!(
                "the pipeline has {unfinished} unfinished jobs, one to run and {capacity} to wait; wait for one, cancel \
                 one, or open the model with a longer job queue"
            )));
        }
        if thread.is_none() {
            let line = Arc::clone(&self.line);
            let spawned = thread::Builder::new().name(JOB_THREAD.to_owned()).spawn(move || line.serve());
            let cannot = |error| Error::OutOfMemory(format!("the system gives no thread for jobs: {error}"));
            *thread = Some(spawned.map_err(cannot)?);
        }
        lane.waiting.push_back(task);
        drop(lane);
        self.line.changed.notify_all();
        Ok(())
    }

    /// Nothing more will come: the thread ends when all is done.
    pub(super) fn close(&self) {
        self.line.lane().closing = true;
        self.line.changed.notify_all();
    }

    /// Whether something is to be done that nobody has cancelled.
    pub(super) fn has_work(&self) -> bool {
        let lane = self.line.lane();
        !lane.waiting.is_empty() || lane.running.as_ref().is_some_and(|ticket| !ticket.is_over())
    }

    /// Waits for the thread to end, unless this is that very thread: a log callback there may destroy anything.
    pub(super) fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // Work that panics is caught in there, so there is nothing to be told.
            let _ = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.close();
        self.join();
    }
}

impl Line {
    /// Takes a job out of the line, where it waits there.
    pub(super) fn leave(&self, ticket: &Arc<Ticket>) {
        let mut lane = self.lane();
        let place = lane.waiting.iter().position(|task| Arc::ptr_eq(&task.ticket, ticket));
        let task = place.and_then(|place| lane.waiting.remove(place));
        drop(lane);
        // What it holds may be the last hold on a pipeline.
        drop(task);
    }

    /// How many jobs run before this one; 0 where it does not wait.
    pub(super) fn before(&self, ticket: &Arc<Ticket>) -> usize {
        let lane = self.lane();
        let place = lane.waiting.iter().position(|task| Arc::ptr_eq(&task.ticket, ticket));
        place.map_or(0, |place| place + usize::from(lane.running.is_some()))
    }

    /// What the thread does.
    fn serve(&self) {
        let mut lane = self.lane();
        loop {
            let Some(Task { ticket, work, discard }) = lane.waiting.pop_front() else {
                if lane.closing {
                    return;
                }
                lane = self.changed.wait(lane).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if !ticket.begin() {
                drop(lane);
                drop((work, discard));
                lane = self.lane();
                continue;
            }
            lane.running = Some(Arc::clone(&ticket));
            drop(lane);
            let succeeded = work();
            // First the place, then the word: whoever hears that a job is done finds a place in the line.
            lane = self.lane();
            lane.running = None;
            if ticket.end(succeeded) == JobState::Cancelled {
                // The cancel may have come between the work's last look and its end.
                drop(lane);
                discard();
                lane = self.lane();
            }
        }
    }

    fn lane(&self) -> MutexGuard<'_, Lane> {
        // Nothing panics while it holds the lock.
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a panic said.
fn said(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a text".to_owned())
}

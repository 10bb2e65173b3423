//! What is known of one job: written by the thread that runs it, read by whoever polls.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::image::Image;
use crate::pipeline::{Flow, Observer, Preview, Progress};
use crate::runtime::CancelToken;

/// Where a job is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum JobState {
    /// It waits for those before it.
    Queued = 0,
    /// It is being done, or is being stopped.
    Running = 1,
    /// It is done, and what came of it can be taken.
    Finished = 2,
    /// It ended with an error.
    Failed = 3,
    /// It was cancelled, and its pipeline is free for others.
    Cancelled = 4,
}

impl JobState {
    /// Whether it will not change any more.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}

/// The newest preview of one picture of a job.
#[derive(Debug, Clone)]
pub struct JobPreview {
    /// Which preview of the job it is, from 1: a larger number is a newer one.
    pub number: u64,
    /// How many denoiser evaluations led to it.
    pub step: u32,
    /// How many there will be.
    pub steps: u32,
    /// As [`Preview::image`].
    pub image: Arc<Image>,
}

/// One job's place for news, and its cancel token.
pub(super) struct Ticket {
    pub cancel: CancelToken,
    known: Mutex<Known>,
    changed: Condvar,
}

struct Known {
    state: JobState,
    /// Whether it was cancelled while it ran.
    asked: bool,
    progress: Option<Progress>,
    /// How many previews there were.
    number: u64,
    /// The newest of each picture.
    previews: BTreeMap<u32, JobPreview>,
    began: Option<Instant>,
    took: Option<Duration>,
}

impl Ticket {
    pub(super) fn new() -> Arc<Self> {
        let known = Known {
            state: JobState::Queued,
            asked: false,
            progress: None,
            number: 0,
            previews: BTreeMap::new(),
            began: None,
            took: None,
        };
        Arc::new(Self { cancel: CancelToken::new(), known: Mutex::new(known), changed: Condvar::new() })
    }

    /// It runs from now on; false if it was cancelled before.
    pub(super) fn begin(&self) -> bool {
        let mut known = self.known();
        let waits = known.state == JobState::Queued;
        if waits {
            known.state = JobState::Running;
            known.began = Some(Instant::now());
        }
        waits
    }

    /// It is done; the state that it ends in. Whoever cancelled it while it ran is told that it is cancelled, whatever came
    /// of it at the last moment.
    pub(super) fn end(&self, succeeded: bool) -> JobState {
        let mut known = self.known();
        known.state = match (known.asked, succeeded) {
            (true, _) => JobState::Cancelled,
            (false, true) => JobState::Finished,
            (false, false) => JobState::Failed,
        };
        known.took = known.began.map(|began| began.elapsed());
        let state = known.state;
        drop(known);
        self.changed.notify_all();
        state
    }

    /// Ends it now if it waits, as soon as can be if it runs, and does nothing if it is done.
    pub(super) fn cancel(&self) {
        let mut known = self.known();
        match known.state {
            JobState::Queued => known.state = JobState::Cancelled,
            JobState::Running => known.asked = true,
            JobState::Finished | JobState::Failed | JobState::Cancelled => return,
        }
        drop(known);
        self.cancel.cancel();
        self.changed.notify_all();
    }

    /// Whether it is done or about to be stopped.
    pub(super) fn is_over(&self) -> bool {
        let known = self.known();
        known.asked || known.state.is_done()
    }

    pub(super) fn state(&self) -> JobState {
        self.known().state
    }

    pub(super) fn wait(&self, timeout: Option<Duration>) -> JobState {
        let known = self.known();
        let goes_on = |known: &mut Known| !known.state.is_done();
        let known = match timeout {
            None => self.changed.wait_while(known, goes_on).unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.changed.wait_timeout_while(known, timeout, goes_on).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        known.state
    }

    pub(super) fn progress(&self) -> Option<Progress> {
        self.known().progress
    }

    pub(super) fn elapsed(&self) -> Duration {
        let known = self.known();
        known.took.or_else(|| known.began.map(|began| began.elapsed())).unwrap_or_default()
    }

    pub(super) fn preview_number(&self) -> u64 {
        self.known().number
    }

    pub(super) fn preview(&self, index: u32) -> Option<JobPreview> {
        self.known().previews.get(&index).cloned()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Every field is valid between any two statements that hold the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down what the work reports.
pub(super) struct Scribe<'t>(pub &'t Ticket);

impl Observer for Scribe<'_> {
    fn progress(&mut self, progress: &Progress) -> Flow {
        let mut known = self.0.known();
        known.progress = Some(*progress);
        flow(known.asked)
    }

    fn preview(&mut self, preview: &Preview) -> Flow {
        // Copied before the lock is taken: whoever polls should not wait for megabytes.
        let image = Arc::new(preview.image.clone());
        let mut known = self.0.known();
        known.number += 1;
        let number = known.number;
        let old = known
            .previews
            .insert(preview.index, JobPreview { number, step: preview.step, steps: preview.steps, image });
        let flow = flow(known.asked);
        drop(known);
        // Likewise.
        drop(old);
        flow
    }
}

fn flow(asked: bool) -> Flow {
    if asked { Flow::Stop } else { Flow::Continue }
}

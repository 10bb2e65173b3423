//! One generation at a time: calls from several threads queue, and a cancelled one leaves the queue at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::runtime::{CancelToken, Lineage};

/// How often a waiting call looks whether it was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Turns {
    /// The thread whose turn it is, and that of what others do for it.
    taken: Mutex<Option<ThreadId>>,
    freed: Condvar,
}

/// Holds the turn until it is dropped.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Waits for the turn.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when `cancel` is raised while waiting; [`Error::Busy`] when it is this very thread's turn
    /// already, as in an observer that generates with its own pipeline: that wait would never end.
    pub(super) fn take(&self, cancel: &CancelToken) -> Result<Turn<'_>> {
        let own = Lineage::origin();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            cancel.check()?;
            match *taken {
                None => {
                    *taken = Some(own);
                    return Ok(Turn(self));
                }
                Some(owner) if owner == own => {
                    return Err(Error::Busy(
                        "this pipeline is generating on this very thread; an observer cannot generate with it again"
                            .into(),
                    ));
                }
                Some(_) => {}
            }
            taken = self.freed.wait_timeout(taken, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_waiting_call_can_be_cancelled_and_the_next_one_goes_on() {
        let turns = Turns::default();
        let cancel = CancelToken::new();
        let held = turns.take(&cancel).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.take(&cancel).map(drop));
            cancel.cancel();
            assert!(matches!(waiting.join().unwrap(), Err(Error::Cancelled)));
        });
        cancel.reset();
        assert!(matches!(turns.take(&cancel).map(drop), Err(Error::Busy(_))), "a thread cannot wait for itself");
        let handed_on = Lineage::handed_on();
        thread::scope(|scope| {
            let ours = scope.spawn(|| {
                handed_on.take_over();
                turns.take(&cancel).map(drop)
            });
            assert!(matches!(ours.join().unwrap(), Err(Error::Busy(_))), "nor what another does for it");
        });
        drop(held);
        assert!(turns.take(&cancel).is_ok());
    }
}

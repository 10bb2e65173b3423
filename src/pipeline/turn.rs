//! One generation at a time: calls from several threads queue, and a cancelled one leaves the queue at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::runtime::CancelToken;

/// How often a waiting call looks whether it was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Turns {
    taken: Mutex<bool>,
    freed: Condvar,
}

/// Holds the turn until it is dropped.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Waits for the turn.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] when `cancel` is raised while waiting.
    pub(super) fn take(&self, cancel: &CancelToken) -> Result<Turn<'_>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            cancel.check()?;
            if !*taken {
                *taken = true;
                return Ok(Turn(self));
            }
            taken = self.freed.wait_timeout(taken, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_waiting_call_can_be_cancelled_and_the_next_one_goes_on() {
        let turns = Turns::default();
        let cancel = CancelToken::new();
        let held = turns.take(&cancel).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.take(&cancel).map(drop));
            cancel.cancel();
            assert!(matches!(waiting.join().unwrap(), Err(Error::Cancelled)));
        });
        drop(held);
        cancel.reset();
        assert!(turns.take(&cancel).is_ok());
    }
}

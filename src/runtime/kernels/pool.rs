//! Who does the work: the threads of the session that runs the operator.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use ort::operator::ComputeContext;

use super::super::cancel::Stop;

/// Something that runs a job for each of a number of units, several at once if it has threads.
pub(super) trait Pool: Sync {
    /// Runs `job(0)` to `job(units - 1)`, in any order and on any thread, and returns when all are done.
    fn each(&self, units: usize, job: &(dyn Fn(usize) + Sync)) -> ort::Result<()>;
}

/// ONNX Runtime's own threads. A second set of threads would fight with them: they spin while they wait.
pub(super) struct SessionPool<'c> {
    context: &'c ComputeContext,
    stop: Stop,
}

impl<'c> SessionPool<'c> {
    pub(super) fn new(context: &'c ComputeContext) -> Self {
        Self { context, stop: Stop::of_this_thread() }
    }
}

// SAFETY: the only thing done with the context is `KernelContext_ParallelFor`, and only by the thread that has the
// pool: `each` is never called from inside a job.
#[expect(unsafe_code, reason = "the context holds a raw pointer, though jobs never touch it")]
unsafe impl Sync for SessionPool<'_> {}

impl Pool for SessionPool<'_> {
    fn each(&self, units: usize, job: &(dyn Fn(usize) + Sync)) -> ort::Result<()> {
        let careful = Careful { stop: &self.stop, job, panicked: AtomicBool::new(false) };
        match units {
            0 => {}
            1 => careful.run(0),
            // 0: as many batches as ONNX Runtime thinks right.
            _ => self.context.par_for(units, 0, |unit| careful.run(unit))?,
        }
        careful.outcome().map_err(ort::Error::new)
    }
}

/// A job whose units are left out once the run is cancelled: ONNX Runtime itself looks at its flag only between two
/// operators, and one of ours may take a second at large sizes.
struct Careful<'j> {
    stop: &'j Stop,
    job: &'j (dyn Fn(usize) + Sync),
    panicked: AtomicBool,
}

impl Careful<'_> {
    fn run(&self, unit: usize) {
        // A panic must not unwind through ONNX Runtime's C++, which would end the process.
        if !self.stop.is_raised() && catch_unwind(AssertUnwindSafe(|| (self.job)(unit))).is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
    }

    /// Why nothing may go on with what the units made: some of it is garbage.
    fn outcome(self) -> Result<(), &'static str> {
        match () {
            () if self.panicked.into_inner() => Err("an operator of libdiffusion failed inside"),
            // ONNX Runtime logs this as an error, and our log knows these words.
            () if self.stop.is_raised() => Err("stopped, since the terminate flag is set"),
            () => Ok(()),
        }
    }
}

/// Pools for tests.
#[cfg(test)]
pub(super) mod test {
    use super::Pool;

    /// So many threads, which take units in turns.
    pub(in super::super) struct Threads(pub usize);

    impl Pool for Threads {
        fn each(&self, units: usize, job: &(dyn Fn(usize) + Sync)) -> ort::Result<()> {
            std::thread::scope(|scope| {
                for thread in 0..self.0 {
                    scope.spawn(move || (thread..units).step_by(self.0).for_each(job));
                }
            });
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn units_after_a_stop_are_left_out_and_the_operator_fails() {
        let (stop, raise) = Stop::by_hand();
        let done = Mutex::new(Vec::new());
        let job = |unit: usize| {
            done.lock().unwrap().push(unit);
            if unit == 2 {
                raise();
            }
        };
        let run = |stop: &Stop, job: &(dyn Fn(usize) + Sync)| {
            let careful = Careful { stop, job, panicked: AtomicBool::new(false) };
            (0..9).for_each(|unit| careful.run(unit));
            careful.outcome()
        };
        assert!(run(&stop, &job).unwrap_err().contains("terminate flag"));
        assert_eq!(*done.lock().unwrap(), [0, 1, 2]);
        assert_eq!(run(&Stop::default(), &|_| ()), Ok(()), "outside of any run nothing stops it");
        assert!(run(&Stop::default(), &|unit| assert!(unit != 4, "inside")).unwrap_err().contains("failed inside"));
    }
}

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
        careful(&self.stop, job, |caught| {
            match units {
                0 => {}
                1 => caught(0),
                // 0: as many batches as ONNX Runtime thinks right.
                _ => self.context.par_for(units, 0, caught)?,
            }
            Ok(())
        })
    }
}

/// Lets `spread` run `job` for every unit, but for those that come after `stop` is raised: ONNX Runtime itself looks at
/// its flag only between two operators, and one of ours may take a second at large sizes.
fn careful(
    stop: &Stop,
    job: &(dyn Fn(usize) + Sync),
    spread: impl FnOnce(&(dyn Fn(usize) + Sync)) -> ort::Result<()>,
) -> ort::Result<()> {
    // A panic must not unwind through ONNX Runtime's C++, which would end the process.
    let panicked = AtomicBool::new(false);
    spread(&|unit| {
        if !stop.is_raised() && catch_unwind(AssertUnwindSafe(|| job(unit))).is_err() {
            panicked.store(true, Ordering::Relaxed);
        }
    })?;
    if panicked.into_inner() {
        return Err(ort::Error::new("an operator of libdiffusion failed inside"));
    }
    // What was left out is garbage, so nothing may go on with it. ONNX Runtime logs this, and the log knows these words.
    if stop.is_raised() { Err(ort::Error::new("stopped, since the terminate flag is set")) } else { Ok(()) }
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
        let one_by_one = |job: &(dyn Fn(usize) + Sync)| {
            (0..9).for_each(job);
            Ok(())
        };
        let error = careful(&stop, &job, one_by_one).unwrap_err();
        assert!(error.message().contains("terminate flag"), "{error}");
        assert_eq!(*done.lock().unwrap(), [0, 1, 2]);
        assert!(careful(&Stop::default(), &|_| (), one_by_one).is_ok(), "outside of any run nothing stops it");
        let panics = careful(&Stop::default(), &|unit| assert!(unit != 4, "inside"), one_by_one).unwrap_err();
        assert!(panics.message().contains("failed inside"), "{panics}");
    }
}

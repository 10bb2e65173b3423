//! Who does the work: the threads of the session that runs the operator.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use ort::operator::ComputeContext;

/// Something that runs a job for each of a number of units, several at once if it has threads.
pub(super) trait Pool: Sync {
    /// Runs `job(0)` to `job(units - 1)`, in any order and on any thread, and returns when all are done.
    fn each(&self, units: usize, job: &(dyn Fn(usize) + Sync)) -> ort::Result<()>;
}

/// ONNX Runtime's own threads. A second set of threads would fight with them: they spin while they wait.
pub(super) struct SessionPool<'c> {
    context: &'c ComputeContext,
}

impl<'c> SessionPool<'c> {
    pub(super) fn new(context: &'c ComputeContext) -> Self {
        Self { context }
    }
}

// SAFETY: the only thing done with the context is `KernelContext_ParallelFor`, and only by the thread that has the
// pool: `each` is never called from inside a job.
#[expect(unsafe_code, reason = "the context holds a raw pointer, though jobs never touch it")]
unsafe impl Sync for SessionPool<'_> {}

impl Pool for SessionPool<'_> {
    fn each(&self, units: usize, job: &(dyn Fn(usize) + Sync)) -> ort::Result<()> {
        // A panic must not unwind through ONNX Runtime's C++, which would end the process.
        let panicked = AtomicBool::new(false);
        let caught = |unit: usize| {
            if catch_unwind(AssertUnwindSafe(|| job(unit))).is_err() {
                panicked.store(true, Ordering::Relaxed);
            }
        };
        match units {
            0 => {}
            1 => caught(0),
            // 0: as many batches as ONNX Runtime thinks right.
            _ => self.context.par_for(units, 0, caught)?,
        }
        match panicked.into_inner() {
            true => Err(ort::Error::new("an operator of libdiffusion failed inside")),
            false => Ok(()),
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

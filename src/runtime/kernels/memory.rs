//! Memory that several threads fill, and memory that is kept between runs.
#![expect(unsafe_code, reason = "threads write disjoint parts of one buffer, which no safe slice can express")]

use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// A slice of which each thread writes its own parts.
pub(super) struct Shared<'a> {
    start: *mut f32,
    length: usize,
    slice: PhantomData<&'a mut [f32]>,
}

// SAFETY: it is a slice of floats; who takes parts of it promises that they do not overlap.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(super) fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    /// `length` elements from `at`.
    ///
    /// # Safety
    /// While the part is in use, nobody else may use any of its elements.
    #[inline(always)]
    pub(super) unsafe fn part(&self, at: usize, length: usize) -> &'a mut [f32] {
        assert!(at <= self.length && length <= self.length - at, "a part beyond the end of its buffer");
        // SAFETY: it lies inside the slice, which lives for `'a`, and is nobody else's by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), length) }
    }
}

/// One cache line, so that buffers start on one: a vector load that crosses lines costs double.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Buffers that are kept for the next run, since fresh memory costs a page fault for every 4 KiB.
#[derive(Default)]
pub(super) struct Scratch {
    free: Mutex<Vec<Vec<Line>>>,
}

impl Scratch {
    /// A buffer of `length` floats with whatever was left in it.
    pub(super) fn take(&self, length: usize) -> Buffer<'_> {
        let lines = length.div_ceil(16);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = free.iter().enumerate().filter(|(_, buffer)| buffer.len() >= lines);
        let best = fitting.min_by_key(|(_, buffer)| buffer.len()).map(|(index, _)| index);
        // Where none fits, one is let go for the larger one, so that there are never more than were in use at once.
        let found = best.map(|index| free.swap_remove(index)).or_else(|| free.pop());
        drop(free);
        let mut memory = found.unwrap_or_default();
        if memory.len() < lines {
            memory = vec![Line([0.0; 16]); lines];
        }
        Buffer { scratch: self, memory, length }
    }
}

/// A buffer that goes back to its [`Scratch`] when it is dropped.
pub(super) struct Buffer<'s> {
    scratch: &'s Scratch,
    memory: Vec<Line>,
    length: usize,
}

impl Deref for Buffer<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the lines are at least `length` floats without gaps between them.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Buffer<'_> {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: the lines are at least `length` floats without gaps between them, and they are this buffer's alone.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_mut_ptr().cast(), self.length) }
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        let memory = mem::take(&mut self.memory);
        self.scratch.free.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

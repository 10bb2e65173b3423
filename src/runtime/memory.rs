//! Giving memory back to the system.

/// Asks the allocator to give back what it keeps of memory that was freed.
///
/// glibc keeps hundreds of megabytes after a session is gone (microsoft/onnxruntime issue 26831); other allocators
/// have no such call and need none.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library has no safe call for it")]
pub(crate) fn trim() {
    // SAFETY: malloc_trim takes a number, may be called at any time from any thread, and only touches what is free.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Asks the allocator to give back what it keeps of memory that was freed: nothing to do on this system.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn trim() {}

//! Handles: what a C pointer stands for, and the only ways to get at it.

use super::status::Failure;

/// A zero-sized type that C knows as an opaque struct, bound to the Rust value behind its pointers.
///
/// # Safety
/// The type must never exist by value: every pointer to it comes from [`create`] of the same type, or is a
/// [`lend`] of a `Target`.
pub(super) unsafe trait Handle: Sized {
    /// What the pointer really points to.
    type Target;
    /// The handle's name in messages.
    const NAME: &'static str;
}

/// Declares the handle types of a file: documentation, C name, and the Rust value behind it.
macro_rules! bind {
    ($handle:ident, $target:ty, $name:literal) => {
        // SAFETY: the type has a private field and no constructor, so it exists behind pointers only.
        unsafe impl $crate::ffi::handle::Handle for $handle {
            type Target = $target;
            const NAME: &'static str = $name;
        }
    };
}
pub(super) use bind;

/// Moves `value` to the heap and hands its ownership to the caller, who gives it back to [`destroy`].
pub(super) fn create<H: Handle>(value: H::Target) -> *mut H {
    Box::into_raw(Box::new(value)).cast()
}

/// A pointer to a value that stays owned by something else.
pub(super) fn lend<H: Handle>(value: &H::Target) -> *const H {
    std::ptr::from_ref(value).cast()
}

/// The value behind a handle that may be shared.
///
/// # Safety
/// `handle` is NULL or comes from [`create`] or [`lend`], and its value lives, unchanged by others, for `'a`.
pub(super) unsafe fn shared<'a, H: Handle>(handle: *const H) -> Result<&'a H::Target, Failure> {
    // SAFETY: promised by the caller.
    unsafe { handle.cast::<H::Target>().as_ref() }.ok_or(Failure::Null(H::NAME))
}

/// The value behind a handle that this call alone uses.
///
/// # Safety
/// `handle` is NULL or comes from [`create`], and nothing else reads or writes its value during `'a`.
pub(super) unsafe fn exclusive<'a, H: Handle>(handle: *mut H) -> Result<&'a mut H::Target, Failure> {
    // SAFETY: promised by the caller.
    unsafe { handle.cast::<H::Target>().as_mut() }.ok_or(Failure::Null(H::NAME))
}

/// Drops the value behind a handle; NULL is fine.
///
/// # Safety
/// `handle` is NULL or comes from [`create`], and is never used again.
pub(super) unsafe fn destroy<H: Handle>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: promised by the caller; `create` made it from a box of this type.
        drop(unsafe { Box::from_raw(handle.cast::<H::Target>()) });
    }
}

/// Fails when an out-parameter is NULL. Called before any work, so that nothing is done and then lost.
pub(super) fn check_out<T>(out: *mut T, what: &'static str) -> Result<(), Failure> {
    if out.is_null() { Err(Failure::Null(what)) } else { Ok(()) }
}

/// Writes an out-parameter.
///
/// # Safety
/// `out` passed [`check_out`] and points to memory for one `T`, which need not be initialised.
pub(super) unsafe fn write_out<T>(out: *mut T, value: T) {
    // SAFETY: promised by the caller.
    unsafe { out.write(value) };
}

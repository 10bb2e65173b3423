//! Where this library's own file lies.

use std::path::PathBuf;

/// The folder of the file that holds this very code: the shared library where we are one, the executable where
/// we are linked into it.
pub(super) fn own_folder() -> Option<PathBuf> {
    // A relative answer (a program started as `./tool`) must not change its meaning with the working folder.
    let file = std::path::absolute(file_of(own_folder as *const ())?).ok()?;
    file.parent().map(PathBuf::from)
}

/// The file of the shared library or executable that holds `address`.
#[cfg(unix)]
#[expect(unsafe_code, reason = "dladdr is the system's only way to ask which file an address came from")]
pub(super) fn file_of(address: *const ()) -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;

    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `dladdr` takes any address and writes at most one `Dl_info` to `info`, which is large enough.
    let found = unsafe { libc::dladdr(address.cast(), info.as_mut_ptr()) };
    if found == 0 {
        return None;
    }
    // SAFETY: it was zeroed, and all-zero is a valid `Dl_info` (pointers and integers only).
    let info = unsafe { info.assume_init() };
    if info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: not null, and the loader keeps the NUL-terminated name for as long as the object is loaded.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    // For the main program glibc gives what it was called as, which may be a bare word out of PATH, or no longer
    // true because the program has changed its folder.
    let is_place = path.components().count() > 1 && path.exists();
    if is_place { Some(path) } else { std::env::current_exe().ok() }
}

/// The file of the shared library or executable that holds `address`.
#[cfg(windows)]
#[expect(unsafe_code, reason = "GetModuleHandleExW is the system's only way to ask which file an address came from")]
pub(super) fn file_of(address: *const ()) -> Option<PathBuf> {
    use std::ffi::OsString;
    use std::os::windows::ffi::OsStringExt;
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleFileNameW,
        GetModuleHandleExW,
    };

    let mut module = std::ptr::null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    // SAFETY: with FROM_ADDRESS the second argument is any address, and `module` is a valid place for a handle.
    if unsafe { GetModuleHandleExW(flags, address.cast(), &mut module) } == 0 {
        return None;
    }
    // Longer than any path that Windows hands out.
    let mut name = vec![0_u16; 0x8000];
    // SAFETY: `module` came from the system above, and the buffer is as long as it is said to be.
    let length = unsafe { GetModuleFileNameW(module, name.as_mut_ptr(), name.len() as u32) } as usize;
    let name = name.get(..length).filter(|name| !name.is_empty())?;
    Some(PathBuf::from(OsString::from_wide(name)))
}

/// Keeps this module loaded until the process ends, whatever the host frees: ONNX Runtime has our log function.
/// Elsewhere a link option does the same (`build.rs`).
#[cfg(windows)]
#[expect(unsafe_code, reason = "GetModuleHandleExW is the system's only way to pin a module")]
pub(super) fn pin() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };

    let mut module = std::ptr::null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    let address: *const () = pin as *const ();
    // SAFETY: with FROM_ADDRESS the second argument is any address, and `module` is a valid place for a handle.
    unsafe { GetModuleHandleExW(flags, address.cast(), &mut module) };
}

#[cfg(not(windows))]
pub(super) fn pin() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_program_finds_the_folder_of_its_own_executable() {
        let expected = std::env::current_exe().unwrap().parent().unwrap().canonicalize().unwrap();
        assert_eq!(own_folder().unwrap().canonicalize().unwrap(), expected);
    }
}

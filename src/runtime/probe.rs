//! Loading a file and asking whether it is an ONNX Runtime that we can use.
//!
//! The `ort` crate panics when it is touched without a good library, so nothing of it is used here: the file is
//! loaded, its one exported function is called, and only what passes is handed on.

use std::ffi::{CStr, c_char, c_void};
use std::io;
use std::path::{Path, PathBuf};

use libloading::Library;

use super::own_path::file_of;

/// The oldest ONNX Runtime that this crate runs on: the `api-24` feature of `ort` in `Cargo.toml`.
pub(super) const OLDEST_MINOR: u32 = ort::MINOR_VERSION;

/// A library that passed. It stays loaded for as long as this lives.
pub(super) struct Probed {
    /// Absolute.
    pub path: PathBuf,
    /// As `1.28.0`.
    pub version: String,
    pub library: Library,
}

/// What a host's own ONNX Runtime hands out.
pub(super) struct Handed {
    /// Absolute.
    pub path: PathBuf,
    /// As `1.28.0`.
    pub version: String,
    pub api: ort::sys::OrtApi,
}

/// Checks the `OrtApiBase` of a library that the host has loaded, and takes its functions. The error is the reason alone.
///
/// # Safety
/// `base` is null or what `OrtGetApiBase()` of a library returned that is never unloaded.
#[expect(unsafe_code, reason = "a table of functions is all that the host can hand over")]
pub(super) unsafe fn take(base: *const c_void) -> Result<Handed, String> {
    let base = base.cast::<OrtApiBase>();
    // SAFETY: promised by the caller.
    let (version, get_api) = unsafe { (version_of(base)?, base.as_ref().and_then(|base| base.get_api)) };
    let get_api = get_api.ok_or("its OrtApiBase has no GetApi")?;
    // SAFETY: the type is that of `GetApi` in `onnxruntime_c_api.h`.
    let api = unsafe { get_api(OLDEST_MINOR) };
    // SAFETY: null or the static table of that version, which has as many functions as our declaration of it.
    let api = unsafe { api.as_ref() }.ok_or_else(|| format!("it does not offer the API of version {OLDEST_MINOR}"))?;
    let path = file_of(get_api as *const ()).unwrap_or_default();
    Ok(Handed { path: std::path::absolute(&path).unwrap_or(path), version, api: api.clone() })
}

/// The version that `base` states, if we can use it.
///
/// # Safety
/// `base` is null or what `OrtGetApiBase()` returned.
#[expect(unsafe_code, reason = "asking a library for its version is a call into it")]
unsafe fn version_of(base: *const OrtApiBase) -> Result<String, String> {
    // SAFETY: null or a pointer to a static table, which lives as long as the library is loaded.
    let version = unsafe { base.as_ref() }.and_then(|base| base.get_version_string);
    let version = version.ok_or("it is not an ONNX Runtime library: OrtGetApiBase returned nothing")?;
    // SAFETY: the function takes nothing and returns null or a static, NUL-terminated text.
    let version = unsafe { version() };
    if version.is_null() {
        return Err("it is not an ONNX Runtime library: it has no version".to_owned());
    }
    // SAFETY: not null; static and NUL-terminated as said above.
    let version = unsafe { CStr::from_ptr(version) }.to_string_lossy().into_owned();
    check_version(&version)?;
    Ok(version)
}

/// The head of `OrtApiBase` in ONNX Runtime's `onnxruntime_c_api.h`; the same in every version.
#[repr(C)]
struct OrtApiBase {
    get_api: Option<unsafe extern "system" fn(u32) -> *const ort::sys::OrtApi>,
    get_version_string: Option<unsafe extern "system" fn() -> *const c_char>,
}

/// Loads `path` (a file, or a bare name for the system's loader) and checks what it is. The error is the
/// reason alone, without the path.
#[expect(unsafe_code, reason = "loading a library and calling into it is what this room is for")]
pub(super) fn probe(path: &Path) -> Result<Probed, String> {
    let by_name = path.components().count() == 1 && !path.exists();
    if !by_name {
        check_file(path)?;
    }
    // SAFETY: running the initialisers of a library that the host named (or that lies beside us) is what the
    // caller asked for; ONNX Runtime's are sound.
    let library = unsafe { Library::new(path) }.map_err(|error| reason(&error))?;
    // SAFETY: the type is that of `OrtGetApiBase` in `onnxruntime_c_api.h`.
    let get_base = unsafe { library.get::<unsafe extern "system" fn() -> *const OrtApiBase>(b"OrtGetApiBase\0") }
        .map_err(|_| "it is not an ONNX Runtime library: it does not export OrtGetApiBase".to_owned())?;
    // SAFETY: as above; the function takes nothing and returns a pointer to a static table, or null.
    let version = unsafe { version_of(get_base()) }?;
    let address = *get_base as *const ();
    let path = if by_name { file_of(address).unwrap_or_else(|| path.to_owned()) } else { path.to_owned() };
    let path = std::path::absolute(&path).unwrap_or(path);
    Ok(Probed { path, version, library })
}

/// What can be said without loading: the loader's own words on these cases are riddles, and a file that ends
/// too early can crash the process once it is mapped.
fn check_file(path: &Path) -> Result<(), String> {
    let length = std::fs::metadata(path).map_err(|error| os_reason(&error))?.len();
    if length == 0 {
        return Err("the file is empty".to_owned());
    }
    #[cfg(all(unix, not(target_vendor = "apple")))]
    {
        let file = std::fs::File::open(path).map_err(|error| os_reason(&error))?;
        if let Some(needed) = elf_length(&mut io::BufReader::new(file))?
            && needed > length
        {
            return Err(format!("the file is cut off: it has {length} bytes of at least {needed}"));
        }
    }
    Ok(())
}

/// The bytes that a 64-bit little-endian ELF file must have, by its own table of segments and the place of its
/// table of sections; `None` for the other kinds of ELF, which the loader refuses or knows better.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn elf_length(file: &mut (impl io::Read + io::Seek)) -> Result<Option<u64>, String> {
    const CUT_OFF: &str = "the file is cut off within its header";
    let mut header = [0_u8; 64];
    let mut filled = 0;
    while let Some(rest) = header.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest).map_err(|error| os_reason(&error))? {
            0 => break,
            count => filled += count,
        }
    }
    if !header.starts_with(b"\x7fELF") {
        return Err("it is not a shared library (no ELF header)".to_owned());
    }
    if filled < header.len() {
        return Err(CUT_OFF.to_owned());
    }
    if header.get(4..6) != Some(&[2, 1]) {
        return Ok(None);
    }
    let word = |bytes: &[u8], at: usize, size: usize| -> u64 {
        let field = bytes.get(at..at + size).unwrap_or_default();
        field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    };
    // e_phoff, e_shoff, e_phentsize, e_phnum, e_shentsize, e_shnum of Elf64_Ehdr (System V ABI, chapter 4).
    let (table, sections) = (word(&header, 32, 8), word(&header, 40, 8));
    let (entry, count) = (word(&header, 54, 2), word(&header, 56, 2));
    let mut needed = sections.saturating_add(word(&header, 58, 2) * word(&header, 60, 2));
    file.seek(io::SeekFrom::Start(table)).map_err(|error| os_reason(&error))?;
    for _ in 0..count {
        let mut segment = vec![0_u8; usize::try_from(entry).unwrap_or_default()];
        file.read_exact(&mut segment).map_err(|_| CUT_OFF)?;
        // p_offset and p_filesz of Elf64_Phdr.
        needed = needed.max(word(&segment, 8, 8).saturating_add(word(&segment, 32, 8)));
    }
    Ok(Some(needed))
}

/// Accepts `1.24` and later. The major version has been 1 since 2019; a 2 would be another interface.
fn check_version(version: &str) -> Result<(), String> {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(1), Some(minor)) if minor >= OLDEST_MINOR => Ok(()),
        (Some(1), Some(_)) => {
            Err(format!("it is ONNX Runtime {version}, which is too old: 1.{OLDEST_MINOR} or later is needed"))
        }
        _ => Err(format!("it says that it is version \"{version}\": ONNX Runtime 1.{OLDEST_MINOR} or later is needed")),
    }
}

/// The operating system's words for a library that would not load: `libloading` keeps them one level down.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// An error of the file system without Rust's ` (os error 2)`.
fn os_reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_1_24_pass() {
        for good in ["1.24.0", "1.28.0", "1.100.2", "1.24"] {
            assert_eq!(check_version(good), Ok(()), "{good}");
        }
        for old in ["1.23.2", "1.9.0"] {
            assert!(check_version(old).unwrap_err().contains("too old"), "{old}");
        }
        for strange in ["", "abc", "2.0.0", "1"] {
            assert!(check_version(strange).unwrap_err().contains("1.24"), "{strange}");
        }
    }
}

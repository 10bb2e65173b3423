//! Where this system keeps a user's caches.

use std::env;
use std::path::PathBuf;

/// The folder for a cache of this user: `$XDG_CACHE_HOME/libdiffusion` or `~/.cache/libdiffusion`, on macOS and iOS
/// `~/Library/Caches/libdiffusion`, on Windows `%LOCALAPPDATA%\\libdiffusion\\cache`. `None` if the environment does
/// not say.
#[must_use]
pub fn default_cache_folder() -> Option<PathBuf> {
    let folder = |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return Some(folder("LOCALAPPDATA")?.join("libdiffusion").join("cache"));
    }
    if cfg!(target_vendor = "apple") {
        return Some(folder("HOME")?.join("Library").join("Caches").join("libdiffusion"));
    }
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(caches.join("libdiffusion"))
}

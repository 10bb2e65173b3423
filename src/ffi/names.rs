//! Lists of the names that setters accept, for menus and messages.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use super::text::c_string;
use crate::pipeline::{MemoryMode, PreviewMode, PromptSyntax, Safety, Seamless, Seeds, Tiling, Upscale};
use crate::rng::RngKind;
use crate::runtime::{Fallback, Precision, Provider};
use crate::scheduler::{SchedulerKind, SigmaSchedule};

/// The names of one list as C texts, made once.
struct Names(OnceLock<Vec<CString>>);

impl Names {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The name at `index`, NULL outside of the list.
    fn at(&self, index: i64, names: impl FnOnce() -> Vec<&'static str>) -> *const c_char {
        let list = self.0.get_or_init(|| names().into_iter().map(c_string).collect());
        usize::try_from(index).ok().and_then(|i| list.get(i)).map_or(std::ptr::null(), |name| name.as_ptr())
    }
}

/// The name of scheduler `index`, counted from 0, such as "euler"; NULL past the last, so loop until NULL.
///
/// The text lives as long as the library is loaded. Any thread. The same holds for the other lists.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_scheduler_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || SchedulerKind::ALL.iter().map(|kind| kind.name()).collect())
}

/// The name of sigma schedule `index`, such as "karras"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_sigma_schedule_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || SigmaSchedule::ALL.iter().map(|kind| kind.name()).collect())
}

/// The name of random generator `index`, such as "torch-cpu"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_rng_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || RngKind::ALL.iter().map(|kind| kind.name()).collect())
}

/// The name of seed mode `index`, such as "one-per-picture"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_seed_mode_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Seeds::ALL.iter().map(|mode| mode.name()).collect())
}

/// The name of prompt syntax `index`, such as "webui"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_prompt_syntax_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || PromptSyntax::ALL.iter().map(|syntax| syntax.name()).collect())
}

/// The name of execution provider `index` that this library knows, such as "cpu"; NULL past the last.
///
/// Which of them ONNX Runtime offers on this machine is in diffusion_runtime_info_json().
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_provider_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Provider::ALL.iter().map(|kind| kind.name()).collect())
}

/// The name of precision `index` that a provider may be asked to compute in, such as "bfloat16"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_precision_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Precision::ALL.iter().map(|kind| kind.name()).collect())
}

/// The name of fallback `index`, such as "refuse"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_fallback_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Fallback::ALL.iter().map(|kind| kind.name()).collect())
}

/// The name of memory mode `index`, such as "speed"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_memory_mode_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || MemoryMode::ALL.iter().map(|mode| mode.name()).collect())
}

/// The name of a way to tile, such as "x"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_seamless_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Seamless::ALL.iter().map(|way| way.name()).collect())
}

/// The name of a choice when to work in tiles, such as "auto"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_tiling_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Tiling::ALL.iter().map(|choice| choice.name()).collect())
}

/// The name of what the safety checker may be asked to do, such as "flag"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_safety_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Safety::ALL.iter().map(|safety| safety.name()).collect())
}

/// The name of preview mode `index`, such as "linear"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_preview_mode_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || PreviewMode::ALL.iter().map(|mode| mode.name()).collect())
}

/// The name of a way to enlarge between two passes, such as "lanczos"; NULL past the last.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_upscale_name(index: i64) -> *const c_char {
    static NAMES: Names = Names::new();
    NAMES.at(index, || Upscale::ALL.iter().map(|upscale| upscale.name()).collect())
}

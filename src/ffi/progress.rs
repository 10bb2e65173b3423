//! Progress: the host's callback as the Rust API's observer.

use std::ffi::c_void;

use super::handle::lend;
use super::image::{ImageData, diffusion_image};
use crate::pipeline::{Flow, Observer, Phase, Preview, Progress};

/// The parts of the work. Other values may come with later versions; treat them as work that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum diffusion_phase {
    /// Graphs are being opened.
    Opening = 0,
    /// Prompts are being encoded; a step is one text encoder's reading of one prompt.
    EncodingText = 1,
    /// Pictures to start from become latents; a step is one encoding. Only where there is a picture.
    EncodingImage = 2,
    /// The denoising loop runs; a step is one denoiser evaluation.
    Denoising = 3,
    /// Latents become pixels; a step is one picture.
    Decoding = 4,
}

/// How far the work is. A phase reports first with `step` 0 and last with `step` equal to `steps`.
///
/// The library makes it and may append fields in later versions; `struct_size` says what is there.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct diffusion_progress {
    /// Size of this struct in bytes, in the library that calls.
    pub struct_size: u32,
    /// What is being done: a diffusion_phase.
    pub phase: i32,
    /// How many parts of this phase are finished.
    pub step: u32,
    /// How many parts this phase has.
    pub steps: u32,
    /// Where the request asks for previews, a picture of what is not finished yet; it lives until the callback returns.
    /// NULL in every other report. A report with a preview comes after the one of the same step without.
    pub preview: *const diffusion_image,
    /// Which picture of the request the preview is of, from 0.
    pub preview_index: u32,
}

/// Is told how far the work is. Return 0 to go on; any other value stops, and the call returns
/// DIFFUSION_STATUS_CANCELLED.
///
/// Called on the thread that made the call, before it returns. `progress` lives until the callback returns.
/// The callback may call any function of the library, but generating again with the same pipeline is
/// DIFFUSION_STATUS_BUSY, and it must not wait for another thread that waits for this call. It must not leave by longjmp or by a C++ exception.
pub type diffusion_progress_callback =
    Option<unsafe extern "C" fn(progress: *const diffusion_progress, user_data: *mut c_void) -> i32>;

/// The host's callback; none is fine.
pub(super) struct HostObserver {
    pub(super) callback: diffusion_progress_callback,
    pub(super) user_data: *mut c_void,
}

impl Observer for HostObserver {
    fn progress(&mut self, progress: &Progress) -> Flow {
        self.tell(progress, std::ptr::null(), 0)
    }

    fn preview(&mut self, preview: &Preview) -> Flow {
        if self.callback.is_none() {
            return Flow::Continue;
        }
        let image = ImageData::made(preview.image.clone());
        let progress = Progress { phase: Phase::Denoising, step: preview.step, steps: preview.steps };
        self.tell(&progress, lend(&image), preview.index)
    }
}

impl HostObserver {
    fn tell(&self, progress: &Progress, preview: *const diffusion_image, preview_index: u32) -> Flow {
        let Some(callback) = self.callback else { return Flow::Continue };
        let report = diffusion_progress {
            struct_size: size_of::<diffusion_progress>() as u32,
            phase: phase_number(progress.phase),
            step: progress.step,
            steps: progress.steps,
            preview,
            preview_index,
        };
        // SAFETY: the host gave this function with this user_data, for use during this call.
        match unsafe { callback(&raw const report, self.user_data) } {
            0 => Flow::Continue,
            _ => Flow::Stop,
        }
    }
}

/// The number that C has for a phase.
pub(super) fn phase_number(phase: Phase) -> i32 {
    let phase = match phase {
        Phase::Opening => diffusion_phase::Opening,
        Phase::EncodingText => diffusion_phase::EncodingText,
        Phase::EncodingImage => diffusion_phase::EncodingImage,
        Phase::Denoising => diffusion_phase::Denoising,
        Phase::Decoding => diffusion_phase::Decoding,
    };
    phase as i32
}

/// A word for people: "opening", "encoding text", "encoding image", "denoising", "decoding"; "working" for any other
/// number.
///
/// The text lives as long as the library is loaded. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn diffusion_phase_name(phase: i32) -> *const std::ffi::c_char {
    const NAMES: [(diffusion_phase, &std::ffi::CStr); 5] = [
        (diffusion_phase::Opening, c"opening"),
        (diffusion_phase::EncodingText, c"encoding text"),
        (diffusion_phase::EncodingImage, c"encoding image"),
        (diffusion_phase::Denoising, c"denoising"),
        (diffusion_phase::Decoding, c"decoding"),
    ];
    NAMES.iter().find(|(known, _)| *known as i32 == phase).map_or(c"working", |(_, name)| *name).as_ptr()
}

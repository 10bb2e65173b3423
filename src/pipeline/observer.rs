//! Who is told how far the work is, and may say stop.

use crate::image::Image;

/// The parts of the work, in the order in which they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Phase {
    /// Graphs are being opened; `step` of `steps` graphs are ready.
    Opening = 0,
    /// Prompts are being encoded; `step` of `steps` are done, each text encoder's reading of each prompt counted.
    EncodingText = 1,
    /// Pictures become latents; `step` of `steps` encodings are done. Only where a picture is the start.
    EncodingImage = 2,
    /// The loop runs; `step` of `steps` denoiser evaluations are done.
    Denoising = 3,
    /// Latents become pixels; `step` of `steps` pictures are done.
    Decoding = 4,
}

impl Phase {
    /// A word for people: `opening`, `encoding text`, `encoding image`, `denoising`, `decoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::EncodingText => "encoding text",
            Self::EncodingImage => "encoding image",
            Self::Denoising => "denoising",
            Self::Decoding => "decoding",
        }
    }
}

/// How far the work is. A phase reports first with `step` 0 and last with `step == steps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// How many parts of this phase are finished.
    pub step: u32,
    /// How many parts this phase has.
    pub steps: u32,
}

/// A picture of what is not finished yet, where [`crate::Request::previews`] asks for it: what the denoiser, at this
/// step, takes the clean picture to be. With `edm_…` schedulers, whose numbers say that in another way, the noisy latents.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Which picture of the request, from 0.
    pub index: u32,
    /// How many denoiser evaluations led to it.
    pub step: u32,
    /// How many there will be.
    pub steps: u32,
    /// In the request's pixel format; as large as the latents, as the picture, or as what the small decoder makes,
    /// according to [`crate::PreviewMode`].
    pub image: Image,
}

/// What an observer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop now; the call returns [`crate::Error::Cancelled`].
    Stop,
}

/// Is told about progress, on the thread that called, and decides whether the work goes on.
///
/// Any `FnMut(&Progress) -> Flow` is one, and so is `()`, which never stops anything.
pub trait Observer {
    /// Called at the start of each phase and after each part of it.
    fn progress(&mut self, progress: &Progress) -> Flow;

    /// Called with each preview, after the progress report of its step. An observer that does not look at them goes on.
    fn preview(&mut self, _preview: &Preview) -> Flow {
        Flow::Continue
    }
}

impl Observer for () {
    fn progress(&mut self, _: &Progress) -> Flow {
        Flow::Continue
    }
}

impl<F: FnMut(&Progress) -> Flow> Observer for F {
    fn progress(&mut self, progress: &Progress) -> Flow {
        self(progress)
    }
}

//! # libdiffusion
//!
//! Text to image for any program: a Rust core and a C ABI that run diffusion models exported to ONNX on whatever
//! ONNX Runtime can drive.
//!
//! ```no_run
//! use std::path::Path;
//! use diffusion::{CancelToken, Pipeline, PipelineOptions, Request};
//!
//! let cancel = CancelToken::new();
//! let pipeline = Pipeline::open(Path::new("models/demo"), &PipelineOptions::default(), &mut (), &cancel)?;
//! let result = pipeline.generate(&Request::new("a red house in the snow at night"), &mut (), &cancel)?;
//! println!("{} pictures, seed {}", result.images.len(), result.settings.seed);
//! # Ok::<(), diffusion::Error>(())
//! ```
//!
//! The rooms, and the one direction in which they depend on each other:
//! `ffi → pipeline → {text, denoise, autoencoder, opening} → {scheduler, model, prepare, runtime} → onnx → {tensor, rng, image} → files → error`.

mod autoencoder;
mod denoise;
mod error;
mod ffi;
mod files;
pub mod image;
pub mod model;
pub mod onnx;
pub mod opening;
pub mod pipeline;
pub mod prepare;
pub mod rng;
pub mod runtime;
pub mod scheduler;
pub mod tensor;
pub mod text;

pub use autoencoder::Codebook;
pub use error::{Error, Result};
pub use files::ModelFiles;
pub use image::{Image, Mask, PixelFormat, Region, ResizeMode};
pub use pipeline::{
    CacheChoice, Conditioning, EmbeddingFile, EncodedText, Flow, Generated, Hires, HiresSettings, Job, JobPreview,
    JobQueue, JobState, JobWatch, MemoryEstimate, MemoryMode, Observer, Phase, Pipeline, PipelineInfo, PipelineOptions,
    Preview, PreviewMode, Previews, Progress, PromptSyntax, Request, Safety, Seamless, Seeds, Settings,
    SizeConditioning, Start, Stepper, Tiling, Timings, Upscale, Variation, estimate_memory,
};
pub use rng::RngKind;
pub use runtime::{CancelToken, Fallback, Precision, Provider, ProviderSettings};
pub use scheduler::{CustomSchedule, SchedulerKind, SigmaSchedule};
pub use tensor::{Embedding, Statistics};

//! libdiffusion: text to image for any program, from graphs exported to ONNX.

mod error;
pub mod image;
pub mod model;
pub mod rng;
pub mod runtime;
pub mod scheduler;
pub mod tensor;

pub use error::{Error, Result};

//! Changing a graph before ONNX Runtime opens it, so that it runs faster or in less memory and computes the same but
//! for float rounding.
//!
//! A pass is one file (or folder) here: a function that edits a graph and says in words what it did. It changes only
//! what it can prove, and leaves everything else as it is.
//!
//! ```no_run
//! use diffusion::onnx::Model;
//! use diffusion::prepare::{PrepareOptions, prepare};
//!
//! let mut model = Model::open("unet/model.onnx".as_ref())?;
//! println!("{}", prepare(&mut model, &PrepareOptions::default())?);
//! # Ok::<(), diffusion::Error>(())
//! ```

mod attention;
mod kernels;
mod seamless;

pub use seamless::wrap_convolutions;

use std::fmt;

use crate::Result;
use crate::onnx::{Editor, Model, own};
use crate::tensor::DType;

/// Which passes run, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepareOptions {
    /// Fuse attention into one operator.
    pub attention: bool,
    /// Use this library's own operators ([`own`]) where the provider is the CPU's. A graph that has them can only be
    /// opened by this library.
    pub kernels: bool,
    /// What the execution provider that will run the graph can do.
    pub abilities: Abilities,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self { attention: true, kernels: true, abilities: Abilities::cpu() }
    }
}

/// What an execution provider has beyond ONNX's own operators.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Abilities {
    /// The element types for which it has `com.microsoft.MultiHeadAttention`.
    pub multi_head_attention: Vec<DType>,
    /// Whether this library's own operators run on it.
    pub kernels: bool,
}

impl Abilities {
    /// ONNX Runtime's own kernels for the CPU (1.28: `MultiHeadAttention` for float32 only).
    #[must_use]
    pub fn cpu() -> Self {
        Self { multi_head_attention: vec![DType::F32], kernels: true }
    }
}

/// What a pass did, or why it left something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The pass.
    pub pass: &'static str,
    /// How many places of the graph it is about.
    pub count: usize,
    /// The same in words.
    pub text: String,
}

/// What was done to a graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What was changed.
    pub done: Vec<Line>,
    /// What a pass looked at and left as it was, with the reason.
    pub left: Vec<Line>,
}

impl Report {
    /// How many places of the graph the pass changed.
    #[must_use]
    pub fn count(&self, pass: &str) -> usize {
        self.done.iter().filter(|line| line.pass == pass).map(|line| line.count).sum()
    }

    /// Whether the graph is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.done.iter().chain(&self.left).map(|line| line.text.as_str()).collect();
        f.write_str(if lines.is_empty() { "nothing to do" } else { "" })?;
        f.write_str(&lines.join("; "))
    }
}

/// Runs the passes on `model`.
///
/// # Errors
/// [`Error::BadModel`](crate::Error::BadModel) for a graph that contradicts itself, and
/// [`Error::Internal`](crate::Error::Internal) if a pass broke it. The model may have been changed by earlier passes
/// then, and still computes the same.
pub fn prepare(model: &mut Model, options: &PrepareOptions) -> Result<Report> {
    let mut report = Report::default();
    // Exporters put even vectors of ones beside the weights; passes must know them.
    model.embed_small();
    if options.attention {
        let mut editor = Editor::new(model)?;
        attention::run(&mut editor, &options.abilities, &mut report)?;
        if report.count(attention::NAME) > 0 {
            editor.remove_dead();
            editor.finish()?;
            model.require_opset("com.microsoft", 1)?;
        }
    }
    if options.kernels && options.abilities.kernels {
        let before = report.done.len();
        let mut editor = Editor::new(model)?;
        kernels::run(&mut editor, &mut report)?;
        if report.done.len() > before {
            editor.remove_dead();
            editor.finish()?;
            model.require_opset(own::DOMAIN, 1)?;
        }
    }
    Ok(report)
}

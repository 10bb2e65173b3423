//! ONNX files: reading, changing and writing them, without ONNX Runtime and without copying weights.
//!
//! - [`Model`] is a whole file; [`proto`] are its messages, complete, so that nothing is lost on the way through.
//! - [`Editor`] changes the main graph: who makes and who uses a value, constants, adding and removing.
//! - [`Facts`] are what holds for every run: shapes with symbols, element types, small contents.
//! - [`Signature`] is what a graph takes and gives, read in milliseconds whatever its size.
//! - [`Model::externalise`] makes a small file of a large one that keeps its weights where they are.
//!
//! ```no_run
//! use diffusion::onnx::{Editor, Model};
//!
//! let mut model = Model::open("unet/model.onnx".as_ref())?;
//! let mut editor = Editor::new(&mut model)?;
//! let dead = editor.remove_dead();
//! editor.finish()?;
//! model.externalise("model.onnx")?;
//! let small = model.to_bytes();
//! # Ok::<(), diffusion::Error>(())
//! ```

mod constant;
mod edit;
mod embed;
mod external;
mod facts;
mod file;
mod lend;
mod model;
mod node;
mod order;
pub mod own;
pub mod proto;
mod scope;
mod signature;
mod tensor;

pub use edit::{Editor, NodeId};
pub use external::ExternalTensor;
pub use facts::{Dim, Facts};
pub(crate) use file::map as map_file_bytes;
pub(crate) use lend::{Lent, LentTensor};
pub use model::Model;
pub use signature::{Io, Signature};
pub(crate) use tensor::bytes_in_memory;

#[cfg(test)]
mod tests;

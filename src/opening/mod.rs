//! Opening the graphs of a model: prepared, optimised for this machine, and kept for the next time.
//!
//! A graph for the CPU goes this way: its files are hashed; if the [`Cache`] holds what was made of the same content
//! before, that is opened, with its weights mapped from the disk. Otherwise [`prepare`](crate::prepare) changes the
//! graph, ONNX Runtime optimises it and writes the outcome into the cache, and that is opened. Without a cache the
//! prepared graph is opened from memory, and where anything fails on the way, the file itself.

mod cache;
mod default_folder;
mod edit;
mod fingerprint;
mod graph;
mod several;
mod weights;

pub use cache::{Cache, DEFAULT_LIMIT};
pub use default_folder::default_cache_folder;
pub use edit::Edit;
pub use graph::{CacheUse, OpenOptions, Opened, Preparation};
pub(crate) use several::open_aside;
pub use several::{GraphFile, open_all};
pub(crate) use weights::weight_bytes;

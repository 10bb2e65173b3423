//! ONNX Runtime: finding the library, opening graphs, running them, stopping them.
//!
//! This is the only room that knows the `ort` crate. Everything that leaves it is a plain Rust type of this
//! crate, and every failure is an [`Error`](crate::Error) with one sentence.
//!
//! ```no_run
//! use diffusion::runtime::{self, CancelToken, Graph, GraphOptions};
//!
//! let info = runtime::initialize(None)?;
//! let cancel = CancelToken::new();
//! let graph = Graph::open("unet", "model/unet/model.onnx".as_ref(), &GraphOptions::default(), &cancel)?;
//! # Ok::<(), diffusion::Error>(())
//! ```

mod aside;
mod assignment;
mod auto;
mod bind;
mod cancel;
mod capture;
mod external_data;
mod failure;
mod graph;
mod kernels;
mod lend;
mod library;
mod lineage;
mod memory;
mod options;
mod own_path;
mod probe;
mod provider;
mod providers;
mod search;
mod source;
mod spec;
mod stamp;
mod threads;
mod trial;
mod values;

pub use aside::ASIDE_THREAD;
pub(crate) use aside::{STACK, aside, is_past_the_end};
pub use assignment::Assignment;
pub use auto::{AutoChoice, settle, try_provider};
pub use bind::BoundGraph;
pub use cancel::CancelToken;
pub(crate) use external_data::check as check_external_data;
pub use graph::Graph;
pub use library::{RuntimeInfo, initialize, use_api_base};
pub(crate) use lineage::Lineage;
pub(crate) use memory::trim;
pub use options::GraphOptions;
pub use provider::Provider;
pub use providers::{
    ComputeUnits, ConvSearch, CoreMlOptions, CudaOptions, DeviceFilter, DirectMlOptions, Fallback, Layout,
    MiGraphXOptions, OpenVinoOptions, PerformancePreference, Precision, ProviderSettings, QnnOptions, QnnPerformance,
    Raw, RocmOptions, TensorRtOptions, WebGpuOptions, XnnpackOptions,
};
pub(crate) use source::GraphSource;
pub use spec::IoSpec;
pub(crate) use stamp::{FileStamp, Stamps};

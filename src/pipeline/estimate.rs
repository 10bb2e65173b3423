//! How much memory a model will take, from its files alone.

use std::path::Path;

use super::opened::opened_roles;
use super::{MemoryMode, PipelineOptions};
use crate::error::Result;
use crate::model::cascade::CascadeFolder;
use crate::model::{GraphRole, ModelFolder};
use crate::opening::weight_bytes;
use crate::runtime::Provider;

/// What ONNX Runtime and this library take before any model. `benches/memory.rs` holds the estimate against what opening
/// takes; with ONNX Runtime 1.28 on x86-64: 33 MB, the low memory mode with nothing open.
const RUNTIME: u64 = 32 << 20;
/// What an open graph takes beside its weights: 11 MB a graph in models/demo, 33 MB in models/glide.
const GRAPH: u64 = 20 << 20;

/// A weak hint of the memory that a model takes, in bytes, before it is opened: a host that has less should take another
/// memory mode, or another model. Drawing takes more, which grows with the size of the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// At most, while it is opened.
    pub opening: u64,
    /// Once it is open.
    pub open: u64,
}

/// One graph that opening opens.
struct Opening {
    weights: u64,
    /// Whether it stays open.
    stays: bool,
}

/// Estimates what opening the model in `folder` with `options` takes. Reads the graphs' heads; loads nothing, not even
/// ONNX Runtime.
///
/// Weights are counted as the CPU holds them, where half precision becomes float32. On a device of its own memory a model
/// takes that of its files there, and less here.
///
/// # Errors
/// [`crate::Error::Io`], [`crate::Error::BadModel`], [`crate::Error::Unsupported`] as [`crate::Pipeline::open`] has them for
/// the folder; [`crate::Error::InvalidArgument`] for options that cannot be.
pub fn estimate_memory(folder: &Path, options: &PipelineOptions) -> Result<MemoryEstimate> {
    options.validate()?;
    let opened = graphs(folder, options)?;
    let sum = |graphs: &mut dyn Iterator<Item = &Opening>| graphs.map(|graph| graph.weights + GRAPH).sum::<u64>();
    let largest = opened.iter().map(|graph| graph.weights).max().unwrap_or_default();
    let open = RUNTIME + sum(&mut opened.iter().filter(|graph| graph.stays));
    // While a graph is opened, some of its weights are there twice: in half precision and in float32, or as they came and
    // laid out for the kernels. Full-size SD 1.5 in float32 took 4.6 GB at its peak (`low`: 3.7), half of the largest graph less.
    let opening = match options.memory {
        MemoryMode::Low => RUNTIME + GRAPH + largest + largest / 2,
        MemoryMode::Speed | MemoryMode::Balanced => RUNTIME + sum(&mut opened.iter()) + largest / 2,
    };
    Ok(MemoryEstimate { opening, open })
}

/// The graphs that opening opens.
fn graphs(folder: &Path, options: &PipelineOptions) -> Result<Vec<Opening>> {
    let graph = |path: &Path, provider: Provider, stays: bool| {
        // What is settled later is taken for the CPU, which needs most here.
        let on_cpu = matches!(provider, Provider::Cpu | Provider::Auto);
        Ok(Opening { weights: weight_bytes(path, on_cpu)?, stays: stays && options.memory != MemoryMode::Low })
    };
    if let Some(cascade) = CascadeFolder::open(folder)? {
        let names = cascade.graph_folders().into_iter();
        return names.map(|name| graph(&cascade.graph(name), options.provider_by_name(name), true)).collect();
    }
    let folder = ModelFolder::open(folder)?;
    let roles = opened_roles(&folder).into_iter();
    roles
        .filter_map(|role| folder.graph(role).map(|path| (role, path)))
        .map(|(role, path)| {
            let stays = options.memory == MemoryMode::Speed || !GraphRole::TEXT.contains(&role);
            graph(path, options.provider_of(role), stays)
        })
        .collect()
}

//! NVIDIA through CUDA: typed options, and how they are registered.

use ort::ep;

use super::keys::{BYTES, FLAG, Key, bytes, choice, flag};
use super::{Raw, Settings, with_raw};

choice! {
    /// How cuDNN picks its convolution kernels.
    pub enum ConvSearch {
        /// By trying them all when a shape is first seen: ONNX Runtime's own default.
        Exhaustive = "exhaustive",
        /// By cuDNN's heuristics: a faster first step.
        Heuristic = "heuristic",
        /// The one kernel that is always there and takes least memory.
        Fixed = "fixed",
    }
}

/// Options of the provider `cuda`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CudaOptions {
    /// The most bytes that its memory arena may take; what cuDNN and cuBLAS take themselves comes on top.
    pub memory_limit: Option<u64>,
    /// Capture a run into a CUDA graph and replay it: fewer launches from the host. Only for graphs whose every node
    /// runs on CUDA; ONNX Runtime refuses others when they are opened.
    pub cuda_graph: bool,
    /// TensorFloat-32 (10 bits of mantissa) in float32 convolutions and products. Off, unlike ONNX Runtime's own
    /// default, because it is not what the graph says.
    pub tf32: bool,
    /// Convolutions in the channels-last layout, which tensor cores like better.
    pub prefer_nhwc: bool,
    /// How cuDNN picks its kernels; `None` leaves it to ONNX Runtime.
    pub conv_search: Option<ConvSearch>,
    /// Whether that search may take all the memory that it likes; `None` leaves it to ONNX Runtime, which says yes.
    pub conv_workspace: Option<bool>,
    /// ONNX Runtime's own options for what is missing above.
    pub raw: Raw,
}

impl Settings for CudaOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key { name: "memory_limit", allowed: BYTES, set: |o, v| bytes(v).map(|v| o.memory_limit = Some(v)) },
        Key { name: "cuda_graph", allowed: FLAG, set: |o, v| flag(v).map(|v| o.cuda_graph = v) },
        Key { name: "tf32", allowed: FLAG, set: |o, v| flag(v).map(|v| o.tf32 = v) },
        Key { name: "prefer_nhwc", allowed: FLAG, set: |o, v| flag(v).map(|v| o.prefer_nhwc = v) },
        Key {
            name: "conv_search",
            allowed: "exhaustive, heuristic or fixed",
            set: |o, v| ConvSearch::named(v).map(|v| o.conv_search = Some(v)),
        },
        Key { name: "conv_workspace", allowed: FLAG, set: |o, v| flag(v).map(|v| o.conv_workspace = Some(v)) },
    ];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl CudaOptions {
    pub(super) fn provider(&self, device: i32) -> ep::ExecutionProviderDispatch {
        let mut cuda = ep::CUDA::default()
            .with_device_id(device)
            // The other strategy doubles what it takes each time, which on a card that is nearly full is too much.
            .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested)
            .with_tf32(self.tf32)
            .with_prefer_nhwc(self.prefer_nhwc)
            .with_cuda_graph(self.cuda_graph);
        if let Some(limit) = self.memory_limit {
            cuda = cuda.with_memory_limit(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        if let Some(search) = self.conv_search {
            cuda = cuda.with_conv_algorithm_search(match search {
                ConvSearch::Exhaustive => ep::cuda::ConvAlgorithmSearch::Exhaustive,
                ConvSearch::Heuristic => ep::cuda::ConvAlgorithmSearch::Heuristic,
                ConvSearch::Fixed => ep::cuda::ConvAlgorithmSearch::Default,
            });
        }
        if let Some(all) = self.conv_workspace {
            cuda = cuda.with_conv_max_workspace(all);
        }
        with_raw(cuda, &self.raw).build()
    }
}

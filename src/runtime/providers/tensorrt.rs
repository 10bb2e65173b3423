//! NVIDIA through TensorRT: typed options, and how they are registered.

use ort::ep;

use super::keys::{BYTES, FLAG, FOLDER, Key, bytes, flag, text, whole};
use super::{Precision, Raw, Settings, with_raw};

/// Options of the provider `tensorrt`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TensorRtOptions {
    /// The folder that built engines are kept in. Building one takes minutes, so set it.
    pub engine_cache: Option<String>,
    /// The folder that measured kernel times are kept in, which makes building faster.
    pub timing_cache: Option<String>,
    /// The most bytes of workspace for one engine.
    pub workspace: Option<u64>,
    /// How hard the builder tries, 0 to 5; TensorRT's own default is 3.
    pub builder_level: Option<u32>,
    /// Replay runs as CUDA graphs.
    pub cuda_graph: bool,
    /// ONNX Runtime's own options for what is missing above, as `trt_auxiliary_streams`.
    pub raw: Raw,
}

impl Settings for TensorRtOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key { name: "engine_cache", allowed: FOLDER, set: |o, v| text(v).map(|v| o.engine_cache = Some(v)) },
        Key { name: "timing_cache", allowed: FOLDER, set: |o, v| text(v).map(|v| o.timing_cache = Some(v)) },
        Key { name: "workspace", allowed: BYTES, set: |o, v| bytes(v).map(|v| o.workspace = Some(v)) },
        Key {
            name: "builder_level",
            allowed: "a number from 0 to 5",
            set: |o, v| whole(v, 0..=5).map(|v| o.builder_level = Some(v)),
        },
        Key { name: "cuda_graph", allowed: FLAG, set: |o, v| flag(v).map(|v| o.cuda_graph = v) },
    ];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl TensorRtOptions {
    pub(super) fn provider(&self, device: i32, precision: Precision) -> ep::ExecutionProviderDispatch {
        let mut tensorrt = ep::TensorRT::default()
            .with_device_id(device)
            .with_fp16(precision == Precision::Float16)
            .with_bf16(precision == Precision::BFloat16)
            .with_cuda_graph(self.cuda_graph);
        if let Some(folder) = &self.engine_cache {
            tensorrt = tensorrt.with_engine_cache(true).with_engine_cache_path(folder);
        }
        if let Some(folder) = &self.timing_cache {
            tensorrt = tensorrt.with_timing_cache(true).with_timing_cache_path(folder);
        }
        if let Some(bytes) = self.workspace {
            tensorrt = tensorrt.with_max_workspace_size(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        if let Some(level) = self.builder_level.and_then(|level| u8::try_from(level).ok()) {
            tensorrt = tensorrt.with_builder_optimization_level(level);
        }
        with_raw(tensorrt, &self.raw).build()
    }
}

//! Providers with an option or two each: WebGPU, QNN, XNNPACK, MIGraphX and ROCm.

use std::num::NonZeroUsize;

use ort::ep;

use super::keys::{BYTES, FLAG, Key, bytes, choice, flag, text};
use super::{Precision, Raw, Settings, with_raw};

choice! {
    /// The order of a picture's axes inside WebGPU's kernels.
    pub enum Layout {
        /// Channels first, as in the graph.
        Nchw = "nchw",
        /// Channels last.
        Nhwc = "nhwc",
    }
}

/// Options of the provider `webgpu`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebGpuOptions {
    /// The order of axes; `None` leaves it to ONNX Runtime, which takes channels last.
    pub layout: Option<Layout>,
    /// ONNX Runtime's own options for what is missing above, as `dawnBackendType`.
    pub raw: Raw,
}

impl Settings for WebGpuOptions {
    const KEYS: &'static [Key<Self>] =
        &[Key { name: "layout", allowed: "nchw or nhwc", set: |o, v| Layout::named(v).map(|v| o.layout = Some(v)) }];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl WebGpuOptions {
    pub(super) fn provider(&self, device: i32) -> ep::ExecutionProviderDispatch {
        let mut webgpu = ep::WebGPU::default().with_device_id(device);
        if let Some(layout) = self.layout {
            webgpu = webgpu.with_preferred_layout(match layout {
                Layout::Nchw => ep::webgpu::PreferredLayout::NCHW,
                Layout::Nhwc => ep::webgpu::PreferredLayout::NHWC,
            });
        }
        with_raw(webgpu, &self.raw).build()
    }
}

choice! {
    /// What Qualcomm's processor trades speed for.
    pub enum QnnPerformance {
        /// Highest clocks for a short while.
        Burst = "burst",
        /// High clocks.
        HighPerformance = "high_performance",
        /// High clocks for as long as it takes.
        Sustained = "sustained_high_performance",
        /// Between both.
        Balanced = "balanced",
        /// Least power.
        PowerSaver = "power_saver",
    }
}

/// Options of the provider `qnn`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QnnOptions {
    /// The backend's library, as `QnnHtp.dll`; `None` leaves it to ONNX Runtime.
    pub backend_path: Option<String>,
    /// Speed or power; `None` leaves it to the driver.
    pub performance: Option<QnnPerformance>,
    /// ONNX Runtime's own options for what is missing above.
    pub raw: Raw,
}

impl Settings for QnnOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key {
            name: "backend_path",
            allowed: "the path of a library",
            set: |o, v| text(v).map(|v| o.backend_path = Some(v)),
        },
        Key {
            name: "performance",
            allowed: "burst, high_performance, sustained_high_performance, balanced or power_saver",
            set: |o, v| QnnPerformance::named(v).map(|v| o.performance = Some(v)),
        },
    ];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl QnnOptions {
    pub(super) fn provider(&self, device: i32, precision: Precision) -> ep::ExecutionProviderDispatch {
        use ort::ep::qnn::PerformanceMode as Mode;
        let mut qnn =
            ep::QNN::default().with_device_id(device).with_htp_fp16_precision(precision == Precision::Float16);
        if let Some(path) = &self.backend_path {
            qnn = qnn.with_backend_path(path);
        }
        if let Some(performance) = self.performance {
            qnn = qnn.with_performance_mode(match performance {
                QnnPerformance::Burst => Mode::Burst,
                QnnPerformance::HighPerformance => Mode::HighPerformance,
                QnnPerformance::Sustained => Mode::SustainedHighPerformance,
                QnnPerformance::Balanced => Mode::Balanced,
                QnnPerformance::PowerSaver => Mode::PowerSaver,
            });
        }
        with_raw(qnn, &self.raw).build()
    }
}

/// Options of the provider `xnnpack`, which takes the threads of the session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XnnpackOptions {
    /// ONNX Runtime's own options.
    pub raw: Raw,
}

impl Settings for XnnpackOptions {
    const KEYS: &'static [Key<Self>] = &[];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl XnnpackOptions {
    pub(super) fn provider(&self, threads: Option<usize>) -> ep::ExecutionProviderDispatch {
        let mut xnnpack = ep::XNNPACK::default();
        if let Some(threads) = threads.and_then(NonZeroUsize::new) {
            xnnpack = xnnpack.with_intra_op_num_threads(threads);
        }
        with_raw(xnnpack, &self.raw).build()
    }
}

/// Options of the provider `migraphx`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MiGraphXOptions {
    /// The most bytes that its memory arena may take.
    pub memory_limit: Option<u64>,
    /// Longer compiling for faster runs.
    pub exhaustive_tune: bool,
}

impl Settings for MiGraphXOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key { name: "memory_limit", allowed: BYTES, set: |o, v| bytes(v).map(|v| o.memory_limit = Some(v)) },
        Key { name: "exhaustive_tune", allowed: FLAG, set: |o, v| flag(v).map(|v| o.exhaustive_tune = v) },
    ];
}

impl MiGraphXOptions {
    pub(super) fn provider(&self, device: i32, precision: Precision) -> ep::ExecutionProviderDispatch {
        let mut migraphx = ep::MIGraphX::default()
            .with_device_id(device)
            .with_fp16(precision == Precision::Float16)
            .with_exhaustive_tune(self.exhaustive_tune)
            .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested);
        if let Some(limit) = self.memory_limit {
            migraphx = migraphx.with_mem_limit(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        migraphx.build()
    }
}

/// Options of the provider `rocm`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RocmOptions {
    /// The most bytes that its memory arena may take.
    pub memory_limit: Option<u64>,
    /// Try all convolution kernels when a shape is first seen.
    pub exhaustive_conv_search: bool,
    /// ONNX Runtime's own options for what is missing above.
    pub raw: Raw,
}

impl Settings for RocmOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key { name: "memory_limit", allowed: BYTES, set: |o, v| bytes(v).map(|v| o.memory_limit = Some(v)) },
        Key {
            name: "exhaustive_conv_search",
            allowed: FLAG,
            set: |o, v| flag(v).map(|v| o.exhaustive_conv_search = v),
        },
    ];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl RocmOptions {
    pub(super) fn provider(&self, device: i32) -> ep::ExecutionProviderDispatch {
        let mut rocm = ep::ROCm::default()
            .with_device_id(device)
            .with_exhaustive_conv_search(self.exhaustive_conv_search)
            .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested);
        if let Some(limit) = self.memory_limit {
            rocm = rocm.with_mem_limit(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        with_raw(rocm, &self.raw).build()
    }
}

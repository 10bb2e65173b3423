//! Execution providers, by name.

use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::assignment::RECORD;
use super::failure::clean;
use super::library::RuntimeInfo;
use super::options::GraphOptions;
use super::providers::dispatch;
use crate::{Error, Result};

/// Where a graph runs.
///
/// Which of them exist at run time is decided by the ONNX Runtime library that was loaded, by the machine and
/// by its drivers; [`RuntimeInfo::providers`] lists what the library was built with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// The first that is seen to work, by [`settle`](super::settle).
    #[default]
    Auto,
    /// The CPU, always there.
    Cpu,
    /// NVIDIA, through CUDA and cuDNN.
    Cuda,
    /// NVIDIA, through TensorRT.
    TensorRt,
    /// Windows, through Direct3D 12.
    DirectMl,
    /// Apple, through Core ML.
    CoreMl,
    /// Intel, through OpenVINO.
    OpenVino,
    /// Any graphics card, through WebGPU.
    WebGpu,
    /// Qualcomm's neural processor.
    Qnn,
    /// ARM and x86 CPUs, through XNNPACK.
    Xnnpack,
    /// AMD, through MIGraphX.
    MiGraphX,
    /// AMD, through ROCm (libraries before ONNX Runtime 1.23).
    Rocm,
}

impl Provider {
    /// Every provider, in the order of their documentation.
    pub const ALL: [Self; 12] = [
        Self::Auto,
        Self::Cpu,
        Self::Cuda,
        Self::TensorRt,
        Self::DirectMl,
        Self::CoreMl,
        Self::OpenVino,
        Self::WebGpu,
        Self::Qnn,
        Self::Xnnpack,
        Self::MiGraphX,
        Self::Rocm,
    ];

    /// The name that [`parse`](Self::parse) takes, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::DirectMl => "directml",
            Self::CoreMl => "coreml",
            Self::OpenVino => "openvino",
            Self::WebGpu => "webgpu",
            Self::Qnn => "qnn",
            Self::Xnnpack => "xnnpack",
            Self::MiGraphX => "migraphx",
            Self::Rocm => "rocm",
        }
    }

    /// The provider of that name; upper and lower case are the same.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|provider| provider.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            Error::invalid(format!("unknown provider \"{name}\": it must be one of {}", names.join(", ")))
        })
    }

    /// Whether graphs run on ONNX Runtime's own kernels for the CPU. [`Provider::Auto`] is not known yet, so it does not.
    #[must_use]
    pub fn is_cpu(self) -> bool {
        self == Self::Cpu
    }

    /// Whether graphs on this provider read the host's memory directly, so that a bound tensor that is written
    /// to again is seen without being bound again.
    pub(super) fn shares_host_memory(self) -> bool {
        self.is_cpu()
    }

    /// Whether the library was built with it, which does not mean that it works.
    pub(super) fn is_in(self, info: &RuntimeInfo) -> bool {
        info.providers.iter().any(|name| name == self.runtime_name())
    }

    /// What ONNX Runtime calls it.
    fn runtime_name(self) -> &'static str {
        match self {
            Self::Auto | Self::Cpu => "CPUExecutionProvider",
            Self::Cuda => "CUDAExecutionProvider",
            Self::TensorRt => "TensorrtExecutionProvider",
            Self::DirectMl => "DmlExecutionProvider",
            Self::CoreMl => "CoreMLExecutionProvider",
            Self::OpenVino => "OpenVINOExecutionProvider",
            Self::WebGpu => "WebGpuExecutionProvider",
            Self::Qnn => "QNNExecutionProvider",
            Self::Xnnpack => "XnnpackExecutionProvider",
            Self::MiGraphX => "MIGraphXExecutionProvider",
            Self::Rocm => "ROCMExecutionProvider",
        }
    }
}

/// Registers the provider that `options` name, or says why that cannot be.
///
/// `is_available` of the `ort` crate is of no use here: it says yes to CUDA on a machine without a driver. So
/// the library's own list is asked first, and then registering must succeed.
pub(super) fn register(builder: SessionBuilder, options: &GraphOptions, info: &RuntimeInfo) -> Result<SessionBuilder> {
    let builder = builder
        .with_config_entry(RECORD.0, RECORD.1)
        .map_err(|error| Error::Internal(format!("ONNX Runtime refuses {}: {error}", RECORD.0)))?;
    let Some(dispatch) = dispatch(options)? else { return Ok(builder) };
    let wanted = options.provider;
    if !wanted.is_in(info) {
        return Err(Error::ProviderUnavailable(format!(
            "the provider \"{}\" is not part of the ONNX Runtime library at \"{}\", which offers {}: use one of these, \
             or a build of ONNX Runtime that has it",
            wanted.name(),
            info.path.display(),
            offered(info)
        )));
    }
    let unavailable = |error: ort::Error<SessionBuilder>| {
        Error::ProviderUnavailable(format!(
            "the provider \"{}\" (device {}) cannot be started: {}; this library also offers {}",
            wanted.name(),
            options.device_id,
            clean(error.message()),
            offered(info)
        ))
    };
    let builder = builder.with_execution_providers([dispatch.error_on_failure()]).map_err(unavailable)?;
    match wanted {
        // OpenVINO optimises whole graphs itself, and does worse with what ONNX Runtime has fused for its own kernels.
        Provider::OpenVino => builder.with_optimization_level(GraphOptimizationLevel::Disable).map_err(unavailable),
        _ => Ok(builder),
    }
}

/// The providers of a library, for a sentence.
fn offered(info: &RuntimeInfo) -> String {
    let names: Vec<&str> = info.providers.iter().map(|name| our_name(name)).collect();
    names.join(", ")
}

/// Our name for a provider of ONNX Runtime; its own where we have none.
pub(super) fn our_name(name: &str) -> &str {
    let ours = Provider::ALL.into_iter().find(|p| *p != Provider::Auto && p.runtime_name() == name);
    ours.map_or(name, |provider| provider.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_an_unknown_one_lists_them() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.name()).unwrap(), provider);
            assert_eq!(Provider::parse(&provider.name().to_uppercase()).unwrap(), provider);
        }
        let message = Provider::parse("gpu").unwrap_err().to_string();
        for provider in Provider::ALL {
            assert!(message.contains(provider.name()), "{message}");
        }
    }
}

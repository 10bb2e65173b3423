//! What can be set about each execution provider: a struct of typed options for each, and the same options by name.

mod coreml;
mod cuda;
mod directml;
mod fallback;
mod keys;
mod openvino;
mod others;
mod precision;
mod tensorrt;

use ort::ep::{ArbitrarilyConfigurableExecutionProvider, ExecutionProviderDispatch};

pub use coreml::{ComputeUnits, CoreMlOptions};
pub use cuda::{ConvSearch, CudaOptions};
pub use directml::{DeviceFilter, DirectMlOptions, PerformancePreference};
pub use fallback::Fallback;
pub use openvino::OpenVinoOptions;
pub use others::{Layout, MiGraphXOptions, QnnOptions, QnnPerformance, RocmOptions, WebGpuOptions, XnnpackOptions};
pub use precision::Precision;
pub use tensorrt::TensorRtOptions;

use self::keys::{Key, text};
use super::Provider;
use super::options::GraphOptions;
use super::threads::intra_threads;
use crate::{Error, Result};

/// ONNX Runtime's own option names with their values, passed on unseen.
pub type Raw = Vec<(String, String)>;

/// What begins the name of an option that is passed on unseen, as `raw.trt_dla_enable`.
const RAW: &str = "raw.";

/// The options of every provider; each graph takes those of the provider that it runs on. The CPU has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderSettings {
    /// NVIDIA through CUDA.
    pub cuda: CudaOptions,
    /// NVIDIA through TensorRT.
    pub tensorrt: TensorRtOptions,
    /// Windows through DirectML.
    pub directml: DirectMlOptions,
    /// Apple through Core ML.
    pub coreml: CoreMlOptions,
    /// OpenVINO.
    pub openvino: OpenVinoOptions,
    /// WebGPU.
    pub webgpu: WebGpuOptions,
    /// Qualcomm's neural processor.
    pub qnn: QnnOptions,
    /// XNNPACK.
    pub xnnpack: XnnpackOptions,
    /// AMD through MIGraphX.
    pub migraphx: MiGraphXOptions,
    /// AMD through ROCm.
    pub rocm: RocmOptions,
    /// Whose options were set by name, so that one which no graph takes is not lost silently.
    named: Vec<(String, Vec<Provider>)>,
}

/// Options that can be set by name.
trait Settings: Sized + 'static {
    const KEYS: &'static [Key<Self>];

    /// Where options go that are passed on unseen; `None` where the provider takes none.
    fn raw(&mut self) -> Option<&mut Raw> {
        None
    }

    /// Sets one; `None` where there is no such option, else what it must be instead.
    fn set(&mut self, key: &str, value: &str) -> Option<Result<(), String>> {
        if let Some(native) = key.strip_prefix(RAW).and_then(text) {
            let raw = self.raw()?;
            let Some(value) = text(value) else { return Some(Err("a text".to_owned())) };
            raw.retain(|(known, _)| *known != native);
            raw.push((native, value));
            return Some(Ok(()));
        }
        let key = Self::KEYS.iter().find(|known| known.name == key)?;
        Some((key.set)(self, value).ok_or_else(|| key.allowed.to_owned()))
    }
}

impl ProviderSettings {
    /// Sets an option by name: `KEY` for every provider that has it, `PROVIDER.KEY` for one, with `raw.` before a
    /// KEY that is ONNX Runtime's own and that nobody here knows or checks (`cuda.raw.sdpa_kernel`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the options there are, or what the option takes; nothing has changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let (providers, key) = match name.split_once('.') {
            Some((provider, key)) if provider != "raw" => (vec![Provider::parse(provider)?], key),
            _ => (Provider::ALL.to_vec(), name),
        };
        if key.starts_with(RAW) && providers.len() > 1 {
            return Err(Error::invalid(format!(
                "the option \"{name}\" must say whose it is, as \"cuda.{name}\": it is passed on as it is"
            )));
        }
        let mut changed = self.clone();
        let mut takers = Vec::new();
        for provider in &providers {
            match changed.set_one(*provider, key, value) {
                None => {}
                Some(Ok(())) => takers.push(*provider),
                Some(Err(allowed)) => {
                    return Err(Error::invalid(format!(
                        "the option \"{key}\" of the provider \"{}\" is \"{value}\": it must be {allowed}",
                        provider.name()
                    )));
                }
            }
        }
        if takers.is_empty() {
            return Err(Error::invalid(match providers.as_slice() {
                [one] => format!(
                    "the provider \"{}\" has no option \"{key}\": {}",
                    one.name(),
                    options_of(*one).unwrap_or_else(|| "it has none".to_owned())
                ),
                _ => format!("no provider has an option \"{name}\": there are {}", all_options()),
            }));
        }
        changed.named.push((name.to_owned(), takers));
        *self = changed;
        Ok(())
    }

    fn set_one(&mut self, provider: Provider, key: &str, value: &str) -> Option<Result<(), String>> {
        match provider {
            Provider::Auto | Provider::Cpu => None,
            Provider::Cuda => self.cuda.set(key, value),
            Provider::TensorRt => self.tensorrt.set(key, value),
            Provider::DirectMl => self.directml.set(key, value),
            Provider::CoreMl => self.coreml.set(key, value),
            Provider::OpenVino => self.openvino.set(key, value),
            Provider::WebGpu => self.webgpu.set(key, value),
            Provider::Qnn => self.qnn.set(key, value),
            Provider::Xnnpack => self.xnnpack.set(key, value),
            Provider::MiGraphX => self.migraphx.set(key, value),
            Provider::Rocm => self.rocm.set(key, value),
        }
    }

    /// Refuses an option that was set by name and that none of these providers takes. `auto` may become any.
    pub(crate) fn check_used(&self, providers: &[Provider]) -> Result<()> {
        let unused = self.named.iter().find(|(_, takers)| !takers.iter().any(|taker| providers.contains(taker)));
        match unused {
            Some((name, takers)) if !providers.contains(&Provider::Auto) => Err(Error::invalid(format!(
                "the option \"{name}\" is one of {}, but every graph runs on {}",
                names(takers),
                names(providers)
            ))),
            _ => Ok(()),
        }
    }
}

/// The registration of a graph's provider; `None` for the CPU, which is always registered (and which `ep::CPU` would
/// take the memory arena from).
pub(super) fn dispatch(options: &GraphOptions) -> Result<Option<ExecutionProviderDispatch>> {
    let device = i32::try_from(options.device_id)
        .map_err(|_| Error::invalid(format!("device_id is {}: it must be at most {}", options.device_id, i32::MAX)))?;
    let (settings, precision) = (&options.settings, options.precision);
    precision.check(options.provider)?;
    Ok(Some(match options.provider {
        Provider::Auto | Provider::Cpu => return Ok(None),
        Provider::Cuda => settings.cuda.provider(device),
        Provider::TensorRt => settings.tensorrt.provider(device, precision),
        Provider::DirectMl => settings.directml.provider(device),
        Provider::CoreMl => settings.coreml.provider(precision),
        Provider::OpenVino => settings.openvino.provider(device, precision, intra_threads(options.threads)),
        Provider::WebGpu => settings.webgpu.provider(device),
        Provider::Qnn => settings.qnn.provider(device, precision),
        Provider::Xnnpack => settings.xnnpack.provider(intra_threads(options.threads)),
        Provider::MiGraphX => settings.migraphx.provider(device, precision),
        Provider::Rocm => settings.rocm.provider(device),
    }))
}

/// Adds the options that are passed on unseen. They come last, so they win.
fn with_raw<E: ArbitrarilyConfigurableExecutionProvider>(provider: E, raw: &Raw) -> E {
    raw.iter().fold(provider, |provider, (key, value)| provider.with_arbitrary_config(key, value))
}

/// The options of a provider by name, for a sentence; `None` where it has none.
fn options_of(provider: Provider) -> Option<String> {
    fn list<T: Settings + Default>() -> Option<String> {
        let mut names: Vec<&str> = T::KEYS.iter().map(|key| key.name).collect();
        names.extend(T::default().raw().map(|_| "raw.NAME for ONNX Runtime's own NAME"));
        Some(names.join(", "))
    }
    match provider {
        Provider::Auto | Provider::Cpu => None,
        Provider::Cuda => list::<CudaOptions>(),
        Provider::TensorRt => list::<TensorRtOptions>(),
        Provider::DirectMl => list::<DirectMlOptions>(),
        Provider::CoreMl => list::<CoreMlOptions>(),
        Provider::OpenVino => list::<OpenVinoOptions>(),
        Provider::WebGpu => list::<WebGpuOptions>(),
        Provider::Qnn => list::<QnnOptions>(),
        Provider::Xnnpack => list::<XnnpackOptions>(),
        Provider::MiGraphX => list::<MiGraphXOptions>(),
        Provider::Rocm => list::<RocmOptions>(),
    }
    .map(|list| format!("it has {list}"))
}

fn all_options() -> String {
    fn keys<T: Settings>(of: Provider) -> Vec<String> {
        T::KEYS.iter().map(|key| format!("{}.{}", of.name(), key.name)).collect()
    }
    [
        keys::<CudaOptions>(Provider::Cuda),
        keys::<TensorRtOptions>(Provider::TensorRt),
        keys::<DirectMlOptions>(Provider::DirectMl),
        keys::<CoreMlOptions>(Provider::CoreMl),
        keys::<OpenVinoOptions>(Provider::OpenVino),
        keys::<WebGpuOptions>(Provider::WebGpu),
        keys::<QnnOptions>(Provider::Qnn),
        keys::<XnnpackOptions>(Provider::Xnnpack),
        keys::<MiGraphXOptions>(Provider::MiGraphX),
        keys::<RocmOptions>(Provider::Rocm),
    ]
    .concat()
    .join(", ")
}

fn names(providers: &[Provider]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for provider in providers {
        if !names.contains(&provider.name()) {
            names.push(provider.name());
        }
    }
    names.join(" and ")
}

#[cfg(test)]
mod tests;

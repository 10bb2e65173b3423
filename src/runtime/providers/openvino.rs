//! Intel's OpenVINO, on any x86-64 CPU and on Intel's graphics and neural processors: typed options, and how they are
//! registered.

use ort::ep;
use serde_json::{Map, Value, json};

use super::keys::{FOLDER, Key, text, whole};
use super::{Precision, Raw, Settings, with_raw};

/// Options of the provider `openvino`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenVinoOptions {
    /// `CPU` (the default), `GPU`, `GPU.1`, `NPU`, or several, as `AUTO:GPU,CPU` and `HETERO:GPU,CPU`.
    pub device_type: Option<String>,
    /// The folder that compiled graphs are kept in.
    pub cache_dir: Option<String>,
    /// Runs that go on at the same time, 1 to 255; OpenVINO divides its threads among them.
    pub num_streams: Option<u32>,
    /// OpenVINO's own properties by device, as `{"CPU":{"PERFORMANCE_HINT":"LATENCY"}}`. A precision that stands here
    /// wins over [`Precision`].
    pub load_config: Map<String, Value>,
    /// ONNX Runtime's own options for what is missing above.
    pub raw: Raw,
}

impl Settings for OpenVinoOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key {
            name: "device_type",
            allowed: "CPU, GPU, GPU.1, NPU, or several, as AUTO:GPU,CPU",
            set: |o, v| text(v).filter(|v| !devices(v).is_empty()).map(|v| o.device_type = Some(v)),
        },
        Key { name: "cache_dir", allowed: FOLDER, set: |o, v| text(v).map(|v| o.cache_dir = Some(v)) },
        Key {
            name: "num_streams",
            allowed: "a number from 1 to 255",
            set: |o, v| whole(v, 1..=255).map(|v| o.num_streams = Some(v)),
        },
        Key {
            name: "load_config",
            allowed: "a JSON object of objects, as {\"CPU\":{\"PERFORMANCE_HINT\":\"LATENCY\"}}",
            set: |o, v| {
                let object: Map<String, Value> = serde_json::from_str(v).ok()?;
                object.values().all(Value::is_object).then(|| o.load_config = object)
            },
        },
    ];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl OpenVinoOptions {
    pub(super) fn provider(
        &self,
        device: i32,
        precision: Precision,
        threads: Option<usize>,
    ) -> ep::ExecutionProviderDispatch {
        let device_type = match self.device_type.as_deref().unwrap_or("CPU") {
            kind @ ("GPU" | "NPU") if device > 0 => format!("{kind}.{device}"),
            kind => kind.to_owned(),
        };
        let mut openvino = ep::OpenVINO::default().with_device_type(&device_type);
        if let Some(threads) = threads {
            openvino = openvino.with_num_threads(threads);
        }
        if let Some(folder) = &self.cache_dir {
            openvino = openvino.with_cache_dir(folder);
        }
        if let Some(streams) = self.num_streams.and_then(|streams| u8::try_from(streams).ok()) {
            openvino = openvino.with_num_streams(streams);
        }
        let config = load_config(&self.load_config, &device_type, precision);
        use ort::ep::ArbitrarilyConfigurableExecutionProvider as _;
        with_raw(openvino.with_arbitrary_config("load_config", config), &self.raw).build()
    }
}

/// The devices in a device type: `AUTO:GPU.0,CPU` has `GPU` and `CPU`. Empty where it names something else.
fn devices(device_type: &str) -> Vec<&str> {
    let (group, list) = device_type.split_once(':').unwrap_or(("", device_type));
    let names: Vec<&str> = list.split(',').map(|name| name.split('.').next().unwrap_or_default()).collect();
    let known = ["", "AUTO", "HETERO", "MULTI"].contains(&group)
        && names.iter().all(|name| ["CPU", "GPU", "NPU"].contains(name));
    if known { names } else { Vec::new() }
}

/// OpenVINO's properties with the precision among them. Left alone it computes float32 graphs in bfloat16 or float16
/// where the processor has them; a neural processor knows nothing else, so it is not asked.
fn load_config(own: &Map<String, Value>, device_type: &str, precision: Precision) -> String {
    const HINT: &str = "INFERENCE_PRECISION_HINT";
    let hint = match precision {
        Precision::Default | Precision::Float32 => "f32",
        Precision::Float16 => "f16",
        Precision::BFloat16 => "bf16",
    };
    let mut config = own.clone();
    for device in devices(device_type).into_iter().filter(|device| *device != "NPU") {
        let properties = config.entry(device).or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.entry(HINT).or_insert_with(|| json!(hint));
        }
    }
    Value::Object(config).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_precision_reaches_every_device_that_has_a_choice() {
        let none = Map::new();
        let hint = |device: &str, precision| load_config(&none, device, precision);
        assert_eq!(hint("CPU", Precision::Default), r#"{"CPU":{"INFERENCE_PRECISION_HINT":"f32"}}"#);
        assert_eq!(hint("GPU.1", Precision::Float16), r#"{"GPU":{"INFERENCE_PRECISION_HINT":"f16"}}"#);
        assert_eq!(
            hint("HETERO:GPU.0,CPU", Precision::BFloat16),
            r#"{"CPU":{"INFERENCE_PRECISION_HINT":"bf16"},"GPU":{"INFERENCE_PRECISION_HINT":"bf16"}}"#
        );
        assert_eq!(hint("NPU", Precision::Default), "{}");
    }

    #[test]
    fn the_callers_own_properties_stay_and_win() {
        let mut options = OpenVinoOptions::default();
        options
            .set("load_config", r#"{"CPU":{"INFERENCE_PRECISION_HINT":"bf16","A":"1"},"GPU":{"B":"2"}}"#)
            .unwrap()
            .unwrap();
        let config = load_config(&options.load_config, "CPU", Precision::Default);
        assert_eq!(config, r#"{"CPU":{"A":"1","INFERENCE_PRECISION_HINT":"bf16"},"GPU":{"B":"2"}}"#);
    }
}

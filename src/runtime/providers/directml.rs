//! Windows through DirectML: typed options, and how they are registered.

use ort::ep;
use ort::ep::directml as native;

use super::Settings;
use super::keys::{Key, choice};

choice! {
    /// Which devices DirectML may pick from.
    pub enum DeviceFilter {
        /// Graphics cards.
        Gpu = "gpu",
        /// Neural processors.
        Npu = "npu",
        /// Both.
        Any = "any",
    }
}

choice! {
    /// Which of several devices DirectML picks.
    pub enum PerformancePreference {
        /// The system's choice.
        Default = "default",
        /// The fastest.
        HighPerformance = "high-performance",
        /// The one that draws least power.
        MinimumPower = "minimum-power",
    }
}

/// Options of the provider `directml`. Once one of them is set, DirectML picks the device by them, and the device id
/// counts no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectMlOptions {
    /// Which devices may be picked.
    pub device_filter: Option<DeviceFilter>,
    /// Which of them is.
    pub performance: Option<PerformancePreference>,
}

impl Settings for DirectMlOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key {
            name: "device_filter",
            allowed: "gpu, npu or any",
            set: |o, v| DeviceFilter::named(v).map(|v| o.device_filter = Some(v)),
        },
        Key {
            name: "performance",
            allowed: "default, high-performance or minimum-power",
            set: |o, v| PerformancePreference::named(v).map(|v| o.performance = Some(v)),
        },
    ];
}

impl DirectMlOptions {
    pub(super) fn provider(&self, device: i32) -> ep::ExecutionProviderDispatch {
        let directml = ep::DirectML::default();
        if self.device_filter.is_none() && self.performance.is_none() {
            return directml.with_device_id(device).build();
        }
        directml
            .with_device_filter(match self.device_filter.unwrap_or(DeviceFilter::Gpu) {
                DeviceFilter::Gpu => native::DeviceFilter::Gpu,
                DeviceFilter::Npu => native::DeviceFilter::Npu,
                DeviceFilter::Any => native::DeviceFilter::Any,
            })
            .with_performance_preference(match self.performance.unwrap_or(PerformancePreference::Default) {
                PerformancePreference::Default => native::PerformancePreference::Default,
                PerformancePreference::HighPerformance => native::PerformancePreference::HighPerformance,
                PerformancePreference::MinimumPower => native::PerformancePreference::MinimumPower,
            })
            .build()
    }
}

//! How a graph is opened.

use super::{Fallback, Precision, Provider, ProviderSettings};

/// How a graph is opened: where it runs, on how many threads, and how it trades speed for memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphOptions {
    /// Where the graph runs. The default is [`Provider::Auto`].
    pub provider: Provider,
    /// Which device of that kind, counted from 0. Providers that have only one device ignore it.
    pub device_id: u32,
    /// What the provider computes in where it could take something smaller than the graph says.
    pub precision: Precision,
    /// The provider's own options.
    pub settings: ProviderSettings,
    /// What happens when a part of the graph cannot run on the provider.
    pub fallback: Fallback,
    /// Threads for one operation on the CPU; 0 (the default) means one for each physical core that the process
    /// may use.
    pub threads: u32,
    /// Whether ONNX Runtime may copy weights into the order that its matrix kernels like best. On large graphs that
    /// costs memory and time to open, and was not measured to be faster.
    pub prepacking: bool,
    /// Whether memory for activations is given back after every run.
    pub trim: bool,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            provider: Provider::default(),
            device_id: 0,
            precision: Precision::default(),
            settings: ProviderSettings::default(),
            fallback: Fallback::default(),
            threads: 0,
            prepacking: true,
            trim: false,
        }
    }
}

//! How a graph is opened.

use super::Provider;

/// How a graph is opened: where it runs, on how many threads, and how it trades speed for memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphOptions {
    /// Where the graph runs. The default is [`Provider::Auto`].
    pub provider: Provider,
    /// Which device of that kind, counted from 0. Providers that have only one device ignore it.
    pub device_id: u32,
    /// Threads for one operation on the CPU; 0 (the default) means one for each physical core that the process
    /// may use.
    pub threads: u32,
    /// Less memory for some speed: no arena, no memory pattern, and no copy of the weights in the order that
    /// the matrix kernels like best.
    pub low_memory: bool,
}

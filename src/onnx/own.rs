//! The operators that this library brings to ONNX Runtime's CPU provider: what graphs call them. All are for float32.

/// The domain of the operators; its version is 1.
pub const DOMAIN: &str = "libdiffusion";
/// Convolution with a 3×3 kernel and stride 1: x, weights [3, 3, outputs, inputs], then each if given bias [outputs],
/// shift [batch, outputs] and picture, which are added; `pads`.
pub const CONV: &str = "Conv3x3";
/// Normalisation of groups of channels: x, scale and bias by channel; `groups`, `epsilon`, `silu`.
pub const GROUP_NORM: &str = "GroupNorm";
/// Normalisation over the last axis: x, scale, bias if given; `epsilon`.
pub const LAYER_NORM: &str = "LayerNorm";
/// The first half of the last axis times the gelu of the second.
pub const GEGLU: &str = "GeGlu";

//! x
/// The domain of our own operators.
pub const DOMAIN: &str = "libdiffusion";
/// 3×3 convolution.
pub const CONV: &str = "Conv3x3";
/// Group normalisation.
pub const GROUP_NORM: &str = "GroupNorm";
/// Layer normalisation.
pub const LAYER_NORM: &str = "LayerNorm";
/// GEGLU.
pub const GEGLU: &str = "GeGlu";

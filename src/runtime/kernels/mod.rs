//! Operators of our own for ONNX Runtime's CPU provider, where its own leave speed on the table.
//!
//! [`domain`] registers them as `libdiffusion`, version 1; graph preparation puts them into graphs. All compute in
//! float32, on the threads of the session that runs them, with the widest vectors that the processor has (chosen when
//! they run: AVX-512, AVX2, NEON or none).
//!
//! - `Conv3x3`: stride 1, by Winograd's minimal filtering.
//! - `GroupNorm`: with its scale and shift, and with SiLU if asked.
//! - `LayerNorm`: over the last axis.
//! - `GeGlu`: `a · gelu(b)` for an input that is [.., a b].

mod announce;
mod geglu;
mod group_norm;
mod layer_norm;
mod math;
mod memory;
mod ops;
mod pool;
mod winograd;

pub(super) use announce::announce;
pub(super) use ops::domain;

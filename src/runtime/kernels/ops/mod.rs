//! The operators as ONNX Runtime sees them: inputs, attributes, shapes.

mod conv;
mod geglu;
mod norms;
mod operands;

use std::sync::Arc;

use ort::operator::OperatorDomain;

use super::memory::Scratch;
use crate::onnx::own;

/// The domain with all operators, for [`SessionBuilder::with_operators`](ort::session::builder::SessionBuilder).
///
/// Each session of `threads` threads (`None`: ONNX Runtime chose) gets its own: what they keep for the next run is given back when it goes.
pub(in super::super::super) fn domain(threads: Option<usize>) -> ort::Result<OperatorDomain> {
    let scratch = Arc::new(Scratch::default());
    // Where ONNX Runtime chooses how many threads it has, it takes one for each core.
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    OperatorDomain::new(own::DOMAIN)?
        .add(conv::Conv3x3 { scratch, threads })?
        .add(norms::GroupNormOperator)?
        .add(norms::LayerNormOperator)?
        .add(geglu::GeGluOperator)
}

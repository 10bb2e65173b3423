//! `Conv3x3`.

use std::sync::Arc;

use ort::operator::{
    ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput, ShapeInferenceContext,
};
use ort::value::ValueType;
use pulp::Arch;

use super::super::memory::Scratch;
use super::super::pool::SessionPool;
use super::super::winograd::{Added, Conv, ConvShape};
use super::operands::{
    FLOATS, MAYBE_FLOATS, RESULT, caught, check_len, failure, infer_from_first, needed, optional, result, sizes,
};
use crate::onnx::own::CONV as NAME;

/// Inputs: x [batch, inputs, height, width]; weights [3, 3, outputs, inputs]; bias [outputs], shift
/// [batch, outputs, ..] of as many elements, and picture (as the output), which are added, each if given. Attribute:
/// `pads` as `Conv` has them, each 0 or 1.
pub(super) struct Conv3x3 {
    pub scratch: Arc<Scratch>,
    pub threads: usize,
}

pub(super) struct ConvKernel {
    scratch: Arc<Scratch>,
    threads: usize,
    pads: [usize; 4],
}

impl Operator for Conv3x3 {
    type Kernel<'attr> = ConvKernel;

    fn name(&self) -> &str {
        NAME
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [FLOATS, FLOATS, MAYBE_FLOATS, MAYBE_FLOATS, MAYBE_FLOATS]
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [RESULT]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<ConvKernel> {
        caught(NAME, || {
            let pads: Vec<i64> = context.get("pads").ok_or_else(|| failure(NAME, "the attribute pads is missing"))?;
            let pads: [usize; 4] = sizes(NAME, "pads", &pads)?;
            if pads.iter().any(|pad| *pad > 1) {
                return Err(failure(NAME, format_args!("pads are {pads:?}, but each must be 0 or 1")));
            }
            Ok(ConvKernel { scratch: self.scratch.clone(), threads: self.threads, pads })
        })
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        caught(NAME, || {
            let pads: Vec<i64> = context.attr("pads")?;
            infer_from_first(context, |shape, inputs| {
                let [_, channels, height, width] = shape else { return false };
                let Some(ValueType::Tensor { shape: weights, .. }) = inputs.get(1) else { return false };
                let (&[_, _, outputs, _], &[top, left, bottom, right]) = (&weights[..], &pads[..]) else {
                    return false;
                };
                *channels = outputs;
                for (size, pads) in [(height, top.saturating_add(bottom)), (width, left.saturating_add(right))] {
                    // With pads on both sides an open size stays the same open size; otherwise it is another one.
                    if *size >= 0 {
                        *size = size.saturating_add(pads.saturating_sub(2));
                    } else if pads != 2 {
                        return false;
                    }
                }
                true
            })
        })
    }
}

impl Kernel for ConvKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        caught(NAME, || {
            let (x, weights) = (needed(NAME, context, 0)?, needed(NAME, context, 1)?);
            let (x_shape, x) = x.try_extract_tensor::<f32>()?;
            let (weight_shape, weights) = weights.try_extract_tensor::<f32>()?;
            let [batch, inputs, height, width] = sizes(NAME, "x", x_shape)?;
            let [rows, columns, outputs, depth] = sizes(NAME, "weights", weight_shape)?;
            if (rows, columns, depth) != (3, 3, inputs) {
                let message = format!("weights are {weight_shape:?}, but must be [3, 3, outputs, {inputs}]");
                return Err(failure(NAME, message));
            }
            if inputs == 0 || outputs == 0 {
                return Err(failure(NAME, format_args!("weights are {weight_shape:?}, of no channels")));
            }
            let shape = ConvShape { batch, inputs, outputs, height, width, pads: self.pads };
            let (Some(out_height), Some(out_width)) = (shape.out_height(), shape.out_width()) else {
                return Err(failure(NAME, format_args!("x is {x_shape:?}, which is smaller than the kernel")));
            };
            let (bias, shift, picture) = (optional(context, 2)?, optional(context, 3)?, optional(context, 4)?);
            let added = Added {
                bias: bias.as_ref().map(|value| value.try_extract_tensor::<f32>()).transpose()?.map(|(_, data)| data),
                shift: shift.as_ref().map(|value| value.try_extract_tensor::<f32>()).transpose()?.map(|(_, data)| data),
                picture: picture
                    .as_ref()
                    .map(|value| value.try_extract_tensor::<f32>())
                    .transpose()?
                    .map(|(_, data)| data),
            };
            let total = batch * outputs * out_height * out_width;
            for (what, values, wanted) in [
                ("bias", added.bias, outputs),
                ("shift", added.shift, batch * outputs),
                ("the picture that is added", added.picture, total),
            ] {
                values.map_or(Ok(()), |values| check_len(NAME, what, values, wanted))?;
            }
            let out_shape = [batch, outputs, out_height, out_width].map(|size| size as i64);
            let mut out = result(NAME, context, &out_shape)?;
            let (_, out) = out.try_extract_tensor_mut::<f32>()?;
            let conv = Conv { shape, x, weights, added, threads: self.threads, arch: Arch::new() };
            conv.compute(conv.cheapest(), out, &SessionPool::new(context), &self.scratch)
        })
    }
}

//! `GroupNorm` and `LayerNorm`.

use ort::operator::{
    ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput, ShapeInferenceContext,
};

use super::super::group_norm::GroupNorm;
use super::super::layer_norm::layer_norm;
use super::super::pool::SessionPool;
use super::operands::{
    FLOATS, MAYBE_FLOATS, RESULT, caught, check_len, failure, infer_from_first, needed, optional, result,
};
use crate::onnx::own::{GROUP_NORM, LAYER_NORM};

fn epsilon(operator: &str, context: &KernelContext<'_>) -> ort::Result<f32> {
    context.get("epsilon").ok_or_else(|| failure(operator, "the attribute epsilon is missing"))
}

/// Inputs: x [batch, channels, ..], scale and bias of as many elements as channels. Attributes: `groups`, `epsilon`,
/// `silu` (0 or 1).
pub(super) struct GroupNormOperator;

pub(super) struct GroupNormKernel {
    groups: usize,
    epsilon: f32,
    silu: bool,
}

impl Operator for GroupNormOperator {
    type Kernel<'attr> = GroupNormKernel;

    fn name(&self) -> &str {
        GROUP_NORM
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [FLOATS, FLOATS, FLOATS]
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [RESULT]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<GroupNormKernel> {
        caught(GROUP_NORM, || {
            let groups: i64 = context.get("groups").unwrap_or(0);
            let groups = usize::try_from(groups).ok().filter(|groups| *groups > 0);
            let groups =
                groups.ok_or_else(|| failure(GROUP_NORM, "the attribute groups must be there and at least 1"))?;
            let silu = context.get::<i64>("silu").unwrap_or(0) != 0;
            Ok(GroupNormKernel { groups, epsilon: epsilon(GROUP_NORM, context)?, silu })
        })
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        caught(GROUP_NORM, || infer_from_first(context, |_, _| true))
    }
}

impl Kernel for GroupNormKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        caught(GROUP_NORM, || {
            let operands = [0, 1, 2].map(|index| needed(GROUP_NORM, context, index));
            let [x, scale, bias] = operands;
            let (x, scale, bias) = (x?, scale?, bias?);
            let (shape, input) = x.try_extract_tensor::<f32>()?;
            let ((_, scale), (_, bias)) = (scale.try_extract_tensor::<f32>()?, bias.try_extract_tensor::<f32>()?);
            let channels = shape.get(1).and_then(|size| usize::try_from(*size).ok()).unwrap_or(0);
            if channels == 0 || channels % self.groups != 0 {
                let message = format!("x is {shape:?}, of which {} groups cannot be made", self.groups);
                return Err(failure(GROUP_NORM, message));
            }
            check_len(GROUP_NORM, "scale", scale, channels)?;
            check_len(GROUP_NORM, "bias", bias, channels)?;
            let mut output = result(GROUP_NORM, context, shape)?;
            let (_, output) = output.try_extract_tensor_mut::<f32>()?;
            let pixels = shape[2..].iter().product::<i64>() as usize;
            let norm =
                GroupNorm { input, scale, bias, groups: self.groups, pixels, epsilon: self.epsilon, silu: self.silu };
            norm.compute(output, &SessionPool::new(context))
        })
    }
}

/// Inputs: x [.., size], scale [size], bias [size] if given. Attribute: `epsilon`.
pub(super) struct LayerNormOperator;

pub(super) struct LayerNormKernel {
    epsilon: f32,
}

impl Operator for LayerNormOperator {
    type Kernel<'attr> = LayerNormKernel;

    fn name(&self) -> &str {
        LAYER_NORM
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [FLOATS, FLOATS, MAYBE_FLOATS]
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [RESULT]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<LayerNormKernel> {
        caught(LAYER_NORM, || Ok(LayerNormKernel { epsilon: epsilon(LAYER_NORM, context)? }))
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        caught(LAYER_NORM, || infer_from_first(context, |_, _| true))
    }
}

impl Kernel for LayerNormKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        caught(LAYER_NORM, || {
            let (x, scale) = (needed(LAYER_NORM, context, 0)?, needed(LAYER_NORM, context, 1)?);
            let bias = optional(context, 2)?;
            let (shape, input) = x.try_extract_tensor::<f32>()?;
            let (_, scale) = scale.try_extract_tensor::<f32>()?;
            let bias = bias.as_ref().map(|bias| bias.try_extract_tensor::<f32>()).transpose()?.map(|(_, data)| data);
            let width = shape.last().and_then(|size| usize::try_from(*size).ok()).unwrap_or(0);
            check_len(LAYER_NORM, "scale", scale, width)?;
            bias.map_or(Ok(()), |bias| check_len(LAYER_NORM, "bias", bias, width))?;
            let mut output = result(LAYER_NORM, context, shape)?;
            let (_, output) = output.try_extract_tensor_mut::<f32>()?;
            layer_norm(input, scale, bias, self.epsilon, output, &SessionPool::new(context))
        })
    }
}

//! `GeGlu`.

use ort::operator::{
    ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput, ShapeInferenceContext,
};

use super::super::geglu::geglu;
use super::super::pool::SessionPool;
use super::operands::{FLOATS, RESULT, caught, failure, infer_from_first, needed, result};
use crate::onnx::own::GEGLU as NAME;

/// Input: x [.., 2·size]. Output [.., size]: the first half times the gelu of the second.
pub(super) struct GeGluOperator;

pub(super) struct GeGluKernel;

impl Operator for GeGluOperator {
    type Kernel<'attr> = GeGluKernel;

    fn name(&self) -> &str {
        NAME
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [FLOATS]
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [RESULT]
    }

    fn create_kernel<'attr>(&self, _: &KernelContext<'attr>) -> ort::Result<GeGluKernel> {
        caught(NAME, || Ok(GeGluKernel))
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        caught(NAME, || {
            infer_from_first(context, |shape, _| match shape.last_mut() {
                Some(size) if *size >= 0 => {
                    *size /= 2;
                    true
                }
                _ => false,
            })
        })
    }
}

impl Kernel for GeGluKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        caught(NAME, || {
            let x = needed(NAME, context, 0)?;
            let (shape, input) = x.try_extract_tensor::<f32>()?;
            let mut shape = shape.to_vec();
            let Some(last) = shape.last_mut().filter(|size| **size >= 0 && **size % 2 == 0) else {
                return Err(failure(NAME, format_args!("x is {shape:?}, which has no two halves")));
            };
            *last /= 2;
            let width = *last as usize;
            let mut output = result(NAME, context, &shape)?;
            let (_, output) = output.try_extract_tensor_mut::<f32>()?;
            geglu(input, width, output, &SessionPool::new(context))
        })
    }
}

//! What all operators ask of their operands.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ort::operator::{ComputeContext, OperatorInput, OperatorOutput, ShapeInferenceContext};
use ort::value::{SymbolicDimensions, TensorElementType, ValueRef, ValueRefMut, ValueType};

pub(super) const FLOATS: OperatorInput = OperatorInput::required(TensorElementType::Float32);
pub(super) const MAYBE_FLOATS: OperatorInput = OperatorInput::optional(TensorElementType::Float32);
pub(super) const RESULT: OperatorOutput = OperatorOutput::required(TensorElementType::Float32);

pub(super) fn failure(operator: &str, message: impl std::fmt::Display) -> ort::Error {
    ort::Error::new(format!("libdiffusion.{operator}: {message}"))
}

/// Runs what ONNX Runtime called; a panic, which would end the process on its way through C++, becomes an error.
pub(super) fn caught<T>(operator: &str, call: impl FnOnce() -> ort::Result<T>) -> ort::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(failure(operator, "it failed inside")))
}

/// The input at `index`, which must be there.
pub(super) fn needed<'c>(operator: &str, context: &'c ComputeContext, index: usize) -> ort::Result<ValueRef<'c>> {
    context.input(index)?.ok_or_else(|| failure(operator, format_args!("the input {index} is missing")))
}

/// The input at `index`, if it is given.
pub(super) fn optional(context: &ComputeContext, index: usize) -> ort::Result<Option<ValueRef<'_>>> {
    // Asking for an input that the node does not list is an error.
    if index < context.num_inputs()? { context.input(index) } else { Ok(None) }
}

/// The only output.
pub(super) fn result<'c>(operator: &str, context: &'c ComputeContext, shape: &[i64]) -> ort::Result<ValueRefMut<'c>> {
    context.output(0, shape.to_vec())?.ok_or_else(|| failure(operator, "there is no output"))
}

/// The sizes as `usize`.
pub(super) fn sizes<const N: usize>(operator: &str, what: &str, shape: &[i64]) -> ort::Result<[usize; N]> {
    let sizes: Option<Vec<usize>> = shape.iter().map(|size| usize::try_from(*size).ok()).collect();
    sizes
        .and_then(|sizes| sizes.try_into().ok())
        .ok_or_else(|| failure(operator, format_args!("{what} is {shape:?}, but must have {N} sizes")))
}

/// That `values` are as many as wanted.
pub(super) fn check_len(operator: &str, what: &str, values: &[f32], wanted: usize) -> ort::Result<()> {
    if values.len() == wanted {
        return Ok(());
    }
    Err(failure(operator, format_args!("{what} has {} elements, but {wanted} are needed", values.len())))
}

/// Says that the output is shaped as the first input, but for what `change` does to the sizes.
pub(super) fn infer_from_first(
    context: &mut ShapeInferenceContext,
    change: impl FnOnce(&mut [i64], &[ValueType]) -> bool,
) -> ort::Result<()> {
    let inputs = context.inputs();
    let Some(ValueType::Tensor { shape, dimension_symbols, .. }) = inputs.first() else { return Ok(()) };
    let before = shape;
    let mut shape = before.clone();
    // An unknown rank looks like none, and no operator here takes a scalar.
    if shape.is_empty() || !change(&mut shape, &inputs) {
        return Ok(());
    }
    // A symbol says the same as the size beside it, so it goes when that changes.
    let symbols = dimension_symbols.iter().zip(before.iter().zip(shape.iter()));
    let symbols = symbols.map(|(symbol, (old, new))| if old == new { symbol.clone() } else { String::new() });
    let symbols: Vec<String> = symbols.collect();
    // A size that is neither known nor named cannot be said: ONNX Runtime would take it for a known one.
    if shape.iter().zip(&symbols).any(|(size, symbol)| *size < 0 && symbol.is_empty()) {
        return Ok(());
    }
    let dimension_symbols = SymbolicDimensions::new(symbols);
    let output = ValueType::Tensor { ty: TensorElementType::Float32, shape, dimension_symbols };
    context.set_output(0, &output)
}

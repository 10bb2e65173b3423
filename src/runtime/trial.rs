//! Does a provider work here? A small graph on it, alone, whose numbers are known.
//!
//! That a library lists a provider says that its code is in there. Whether the driver, the device and its libraries are
//! there, and whether what they compute is right, shows when something runs.

use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayD, IxDyn};
use ort::session::Session;
use ort::value::Tensor as OrtTensor;
use prost::Message;

use super::failure::{clean, guarded};
use super::library::environment;
use super::options::GraphOptions;
use super::provider::{self, Provider};
use super::providers::{Precision, ProviderSettings};
use crate::onnx::proto::{
    AttributeProto, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto, dimension, type_proto,
};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Channels in, channels out, and the side of the picture.
const IN: usize = 4;
const OUT: usize = 8;
const SIDE: usize = 8;

/// What a trial depends on: where, which device, in what, with which options.
type Key = (Provider, u32, Precision, ProviderSettings);

/// Every trial of this process: the library, the driver and the devices stay the same for as long as it lives.
static DONE: Mutex<Vec<(Key, Result<(), String>)>> = Mutex::new(Vec::new());

/// Whether the provider of `options` (not `auto`) runs a graph all by itself and right; else why not, as a clause.
pub(super) fn outcome(options: &GraphOptions) -> Result<(), String> {
    let key = (options.provider, options.device_id, options.precision, options.settings.clone());
    let done = || DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = done().iter().find(|(known, _)| *known == key) {
        return known.clone();
    }
    // Not under the lock: a log callback may ask again from within. Two trials at once do no harm.
    let outcome = guarded(|| run(options)).map_err(|error| error.to_string());
    done().push((key, outcome.clone()));
    outcome
}

fn run(options: &GraphOptions) -> Result<()> {
    let (environment, info) = environment()?;
    let failed = |error: &dyn std::fmt::Display| Error::ProviderUnavailable(clean(&error.to_string()));
    let builder = Session::builder(environment).map_err(|error| failed(&error))?;
    let builder = provider::register(builder, options, info)?;
    // A provider that leaves half of it to the CPU has not shown that it works. The CPU itself has nothing to fall to.
    let mut builder = match options.provider.is_cpu() {
        true => builder,
        false => builder.with_disable_cpu_fallback().map_err(|error| failed(&error))?,
    };
    let mut session = builder.commit_from_memory(&graph()).map_err(|error| failed(&error))?;
    let picture: Vec<f32> = (0..IN * SIDE * SIDE).map(|i| number(i, 0)).collect();
    let input = OrtTensor::from_array(([1, IN, SIDE, SIDE], picture.clone())).map_err(|error| failed(&error))?;
    let outputs = session.run(ort::inputs!["sample" => input]).map_err(|error| failed(&error))?;
    let value = outputs.get("out").ok_or_else(|| failed(&"the trial gave nothing"))?;
    let (_, got) = value.try_extract_tensor::<f32>().map_err(|error| failed(&error))?;
    compare(got, &expected(&picture), may_round(options))
}

/// Whether it may compute in less than float32: it was asked to, or options were set, some of which mean that.
fn may_round(options: &GraphOptions) -> bool {
    let small = matches!(options.precision, Precision::Float16 | Precision::BFloat16);
    small || options.settings != ProviderSettings::default()
}

/// Fails where a number is further off than rounding explains.
fn compare(got: &[f32], expected: &[f32], may_round: bool) -> Result<()> {
    // Sums of about forty products: float32 leaves 1e-6, bfloat16 with its 8 bits some 1e-2.
    let allowed = if may_round { 5e-2 } else { 1e-3 };
    let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let worst = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max) / largest;
    // A NaN is not below anything.
    if got.len() == expected.len() && got.iter().all(|value| value.is_finite()) && worst < allowed {
        return Ok(());
    }
    Err(Error::ProviderUnavailable(format!(
        "it computes wrong numbers: a small graph was off by {worst:.1e} of its largest, allowed are {allowed:.0e}"
    )))
}

/// A number in [-1, 1) that looks random and needs no generator.
fn number(index: usize, salt: usize) -> f32 {
    let mixed = (index * 7919 + salt * 104_729 + 12_345) % 2003;
    mixed as f32 / 1001.5 - 1.0
}

fn kernel() -> Vec<f32> {
    (0..OUT * IN * 9).map(|i| number(i, 1)).collect()
}

fn matrix() -> Vec<f32> {
    (0..OUT * OUT).map(|i| number(i, 2)).collect()
}

/// A convolution, a transposition and a product: what a denoiser is mostly made of. Batch, height and width are open,
/// as in ordinary exports, so that a provider that wants fixed shapes is found out.
fn graph() -> Vec<u8> {
    let open = |name: &str| dimension::Value::DimParam(name.to_owned());
    let fixed = |size: usize| dimension::Value::DimValue(size as i64);
    let value = |name: &str, shape: [dimension::Value; 4]| {
        let dim = shape.into_iter().map(|value| Dimension { value: Some(value), ..Default::default() }).collect();
        let tensor = TensorType { elem_type: Some(DataType::Float as i32), shape: Some(TensorShapeProto { dim }) };
        let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
        ValueInfoProto { name: Some(name.to_owned()), r#type: Some(kind), ..Default::default() }
    };
    let weights = |name: &str, shape: &[usize], values: Vec<f32>| {
        let array = ArrayD::from_shape_vec(IxDyn(shape), values).unwrap_or_default();
        TensorProto::from_tensor(name, &Tensor::F32(array))
    };
    let graph = GraphProto {
        name: Some("trial".to_owned()),
        node: vec![
            NodeProto::new("Conv", ["sample", "kernel"], ["convolved"])
                .with(AttributeProto::from_ints("pads", &[1, 1, 1, 1]))
                .with(AttributeProto::from_ints("kernel_shape", &[3, 3])),
            NodeProto::new("Transpose", ["convolved"], ["turned"])
                .with(AttributeProto::from_ints("perm", &[0, 2, 3, 1])),
            NodeProto::new("MatMul", ["turned", "matrix"], ["out"]),
        ],
        input: vec![value("sample", [open("batch"), fixed(IN), open("height"), open("width")])],
        output: vec![value("out", [open("batch"), open("height"), open("width"), fixed(OUT)])],
        initializer: vec![weights("kernel", &[OUT, IN, 3, 3], kernel()), weights("matrix", &[OUT, OUT], matrix())],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..Default::default() };
    ModelProto { ir_version: Some(8), opset_import: vec![opset], graph: Some(graph), ..Default::default() }
        .encode_to_vec()
}

/// What the graph gives, in `[height, width, channel]`, summed in float64.
fn expected(picture: &[f32]) -> Vec<f32> {
    let (kernel, matrix) = (kernel(), matrix());
    let at = |values: &[f32], index: usize| f64::from(values.get(index).copied().unwrap_or_default());
    let convolved = |out: usize, y: usize, x: usize| -> f64 {
        let mut sum = 0.0;
        for (channel, dy, dx) in (0..IN * 9).map(|i| (i / 9, i / 3 % 3, i % 3)) {
            // Padding is one all around.
            let (Some(row), Some(column)) = ((y + dy).checked_sub(1), (x + dx).checked_sub(1)) else { continue };
            if row < SIDE && column < SIDE {
                sum += at(&kernel, ((out * IN + channel) * 3 + dy) * 3 + dx)
                    * at(picture, (channel * SIDE + row) * SIDE + column);
            }
        }
        sum
    };
    let mut result = Vec::with_capacity(SIDE * SIDE * OUT);
    for (y, x) in (0..SIDE * SIDE).map(|i| (i / SIDE, i % SIDE)) {
        let row: Vec<f64> = (0..OUT).map(|out| convolved(out, y, x)).collect();
        for column in 0..OUT {
            let sum: f64 = row.iter().enumerate().map(|(i, value)| value * at(&matrix, i * OUT + column)).sum();
            result.push(sum as f32);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_are_noticed() {
        let right = expected(&(0..IN * SIDE * SIDE).map(|i| number(i, 0)).collect::<Vec<_>>());
        compare(&right, &right, false).unwrap();
        let mut off = right.clone();
        off[7] *= 1.02;
        assert!(compare(&off, &right, true).is_ok());
        let said = compare(&off.iter().map(|v| v * 1.1).collect::<Vec<_>>(), &right, true);
        assert!(said.unwrap_err().to_string().contains("wrong numbers"));
        let zeros = vec![0.0; right.len()];
        assert!(compare(&zeros, &right, false).is_err(), "nothing computed at all");
        off[3] = f32::NAN;
        assert!(compare(&off, &right, true).is_err());
        assert!(compare(&right[1..], &right, false).is_err());
    }
}

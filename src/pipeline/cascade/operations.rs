//! What is computed from other values without a graph.

use std::collections::BTreeMap;

use ndarray::{ArrayD, ArrayView3, Axis, Ix2, Ix3, IxDyn, Zip, concatenate};

use crate::autoencoder::Codebook;
use crate::error::Result;
use crate::image::{Interpolation, in_eight_bits, interpolate, one_hot, with_larger_hole};
use crate::model::cascade::{Factor, Operation, Resize};
use crate::tensor::{Embedding, Statistics};

/// What two numbers become.
type Binary = fn(f32, f32) -> f32;

/// Computes `operation` for one picture from the values that `of` gives; `sizes` are those it names, as numbers. The
/// inner error is a sentence about values that do not fit together.
///
/// # Errors
/// What computing itself says, as memory that ran out.
pub(super) fn compute<'v>(
    operation: &Operation,
    of: &dyn Fn(&str) -> Option<&'v ArrayD<f32>>,
    sizes: &[usize],
    edits: &BTreeMap<String, f32>,
) -> Result<Result<ArrayD<f32>, String>> {
    let value = |name: &str| of(name).ok_or_else(|| format!("there is no value {name}"));
    Ok((|| {
        Ok(match operation {
            Operation::FirstOf { .. }
            | Operation::NoiseAugment { .. }
            | Operation::Noise { .. }
            | Operation::NoiseLevel { .. } => {
                return Err("it is not computed here".to_owned());
            }
            Operation::Affine { of, subtract, divide, multiply, add } => {
                let mut x = value(of)?.clone();
                let steps: [(&Option<Factor>, Binary); 4] =
                    [(subtract, |x, y| x - y), (divide, |x, y| x / y), (multiply, |x, y| x * y), (add, |x, y| x + y)];
                for (factor, apply) in steps {
                    match factor {
                        None => {}
                        Some(Factor::Number(number)) => x.mapv_inplace(|x| apply(x, *number)),
                        Some(Factor::Value(name)) => {
                            let other = value(name)?;
                            let shape = x.shape().to_vec();
                            let other =
                                other.broadcast(shape.clone()).ok_or_else(|| unlike(of, &shape, name, other))?;
                            Zip::from(&mut x).and(&other).for_each(|x, &y| *x = apply(*x, y));
                        }
                    }
                }
                x
            }
            Operation::Resize { of, how, .. } => {
                let &[height, width] = sizes else { return Err("it has no size".to_owned()) };
                let planes = planes(of, value(of)?)?;
                interpolate(planes, height, width, kernel(*how)).map_err(|e| e.to_string())?.into_dyn()
            }
            Operation::EightBit { of } => in_eight_bits(value(of)?.clone()),
            Operation::Clamp { of, min, max } => value(of)?.mapv(|x| x.max(*min).min(*max)),
            Operation::Vq { of, codebook } => {
                let codes = value(codebook)?.clone().into_dimensionality::<Ix2>();
                let codes = codes.map_err(|_| format!("{codebook} is no codebook, which is [codes, channels]"))?;
                let book = Codebook::new(codes).map_err(|e| e.to_string())?;
                book.quantized(planes(of, value(of)?)?).map_err(|e| e.to_string())?.into_dyn()
            }
            Operation::Concat { of, axis } => {
                let mut views = Vec::with_capacity(of.len());
                for name in of {
                    views.push(value(name)?.view());
                }
                if views.iter().any(|view| view.ndim() <= *axis) {
                    return Err(format!("a part has no axis {axis}"));
                }
                concatenate(Axis(*axis), &views).map_err(|_| {
                    let shapes: Vec<_> = views.iter().map(|view| view.shape().to_vec()).collect();
                    format!("parts of the shapes {shapes:?} cannot follow each other along axis {axis}")
                })?
            }
            Operation::L2Normalize { of } => {
                embedding(value(of)?)?.normalized().map_err(|e| e.to_string())?.into_row().index_axis_move(Axis(0), 0)
            }
            Operation::Multiply { of } => product(of, &value)?,
            Operation::Fill { with, .. } => ArrayD::from_elem(sizes, *with),
            Operation::PadLeft { of, with, .. } => {
                let &[count] = sizes else { return Err("it has no count".to_owned()) };
                let x = value(of)?;
                let mut shape = x.shape().to_vec();
                let Some(first) = shape.first_mut() else { return Err(format!("{of} is one number")) };
                *first = count;
                let padding = ArrayD::from_elem(shape, *with);
                concatenate(Axis(0), &[padding.view(), x.view()]).map_err(|e| e.to_string())?
            }
            Operation::OneHot { of, .. } => {
                let &[count] = sizes else { return Err("it has no count".to_owned()) };
                let labels = planes(of, value(of)?)?.index_axis_move(Axis(0), 0).mapv(|label| label as u32);
                one_hot(labels.view(), count).map_err(|e| e.to_string())?.into_dyn()
            }
            Operation::LargerHole { of } => {
                with_larger_hole(planes(of, value(of)?)?).map_err(|e| e.to_string())?.into_dyn()
            }
            Operation::Reshape { of, shape } => reshaped(value(of)?, shape)?,
            Operation::Edit { of, mean, std, directions } => {
                edited(value(of)?, value(mean)?, value(std)?, directions, edits, &value)?
            }
        })
    })())
}

/// `[channels, height, width]` of a value.
fn planes<'v>(name: &str, value: &'v ArrayD<f32>) -> Result<ArrayView3<'v, f32>, String> {
    let shape = value.shape().to_vec();
    value.view().into_dimensionality::<Ix3>().map_err(|_| format!("{name} has the shape {shape:?} and no planes"))
}

fn unlike(one: &str, shape: &[usize], other: &str, values: &ArrayD<f32>) -> String {
    format!("{one} has the shape {shape:?}, {other} {:?}; they do not fit together", values.shape())
}

fn kernel(how: Resize) -> Interpolation {
    match how {
        Resize::Nearest => Interpolation::Nearest,
        Resize::Bilinear => Interpolation::Bilinear,
        Resize::BilinearAligned => Interpolation::BilinearCorners,
        Resize::Bicubic => Interpolation::Bicubic,
        Resize::BicubicAntialias => Interpolation::BicubicAntialias,
    }
}

fn product<'v>(of: &[String], value: &impl Fn(&str) -> Result<&'v ArrayD<f32>, String>) -> Result<ArrayD<f32>, String> {
    let mut product: Option<ArrayD<f32>> = None;
    for name in of {
        let factor = value(name)?;
        product = Some(match product {
            None => factor.clone(),
            Some(so_far) => {
                // Either may have the one channel that the other's channels share.
                let shape: Vec<usize> = match so_far.len() >= factor.len() {
                    true => so_far.shape().to_vec(),
                    false => factor.shape().to_vec(),
                };
                let (Some(a), Some(b)) = (so_far.broadcast(shape.clone()), factor.broadcast(shape)) else {
                    return Err(unlike("what comes before it", so_far.shape(), name, factor));
                };
                &a * &b
            }
        });
    }
    product.ok_or_else(|| "it is a product of nothing".to_owned())
}

/// A value as one vector.
fn embedding(value: &ArrayD<f32>) -> Result<Embedding, String> {
    Embedding::new(value.iter().copied().collect()).map_err(|e| e.to_string())
}

fn reshaped(value: &ArrayD<f32>, shape: &[i64]) -> Result<ArrayD<f32>, String> {
    let known: usize = shape.iter().filter_map(|size| usize::try_from(*size).ok()).fold(1, usize::saturating_mul);
    let sizes: Vec<usize> = shape
        .iter()
        .map(|size| usize::try_from(*size).unwrap_or(value.len().checked_div(known).unwrap_or(0)))
        .collect();
    value
        .to_shape(IxDyn(&sizes))
        .map(|reshaped| reshaped.into_owned())
        .map_err(|_| format!("a value of the shape {:?} does not become {shape:?}", value.shape()))
}

/// A semantic code moved along directions: `ẑ = (z − mean) / std`, `ẑ += amount · √n · w / ‖w‖`, `z' = ẑ · std + mean`
/// (Preechakul et al. 2022, arXiv:2111.15640; phizaz/diffae `manipulate.ipynb`).
fn edited<'v>(
    code: &ArrayD<f32>,
    mean: &ArrayD<f32>,
    std: &ArrayD<f32>,
    directions: &BTreeMap<String, String>,
    edits: &BTreeMap<String, f32>,
    value: &impl Fn(&str) -> Result<&'v ArrayD<f32>, String>,
) -> Result<ArrayD<f32>, String> {
    let vector = |values: &ArrayD<f32>| values.iter().copied().collect::<Vec<_>>();
    let statistics = Statistics::new(vector(mean), vector(std)).map_err(|e| e.to_string())?;
    let scaled = statistics.scale(code.clone()).map_err(|e| e.to_string())?;
    let mut moved = embedding(&scaled)?;
    for (attribute, amount) in edits {
        let Some(name) = directions.get(attribute) else { continue };
        moved = moved.moved(&embedding(value(name)?)?, *amount).map_err(|e| e.to_string())?;
    }
    let moved = moved.into_row().index_axis_move(Axis(0), 0);
    statistics.unscale(moved).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;

    fn computed(operation: &str, values: &[(&str, ArrayD<f32>)], sizes: &[usize]) -> Result<ArrayD<f32>, String> {
        let operation: Operation = serde_json::from_str(operation).unwrap();
        let of = |name: &str| values.iter().find(|(other, _)| *other == name).map(|(_, value)| value);
        compute(&operation, &of, sizes, &BTreeMap::from([("night".to_owned(), 0.5)])).unwrap()
    }

    #[test]
    fn affine_goes_step_by_step_and_broadcasts() {
        let x = array![[2.0_f32, 4.0], [6.0, 8.0]].into_dyn();
        let given = [("x", x), ("m", array![1.0_f32, 2.0].into_dyn())];
        let made = computed(r#"{"op":"affine","of":"x","subtract":"m","divide":2,"multiply":3,"add":1}"#, &given, &[]);
        assert_eq!(made.unwrap(), array![[2.5_f32, 4.0], [8.5, 10.0]].into_dyn());
        let wrong = [given[0].clone(), ("m", array![1.0_f32, 2.0, 3.0].into_dyn())];
        assert!(computed(r#"{"op":"affine","of":"x","add":"m"}"#, &wrong, &[]).unwrap_err().contains("[2, 2]"));
    }

    #[test]
    fn eight_bits_are_what_a_file_would_hold() {
        let made =
            computed(r#"{"op":"eight_bit","of":"x"}"#, &[("x", array![-1.0_f32, 0.1, 1.0].into_dyn())], &[]).unwrap();
        assert_eq!(made, array![-1.0_f32, 140.0 / 127.5 - 1.0, 1.0].into_dyn());
    }

    #[test]
    fn masks_multiply_all_channels() {
        let picture = Array::from_iter((0..12).map(|v| v as f32)).into_shape_with_order([3, 2, 2]).unwrap().into_dyn();
        let mask = array![[[0.0_f32, 1.0], [1.0, 0.0]]].into_dyn();
        for of in [r#"["p","m"]"#, r#"["m","p"]"#] {
            let made = computed(
                &format!(r#"{{"op":"multiply","of":{of}}}"#),
                &[("p", picture.clone()), ("m", mask.clone())],
                &[],
            );
            let made = made.unwrap();
            assert_eq!((made[[2, 0, 0]], made[[2, 0, 1]]), (0.0, 9.0));
        }
    }

    #[test]
    fn labels_become_planes_and_bad_ones_are_named() {
        let labels = array![[[0.0_f32, 2.0]]].into_dyn();
        let made = computed(r#"{"op":"one_hot","of":"l","count":3}"#, &[("l", labels.clone())], &[3]).unwrap();
        assert_eq!(made, array![[[1.0_f32, 0.0]], [[0.0, 0.0]], [[0.0, 1.0]]].into_dyn());
        assert!(
            computed(r#"{"op":"one_hot","of":"l","count":2}"#, &[("l", labels)], &[2]).unwrap_err().contains("0 to 1")
        );
    }

    #[test]
    fn a_code_moves_by_its_spread() {
        let given = [
            ("z", array![1.0_f32, 1.0, 1.0, 1.0].into_dyn()),
            ("mean", ArrayD::zeros(vec![4])),
            ("std", ArrayD::from_elem(vec![4], 2.0_f32)),
            ("w", array![3.0_f32, 0.0, 0.0, 0.0].into_dyn()),
        ];
        let edit = r#"{"op":"edit","of":"z","mean":"mean","std":"std","directions":{"night":"w"}}"#;
        // 0.5 of it, times the root of four numbers, times their deviation of two.
        assert_eq!(computed(edit, &given, &[]).unwrap(), array![3.0_f32, 1.0, 1.0, 1.0].into_dyn());
    }

    #[test]
    fn shapes_change_and_pads_come_first() {
        let x = array![1.0_f32, 2.0, 3.0, 4.0].into_dyn();
        assert_eq!(
            computed(r#"{"op":"reshape","of":"x","shape":[2,-1]}"#, &[("x", x.clone())], &[]).unwrap().shape(),
            [2, 2]
        );
        assert!(computed(r#"{"op":"reshape","of":"x","shape":[3,-1]}"#, &[("x", x.clone())], &[]).is_err());
        let padded = computed(r#"{"op":"pad_left","of":"x","count":2,"with":1}"#, &[("x", x)], &[2]).unwrap();
        assert_eq!(padded, array![1.0_f32, 1.0, 1.0, 2.0, 3.0, 4.0].into_dyn());
    }
}

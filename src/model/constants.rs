//! Vectors and matrices that a model needs beside its graphs: statistics of embeddings, null vectors, directions of
//! attributes, codebooks.

use std::path::Path;

use half::{bf16, f16};
use ndarray::{Array2, ArrayD, Axis, Ix2, IxDyn};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::error::{Error, Result};
use crate::files::{self, Kind};
use crate::tensor::{Tensor, read_npy};

/// The most bytes of a safetensors file with constants.
const MAX_BYTES: u64 = 256 << 20;

/// The array in the file at `path`, which is NumPy's (`.npy`) or safetensors (`.safetensors`), as float32. A safetensors
/// file with several tensors needs the name of the one, `tensor`; a `.npy` has but one, and no names.
///
/// # Errors
/// [`Error::Io`]; [`Error::BadModel`] for a file of another kind, one that is damaged or has no such tensor, for another
/// type than floats, and for values that are NaN or infinite.
pub fn read_array(path: &Path, tensor: Option<&str>) -> Result<ArrayD<f32>> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let array = match extension.to_str() {
        Some("npy") => match read_npy(path)? {
            array @ (Tensor::F32(_) | Tensor::F16(_) | Tensor::F64(_)) => array.into_f32(),
            other => {
                let name = other.dtype().name();
                return Err(Error::bad_model(
                    path,
                    format!("it holds {name}; allowed are float32, float16 and float64"),
                ));
            }
        },
        Some("safetensors") => read_safetensors(path, tensor)?,
        _ => return Err(Error::bad_model(path, "a file with constants ends with .npy or .safetensors; this does not")),
    };
    if array.iter().all(|value| value.is_finite()) {
        return Ok(array);
    }
    Err(Error::bad_model(path, "it holds values that are NaN or infinite; export it again as float32"))
}

/// One vector: an array of shape `[width]` or `[1, width]`, of `width` values where that is given.
///
/// # Errors
/// As [`read_array`]; [`Error::BadModel`] for another shape.
pub fn read_vector(path: &Path, tensor: Option<&str>, width: Option<usize>) -> Result<Vec<f32>> {
    let array = read_array(path, tensor)?;
    let fits = match *array.shape() {
        [found] | [1, found] => found > 0 && width.is_none_or(|width| width == found),
        _ => false,
    };
    if !fits {
        return Err(misshapen(path, tensor, array.shape(), &format!("[{}]", side(width, "width"))));
    }
    Ok(array.iter().copied().collect())
}

/// A matrix: an array of shape `[rows, width]`, of `width` columns where that is given. A vector is a matrix of one row.
///
/// # Errors
/// As [`read_vector`].
pub fn read_matrix(path: &Path, tensor: Option<&str>, width: Option<usize>) -> Result<Array2<f32>> {
    let array = read_array(path, tensor)?;
    let shape = array.shape().to_vec();
    let matrix = if array.ndim() == 1 { array.insert_axis(Axis(0)) } else { array };
    let matrix = matrix.into_dimensionality::<Ix2>().ok();
    let fits = |m: &Array2<f32>| !m.is_empty() && width.is_none_or(|width| width == m.ncols());
    // Codebooks and directions are read row by row: Fortran's order goes here.
    let matrix = matrix.filter(fits).map(|m| m.as_standard_layout().into_owned());
    matrix.ok_or_else(|| misshapen(path, tensor, &shape, &format!("[rows, {}]", side(width, "width"))))
}

/// The values of a safetensors tensor as float32; otherwise what is wrong with their type.
pub(crate) fn floats(view: &TensorView<'_>) -> Result<Vec<f32>, String> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => Ok(bytes.as_chunks().0.iter().map(|v| f32::from_le_bytes(*v)).collect()),
        Dtype::F16 => Ok(bytes.as_chunks().0.iter().map(|v| f16::from_le_bytes(*v).to_f32()).collect()),
        Dtype::BF16 => Ok(bytes.as_chunks().0.iter().map(|v| bf16::from_le_bytes(*v).to_f32()).collect()),
        other => Err(format!("of type {other:?}; allowed are F32, F16 and BF16")),
    }
}

fn read_safetensors(path: &Path, tensor: Option<&str>) -> Result<ArrayD<f32>> {
    let bad = |message: String| Error::bad_model(path, message);
    // Before opening: a named pipe would block for ever.
    if !matches!(files::kind(path).map_err(|e| Error::io("cannot open", path, e))?, Kind::File(_)) {
        return Err(bad("it is not a file; one of safetensors is expected".into()));
    }
    let bytes = files::read(path, MAX_BYTES + 1).map_err(|e| Error::io("cannot read", path, e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(bad(format!(
            "it has more than {} MiB, so it holds a whole network; save the constants alone",
            MAX_BYTES >> 20
        )));
    }
    let file =
        SafeTensors::deserialize(&bytes).map_err(|e| bad(format!("it is not a sound safetensors file ({e})")))?;
    let mut names = file.names();
    names.sort_unstable();
    let name = match (tensor, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, _) => {
            return Err(bad(format!("it has {} tensors where one is expected: {}", names.len(), listed(&names))));
        }
    };
    let view = file
        .tensor(name)
        .map_err(|_| bad(format!("it has no tensor \"{name}\"; it has {} of them: {}", names.len(), listed(&names))))?;
    let values = floats(&view).map_err(|what| bad(format!("it has a tensor \"{name}\" {what}")))?;
    ArrayD::from_shape_vec(IxDyn(view.shape()), values).map_err(|e| bad(format!("its \"{name}\" has no array: {e}")))
}

/// The first few of `names`.
fn listed(names: &[&str]) -> String {
    let mut text = names.iter().take(4).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    if names.len() > 4 {
        text.push_str(" …");
    }
    text
}

fn side(stated: Option<usize>, name: &str) -> String {
    stated.map_or_else(|| name.to_owned(), |stated| stated.to_string())
}

fn misshapen(path: &Path, tensor: Option<&str>, found: &[usize], wanted: &str) -> Error {
    let what = tensor.map_or_else(|| "it holds an array".to_owned(), |name| format!("its \"{name}\" is"));
    Error::bad_model(path, format!("{what} of shape {found:?} where {wanted} is expected"))
}

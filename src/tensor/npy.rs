//! Reading NumPy's `.npy` files: constants that an export leaves beside its graphs.
//!
//! The format is NEP 1 (`numpy/lib/format.py`): a magic string, a version, the length of a header, the header as a
//! literal of Python with the keys `descr`, `fortran_order` and `shape`, and the values without gaps.

use std::path::Path;

use half::f16;
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use regex::Regex;

use super::Tensor;
use crate::error::{Error, Result};
use crate::files::{self, Kind};

/// The most bytes of a file: sixteen times what the largest codebook takes.
const MAX_BYTES: u64 = 256 << 20;
/// The most axes of an array.
const MAX_AXES: usize = 8;
const MAGIC: &[u8] = b"\x93NUMPY";
/// The types that are read, as headers write them.
const TYPES: &str = "'<f4', '<f2', '<f8', '<i4', '<i8' and '|b1'";

/// The array in the file at `path`.
///
/// # Errors
/// [`Error::Io`]; [`Error::BadModel`] for a file that is no `.npy`, is cut off or too long, or holds another type than
/// little-endian floats of 16, 32 and 64 bits, integers of 32 and 64 bits, and booleans.
pub fn read_npy(path: &Path) -> Result<Tensor> {
    let bad = |message: String| Error::bad_model(path, message);
    // Before opening: a named pipe would block for ever.
    if !matches!(files::kind(path).map_err(|e| Error::io("cannot open", path, e))?, Kind::File(_)) {
        return Err(bad("it is not a file; a NumPy array (.npy) is expected".into()));
    }
    let bytes = files::read(path, MAX_BYTES + 1).map_err(|e| Error::io("cannot read", path, e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(bad(format!("it has more than {} MiB, which no constant of a model has", MAX_BYTES >> 20)));
    }
    let (header, values) = split(&bytes)
        .ok_or_else(|| bad("it is not a NumPy array (.npy), or is cut off; save it again with numpy.save".into()))?;
    let header = Header::parse(header).map_err(bad)?;
    header.values(values).map_err(bad)
}

/// The header and the values.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (version, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<2>()?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk::<2>().map(|(l, rest)| (usize::from(u16::from_le_bytes(*l)), rest))?,
        2 | 3 => rest.split_first_chunk::<4>().map(|(l, rest)| (u32::from_le_bytes(*l) as usize, rest))?,
        _ => return None,
    };
    let (header, values) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, values))
}

struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Result<Self, String> {
        let find = |pattern: &str| -> Result<Option<String>, String> {
            let pattern = Regex::new(pattern).map_err(|e| e.to_string())?;
            Ok(pattern.captures(text).and_then(|found| found.get(1)).map(|part| part.as_str().to_owned()))
        };
        let descr = find(r"'descr'\s*:\s*'([^']*)'")?
            .ok_or_else(|| format!("its type is not a plain one; allowed are {TYPES}"))?;
        let order = find(r"'fortran_order'\s*:\s*(True|False)")?.ok_or("its header does not say \"fortran_order\"")?;
        let shape = find(r"'shape'\s*:\s*\(([^)]*)\)")?.ok_or("its header has no \"shape\"")?;
        let sides: Option<Vec<usize>> =
            shape.split(',').map(str::trim).filter(|side| !side.is_empty()).map(|side| side.parse().ok()).collect();
        let shape = sides
            .filter(|sides| sides.len() <= MAX_AXES)
            .ok_or_else(|| format!("its shape is ({shape}); allowed are up to {MAX_AXES} whole numbers"))?;
        Ok(Self { descr, fortran_order: order == "True", shape })
    }

    fn values(&self, bytes: &[u8]) -> Result<Tensor, String> {
        match self.descr.as_str() {
            "<f4" => self.array(bytes, f32::from_le_bytes).map(Tensor::F32),
            "<f2" => self.array(bytes, f16::from_le_bytes).map(Tensor::F16),
            "<f8" => self.array(bytes, f64::from_le_bytes).map(Tensor::F64),
            "<i4" => self.array(bytes, i32::from_le_bytes).map(Tensor::I32),
            "<i8" => self.array(bytes, i64::from_le_bytes).map(Tensor::I64),
            "|b1" => self.array(bytes, |[byte]: [u8; 1]| byte != 0).map(Tensor::Bool),
            other => Err(format!("its type is '{other}'; allowed are {TYPES}")),
        }
    }

    fn array<T, const N: usize>(&self, bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Result<ArrayD<T>, String> {
        let wanted = self.shape.iter().try_fold(N, |bytes, side| bytes.checked_mul(*side));
        if wanted != Some(bytes.len()) {
            return Err(format!(
                "its header promises the shape {:?} of type '{}', and {} bytes follow; copy the file again",
                self.shape,
                self.descr,
                bytes.len()
            ));
        }
        let values = bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect();
        let shape = IxDyn(&self.shape).set_f(self.fortran_order);
        ArrayD::from_shape_vec(shape, values).map_err(|e| format!("it has no array of shape {:?}: {e}", self.shape))
    }
}

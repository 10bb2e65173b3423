//! Latents in another size, as `torch.nn.functional.interpolate` does it.

use ndarray::{Array3, ArrayView3};

use super::resample::{Kernel, Window, along, cubic, windows};
use crate::{Error, Result};

/// How a tensor is interpolated; the names are torch's. `align_corners` is off but for the one that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The sample at `floor(i · scale)`: what diffusers does to masks for latents.
    Nearest,
    /// The sample whose centre is nearest.
    NearestExact,
    /// Between two samples.
    Bilinear,
    /// `Bilinear` with `align_corners=True`: the first and the last samples stay where they are (`DeepFloyd` IF).
    BilinearCorners,
    /// Between four samples, Keys' cubic with a = -0.75.
    Bicubic,
    /// `Bilinear` with `antialias=True`: all samples count where a side shrinks.
    BilinearAntialias,
    /// `Bicubic` with `antialias=True`, a = -0.5.
    BicubicAntialias,
}

/// `planes`, `[channels, height, width]`, in another size.
///
/// # Errors
/// [`Error::InvalidArgument`] where either size has no elements; [`Error::OutOfMemory`].
pub fn interpolate(
    planes: ArrayView3<'_, f32>,
    height: usize,
    width: usize,
    how: Interpolation,
) -> Result<Array3<f32>> {
    let (channels, rows, columns) = planes.dim();
    if planes.is_empty() || height == 0 || width == 0 {
        return Err(Error::invalid(format!(
            "latents of {columns} x {rows} cannot be made {width} x {height}: both need at least one element a side"
        )));
    }
    let planes = planes.as_standard_layout();
    let samples = planes.as_slice().unwrap_or_default();
    let wide = along(samples, columns, 1, &how.windows(columns, width))?;
    let both = along(&wide, rows, width, &how.windows(rows, height))?;
    Array3::from_shape_vec((channels, height, width), both)
        .map_err(|e| Error::invalid(format!("latents of {columns} x {rows} cannot be made {width} x {height}: {e}")))
}

impl Interpolation {
    fn windows(self, input: usize, output: usize) -> Vec<Window> {
        let one = |start| Window { start, weights: vec![1.0] };
        // Indices are found in float32 in torch too, so that the same samples are taken.
        let scale = input as f32 / output as f32;
        let nearest = |shift: f32| {
            let index = move |i: usize| (((i as f32 + shift) * scale).floor() as usize).min(input - 1);
            (0..output).map(|i| one(index(i))).collect()
        };
        let between = |at: f32| {
            let start = (at.floor() as usize).min(input - 1);
            let far = f64::from(at - start as f32);
            if start + 1 < input { Window { start, weights: vec![1.0 - far, far] } } else { one(start) }
        };
        let center = |i: usize| scale * (i as f32 + 0.5) - 0.5;
        match self {
            Self::Nearest => nearest(0.0),
            Self::NearestExact => nearest(0.5),
            Self::BilinearAntialias => windows(Kernel::Bilinear, input, output, 0.0, input as f64),
            Self::BicubicAntialias => windows(Kernel::Bicubic, input, output, 0.0, input as f64),
            Self::Bilinear => (0..output).map(|i| between(center(i).max(0.0))).collect(),
            Self::BilinearCorners => {
                let scale = if output > 1 { (input - 1) as f32 / (output - 1) as f32 } else { 0.0 };
                (0..output).map(|i| between(scale * i as f32)).collect()
            }
            Self::Bicubic => (0..output)
                .map(|i| {
                    let (at, last) = (center(i), input as isize - 1);
                    let first = at.floor() as isize - 1;
                    // Beyond the border its sample is repeated: it gets those weights too.
                    let start = first.clamp(0, last) as usize;
                    let mut weights = vec![0.0; (first + 3).clamp(0, last) as usize - start + 1];
                    for tap in first..first + 4 {
                        weights[tap.clamp(0, last) as usize - start] += cubic(f64::from(at) - tap as f64, -0.75);
                    }
                    Window { start, weights }
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn planes(values: &Value, height: usize, width: usize) -> Array3<f32> {
        let values: Vec<_> = values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
        Array3::from_shape_vec((2, height, width), values).unwrap()
    }

    #[test]
    fn latents_are_interpolated_as_torch_does_it() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/image.json");
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();
        let golden = &golden["planes"];
        let size = |value: &Value, key: &str| value[key].as_u64().unwrap() as usize;
        let source = planes(&golden["source"], size(golden, "height"), size(golden, "width"));
        let cases = golden["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 42);
        for case in cases {
            let how = match (case["mode"].as_str().unwrap(), case["antialias"].as_bool().unwrap()) {
                ("nearest", _) => Interpolation::Nearest,
                ("nearest-exact", _) => Interpolation::NearestExact,
                ("bilinear", false) => Interpolation::Bilinear,
                ("bilinear", true) => Interpolation::BilinearAntialias,
                ("bilinear-corners", _) => Interpolation::BilinearCorners,
                ("bicubic", false) => Interpolation::Bicubic,
                _ => Interpolation::BicubicAntialias,
            };
            let (height, width) = (size(case, "height"), size(case, "width"));
            let want = planes(&case["values"], height, width);
            let got = interpolate(source.view(), height, width, how).unwrap();
            let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // Torch has positions and weights in float32 (6e-8 of up to 16), values reach 3.
            assert!(worst <= 4e-6, "{how:?} to {width} x {height}: {worst}");
        }
    }

    #[test]
    fn latents_without_elements_are_refused() {
        let empty = Array3::zeros((4, 0, 8));
        let some = Array3::zeros((4, 8, 8));
        for how in [Interpolation::Nearest, Interpolation::Bicubic, Interpolation::BilinearAntialias] {
            for (planes, height, width) in [(&empty, 4, 4), (&some, 0, 4), (&some, 4, 0)] {
                let error = interpolate(planes.view(), height, width, how).unwrap_err().to_string();
                assert!(error.ends_with("both need at least one element a side"), "{error}");
            }
        }
    }
}

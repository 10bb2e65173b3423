//! PIL's Gaussian blur for one byte a pixel: three box blurs with fractional edges, each rounded to bytes.
//!
//! Facts: Pillow `src/libImaging/BoxBlur.c`, after Gwosdek et al., "Theoretical foundations of Gaussian convolution by
//! extended box filtering" (2011).

/// How often the box is applied.
const PASSES: u8 = 3;

/// The box's radius for a Gaussian's standard deviation; in float32, as there.
fn box_radius(deviation: f32) -> f32 {
    let sigma2 = deviation * deviation / f32::from(PASSES);
    let length = (12.0 * f64::from(sigma2) + 1.0).sqrt() as f32;
    let whole = ((f64::from(length) - 1.0) / 2.0).floor() as f32;
    let part =
        (2.0 * whole + 1.0) * (whole * (whole + 1.0) - 3.0 * sigma2) / (6.0 * (sigma2 - (whole + 1.0) * (whole + 1.0)));
    whole + part
}

/// Blurs `pixels`, rows of `width` bytes, as `ImageFilter.GaussianBlur(deviation)`.
pub(super) fn gaussian(pixels: &mut Vec<u8>, width: usize, deviation: f32) {
    if deviation == 0.0 || pixels.is_empty() || width == 0 {
        return;
    }
    let radius = box_radius(deviation);
    let height = pixels.len() / width;
    for (row, column) in [(width, height), (height, width)] {
        for line in pixels.chunks_exact_mut(row) {
            (0..PASSES).for_each(|_| box_blur(line, radius));
        }
        *pixels = transposed(pixels, row, column);
    }
}

/// Columns as rows.
fn transposed(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    (0..width).flat_map(|x| (0..height).map(move |y| pixels[y * width + x])).collect()
}

/// One pass over one line, in 24-bit fixed point; beyond the ends the line's end samples go on.
fn box_blur(line: &mut [u8], radius: f32) {
    const ONE: f32 = (1 << 24) as f32;
    let whole = radius as usize;
    let weight = (ONE / (radius * 2.0 + 1.0)) as u32;
    let edge = ((1u32 << 24).saturating_sub((2 * whole as u32 + 1).saturating_mul(weight))) / 2;
    let last = line.len() - 1;
    let source = line.to_vec();
    let at = |index: usize| u32::from(source[index.saturating_sub(whole + 1).min(last)]);
    // `at` counts from a border of `whole + 1` samples before the line.
    let mut sum: u32 = (1..=2 * whole + 1).map(at).sum();
    for (x, out) in line.iter_mut().enumerate() {
        let (before, after) = (at(x), at(x + 2 * whole + 2));
        *out = ((sum * weight + (before + after) * edge + (1 << 23)) >> 24) as u8;
        sum = sum + after - at(x + 1);
    }
}

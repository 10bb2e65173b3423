//! Decoding a latent in overlapping tiles, blended where they meet.
//!
//! The method and its numbers are those of diffusers' `AutoencoderKL.tiled_decode` (0.35.2): tiles as large as the
//! trained size, a quarter of each shared with the next, blended linearly. Each tile is normalised by itself, so the
//! picture differs a little from one that is decoded whole.

use ndarray::{Array3, ArrayView3, Axis, s};

use crate::error::{Error, Result};

/// What the tiles share with their neighbours, of their side.
const OVERLAP: f64 = 0.25;

/// Decodes `latent` (`[channels, height, width]`) by tiles of `tile` x `tile`; `decode` makes
/// `[3, height·f, width·f]` of each.
pub(super) fn decode(
    latent: ArrayView3<'_, f32>,
    tile: usize,
    mut decode: impl FnMut(Array3<f32>) -> Result<Array3<f32>>,
) -> Result<Array3<f32>> {
    let (_, height, width) = latent.dim();
    let stride = ((tile as f64 * (1.0 - OVERLAP)) as usize).max(1);
    let mut picture: Option<Array3<f32>> = None;
    let mut above: Vec<Array3<f32>> = Vec::new();
    for top in (0..height).step_by(stride) {
        let mut row: Vec<Array3<f32>> = Vec::new();
        for (column, left) in (0..width).step_by(stride).enumerate() {
            let (bottom, right) = ((top + tile).min(height), (left + tile).min(width));
            let part = latent.slice(s![.., top..bottom, left..right]).to_owned();
            let (rows, columns) = (part.dim().1, part.dim().2);
            let mut decoded = decode(part)?;
            let factor = decoded.dim().1 / rows;
            if factor == 0 || decoded.dim() != (decoded.dim().0, rows * factor, columns * factor) {
                return Err(Error::Internal(format!("a tile of {rows}x{columns} latents became {:?}", decoded.dim())));
            }
            let extent = (tile - stride) * factor;
            if let Some(above) = above.get(column) {
                blend(above, &mut decoded, Axis(1), extent);
            }
            if let Some(left) = row.last() {
                blend(left, &mut decoded, Axis(2), extent);
            }
            // What lies beyond the limit is the next tile's, which blends it in.
            let limit = tile * factor - extent;
            let (down, across) = (decoded.dim().1.min(limit), decoded.dim().2.min(limit));
            let whole =
                picture.get_or_insert_with(|| Array3::zeros((decoded.dim().0, height * factor, width * factor)));
            let (y, x) = (top / stride * limit, left / stride * limit);
            // A last tile that is wholly inside its neighbour has nothing of its own to add past the edge.
            let (down, across) = (down.min(whole.dim().1 - y), across.min(whole.dim().2 - x));
            whole.slice_mut(s![.., y..y + down, x..x + across]).assign(&decoded.slice(s![.., ..down, ..across]));
            row.push(decoded);
        }
        above = row;
    }
    picture.ok_or_else(|| Error::Internal("a latent without a size was to be decoded".into()))
}

/// Fades from the end of `before` into the beginning of `after` along `axis`, over `extent` pixels.
fn blend(before: &Array3<f32>, after: &mut Array3<f32>, axis: Axis, extent: usize) {
    let (old, new) = (before.len_of(axis), after.len_of(axis));
    let extent = extent.min(old).min(new);
    for at in 0..extent {
        let share = at as f32 / extent as f32;
        let old = before.index_axis(axis, old - extent + at);
        let mut line = after.index_axis_mut(axis, at);
        line.zip_mut_with(&old, |new, old| *new = old * (1.0 - share) + *new * share);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    /// A decoder that doubles every latent into 2x2 pixels.
    fn doubled(tile: Array3<f32>) -> Result<Array3<f32>> {
        let (channels, height, width) = tile.dim();
        Ok(Array3::from_shape_fn((channels, height * 2, width * 2), |(c, y, x)| tile[[c, y / 2, x / 2]]))
    }

    #[test]
    fn tiles_of_a_local_decoder_join_without_a_trace() {
        for (height, width) in [(9, 8), (8, 16), (17, 21), (30, 11)] {
            let latent = Array3::from_shape_fn((3, height, width), |(c, y, x)| (c * 100 + y * 10 + x) as f32);
            let tiled = decode(latent.view(), 8, doubled).unwrap();
            let whole = doubled(latent).unwrap();
            let off = (&tiled - &whole).iter().fold(0.0_f32, |most, v| most.max(v.abs()));
            assert!(off < 1e-3, "{height}x{width}: {off}");
        }
    }

    #[test]
    fn tiles_that_differ_fade_into_each_other() {
        let mut calls = 0.0;
        let picture = decode(Array3::zeros((1, 8, 14)).view(), 8, |tile| {
            calls += 1.0;
            Ok(Array3::from_elem((3, tile.dim().1, tile.dim().2), calls))
        });
        let picture = picture.unwrap();
        assert_eq!(picture.dim(), (3, 8, 14));
        let line: Vec<f32> = picture.slice(s![0, 0, 4..9]).to_vec();
        assert_eq!(line, [1.0, 1.0, 1.0, 1.5, 2.0], "two pixels are shared, and every second step is a half");
    }

    #[test]
    fn a_decoder_that_gives_no_picture_is_an_error() {
        let shrunk = |_| Ok(Array3::zeros((3, 1, 1)));
        assert!(decode(Array3::zeros((4, 9, 9)).view(), 8, shrunk).is_err());
    }
}

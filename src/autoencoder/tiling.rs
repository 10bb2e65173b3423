//! Pictures in overlapping tiles, blended where they meet, so that the memory of a graph does not grow with the picture.
//!
//! The method and its numbers are those of diffusers' `AutoencoderKL.tiled_decode` and `tiled_encode` (0.35.2): tiles as
//! large as the trained size, a quarter of each shared with the next, blended linearly. What is blended of an encoder is
//! its whole output, mean and logarithm of the variance alike. Each tile is normalised by itself, so the result differs a
//! little from one that was made whole.

use std::path::Path;

use ndarray::{Array3, ArrayView3, Axis, s};

use crate::error::{Error, Result};
use crate::model::VaeConfig;

/// What the tiles share with their neighbours, of their side.
const OVERLAP: f64 = 0.25;
/// The largest side of a tile in pixels, whatever the autoencoder was trained on: activations go with its square.
const LARGEST: usize = 768;
/// The smallest side of a tile in latents.
const SMALLEST: usize = 8;

/// Which pictures are cut into tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// None.
    Never,
    /// Those with a side beyond what the autoencoder was trained on.
    BeyondTrained,
    /// Those with a side beyond a tile's.
    BeyondTile,
}

/// How an autoencoder's pictures are cut. Sides are in latents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiles {
    trained: usize,
    side: usize,
    /// Pixels along each side of a latent.
    factor: usize,
}

/// The side of a tile and the way from one to the next, in the lines of what is cut or of what is made.
#[derive(Clone, Copy)]
struct Lines {
    side: usize,
    stride: usize,
}

impl Tiles {
    pub(super) fn new(config: &VaeConfig) -> Self {
        let (trained, factor) = (config.trained().max(SMALLEST), config.spatial_factor);
        Self { trained, side: trained.min(LARGEST / factor).max(SMALLEST), factor }
    }

    /// Whether a picture of `height` x `width` latents is cut.
    pub(super) fn are_for(&self, cut: Cut, (height, width): (usize, usize)) -> bool {
        let largest = height.max(width);
        match cut {
            Cut::Never => false,
            Cut::BeyondTrained => largest > self.trained,
            Cut::BeyondTile => largest > self.side,
        }
    }

    /// Decodes `latent` (`[channels, height, width]`) tile by tile: `decode` makes `[3, height·f, width·f]` of each, and
    /// `place` is given every pixel of the picture once, with the row and the column where it lies.
    ///
    /// # Errors
    /// Those of `decode` and `place`; [`Error::BadModel`], naming `graph`, where a tile became one of another size.
    pub(super) fn decode(
        &self,
        latent: ArrayView3<'_, f32>,
        graph: &Path,
        decode: impl FnMut(Array3<f32>) -> Result<Array3<f32>>,
        place: impl FnMut(usize, usize, ArrayView3<'_, f32>) -> Result<()>,
    ) -> Result<()> {
        tile_by_tile(latent, [self.latents(), self.pixels()], graph, decode, place)
    }

    /// Encodes `picture` (`[3, height, width]`) tile by tile: `encode` makes `[channels, height/f, width/f]` of each.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub(super) fn encode(
        &self,
        picture: ArrayView3<'_, f32>,
        graph: &Path,
        encode: impl FnMut(Array3<f32>) -> Result<Array3<f32>>,
    ) -> Result<Array3<f32>> {
        let (_, height, width) = picture.dim();
        let mut whole: Option<Array3<f32>> = None;
        tile_by_tile(picture, [self.pixels(), self.latents()], graph, encode, |y, x, part| {
            let shape = (part.dim().0, height / self.factor, width / self.factor);
            let target = whole.get_or_insert_with(|| Array3::zeros(shape));
            let mut target = target.slice_mut(s![.., y..y + part.dim().1, x..x + part.dim().2]);
            if target.dim() != part.dim() {
                return Err(Error::bad_model(graph, "its tiles have different numbers of channels"));
            }
            target.assign(&part);
            Ok(())
        })?;
        whole.ok_or_else(|| Error::Internal("a picture without a size was to be encoded".into()))
    }

    fn latents(&self) -> Lines {
        Lines { side: self.side, stride: ((self.side as f64 * (1.0 - OVERLAP)) as usize).max(1) }
    }

    fn pixels(&self) -> Lines {
        let Lines { side, stride } = self.latents();
        Lines { side: side * self.factor, stride: stride * self.factor }
    }
}

/// Runs `one` on each tile of `source`, whose lines are the first of `lines`; those of what it makes are the second.
///
/// Of finished tiles only the margins are kept that the next ones still blend with.
fn tile_by_tile(
    source: ArrayView3<'_, f32>,
    [cut, made]: [Lines; 2],
    graph: &Path,
    mut one: impl FnMut(Array3<f32>) -> Result<Array3<f32>>,
    mut place: impl FnMut(usize, usize, ArrayView3<'_, f32>) -> Result<()>,
) -> Result<()> {
    let (_, height, width) = source.dim();
    let margin = made.side - made.stride;
    // The lower margins of the tiles above, from left to right.
    let mut above: Vec<Array3<f32>> = Vec::new();
    for (row, top) in (0..height).step_by(cut.stride).enumerate() {
        let mut margins = Vec::with_capacity(above.len());
        let mut left: Option<Array3<f32>> = None;
        for (column, start) in (0..width).step_by(cut.stride).enumerate() {
            let (bottom, end) = ((top + cut.side).min(height), (start + cut.side).min(width));
            let part = source.slice(s![.., top..bottom, start..end]).to_owned();
            let size = [bottom - top, end - start];
            let mut tile = one(part)?;
            let (_, rows, columns) = tile.dim();
            if [rows, columns] != size.map(|lines| lines * made.side / cut.side) {
                return Err(Error::bad_model(
                    graph,
                    format!(
                        "a tile of {}x{} became one of {rows}x{columns}; its spatial factor does not fit the folder's \
                         config",
                        size[0], size[1]
                    ),
                ));
            }
            for (neighbour, axis) in [(above.get(column), Axis(1)), (left.as_ref(), Axis(2))] {
                if let Some(neighbour) = neighbour {
                    blend(neighbour, &mut tile, axis, margin);
                }
            }
            // What lies beyond is the next tile's, which blends it in.
            let own = tile.slice(s![.., ..rows.min(made.stride), ..columns.min(made.stride)]);
            place(row * made.stride, column * made.stride, own)?;
            margins.push(tile.slice(s![.., rows.saturating_sub(margin).., ..]).to_owned());
            left = Some(tile.slice(s![.., .., columns.saturating_sub(margin)..]).to_owned());
        }
        above = margins;
    }
    Ok(())
}

/// Fades from the end of `before` into the beginning of `after` along `axis`, over `extent` lines.
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

    /// Tiles of 8 latents, each of 2x2 pixels.
    const TILES: Tiles = Tiles { trained: 10, side: 8, factor: 2 };

    /// A decoder that doubles every latent into 2x2 pixels.
    fn doubled(tile: Array3<f32>) -> Result<Array3<f32>> {
        let (channels, height, width) = tile.dim();
        assert!(height <= 8 && width <= 8, "a tile of {height}x{width}");
        Ok(Array3::from_shape_fn((channels, height * 2, width * 2), |(c, y, x)| tile[[c, y / 2, x / 2]]))
    }

    /// An encoder that takes every second pixel.
    fn halved(tile: Array3<f32>) -> Result<Array3<f32>> {
        Ok(tile.slice(s![.., ..;2, ..;2]).to_owned())
    }

    /// The picture of `latent`, each of its pixels placed once.
    fn decoded(
        tiles: Tiles,
        latent: &Array3<f32>,
        decode: impl FnMut(Array3<f32>) -> Result<Array3<f32>>,
    ) -> Result<Array3<f32>> {
        let (channels, height, width) = latent.dim();
        let mut picture = Array3::from_elem((channels, height * tiles.factor, width * tiles.factor), f32::NAN);
        tiles.decode(latent.view(), Path::new("decoder"), decode, |y, x, part| {
            let (_, rows, columns) = part.dim();
            let mut target = picture.slice_mut(s![.., y..y + rows, x..x + columns]);
            assert!(target.iter().all(|v| v.is_nan()), "placed twice");
            target.assign(&part);
            Ok(())
        })?;
        Ok(picture)
    }

    fn counted(channels: usize, height: usize, width: usize) -> Array3<f32> {
        Array3::from_shape_fn((channels, height, width), |(c, y, x)| (c * 100 + y * 10 + x) as f32)
    }

    fn distance(one: &Array3<f32>, other: &Array3<f32>) -> f32 {
        (one - other).iter().fold(0.0, |most, v| if v.is_nan() { f32::NAN } else { v.abs().max(most) })
    }

    #[test]
    fn tiles_of_a_local_autoencoder_join_without_a_trace() {
        for (height, width) in [(9, 8), (8, 16), (17, 21), (30, 11), (6, 13)] {
            let latent = counted(3, height, width);
            let whole = doubled_whole(&latent);
            let off = distance(&decoded(TILES, &latent, doubled).unwrap(), &whole);
            assert!(off < 1e-3, "{height}x{width}: {off}");
            let encoded = TILES.encode(whole.view(), Path::new("encoder"), halved).unwrap();
            let off = distance(&encoded, &latent);
            assert!(off < 1e-3, "{height}x{width}: {off}");
        }
    }

    fn doubled_whole(latent: &Array3<f32>) -> Array3<f32> {
        let (channels, height, width) = latent.dim();
        Array3::from_shape_fn((channels, height * 2, width * 2), |(c, y, x)| latent[[c, y / 2, x / 2]])
    }

    #[test]
    fn tiles_that_differ_fade_into_each_other() {
        let mut calls = 0.0;
        let tiles = Tiles { factor: 1, ..TILES };
        let picture = decoded(tiles, &Array3::zeros((1, 8, 14)), |tile| {
            calls += 1.0;
            Ok(Array3::from_elem(tile.dim(), calls))
        });
        let line: Vec<f32> = picture.unwrap().slice(s![0, 0, 4..9]).to_vec();
        assert_eq!(line, [1.0, 1.0, 1.0, 1.5, 2.0], "two pixels are shared, and every second step is a half");
    }

    #[test]
    fn a_tile_of_another_size_is_an_error() {
        let shrunk = |_| Ok(Array3::zeros((3, 1, 1)));
        let said = decoded(TILES, &Array3::zeros((3, 9, 9)), shrunk).unwrap_err().to_string();
        assert!(said.contains("8x8 became one of 1x1"), "{said}");
        assert!(TILES.encode(Array3::zeros((3, 18, 18)).view(), Path::new("encoder"), shrunk).is_err());
    }

    #[test]
    fn what_is_cut_goes_by_the_larger_side() {
        let cases = [(8, [false, false, false]), (9, [false, false, true]), (11, [false, true, true])];
        for (side, expected) in cases {
            for size in [(side, 1), (1, side)] {
                let cut = [Cut::Never, Cut::BeyondTrained, Cut::BeyondTile].map(|cut| TILES.are_for(cut, size));
                assert_eq!(cut, expected, "{size:?}");
            }
        }
    }
}

//! Convolution with a 3×3 kernel and stride 1, by Winograd's minimal filtering.
//!
//! A tile of M×M outputs needs (M+2)² products for each pair of channels instead of 9·M²: 2.25 times fewer for M = 2,
//! 4 times for M = 4. The steps: each tile's patch of the picture is transformed, giving one matrix [inputs, tiles]
//! for each of the (M+2)² points; the filters are, giving one [outputs, inputs] for each; matrices are multiplied point
//! by point; and the products are transformed back.
//!
//! Filters are transformed anew in each run, a group of outputs at a time, by the thread that multiplies with them.
//! That costs a few per cent, and saves keeping them: for M = 4 they are four times as large as the weights.

mod input;
mod output;
mod points;
mod product;
mod tiles;

use pulp::{Arch, Simd, WithSimd};

use super::memory::{Scratch, Shared};
use super::pool::Pool;
use input::InputJob;
pub(super) use output::Added;
use output::{OutputJob, scratch_len};
use product::Weights;
pub(super) use tiles::ConvShape;
use tiles::Grid;

/// How many output channels a job makes: each time it goes through the transformed picture.
const GROUP: usize = 32;

/// How many input channels are multiplied at a time: transformed filters of a group then fit the second-level cache.
const DEPTH: usize = 160;

/// How many input channels a job transforms.
const CHANNELS: usize = 16;

/// How many floats of transformed picture there may be at a time, so that it stays in the third-level cache.
const MOST_TRANSFORMED: usize = 3 << 20;

/// How many panels a job takes at most, so that its products stay in the cache.
const MOST_PANELS: usize = 8;

/// The widest panel: 3 vectors of 16.
const MOST_TILES: usize = 48;

/// Panels of tiles that are worked on at a time.
#[derive(Debug, Clone, Copy)]
struct Panels {
    first: usize,
    count: usize,
    /// How many tiles each has.
    tiles: usize,
}

impl Panels {
    /// The number of the first tile of the panel `index`.
    fn start(&self, index: usize) -> usize {
        (self.first + index) * self.tiles
    }
}

/// A convolution's operands.
#[derive(Clone, Copy)]
pub(super) struct Conv<'a> {
    pub shape: ConvShape,
    /// [batch, inputs, height, width].
    pub x: &'a [f32],
    /// [3, 3, outputs, inputs].
    pub weights: &'a [f32],
    pub added: Added<'a>,
    /// About how many threads will share the work. Only how it is divided depends on it.
    pub threads: usize,
    /// Which vectors to compute with.
    pub arch: Arch,
}

/// How large the tiles are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Two,
    Four,
}

impl Conv<'_> {
    /// Computes the convolution into `out`, [batch, outputs, rows, columns]; the operands must be as long as `shape`
    /// says. `side` is chosen by [`cheapest`](Self::cheapest) unless a test says otherwise.
    pub(super) fn compute<P: Pool>(&self, side: Side, out: &mut [f32], pool: &P, scratch: &Scratch) -> ort::Result<()> {
        let vectors = self.arch.dispatch(Vectors);
        match (side, vectors.in_a_panel()) {
            (Side::Two, 2) => self.tiled::<P, 4, 2, 2>(vectors, out, pool, scratch),
            (Side::Two, _) => self.tiled::<P, 4, 2, 3>(vectors, out, pool, scratch),
            (Side::Four, 2) => self.tiled::<P, 6, 4, 2>(vectors, out, pool, scratch),
            (Side::Four, _) => self.tiled::<P, 6, 4, 3>(vectors, out, pool, scratch),
        }
    }

    /// The tiles that need the least work: large ones, unless the picture is so small that most of a panel is empty.
    pub(super) fn cheapest(&self) -> Side {
        let vectors = self.arch.dispatch(Vectors);
        let tiles = vectors.in_a_panel() * vectors.lanes;
        let work = |side: usize| {
            let used = Grid::new(&self.shape, side).map_or(0, |grid| grid.tiles.next_multiple_of(tiles));
            // A filter's transform costs about as much as its product with half a panel.
            (side + 2) * (side + 2) * (used + tiles / 2)
        };
        if work(4) <= work(2) { Side::Four } else { Side::Two }
    }

    /// N = M + 2; V vectors make a panel.
    fn tiled<P: Pool, const N: usize, const M: usize, const V: usize>(
        &self,
        vectors: VectorSize,
        out: &mut [f32],
        pool: &P,
        scratch: &Scratch,
    ) -> ort::Result<()> {
        let arch = self.arch;
        let shape = self.shape;
        let Some(grid) = Grid::new(&shape, M) else { return Ok(()) };
        let (points, tiles) = (N * N, V * vectors.lanes);
        let all = grid.tiles.div_ceil(tiles);
        let one = points * shape.inputs * tiles;
        let at_once = (MOST_TRANSFORMED / one.max(1)).clamp(1, all);
        // Rounds of about the same size.
        let at_once = all.div_ceil(all.div_ceil(at_once));
        let mut transformed = scratch.take(one * at_once);
        let out = Shared::new(out);
        let groups = shape.outputs.div_ceil(GROUP);
        let weights = Weights { values: self.weights, outputs: shape.outputs, inputs: shape.inputs };
        for first in (0..all).step_by(at_once) {
            let panels = Panels { first, count: at_once.min(all - first), tiles };
            {
                let transformed = Shared::new(&mut transformed);
                pool.each(panels.count * shape.inputs.div_ceil(CHANNELS), &|unit| {
                    let (panel, block) = (unit % panels.count, unit / panels.count);
                    let channels = block * CHANNELS..((block + 1) * CHANNELS).min(shape.inputs);
                    let (x, transformed) = (self.x, &transformed);
                    arch.dispatch(InputJob::<N, M, V> { shape, grid, panels, x, panel, channels, transformed });
                })?;
            }
            // Enough jobs that every thread has some, even if that means transforming filters more than once.
            let parts = (3 * self.threads).div_ceil(groups).max(panels.count.div_ceil(MOST_PANELS));
            let size = panels.count.div_ceil(parts.clamp(1, panels.count));
            let parts = panels.count.div_ceil(size);
            pool.each(groups * parts, &|unit| {
                let (group, part) = (unit / parts, unit % parts);
                let part = part * size..((part + 1) * size).min(panels.count);
                let outputs = group * GROUP..((group + 1) * GROUP).min(shape.outputs);
                let mut scratch = scratch.take(scratch_len(points, part.len(), tiles));
                let (transformed, added, out, scratch) = (&transformed[..], self.added, &out, &mut scratch[..]);
                arch.dispatch(OutputJob::<N, M, V> {
                    grid,
                    panels,
                    part,
                    outputs,
                    transformed,
                    weights,
                    added,
                    out,
                    scratch,
                });
            })?;
        }
        Ok(())
    }
}

/// Asks for the processor's vectors.
struct Vectors;

#[derive(Debug, Clone, Copy)]
struct VectorSize {
    lanes: usize,
    registers: usize,
}

impl VectorSize {
    /// How many vectors a panel has: with rows as [`product`] takes them, sums and operands fill the registers.
    fn in_a_panel(self) -> usize {
        if self.registers >= 32 && self.lanes >= 16 { 2 } else { 3 }
    }
}

impl WithSimd for Vectors {
    type Output = VectorSize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> VectorSize {
        VectorSize { lanes: S::F32_LANES, registers: S::REGISTER_COUNT }
    }
}

#[cfg(test)]
mod tests;

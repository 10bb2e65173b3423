//! The products and their transform back into a picture, for a group of output channels.

use pulp::{Simd, WithSimd};

use super::super::memory::Shared;
use super::product::{self, ROW, Weights};
use super::tiles::{Grid, Run};
use super::{DEPTH, GROUP, MOST_TILES, Panels, points};

/// What is added to a convolution's result.
#[derive(Clone, Copy, Default)]
pub(in super::super) struct Added<'a> {
    /// [outputs].
    pub bias: Option<&'a [f32]>,
    /// [batch, outputs].
    pub shift: Option<&'a [f32]>,
    /// [batch, outputs, rows, columns].
    pub picture: Option<&'a [f32]>,
}

/// Makes some output channels of some panels.
pub(super) struct OutputJob<'a, const N: usize, const M: usize, const V: usize> {
    pub grid: Grid,
    pub panels: Panels,
    /// Which panels, counted from the first of `panels`.
    pub part: std::ops::Range<usize>,
    pub outputs: std::ops::Range<usize>,
    /// [points, panels, inputs, tiles].
    pub transformed: &'a [f32],
    pub weights: Weights<'a>,
    pub added: Added<'a>,
    /// [batch, outputs, rows, columns].
    pub out: &'a Shared<'a>,
    /// As many floats as [`scratch_len`] says.
    pub scratch: &'a mut [f32],
}

/// How many floats a job needs for `panels` panels.
pub(super) fn scratch_len(points: usize, panels: usize, tiles: usize) -> usize {
    points * GROUP * (ROW + panels * tiles)
}

impl<const N: usize, const M: usize, const V: usize> WithSimd for OutputJob<'_, N, M, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { grid, panels, part, outputs, transformed, weights, added, out, scratch } = self;
        let (filters, products) = scratch.split_at_mut(N * N * GROUP * ROW);
        for start in (0..weights.inputs).step_by(DEPTH) {
            let inputs = start..(start + DEPTH).min(weights.inputs);
            product::transform::<S, N>(simd, weights, outputs.clone(), inputs.clone(), filters);
            let inputs = (inputs, weights.inputs);
            let rows = outputs.len();
            product::multiply::<S, N, V>(simd, filters, rows, transformed, panels, part.clone(), inputs, products);
        }
        let tiles = panels.tiles;
        let mut pixels = [[0.0f32; MOST_TILES]; 16];
        for (index, panel) in part.clone().enumerate() {
            let runs = grid.runs(panels.start(panel), tiles);
            for (row, output) in outputs.clone().enumerate() {
                for vector in 0..V {
                    let at = vector * S::F32_LANES;
                    let read = |point: usize| {
                        let place = ((point * part.len() + index) * GROUP + row) * tiles + at;
                        S::as_simd_f32s(&products[place..place + S::F32_LANES]).0[0]
                    };
                    let mut half = [[simd.splat_f32s(0.0); N]; M];
                    #[expect(clippy::needless_range_loop, reason = "a column of the one is a row of the other")]
                    for j in 0..N {
                        let column = points::output::<S, N, M>(simd, std::array::from_fn(|i| read(i * N + j)));
                        (0..M).for_each(|i| half[i][j] = column[i]);
                    }
                    for (i, half) in half.into_iter().enumerate() {
                        for (j, value) in points::output::<S, N, M>(simd, half).into_iter().enumerate() {
                            S::as_mut_simd_f32s(&mut pixels[i * M + j][at..at + S::F32_LANES]).0[0] = value;
                        }
                    }
                }
                for run in runs.clone() {
                    write::<M>(grid, run, &pixels, (output, weights.outputs), added, out);
                }
            }
        }
    }
}

/// Writes a run of tiles, which lie sorted by place in the tile, into the picture.
#[inline(always)]
fn write<const M: usize>(
    grid: Grid,
    run: Run,
    pixels: &[[f32; MOST_TILES]; 16],
    (output, outputs): (usize, usize),
    added: Added<'_>,
    out: &Shared<'_>,
) {
    let plane = run.picture * outputs + output;
    let level = added.bias.map_or(0.0, |bias| bias[output]) + added.shift.map_or(0.0, |shift| shift[plane]);
    let left = run.column * M;
    let width = (run.count * M).min(grid.out_width - left);
    for i in 0..M.min(grid.out_height - run.row * M) {
        let at = (plane * grid.out_height + run.row * M + i) * grid.out_width + left;
        #[expect(unsafe_code, reason = "jobs write disjoint tiles")]
        // SAFETY: these tiles of this channel are this job's alone.
        let line = unsafe { out.part(at, width) };
        let columns: [&[f32]; M] = std::array::from_fn(|j| &pixels[i * M + j][run.slot..run.slot + run.count]);
        let mut whole = line.chunks_exact_mut(M);
        for (tile, four) in whole.by_ref().enumerate().take(run.count) {
            (0..M).for_each(|j| four[j] = columns[j][tile] + level);
        }
        let rest = whole.into_remainder();
        rest.iter_mut().zip(columns).for_each(|(pixel, column)| *pixel = column[run.count - 1] + level);
        if let Some(picture) = added.picture {
            line.iter_mut().zip(&picture[at..at + width]).for_each(|(pixel, other)| *pixel += *other);
        }
    }
}

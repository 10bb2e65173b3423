//! The input's transform: patches of the picture into one matrix for each point.

use pulp::{Simd, WithSimd};

use super::super::memory::Shared;
use super::points;
use super::tiles::{ConvShape, Grid, Run};
use super::{MOST_TILES, Panels};

/// Transforms some channels of one panel.
pub(super) struct InputJob<'a, const N: usize, const M: usize, const V: usize> {
    pub shape: ConvShape,
    pub grid: Grid,
    pub panels: Panels,
    /// The picture, [batch, inputs, height, width].
    pub x: &'a [f32],
    /// Which panel, counted from the first of `panels`.
    pub panel: usize,
    pub channels: std::ops::Range<usize>,
    /// [points, panels, inputs, tiles].
    pub transformed: &'a Shared<'a>,
}

impl<const N: usize, const M: usize, const V: usize> WithSimd for InputJob<'_, N, M, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let tiles = self.panels.tiles;
        let mut patch = [[0.0f32; MOST_TILES]; 36];
        let runs = self.grid.runs(self.panels.start(self.panel), tiles);
        for channel in self.channels.clone() {
            for run in runs.clone() {
                self.gather(channel, run, &mut patch);
            }
            for vector in 0..V {
                let at = vector * S::F32_LANES;
                let read = |point: usize| S::as_simd_f32s(&patch[point][at..at + S::F32_LANES]).0[0];
                let mut half = [[simd.splat_f32s(0.0); N]; N];
                #[expect(clippy::needless_range_loop, reason = "a column of the one is a row of the other")]
                for j in 0..N {
                    let column = points::input::<S, N>(simd, std::array::from_fn(|i| read(i * N + j)));
                    (0..N).for_each(|i| half[i][j] = column[i]);
                }
                for (i, half) in half.into_iter().enumerate() {
                    for (j, value) in points::input::<S, N>(simd, half).into_iter().enumerate() {
                        let row = (((i * N + j) * self.panels.count) + self.panel) * self.shape.inputs + channel;
                        #[expect(unsafe_code, reason = "jobs write disjoint channels of disjoint panels")]
                        // SAFETY: this channel of this panel is this job's alone.
                        let target = unsafe { self.transformed.part(row * tiles + at, S::F32_LANES) };
                        S::as_mut_simd_f32s(target).0[0] = value;
                    }
                }
            }
        }
    }
}

impl<const N: usize, const M: usize, const V: usize> InputJob<'_, N, M, V> {
    /// Sorts the picture around a run of tiles by place in the patch; what lies outside the picture is 0.
    #[inline(always)]
    fn gather(&self, channel: usize, run: Run, patch: &mut [[f32; MOST_TILES]; 36]) {
        let ConvShape { inputs, height, width, pads, .. } = self.shape;
        let plane = &self.x[(run.picture * inputs + channel) * height * width..][..height * width];
        let length = run.count * M + 2;
        // Where the picture's columns lie in the row of patches: `skip` zeros, then `from..to`, then zeros.
        let (left, begin) = (pads[1], run.column * M);
        let (skip, from) = (left.saturating_sub(begin), begin.saturating_sub(left));
        let to = (begin + length).saturating_sub(left).min(width);
        let mut padded = [0.0f32; MOST_TILES * 4 + 2];
        for i in 0..N {
            let row = (run.row * M + i).checked_sub(pads[0]).filter(|row| *row < height);
            let line = row.map(|row| &plane[row * width..][..width]);
            let line = match line {
                Some(line) if to.saturating_sub(from) == length => &line[from..to],
                line => {
                    let padded = &mut padded[..length];
                    padded.fill(0.0);
                    if let Some(line) = line.and_then(|line| line.get(from..to)) {
                        padded[skip..skip + line.len()].copy_from_slice(line);
                    }
                    padded
                }
            };
            for j in 0..N {
                let slots = &mut patch[i * N + j][run.slot..run.slot + run.count];
                slots.iter_mut().zip(line[j..].iter().step_by(M)).for_each(|(slot, value)| *slot = *value);
            }
        }
    }
}

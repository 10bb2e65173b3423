//! The output cut into square tiles, and tiles gathered into panels as wide as a product takes.

/// The sizes of a convolution with a 3×3 kernel and stride 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct ConvShape {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub height: usize,
    pub width: usize,
    /// How many rows and columns of zeros lie at the top, left, bottom and right: 0 or 1.
    pub pads: [usize; 4],
}

impl ConvShape {
    /// Rows of the output; `None` if there are too few rows of input.
    pub(in super::super) fn out_height(&self) -> Option<usize> {
        (self.height + self.pads[0] + self.pads[2]).checked_sub(2)
    }

    /// Columns of the output; `None` if there are too few columns of input.
    pub(in super::super) fn out_width(&self) -> Option<usize> {
        (self.width + self.pads[1] + self.pads[3]).checked_sub(2)
    }
}

/// The tiles of all pictures, numbered along rows, then down, then by picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Tiles in a column.
    down: usize,
    /// Tiles in a row.
    across: usize,
    pub tiles: usize,
    /// Rows and columns of the output.
    pub out_height: usize,
    pub out_width: usize,
}

/// Neighbouring tiles of one row of tiles, as far as a panel holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Where in the panel the first one is.
    pub slot: usize,
    pub picture: usize,
    /// Place of the first tile, in tiles.
    pub row: usize,
    pub column: usize,
    pub count: usize,
}

impl Grid {
    /// `side`: the width and height of a tile of output. `None` without any output.
    pub(super) fn new(shape: &ConvShape, side: usize) -> Option<Self> {
        let (out_height, out_width) = (shape.out_height()?, shape.out_width()?);
        let (down, across) = (out_height.div_ceil(side), out_width.div_ceil(side));
        let tiles = shape.batch * down * across;
        (tiles > 0).then_some(Self { down, across, tiles, out_height, out_width })
    }

    /// The runs of the panel of `count` tiles that begins with the tile `start`.
    pub(super) fn runs(self, start: usize, count: usize) -> impl Iterator<Item = Run> + Clone {
        let end = (start + count).min(self.tiles);
        let mut at = start;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (rows, column) = (at / self.across, at % self.across);
            let count = (self.across - column).min(end - at);
            let (picture, row) = (rows / self.down, rows % self.down);
            let run = Run { slot: at - start, picture, row, column, count };
            at += count;
            Some(run)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_every_tile_once() {
        let shape = ConvShape { batch: 2, inputs: 1, outputs: 1, height: 9, width: 13, pads: [1; 4] };
        let grid = Grid::new(&shape, 4).unwrap();
        assert_eq!(grid.tiles, 2 * 3 * 4);
        let mut seen = Vec::new();
        for panel in 0..grid.tiles.div_ceil(7) {
            for run in grid.runs(panel * 7, 7) {
                assert!(run.slot + run.count <= 7 && run.column + run.count <= 4);
                (0..run.count).for_each(|i| seen.push((run.picture, run.row, run.column + i)));
            }
        }
        let all: Vec<_> = (0..2).flat_map(|p| (0..3).flat_map(move |r| (0..4).map(move |c| (p, r, c)))).collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn no_output_has_no_grid() {
        let shape = ConvShape { batch: 1, inputs: 1, outputs: 1, height: 1, width: 9, pads: [0; 4] };
        assert!(Grid::new(&shape, 2).is_none());
        assert!(Grid::new(&ConvShape { height: 2, ..shape }, 2).is_none());
        assert!(Grid::new(&ConvShape { batch: 0, height: 9, ..shape }, 2).is_none());
    }
}

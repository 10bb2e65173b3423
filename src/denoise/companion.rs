//! Inputs of a denoiser that others fill before its calls: networks that run beside it, and what holds for some calls
//! only.

use std::ops::Range;

use ndarray::{ArrayD, IxDyn};

use super::branch::Branch;
use crate::error::{Error, Result};
use crate::runtime::CancelToken;

/// What the denoiser's graph is about to be run with.
pub(crate) struct Call<'a> {
    /// The call, of the whole schedule.
    pub index: usize,
    /// Its timestep, as the denoiser sees it.
    pub timestep: f32,
    /// The scaled latents, `[pictures, …]`.
    pub latents: &'a ArrayD<f32>,
    /// Branch and picture of each row of the batch.
    pub rows: &'a [(usize, usize)],
    /// What each branch is told just now.
    pub branches: &'a [Branch],
    /// Stops what runs beside the denoiser too.
    pub cancel: &'a CancelToken,
}

/// What a companion fills its inputs with.
pub(crate) struct Filled<'a> {
    /// For one and the same rows, an equal version means equal values, which are not written again.
    pub version: u64,
    /// The denoiser's inputs.
    pub inputs: &'a [String],
    /// In their order, each `[rows, …]` or, where the graph's input has no batch axis, its value
    /// for all rows. Their shapes must stay the same for a number of rows.
    pub values: &'a [ArrayD<f32>],
}

/// Whoever fills some of a denoiser's inputs anew.
pub(crate) trait Companion: Send {
    /// Fills them for one run of the denoiser's graph.
    ///
    /// # Errors
    /// [`Error::Cancelled`], and whatever its own graphs say.
    fn fill(&mut self, call: &Call<'_>) -> Result<Filled<'_>>;
}

/// An input that has one value for some calls and another for the rest, the same for all rows: a switch, a strength.
pub(crate) struct Switch {
    inputs: [String; 1],
    on: [ArrayD<f32>; 1],
    off: [ArrayD<f32>; 1],
    calls: Range<usize>,
}

impl Switch {
    /// `input` has the value `on` for `calls`, and `off`, of the same shape, for all others.
    pub(crate) fn new(input: String, on: ArrayD<f32>, off: ArrayD<f32>, calls: Range<usize>) -> Self {
        Self { inputs: [input], on: [on], off: [off], calls }
    }
}

impl Companion for Switch {
    fn fill(&mut self, call: &Call<'_>) -> Result<Filled<'_>> {
        let is_on = self.calls.contains(&call.index);
        let values = if is_on { &self.on } else { &self.off };
        Ok(Filled { version: u64::from(is_on), inputs: &self.inputs, values })
    }
}

/// Feature maps that are added to the denoiser's own for some calls; without any, zeros are.
pub(crate) struct Features {
    inputs: Vec<String>,
    /// Of one row, for each input.
    shapes: Vec<Vec<usize>>,
    parts: Vec<(Vec<ArrayD<f32>>, Range<usize>)>,
    /// Which parts the sum has, by their bits, and how many rows.
    made: Option<(u64, usize)>,
    sum: Vec<ArrayD<f32>>,
}

impl Features {
    /// Maps of the shapes `shapes` (of one row) for `inputs`, with nothing in them.
    pub(crate) fn new(inputs: Vec<String>, shapes: Vec<Vec<usize>>) -> Self {
        Self { inputs, shapes, parts: Vec::new(), made: None, sum: Vec::new() }
    }

    /// Adds `maps`, one for each input, at `calls`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for maps of other shapes, or more than 64 of them.
    pub(crate) fn add(&mut self, maps: Vec<ArrayD<f32>>, calls: Range<usize>) -> Result<()> {
        let fits =
            maps.len() == self.shapes.len() && maps.iter().zip(&self.shapes).all(|(map, shape)| map.shape() == shape);
        if !fits || self.parts.len() == 64 {
            return Err(Error::invalid(
                "two adapters make feature maps of unlike shapes, or there are more than 64; they cannot lead one picture",
            ));
        }
        self.parts.push((maps, calls));
        Ok(())
    }
}

impl Companion for Features {
    fn fill(&mut self, call: &Call<'_>) -> Result<Filled<'_>> {
        let bits = self.parts.iter().enumerate().filter(|(_, (_, calls))| calls.contains(&call.index));
        let version = bits.fold(0, |bits, (at, _)| bits | 1 << at);
        if self.made != Some((version, call.rows.len())) {
            self.sum.clear();
            for (input, shape) in self.shapes.iter().enumerate() {
                let mut row = ArrayD::<f32>::zeros(IxDyn(shape));
                let on = self.parts.iter().enumerate().filter(|(at, _)| version & 1 << at != 0);
                on.for_each(|(_, (maps, _))| row += &maps[input]);
                let all: Vec<usize> = std::iter::once(call.rows.len()).chain(shape.iter().copied()).collect();
                let all = row.broadcast(all).ok_or_else(|| Error::Internal("feature maps have no shape".into()))?;
                self.sum.push(all.as_standard_layout().into_owned());
            }
            self.made = Some((version, call.rows.len()));
        }
        Ok(Filled { version, inputs: &self.inputs, values: &self.sum })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr0, arr1};

    use super::*;

    fn fill_at<'c>(companion: &'c mut dyn Companion, index: usize, rows: usize) -> Filled<'c> {
        let (latents, cancel) = (ArrayD::zeros(IxDyn(&[1, 1, 1, 1])), CancelToken::new());
        let rows = vec![(0, 0); rows];
        companion
            .fill(&Call { index, timestep: 1.0, latents: &latents, rows: &rows, branches: &[], cancel: &cancel })
            .unwrap()
    }

    #[test]
    fn a_switch_is_on_for_its_calls_only() {
        let mut switch = Switch::new("gate".into(), arr0(2.0).into_dyn(), arr0(0.0).into_dyn(), 1..3);
        let values: Vec<f32> = (0..4).map(|call| fill_at(&mut switch, call, 1).values[0][[]]).collect();
        assert_eq!(values, [0.0, 2.0, 2.0, 0.0]);
        assert_ne!(fill_at(&mut switch, 0, 1).version, fill_at(&mut switch, 1, 1).version);
    }

    #[test]
    fn features_are_summed_while_they_hold() {
        let mut features = Features::new(vec!["map".into()], vec![vec![2]]);
        features.add(vec![arr1(&[1.0, 2.0]).into_dyn()], 0..2).unwrap();
        features.add(vec![arr1(&[10.0, 20.0]).into_dyn()], 1..3).unwrap();
        assert!(features.add(vec![arr1(&[1.0]).into_dyn()], 0..1).is_err());
        let mut sums = Vec::new();
        for call in 0..4 {
            let filled = fill_at(&mut features, call, 2);
            assert_eq!(filled.values[0].shape(), [2, 2]);
            sums.push((filled.version, filled.values[0][[1, 1]]));
        }
        assert_eq!(sums, [(1, 2.0), (3, 22.0), (2, 20.0), (0, 0.0)]);
    }
}

//! A generator for each picture of a batch.

use ndarray::{ArrayD, Axis, concatenate};

use super::{Generator, NoiseSource};

/// Draws each row of a batch with a generator of its own, as diffusers does with a list of generators.
pub struct PerPicture(Vec<Generator>);

impl PerPicture {
    /// One generator a picture, in their order.
    #[must_use]
    pub fn new(generators: Vec<Generator>) -> Self {
        Self(generators)
    }
}

impl NoiseSource for PerPicture {
    /// The first dimension is the batch; row `i` is drawn by generator `i` as a batch of one. Rows past the last
    /// generator come from the last one.
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32> {
        let row: Vec<usize> = std::iter::once(1).chain(shape.iter().skip(1).copied()).collect();
        let last = self.0.len().saturating_sub(1);
        let rows: Vec<ArrayD<f32>> = (0..shape.first().copied().unwrap_or(0))
            .filter_map(|picture| self.0.get_mut(picture.min(last)).map(|generator| generator.normal(&row)))
            .collect();
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        // Rows of one shape always fit together.
        concatenate(Axis(0), &views).unwrap_or_else(|_| ArrayD::zeros(shape))
    }

    fn seeds(&self) -> Vec<u64> {
        self.0.iter().flat_map(NoiseSource::seeds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::RngKind;

    #[test]
    fn each_row_is_what_its_generator_draws_alone() {
        let generator = |seed| Generator::new(RngKind::TorchCpu, seed).unwrap();
        let mut batch = PerPicture::new(vec![generator(7), generator(8)]);
        let drawn = batch.normal(&[2, 4, 8, 8]);
        for (row, seed) in [(0, 7), (1, 8)] {
            assert_eq!(drawn.index_axis(Axis(0), row), generator(seed).normal(&[1, 4, 8, 8]).index_axis(Axis(0), 0));
        }
    }
}

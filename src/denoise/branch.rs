//! What a denoiser is told besides x_t and t, for one branch of guidance.

use std::collections::BTreeMap;

use ndarray::ArrayD;

/// The context's name in every graph of the family.
pub(crate) const CONTEXT: &str = "encoder_hidden_states";

/// The conditioning of one guidance branch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Branch {
    /// Inputs by the graph's names, the same for every picture. Each has the shape of one row, as `[tokens, width]`; an input whose rank in the
    /// graph is the same, not one more, has no batch axis there and is shared by all rows.
    pub inputs: BTreeMap<String, ArrayD<f32>>,
    /// Inputs that differ from picture to picture: the rows of all of them, one after the other.
    pub each: BTreeMap<String, Vec<ArrayD<f32>>>,
    /// What follows the sample's own channels, `[1, channels, height, width]` or one a picture: a mask, another
    /// picture's latents. It is not scaled with the sample.
    pub extra: Option<ArrayD<f32>>,
}

impl Branch {
    /// With `values` for the input `name`.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, values: ArrayD<f32>) -> Self {
        self.inputs.insert(name.to_owned(), values);
        self
    }

    /// The row of the input `name` for one picture.
    pub(super) fn row(&self, name: &str, picture: usize) -> Option<&ArrayD<f32>> {
        self.each.get(name).and_then(|rows| rows.get(picture)).or_else(|| self.inputs.get(name))
    }

    /// Every input's name.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.inputs.keys().chain(self.each.keys().filter(|name| !self.inputs.contains_key(*name)))
    }
}

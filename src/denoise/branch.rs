//! What a denoiser is told besides x_t and t, for one branch of guidance.

use std::collections::BTreeMap;

use ndarray::ArrayD;

/// The context's name in every graph of the family.
pub(crate) const CONTEXT: &str = "encoder_hidden_states";

/// The conditioning of one guidance branch, the same for every picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Branch {
    /// Inputs by the graph's names. Each has the shape of one row, as `[tokens, width]`; an input whose rank in the
    /// graph is the same, not one more, has no batch axis there and is shared by all rows.
    pub inputs: BTreeMap<String, ArrayD<f32>>,
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
}

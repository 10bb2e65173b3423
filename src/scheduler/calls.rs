//! The order of calls and the shapes that a scheduler is given, checked in one place.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::error::{Error, Result};

/// Watches over the calls of one generation.
pub(super) struct Calls {
    count: usize,
    order: usize,
    begun: Option<Begun>,
}

struct Begun {
    first: usize,
    next: usize,
    shape: Vec<usize>,
}

/// A denoiser's output, taken apart.
pub(super) struct Output<'a> {
    /// The prediction itself, of the sample's shape.
    pub(super) mean: ArrayViewD<'a, f32>,
    /// What else it predicts about the variance, of the same shape.
    pub(super) variance: Option<ArrayViewD<'a, f32>>,
}

impl Calls {
    /// `count` calls in groups of `order`.
    pub(super) fn new(count: usize, order: usize) -> Self {
        Self { count, order, begun: None }
    }

    /// How many calls were made before the latest one, since the loop began.
    pub(super) fn made_before(&self) -> usize {
        self.begun.as_ref().map_or(0, |begun| (begun.next - begun.first).saturating_sub(1))
    }

    /// Checks call `index` and takes `output` apart.
    ///
    /// # Errors
    /// Calls out of order, or arrays that do not fit each other or the calls before; then nothing is changed.
    pub(super) fn enter<'a>(
        &mut self,
        index: usize,
        output: ArrayViewD<'a, f32>,
        sample: &ArrayD<f32>,
        learned_variance: bool,
    ) -> Result<Output<'a>> {
        let expected = self.begun.as_ref().map(|begun| begun.next);
        if index >= self.count || expected.is_some_and(|next| next != index) || !self.may_begin(index) {
            let wanted = expected.map_or_else(
                || format!("a multiple of {} below {}", self.order, self.count),
                |next| if next < self.count { format!("{next}") } else { "none any more".to_owned() },
            );
            return Err(Error::invalid(format!("the scheduler was called for step {index}; expected was {wanted}")));
        }
        if let Some(begun) = &self.begun
            && begun.shape != sample.shape()
        {
            return Err(Error::invalid(format!(
                "the sample has shape {:?}, but in the steps before it had {:?}",
                sample.shape(),
                begun.shape
            )));
        }
        let taken = take_apart(output, sample, learned_variance)?;
        match &mut self.begun {
            Some(begun) => begun.next = index + 1,
            none => *none = Some(Begun { first: index, next: index + 1, shape: sample.shape().to_vec() }),
        }
        Ok(taken)
    }

    fn may_begin(&self, index: usize) -> bool {
        self.begun.is_some() || index.is_multiple_of(self.order)
    }
}

fn take_apart<'a>(output: ArrayViewD<'a, f32>, sample: &ArrayD<f32>, learned: bool) -> Result<Output<'a>> {
    if output.shape() == sample.shape() {
        return Ok(Output { mean: output, variance: None });
    }
    let channels = sample.shape().get(1).copied().unwrap_or(0);
    let mut doubled = sample.shape().to_vec();
    if let Some(entry) = doubled.get_mut(1) {
        *entry = channels.saturating_mul(2);
    }
    if output.shape() == doubled {
        let (mean, variance) = output.split_at(Axis(1), channels);
        // A scheduler that draws with a variance of its own has no use for the model's, as diffusers' pipelines have it.
        return Ok(Output { mean, variance: Some(variance).filter(|_| learned) });
    }
    Err(Error::invalid(format!(
        "the model's output has shape {:?}, which does not fit the sample's {:?}",
        output.shape(),
        sample.shape()
    )))
}

//! Guidance: how several predictions become one.

mod guider;
mod projection;
mod rescale;
mod rules;
#[cfg(test)]
mod tests;
mod threshold;
mod zero_star;

use ndarray::{ArrayD, ArrayViewD, Axis, Slice, Zip};

pub(crate) use guider::{At, Guider};
pub use projection::Projection;
pub(crate) use rules::Rules;
pub use threshold::{ThresholdLimit, Thresholding};

/// What a branch stands for in the sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// What the prediction moves away from: the negative prompt, or nothing.
    Negative,
    /// What it moves towards, and how strongly beside the others; one alone has weight 1.
    Positive(f32),
    /// The picture to edit without the instruction (InstructPix2Pix).
    Picture,
}

/// How the branches become one prediction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Guidance {
    /// What each of the denoiser's branches stands for.
    pub roles: Vec<Role>,
    /// Classifier-free guidance scale.
    pub scale: f32,
    /// How strongly the result keeps to the picture to edit.
    pub image_scale: f32,
    /// What is done beside the plain sum.
    pub rules: Rules,
}

impl Guidance {
    /// One branch, taken as it is.
    pub(crate) fn off() -> Self {
        Self { roles: vec![Role::Positive(1.0)], scale: 1.0, image_scale: 1.0, rules: Rules::default() }
    }

    /// The one branch that is what guidance at scale 1 gives, where there is such a branch.
    pub(super) fn alone(&self) -> Option<usize> {
        match self.roles.as_slice() {
            [Role::Positive(_)] => Some(0),
            [Role::Negative, Role::Positive(weight)] if *weight == 1.0 => Some(1),
            _ => None,
        }
    }

    fn place(&self, role: Role) -> Option<usize> {
        self.roles.iter().position(|other| *other == role)
    }

    /// The plain sum of `predictions` (`[branches × pictures, …]`); `None` where there is no negative branch.
    ///
    /// Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598, eq. 6 in the form that diffusers uses):
    /// `ε = ε_neg + scale · Σ wᵢ (εᵢ − ε_neg)`; several positive branches are composed as in Liu et al. 2022,
    /// arXiv:2206.01714, eq. 11. With a picture to edit (Brooks et al. 2022, arXiv:2211.09800, eq. 3):
    /// `ε = ε_neg + scale (ε_text − ε_picture) + image_scale (ε_picture − ε_neg)`.
    fn sum(&self, predictions: &ArrayD<f32>, pictures: usize, scale: f32, image_scale: f32) -> Option<ArrayD<f32>> {
        let base = rows(predictions, self.place(Role::Negative)?, pictures);
        let mut sum = base.to_owned();
        let from = self.place(Role::Picture).map(|branch| rows(predictions, branch, pictures));
        let away = from.as_ref().unwrap_or(&base);
        for (branch, role) in self.roles.iter().enumerate() {
            let Role::Positive(weight) = role else { continue };
            let strength = scale * weight;
            let toward = rows(predictions, branch, pictures);
            Zip::from(&mut sum).and(&toward).and(away).for_each(|s, &t, &a| *s += strength * (t - a));
        }
        if let Some(from) = &from {
            Zip::from(&mut sum).and(from).and(&base).for_each(|s, &p, &b| *s += image_scale * (p - b));
        }
        Some(sum)
    }
}

/// The rows of one branch.
fn rows(predictions: &ArrayD<f32>, branch: usize, pictures: usize) -> ArrayViewD<'_, f32> {
    predictions.slice_axis(Axis(0), Slice::from(branch * pictures..(branch + 1) * pictures))
}

/// The prediction itself out of a denoiser's output for `latents`, without what it says about its variance, if anything:
/// then its channels are twice the latents'.
pub(super) fn own_channels<'p>(latents: &ArrayD<f32>, output: &'p ArrayViewD<'_, f32>) -> ArrayViewD<'p, f32> {
    match predicts_variance(latents, output.shape()) {
        Some(channels) => output.slice_axis(Axis(1), Slice::from(..channels)),
        None => output.view(),
    }
}

/// The latents' channels, where an output of `shape` has twice as many.
fn predicts_variance(latents: &ArrayD<f32>, shape: &[usize]) -> Option<usize> {
    let channels = *latents.shape().get(1)?;
    (matches!(shape.len(), 2 | 4) && shape.len() == latents.ndim() && shape[1] == 2 * channels).then_some(channels)
}

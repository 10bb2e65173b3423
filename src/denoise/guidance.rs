//! Guidance: how several predictions become one.

use ndarray::{ArrayD, Axis, Slice, Zip};

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
}

impl Guidance {
    /// One branch, taken as it is.
    pub(crate) fn off() -> Self {
        Self { roles: vec![Role::Positive(1.0)], scale: 1.0, image_scale: 1.0 }
    }

    /// The branches that a step runs.
    pub(crate) fn branches(&self) -> Vec<usize> {
        (0..self.roles.len()).collect()
    }

    /// Combines `predictions` (`[branches × pictures, …]`) in place: the first `pictures` rows become the guided
    /// prediction.
    ///
    /// Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598, eq. 6 in the form that diffusers uses):
    /// `ε = ε_neg + scale · Σ wᵢ (εᵢ − ε_neg)`; several positive branches are composed as in Liu et al. 2022,
    /// arXiv:2206.01714, eq. 11. With a picture to edit (Brooks et al. 2022, arXiv:2211.09800, eq. 3):
    /// `ε = ε_neg + scale (ε_text − ε_picture) + image_scale (ε_picture − ε_neg)`.
    pub(crate) fn combine(&self, predictions: &mut ArrayD<f32>, pictures: usize) {
        let Some(negative) = self.roles.iter().position(|role| *role == Role::Negative) else { return };
        let rows = |branch: usize| Slice::from(branch * pictures..(branch + 1) * pictures);
        let base = predictions.slice_axis(Axis(0), rows(negative)).to_owned();
        let mut sum = base.clone();
        let picture = self.roles.iter().position(|role| *role == Role::Picture);
        let from = picture.map(|branch| predictions.slice_axis(Axis(0), rows(branch)).to_owned());
        let away = from.as_ref().unwrap_or(&base);
        for (branch, role) in self.roles.iter().enumerate() {
            let Role::Positive(weight) = role else { continue };
            let strength = self.scale * weight;
            let toward = predictions.slice_axis(Axis(0), rows(branch));
            Zip::from(&mut sum).and(&toward).and(away).for_each(|s, &t, &a| *s += strength * (t - a));
        }
        if let Some(from) = &from {
            Zip::from(&mut sum).and(from).and(&base).for_each(|s, &p, &b| *s += self.image_scale * (p - b));
        }
        predictions.slice_axis_mut(Axis(0), Slice::from(..pictures)).assign(&sum);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn guidance(roles: &[Role], scale: f32, image_scale: f32) -> Guidance {
        Guidance { roles: roles.to_vec(), scale, image_scale }
    }

    #[test]
    fn moves_away_from_the_negative_prediction() {
        let mut p = array![[1.0_f32, -2.0], [3.0, 0.5]].into_dyn();
        guidance(&[Role::Negative, Role::Positive(1.0)], 7.5, 1.0).combine(&mut p, 1);
        assert_eq!(p.index_axis(Axis(0), 0), array![1.0 + 7.5 * 2.0, -2.0 + 7.5 * 2.5].into_dyn());
        assert_eq!(p.index_axis(Axis(0), 1), array![3.0, 0.5].into_dyn(), "the positive half stays");
    }

    #[test]
    fn several_prompts_add_up() {
        let mut p = array![[1.0_f32], [3.0], [0.0]].into_dyn();
        guidance(&[Role::Negative, Role::Positive(1.0), Role::Positive(-0.5)], 2.0, 1.0).combine(&mut p, 1);
        assert_eq!(p[[0, 0]], 1.0 + 2.0 * (2.0 + 0.5));
    }

    #[test]
    fn a_picture_to_edit_stands_between() {
        let mut p = array![[5.0_f32], [3.0], [1.0]].into_dyn();
        guidance(&[Role::Positive(1.0), Role::Picture, Role::Negative], 7.0, 1.5).combine(&mut p, 1);
        assert_eq!(p[[0, 0]], 1.0 + 7.0 * 2.0 + 1.5 * 2.0);
    }

    #[test]
    fn one_branch_stays_as_it_is() {
        let mut p = array![[5.0_f32], [3.0]].into_dyn();
        Guidance::off().combine(&mut p, 2);
        assert_eq!(p, array![[5.0_f32], [3.0]].into_dyn());
    }
}

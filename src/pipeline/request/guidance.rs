//! How guidance differs from the plain sum of two predictions.

use super::{MAX_GUIDANCE, MAX_STEPS, check};
pub use crate::denoise::{Projection, ThresholdLimit, Thresholding};
use crate::error::{Error, Result};

/// What classifier-free guidance does beside its plain sum. By default nothing, and then the result is that of
/// diffusers' pipelines. Where guidance is off (a scale of 1 or less, a distilled model), none of it has a meaning,
/// and a warning of the result says so.
///
/// Parts of the schedule are counted in steps of the whole schedule, also where a picture is the start or another model
/// went before: the same part is always the same noise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GuidanceRules {
    /// How far the guided prediction is brought back to the spread of the positive one, 0 (off) to 1: φ of Lin et al.
    /// 2023, arXiv:2305.08891, §3.4; diffusers' `guidance_rescale`.
    pub rescale: f32,
    /// The part of the schedule, from and to, each 0 to 1, that is guided; outside it only the positive prompt is
    /// asked, at half the cost (Kynkäänniemi et al. 2024, arXiv:2404.07724; diffusers' guiders' `start` and `stop`).
    pub interval: Option<(f32, f32)>,
    /// The guidance scale of each step.
    pub scales: Scales,
    /// CFG++ with this λ, 0 to 1, in the place of the guidance scale: the guided prediction tells what the picture is,
    /// the negative one brings the noise back (Chung et al. 2024, arXiv:2406.08070). For `ddim`, `euler` and
    /// `euler_ancestral`.
    pub plus_plus: Option<f32>,
    /// Adaptive projected guidance.
    pub projection: Option<Projection>,
    /// Dynamic thresholding of the guided x0.
    pub thresholding: Option<Thresholding>,
    /// CFG-Zero*.
    pub zero_star: Option<ZeroStar>,
}

/// The guidance scale over the steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Scales {
    /// The request's, at every step.
    #[default]
    Constant,
    /// One for each step.
    PerStep(Vec<f32>),
    /// Places in the schedule, 0 (the first step) to 1 (the last), in ascending order, and the scale at each; between
    /// them it is interpolated linearly, before the first and after the last it stays.
    Points(Vec<(f32, f32)>),
}

/// CFG-Zero* (Fan et al. 2025, arXiv:2503.18886): the negative prediction is scaled so that it comes closest to the
/// positive one, and the first steps of a flow model are passed over; diffusers' `ClassifierFreeZeroStarGuidance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZeroStar {
    /// How many steps at the start of the schedule have a prediction of zero, 0 to [`MAX_STEPS`]. Above 0 only for
    /// flow-matching models.
    pub zero_steps: u32,
}

impl Default for ZeroStar {
    /// diffusers' default, one step.
    fn default() -> Self {
        Self { zero_steps: 1 }
    }
}

impl GuidanceRules {
    /// Whether anything is asked for.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }

    pub(super) fn validate(&self) -> Result<()> {
        check("guidance rescale", self.rescale, 0.0..=1.0)?;
        if let Some((start, stop)) = self.interval {
            check("the guidance interval's start", start, 0.0..=1.0)?;
            check("the guidance interval's stop", stop, 0.0..=1.0)?;
            if start >= stop {
                return Err(Error::invalid(format!(
                    "the guidance interval starts at {start} and stops at {stop}; it must stop later than it starts"
                )));
            }
        }
        self.scales.validate()?;
        if let Some(lambda) = self.plus_plus {
            check("CFG++ lambda", lambda, 0.0..=1.0)?;
        }
        if let Some(Projection { eta, threshold, momentum }) = self.projection {
            check("the projection's eta", eta, 0.0..=1.0)?;
            check("the projection's norm threshold", threshold, 0.0..=1e6)?;
            check("the projection's momentum", momentum, -1.0..=1.0)?;
        }
        if let Some(Thresholding { percentile, limit }) = self.thresholding {
            check("the threshold's percentile", percentile, 0.5..=1.0)?;
            match limit {
                ThresholdLimit::Fixed(limit) => check("the threshold's limit", limit, 1e-3..=1e3)?,
                ThresholdLimit::MimicScale(scale) => check("the mimicked scale", scale, 0.0..=MAX_GUIDANCE)?,
            }
        }
        if let Some(ZeroStar { zero_steps }) = self.zero_star
            && zero_steps > MAX_STEPS
        {
            return Err(Error::invalid(format!("zero steps is {zero_steps}; allowed are 0 to {MAX_STEPS}")));
        }
        self.combine()
    }

    /// Refuses what would be two answers to one question.
    fn combine(&self) -> Result<()> {
        let refuse = |one: &str, other: &str, why: &str| {
            Err(Error::invalid(format!("{one} and {other} cannot be combined, since {why}; choose one")))
        };
        let scale = "both take the place of the guidance scale";
        let difference = "both change the difference of the two predictions";
        match (self.plus_plus, self.projection, self.zero_star) {
            (Some(_), ..) if self.scales != Scales::Constant => refuse("CFG++", "a scale for each step", scale),
            (Some(_), Some(_), _) => refuse("CFG++", "adaptive projected guidance", difference),
            (Some(_), _, Some(_)) => refuse("CFG++", "CFG-Zero*", difference),
            (_, Some(_), Some(_)) => refuse("adaptive projected guidance", "CFG-Zero*", difference),
            _ => Ok(()),
        }
    }
}

impl Scales {
    fn validate(&self) -> Result<()> {
        let scale = |scale: f32| check("a guidance scale", scale, -MAX_GUIDANCE..=MAX_GUIDANCE);
        match self {
            Self::Constant => Ok(()),
            Self::PerStep(scales) => scales.iter().try_for_each(|value| scale(*value)),
            Self::Points(points) => {
                if points.is_empty() {
                    return Err(Error::invalid("the guidance scales have no points; give at least one"));
                }
                for (at, value) in points {
                    check("a place of a guidance scale", *at, 0.0..=1.0)?;
                    scale(*value)?;
                }
                match points.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
                    Some(pair) => Err(Error::invalid(format!(
                        "the guidance scale at {} follows the one at {}; places must ascend",
                        pair[1].0, pair[0].0
                    ))),
                    None => Ok(()),
                }
            }
        }
    }

    /// The scale of step `step` of `steps`; `None` is the request's. A list of another length is stretched, for solvers
    /// that make more calls than steps.
    pub(in crate::pipeline) fn at(&self, step: usize, steps: usize) -> Option<f32> {
        match self {
            Self::Constant => None,
            Self::PerStep(scales) => scales.get(step * scales.len() / steps.max(1)).or(scales.last()).copied(),
            Self::Points(points) => {
                let place = step as f32 / steps.saturating_sub(1).max(1) as f32;
                let after = points.iter().position(|(at, _)| *at >= place);
                match after {
                    None => points.last().map(|(_, scale)| *scale),
                    Some(0) => points.first().map(|(_, scale)| *scale),
                    Some(after) => {
                        let ((from, low), (to, high)) = (points[after - 1], points[after]);
                        Some(low + (high - low) * (place - from) / (to - from))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(rules: GuidanceRules) -> String {
        rules.validate().unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_asked_for_by_default() {
        let rules = GuidanceRules::default();
        assert!(!rules.any() && rules.validate().is_ok());
        assert!(GuidanceRules { rescale: 0.7, ..rules }.any());
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let none = GuidanceRules::default;
        let apg = |eta, threshold, momentum| GuidanceRules {
            projection: Some(Projection { eta, threshold, momentum }),
            ..none()
        };
        let limited =
            |percentile, limit| GuidanceRules { thresholding: Some(Thresholding { percentile, limit }), ..none() };
        let points = |points: &[(f32, f32)]| GuidanceRules { scales: Scales::Points(points.to_vec()), ..none() };
        for (rules, words) in [
            (GuidanceRules { rescale: f32::NAN, ..none() }, "guidance rescale is NaN"),
            (GuidanceRules { interval: Some((0.0, 1.5)), ..none() }, "stop is 1.5"),
            (GuidanceRules { interval: Some((0.5, 0.5)), ..none() }, "later than it starts"),
            (GuidanceRules { plus_plus: Some(7.5), ..none() }, "CFG++ lambda is 7.5"),
            (GuidanceRules { scales: Scales::PerStep(vec![f32::INFINITY]), ..none() }, "a guidance scale is inf"),
            (points(&[]), "no points"),
            (points(&[(0.5, 1.0), (0.5, 2.0)]), "must ascend"),
            (points(&[(1.5, 1.0)]), "a place of a guidance scale is 1.5"),
            (apg(2.0, 15.0, 0.0), "eta is 2"),
            (apg(1.0, -1.0, 0.0), "norm threshold is -1"),
            (apg(1.0, 1.0, -2.0), "momentum is -2"),
            (limited(99.5, ThresholdLimit::Fixed(1.0)), "percentile is 99.5"),
            (limited(0.9, ThresholdLimit::Fixed(0.0)), "limit is 0"),
            (limited(0.9, ThresholdLimit::MimicScale(f32::NAN)), "mimicked scale is NaN"),
            (GuidanceRules { zero_star: Some(ZeroStar { zero_steps: 2000 }), ..none() }, "zero steps is 2000"),
        ] {
            let message = sentence(rules);
            assert!(message.contains(words), "\"{message}\" does not say \"{words}\"");
        }
    }

    #[test]
    fn two_answers_to_one_question_are_refused() {
        let none = GuidanceRules::default;
        let projection = Some(Projection::default());
        let zero_star = Some(ZeroStar::default());
        for rules in [
            GuidanceRules { plus_plus: Some(0.6), scales: Scales::PerStep(vec![1.0]), ..none() },
            GuidanceRules { plus_plus: Some(0.6), projection, ..none() },
            GuidanceRules { plus_plus: Some(0.6), zero_star, ..none() },
            GuidanceRules { projection, zero_star, ..none() },
        ] {
            assert!(sentence(rules).contains("cannot be combined"));
        }
        let together = GuidanceRules { projection, rescale: 0.5, interval: Some((0.2, 0.8)), ..none() };
        assert!(together.validate().is_ok());
    }

    #[test]
    fn scales_are_listed_or_interpolated() {
        assert_eq!(Scales::Constant.at(3, 10), None);
        let listed = Scales::PerStep(vec![1.0, 2.0, 3.0]);
        assert_eq!((0..3).map(|s| listed.at(s, 3).unwrap()).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
        assert_eq!(
            (0..4).map(|s| listed.at(s, 4).unwrap()).collect::<Vec<_>>(),
            [1.0, 1.0, 2.0, 3.0],
            "PNDM calls the denoiser twice for its first step"
        );
        let points = Scales::Points(vec![(0.25, 8.0), (0.75, 4.0)]);
        let over: Vec<f32> = (0..5).map(|s| points.at(s, 5).unwrap()).collect();
        assert_eq!(over, [8.0, 8.0, 6.0, 4.0, 4.0]);
        assert_eq!(points.at(0, 1), Some(8.0));
    }
}

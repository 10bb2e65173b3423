//! Calls of the denoiser that are left out, because what it would say is much the same as before.

use ndarray::{ArrayD, Axis, Slice, Zip};

use super::guidance::Guidance;
use crate::error::{Error, Result};

/// When to leave calls out, resolved to the calls of one schedule. The default leaves none out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reuse {
    /// How large the estimated relative change of the output may become before the denoiser is asked again; 0 is off.
    pub threshold: f64,
    /// The calls that may be left out.
    pub allowed: std::ops::Range<usize>,
    /// After so many steps the negative branch is asked again.
    pub negative_every: usize,
    /// From this call on it is not asked any more.
    pub negative_until: usize,
    /// Calls a step of the solver.
    pub order: usize,
}

impl Default for Reuse {
    fn default() -> Self {
        Self { threshold: 0.0, allowed: 0..0, negative_every: 1, negative_until: usize::MAX, order: 1 }
    }
}

/// How many calls were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Whole calls.
    pub calls: u32,
    /// Calls that ran without their negative branch.
    pub negatives: u32,
}

/// What is kept from call to call.
pub(super) struct Reuser {
    reuse: Reuse,
    /// Whether the branches are the negative one and a single positive one, in this order.
    pair: bool,
    kept: Vec<Kept>,
    /// Positive minus negative prediction, and the step that they are of.
    difference: Option<(ArrayD<f32>, usize)>,
    /// What is handed out, so that whoever combines it in place leaves `kept` alone.
    handed: ArrayD<f32>,
    skipped: Skipped,
}

/// The last call of some set of branches.
struct Kept {
    which: Vec<usize>,
    /// What the denoiser saw and said when it was last asked.
    seen: ArrayD<f32>,
    said: ArrayD<f32>,
    /// The latest input, also of calls that were left out.
    latest: ArrayD<f32>,
    /// How much the output changed for each change of the input, between the two last times.
    rate: Option<f64>,
    /// The estimated relative change since it was last asked.
    error: f64,
}

impl Reuser {
    pub(super) fn new(reuse: &Reuse, guidance: &Guidance) -> Self {
        let pair = guidance.roles.len() == 2 && guidance.alone() == Some(1);
        let (handed, skipped) = (ArrayD::zeros(vec![0]), Skipped::default());
        Self { reuse: reuse.clone(), pair, kept: Vec::new(), difference: None, handed, skipped }
    }

    pub(super) fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Forgets everything: a branch is told something else.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.difference = None;
    }

    /// The predictions of the branches `which` for `input` (`[pictures, …]`) at call `call`: `run`'s, or others that
    /// are near enough.
    ///
    /// The negative branch alone may be left out for some steps: its difference to the positive one is kept instead
    /// (Dinh et al. 2024, "Compress Guidance in Conditional Diffusion Sampling", arXiv:2408.11194, find most of it
    /// redundant).
    ///
    /// # Errors
    /// Whatever `run` returns.
    pub(super) fn predict<'s>(
        &'s mut self,
        call: usize,
        input: &ArrayD<f32>,
        which: &[usize],
        run: impl FnOnce(&[usize]) -> Result<&'s mut ArrayD<f32>>,
    ) -> Result<&'s mut ArrayD<f32>> {
        let Reuse { threshold, negative_every, negative_until, order, .. } = self.reuse;
        let saves_negatives = self.pair && which == [0, 1] && (negative_every > 1 || negative_until != usize::MAX);
        if threshold <= 0.0 && !saves_negatives {
            return run(which);
        }
        let step = call / order.max(1);
        let pictures = input.shape()[0];
        let due = self
            .difference
            .as_ref()
            .is_none_or(|(_, asked)| call < negative_until && (step == *asked || step - asked >= negative_every));
        if !saves_negatives || due {
            self.asked_or_kept(call, input, which, run)?;
            if saves_negatives {
                let (negative, positive) = self.handed.view().split_at(Axis(0), pictures);
                self.difference = Some((&positive - &negative, step));
            }
            return Ok(&mut self.handed);
        }
        self.asked_or_kept(call, input, &[1], run)?;
        let Some((difference, _)) = &self.difference else {
            return Err(Error::Internal("no difference of predictions was kept".into()));
        };
        let positive = &self.handed;
        let mut shape = positive.shape().to_vec();
        shape[0] = 2 * pictures;
        let mut both = ArrayD::zeros(shape);
        both.slice_axis_mut(Axis(0), Slice::from(..pictures)).assign(&(positive - difference));
        both.slice_axis_mut(Axis(0), Slice::from(pictures..)).assign(positive);
        self.handed = both;
        self.skipped.negatives += 1;
        Ok(&mut self.handed)
    }

    /// Fills `handed` with `run`'s predictions, or with those that it made before.
    ///
    /// The output's change is estimated from the input's, by the rate that was seen last; while the sum of these
    /// estimates, relative to the output, is below the threshold, the output stays (EasyCache: Zhou et al. 2025,
    /// arXiv:2507.02860; the accumulated bound is TeaCache's: Liu et al. 2024, arXiv:2411.19108).
    fn asked_or_kept<'s>(
        &mut self,
        call: usize,
        input: &ArrayD<f32>,
        which: &[usize],
        run: impl FnOnce(&[usize]) -> Result<&'s mut ArrayD<f32>>,
    ) -> Result<()> {
        let kept = self.kept.iter_mut().find(|kept| kept.which == which);
        if let Some(Kept { said, latest, rate: Some(rate), error, .. }) = kept
            && self.reuse.allowed.contains(&call)
        {
            *error += *rate * distance(input, latest) / size(said).max(f64::MIN_POSITIVE);
            latest.assign(input);
            if *error < self.reuse.threshold {
                self.handed.clone_from(said);
                self.skipped.calls += 1;
                return Ok(());
            }
        }
        let output = run(which)?;
        self.handed.clone_from(output);
        if self.reuse.threshold <= 0.0 {
            return Ok(());
        }
        match self.kept.iter_mut().find(|kept| kept.which == which) {
            Some(kept) => {
                let moved = distance(input, &kept.seen);
                kept.rate = (moved > 0.0).then(|| distance(output, &kept.said) / moved);
                kept.seen.assign(input);
                kept.latest.assign(input);
                kept.said.assign(output);
                kept.error = 0.0;
            }
            None => self.kept.push(Kept {
                which: which.to_vec(),
                seen: input.clone(),
                said: output.clone(),
                latest: input.clone(),
                rate: None,
                error: 0.0,
            }),
        }
        Ok(())
    }
}

/// The mean amount of the differences.
fn distance(one: &ArrayD<f32>, other: &ArrayD<f32>) -> f64 {
    let mut sum = 0.0;
    Zip::from(one).and(other).for_each(|a, b| sum += f64::from((a - b).abs()));
    sum / one.len().max(1) as f64
}

/// The mean amount.
fn size(values: &ArrayD<f32>) -> f64 {
    values.iter().map(|v| f64::from(v.abs())).sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoise::Role;

    const CALLS: usize = 12;

    fn both() -> Guidance {
        Guidance { roles: vec![Role::Negative, Role::Positive(1.0)], scale: 3.0, ..Guidance::off() }
    }

    /// Drives a denoiser that answers twice its input for the positive branch, and its input for the negative one.
    /// Returns which branches each call asked, and the predictions.
    fn drive(reuse: &Reuse) -> (Vec<Vec<usize>>, Vec<ArrayD<f32>>, Skipped) {
        let mut reuser = Reuser::new(reuse, &both());
        let (mut asked, mut predicted) = (Vec::new(), Vec::new());
        for call in 0..CALLS {
            let value = 10.0 + call as f32;
            let input = ArrayD::from_elem(vec![1, 4], value);
            let mut output = ArrayD::zeros(vec![0]);
            let mut which_asked = Vec::new();
            let given = reuser
                .predict(call, &input, &[0, 1], |which| {
                    which_asked = which.to_vec();
                    output = ArrayD::zeros(vec![which.len(), 4]);
                    for (mut row, branch) in output.outer_iter_mut().zip(which) {
                        row.fill(value * (*branch as f32 + 1.0));
                    }
                    Ok(&mut output)
                })
                .unwrap();
            predicted.push(given.clone());
            // As guidance does; what is kept must not see it.
            given.fill(-1e9);
            asked.push(which_asked);
        }
        (asked, predicted, reuser.skipped())
    }

    #[test]
    fn by_default_every_call_is_made() {
        let (asked, predicted, skipped) = drive(&Reuse::default());
        assert!(asked.iter().all(|which| *which == [0, 1]));
        assert_eq!(skipped, Skipped::default());
        assert_eq!(predicted[5][[1, 0]], 30.0);
    }

    #[test]
    fn calls_are_left_out_while_the_estimated_change_is_small() {
        // The input grows by 1 of about 15 a call: 0.067, so that two calls in three are left out at 0.15.
        let reuse = Reuse { threshold: 0.15, allowed: 2..CALLS - 1, ..Reuse::default() };
        let (asked, predicted, skipped) = drive(&reuse);
        assert!(!asked[0].is_empty() && !asked[1].is_empty() && !asked[CALLS - 1].is_empty(), "{asked:?}");
        let left_out = asked.iter().filter(|which| which.is_empty()).count();
        assert_eq!(left_out, skipped.calls as usize);
        assert!((4..=7).contains(&left_out), "{asked:?}");
        for (call, prediction) in predicted.iter().enumerate() {
            let exact = 2.0 * (10.0 + call as f32);
            assert!((prediction[[1, 0]] / exact - 1.0).abs() < 0.15, "call {call}: {prediction}");
        }
    }

    #[test]
    fn a_larger_threshold_leaves_more_out() {
        let left_out = |threshold| drive(&Reuse { threshold, allowed: 2..CALLS - 1, ..Reuse::default() }).2.calls;
        assert_eq!(left_out(1e-6), 0);
        assert!(left_out(0.1) < left_out(0.3) && left_out(0.3) <= CALLS as u32 - 3);
    }

    #[test]
    fn the_negative_branch_is_asked_every_few_steps() {
        let (asked, predicted, skipped) = drive(&Reuse { negative_every: 3, ..Reuse::default() });
        let with_negative: Vec<usize> = (0..CALLS).filter(|call| asked[*call] == [0, 1]).collect();
        assert_eq!(with_negative, [0, 3, 6, 9]);
        assert!((0..CALLS).filter(|call| call % 3 != 0).all(|call| asked[call] == [1]));
        assert_eq!(skipped, Skipped { calls: 0, negatives: 8 });
        // The positive row is fresh, and the difference that of call 3: 13.
        assert_eq!((predicted[5][[1, 0]], predicted[5][[0, 0]]), (30.0, 30.0 - 13.0));
    }

    #[test]
    fn both_calls_of_a_step_are_treated_alike_and_an_end_can_be_set() {
        let asked = |reuse| drive(&reuse).0;
        let heun = asked(Reuse { negative_every: 2, order: 2, ..Reuse::default() });
        let full: Vec<bool> = heun.iter().map(|which| which.len() == 2).collect();
        assert_eq!(full[..8], [true, true, false, false, true, true, false, false]);
        let ended = asked(Reuse { negative_until: 4, ..Reuse::default() });
        assert!(ended[..4].iter().all(|which| which.len() == 2) && ended[4..].iter().all(|which| *which == [1]));
        let never = asked(Reuse { negative_until: 0, ..Reuse::default() });
        assert_eq!(never.iter().filter(|which| which.len() == 2).count(), 1, "the first has nothing to keep");
    }

    #[test]
    fn forgetting_asks_again() {
        let reuse = Reuse { negative_every: 100, ..Reuse::default() };
        let mut reuser = Reuser::new(&reuse, &both());
        let input = ArrayD::ones(vec![1, 2]);
        for (call, forget, rows) in [(0, false, 2), (1, false, 1), (2, true, 2)] {
            if forget {
                reuser.forget();
            }
            let mut output = ArrayD::zeros(vec![rows, 2]);
            let mut asked = 0;
            reuser
                .predict(call, &input, &[0, 1], |which| {
                    asked = which.len();
                    Ok(&mut output)
                })
                .unwrap();
            assert_eq!(asked, rows);
        }
    }
}

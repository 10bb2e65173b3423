//! A request's guidance rules and what calls it leaves out, resolved to the calls of its schedule.

use super::opened::Opened;
use super::plan::{Job, Plan};
use super::{GuidanceRules, Scales};
use crate::denoise::{Reuse, Rules};
use crate::error::{Error, Result};
use crate::scheduler::{CleanSample, Scheduler, is_flow};

/// The rules of `plan` for `scheduler`.
///
/// # Errors
/// [`Error::InvalidArgument`] for a rule that has no meaning with this scheduler or this model, or a list of scales
/// whose length is not the number of steps.
pub(in crate::pipeline) fn rules(model: &Opened, plan: &Plan, scheduler: &dyn Scheduler) -> Result<Rules> {
    let GuidanceRules { rescale, interval, scales, plus_plus, projection, thresholding, zero_star } =
        &plan.request.guidance_rules;
    let (kind, config) = (plan.scheduler_kind, &model.folder.scheduler().config);
    let calls = scheduler.timesteps().len();
    // A solver of order 2 calls twice a step, and both calls of a step are guided alike.
    let order = scheduler.order().max(1);
    let steps = calls.div_ceil(order);
    let named = [
        (plus_plus.is_some(), "CFG++"),
        (projection.is_some(), "adaptive projected guidance"),
        (zero_star.is_some(), "CFG-Zero*"),
        (plan.request.reuse.saves_negatives(), "leaving the negative prompt out"),
    ];
    if let (Job::Edit, Some((_, name))) = (plan.job, named.into_iter().find(|(given, _)| *given)) {
        return Err(Error::invalid(format!(
            "{name} has no meaning for a model that edits pictures, which is guided in two directions at once"
        )));
    }
    if plus_plus.is_some() && scheduler.renoising(0).is_none() {
        return Err(Error::invalid(format!(
            "CFG++ has no meaning for the scheduler {}; allowed are ddim, euler and euler_ancestral",
            kind.name()
        )));
    }
    if zero_star.is_some_and(|rule| rule.zero_steps > 0) && !is_flow(kind, config) {
        return Err(Error::invalid(format!(
            "CFG-Zero*'s zero steps are for flow-matching models, but the scheduler {} takes other predictions; \
             allowed is 0",
            kind.name()
        )));
    }
    if let Scales::PerStep(list) = scales
        && list.len() != plan.settings.steps as usize
    {
        return Err(Error::invalid(format!(
            "{} guidance scales are given for {} steps; give one for each, or points to interpolate between",
            list.len(),
            plan.settings.steps
        )));
    }
    let step_of = |part: f32| (part * steps as f32) as usize * order;
    let clean = thresholding.map(|rule| Ok::<_, Error>((rule, CleanSample::of(kind, config)?))).transpose()?;
    Ok(Rules {
        rescale: *rescale,
        active: interval.map(|(start, stop)| step_of(start)..step_of(stop)),
        scales: (0..calls).map_while(|call| scales.at(call / order, steps)).collect(),
        plus_plus: *plus_plus,
        projection: *projection,
        thresholding: clean,
        zero_star: zero_star.map(|rule| rule.zero_steps as usize * order),
    })
}

/// The calls that `plan` may leave out of `scheduler`'s.
pub(in crate::pipeline) fn reuse(plan: &Plan, scheduler: &dyn Scheduler) -> Reuse {
    let wanted = &plan.request.reuse;
    let (calls, order) = (scheduler.timesteps().len(), scheduler.order().max(1));
    let steps = calls.div_ceil(order);
    let last = steps.saturating_sub(wanted.last_steps as usize) * order;
    Reuse {
        threshold: f64::from(wanted.threshold),
        allowed: wanted.first_steps as usize * order..last,
        negative_every: wanted.negative_every as usize,
        negative_until: match wanted.negative_until < 1.0 {
            true => (wanted.negative_until * steps as f32) as usize * order,
            false => usize::MAX,
        },
        order,
    }
}

//! Schedules that no configuration names, through the whole pipeline; the schedulers' numbers are in `schedulers.rs`.

#![allow(clippy::unwrap_used, reason = "a test states what it expects by panicking")]

mod common;

use common::{generate, open, tiny};
use diffusion::{CustomSchedule, Request, SchedulerKind, SigmaSchedule};

/// diffusers' `AysSchedules` (`scheduling_utils.py`): Stable Diffusion, and Stable Diffusion XL.
const AYS: [[f64; 11]; 2] = [
    [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.0],
    [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.0],
];

fn request(scheduler: SchedulerKind) -> Request {
    Request { scheduler: Some(scheduler), seed: Some(3), ..Request::new("a red square") }
}

fn listed(sigmas: &[f64]) -> Request {
    Request { custom_schedule: Some(CustomSchedule::Sigmas(sigmas.to_vec())), ..request(SchedulerKind::Euler) }
}

/// `ays` is the family's own list, and the list says how many steps there are.
#[test]
fn align_your_steps_is_the_familys() {
    for (folder, own) in [("tiny-optimum", 0), ("tiny-xl", 1)] {
        let pipeline = open(&tiny(folder)).unwrap();
        let named =
            Request { sigmas: Some(SigmaSchedule::AlignYourSteps), steps: Some(10), ..request(SchedulerKind::Euler) };
        let named = generate(&pipeline, &named).unwrap();
        let same = generate(&pipeline, &listed(&AYS[own])).unwrap();
        let other = generate(&pipeline, &listed(&AYS[1 - own])).unwrap();
        assert_eq!(named.latents, same.latents, "{folder}");
        assert_ne!(named.latents, other.latents, "{folder}");
        assert_eq!((named.settings.sigmas.as_str(), same.settings.sigmas.as_str()), ("ays", "custom"));
        assert_eq!(same.settings.steps, 10);
    }
}

#[test]
fn flux_takes_its_own_levels_as_a_list_and_no_aligned_steps() {
    let pipeline = open(&tiny("tiny-flux-schnell")).unwrap();
    let own = Request { steps: Some(4), ..request(SchedulerKind::FlowEuler) };
    let list = Request {
        custom_schedule: Some(CustomSchedule::Sigmas(vec![1.0, 0.75, 0.5, 0.25])),
        ..request(SchedulerKind::FlowEuler)
    };
    assert_eq!(generate(&pipeline, &own).unwrap().latents, generate(&pipeline, &list).unwrap().latents);
    let aligned = Request { sigmas: Some(SigmaSchedule::AlignYourSteps), ..own };
    let error = generate(&pipeline, &aligned).unwrap_err().to_string();
    assert!(error.contains("flow_euler") && error.contains("ays"), "{error}");
}

#[test]
fn what_does_not_fit_a_list_is_refused() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let refusal = |request: &Request| generate(&pipeline, request).unwrap_err().to_string();
    let steps = refusal(&Request { steps: Some(7), ..listed(&AYS[0]) });
    assert!(steps.contains("7 steps") && steps.contains("makes 10"), "{steps}");
    let both = refusal(&Request { sigmas: Some(SigmaSchedule::Karras), ..listed(&AYS[0]) });
    assert!(both.contains("karras") && both.contains("only one"), "{both}");
    let scheduler = refusal(&Request { scheduler: Some(SchedulerKind::Ddim), ..listed(&AYS[0]) });
    assert!(scheduler.contains("ddim cannot be given sigmas"), "{scheduler}");
    let order = refusal(&listed(&[1.0, 2.0, 0.0]));
    assert!(order.contains("entry 2") && order.contains("lower"), "{order}");
    let long = refusal(&listed(&(0..2000).rev().map(f64::from).collect::<Vec<_>>()));
    assert!(long.contains("2000 entries") && long.contains("1000"), "{long}");
}

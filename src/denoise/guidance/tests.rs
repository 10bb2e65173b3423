//! The rules against diffusers' guiders (`tests/golden/make_guidance.py`) and against their own formulas.

use ndarray::{Axis, array, concatenate};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::rng::{Generator, NoiseSource, RngKind};
use crate::scheduler::{CleanSample, Scheduler, SchedulerKind, SchedulerOptions, create};

#[derive(Deserialize)]
struct Golden {
    shape: Vec<usize>,
    predictions: Vec<Predictions>,
    cases: Vec<Case>,
    sample: Vec<f32>,
    thresholds: Vec<Threshold>,
    plus_plus: Vec<PlusPlus>,
}

/// A whole loop of CFG++.
#[derive(Deserialize)]
struct PlusPlus {
    scheduler: String,
    prediction: String,
    lambda: f32,
    seed: u64,
    sigmas: Vec<f64>,
    /// After each step.
    latents: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Predictions {
    positive: Vec<f32>,
    negative: Vec<f32>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    scale: f32,
    rescale: Option<f32>,
    interval: Option<(f32, f32)>,
    projection: Option<(f32, f32, f32)>,
    zero_star: Option<usize>,
    expected: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Threshold {
    percentile: f32,
    expected: Vec<f32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/guidance.json")).unwrap()
}

fn array_of(shape: &[usize], values: &[f32]) -> ArrayD<f32> {
    ArrayD::from_shape_vec(shape, values.to_vec()).unwrap()
}

fn scheduler(kind: SchedulerKind, config: Value, steps: usize) -> Box<dyn Scheduler> {
    create(kind, config.as_object().unwrap(), &SchedulerOptions::new(steps)).unwrap()
}

fn noise(seed: u64, shape: &[usize]) -> ArrayD<f32> {
    Generator::new(RngKind::TorchCpu, seed).unwrap().normal(shape)
}

fn guidance(roles: &[Role], scale: f32, image_scale: f32) -> Guidance {
    Guidance { roles: roles.to_vec(), scale, image_scale, rules: Rules::default() }
}

fn pair(scale: f32, rules: Rules) -> Guidance {
    Guidance { rules, ..guidance(&[Role::Negative, Role::Positive(1.0)], scale, 1.0) }
}

fn stacked(negative: &ArrayD<f32>, positive: &ArrayD<f32>) -> ArrayD<f32> {
    concatenate(Axis(0), &[negative.view(), positive.view()]).unwrap()
}

fn assert_near(ours: &ArrayViewD<'_, f32>, expected: &[f32], what: &str) {
    let worst = ours.iter().zip(expected).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0_f32, f32::max);
    assert!(ours.len() == expected.len() && worst < 3e-6, "{what}: {worst}");
}

/// Combines `predictions` of a single call, for any scheduler and latents of zero.
fn combined(guidance: &Guidance, mut predictions: ArrayD<f32>, pictures: usize) -> ArrayD<f32> {
    let scheduler = scheduler(SchedulerKind::Ddim, json!({}), 3);
    let mut shape = predictions.shape().to_vec();
    shape[0] = pictures;
    let latents = ArrayD::zeros(shape);
    let at = At { call: 0, latents: &latents, scheduler: scheduler.as_ref() };
    Guider::new(guidance).combine(&at, &mut predictions).unwrap();
    predictions
}

#[test]
fn moves_away_from_the_negative_prediction() {
    let p = array![[1.0_f32, -2.0], [3.0, 0.5]].into_dyn();
    let p = combined(&pair(7.5, Rules::default()), p, 1);
    assert_eq!(p.index_axis(Axis(0), 0), array![1.0 + 7.5 * 2.0, -2.0 + 7.5 * 2.5].into_dyn());
    assert_eq!(p.index_axis(Axis(0), 1), array![3.0, 0.5].into_dyn(), "the positive half stays");
}

#[test]
fn several_prompts_add_up() {
    let p = array![[1.0_f32], [3.0], [0.0]].into_dyn();
    let p = combined(&guidance(&[Role::Negative, Role::Positive(1.0), Role::Positive(-0.5)], 2.0, 1.0), p, 1);
    assert_eq!(p[[0, 0]], 1.0 + 2.0 * (2.0 + 0.5));
}

#[test]
fn a_picture_to_edit_stands_between() {
    let p = array![[5.0_f32], [3.0], [1.0]].into_dyn();
    let p = combined(&guidance(&[Role::Positive(1.0), Role::Picture, Role::Negative], 7.0, 1.5), p, 1);
    assert_eq!(p[[0, 0]], 1.0 + 7.0 * 2.0 + 1.5 * 2.0);
}

#[test]
fn one_branch_stays_as_it_is() {
    let p = array![[5.0_f32], [3.0]].into_dyn();
    assert_eq!(combined(&Guidance::off(), p.clone(), 2), p);
}

#[test]
fn every_rule_equals_diffusers_guiders() {
    let golden = golden();
    let latents = ArrayD::zeros(golden.shape.clone());
    let scheduler = scheduler(SchedulerKind::Ddim, json!({}), 3);
    assert!(golden.cases.len() >= 13);
    for case in &golden.cases {
        let projection = case.projection.map(|(eta, threshold, momentum)| Projection { eta, threshold, momentum });
        let active = case.interval.map(|(start, stop)| (start * 3.0) as usize..(stop * 3.0) as usize);
        let rescale = case.rescale.unwrap_or(0.0);
        let rules = Rules { rescale, active, projection, zero_star: case.zero_star, ..Rules::default() };
        let guidance = pair(case.scale, rules);
        let mut guider = Guider::new(&guidance);
        for (call, (step, expected)) in golden.predictions.iter().zip(&case.expected).enumerate() {
            let (positive, negative) =
                (array_of(&golden.shape, &step.positive), array_of(&golden.shape, &step.negative));
            let mut predictions = match guider.branches(call).as_slice() {
                [] => latents.clone(),
                [1] => positive,
                [0, 1] => stacked(&negative, &positive),
                other => panic!("{other:?}"),
            };
            guider.combine(&At { call, latents: &latents, scheduler: scheduler.as_ref() }, &mut predictions).unwrap();
            assert_near(&rows(&predictions, 0, golden.shape[0]), expected, &format!("{} step {call}", case.name));
        }
    }
}

#[test]
fn thresholding_equals_diffusers_schedulers() {
    let golden = golden();
    for case in &golden.thresholds {
        let mut clean = array_of(&golden.shape, &golden.sample);
        Thresholding { percentile: case.percentile, limit: ThresholdLimit::Fixed(1.0) }.apply(&mut clean, None);
        assert_near(&clean.view(), &case.expected, &case.percentile.to_string());
    }
}

#[test]
fn a_thresholded_prediction_has_the_mimicked_range_and_stays_without_need() {
    let shape = [1, 4, 8, 8];
    let (negative, positive) = (noise(1, &shape), noise(2, &shape));
    let config = json!({"prediction_type": "v_prediction"});
    let scheduler = scheduler(SchedulerKind::Euler, config.clone(), 10);
    let clean = CleanSample::of(SchedulerKind::Euler, config.as_object().unwrap()).unwrap();
    let latents = noise(3, &shape) * 5.0;
    let (call, percentile) = (3, 0.95);
    let guided = |limit: Option<ThresholdLimit>, scale: f32| {
        let thresholding = limit.map(|limit| (Thresholding { percentile, limit }, clean));
        let guidance = pair(scale, Rules { thresholding, ..Rules::default() });
        let mut predictions = stacked(&negative, &positive);
        let at = At { call, latents: &latents, scheduler: scheduler.as_ref() };
        Guider::new(&guidance).combine(&at, &mut predictions).unwrap();
        rows(&predictions, 0, 1).to_owned()
    };
    let [own, told] = clean.factors(scheduler.as_ref(), call).unwrap();
    let spread = |prediction: &ArrayD<f32>| {
        let x0 = &latents * own as f32 + prediction * told as f32;
        let mut magnitudes: Vec<f32> = x0.iter().map(|v| v.abs()).collect();
        magnitudes.sort_by(f32::total_cmp);
        (magnitudes[(0.95 * 255.0) as usize], magnitudes[255])
    };
    let mimicked = guided(Some(ThresholdLimit::MimicScale(2.0)), 15.0);
    let (low, wild) = (spread(&guided(None, 2.0)), spread(&guided(None, 15.0)));
    assert!(wild.0 > 2.0 * low.0, "the case shows nothing: {wild:?} {low:?}");
    assert!((spread(&mimicked).1 / low.0 - 1.0).abs() < 0.05, "{:?} against {low:?}", spread(&mimicked));
    assert_eq!(guided(Some(ThresholdLimit::Fixed(1e3)), 15.0), guided(None, 15.0), "nothing is above the limit");
}

#[test]
fn cfg_plus_plus_takes_x0_from_the_guided_and_noise_from_the_negative_prediction() {
    let (shape, lambda) = ([2, 4, 3, 3], 0.6_f32);
    let (negative, positive) = (noise(1, &shape), noise(2, &shape));
    let guided = &negative + &((&positive - &negative) * lambda);
    for (kind, config) in [(SchedulerKind::Ddim, json!({"clip_sample": false})), (SchedulerKind::Euler, json!({}))] {
        let mut scheduler = scheduler(kind, config, 10);
        let guidance = pair(7.5, Rules { plus_plus: Some(lambda), ..Rules::default() });
        let mut guider = Guider::new(&guidance);
        let mut latents = noise(3, &shape) * scheduler.init_noise_sigma() as f32;
        let mut fresh = Generator::new(RngKind::TorchCpu, 0).unwrap();
        for call in 0..9 {
            let level = |call| {
                let (zero, one) = (ArrayD::zeros(vec![1]), ArrayD::ones(vec![1]));
                let part = |x: &ArrayD<f32>, n: &ArrayD<f32>| scheduler.add_noise(x, n, call).unwrap()[[0]];
                (part(&one, &zero), part(&zero, &one))
            };
            let ((alpha, sigma), (next_alpha, next_sigma)) = (level(call), level(call + 1));
            // The paper's step: Tweedie's x0 of the guided noise, renoised by the other one.
            let clean = (&latents - &(&guided * sigma)) / alpha;
            let expected = clean * next_alpha + &negative * next_sigma;
            let mut predictions = stacked(&negative, &positive);
            let at = At { call, latents: &latents, scheduler: scheduler.as_ref() };
            guider.combine(&at, &mut predictions).unwrap();
            scheduler.step(call, rows(&predictions, 0, 2), &mut latents, &mut fresh).unwrap();
            guider.after_step(scheduler.as_ref(), call, &mut latents);
            let scale = expected.iter().fold(0.0_f32, |w, v| w.max(v.abs()));
            let worst = (&latents - &expected).iter().fold(0.0_f32, |w, d| w.max(d.abs()));
            assert!(worst < 2e-5 * scale, "{} call {call}: {worst} of {scale}", kind.name());
        }
    }
    let refusing = scheduler(SchedulerKind::Dpmpp2M, json!({}), 10);
    assert!(refusing.renoising(0).is_none());
}

/// The oracle is the paper's loop in float64 (`make_guidance.py`), with fresh noise in each step and without.
#[test]
fn whole_loops_of_cfg_plus_plus_equal_the_papers() {
    let golden = golden();
    assert!(golden.plus_plus.iter().filter(|case| case.scheduler == "euler_ancestral").count() >= 3);
    for case in &golden.plus_plus {
        let kind = SchedulerKind::parse(&case.scheduler).unwrap();
        let mut scheduler = scheduler(kind, json!({"prediction_type": case.prediction}), golden.predictions.len());
        let sigmas = scheduler.sigmas();
        assert!(sigmas.iter().zip(&case.sigmas).all(|(a, b)| (a - b).abs() <= 1e-6 * b), "{sigmas:?}");
        let guidance = pair(7.5, Rules { plus_plus: Some(case.lambda), ..Rules::default() });
        let mut guider = Guider::new(&guidance);
        let mut latents = array_of(&golden.shape, &golden.sample) * sigmas[0] as f32;
        let mut fresh = Generator::new(RngKind::TorchCpu, case.seed).unwrap();
        for (call, (step, expected)) in golden.predictions.iter().zip(&case.latents).enumerate() {
            let (positive, negative) =
                (array_of(&golden.shape, &step.positive), array_of(&golden.shape, &step.negative));
            let mut predictions = stacked(&negative, &positive);
            let at = At { call, latents: &latents, scheduler: scheduler.as_ref() };
            guider.combine(&at, &mut predictions).unwrap();
            let guided = rows(&predictions, 0, golden.shape[0]).to_owned();
            scheduler.step(call, guided.view(), &mut latents, &mut fresh).unwrap();
            guider.after_step(scheduler.as_ref(), call, &mut latents);
            let scale = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            let worst = latents.iter().zip(expected).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
            // Float32 latents against float64 ones.
            assert!(worst < 1e-5 * scale, "{} {} call {call}: {worst} of {scale}", case.scheduler, case.prediction);
        }
    }
}

#[test]
fn at_lambda_one_cfg_plus_plus_differs_from_the_positive_prediction_alone_only_in_the_noise() {
    let config = json!({"prediction_type": "v_prediction"});
    let scheduler = scheduler(SchedulerKind::Euler, config, 10);
    let slope = scheduler.renoising(4).unwrap();
    let sigmas = scheduler.sigmas();
    // ε = α v + σ x of the scaled sample, and the step keeps σ' of it.
    assert!((slope - sigmas[5] / (1.0 + sigmas[4] * sigmas[4]).sqrt()).abs() < 1e-9, "{slope}");
}

#[test]
fn outside_the_interval_and_at_scale_one_a_single_branch_runs() {
    let rules = Rules { active: Some(1..4), scales: vec![5.0, 1.0, 3.0, 5.0, 5.0], ..Rules::default() };
    let asked = |guidance: &Guidance| {
        let guider = Guider::new(guidance);
        (0..5).map(|call| guider.branches(call)).collect::<Vec<_>>()
    };
    let both = vec![0, 1];
    assert_eq!(asked(&pair(7.5, rules.clone())), [vec![1], vec![1], both.clone(), both, vec![1]]);
    // Several prompts have no branch that is their sum; the scale alone becomes 1.
    let several = Guidance { rules, ..guidance(&[Role::Negative, Role::Positive(1.0), Role::Positive(0.5)], 7.5, 1.0) };
    assert!(asked(&several).iter().all(|which| which.len() == 3));
    let p = combined(&several, array![[1.0_f32], [3.0], [0.0]].into_dyn(), 1);
    assert_eq!(p[[0, 0]], 1.0 + 2.0 - 0.5);
}

#[test]
fn the_scale_of_each_call_counts() {
    let guidance = pair(7.5, Rules { scales: vec![2.0, 4.0], ..Rules::default() });
    let p = combined(&guidance, array![[1.0_f32], [3.0]].into_dyn(), 1);
    assert_eq!(p[[0, 0]], 1.0 + 2.0 * 2.0);
}

/// What is predicted of a variance comes from the positive row; all rules look at the prediction alone.
#[test]
fn a_learned_variance_is_never_guided() {
    let scheduler = scheduler(SchedulerKind::Ddim, json!({}), 3);
    let shape = [2, 3, 2, 2];
    let latents = noise(1, &shape);
    let [negative, positive, low, high] = [2, 3, 4, 5].map(|seed| noise(seed, &shape));
    let rules = || Rules {
        rescale: 0.5,
        projection: Some(Projection { threshold: 2.0, eta: 0.3, momentum: 0.0 }),
        ..Rules::default()
    };
    for (guidance, first, second) in [
        (pair(7.5, Rules::default()), &negative, &positive),
        (pair(7.5, rules()), &negative, &positive),
        (guidance(&[Role::Positive(1.0), Role::Picture, Role::Negative], 4.0, 1.5), &positive, &negative),
    ] {
        let parts = guidance.roles.len();
        let combine = |predictions: &[ArrayViewD<'_, f32>]| {
            let mut predictions = concatenate(Axis(0), predictions).unwrap();
            let at = At { call: 0, latents: &latents, scheduler: scheduler.as_ref() };
            Guider::new(&guidance).combine(&at, &mut predictions).unwrap();
            rows(&predictions, 0, 2).to_owned()
        };
        let plain = combine(&[first.view(), second.view(), first.view()][..parts]);
        let first_is_positive = matches!(guidance.roles[0], Role::Positive(_));
        let doubled =
            |mean: &ArrayD<f32>, variance: &ArrayD<f32>| concatenate(Axis(1), &[mean.view(), variance.view()]).unwrap();
        let (of_first, of_second) = if first_is_positive { (&high, &low) } else { (&low, &high) };
        let (first, second, third) = (doubled(first, of_first), doubled(second, of_second), doubled(first, &low));
        let both = combine(&[first.view(), second.view(), third.view()][..parts]);
        assert_eq!(both, doubled(&plain, &high));
    }
    let rules = pair(7.5, Rules { rescale: 0.5, ..Rules::default() });
    let at = At { call: 0, latents: &latents, scheduler: scheduler.as_ref() };
    let error = Guider::new(&rules).combine(&at, &mut ArrayD::ones(vec![4, 5, 2, 2])).unwrap_err();
    assert!(error.to_string().contains("[4, 5, 2, 2]"), "{error}");
}

//! The loop over small graphs (`tests/golden/make_graphs.py`), held against the same steps written out.

use std::path::Path;

use ndarray::{Axis, IxDyn, concatenate};
use serde_json::{Map, Value, json};

use super::*;
use crate::rng::{Generator, RngKind};
use crate::runtime::{self, Graph, GraphOptions};
use crate::scheduler::{CleanSample, Known, SchedulerKind, SchedulerOptions, Steering, create};

fn graph(name: &str) -> Arc<Graph> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fetched = root.join("target/onnxruntime/1.28.0-cpu");
    runtime::initialize(std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched.as_path())).unwrap();
    let path = root.join(format!("tests/golden/graphs/{name}.onnx"));
    Arc::new(Graph::open(name, &path, &GraphOptions::default(), &CancelToken::new()).unwrap())
}

fn generator(seed: u64) -> Generator {
    Generator::new(RngKind::TorchCpu, seed).unwrap()
}

fn random(seed: u64, shape: &[usize]) -> ArrayD<f32> {
    generator(seed).normal(shape)
}

fn config(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn scheduler(kind: SchedulerKind, value: Value, steps: usize) -> Box<dyn Scheduler> {
    create(kind, &config(value), &SchedulerOptions::new(steps)).unwrap()
}

fn labelled(label: f32) -> Branch {
    Branch::default().with("class_labels", ArrayD::from_elem(IxDyn(&[]), label))
}

/// What a loop is told in these tests.
struct Loop<'a> {
    scheduler: Box<dyn Scheduler>,
    guidance: Guidance,
    gradient: Option<GradientGuide>,
    paste: Option<&'a Paste>,
}

impl Loop<'_> {
    fn over(scheduler: Box<dyn Scheduler>) -> Self {
        Loop { scheduler, guidance: Guidance::off(), gradient: None, paste: None }
    }

    /// Runs all calls from `x`, with noise of seed 9.
    fn run(mut self, mut denoiser: Denoiser, x: &ArrayD<f32>) -> Result<ArrayD<f32>> {
        let mut latents = x.clone();
        let calls = self.scheduler.timesteps().len();
        let task = Denoising {
            denoiser: &mut denoiser,
            scheduler: self.scheduler.as_mut(),
            noise: &mut generator(9),
            guidance: &self.guidance,
            gradient: self.gradient.as_mut(),
            reuse: &Reuse::default(),
            span: 0..calls,
            paste: self.paste,
            changes: Vec::new(),
            cancel: &CancelToken::new(),
        };
        run(task, &mut latents, |_| Ok(()))?;
        Ok(latents)
    }
}

#[track_caller]
fn assert_near(one: &ArrayD<f32>, other: &ArrayD<f32>) {
    let scale = other.iter().fold(1e-3_f32, |m, v| m.max(v.abs()));
    let worst = one.iter().zip(other).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(one.shape() == other.shape() && worst <= 3e-6 * scale, "{worst} of {scale}");
}

/// What the graph `learned_variance` says of the mean, and of the variance.
fn mean(x: &ArrayD<f32>, label: f32) -> ArrayD<f32> {
    x.mapv(|x| 0.3 * x + 0.1 * label)
}

fn variance(x: &ArrayD<f32>, label: f32) -> ArrayD<f32> {
    x.mapv(|_| 0.1 * label - 0.5)
}

/// What the graph `classifier_gradient` says.
fn gradient(x: &ArrayD<f32>, timestep: f64, label: f32) -> ArrayD<f32> {
    x.mapv(|x| (label / 4.0 - x) * (1.0 + timestep as f32 / 1000.0))
}

fn classifier(shape: &[usize], scale: f32, form: GradientForm, rule: Option<CleanSample>) -> GradientGuide {
    let told = (1.0, Batching::Together);
    GradientGuide::new(&graph("classifier_gradient"), shape, labelled(3.0), told, (scale, form), rule).unwrap()
}

#[test]
fn a_prior_is_a_denoiser_of_vectors_with_labels_and_a_mask() {
    let graph = graph("prior");
    let told: [Told; 2] = [("class_labels", vec![]), ("attention_mask", vec![Some(4)])];
    check(&graph, &told, &[]).unwrap();
    assert!(check(&graph, &told[..1], &[]).unwrap_err().to_string().contains("attention_mask"));
    assert!(check(&graph, &[("attention_mask", vec![Some(5)]), ("class_labels", vec![])], &[]).is_err());

    let mask = |values: [f32; 4]| ArrayD::from_shape_vec(IxDyn(&[4]), values.to_vec()).unwrap();
    let branches = vec![
        labelled(2.0).with("attention_mask", mask([1.0, 1.0, 0.0, 0.0])),
        labelled(0.0).with("attention_mask", mask([1.0, 0.5, -1.0, 1.0])),
    ];
    let x = random(1, &[3, 6]);
    let said = |x: &ArrayD<f32>, t: f64, branch: usize| {
        let rest = [0.5 + 0.25, 1.0][branch] + 0.001 * t as f32;
        x.mapv(|x| 0.5 * x + rest)
    };
    for batching in [Batching::Together, Batching::OneByOne] {
        let denoiser = || Denoiser::new(&graph, &[3, 6], branches.clone(), 1.0, batching).unwrap();
        let mut asked = denoiser();
        let predicted = asked.predict(&x, (0, 500.0), &[0, 1], &CancelToken::new()).unwrap();
        assert_near(predicted, &concatenate![Axis(0), said(&x, 500.0, 0), said(&x, 500.0, 1)]);

        let prior = json!({"prediction_type": "sample", "clip_sample_range": 5.0});
        let guidance = Guidance { roles: vec![Role::Negative, Role::Positive(1.0)], scale: 4.0, ..Guidance::off() };
        let task = Loop { guidance, ..Loop::over(scheduler(SchedulerKind::UnClip, prior.clone(), 5)) };
        let got = task.run(denoiser(), &x).unwrap();
        let (mut steps, mut noise, mut expected) =
            (scheduler(SchedulerKind::UnClip, prior, 5), generator(9), x.clone());
        for (i, t) in steps.timesteps().to_vec().into_iter().enumerate() {
            let (negative, positive) = (said(&expected, t, 0), said(&expected, t, 1));
            let guided = &negative + &((&positive - &negative) * 4.0);
            steps.step(i, guided.view(), &mut expected, &mut noise).unwrap();
        }
        assert_near(&got, &expected);
    }
}

#[test]
fn a_learned_variance_goes_through_the_guided_loop() {
    let shape = [2, 3, 2, 2];
    let (graph, x) = (graph("learned_variance"), random(1, &shape));
    let learned = json!({"variance_type": "learned_range", "clip_sample": false});
    let respaced = json!({"variance_type": "learned_range", "timestep_respacing": "6"});
    let unclip = json!({"variance_type": "learned_range"});
    for (kind, value) in
        [(SchedulerKind::Ddpm, learned), (SchedulerKind::Ddpm, respaced), (SchedulerKind::UnClip, unclip)]
    {
        let branches = vec![labelled(0.0), labelled(4.0)];
        let denoiser = Denoiser::new(&graph, &shape, branches, 1.0, Batching::Together).unwrap();
        let guidance = Guidance { roles: vec![Role::Negative, Role::Positive(1.0)], scale: 3.0, ..Guidance::off() };
        let task = Loop { guidance, ..Loop::over(scheduler(kind, value.clone(), 6)) };
        let got = task.run(denoiser, &x).unwrap();
        let (mut steps, mut noise, mut expected) = (scheduler(kind, value, 6), generator(9), x.clone());
        for i in 0..6 {
            let guided = mean(&expected, 12.0);
            let output = concatenate![Axis(1), guided, variance(&expected, 4.0)];
            steps.step(i, output.view(), &mut expected, &mut noise).unwrap();
        }
        assert_near(&got, &expected);
    }
}

#[test]
fn a_classifier_of_one_picture_guides_two_as_the_scheduler_takes_it() {
    let shape = [2, 3, 2, 2];
    let (graph, x) = (graph("learned_variance"), random(1, &shape));
    let denoiser = || Denoiser::new(&graph, &shape, vec![labelled(1.0)], 1.0, Batching::Together).unwrap();
    let learned = json!({"variance_type": "learned_range", "timestep_respacing": "7"});
    let run = |scale: f32| {
        let gradient = Some(classifier(&shape, scale, GradientForm::Own, None));
        Loop { gradient, ..Loop::over(scheduler(SchedulerKind::Ddpm, learned.clone(), 7)) }.run(denoiser(), &x).unwrap()
    };
    let expected = |scale: Option<f32>| {
        let mut steps = scheduler(SchedulerKind::Ddpm, learned.clone(), 7);
        let (mut noise, mut x) = (generator(9), x.clone());
        for (i, t) in steps.timesteps().to_vec().into_iter().enumerate() {
            let output = concatenate![Axis(1), mean(&x, 1.0), variance(&x, 1.0)];
            let gradient = scale.map(|scale| gradient(&x, t, 3.0) * scale);
            let steering = Steering { known: None, gradient: gradient.as_ref() };
            steps.step_steered(i, output.view(), &mut x, &mut noise, &steering).unwrap();
        }
        x
    };
    assert_near(&run(2.0), &expected(Some(2.0)));
    assert_near(&run(0.0), &expected(None));
    assert!(run(2.0) != run(0.0));
}

/// k-diffusion's form: the clean sample moves by σ² times the gradient by the sample itself, whatever is predicted and
/// however the denoiser's input is scaled.
#[test]
fn a_gradient_moves_the_clean_sample_of_every_scheduler() {
    let shape = [2, 3, 2, 2];
    let said = |input: &ArrayD<f32>| mean(input, 1.0);
    for (kind, value) in [
        (SchedulerKind::Euler, json!({})),
        (SchedulerKind::Euler, json!({"prediction_type": "v_prediction"})),
        (SchedulerKind::Euler, json!({"prediction_type": "sample"})),
        (SchedulerKind::Ddim, json!({"clip_sample": false})),
        (SchedulerKind::Ddim, json!({"clip_sample": false, "prediction_type": "v_prediction"})),
        (SchedulerKind::FlowEuler, json!({})),
    ] {
        let steps = scheduler(kind, value.clone(), 4);
        let rule = CleanSample::of(kind, &config(value.clone())).unwrap();
        let (zero, one) = (ArrayD::zeros(IxDyn(&shape)), ArrayD::ones(IxDyn(&shape)));
        let index = 2;
        let signal = steps.add_noise(&one, &zero, index).unwrap()[[0, 0, 0, 0]];
        let level = steps.add_noise(&zero, &one, index).unwrap()[[0, 0, 0, 0]];
        let x = random(1, &shape) * signal.hypot(level);
        let mut input = x.clone();
        steps.scale_model_input(index, &mut input);
        let scaling = input[[0, 0, 0, 0]] / x[[0, 0, 0, 0]];

        let t = steps.timesteps()[index];
        let mut predictions = said(&input);
        let mut guide = classifier(&shape, 1.5, GradientForm::Score, Some(rule));
        let at = (index, t);
        let left = guide.guide(steps.as_ref(), at, &input, &mut predictions, &CancelToken::new()).unwrap();
        assert!(left.is_none());
        let [own, told] = rule.factors(steps.as_ref(), index).unwrap();
        let clean = |output: &ArrayD<f32>| &x * own as f32 + &(output * told as f32);
        let moved = gradient(&input, t.trunc(), 3.0) * (1.5 * level * level / signal * scaling);
        assert_near(&clean(&predictions), &(clean(&said(&input)) + moved));

        if kind == SchedulerKind::FlowEuler {
            let mut first = said(&input);
            guide.guide(steps.as_ref(), (0, 1000.0), &input, &mut first, &CancelToken::new()).unwrap();
            assert_eq!(first, said(&input), "pure noise is not guided");
        }
    }
}

#[test]
fn guidance_graphs_are_checked_when_they_are_opened() {
    let label: [Told; 1] = [("class_labels", vec![])];
    check_gradient(&graph("classifier_gradient"), &label).unwrap();
    check_gradient(&graph("target_gradient"), &[("target", vec![Some(6)])]).unwrap();
    let refused = |name: &str, told: &[Told]| check_gradient(&graph(name), told).unwrap_err().to_string();
    assert!(refused("classifier_gradient", &[]).contains("class_labels"));
    assert!(refused("target_gradient", &[("target", vec![Some(7)])]).contains("target"));
    let doubled = refused("learned_variance", &label);
    assert!(doubled.contains("out_sample") && doubled.contains("shape of the input \"sample\""), "{doubled}");
    assert!(refused("two_outputs", &[]).contains("sample"));

    // Without a timestep, over vectors.
    let x = random(1, &[2, 6]);
    let target = random(2, &[6]);
    let told = Branch::default().with("target", target.clone());
    let rule = CleanSample::of(SchedulerKind::Ddim, &Map::new()).unwrap();
    let mut guide = GradientGuide::new(
        &graph("target_gradient"),
        &[2, 6],
        told,
        (1.0, Batching::OneByOne),
        (1.0, GradientForm::Own),
        Some(rule),
    )
    .unwrap();
    let clipped = scheduler(SchedulerKind::Ddim, json!({"use_clipped_model_output": true}), 3);
    let mut unused = x.clone();
    let own = guide.guide(clipped.as_ref(), (1, 333.0), &x, &mut unused, &CancelToken::new()).unwrap();
    assert_near(own.unwrap(), &(&target - &x));
    assert_eq!(unused, x);
    let edm = scheduler(SchedulerKind::EdmEuler, json!({}), 3);
    let mut without = classifier(&[1, 3, 2, 2], 1.0, GradientForm::Own, None);
    let x = random(1, &[1, 3, 2, 2]);
    let error = without.guide(edm.as_ref(), (0, 1.0), &x, &mut x.clone(), &CancelToken::new()).unwrap_err();
    assert!(error.to_string().contains("EDM"), "{error}");
}

#[test]
fn what_is_kept_can_be_put_back_before_each_call_or_in_x0() {
    let shape = [1, 3, 2, 2];
    let (graph, x) = (graph("learned_variance"), random(1, &shape));
    let denoiser = || Denoiser::new(&graph, &shape, vec![labelled(1.0)], 1.0, Batching::Together).unwrap();
    let original = random(2, &shape).mapv(|v| v.clamp(-1.0, 1.0));
    let mask = random(3, &shape).mapv(|v| f32::from(u8::from(v > 0.0)));
    let learned = json!({"variance_type": "learned_range"});
    let made = || scheduler(SchedulerKind::Ddpm, learned.clone(), 5);
    let paste = |mode| Paste { original: original.clone(), mask: mask.clone(), mode };
    let expected = |before: bool| {
        let (mut steps, mut noise, mut x) = (made(), generator(9), x.clone());
        for i in 0..5 {
            if before {
                let fresh = noise.normal(&shape);
                let kept = steps.add_noise(&original, &fresh, i).unwrap();
                x = &kept * &(1.0 - &mask) + &x * &mask;
            }
            let output = concatenate![Axis(1), mean(&x, 1.0), variance(&x, 1.0)];
            let known = (!before).then_some(Known { original: &original, mask: &mask });
            steps.step_steered(i, output.view(), &mut x, &mut noise, &Steering { known, gradient: None }).unwrap();
        }
        x
    };
    let before = paste(PasteMode::BeforeCall);
    let got = Loop { paste: Some(&before), ..Loop::over(made()) }.run(denoiser(), &x).unwrap();
    assert_near(&got, &expected(true));
    let clean = paste(PasteMode::Clean);
    let got = Loop { paste: Some(&clean), ..Loop::over(made()) }.run(denoiser(), &x).unwrap();
    assert_near(&got, &expected(false));
    ndarray::Zip::from(&got).and(&original).and(&mask).for_each(|&x, &o, &m| {
        assert!(m > 0.0 || (x - o).abs() < 1e-6);
    });

    let euler = scheduler(SchedulerKind::Euler, json!({}), 5);
    let error = Loop { paste: Some(&clean), ..Loop::over(euler) }.run(denoiser(), &x).unwrap_err();
    assert!(error.to_string().contains("ddpm, ddim and unclip"), "{error}");
    let small = Paste { original: ArrayD::zeros(vec![1, 3, 1, 1]), ..paste(PasteMode::Clean) };
    assert!(Loop { paste: Some(&small), ..Loop::over(made()) }.run(denoiser(), &x).is_err());
}

//! OpenAI's diffusion process, and inversion, against `golden/diffusion_references.json` (made by
//! `golden/make_diffusion_references.py`) and against each other.

#![expect(clippy::unwrap_used, reason = "a test states what it expects by panicking, its helpers too")]

use diffusion::rng::NoiseSource;
use diffusion::scheduler::{
    Inversion, Known, Scheduler, SchedulerKind, SchedulerOptions, Steering, create, respaced_steps,
};
use ndarray::{ArrayD, Axis, Zip, concatenate};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct File {
    respacing: Respacing,
    c: Vec<f32>,
    x: Vec<f32>,
    mask: Vec<f32>,
    noise: Vec<f32>,
    openai: Vec<Case>,
    diffusers: Vec<Inverted>,
    c32: Vec<f32>,
    x32: Vec<f32>,
}

#[derive(Deserialize)]
struct Respacing {
    train: usize,
    sums: Vec<u64>,
    impossible: Vec<usize>,
    tables: Vec<Table>,
}

#[derive(Deserialize)]
struct Table {
    train: usize,
    spec: String,
    timesteps: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    config: Map<String, Value>,
    steps: usize,
    eta: f64,
    shape: Vec<usize>,
    hook: bool,
    gradient: f64,
    timesteps: Vec<f64>,
    draws: usize,
    samples: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Inverted {
    kind: String,
    config: Map<String, Value>,
    steps: usize,
    timesteps: Vec<f64>,
    samples: Vec<Vec<f32>>,
}

/// The listed noise, one tensor after the other.
struct Listed<'a> {
    values: &'a [f32],
    drawn: usize,
}

impl NoiseSource for Listed<'_> {
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32> {
        let drawn = array(shape, &self.values[self.drawn * 24..]);
        self.drawn += 1;
        drawn
    }

    fn seeds(&self) -> Vec<u64> {
        Vec::new()
    }
}

fn golden() -> File {
    serde_json::from_str(include_str!("golden/diffusion_references.json")).unwrap()
}

fn array(shape: &[usize], values: &[f32]) -> ArrayD<f32> {
    let size: usize = shape.iter().product();
    ArrayD::from_shape_vec(shape, values[..size].to_vec()).unwrap()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// The largest difference relative to the largest expected value; infinite when there is a NaN.
fn distance(got: &ArrayD<f32>, expected: &[f32]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let scale = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
    let worst = got.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs()));
    worst.map(|d| if d.is_nan() { f64::INFINITY } else { d }).fold(0.0, f64::max) / f64::from(scale)
}

/// The script's `model`: the prediction, and the second half of the channels.
fn model(x: &ArrayD<f32>, t: f64, c: &ArrayD<f32>) -> (ArrayD<f32>, ArrayD<f32>) {
    let both =
        |f: &dyn Fn(f64, f64) -> f64| Zip::from(x).and(c).map_collect(|&x, &c| f(f64::from(x), f64::from(c)) as f32);
    let output = both(&|x, c| 0.7 * (0.8 * x + 0.5 * c).tanh() + 0.2 * t / 1000.0);
    (output, both(&|x, c| (x - c).tanh()))
}

fn options(kind: &str, steps: usize, eta: f64) -> (SchedulerKind, SchedulerOptions) {
    let inversion = Inversion::parse(kind).ok();
    let kind = inversion.map_or_else(|| SchedulerKind::parse(kind).unwrap(), Inversion::kind);
    (kind, SchedulerOptions { eta, inversion, ..SchedulerOptions::new(steps) })
}

#[test]
fn respacing_is_openais() {
    let Respacing { train, sums, impossible, tables } = golden().respacing;
    let timesteps = |train: usize, spec: &str, steps: usize| {
        let config = map(json!({"timestep_respacing": spec, "num_train_timesteps": train}));
        let mut made: Vec<f64> =
            create(SchedulerKind::Ddim, &config, &SchedulerOptions::new(steps))?.timesteps().to_vec();
        made.reverse();
        Ok::<_, diffusion::Error>(made)
    };
    for (place, sum) in sums.into_iter().enumerate() {
        // Another number than the model's own 25.
        let made = timesteps(train, "25", place + 1).unwrap();
        assert_eq!(made.len(), place + 1);
        assert_eq!(made.iter().enumerate().map(|(i, t)| (i as u64 + 1) * *t as u64).sum::<u64>(), sum, "{}", place + 1);
    }
    for count in 1..=train {
        let made = timesteps(train, "ddim50", count);
        assert_eq!(made.is_err(), impossible.contains(&count), "ddim{count}");
        let config = map(json!({"timestep_respacing": format!("ddim{count}")}));
        assert_eq!(respaced_steps(&config).ok().flatten(), made.ok().map(|made| made.len()));
    }
    for Table { train, spec, timesteps: expected } in tables {
        let config = map(json!({"timestep_respacing": spec, "num_train_timesteps": train}));
        assert_eq!(respaced_steps(&config).unwrap(), Some(expected.len()), "{spec} of {train}");
        assert_eq!(timesteps(train, &spec, expected.len()).unwrap(), expected, "{spec} of {train}");
    }
}

#[test]
fn openais_process_is_repeated() {
    let file = golden();
    let mut wrong = Vec::new();
    for case in &file.openai {
        let (kind, options) = options(&case.kind, case.steps, case.eta);
        let mut scheduler = create(kind, &case.config, &options).unwrap();
        assert_eq!(scheduler.timesteps(), case.timesteps, "{}", case.name);
        let [c, mut x, mask] = [&file.c, &file.x, &file.mask].map(|values| array(&case.shape, values));
        if case.kind == "ddim_reverse" {
            x.mapv_inplace(|v| v.clamp(-1.0, 1.0));
        }
        let original = c.mapv(|v| (v * 1.5).clamp(-1.0, 1.0));
        let learned = case.config.get("variance_type").is_some_and(|v| v.as_str().unwrap().starts_with("learned"));
        let mut noise = Listed { values: &file.noise, drawn: 0 };
        let mut worst = (0.0, 0);
        for (i, expected) in case.samples.iter().enumerate() {
            let t = case.timesteps[i];
            let (output, second) = model(&x, t, &c);
            let output = if learned { concatenate![Axis(1), output, second] } else { output };
            let gradient = Zip::from(&x).and(&c).map_collect(|&x, &c| {
                (case.gradient * 0.5 * (f64::from(c) - f64::from(x)) * (1.0 + t / 1000.0)) as f32
            });
            let steering = Steering {
                known: case.hook.then_some(Known { original: &original, mask: &mask }),
                gradient: (case.gradient != 0.0).then_some(&gradient),
            };
            scheduler.step_steered(i, output.view(), &mut x, &mut noise, &steering).unwrap();
            let away = distance(&x, expected);
            if away > worst.0 {
                worst = (away, i);
            }
        }
        // Ours keeps the sample in float32 between steps; the reference is float64 throughout.
        let limit = 5e-6;
        if worst.0 > limit || noise.drawn != case.draws {
            wrong.push(format!("{}: {:.1e} away at call {}, drew {}", case.name, worst.0, worst.1, noise.drawn));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn diffusers_inversions_are_repeated() {
    let file = golden();
    let shape = [1, 4, 2, 4];
    let c = array(&shape, &file.c32);
    let mut wrong = Vec::new();
    for case in &file.diffusers {
        let label = format!("{} {:?} {}", case.kind, case.config, case.steps);
        let (kind, options) = options(&case.kind, case.steps, 0.0);
        let mut scheduler = create(kind, &case.config, &options).unwrap();
        assert_eq!(scheduler.timesteps(), case.timesteps, "{label}");
        let mut x = array(&shape, &file.x32);
        let mut noise = Listed { values: &[], drawn: 0 };
        for (i, expected) in case.samples.iter().enumerate() {
            // `make_schedulers.py`: `fake_denoiser`.
            let bias = 0.1f32 * (case.timesteps[i] as f32 / 1000.0);
            let output = Zip::from(&x).and(&c).map_collect(|&x, &c| (0.35 * x + 0.25 * c) + bias);
            scheduler.step(i, output.view(), &mut x, &mut noise).unwrap();
            let away = distance(&x, expected);
            // A cosine schedule's first step upwards multiplies the sample, and its float32 rounding, by 26; in float64
            // diffusers' own formula is 7.6e-6 away from its result.
            let limit = if case.config.contains_key("lambda_min_clipped") { 1e-5 } else { 5e-6 };
            if away > limit {
                wrong.push(format!("{label}: {away:.1e} away at call {i}"));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Walks all calls with `predict(sample, timestep)`.
fn walk(
    scheduler: &mut dyn Scheduler,
    mut x: ArrayD<f32>,
    noise: &[f32],
    mut predict: impl FnMut(&ArrayD<f32>, f64) -> ArrayD<f32>,
) -> ArrayD<f32> {
    let mut source = Listed { values: noise, drawn: 0 };
    for (i, t) in scheduler.timesteps().to_vec().into_iter().enumerate() {
        let output = predict(&x, t);
        scheduler.step(i, output.view(), &mut x, &mut source).unwrap();
    }
    x
}

/// Where the model says the same at both ends of a step, what was inverted is drawn again.
#[test]
fn what_is_inverted_is_drawn_again() {
    let file = golden();
    let config = map(json!({"timestep_respacing": "ddim50", "clip_sample": false, "set_alpha_to_one": true}));
    for shape in [vec![2, 3, 2, 2], vec![4, 6]] {
        let (clean, direction) = (array(&shape, &file.x), array(&shape, &file.c));
        let (kind, up) = options("ddim_reverse", 50, 0.0);
        // A model of constant noise makes both ways exact. The last call upwards ends at noise alone, from where there
        // is no way back; it is left out.
        let mut inverse = create(kind, &config, &up).unwrap();
        let mut x = clean.clone();
        for i in 0..49 {
            inverse.step(i, direction.view(), &mut x, &mut Listed { values: &[], drawn: 0 }).unwrap();
        }
        assert!(distance(&x, clean.as_slice().unwrap()) > 0.1);
        let mut scheduler = create(kind, &config, &SchedulerOptions::new(50)).unwrap();
        let x = walk(scheduler.as_mut(), x, &file.noise.repeat(2), |_, _| direction.clone());
        // Upwards it began at the level of timestep 0 and not at no noise at all; the way down ends there less that.
        let alpha = 1.0 - 1e-4_f32;
        let expected =
            Zip::from(&clean).and(&direction).map_collect(|&x, &d| (x - (1.0 - alpha).sqrt() * d) / alpha.sqrt());
        assert!(distance(&x, expected.as_slice().unwrap()) < 1e-5);
    }
}

/// Nichol and Dhariwal, equation 15: a share of 0 is β̃, a share of 1 is β.
#[test]
fn the_ends_of_a_learned_range_are_the_fixed_variances() {
    let file = golden();
    for spec in [Some("12"), None] {
        for (share, fixed) in [(-1.0_f32, "fixed_small"), (1.0, "fixed_large")] {
            let made = |variance: &str| {
                let mut config = map(json!({"variance_type": variance, "steps_offset": 1}));
                if let Some(spec) = spec {
                    config.insert("timestep_respacing".to_owned(), json!(spec));
                }
                let mut scheduler = create(SchedulerKind::Ddpm, &config, &SchedulerOptions::new(12)).unwrap();
                let c = array(&[2, 3, 2, 2], &file.c);
                walk(scheduler.as_mut(), array(&[2, 3, 2, 2], &file.x), &file.noise, |x, t| {
                    let output = model(x, t, &c).0;
                    let second = ArrayD::from_elem(output.raw_dim(), share);
                    if variance == fixed { output } else { concatenate![Axis(1), output, second] }
                })
            };
            assert!(distance(&made("learned_range"), made(fixed).as_slice().unwrap()) < 1e-6, "{spec:?} {fixed}");
        }
    }
}

#[test]
fn a_gradient_of_zero_changes_nothing_and_what_is_known_stays() {
    let file = golden();
    let shape = [2, 3, 2, 2];
    let [c, mask] = [&file.c, &file.mask].map(|values| array(&shape, values));
    let zero = ArrayD::zeros(&shape[..]);
    let openai = json!({"timestep_respacing": "10"});
    let clipped = json!({"use_clipped_model_output": true});
    for (kind, config) in [
        (SchedulerKind::Ddpm, openai.clone()),
        (SchedulerKind::Ddpm, json!({})),
        (SchedulerKind::Ddim, openai),
        (SchedulerKind::Ddim, clipped),
        (SchedulerKind::Ddim, json!({})),
        (SchedulerKind::UnClip, json!({})),
    ] {
        let run = |known: bool, gradient: Option<&ArrayD<f32>>| {
            let mut scheduler = create(kind, &map(config.clone()), &SchedulerOptions::new(10)).unwrap();
            let mut noise = Listed { values: &file.noise, drawn: 0 };
            let mut x = array(&shape, &file.x);
            for (i, t) in scheduler.timesteps().to_vec().into_iter().enumerate() {
                let known = known.then_some(Known { original: &c, mask: &mask });
                let output = model(&x, t, &c).0;
                let steering = Steering { known, gradient: gradient.filter(|_| scheduler.takes().gradient) };
                scheduler.step_steered(i, output.view(), &mut x, &mut noise, &steering).unwrap();
            }
            x
        };
        assert_eq!(run(false, Some(&zero)), run(false, None), "{}", kind.name());
        // Every one of these ends at its x0, of which c is the known part; unCLIP's at x0 times a float32 quotient of
        // two small numbers that should be equal.
        let allowed = if kind == SchedulerKind::UnClip { 1e-3 } else { 1e-6 };
        Zip::from(&run(true, None)).and(&c).and(&mask).for_each(|&x, &c, &m| {
            assert!(m > 0.0 || (x - c).abs() < allowed, "{} {x} {c}", kind.name());
        });
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let refused = |kind, config: Value, options: SchedulerOptions| match create(kind, &map(config), &options) {
        Ok(_) => panic!("{} was made", kind.name()),
        Err(error) => error.to_string(),
    };
    let up = |inversion, steps| SchedulerOptions { inversion: Some(inversion), ..SchedulerOptions::new(steps) };
    for (sentence, words) in [
        (
            refused(SchedulerKind::Ddim, json!({"timestep_respacing": "ddim25"}), SchedulerOptions::new(37)),
            vec!["ddim37", "36 and 38"],
        ),
        (
            refused(SchedulerKind::Ddpm, json!({"timestep_respacing": "fast"}), SchedulerOptions::new(10)),
            vec!["timestep_respacing", "\"fast\"", "fast27"],
        ),
        (
            refused(SchedulerKind::Ddpm, json!({"timestep_respacing": "10"}), SchedulerOptions::new(1001)),
            vec!["1001", "1 to 1000"],
        ),
        (
            refused(
                SchedulerKind::Ddim,
                json!({"timestep_respacing": "10", "rescale_betas_zero_snr": true}),
                SchedulerOptions::new(10),
            ),
            vec!["rescale_betas_zero_snr", "timestep_respacing"],
        ),
        (refused(SchedulerKind::UnClip, json!({}), SchedulerOptions::new(1)), vec!["1 steps", "2 to 1000"]),
        (
            refused(SchedulerKind::UnClip, json!({"beta_schedule": "linear"}), SchedulerOptions::new(5)),
            vec!["beta_schedule", "squaredcos_cap_v2"],
        ),
        (
            refused(SchedulerKind::Euler, json!({}), up(Inversion::DdimReverse, 5)),
            vec!["ddim_reverse", "ddim", "euler"],
        ),
        (
            refused(SchedulerKind::Ddim, json!({"timestep_spacing": "linspace"}), up(Inversion::DdimInverse, 5)),
            vec!["linspace", "trailing"],
        ),
        (
            refused(SchedulerKind::Ddim, json!({"prediction_type": "sample"}), up(Inversion::DdimInverse, 5)),
            vec!["sample", "set_alpha_to_one"],
        ),
        (
            refused(SchedulerKind::Dpmpp2M, json!({"use_karras_sigmas": true}), up(Inversion::Multistep, 5)),
            vec!["use_karras_sigmas"],
        ),
        (
            refused(SchedulerKind::Ddim, json!({}), SchedulerOptions { eta: 0.5, ..up(Inversion::DdimReverse, 5) }),
            vec!["ddim_reverse", "eta"],
        ),
    ] {
        assert!(words.iter().all(|word| sentence.contains(word)), "{sentence}");
    }

    let x = ArrayD::zeros(vec![1, 1, 2, 2]);
    let wrong = ArrayD::zeros(vec![1, 1, 2, 3]);
    let sentence = |kind, config: Value, steering: Steering<'_>| {
        let mut scheduler = create(kind, &map(config), &SchedulerOptions::new(5)).unwrap();
        let mut noise = Listed { values: &[0.0; 24], drawn: 0 };
        scheduler.step_steered(0, x.view(), &mut x.clone(), &mut noise, &steering).unwrap_err().to_string()
    };
    let gradient = |gradient| Steering { known: None, gradient: Some(gradient) };
    let known = Steering { known: Some(Known { original: &x, mask: &wrong }), gradient: None };
    assert!(sentence(SchedulerKind::Ddpm, json!({}), gradient(&wrong)).contains("gradient"));
    assert!(sentence(SchedulerKind::Ddim, json!({}), gradient(&x)).contains("use_clipped_model_output"));
    assert!(sentence(SchedulerKind::Euler, json!({}), known).contains("ddpm, ddim and unclip"));
    assert!(sentence(SchedulerKind::Ddim, json!({}), known).contains("mask"));
    assert!(Inversion::parse("up").unwrap_err().to_string().contains("dpmpp_2m_inverse"));
}

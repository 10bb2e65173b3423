//! Every scheduler against diffusers' trajectories (`golden/schedulers`, made by `golden/make_schedulers.py`).

#![expect(clippy::unwrap_used, reason = "a test states what it expects by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diffusion::rng::{Generator, NoiseSource, RngKind};
use diffusion::scheduler::{
    AysModel, CustomSchedule, Scheduler, SchedulerKind, SchedulerOptions, SigmaSchedule, create, dynamic_shift,
};
use ndarray::{ArrayD, Axis, concatenate};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct File {
    class: String,
    c: Vec<f32>,
    #[serde(rename = "x_T")]
    x_t: Vec<f32>,
    x0: Vec<f32>,
    noise: Vec<f32>,
    noise_stream: Option<Vec<f32>>,
    rejected: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    config: Map<String, Value>,
    steps: usize,
    step_kwargs: Map<String, Value>,
    #[serde(default)]
    set_kwargs: Map<String, Value>,
    shape: Vec<usize>,
    timesteps: Vec<f64>,
    timesteps_dtype: String,
    sigmas: Option<Vec<f64>>,
    init_noise_sigma: f64,
    order: usize,
    draws: usize,
    variance_output: Option<Vec<f32>>,
    calls: Vec<Call>,
    add_noise: Vec<Noised>,
}

#[derive(Deserialize)]
struct Call {
    input: Option<Vec<f32>>,
    sample: Vec<f32>,
}

#[derive(Deserialize)]
struct Noised {
    k: usize,
    sample: Vec<f32>,
}

/// Our own `torch.Generator(1234)`, held against the noise that torch's gave diffusers, and counted.
struct Counted<'a> {
    generator: Generator,
    recorded: &'a [f32],
    drawn: usize,
}

impl<'a> Counted<'a> {
    fn new(recorded: &'a [f32]) -> Self {
        Self { generator: Generator::new(RngKind::TorchCpu, 1234).unwrap(), recorded, drawn: 0 }
    }
}

impl NoiseSource for Counted<'_> {
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32> {
        let drawn = self.generator.normal(shape);
        let recorded = &self.recorded[self.drawn * drawn.len()..(self.drawn + 1) * drawn.len()];
        assert!(distance(&drawn, recorded) < 1e-6, "draw {}", self.drawn);
        self.drawn += 1;
        drawn
    }

    fn seeds(&self) -> Vec<u64> {
        self.generator.seeds()
    }
}

/// How far a trajectory may be from diffusers', relative to the largest value of the same tensor.
///
/// Ours is computed in float64 and rounded to float32 once a step; diffusers' is float32 throughout, coefficients
/// included, so what is allowed here is diffusers' own rounding.
fn tolerance(scheduler: &str, case: &str) -> f64 {
    match (scheduler, case) {
        // The first step starts at sigma 4096 and ends at 14: values of 8700 cancel down to 29, which costs float32
        // 300 of its 6e-8. The same formula in float32 meets the file to 2e-8, in float64 it is 2.9e-5 away.
        ("euler" | "euler_ancestral", "v_zero_snr_trailing") => 4e-5,
        // The first step goes from alpha 0.0003 to 0.05 and multiplies the sample, and its rounding, by 137; in
        // float64 diffusers' own formula is 5.7e-5 away from its float32 result (1.9e-5 and 3.6e-5 in the others).
        ("deis", "flow" | "flow_dynamic" | "flow_dynamic_without_mu") => 7e-5,
        // diffusers divides x - (x - output * sigma) by a sigma of 0.0004 (shift 0.4) or 0.001, which costs float32 as
        // many of its digits; in float64 its own formula is 9.5e-5, 1.6e-5, 1.2e-5, 4.8e-6 and 4.6e-6 away.
        ("flow_heun", "shift_0.4_steps_2") => 1e-4,
        ("flow_heun", "default_steps_2" | "default_steps_5" | "shift_0.4_steps_5" | "shift_0.4_steps_10") => 2e-5,
        // From sigma 80 to 0 at once: x0 is what is left of x - (x - x0). diffusers' formula in float64 is 1.4e-5 and
        // 2.4e-5 away.
        ("edm_euler", "steps_1" | "steps_2") => 3e-5,
        // Sigmas of 25 to 0.03 in two steps; differences of nearby logarithms in third-order coefficients.
        ("heun", "steps_2") | ("deis", "order_3" | "order_3_long") => 1e-5,
        // Coefficients of high orders are small differences of large float32 numbers in diffusers (SA-Solver's are of
        // powers of lambda); its own formulas in float64 are as far from the file as ours.
        ("sa_solver", "orders_4_4") => 1.5e-5,
        ("sa_solver", name) if name.starts_with("noise") || name.starts_with("not_lower") => 8e-6,
        ("dpmpp_2s", "sde-dpmsolver++_heun_3") => 8e-6,
        // Levels near each other at the clean end: 1 less a ratio of cumulative alphas that is nearly 1, in float32.
        ("ddpm", "ays" | "ays_xl") => 6e-6,
        // torch's float32 logarithm of 6.475 is not the nearest number. The Brownian tree cuts times to six decimals,
        // and its motion over another millionth is another one.
        ("dpmpp_sde", "ays") => 2e-4,
        // The Brownian motion is cut at sigmas rounded to six decimals, and there the last bit of a float32 sigma shows,
        // which depends on the exp and log of torch's vector library: another millionth of time is noise of its own,
        // with a thousandth of the deviation. The tree itself is exact (`brownian.rs`), and so are the other cases.
        (
            "dpmpp_sde",
            "linear" | "sd1" | "karras" | "karras_leading" | "beta" | "beta_trailing_v" | "trained_betas" | "steps_25"
            | "steps_50",
        ) => 8e-4,
        _ => 3e-6,
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schedulers")
}

fn load(name: &str) -> File {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn array(shape: &[usize], values: &[f32]) -> ArrayD<f32> {
    let size: usize = shape.iter().product();
    ArrayD::from_shape_vec(shape, values[..size].to_vec()).unwrap()
}

/// The largest difference relative to the largest expected value; infinite when there is a NaN.
fn distance(got: &ArrayD<f32>, expected: &[f32]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let scale = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
    let worst = got.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs()));
    worst.map(|d| if d.is_nan() { f64::INFINITY } else { d }).fold(0.0, f64::max) / f64::from(scale)
}

/// `make_schedulers.py`: `fake_denoiser`.
fn denoise(x: &ArrayD<f32>, t: f64, c: &ArrayD<f32>, variance: Option<&ArrayD<f32>>) -> ArrayD<f32> {
    let bias = 0.1f32 * (t as f32 / 1000.0);
    let mut out = x.clone();
    out.zip_mut_with(c, |x, &c| *x = (0.35 * *x + 0.25 * c) + bias);
    match variance {
        None => out,
        Some(variance) => concatenate(Axis(1), &[out.view(), variance.view()]).unwrap(),
    }
}

/// The configuration, with what diffusers takes at every step instead.
fn config(case: &Case) -> Map<String, Value> {
    let mut config = case.config.clone();
    if let Some(value) = case.step_kwargs.get("use_clipped_model_output") {
        config.insert("use_clipped_model_output".to_owned(), value.clone());
    }
    config
}

fn options(case: &Case) -> SchedulerOptions {
    options_of(&case.config, case.steps, [&case.step_kwargs, &case.set_kwargs])
}

fn options_of(config: &Map<String, Value>, steps: usize, kwargs: [&Map<String, Value>; 2]) -> SchedulerOptions {
    let mut options = SchedulerOptions::new(steps);
    for (key, value) in kwargs.into_iter().flatten() {
        let number = || value.as_f64().unwrap();
        let list = || value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        match key.as_str() {
            "eta" => options.eta = number(),
            // A field of the configuration here.
            "use_clipped_model_output" => {}
            "mu" => options.mu = Some(number()),
            "image_seq_len" => options.mu = Some(dynamic_shift(config, number() as usize).unwrap()),
            "flow_sigmas" => options.flow_sigmas = value.as_bool().unwrap(),
            "strength" => options.strength = number(),
            "timesteps" => options.custom = Some(CustomSchedule::Timesteps(list())),
            "sigmas" => options.custom = Some(CustomSchedule::Sigmas(list())),
            "schedule" if value == "ays_xl" => {
                options.sigmas = Some(SigmaSchedule::AlignYourSteps);
                options.ays = AysModel::StableDiffusionXl;
            }
            "schedule" => options.sigmas = Some(SigmaSchedule::parse(value.as_str().unwrap()).unwrap()),
            other => unreachable!("what is {other}?"),
        }
    }
    options
}

/// Everything about one case; what is wrong goes to `wrong`.
fn check(kind: SchedulerKind, file: &File, case: &Case, wrong: &mut Vec<String>) {
    let label = format!("{}/{}", kind.name(), case.name);
    let mut scheduler = match create(kind, &config(case), &options(case)) {
        Ok(scheduler) => scheduler,
        Err(error) => return wrong.push(format!("{label}: {error}")),
    };
    if let Some(message) = schedule_differs(scheduler.as_ref(), case) {
        return wrong.push(format!("{label}: {message}"));
    }
    let limit = tolerance(kind.name(), &case.name);
    let c = array(&case.shape, &file.c);
    let variance = case.variance_output.as_ref().map(|values| array(&case.shape, values));
    let mut noise = Counted::new(file.noise_stream.as_deref().unwrap_or(&[]));
    let mut x = array(&case.shape, &file.x_t).mapv(|v| v * scheduler.init_noise_sigma() as f32);
    let timesteps = scheduler.timesteps().to_vec();
    let mut worst = (0.0, 0);
    for (i, (call, &t)) in case.calls.iter().zip(&timesteps).enumerate() {
        let mut input = x.clone();
        scheduler.scale_model_input(i, &mut input);
        let before = match &call.input {
            Some(expected) => distance(&input, expected),
            None if input == x => 0.0,
            None => f64::INFINITY,
        };
        scheduler.step(i, denoise(&input, t, &c, variance.as_ref()).view(), &mut x, &mut noise).unwrap();
        let error = distance(&x, &call.sample).max(before);
        if error > worst.0 {
            worst = (error, i);
        }
    }
    if worst.0 > limit {
        wrong.push(format!("{label}: {:.2e} away in call {} of {}", worst.0, worst.1, case.calls.len()));
    }
    if noise.drawn != case.draws {
        wrong.push(format!("{label}: drew {} times, not {}", noise.drawn, case.draws));
    }
    for noised in &case.add_noise {
        let fresh = create(kind, &config(case), &options(case)).unwrap();
        let got = fresh.add_noise(&array(&case.shape, &file.x0), &array(&case.shape, &file.noise), noised.k).unwrap();
        let error = distance(&got, &noised.sample);
        if error > 1e-6 {
            wrong.push(format!("{label}: add_noise at {} is {error:.2e} away", noised.k));
        }
    }
}

/// Timesteps exactly (fractional ones to 1e-3), sigmas and the initial scale to 1e-5.
fn schedule_differs(scheduler: &dyn Scheduler, case: &Case) -> Option<String> {
    let got = scheduler.timesteps();
    if got.len() != case.timesteps.len() || case.calls.len() != got.len() {
        return Some(format!("{} timesteps instead of {}", got.len(), case.timesteps.len()));
    }
    for (a, b) in got.iter().zip(&case.timesteps) {
        let allowed = if b.fract() == 0.0 && case.timesteps_dtype == "int64" { 0.0 } else { 1e-3 };
        if (a - b).abs() > allowed {
            return Some(format!("timesteps {got:?} instead of {:?}", case.timesteps));
        }
    }
    let sigmas = scheduler.sigmas();
    let expected = case.sigmas.clone().unwrap_or_default();
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-5 * b.abs();
    if sigmas.len() != expected.len() || !sigmas.iter().zip(&expected).all(close) {
        return Some(format!("sigmas {sigmas:?} instead of {expected:?}"));
    }
    if !close((&scheduler.init_noise_sigma(), &case.init_noise_sigma)) {
        return Some(format!("init_noise_sigma {} not {}", scheduler.init_noise_sigma(), case.init_noise_sigma));
    }
    (scheduler.order() != case.order).then(|| format!("order {} instead of {}", scheduler.order(), case.order))
}

#[test]
fn every_golden_case_is_repeated() {
    let mut wrong = Vec::new();
    for kind in SchedulerKind::ALL {
        let file = load(kind.name());
        assert_eq!(file.class, kind.class_name());
        assert!(file.cases.len() >= 8, "{} has only {} cases", kind.name(), file.cases.len());
        for case in &file.cases {
            check(kind, &file, case, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[derive(Deserialize)]
struct BegunFile {
    c: Vec<f32>,
    x0: Vec<f32>,
    noise: Vec<f32>,
    cases: Vec<Begun>,
}

#[derive(Deserialize)]
struct Begun {
    scheduler: String,
    config: Map<String, Value>,
    steps: usize,
    step_kwargs: Map<String, Value>,
    set_kwargs: Map<String, Value>,
    first: usize,
    draws: usize,
    sample: Vec<f32>,
    timesteps: Option<Vec<f64>>,
    sigmas: Option<Vec<f64>>,
}

/// Image-to-image: a picture noised to the level of some step, and the steps from there on.
#[test]
fn every_scheduler_can_begin_in_the_middle() {
    last_samples_are_repeated("begun.json");
}

/// Listed timesteps and sigmas, and the schedules sgm_uniform, simple and ays.
#[test]
fn schedules_that_no_configuration_names_are_repeated() {
    last_samples_are_repeated("levels.json");
}

fn last_samples_are_repeated(name: &str) {
    let text = std::fs::read_to_string(folder().with_file_name(name)).unwrap();
    let file: BegunFile = serde_json::from_str(&text).unwrap();
    let shape = [1, 4, 2, 4];
    let c = array(&shape, &file.c);
    let mut wrong = Vec::new();
    for case in &file.cases {
        let label =
            format!("{} {:?} {:?} of {} from {}", case.scheduler, case.config, case.set_kwargs, case.steps, case.first);
        let kind = SchedulerKind::parse(&case.scheduler).unwrap();
        let options = options_of(&case.config, case.steps, [&case.step_kwargs, &case.set_kwargs]);
        let mut scheduler = match create(kind, &case.config, &options) {
            Ok(scheduler) => scheduler,
            Err(error) => {
                wrong.push(format!("{label}: {error}"));
                continue;
            }
        };
        let levels = [
            (case.timesteps.clone(), scheduler.timesteps().to_vec(), 1e-3),
            (case.sigmas.clone(), scheduler.sigmas(), 1e-5),
        ];
        for (expected, got, allowed) in levels {
            let Some(expected) = expected else { continue };
            let close = |(a, b): (&f64, &f64)| (a - b).abs() <= allowed * b.abs().min(1.0);
            if got.len() != expected.len() || !got.iter().zip(&expected).all(close) {
                wrong.push(format!("{label}: {got:?} instead of {expected:?}"));
            }
        }
        assert!(case.first.is_multiple_of(scheduler.order()));
        let mut noise = Drawn { generator: Generator::new(RngKind::TorchCpu, 1234).unwrap(), draws: 0 };
        let mut x = scheduler.add_noise(&array(&shape, &file.x0), &array(&shape, &file.noise), case.first).unwrap();
        let timesteps = scheduler.timesteps().to_vec();
        for (i, &t) in timesteps.iter().enumerate().skip(case.first) {
            let mut input = x.clone();
            scheduler.scale_model_input(i, &mut input);
            scheduler.step(i, denoise(&input, t, &c, None).view(), &mut x, &mut noise).unwrap();
        }
        let away = distance(&x, &case.sample);
        let third_order = case.config.get("solver_order").is_some_and(|order| order == 3);
        let schedule = case.set_kwargs.get("schedule").and_then(Value::as_str).unwrap_or_default();
        let limit = tolerance(&case.scheduler, if third_order { "order_3" } else { schedule });
        if away > limit || noise.draws != case.draws {
            wrong.push(format!("{label}: {away:.2e} away, drew {} times, not {}", noise.draws, case.draws));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

struct Drawn {
    generator: Generator,
    draws: usize,
}

impl NoiseSource for Drawn {
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32> {
        self.draws += 1;
        self.generator.normal(shape)
    }

    fn seeds(&self) -> Vec<u64> {
        self.generator.seeds()
    }
}

/// What diffusers itself cannot do must end in numbers or in a sentence here, never in a panic.
#[test]
fn cases_that_diffusers_rejects_do_no_harm() {
    let config = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
    // The rejected cases carry no configuration in the files; these are they.
    let known = [
        ("ddpm", "variance_fixed_large_log", r#"{"variance_type": "fixed_large_log"}"#, 8, false),
        ("dpmpp_2m", "cosine_karras", r#"{"beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": true}"#, 8, true),
        // diffusers draws noise of the output's shape there, which does not fit the sample's.
        ("sa_solver", "variance_learned", r#"{"variance_type": "learned"}"#, 6, true),
    ];
    let mut seen = BTreeSet::new();
    for kind in SchedulerKind::ALL {
        seen.extend(load(kind.name()).rejected.keys().map(|case| (kind.name(), case.clone())));
    }
    assert_eq!(seen, known.iter().map(|(name, case, ..)| (*name, (*case).to_owned())).collect());
    for (name, case, text, steps, works) in known {
        let made = create(SchedulerKind::parse(name).unwrap(), &config(text), &SchedulerOptions::new(steps));
        let mut scheduler = match made {
            Ok(scheduler) => scheduler,
            Err(error) => {
                assert!(!works && error.to_string().contains("fixed_large"), "{name}/{case}: {error}");
                continue;
            }
        };
        let mut x = array(&[1, 4, 1, 1], &[0.5, -1.0, 2.0, 0.25]);
        for i in 0..scheduler.timesteps().len() {
            let output = x.mapv(|v| 0.3 * v);
            scheduler.step(i, output.view(), &mut x, &mut Generator::new(RngKind::TorchCpu, 1).unwrap()).unwrap();
        }
        assert!(works && x.iter().all(|v| v.is_finite()), "{name}/{case}: {x}");
    }
}

#[test]
fn every_golden_file_belongs_to_a_scheduler() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let names: BTreeSet<String> = SchedulerKind::ALL.iter().map(|kind| kind.name().to_owned()).collect();
    assert_eq!(files, names);
}

/// Priors and semantic encoders draw vectors: what the axes are called makes no difference.
#[test]
fn vectors_are_drawn_like_pictures() {
    for kind in SchedulerKind::ALL {
        let file = load(kind.name());
        let run = |shape: &[usize]| {
            let mut scheduler = create(kind, &Map::new(), &SchedulerOptions::new(6)).unwrap();
            let (c, mut x) = (array(shape, &file.c), array(shape, &file.x_t));
            let mut noise = Drawn { generator: Generator::new(RngKind::TorchCpu, 1234).unwrap(), draws: 0 };
            x = scheduler.add_noise(&x, &c, 0).unwrap();
            for (i, t) in scheduler.timesteps().to_vec().into_iter().enumerate() {
                let mut input = x.clone();
                scheduler.scale_model_input(i, &mut input);
                scheduler.step(i, denoise(&input, t, &c, None).view(), &mut x, &mut noise).unwrap();
            }
            x
        };
        assert_eq!(run(&[4, 8]).into_raw_vec_and_offset().0, run(&[4, 8, 1, 1]).into_raw_vec_and_offset().0);
        assert!(run(&[4, 8]).iter().all(|v| v.is_finite()), "{}", kind.name());
    }
}

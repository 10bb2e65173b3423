//! What every scheduler must survive and refuse; the numbers are checked in `tests/schedulers.rs`.

use ndarray::{ArrayD, ArrayViewD, Axis, concatenate};
use serde_json::{Map, Value, json};

use super::{
    Inversion, Scheduler, SchedulerKind, SchedulerOptions, SigmaSchedule, calculate_shift, create, dynamic_shift,
};
use crate::error::Result;
use crate::rng::NoiseSource;

struct Zeros;

impl NoiseSource for Zeros {
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32> {
        ArrayD::zeros(shape)
    }

    fn seeds(&self) -> Vec<u64> {
        vec![0]
    }
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// The sentence with which `kind` refuses `config`.
fn refusal(kind: SchedulerKind, config: Value, options: &SchedulerOptions) -> String {
    match create(kind, &map(config), options) {
        Ok(_) => panic!("{} accepted it", kind.name()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn names_and_class_names_are_understood() {
    for kind in SchedulerKind::ALL {
        assert_eq!(SchedulerKind::parse(kind.name()).unwrap(), kind);
        let class = kind.class_name();
        let parsed = SchedulerKind::parse(class).unwrap();
        assert_eq!(parsed.class_name(), class);
        assert_eq!(SchedulerKind::parse(&format!("Flax{class}")).unwrap(), parsed);
    }
    assert_eq!(SchedulerKind::parse("DDIMParallelScheduler").unwrap(), SchedulerKind::Ddim);
    assert_eq!(SchedulerKind::parse("DDPMParallelScheduler").unwrap(), SchedulerKind::Ddpm);
    let error = SchedulerKind::parse("dpm++").unwrap_err().to_string();
    assert!(error.contains("\"dpm++\"") && error.contains("dpmpp_2m_sde") && error.contains("unipc"), "{error}");
}

#[test]
fn the_algorithm_tells_the_two_dpm_solvers_apart() {
    let class = "DPMSolverMultistepScheduler";
    let kind = |config: Value| {
        let class = config["_class_name"].as_str().unwrap().to_owned();
        SchedulerKind::from_config(&class, &map(config)).unwrap()
    };
    assert_eq!(kind(json!({"_class_name": class})), SchedulerKind::Dpmpp2M);
    assert_eq!(kind(json!({"_class_name": class, "algorithm_type": "dpmsolver"})), SchedulerKind::Dpmpp2M);
    assert_eq!(kind(json!({"_class_name": class, "algorithm_type": "sde-dpmsolver++"})), SchedulerKind::Dpmpp2MSde);
    assert!(SchedulerKind::from_config("", &map(json!({}))).is_err());

    assert!(
        create(SchedulerKind::SaSolver, &map(json!({"algorithm_type": "dpmsolver++"})), &SchedulerOptions::new(3))
            .is_ok()
    );
    // By name, the other kind's algorithm is replaced.
    for (kind, algorithm, draws) in
        [(SchedulerKind::Dpmpp2M, "sde-dpmsolver++", 0), (SchedulerKind::Dpmpp2MSde, "dpmsolver++", 1)]
    {
        let mut scheduler =
            create(kind, &map(json!({"algorithm_type": algorithm})), &SchedulerOptions::new(5)).unwrap();
        let mut source = Count(0);
        let mut x = ArrayD::ones(vec![1, 1, 1, 1]);
        scheduler.step(0, ArrayD::ones(vec![1, 1, 1, 1]).view(), &mut x, &mut source).unwrap();
        assert_eq!(source.0, draws);
    }
}

struct Count(usize);

impl NoiseSource for Count {
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32> {
        self.0 += 1;
        ArrayD::zeros(shape)
    }

    fn seeds(&self) -> Vec<u64> {
        vec![0]
    }
}

#[test]
fn bad_values_get_a_sentence_with_key_value_and_range() {
    let ten = SchedulerOptions::new(10);
    for (kind, config, words) in [
        (SchedulerKind::Euler, json!({"beta_start": "big"}), ["beta_start", "\"big\"", "above 0 and below 1"]),
        (SchedulerKind::Ddim, json!({"timestep_spacing": "even"}), ["timestep_spacing", "\"even\"", "trailing"]),
        (SchedulerKind::Pndm, json!({"prediction_type": "sample"}), ["prediction_type", "\"sample\"", "v_prediction"]),
        (SchedulerKind::Dpmpp2M, json!({"solver_order": 4}), ["solver_order", "4", "1 to 3"]),
        (SchedulerKind::Heun, json!({"clip_sample": 1}), ["clip_sample", "1", "true or false"]),
        (SchedulerKind::Lms, json!({"beta_schedule": "sigmoid"}), ["beta_schedule", "sigmoid", "scaled_linear"]),
        (SchedulerKind::Deis, json!({"trained_betas": [0.1]}), ["trained_betas", "1000", "each timestep"]),
        (SchedulerKind::Ddpm, json!({"steps_offset": 500}), ["timestep", "1000", "steps_offset"]),
        (
            SchedulerKind::Euler,
            json!({"use_karras_sigmas": true, "use_beta_sigmas": true}),
            ["use_karras_sigmas", "use_beta_sigmas", "only one"],
        ),
        (SchedulerKind::Dpmpp2M, json!({"algorithm_type": "dpmsolver"}), ["dpmsolver", "sigma_min", "zero"]),
        (SchedulerKind::Lcm, json!({"original_inference_steps": 5}), ["10 steps", "the 5", "original_inference_steps"]),
        (
            SchedulerKind::Lcm,
            json!({"original_inference_steps": 1001}),
            ["original_inference_steps", "1001", "to 1000"],
        ),
        (SchedulerKind::Dpmpp2S, json!({"algorithm_type": "sde-dpmsolver"}), ["algorithm_type", "sde-dpmsolver", "++"]),
        (SchedulerKind::SaSolver, json!({"corrector_order": 5}), ["corrector_order", "5", "1 to 4"]),
        (SchedulerKind::SaSolver, json!({"tau_func": 1}), ["tau_func", "Python", "200 to 800"]),
        (SchedulerKind::Ipndm, json!({"trained_betas": [0.1]}), ["trained_betas", "1", "2 or more"]),
        (SchedulerKind::Lcm, json!({"timestep_scaling": 0}), ["timestep_scaling", "0", "above 0"]),
        (SchedulerKind::FlowLcm, json!({"scale_factors": [0.5]}), ["scale_factors", "grows", "null"]),
        (SchedulerKind::EdmEuler, json!({"sigma_min": 1e-60}), ["sigma_min", "1e-60", "a number from 0.000001"]),
        (SchedulerKind::EdmEuler, json!({"sigma_max": 1e39}), ["sigma_max", "1e+39", "a number from 0.000001"]),
        (SchedulerKind::EdmEuler, json!({"sigma_min": 90}), ["sigma_min = 90", "sigma_max = 80", "below"]),
        (
            SchedulerKind::EdmDpmpp2M,
            json!({"algorithm_type": "sde-dpmsolver++", "solver_order": 3}),
            ["sde-dpmsolver++", "third order", "solver_order"],
        ),
        (SchedulerKind::EdmDpmpp2M, json!({"algorithm_type": "dpmsolver"}), ["algorithm_type", "dpmsolver", "++"]),
        (SchedulerKind::EdmEuler, json!({"rho": 0}), ["rho", "0", "1000"]),
        (SchedulerKind::EdmEuler, json!({"sigma_schedule": "even"}), ["sigma_schedule", "even", "exponential"]),
        (SchedulerKind::FlowEuler, json!({"shift": -3.0}), ["shift", "-3.0", "above 0"]),
        (SchedulerKind::FlowEuler, json!({"shift_terminal": 1}), ["shift_terminal", "1", "below 1"]),
        (SchedulerKind::FlowEuler, json!({"use_dynamic_shifting": true}), ["use_dynamic_shifting", "mu", "size"]),
    ] {
        let error = refusal(kind, config, &ten);
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}

#[test]
fn bad_options_get_a_sentence() {
    let refused = |kind, options: SchedulerOptions| refusal(kind, json!({}), &options);
    for kind in SchedulerKind::ALL {
        assert!(refused(kind, SchedulerOptions::new(0)).contains("0 steps"));
        assert!(refused(kind, SchedulerOptions::new(usize::MAX)).contains("allowed are 1 to"));
    }
    for kind in [SchedulerKind::Ddim, SchedulerKind::Ddpm, SchedulerKind::Pndm] {
        assert!(refused(kind, SchedulerOptions::new(1001)).contains("1 to 1000"));
    }
    let eta = |eta| SchedulerOptions { eta, ..SchedulerOptions::new(4) };
    assert!(refused(SchedulerKind::Ddim, eta(f64::NAN)).contains("0 to 1"));
    assert!(refused(SchedulerKind::Euler, eta(0.5)).contains("only the schedulers ddim and tcd"));
    let one_step = refusal(SchedulerKind::FlowEuler, json!({"shift_terminal": 0.1}), &SchedulerOptions::new(1));
    assert!(one_step.contains("2 steps or more"), "{one_step}");
    for (time_shift_type, mu) in [("exponential", f64::NAN), ("exponential", 1e9), ("linear", -1.0), ("linear", 0.0)] {
        let config = json!({"use_dynamic_shifting": true, "time_shift_type": time_shift_type});
        let options = SchedulerOptions { mu: Some(mu), ..SchedulerOptions::new(4) };
        let error = refusal(SchedulerKind::FlowEuler, config, &options);
        assert!(error.contains("mu") && error.contains("100"), "{error}");
    }
    let config = json!({"use_dynamic_shifting": true, "time_shift_type": "linear"});
    let error = refusal(SchedulerKind::UniPc, config, &SchedulerOptions { mu: Some(1.0), ..SchedulerOptions::new(4) });
    assert!(error.contains("time_shift_type") && error.contains("exponential"), "{error}");
    let strength = |strength| SchedulerOptions { strength, ..SchedulerOptions::new(4) };
    for value in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(refused(SchedulerKind::Lcm, strength(value)).contains("above 0 up to 1"));
    }
    assert!(refused(SchedulerKind::Lcm, strength(0.05)).contains("the 2"));
    let karras = SchedulerOptions { sigmas: Some(SigmaSchedule::Karras), ..SchedulerOptions::new(4) };
    assert!(refused(SchedulerKind::EulerAncestral, karras).contains("karras"));
}

#[test]
fn the_sigma_override_is_the_field() {
    for kind in [SchedulerKind::Euler, SchedulerKind::Lms, SchedulerKind::Dpmpp2M, SchedulerKind::UniPc] {
        let sigmas = |config, sigmas| {
            create(kind, &map(config), &SchedulerOptions { sigmas, ..SchedulerOptions::new(9) }).unwrap().sigmas()
        };
        let karras = sigmas(json!({"use_karras_sigmas": true}), None);
        assert_eq!(sigmas(json!({}), Some(SigmaSchedule::Karras)), karras);
        assert_eq!(sigmas(json!({"use_beta_sigmas": true}), Some(SigmaSchedule::Karras)), karras);
        let plain = sigmas(json!({}), None);
        assert_eq!(sigmas(json!({"use_karras_sigmas": true}), Some(SigmaSchedule::Default)), plain);
        assert_ne!(plain, karras);
    }
}

#[test]
fn calls_out_of_order_and_wrong_shapes_are_refused() {
    let shape = [1, 4, 2, 2];
    let good = ArrayD::<f32>::zeros(&shape[..]);
    for kind in SchedulerKind::ALL {
        let mut scheduler = create(kind, &Map::new(), &SchedulerOptions::new(5)).unwrap();
        let mut step = |index, output: ArrayViewD<'_, f32>, shape: &[usize]| -> Result<()> {
            scheduler.step(index, output, &mut ArrayD::zeros(shape), &mut Zeros)
        };
        assert!(step(99, good.view(), &shape).is_err());
        assert!(
            step(0, ArrayD::zeros(vec![1, 12, 2, 2]).view(), &shape).unwrap_err().to_string().contains("[1, 12, 2, 2]")
        );
        assert!(step(0, ArrayD::zeros(vec![]).view(), &shape).is_err());
        assert!(step(0, good.view(), &shape).is_ok());
        assert!(step(0, good.view(), &shape).is_err(), "{} took a call twice", kind.name());
        assert!(step(1, ArrayD::zeros(vec![1, 4, 1, 1]).view(), &[1, 4, 1, 1]).is_err());
        assert!(step(1, good.view(), &shape).is_ok());
        assert!(scheduler.add_noise(&good, &ArrayD::zeros(vec![3]), 0).is_err());
    }
}

/// A variance that a denoiser predicts is left alone by schedulers that draw with their own, as diffusers' pipelines do.
#[test]
fn a_variance_that_nobody_asked_for_changes_nothing() {
    let sample = ArrayD::from_shape_fn(vec![1, 2, 3, 3], |at| (at[1] * 9 + at[2] * 3 + at[3]) as f32 / 18.0 - 0.5);
    let output = sample.mapv(|v| 0.3 - v);
    let both = concatenate(Axis(1), &[output.view(), ArrayD::from_elem(output.shape(), 1e6).view()]).unwrap();
    for kind in SchedulerKind::ALL {
        let stepped = |output: ArrayViewD<'_, f32>| {
            let mut scheduler = create(kind, &Map::new(), &SchedulerOptions::new(5)).unwrap();
            let mut sample = sample.clone();
            scheduler.step(0, output, &mut sample, &mut Zeros).unwrap();
            sample
        };
        assert_eq!(stepped(both.view()), stepped(output.view()), "{}", kind.name());
    }
}

/// A plain linear congruential generator (Knuth's MMIX constants).
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn random_config(random: &mut Lcg) -> Map<String, Value> {
    let fields = [
        ("num_train_timesteps", json!([1, 2, 3, 10, 40, 1000, 1000.0])),
        ("beta_start", json!([1e-300, 0.0001, 0.00085, 0.999])),
        ("beta_end", json!([1e-9, 0.012, 0.02, 0.9999])),
        ("beta_schedule", json!(["linear", "scaled_linear", "squaredcos_cap_v2", "exp", "sigmoid"])),
        ("trained_betas", json!([null, [0.5, 0.0, 1.0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]])),
        ("prediction_type", json!(["epsilon", "v_prediction", "sample", "flow_prediction"])),
        ("timestep_spacing", json!(["linspace", "leading", "trailing"])),
        ("steps_offset", json!([0, 1, -1, -1_000_000, 1_000_000])),
        ("use_karras_sigmas", json!([true, false])),
        ("use_exponential_sigmas", json!([true, false, false])),
        ("use_beta_sigmas", json!([true, false, false])),
        ("use_lu_lambdas", json!([true, false])),
        ("use_flow_sigmas", json!([true, false])),
        ("flow_shift", json!([1e-300, 1.0, 3.0, 1e300])),
        ("final_sigmas_type", json!(["zero", "sigma_min"])),
        ("thresholding", json!([true, false])),
        ("dynamic_thresholding_ratio", json!([0, 0.5, 1])),
        ("sample_max_value", json!([1e-300, 0.5, 1e300])),
        ("clip_sample", json!([true, false])),
        ("clip_sample_range", json!([1e-300, 1.0, 1e300])),
        ("rescale_betas_zero_snr", json!([true, false])),
        ("set_alpha_to_one", json!([true, false])),
        ("skip_prk_steps", json!([true, false])),
        ("variance_type", json!(["fixed_small", "fixed_large", "learned", "learned_range"])),
        ("solver_order", json!([1, 2, 3])),
        ("solver_type", json!(["midpoint", "heun", "bh1", "bh2", "logrho"])),
        (
            "algorithm_type",
            json!(["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis", "noise_prediction"]),
        ),
        ("predictor_order", json!([1, 2, 3, 4])),
        ("corrector_order", json!([1, 2, 3, 4])),
        ("lower_order_final", json!([true, false])),
        ("euler_at_final", json!([true, false])),
        ("predict_x0", json!([true, false])),
        ("disable_corrector", json!([[], [0, 1], [-9_000_000_000_000_000_i64]])),
        ("lambda_min_clipped", json!([-5.1, 0, 1e300, "-Infinity", "Infinity"])),
        ("interpolation_type", json!(["linear", "log_linear"])),
        ("timestep_type", json!(["discrete", "continuous"])),
        ("sigma_min", json!([null, 1e-300, 0.01, 50])),
        ("sigma_max", json!([null, 1e-300, 10, 1e300])),
        ("original_inference_steps", json!([1, 5, 50, 1000, 0])),
        ("timestep_scaling", json!([1e-300, 10.0, 1e9])),
        ("shift", json!([1e-300, 0.5, 3.0, 1e300])),
        ("shift_terminal", json!([null, 0, 0.1, 0.999_999])),
        ("use_dynamic_shifting", json!([true, false, false, false])),
        ("time_shift_type", json!(["exponential", "linear"])),
        ("invert_sigmas", json!([true, false])),
        ("stochastic_sampling", json!([true, false])),
        ("rho", json!([0.01, 7, 1000])),
        ("sigma_data", json!([1e-300, 0.5, 1e300])),
        ("sigma_schedule", json!(["karras", "exponential"])),
        ("timestep_respacing", json!(["", "10", "ddim10", "ddim16", "fast27", "3,2", "1000", 5])),
        ("use_clipped_model_output", json!([true, false])),
    ];
    let nonsense = [json!(null), json!(-1), json!("x"), json!([]), json!({}), json!(1e300), json!(true)];
    let mut config = Map::new();
    for (key, values) in fields {
        match random.below(60) {
            0 => config.insert(key.to_owned(), random.pick(&nonsense).clone()),
            1..20 => config.insert(key.to_owned(), random.pick(values.as_array().unwrap()).clone()),
            _ => None,
        };
    }
    config
}

/// Walks a whole loop with a model that also predicts a variance where that is asked for.
fn walk(scheduler: &mut dyn Scheduler, begin: usize, channels: usize) -> Result<ArrayD<f32>> {
    let mut x = ArrayD::from_elem(vec![2, 2, 1, 1], 0.5 * scheduler.init_noise_sigma() as f32);
    let noise = ArrayD::from_elem(vec![2, 2, 1, 1], 0.3);
    x = scheduler.add_noise(&x, &noise, begin)?;
    for index in begin..scheduler.timesteps().len() {
        let mut input = x.clone();
        scheduler.scale_model_input(index, &mut input);
        let output = ArrayD::from_elem(vec![2, channels, 1, 1], 0.25);
        scheduler.step(index, output.view(), &mut x, &mut Zeros)?;
    }
    Ok(x)
}

#[test]
fn no_configuration_makes_it_panic() {
    let mut random = Lcg(2_305_843_009_213_693_951);
    let (mut made, mut walked) = (0, 0);
    for round in 0..4000 {
        let kind = SchedulerKind::ALL[round % SchedulerKind::ALL.len()];
        let config = random_config(&mut random);
        let steps = *random.pick(&[1, 2, 3, 4, 5, 10, 16, 39, 103, 1001]);
        let mu = *random.pick(&[None, Some(-100.0), Some(0.0), Some(1.1), Some(100.0)]);
        let flow_sigmas = *random.pick(&[true, false]);
        let strength = *random.pick(&[1.0, 1.0, 0.5]);
        let inversion =
            Some(*random.pick(&Inversion::ALL)).filter(|inversion| inversion.kind() == kind && round % 2 == 0);
        let options = SchedulerOptions { mu, flow_sigmas, strength, inversion, ..SchedulerOptions::new(steps) };
        let Ok(mut scheduler) = create(kind, &config, &options) else { continue };
        made += 1;
        let calls = scheduler.timesteps().len();
        assert!(calls > 0, "{} has no timestep for {config:?}", kind.name());
        let begin = random.below(calls) / scheduler.order() * scheduler.order();
        let learned = config.get("variance_type").and_then(Value::as_str).is_some_and(|v| v.starts_with("learned"));
        let doubled = learned && matches!(kind, SchedulerKind::Ddpm | SchedulerKind::Dpmpp2M | SchedulerKind::UnClip);
        match walk(scheduler.as_mut(), begin, if doubled { 4 } else { 2 }) {
            Ok(_) => walked += 1,
            Err(error) => assert!(!error.to_string().contains("internal"), "{} {config:?}: {error}", kind.name()),
        }
    }
    assert!(made > 400 && walked > made / 2, "{made} made, {walked} walked: the configurations are too wild");
}

/// The multistep solvers cut fractional timesteps off, so that one wrong bit in the betas shows: diffusers 0.35.2
/// has 999 first for these, and 998 after a beta table without fused operations.
#[test]
fn the_last_bit_of_the_betas_is_torchs() {
    for kind in [SchedulerKind::Dpmpp2M, SchedulerKind::UniPc, SchedulerKind::Deis] {
        for field in ["use_exponential_sigmas", "use_beta_sigmas"] {
            let scheduler = create(kind, &map(json!({field: true})), &SchedulerOptions::new(10)).unwrap();
            assert_eq!(scheduler.timesteps().first(), Some(&999.0), "{} {field}", kind.name());
        }
    }
}

/// The numbers of diffusers 0.35.2's `calculate_shift`; through a scheduler they are in the golden cases.
#[test]
fn larger_pictures_are_shifted_further() {
    for (length, mu) in [(256, 0.5), (1024, 0.63), (4096, 1.15), (6144, 1.496_666_666_666_666_7)] {
        assert!((calculate_shift(length, 256, 4096, 0.5, 1.15) - mu).abs() < 1e-12);
        assert!((dynamic_shift(&Map::new(), length).unwrap() - mu).abs() < 1e-12);
    }
    let config = json!({"base_shift": 0.6, "max_shift": 1.3, "base_image_seq_len": 128, "max_image_seq_len": 2048});
    assert!((dynamic_shift(&map(config), 400).unwrap() - 0.699_166_666_666_666_7).abs() < 1e-12);
    let error = dynamic_shift(&map(json!({"max_image_seq_len": 256})), 400).unwrap_err().to_string();
    assert!(error.contains("max_image_seq_len") && error.contains("differ"), "{error}");
}

/// An LCM's last step must leave what its pipeline decodes: the consistency function's value, without noise.
#[test]
fn lcm_draws_at_every_step_but_the_last() {
    for begin in [0, 2, 3] {
        let mut scheduler = create(SchedulerKind::Lcm, &Map::new(), &SchedulerOptions::new(4)).unwrap();
        let mut source = Count(0);
        let mut x = ArrayD::ones(vec![1, 1, 1, 1]);
        for index in begin..4 {
            scheduler.step(index, ArrayD::ones(vec![1, 1, 1, 1]).view(), &mut x, &mut source).unwrap();
        }
        assert_eq!(source.0, 3 - begin);
    }
}

/// eta is TCD's gamma: without it the steps are deterministic, with it all but the last one draw.
#[test]
fn tcd_draws_only_with_eta() {
    for (eta, draws) in [(0.0, 0), (0.3, 3), (1.0, 3)] {
        let options = SchedulerOptions { eta, ..SchedulerOptions::new(4) };
        let mut scheduler = create(SchedulerKind::Tcd, &Map::new(), &options).unwrap();
        let mut source = Count(0);
        let mut x = ArrayD::ones(vec![1, 1, 1, 1]);
        for index in 0..4 {
            scheduler.step(index, ArrayD::ones(vec![1, 1, 1, 1]).view(), &mut x, &mut source).unwrap();
        }
        assert_eq!(source.0, draws);
    }
}

#[test]
fn ordinary_configurations_stay_finite() {
    let base = json!({
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1,
        "skip_prk_steps": true,
    });
    let schedules = || std::iter::once(None).chain(SigmaSchedule::ALL.into_iter().map(Some));
    for kind in SchedulerKind::ALL {
        for spacing in ["linspace", "leading", "trailing"] {
            for end in ["zero", "sigma_min"] {
                let mut config = map(base.clone());
                config.insert("timestep_spacing".to_owned(), json!(spacing));
                config.insert("final_sigmas_type".to_owned(), json!(end));
                for sigmas in schedules() {
                    for steps in [1, 2, 3, 4, 5, 14, 15, 16, 50, 100, 103] {
                        let options = SchedulerOptions { sigmas, ..SchedulerOptions::new(steps) };
                        // Not every class has every schedule; that refusal is tested above.
                        let Ok(mut scheduler) = create(kind, &config, &options) else { continue };
                        let x = walk(scheduler.as_mut(), 0, 2).unwrap();
                        let label = format!("{} {spacing} {end} {sigmas:?} {steps}", kind.name());
                        assert!(x.iter().all(|v| v.is_finite()), "{label}: {x}");
                    }
                }
            }
        }
    }
}

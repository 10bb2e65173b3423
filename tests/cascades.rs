//! Models of several stages against diffusers: unCLIP, Kandinsky and their kin; those that diffusers has no class for, as
//! GLIDE and diffusion autoencoders, against sampling loops of our own in float64 (`tests/golden/reference_process.py`).
//!
//! The cases are those of `tests/golden/systems/*.json`, drawn by `tests/golden/make_system_pictures.py`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::{change_scheduler, copy_of, generate, open, repository, tiny};
use diffusion::pipeline::{CascadeRequest, ClassLabel, ConditionPicture, GroundedBox, StageSettings};
use diffusion::{CancelToken, Embedding, Image, Pipeline, PixelFormat, Request, SchedulerKind, Start};
use ndarray::ArrayD;
use serde_json::{Map, Value};

/// The contract: equal to within one grey level everywhere.
const TOLERANCE: u8 = 1;

/// One case's settings, under the names that its system gives them.
struct Case(Map<String, Value>);

impl Case {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    fn number(&self, key: &str) -> Option<f32> {
        self.0.get(key).and_then(Value::as_f64).map(|number| number as f32)
    }

    fn whole(&self, key: &str) -> Option<u32> {
        self.0.get(key).and_then(Value::as_u64).map(|number| u32::try_from(number).unwrap())
    }

    fn name(&self) -> &str {
        self.text("name").unwrap()
    }

    fn files(&self) -> Vec<&str> {
        self.0["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect()
    }

    fn changes(&self) -> Option<&Map<String, Value>> {
        self.0.get("config_changes").and_then(Value::as_object)
    }

    /// What every system's cases share.
    fn request(&self) -> Request {
        Request {
            prompt: self.text("prompt").unwrap_or_default().to_owned(),
            negative_prompt: self.text("negative").map(str::to_owned),
            width: self.whole("width"),
            height: self.whole("height"),
            steps: self.whole("steps"),
            guidance: self.number("guidance"),
            scheduler: self.text("scheduler").map(|name| SchedulerKind::parse(name).unwrap()),
            eta: self.number("eta").unwrap_or(0.0),
            seed: Some(self.0["seed"].as_u64().unwrap()),
            count: self.whole("count").unwrap_or(1),
            start: Start { strength: self.number("strength"), ..Start::default() },
            format: PixelFormat::Rgb8,
            cascade: CascadeRequest { stages: self.stages(), ..CascadeRequest::default() },
            ..Request::default()
        }
    }

    /// The strength of the gradient that leads this stage.
    fn lead(&self, stage: &str, request: &mut Request) {
        request.cascade.stages.entry(stage.to_owned()).or_default().guide_scale = self.number("guide_scale");
    }

    /// `prior_steps`, `super_res_steps` and so on are settings of the stage before the underscore.
    fn stages(&self) -> BTreeMap<String, StageSettings> {
        let mut stages: BTreeMap<String, StageSettings> = BTreeMap::new();
        for (key, value) in self.0.iter().filter(|(_, value)| !value.is_null()) {
            if let Some(stage) = key.strip_suffix("_steps") {
                stages.entry(stage.to_owned()).or_default().steps = value.as_u64().map(|n| u32::try_from(n).unwrap());
            }
            if let Some(stage) = key.strip_suffix("_guidance") {
                stages.entry(stage.to_owned()).or_default().guidance = value.as_f64().map(|n| n as f32);
            }
        }
        stages
    }
}

fn input(name: &str) -> Arc<Image> {
    Arc::new(Image::open(&repository("tests/golden/inputs").join(name)).unwrap())
}

fn cases(system: &str) -> Vec<Case> {
    let path = repository("tests/golden/systems").join(system).with_extension("json");
    let golden: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    golden["cases"].as_array().unwrap().iter().map(|case| Case(case.as_object().unwrap().clone())).collect()
}

/// The model of a case, with its changes.
fn opened(case: &Case) -> (Pipeline, tempfile::TempDir) {
    let folder = copy_of(&tiny(case.text("folder").unwrap()));
    if let Some(changes) = case.changes() {
        change_scheduler(folder.path(), changes);
    }
    if let Some(manifest) = case.text("manifest") {
        let other = folder.path().join(manifest).with_extension("json");
        fs::copy(other, folder.path().join("model_index.json")).unwrap();
    }
    let pipeline = open(folder.path()).unwrap_or_else(|e| panic!("{}: {e}", case.name()));
    (pipeline, folder)
}

fn embed(pipeline: &Pipeline, request: &Request, name: &str) -> ArrayD<f32> {
    pipeline.embed(request, name, &mut (), &CancelToken::new()).unwrap()
}

fn largest_difference(ours: &Image, file: &Path) -> u8 {
    let theirs = image::open(file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).into_rgb8();
    assert_eq!((ours.width(), ours.height()), theirs.dimensions(), "{}", file.display());
    ours.pixels().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// Draws every case of a system for which `complete` makes a whole request, and compares the pictures. Returns how many
/// there were.
fn check(system: &str, complete: impl Fn(&Case, &Pipeline, Request) -> Option<Request>) -> usize {
    let root = repository("tests/golden/systems").join(system);
    // To look at one case: SYSTEM_CASE=name.
    let only = std::env::var("SYSTEM_CASE").ok();
    let mut pipelines = HashMap::new();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in cases(system) {
        if only.as_ref().is_some_and(|only| !case.name().starts_with(only.as_str())) {
            continue;
        }
        let key = format!("{:?} {:?} {:?}", case.text("folder"), case.text("manifest"), case.changes());
        let (pipeline, _) = pipelines.entry(key).or_insert_with(|| opened(&case));
        let Some(request) = complete(&case, pipeline, case.request()) else { continue };
        let drawn = match generate(pipeline, &request) {
            Ok(drawn) => drawn,
            Err(error) => {
                wrong.push(format!("{}: {error}", case.name()));
                continue;
            }
        };
        assert_eq!(drawn.images.len(), case.files().len(), "{}", case.name());
        for (image, file) in drawn.images.iter().zip(case.files()) {
            let most = largest_difference(image, &root.join(file));
            if most > TOLERANCE {
                wrong.push(format!("{file}: {most} grey levels"));
            }
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{system}: {} of {compared} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    compared
}

#[test]
fn karlo() {
    let compared = check("karlo", |case, _, mut request| {
        if let Some(picture) = case.text("init") {
            request.conditions.push(ConditionPicture::new("like", input(picture)));
        }
        Some(request)
    });
    assert!(compared > 10 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn kandinsky_2_2() {
    let compared = check("kandinsky", |case, pipeline, mut request| {
        // Sizes that do not fit are refused here, not rounded up.
        if case.name() == "odd_size" {
            assert!(generate(pipeline, &request).unwrap_err().to_string().contains("multiples of 16"));
            return None;
        }
        match case.text("pipeline").unwrap() {
            "prior" => return None,
            // diffusers draws the decoder's noise from where the prior left its generator, which another call cannot know.
            "mix" if case.name() == "mix_text" => return None,
            "mix" => {
                let weights =
                    case.0["weights"].as_array().unwrap().iter().map(|weight| weight.as_f64().unwrap() as f32);
                let sources = case.0["sources"].as_array().unwrap().iter().map(|source| source.as_str().unwrap());
                let embeddings = sources.map(|source| {
                    let mut one = request.clone();
                    match source.ends_with(".png") {
                        true => {
                            one.conditions.push(ConditionPicture::new("like", input(source)));
                        }
                        false => one.prompt = source.to_owned(),
                    }
                    let rows = embed(pipeline, &one, "image_embeds");
                    Embedding::rows(rows.view()).unwrap().remove(0)
                });
                let embeddings: Vec<Embedding> = embeddings.collect();
                let parts: Vec<(&Embedding, f32)> = embeddings.iter().zip(weights).collect();
                let mixed = Embedding::weighted_sum(&parts).unwrap().into_row();
                request.cascade.embeddings.insert("image_embeds".to_owned(), Arc::new(mixed));
            }
            _ => {}
        }
        if let Some(picture) = case.text("init") {
            request.start.picture = Some(input(picture));
        }
        Some(request)
    });
    assert!(compared > 15 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn dit() {
    let compared = check("dit", |case, _, mut request| {
        // diffusers' pipeline forgets to scale its first noise, which euler's levels need.
        if case.text("scheduler") == Some("euler") {
            return None;
        }
        let classes = case.0["classes"].as_array().unwrap();
        request.count = u32::try_from(classes.len()).unwrap();
        let label = |class: &Value| ClassLabel::Number(u32::try_from(class.as_u64().unwrap()).unwrap());
        request.cascade.classes = classes.iter().map(label).collect();
        Some(request)
    });
    assert!(compared > 5 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn latent_diffusion() {
    let compared = check("ldm", |case, _, mut request| {
        if let Some(picture) = case.text("init") {
            request.start.picture = Some(input(picture));
        }
        Some(request)
    });
    assert!(compared > 5 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn stable_unclip() {
    let compared = check("stable_unclip", |case, _, mut request| {
        request.noise_level = case.whole("noise_level");
        if let Some(picture) = case.text("init") {
            request.conditions.push(ConditionPicture::new("like", input(picture)));
        }
        Some(request)
    });
    assert!(compared > 10 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn deepfloyd_if() {
    let compared = check("deepfloyd", |case, _, mut request| {
        request.noise_level = case.whole("noise_level");
        match case.text("pipeline").unwrap() {
            "small" => request.cascade.until = Some("small".to_owned()),
            "super" => request.start.picture = case.text("init").map(input),
            _ => {}
        }
        Some(request)
    });
    assert!(compared > 10 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn guided_diffusion() {
    let compared = check("guided", |case, _, mut request| {
        let classes: Vec<u32> = serde_json::from_value(case.0["class"].clone()).unwrap();
        request.count = u32::try_from(classes.len()).unwrap();
        request.cascade.classes = classes.into_iter().map(ClassLabel::Number).collect();
        case.lead("base", &mut request);
        Some(request)
    });
    assert!(compared > 10 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn glide() {
    let compared = check("glide", |case, _, mut request| {
        request.start.picture = case.text("init").map(input);
        request.start.mask = case.text("mask").map(input);
        if case.text("manifest") == Some("clip_guided") {
            case.lead("base", &mut request);
        }
        Some(request)
    });
    assert!(compared > 10 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

/// Values as one vector.
fn flat(values: &ArrayD<f32>) -> Embedding {
    Embedding::new(values.iter().copied().collect()).unwrap()
}

#[test]
fn a_diffusion_autoencoder() {
    let compared = check("diffae", |case, pipeline, mut request| {
        if let Some(edits) = case.0.get("edits") {
            request.cascade.edits = serde_json::from_value(edits.clone()).unwrap();
        }
        request.start.picture = case.text("init").map(input);
        let hand_in = |request: &mut Request, name: &str, values: ArrayD<f32>| {
            request.cascade.embeddings.insert(name.to_owned(), Arc::new(values));
        };
        match case.text("mode").unwrap() {
            "random" => {
                let code = embed(pipeline, &request, "z_sem");
                request.start.picture = None;
                hand_in(&mut request, "z_sem", code);
            }
            "interpolate" => {
                let mut other = request.clone();
                other.start.picture = case.text("init_2").map(input);
                let at = case.number("at").unwrap();
                let [from, to] = [&request, &other].map(|one| embed(pipeline, one, "z_sem"));
                let code = flat(&from).lerp(&flat(&to), at).unwrap().into_row();
                let [from, to] = [&request, &other].map(|one| embed(pipeline, one, "x_T"));
                let noise = flat(&from).slerp(&flat(&to), at).unwrap().into_row();
                hand_in(&mut request, "z_sem", code);
                hand_in(&mut request, "x_T", noise.into_shape_with_order(from.shape()).unwrap());
            }
            _ => {}
        }
        Some(request)
    });
    assert!(compared > 10 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

#[test]
fn latent_diffusion_that_is_told_where_things_are() {
    let compared = check("ldm_told", |case, _, mut request| {
        if let Some(map) = case.text("map") {
            request.conditions.push(ConditionPicture::new("map", input(map)));
        }
        if let Some(boxes) = case.0.get("boxes") {
            let boxes: Vec<(String, f32, f32, f32, f32)> = serde_json::from_value(boxes.clone()).unwrap();
            let boxes = boxes.into_iter().map(|(phrase, l, t, r, b)| GroundedBox { phrase, corners: [l, t, r, b] });
            request.boxes = boxes.collect();
        }
        request.start.picture = case.text("init").map(input);
        request.start.mask = case.text("mask").map(input);
        Some(request)
    });
    assert!(compared > 10 || std::env::var("SYSTEM_CASE").is_ok(), "{compared}");
}

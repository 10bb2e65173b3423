//! Manifests that a person writes: what is read, and what each mistake is called.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::sync::Arc;

use common::{copy_of, generate, open, sentence, tiny};
use diffusion::pipeline::{ClassLabel, ConditionPicture, GroundedBox, StageSettings};
use diffusion::{CancelToken, Error, Image, PixelFormat, Request, SchedulerKind};
use ndarray::ArrayD;
use serde_json::{Value, json};

/// tiny-dit with a manifest of its own: two stages, of which the second goes on from the first.
fn manifest() -> Value {
    json!({
        "_class_name": "CascadePipeline",
        "_version": 1,
        "title": "two transformers",
        "sizes": {"width": 64, "height": 64, "fixed": true},
        "classes": {"label": {"count": 3, "null": 1000, "names": ["cat", "dog", "red house"]}},
        "graphs": {"vae_decoder": {"inputs": {"latent_sample": "latents"}}},
        "values": {"latents": {"op": "affine", "of": "second", "divide": "config:vae_decoder/scaling_factor"}},
        "stages": [
            {
                "name": "first", "denoiser": "transformer", "sample": [4, 8, 8],
                "output_channels": 8, "inputs": {"class_labels": "label"}, "scheduler": "scheduler", "steps": 3,
                "guidance": 3, "null": {"label": "null"}
            },
            {
                "name": "second", "denoiser": "transformer", "sample": [4, 8, 8], "output_channels": 8,
                "inputs": {"class_labels": "label"}, "start": "first", "strength": 0.5, "scheduler": "scheduler",
                "steps": 4
            }
        ],
        "picture": {"of": "vae_decoder.sample"},
        "embeddings": ["first", "latents"]
    })
}

fn folder(manifest: &Value) -> tempfile::TempDir {
    let folder = copy_of(&tiny("tiny-dit"));
    fs::write(folder.path().join("model_index.json"), manifest.to_string()).unwrap();
    folder
}

fn request() -> Request {
    let mut request = Request { seed: Some(7), format: PixelFormat::Rgb8, ..Request::default() };
    request.cascade.classes = vec![ClassLabel::Name("red house".to_owned())];
    request
}

#[test]
fn a_manifest_draws_and_says_what_it_is() {
    let folder = folder(&manifest());
    let pipeline = open(folder.path()).unwrap();
    let info = pipeline.info().cascade.clone().unwrap();
    assert_eq!(info.title.as_deref(), Some("two transformers"));
    assert_eq!(info.stages.iter().map(|stage| stage.steps).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((info.classes, info.class_names.len()), (3, 3));
    assert_eq!(info.manifest["stages"][1]["start"], "first");
    assert_eq!((pipeline.info().default_width, pipeline.info().default_height), (64, 64));
    let drawn = generate(&pipeline, &request()).unwrap();
    assert_eq!((drawn.images[0].width(), drawn.images[0].height()), (64, 64));
    // Three steps of the first, and the lower half of the second's four.
    assert_eq!(drawn.timings.denoise.len(), 3 + 2);
    assert_eq!(drawn.settings.more["stages"]["second"]["steps"], 4);
    // A name and its number are one class, and another class is another picture.
    let mut other = request();
    other.cascade.classes = vec![ClassLabel::Number(2)];
    assert_eq!(generate(&pipeline, &other).unwrap().images, drawn.images);
    other.cascade.classes = vec![ClassLabel::Number(0)];
    assert_ne!(generate(&pipeline, &other).unwrap().images, drawn.images);
}

#[test]
fn values_go_out_and_come_in() {
    let folder = folder(&manifest());
    let pipeline = open(folder.path()).unwrap();
    let embed = |name: &str| pipeline.embed(&request(), name, &mut (), &CancelToken::new());
    let latents = embed("latents").unwrap();
    assert_eq!(latents.shape(), [1, 4, 8, 8]);
    let drawn = generate(&pipeline, &request()).unwrap();
    let mut again = request();
    again.seed = Some(1);
    again.cascade.embeddings.insert("latents".to_owned(), Arc::new(latents.clone()));
    let handed = generate(&pipeline, &again).unwrap();
    assert_eq!(handed.images, drawn.images, "nothing is left to be drawn");
    assert!(handed.timings.denoise.is_empty());
    for (values, words) in [
        (ArrayD::zeros(vec![1, 4, 8, 9]), "[1, 4, 8, 9]"),
        (ArrayD::zeros(vec![3, 4, 8, 8]), "1 pictures"),
        (ArrayD::from_elem(vec![4, 8, 8], f32::NAN), "NaN"),
    ] {
        again.cascade.embeddings.insert("latents".to_owned(), Arc::new(values));
        let said = sentence(generate(&pipeline, &again));
        assert!(said.contains(words) && said.contains("\"latents\""), "{said}");
    }
    let said = embed("second").unwrap_err().to_string();
    assert!(said.contains("no embedding \"second\"") && said.contains("first, latents"), "{said}");
}

#[test]
fn every_mistake_in_a_manifest_has_a_sentence() {
    type Change = fn(&mut Value);
    let mistakes: [(Change, &[&str]); 43] = [
        (|m| m["stagse"] = json!([]), &["stagse"]),
        (|m| m["_version"] = json!(2), &["_version", "2"]),
        (|m| m["stages"][0]["denoizer"] = json!("x"), &["denoizer"]),
        (|m| m["stages"] = json!([]), &["no stage"]),
        (|m| m["values"]["latents"]["op"] = json!("afine"), &["afine"]),
        (|m| m["values"]["latents"]["of"] = json!("third"), &["the value latents", "\"third\""]),
        (|m| m["picture"]["of"] = json!("vae_decoder.picture"), &["vae_decoder.picture", "sample"]),
        (|m| m["picture"]["of"] = json!("latents"), &["latents", "[3, height, width]"]),
        (|m| m["stages"][0]["start"] = json!("second"), &["needs itself", "second"]),
        (|m| m["stages"][1]["name"] = json!("first"), &["\"first\" stands for two things"]),
        (|m| m["stages"][0]["denoiser"] = json!("unet"), &["unet/model.onnx", "missing"]),
        (|m| m["stages"][0]["sample"] = json!([5, 8, 8]), &["reads 4 channels", "has 5"]),
        (|m| m["stages"][0]["sample"] = json!([4, 16, 16]), &["first", "second", "[4, 16, 16]", "[4, 8, 8]"]),
        (|m| m["stages"][0]["sample"] = json!([4, 8]), &["2 sizes"]),
        (|m| m["stages"][0]["sample"][1] = json!("depth/8"), &["depth/8", "config:FOLDER/KEY"]),
        (|m| m["stages"][0]["inputs"] = json!({}), &["class_labels", "does not fill"]),
        (|m| m["stages"][0]["inputs"]["labels"] = json!("label"), &["\"labels\"", "hidden_states"]),
        (|m| m["graphs"]["vae_decoder"]["inputs"]["latent_sample"] = json!("label"), &["latent_sample", "one number"]),
        (|m| m["stages"][0]["null"] = json!({"label": "empty"}), &["first", "\"empty\"", "null"]),
        (|m| m["stages"][0]["scheduler"] = json!("sheduler"), &["sheduler/scheduler_config.json"]),
        (|m| m["stages"][0]["scheduler"] = json!({"_class_name": "BestScheduler"}), &["first", "BestScheduler"]),
        (|m| m["classes"]["label"]["names"] = json!(["cat"]), &["3", "1 names"]),
        (|m| m["stages"][0]["denoiser"] = json!("../unet"), &["../unet", "below the model's own"]),
        (|m| m["constants"] = json!({"c": {"file": "/etc/passwd"}}), &["/etc/passwd", "below the model's own"]),
        (|m| m["stages"][0]["sample"][1] = json!("config:../size"), &["\"..\"", "below the model's own"]),
        (|m| m["stages"][0]["sample"] = json!([4, 1000000, 1000000]), &["first", "4000000000000"]),
        (|m| m["stages"][0]["sample"] = json!([4, 99999999, 1]), &["99999999", "1048576"]),
        (|m| m["texts"] = json!({"t": {"tokenizer": "t", "length": 99999999}}), &["99999999", "65536"]),
        (
            |m| {
                // Each doubles the ways of the one before.
                for level in 1..40 {
                    let below = if level == 1 { "first".to_owned() } else { format!("v{}", level - 1) };
                    m["values"][format!("v{level}")] = json!({"op": "concat", "of": [below, below]});
                }
                m["values"]["latents"]["of"] = json!("v39");
            },
            &["ways", "100000"],
        ),
        (
            |m| {
                for value in 0..1001 {
                    m["values"][format!("v{value}")] = json!({"op": "eight_bit", "of": "first"});
                }
            },
            &["1006 values", "1000"],
        ),
        (
            // Nothing draws from these two; a host may ask for one.
            |m| {
                m["values"]["a"] = json!({"op": "eight_bit", "of": "b"});
                m["values"]["b"] = json!({"op": "eight_bit", "of": "a"});
                m["embeddings"] = json!(["a"]);
            },
            &["needs itself", "a -> b -> a"],
        ),
        (
            |m| m["values"]["a"] = json!({"op": "pad_left", "of": "first", "count": "a.height", "with": 0}),
            &["needs itself", "a -> a"],
        ),
        (
            |m| m["values"]["a"] = json!({"op": "one_hot", "of": "first", "count": "nothing.width"}),
            &["the value a", "\"nothing\""],
        ),
        (
            |m| {
                for level in 1..200 {
                    let below = if level == 1 { "first".to_owned() } else { format!("v{}", level - 1) };
                    m["values"][format!("v{level}")] = json!({"op": "eight_bit", "of": below});
                }
            },
            &["64", "in a row"],
        ),
        (
            |m| {
                m["pictures"] = json!({"image": {"multiple": 0}});
                m["values"]["seen"] = json!({"op": "eight_bit", "of": "image"});
            },
            &["the picture image", "multiples of 0"],
        ),
        (
            |m| m["values"]["a"] = json!({"op": "reshape", "of": "first", "shape": [-1, -1]}),
            &["the value a", "[-1, -1]", "one -1"],
        ),
        (
            |m| {
                m["values"]["a"] =
                    json!({"op": "reshape", "of": "first", "shape": [4294967296_i64, 4294967296_i64, -1]})
            },
            &["the value a", "1048576"],
        ),
        (|m| m["classes"]["label"]["count"] = json!("first.width"), &["first.width", "\"classes\""]),
        (
            |m| {
                m["stages"][1]["negative_too"] = json!(true);
            },
            &["second", "negative_too", "start from"],
        ),
        (|m| m["stages"][0]["invert"] = json!("ddim_reverse"), &["first", "inverts", "\"from\""]),
        (
            |m| {
                m["stages"][0]["from"] = json!("latents");
                m["stages"][0]["invert"] = json!("backwards");
                m["values"]["latents"] = json!({"op": "fill", "shape": [4, 8, 8], "with": 0});
            },
            &["backwards", "ddim_reverse", "dpmpp_2m_inverse"],
        ),
        (
            |m| {
                m["pictures"] = json!({"eye": {"same_as": "image"}});
                m["values"]["seen"] = json!({"op": "eight_bit", "of": "eye"});
            },
            &["the picture eye", "\"image\""],
        ),
        (
            |m| m["layouts"] = json!({"boxes": {"classes": ["cat"], "objects": 0, "vocabulary": 9}}),
            &["the layout boxes", "0 objects", "1 to 1024"],
        ),
    ];
    for (change, words) in mistakes {
        let mut changed = manifest();
        change(&mut changed);
        let folder = folder(&changed);
        let error = open(folder.path()).map(drop).expect_err(&format!("{words:?}"));
        let said = error.to_string();
        assert!(matches!(error, Error::BadModel { .. }), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    }
}

#[test]
fn every_bad_request_has_a_sentence_and_nothing_is_lost() {
    let folder = folder(&manifest());
    let pipeline = open(folder.path()).unwrap();
    let before = generate(&pipeline, &request()).unwrap().images;
    let picture = Arc::new(Image::from_pixels(&[0; 12], 2, 2, 6, PixelFormat::Rgb8).unwrap());
    let stage = |settings: StageSettings| {
        let mut request = request();
        request.cascade.stages.insert("second".to_owned(), settings);
        request
    };
    let with = |change: &dyn Fn(&mut Request)| {
        let mut request = request();
        change(&mut request);
        request
    };
    let bad: Vec<(Request, &[&str])> = vec![
        (with(&|r| r.cascade.classes.clear()), &["needs a class", "\"label\"", "0 to 2"]),
        (with(&|r| r.cascade.classes = vec![ClassLabel::Number(3)]), &["3", "0 to 2"]),
        (with(&|r| r.cascade.classes = vec![ClassLabel::Name("cow".into())]), &["\"cow\"", "\"dog\""]),
        (with(&|r| r.cascade.classes = vec![ClassLabel::Number(0); 2]), &["2 classes", "1 pictures"]),
        (
            with(&|r| r.cascade.stages = [("third".to_owned(), StageSettings::default())].into()),
            &["\"third\"", "first, second"],
        ),
        (stage(StageSettings { steps: Some(0), ..Default::default() }), &["\"second\"", "1 to 1000"]),
        (stage(StageSettings { guidance: Some(f32::NAN), ..Default::default() }), &["NaN", "\"second\""]),
        (stage(StageSettings { guidance: Some(4.0), ..Default::default() }), &["second", "no unconditional branch"]),
        (stage(StageSettings { guide_scale: Some(1.0), ..Default::default() }), &["second", "gradient"]),
        (stage(StageSettings { candidates: Some(2), ..Default::default() }), &["second", "best of several"]),
        (with(&|r| r.start.picture = Some(Arc::clone(&picture))), &["\"image\"", "none"]),
        (with(&|r| r.conditions.push(ConditionPicture::new("map", Arc::clone(&picture)))), &["\"map\"", "none"]),
        (with(&|r| r.cascade.edits = [("night".to_owned(), 1.0)].into()), &["\"night\"", "none"]),
        (with(&|r| r.cascade.edits = [("night".to_owned(), f32::NAN)].into()), &["NaN", "-100 to 100"]),
        (with(&|r| r.cascade.until = Some("first".into())), &["\"first\"", "none"]),
        (
            with(&|r| r.boxes = vec![GroundedBox { phrase: "cat".into(), corners: [0.0, 0.0, 1.0, 1.0] }]),
            &["boxes are given", "takes none"],
        ),
        (with(&|r| r.width = Some(128)), &["width is 128", "64x64 pixels only"]),
        (with(&|r| r.seamless = diffusion::Seamless::Both), &["cascade", "seamless"]),
    ];
    for (request, words) in bad {
        let said = sentence(generate(&pipeline, &request));
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        assert_eq!(generate(&pipeline, &self::request()).unwrap().images, before);
    }
}

#[test]
fn values_beyond_all_measure_are_refused_before_memory_is_asked_for() {
    for operation in [
        json!({"op": "fill", "shape": [1048576, 1048576], "with": 0}),
        json!({"op": "resize", "of": "first", "size": [1048576, 1048576], "how": "nearest"}),
        json!({"op": "pad_left", "of": "flat", "count": 1048576, "with": 0}),
    ] {
        let mut large = manifest();
        large["values"]["flat"] = json!({"op": "fill", "shape": [1, 1048576], "with": 0});
        large["values"]["large"] = operation.clone();
        large["embeddings"] = json!(["large"]);
        let folder = folder(&large);
        let pipeline = open(folder.path()).unwrap();
        let said = sentence(pipeline.embed(&request(), "large", &mut (), &CancelToken::new()));
        assert!(said.contains("the value large") && said.contains("at most 1073741824 numbers"), "{said}");
        generate(&pipeline, &request()).unwrap();
    }
}

#[test]
fn parts_that_a_model_comes_without_take_what_was_for_them_alone_along() {
    let folder = copy_of(&tiny("tiny-if"));
    for part in ["super_res_unet", "super_res_scheduler", "super_res_image_noising_scheduler"] {
        fs::remove_dir_all(folder.path().join(part)).unwrap();
    }
    let pipeline = open(folder.path()).unwrap();
    let stages = &pipeline.info().cascade.as_ref().unwrap().stages;
    assert_eq!(stages.len(), 1, "the base alone");
    let drawn = generate(&pipeline, &Request { seed: Some(1), ..Request::new("a cat") }).unwrap();
    // What the whole model's base draws, which is asked for by its name there.
    let whole = open(&tiny("tiny-if")).unwrap();
    let mut base = Request { seed: Some(1), ..Request::new("a cat") };
    base.cascade.until = Some(stages[0].name.clone());
    assert_eq!(generate(&whole, &base).unwrap().images, drawn.images);
}

#[test]
fn latents_of_three_channels_are_no_picture() {
    let pipeline = open(&tiny("tiny-ldm-layout")).unwrap();
    let mut request = Request { seed: Some(1), ..Request::default() };
    request.boxes = vec![GroundedBox { phrase: "house".into(), corners: [0.0, 0.0, 1.0, 0.5] }];
    request.cascade.until = pipeline.info().cascade.as_ref().map(|cascade| cascade.stages[0].name.clone());
    let said = sentence(generate(&pipeline, &request));
    assert!(said.contains("that draw pixels are none"), "{said}");
}

#[test]
fn an_embedding_that_is_handed_in_is_what_the_model_is_told() {
    let pipeline = open(&tiny("tiny-karlo")).unwrap();
    let name = "text_encoder.text_embeds";
    let cat = Request { seed: Some(1), ..Request::new("a cat") };
    let own = pipeline.embed(&cat, name, &mut (), &CancelToken::new()).unwrap();
    let drawn = generate(&pipeline, &cat).unwrap().images;
    let mut handed = cat.clone();
    handed.cascade.embeddings.insert(name.to_owned(), Arc::new(own.clone()));
    // The unconditional branch is told what it is told without it.
    assert_eq!(generate(&pipeline, &handed).unwrap().images, drawn);
    handed.cascade.embeddings.insert(name.to_owned(), Arc::new(own.mapv(|value| -3.0 * value)));
    assert_ne!(generate(&pipeline, &handed).unwrap().images, drawn);
}

#[test]
fn a_solver_of_two_calls_makes_the_last_step_with_one() {
    let pipeline = open(&tiny("tiny-karlo")).unwrap();
    let calls = |scheduler: Option<&str>, steps: u32| {
        let mut request = Request { seed: Some(1), ..Request::new("a cat") };
        let two = || StageSettings { steps: Some(2), ..Default::default() };
        request.cascade.stages = [("prior".to_owned(), two()), ("decoder".to_owned(), two())].into();
        let scheduler = scheduler.map(|name| SchedulerKind::parse(name).unwrap());
        let last = StageSettings { steps: Some(steps), scheduler, ..Default::default() };
        request.cascade.stages.insert("super_res".to_owned(), last);
        generate(&pipeline, &request).unwrap().timings.denoise.len()
    };
    assert_eq!(calls(None, 3), 2 + 2 + 3);
    assert_eq!(calls(Some("heun"), 1), 2 + 2 + 1);
    assert_eq!(calls(Some("heun"), 2), 2 + 2 + 3);
}

#[test]
fn pictures_by_their_roles_have_a_strength_and_every_setting_is_heard_or_named() {
    let pipeline = open(&tiny("tiny-kandinsky")).unwrap();
    let picture = Arc::new(Image::from_pixels(&[9; 3 * 64 * 64], 64, 64, 192, PixelFormat::Rgb8).unwrap());
    let mut request =
        Request { seed: Some(1), width: Some(64), height: Some(64), steps: Some(2), ..Request::new("a cat") };
    request.cascade.stages = [("prior".to_owned(), StageSettings { steps: Some(2), ..Default::default() })].into();
    request.start.strength = Some(0.5);
    let mut by_role = request.clone();
    by_role.conditions.push(ConditionPicture::new("image", Arc::clone(&picture)));
    request.start.picture = Some(picture);
    assert_eq!(generate(&pipeline, &request).unwrap().images, generate(&pipeline, &by_role).unwrap().images);
    request.prompt_2 = Some("a dog".to_owned());
    request.guess_mode = true;
    let warnings = generate(&pipeline, &request).unwrap().warnings;
    for word in ["second or third prompt", "guess mode"] {
        assert!(warnings.iter().any(|warning| warning.contains(word)), "{word}: {warnings:?}");
    }
}

#[test]
fn a_model_of_one_stage_has_none_of_this() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let said = sentence(generate(&pipeline, &request()));
    assert!(said.contains("one stage"), "{said}");
    let said =
        pipeline.embed(&Request::new("x"), "image_embeds", &mut (), &CancelToken::new()).unwrap_err().to_string();
    assert!(said.contains("no embeddings"), "{said}");
}

#[test]
fn every_manifest_of_the_tests_opens() {
    let mut opened = 0;
    for folder in fs::read_dir(tiny("")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            if !text.contains("\"CascadePipeline\"") {
                continue;
            }
            let copy = copy_of(&folder);
            fs::copy(&file, copy.path().join("model_index.json")).unwrap();
            open(copy.path()).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            opened += 1;
        }
    }
    assert!(opened >= 9, "{opened}");
}

#[test]
fn boxes_are_told_by_the_names_of_their_classes() {
    let pipeline = open(&tiny("tiny-ldm-layout")).unwrap();
    assert_eq!(pipeline.info().max_boxes, 4);
    let one = |phrase: &str| GroundedBox { phrase: phrase.to_owned(), corners: [0.0, 0.0, 1.0, 0.5] };
    let with = |boxes: Vec<GroundedBox>| Request { boxes, seed: Some(1), ..Request::default() };
    for (boxes, words) in [
        (vec![], &["boxes (\"layout\")", "classes"][..]),
        (vec![one("house"), one("car")], &["\"car\"", "\"house\", \"moon\", \"tree\""]),
        (vec![one("tree"); 5], &["5 objects", "up to 4"]),
    ] {
        let said = sentence(generate(&pipeline, &with(boxes)));
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    let mut until = with(vec![one("house")]);
    until.boxes_until = Some(0.5);
    assert!(sentence(generate(&pipeline, &until)).contains("part of the run"));
    generate(&pipeline, &with(vec![one("house")])).unwrap();
}

#[test]
fn one_picture_serves_two_roles() {
    let folder = copy_of(&tiny("tiny-glide"));
    fs::copy(folder.path().join("inpaint.json"), folder.path().join("model_index.json")).unwrap();
    let pipeline = open(folder.path()).unwrap();
    assert_eq!(pipeline.info().cascade.as_ref().unwrap().pictures, ["image", "mask"]);
    let picture = Arc::new(Image::from_pixels(&[9; 3 * 16 * 16], 16, 16, 48, PixelFormat::Rgb8).unwrap());
    let mut request = Request { seed: Some(1), ..Request::new("a cat") };
    request.conditions.push(ConditionPicture::new("mask", Arc::clone(&picture)));
    let said = sentence(generate(&pipeline, &request));
    assert!(said.contains("a picture for \"image\"") && !said.contains("image_small"), "{said}");
    request.conditions.push(ConditionPicture::new("image_small", picture));
    let said = sentence(generate(&pipeline, &request));
    assert!(said.contains("\"image_small\"") && said.contains("image, mask"), "{said}");
}

#[test]
fn noise_is_not_inverted() {
    let pipeline = open(&tiny("tiny-diffae")).unwrap();
    let request = Request { seed: Some(1), ..Request::default() };
    let said = pipeline.embed(&request, "x_T", &mut (), &CancelToken::new()).unwrap_err().to_string();
    assert!(said.contains("a picture for \"image\""), "{said}");
    let code = pipeline.embed(&request, "z_sem", &mut (), &CancelToken::new()).unwrap();
    assert_eq!(code.shape(), [1, 16], "the prior's");
    let mut moved = request;
    moved.cascade.edits = [("smile".to_owned(), 1.0), ("frown".to_owned(), 1.0)].into();
    let said = sentence(generate(&pipeline, &moved));
    assert!(said.contains("\"frown\"") && said.contains("night, smile"), "{said}");
}

#[test]
fn a_negative_prompt_that_nobody_reads_is_named() {
    let pipeline = open(&tiny("tiny-glide")).unwrap();
    let mut request = Request { seed: Some(1), steps: Some(2), ..Request::new("a cat") };
    request.cascade.until = Some("base".to_owned());
    assert!(generate(&pipeline, &request).unwrap().warnings.is_empty());
    request.negative_prompt = Some("a dog".to_owned());
    let warnings = generate(&pipeline, &request).unwrap().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("told something else"), "{warnings:?}");
    request.guidance = Some(1.0);
    let warnings = generate(&pipeline, &request).unwrap().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("guidance is off"), "{warnings:?}");
}

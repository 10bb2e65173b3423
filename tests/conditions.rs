//! What a request says about pictures and boxes beside its prompt, and what a model answers.
//!
//! That they are drawn as diffusers draws them is in `families.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::graphs::{Shape, edit, input, keep_outputs, rename, take_list};
use common::{copy_into, copy_of, generate, open, options, repository, sentence, tiny};
use diffusion::onnx::proto::GraphProto;
use diffusion::pipeline::{ConditionPicture, GroundedBox};
use diffusion::{
    CancelToken, Error, Flow, Hires, Image, MemoryMode, Observer, Pipeline, PipelineOptions, PixelFormat, Progress,
    PromptSyntax, Request,
};
use serde_json::{Value, json};

fn picture(name: &str) -> Arc<Image> {
    Arc::new(Image::open(&repository("tests/golden/inputs").join(name)).unwrap())
}

fn condition(role: &str) -> ConditionPicture {
    ConditionPicture::new(role, picture("house.png"))
}

fn request(conditions: Vec<ConditionPicture>) -> Request {
    Request { steps: Some(2), seed: Some(7), conditions, format: PixelFormat::Rgb8, ..Request::new("a red house") }
}

fn roles(pipeline: &Pipeline) -> Vec<&str> {
    pipeline.info().conditions.iter().map(|condition| condition.role.as_str()).collect()
}

fn opened_with(folder: &Path, change: impl FnOnce(&mut PipelineOptions)) -> Pipeline {
    let mut options = options();
    change(&mut options);
    Pipeline::open(folder, &options, &mut (), &CancelToken::new()).unwrap()
}

fn pixels(pipeline: &Pipeline, request: &Request) -> Vec<u8> {
    generate(pipeline, request).unwrap().images[0].pixels().to_vec()
}

fn furthest(one: &[u8], other: &[u8]) -> u8 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn a_model_says_which_pictures_it_takes() {
    let control = open(&tiny("tiny-control")).unwrap();
    assert_eq!(roles(&control), ["controlnet", "controlnet:1", "controlnet:2", "adapter"]);
    assert!(control.info().conditions.iter().all(|condition| condition.adjustable && !condition.needed));
    let json = control.info().to_json();
    assert_eq!(json["conditions"][1]["role"], "controlnet:1");
    for (folder, role, needed) in [
        ("tiny-depth", "depth", false),
        ("tiny-image-prompt", "image_prompt", false),
        ("tiny-variation", "image_prompt", true),
    ] {
        let model = open(&tiny(folder)).unwrap();
        assert_eq!((roles(&model), model.info().conditions[0].needed), (vec![role], needed), "{folder}");
    }
    let boxes = open(&tiny("tiny-gligen")).unwrap();
    assert!(roles(&boxes).is_empty());
    assert_eq!((boxes.info().max_boxes, control.info().max_boxes), (30, 0));
}

#[test]
fn roles_that_a_model_does_not_have_are_refused_with_those_that_it_has() {
    let control = open(&tiny("tiny-control")).unwrap();
    let said = sentence(generate(&control, &request(vec![condition("depth")])));
    assert!(said.contains("\"depth\"") && said.contains("controlnet, controlnet:1, controlnet:2, adapter"), "{said}");
    let said = sentence(generate(&control, &request(vec![condition("controlnet:3")])));
    assert!(said.contains("\"controlnet:3\""), "{said}");
    let said = sentence(generate(&control, &request(vec![condition("controlnet"), condition("controlnet:0")])));
    assert!(said.contains("two condition pictures"), "{said}");
    let plain = open(&tiny("tiny-optimum")).unwrap();
    let said = sentence(generate(&plain, &request(vec![condition("controlnet")])));
    assert!(said.contains("takes none"), "{said}");
    let guess = Request { guess_mode: true, ..request(vec![condition("adapter")]) };
    assert!(sentence(generate(&control, &guess)).contains("no ControlNet"));
}

#[test]
fn pictures_that_a_model_cannot_do_without_are_named_before_any_work() {
    struct Never;
    impl Observer for Never {
        fn progress(&mut self, _: &Progress) -> Flow {
            panic!("work was started");
        }
    }
    for (folder, role) in [("tiny-depth", "depth"), ("tiny-variation", "image_prompt")] {
        let model = open(&tiny(folder)).unwrap();
        let asked = model.generate(&request(Vec::new()), &mut Never, &CancelToken::new());
        assert!(matches!(asked, Err(Error::InvalidArgument(_))), "{folder}");
        assert!(sentence(asked).contains(&format!("with the role \"{role}\"")), "{folder}");
    }
    let depth = open(&tiny("tiny-depth")).unwrap();
    let half = ConditionPicture { scale: 0.5, ..condition("depth") };
    assert!(sentence(generate(&depth, &request(vec![half]))).contains("takes it as it is"));
}

#[test]
fn a_condition_is_checked_without_a_model() {
    let bad = |change: fn(&mut ConditionPicture)| {
        let mut condition = condition("controlnet");
        change(&mut condition);
        sentence(request(vec![condition]).validate())
    };
    assert!(bad(|condition| condition.scale = f32::NAN).contains("scale of the condition \"controlnet\" is NaN"));
    assert!(bad(|condition| condition.scale = 101.0).contains("-100 to 100"));
    assert!(bad(|condition| condition.end = 1.5).contains("0 to 1"));
    assert!(bad(|condition| (condition.start, condition.end) = (0.5, 0.5)).contains("end later than it starts"));
    assert!(bad(|condition| condition.role.clear()).contains("0 bytes"));
    assert!(sentence(request(vec![condition("adapter"); 17]).validate()).contains("at most 16"));
    let boxed = |phrase: &str, corners| Request {
        boxes: vec![GroundedBox { phrase: phrase.to_owned(), corners }],
        ..request(Vec::new())
    };
    assert!(sentence(boxed("a cat", [0.0, 0.0, 1.2, 1.0]).validate()).contains("\"a cat\" is 1.2"));
    assert!(sentence(boxed("a cat", [0.5, 0.0, 0.5, 1.0]).validate()).contains("must be the larger ones"));
    assert!(sentence(boxed("", [0.0, 0.0, 1.0, 1.0]).validate()).contains("0 bytes"));
    assert!(boxed("a cat", [0.0, 0.0, 1.0, 1.0]).validate().is_ok());
}

#[test]
fn boxes_need_a_model_that_takes_them_and_room() {
    let one = GroundedBox { phrase: "a cat".to_owned(), corners: [0.0, 0.0, 0.5, 0.5] };
    let plain = open(&tiny("tiny-optimum")).unwrap();
    let asked = Request { boxes: vec![one.clone()], ..request(Vec::new()) };
    assert!(matches!(generate(&plain, &asked), Err(Error::Unsupported(said)) if said.contains("GLIGEN")));
    let model = open(&tiny("tiny-gligen")).unwrap();
    let many = Request { boxes: vec![one; 31], ..request(Vec::new()) };
    assert!(sentence(generate(&model, &many)).contains("at most 30"));
    assert!(generate(&model, &request(Vec::new())).is_ok(), "and none at all");
}

#[test]
fn controlnets_from_elsewhere_follow_those_of_the_folder() {
    let folder = copy_of(&tiny("tiny-control"));
    let elsewhere = tempfile::tempdir().unwrap();
    copy_into(&folder.path().join("controlnet_2"), elsewhere.path());
    for gone in ["controlnet_2", "controlnet_3", "adapter"] {
        fs::remove_dir_all(folder.path().join(gone)).unwrap();
    }
    let model = opened_with(folder.path(), |options| {
        options.condition_graphs =
            vec![elsewhere.path().to_path_buf(), tiny("tiny-control").join("adapter/model.onnx")];
    });
    assert_eq!(roles(&model), ["controlnet", "controlnet:1", "adapter"]);
    let whole = open(&tiny("tiny-control")).unwrap();
    for role in ["controlnet:1", "adapter"] {
        let asked = request(vec![condition(role)]);
        assert!(pixels(&model, &asked) == pixels(&whole, &asked), "{role}");
    }
    for (path, words) in [
        (tiny("tiny-control").join("unet"), "neither a ControlNet"),
        (tiny("tiny-control").join("tokenizer"), "no model.onnx"),
        (tiny("tiny-control").join("nothing"), "nothing"),
    ] {
        let options = PipelineOptions { condition_graphs: vec![path], ..options() };
        let said = sentence(Pipeline::open(folder.path(), &options, &mut (), &CancelToken::new()));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_denoiser_without_inputs_for_them_leaves_controlnets_alone() {
    let folder = copy_of(&tiny("tiny-optimum"));
    copy_into(&tiny("tiny-control").join("controlnet"), &folder.path().join("controlnet"));
    let model = open(folder.path()).unwrap();
    assert!(roles(&model).is_empty());
    let notes = &model.info().notes;
    assert!(notes.iter().any(|note| note.contains("1 controlnet graph") && note.contains("no inputs")), "{notes:?}");
}

#[test]
fn what_other_exporters_call_and_fix_is_the_same_model() {
    let whole = open(&tiny("tiny-control")).unwrap();
    let asked = Request { count: 3, ..request(vec![condition("controlnet"), condition("controlnet:1")]) };
    // Without its config the UNet does not say for which size it was made.
    let free = Request { width: Some(64), height: Some(64), ..request(Vec::new()) };
    let (plain, expected) = (pixels(&whole, &free), pixels(&whole, &asked));
    let down = |number: usize| format!("down_block_additional_residuals.{number}");
    for (pattern, nets) in [("down_block_#", "cnet"), ("down_block_#_additional_residual", "controlnet/x")] {
        let folder = copy_of(&tiny("tiny-control"));
        let path = |name: &str| folder.path().join(name);
        edit(&path("unet/model.onnx"), |graph| {
            (0..4).for_each(|number| rename(graph, &down(number), &pattern.replace('#', &number.to_string())));
            (0..2).for_each(|number| {
                let intra = "down_intrablock_additional_residual";
                rename(graph, &format!("{intra}s.{number}"), &format!("{intra}_{number}"));
            });
        });
        edit(&path("controlnet/model.onnx"), |graph| {
            take_list(graph, "timestep");
            take_list(graph, "conditioning_scale");
            // The first exporter named two of its outputs, one of them wrongly.
            rename(graph, "down_block_res_samples.1", "middle");
            rename(graph, "mid_block_res_sample", "13");
        });
        edit(&path("controlnet_2/model.onnx"), |graph| {
            ["sample", "encoder_hidden_states", "controlnet_cond"].iter().for_each(|name| input(graph, name).fix(0, 2));
        });
        // Without it the graph itself says how large zeros must be.
        fs::remove_file(path("unet/config.json")).unwrap();
        let other = path(nets);
        fs::create_dir_all(other.parent().unwrap()).unwrap();
        fs::rename(path("controlnet_3"), other).unwrap();
        let model = open(folder.path()).unwrap();
        assert_eq!(roles(&model).len(), 4, "{pattern}");
        assert!(pixels(&model, &free) == plain, "{pattern}");
        let mut drawn = generate(&model, &asked).unwrap().images;
        assert!(furthest(drawn[0].pixels(), &expected) <= 1, "{pattern}");
        drawn.remove(0);
        assert_eq!(drawn.len(), 2);
    }
}

#[test]
fn residuals_that_are_missing_are_named() {
    let spoiled = |change: fn(&mut GraphProto)| {
        let folder = copy_of(&tiny("tiny-control"));
        edit(&folder.path().join("unet/model.onnx"), change);
        sentence(open(folder.path()))
    };
    let gap = spoiled(|graph| rename(graph, "down_block_additional_residuals.2", "down_block_additional_residuals.7"));
    assert!(gap.contains("residuals.3\"") && gap.contains("number 2"), "{gap}");
    let middle = spoiled(|graph| rename(graph, "mid_block_additional_residual", "mid"));
    assert!(middle.contains("not for both"), "{middle}");
    let folder = copy_of(&tiny("tiny-control"));
    edit(&folder.path().join("controlnet/model.onnx"), |graph| {
        let kept: Vec<String> = graph.output.iter().skip(1).filter_map(|output| output.name.clone()).collect();
        keep_outputs(graph, &kept.iter().map(String::as_str).collect::<Vec<_>>());
    });
    let said = sentence(generate(&open(folder.path()).unwrap(), &request(vec![condition("controlnet")])));
    assert!(said.contains("has 5 outputs") && said.contains("this one has 4"), "{said}");
}

#[test]
fn every_memory_mode_draws_the_same() {
    let asked = Request {
        count: 2,
        ..request(vec![
            condition("controlnet"),
            condition("controlnet:2"),
            ConditionPicture { end: 0.5, ..condition("adapter") },
        ])
    };
    let fast = open(&tiny("tiny-control")).unwrap();
    let expected = pixels(&fast, &asked);
    for memory in [MemoryMode::Balanced, MemoryMode::Low] {
        let model = opened_with(&tiny("tiny-control"), |options| options.memory = memory);
        for round in 0..2 {
            assert!(furthest(&pixels(&model, &asked), &expected) <= 1, "{memory:?}, round {round}");
        }
    }
}

#[test]
fn both_passes_of_the_hires_fix_keep_to_the_picture() {
    let model = open(&tiny("tiny-control")).unwrap();
    let twice = |conditions| Request {
        width: Some(64),
        height: Some(64),
        hires: Some(Hires { scale: 1.5, ..Hires::default() }),
        ..request(conditions)
    };
    let kept = generate(&model, &twice(vec![condition("controlnet")])).unwrap().images.remove(0);
    assert_eq!((kept.width(), kept.height()), (96, 96));
    assert!(furthest(kept.pixels(), &pixels(&model, &twice(Vec::new()))) > 10);
}

#[test]
fn prompts_that_change_keep_what_pictures_tell() {
    let model = open(&tiny("tiny-image-prompt")).unwrap();
    let drawn = |prompt: &str, scale: f32| {
        let mut asked = Request {
            syntax: PromptSyntax::Webui,
            prompt: prompt.to_owned(),
            steps: Some(4),
            ..request(vec![ConditionPicture { scale, ..condition("image_prompt") }])
        };
        // The last step asks for the positive branch alone, whose inputs are put together after the change.
        asked.guidance_rules.interval = Some((0.0, 0.7));
        pixels(&model, &asked)
    };
    let changing = drawn("[a cat:a red house:0.5]", 1.0);
    assert!(furthest(&changing, &drawn("a red house", 1.0)) > 3);
    assert!(furthest(&changing, &drawn("[a cat:a red house:0.5]", 0.0)) > 10);
}

#[test]
fn pictures_say_what_they_kept_to() {
    let model = open(&tiny("tiny-control")).unwrap();
    let asked = Request {
        guess_mode: true,
        ..request(vec![ConditionPicture { scale: 0.8, end: 0.5, ..condition("controlnet") }, condition("adapter")])
    };
    let settings = generate(&model, &asked).unwrap().settings;
    let more = Value::Object(settings.more);
    assert_eq!(more["conditions"], json!([{"role": "controlnet", "scale": 0.8, "end": 0.5}, {"role": "adapter"}]));
    assert_eq!(more["guess_mode"], true);
    let boxes = Request {
        boxes: vec![GroundedBox { phrase: "a cat".to_owned(), corners: [0.0, 0.1, 0.5, 1.0] }],
        boxes_until: Some(0.4),
        ..request(Vec::new())
    };
    let more = generate(&open(&tiny("tiny-gligen")).unwrap(), &boxes).unwrap().settings.more;
    assert_eq!(more["boxes"], json!([{"phrase": "a cat", "box": [0.0, 0.1, 0.5, 1.0]}]));
    assert_eq!(more["boxes_until"], 0.4);
}

#[test]
fn variations_read_no_prompt_and_say_so() {
    let model = open(&tiny("tiny-variation")).unwrap();
    let drawn = generate(&model, &request(vec![condition("image_prompt")])).unwrap();
    assert!(drawn.warnings.iter().any(|warning| warning.contains("nobody reads it")), "{:?}", drawn.warnings);
    let silent = Request { prompt: String::new(), ..request(vec![condition("image_prompt")]) };
    let same = generate(&model, &silent).unwrap();
    assert!(same.warnings.is_empty(), "{:?}", same.warnings);
    assert!(same.images[0].pixels() == drawn.images[0].pixels());
}

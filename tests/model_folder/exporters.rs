//! The layouts of other exporters: OnnxStack and Amuse, ONNX Runtime's scripts, published engines, flat folders, pyke.

use diffusion::Error;
use diffusion::model::{Family, GraphRole, Layout, ModelFolder, Task, UsualSettings};
use serde_json::{Value, json};

use crate::build::Folder;
use crate::graphs::{ANY, folder, graph, transformer, unet};

#[track_caller]
fn open(folder: &Folder) -> ModelFolder {
    ModelFolder::open(folder.path()).unwrap()
}

#[track_caller]
fn refused(folder: &Folder, parts: &[&str]) {
    let said = ModelFolder::open(folder.path()).unwrap_err().to_string();
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

#[track_caller]
fn assert_noted(model: &ModelFolder, part: &str) {
    assert!(model.notes().iter().any(|note| note.contains(part)), "{part:?} is not in {:?}", model.notes());
}

fn xl_unet() -> Vec<u8> {
    unet(4, 2048, &["text_embeds", "time_ids"])
}

fn with_tokenizer(folder: Folder, name: &str) -> Folder {
    folder.with(&format!("{name}/vocab.json"), "{}").with(&format!("{name}/merges.txt"), "")
}

#[test]
fn the_upscaler_of_diffusers_own_onnx_pipeline() {
    let index = r#"{"_class_name": "OnnxStableDiffusionUpscalePipeline", "max_noise_level": 200,
        "vae": ["diffusers", "OnnxRuntimeModel"], "scheduler": ["diffusers", "DDIMScheduler"],
        "low_res_scheduler": ["diffusers", "DDPMScheduler"]}"#;
    let folder = folder(1, ("unet/model.onnx", unet(7, 1024, &["class_labels"])))
        .without("vae_decoder")
        .with("vae/model.onnx", "graph")
        .with("model_index.json", index)
        .with("low_res_scheduler/scheduler_config.json", r#"{"beta_schedule": "scaled_linear", "beta_end": 0.03}"#);
    let model = open(&folder);
    assert_eq!((model.family(), model.layout()), (Family::Upscaler, Layout::LegacyDiffusers));
    assert_eq!(model.graph(GraphRole::VaeDecoder), Some(folder.path().join("vae/model.onnx").as_path()));
    assert_eq!((model.vae().scaling_factor, model.vae().spatial_factor), (0.08333, 4));
    assert_eq!(model.settings().max_noise_level, Some(200));
    let low = model.low_res_scheduler().unwrap();
    assert_eq!(low.class_name.as_deref(), Some("DDPMScheduler"));
    assert_eq!(low.config.get("beta_end"), Some(&json!(0.03)));
    assert_eq!(model.padding(GraphRole::TextEncoder), Some("!"));
}

#[test]
fn amuse_variants() {
    let only = folder(2, ("unet/Turbo/model.onnx", xl_unet()));
    let model = open(&only);
    assert_eq!((model.family(), model.layout()), (Family::StableDiffusionXl, Layout::Bare));
    assert_eq!(model.graph(GraphRole::Unet), Some(only.path().join("unet/Turbo/model.onnx").as_path()));
    assert_noted(&model, "its only variant, Turbo, is taken");

    let beside = folder(2, ("unet/model.onnx", xl_unet()))
        .with("unet/Turbo/model.onnx", xl_unet())
        .with("unet/Flash/model.onnx", xl_unet())
        .with("unet/controlnet.onnx", "graph");
    let model = open(&beside);
    assert_eq!(model.graph(GraphRole::Unet), Some(beside.path().join("unet/model.onnx").as_path()));
    assert_noted(&model, "unet/ has variants too: Flash, Turbo; open one by its path");
    let turbo = ModelFolder::open(&beside.path().join("unet/Turbo")).unwrap();
    assert_eq!(turbo.graph(GraphRole::Unet), Some(beside.path().join("unet/Turbo/model.onnx").as_path()));
    assert_eq!(turbo.root(), beside.path());
    assert_noted(&turbo, "The variant Turbo of unet/ is the one that was opened.");

    let several = beside.without("unet/model.onnx").without("unet/controlnet.onnx");
    refused(&several, &["several variants, Flash, Turbo", "open the one that you mean by its path"]);
    assert!(ModelFolder::open(&several.path().join("unet/Flash/")).is_ok());
}

/// What a note or an error tells people to do must work when they do it.
#[test]
fn variants_of_other_graphs_than_the_denoiser() {
    let beside = folder(2, ("unet/model.onnx", xl_unet()))
        .with("vae_decoder/fp32/model.onnx", "graph")
        .with("text_encoder/long/model.onnx", "graph");
    let model = open(&beside);
    assert_eq!(
        model.graph(GraphRole::VaeDecoder),
        Some(beside.path().join("vae_decoder/model.onnx").as_path()),
        "the plain one is taken"
    );
    for (name, variant) in [("vae_decoder", "fp32"), ("text_encoder", "long")] {
        let inner = beside.path().join(name);
        assert_noted(&model, &format!("{name}/ has variants too: {variant}; no path chooses among those of {name}/"));
        assert_noted(&model, &format!("put its files into \"{}\"", inner.display()));
        assert!(ModelFolder::open(&inner.join(variant)).is_err(), "then the note should say so");
    }

    let several = beside.without("vae_decoder/model.onnx").with("vae_decoder/fp16/model.onnx", "other");
    let inside = several.path().join("vae_decoder");
    let advice = format!("put its files into \"{}\"", inside.display());
    refused(&several, &["several variants, fp16, fp32; no path chooses among those of vae_decoder/", &advice]);
    std::fs::rename(inside.join("fp16/model.onnx"), inside.join("model.onnx")).unwrap();
    assert_eq!(open(&several).graph(GraphRole::VaeDecoder), Some(inside.join("model.onnx").as_path()));

    // A denoiser's variant whose graph has another name, or that lies in a folder of another name, is no path either.
    let named = folder(2, ("unet/model.onnx", xl_unet())).with("unet/Turbo/turbo.onnx", xl_unet());
    assert_noted(&open(&named), "unet/ has variants too: Turbo; no path chooses among those of unet/");
    assert!(ModelFolder::open(&named.path().join("unet/Turbo")).is_err());
}

#[test]
fn tokenizers_without_configs_are_padded_as_the_family_is() {
    let model = folder(2, ("unet/model.onnx", xl_unet()));
    let read = open(&model);
    assert_eq!(read.padding(GraphRole::TextEncoder), Some("<|endoftext|>"));
    assert_eq!(read.padding(GraphRole::TextEncoder2), Some("!"));
    assert_noted(&read, "tokenizer_2 has no config, so texts are padded with \"!\"");
    // A folder's own files have the word where they are there.
    let told = model.with("tokenizer_2/special_tokens_map.json", r#"{"pad_token": "x"}"#);
    assert_eq!(open(&told).padding(GraphRole::TextEncoder2), None);
    // One tokenizer for both is enough, but not what it pads with.
    let shared = told.without("tokenizer_2").with("tokenizer/special_tokens_map.json", r#"{"pad_token": "x"}"#);
    let read = open(&shared);
    assert_eq!(read.tokenizer(GraphRole::TextEncoder2), Some(shared.path().join("tokenizer").as_path()));
    assert_eq!((read.padding(GraphRole::TextEncoder), read.padding(GraphRole::TextEncoder2)), (None, Some("!")));
    assert_noted(&read, "There is no tokenizer_2/, so tokenizer/ is used for both");

    let two = folder(1, ("unet/model.onnx", unet(4, 1024, &[])));
    assert_eq!(open(&two).padding(GraphRole::TextEncoder), Some("!"));
    let graph_tokenizer = two.without("tokenizer").with("tokenizer/model.onnx", "graph");
    refused(&graph_tokenizer, &["tokenizer/vocab.json", "onnxruntime-extensions"]);
}

#[test]
fn engines_of_onnxruntimes_scripts() {
    let engine = "ORT_CUDA/sd-v1-5/engine";
    let folder = Folder::new()
        .with(&format!("{engine}/text_encoder/model.onnx"), "graph")
        .with(&format!("{engine}/unet_lcm/model.onnx"), unet(4, 768, &["timestep_cond"]))
        .with(&format!("{engine}/vae_decoder/model.onnx"), "graph");
    refused(&folder, &["tokenizer/vocab.json", "is missing", "unet_lcm/model.onnx"]);
    let folder = with_tokenizer(folder, "torch_model/runwayml/stable-diffusion-v1-5/tokenizer");
    for part in ["", "ORT_CUDA", "ORT_CUDA/sd-v1-5", engine] {
        let model = ModelFolder::open(&folder.path().join(part)).unwrap();
        assert_eq!((model.family(), model.layout()), (Family::StableDiffusion1, Layout::Engine), "{part}");
        assert_eq!(model.root(), folder.path().join(engine), "{part}");
        let tokenizer = folder.path().join("torch_model/runwayml/stable-diffusion-v1-5/tokenizer");
        assert_eq!(model.tokenizer(GraphRole::TextEncoder), Some(tokenizer.as_path()), "{part}");
        assert_noted(&model, "unet_lcm/ is taken for unet/");
        assert_eq!(model.scheduler().class_name.as_deref(), Some("LCMScheduler"));
        assert_eq!((model.usual().steps, model.usual().guidance), (4, 8.5));
    }
    let two = folder.with(&format!("{engine}/unet_inpaint/model.onnx"), unet(9, 768, &[]));
    refused(&two, &["unet_inpaint, unet_lcm", "keep one"]);
    let models = two.with("ORT_CUDA/sd-turbo/engine/unet/model.onnx", "graph");
    refused(&models, &["several models", "engine"]);
}

#[test]
fn an_engine_folder_beside_ordinary_graphs_is_passed_over() {
    let model = folder(1, ("unet/model.onnx", unet(4, 768, &[])))
        .with("engine/unet.plan", "for another library")
        .with("engine/unet/model.onnx", "graph")
        .with("ORT_CUDA/sd-v1-5/engine/unet/model.onnx", "graph");
    let opened = open(&model);
    assert_eq!(opened.root(), model.path());
    assert_eq!(opened.graph(GraphRole::Unet), Some(model.path().join("unet/model.onnx").as_path()));
    // Without graphs in it, it is not one of ONNX Runtime's either.
    let plans = Folder::new().with("engine/unet.plan", "for another library");
    refused(&plans, &["unet/model.onnx"]);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_not_waited_for() {
    let flat = folder(1, ("unet/model.onnx", unet(4, 768, &[]))).without("unet");
    let made = std::process::Command::new("mkfifo").arg(flat.path().join("unet.onnx")).status().unwrap();
    assert!(made.success());
    refused(&flat, &["unet/model.onnx", "is missing"]);
}

#[test]
fn published_engines() {
    let latents = [ANY, ANY, 64];
    let folder = Folder::new()
        .with("clip.opt/model.onnx", "graph")
        .with("t5.opt/model.onnx", "graph")
        .with("transformer.opt/bf16/model.onnx", transformer(&latents, &["img_ids", "guidance"]))
        .with("vae.opt/model.onnx", "graph")
        .with("tokenizer_2/spiece.model", "pieces");
    let folder = with_tokenizer(folder, "tokenizer");
    let model = open(&folder);
    assert_eq!((model.family(), model.task()), (Family::Flux, Task::TextToImage));
    for (role, file) in [
        (GraphRole::TextEncoder, "clip.opt/model.onnx"),
        (GraphRole::TextEncoder2, "t5.opt/model.onnx"),
        (GraphRole::Transformer, "transformer.opt/bf16/model.onnx"),
        (GraphRole::VaeDecoder, "vae.opt/model.onnx"),
    ] {
        assert_eq!(model.graph(role), Some(folder.path().join(file).as_path()));
    }
    assert_eq!(model.padding(GraphRole::TextEncoder2), None, "T5 knows what it pads with");
}

#[test]
fn flat_folders() {
    let folder = Folder::new()
        .with("text_encoder.onnx", "graph")
        .with("unet.onnx", unet(9, 768, &[]))
        .with("vae_decoder.onnx", "graph")
        .with("vae_encoder.onnx", "graph")
        .with("vocab.json", "{}")
        .with("merges.txt", "");
    let model = open(&folder);
    assert_eq!((model.family(), model.task()), (Family::StableDiffusion1, Task::Inpaint));
    assert_eq!((model.layout(), model.layout().name()), (Layout::Flat, "flat files"));
    assert_eq!(model.graph(GraphRole::Unet), Some(folder.path().join("unet.onnx").as_path()));
    assert_eq!(model.tokenizer(GraphRole::TextEncoder), Some(folder.path()));

    let split = folder.without("vae_decoder.onnx").with("post_quant_conv.onnx", "graph");
    refused(&split, &["decoder in two graphs", "post_quant_conv.onnx"]);
    refused(&split.without("post_quant_conv.onnx"), &["vae_decoder/model.onnx is missing", "found: ", "unet.onnx"]);
}

const PYKE: &str = r#"
pipeline = "stable-diffusion"
framework = { type = "orte", opset = 15 }
[tokenizer]
type = "CLIPTokenizer"
path = "tokenizer.json"
model-max-length = 77
[text-encoder]
path = "text_encoder.onnx"
[unet]
path = "the_unet.onnx"
[vae]
encoder = "vae_encoder.onnx"
decoder = "vae_decoder.onnx"
scale-factor = 0.5
"#;

fn pyke() -> Folder {
    Folder::new()
        .with("text_encoder.onnx", "graph")
        .with("the_unet.onnx", unet(4, 1024, &[]))
        .with("vae_decoder.onnx", "graph")
        .with("tokenizer.json", "{}")
}

#[test]
fn pykes_folders() {
    let folder = pyke().with("pyke-diffusers.toml", PYKE);
    let model = open(&folder);
    assert_eq!((model.family(), model.layout()), (Family::StableDiffusion2, Layout::Pyke));
    assert_eq!(model.graph(GraphRole::Unet), Some(folder.path().join("the_unet.onnx").as_path()));
    assert_eq!(model.graph(GraphRole::VaeEncoder), None, "it is named, but not there");
    assert_eq!(model.vae().scaling_factor, 0.5);
    assert_eq!(model.tokenizer(GraphRole::TextEncoder), Some(folder.path()));
    assert_noted(&model, "layout pyke, by its sub-folders, and its context is 1024 wide; pyke-diffusers.toml names");

    let older = r#"{"pipeline": "stable-diffusion", "text-encoder": {"path": "text_encoder.onnx"},
        "unet": {"path": "the_unet.onnx"}, "vae": {"encoder": null, "decoder": "vae_decoder.onnx"}}"#;
    let model = open(&pyke().with("diffusers.json", older));
    assert_eq!((model.layout(), model.vae().scaling_factor), (Layout::Pyke, 0.18215));
}

#[test]
fn pykes_bad_folders() {
    let with = |text: String| pyke().with("pyke-diffusers.toml", text);
    refused(&with(PYKE.replace("the_unet", "../unet")), &["\"unet.path\" is \"../unet.onnx\"", "inside the folder"]);
    refused(&with(PYKE.replace("the_unet", "gone")), &["gone.onnx is missing"]);
    refused(&with(PYKE.replace("\"stable-diffusion\"", "\"kandinsky\"")), &["pyke's pipeline \"kandinsky\""]);
    refused(&with(PYKE.replace("[vae]", "[vae")), &["its TOML is broken at line 12"]);
    refused(&with(PYKE.replace("0.5", "\"x\"")), &["\"vae.scale-factor\" is \"x\""]);
    let takes_embeddings = graph(&[("input_embeddings", &[ANY, 77, 768])], &[], Vec::new());
    let folder = pyke().with("pyke-diffusers.toml", PYKE).with("text_encoder.onnx", takes_embeddings);
    refused(&folder, &["takes embeddings (\"input_embeddings\")", "token ids"]);
}

#[test]
fn schedules_of_families_without_a_config() {
    let two = |denoiser| folder(2, denoiser);
    let packed = [ANY, ANY, 64];
    for (folder, class, keys, note) in [
        (
            two(("unet/model.onnx", xl_unet())),
            "EulerDiscreteScheduler",
            json!({"beta_schedule": "scaled_linear", "timestep_spacing": "leading", "steps_offset": 1}),
            "Stable Diffusion XL was trained with",
        ),
        (
            two(("transformer/model.onnx", transformer(&[ANY, 16, ANY, ANY], &[]))),
            "FlowMatchEulerDiscreteScheduler",
            json!({"shift": 3.0, "use_dynamic_shifting": null}),
            "Stable Diffusion 3 was trained with",
        ),
        (
            two(("transformer/model.onnx", transformer(&packed, &["img_ids", "guidance"]))),
            "FlowMatchEulerDiscreteScheduler",
            json!({"shift": 3.0, "use_dynamic_shifting": true, "max_shift": 1.15}),
            "grows with the picture",
        ),
        (
            two(("transformer/model.onnx", transformer(&packed, &["img_ids"]))),
            "FlowMatchEulerDiscreteScheduler",
            json!({"shift": 1.0, "use_dynamic_shifting": false}),
            "taken for schnell",
        ),
        (
            folder(1, ("unet/model.onnx", unet(4, 768, &["timestep_cond"]))),
            "LCMScheduler",
            json!({"original_inference_steps": 50, "beta_schedule": "scaled_linear"}),
            "distilled for LCM",
        ),
        (
            folder(1, ("unet/model.onnx", unet(4, 1024, &[]))).with("unet/config.json", r#"{"sample_size": 96}"#),
            "DDIMScheduler",
            json!({"prediction_type": "v_prediction", "beta_start": 0.00085}),
            "taken to predict v",
        ),
        (
            folder(1, ("unet/model.onnx", unet(4, 1024, &[]))),
            "PNDMScheduler",
            json!({"prediction_type": "epsilon"}),
            "Stable Diffusion 2.x was trained with",
        ),
        (
            folder(1, ("unet/model.onnx", unet(7, 1024, &["class_labels"]))),
            "DDIMScheduler",
            json!({"prediction_type": "v_prediction", "beta_end": 0.02}),
            "low-resolution picture is noised as in training",
        ),
    ] {
        let model = open(&folder);
        assert_eq!(model.scheduler().class_name.as_deref(), Some(class));
        for (key, value) in keys.as_object().unwrap() {
            assert_eq!(model.scheduler().config.get(key).unwrap_or(&Value::Null), value, "{class} {key}");
        }
        assert_noted(&model, note);
    }
}

#[test]
fn what_families_are_usually_drawn_with() {
    let usual = |width, steps, guidance| UsualSettings { width, height: width, steps, guidance };
    let packed = [ANY, ANY, 64];
    for (folder, expected) in [
        (folder(1, ("unet/model.onnx", unet(4, 768, &[]))), usual(512, 50, 7.5)),
        (folder(1, ("unet/model.onnx", unet(8, 768, &[]))), usual(512, 100, 7.5)),
        (folder(2, ("unet/model.onnx", xl_unet())), usual(1024, 50, 5.0)),
        (
            folder(2, ("unet/model.onnx", xl_unet())).with("unet/config.json", r#"{"sample_size": 64}"#),
            usual(512, 50, 5.0),
        ),
        (folder(2, ("transformer/model.onnx", transformer(&[ANY, 16, ANY, ANY], &[]))), usual(1024, 28, 7.0)),
        (folder(2, ("transformer/model.onnx", transformer(&packed, &["img_ids", "guidance"]))), usual(1024, 28, 3.5)),
        (folder(2, ("transformer/model.onnx", transformer(&packed, &["img_ids"]))), usual(1024, 4, 0.0)),
        (folder(1, ("unet/model.onnx", unet(7, 1024, &["class_labels"]))), usual(512, 75, 9.0)),
    ] {
        assert_eq!(open(&folder).usual(), expected);
    }
}

#[test]
fn a_bare_xl_folder_keeps_its_scheduler_config() {
    let folder = folder(2, ("unet/model.onnx", xl_unet()))
        .with("scheduler/scheduler_config.json", r#"{"_class_name": "EulerDiscreteScheduler", "steps_offset": 0}"#);
    assert_eq!(open(&folder).scheduler().config.get("steps_offset"), Some(&json!(0)));
    assert!(matches!(ModelFolder::open(&folder.path().join("unet")), Err(Error::BadModel { .. })));
}

//! Every layout that is read, and the exact facts that come out of it.

use diffusion::model::{GenerationDefaults, GraphRole, Layout, ModelFolder};
use serde_json::json;

use crate::build::Folder;

fn open(folder: &Folder) -> ModelFolder {
    ModelFolder::open(folder.path()).unwrap()
}

fn has_note(model: &ModelFolder, part: &str) -> bool {
    model.notes().iter().any(|note| note.contains(part))
}

#[test]
fn optimum_layout() {
    let folder = Folder::optimum();
    let model = open(&folder);
    assert_eq!(model.layout(), Layout::Optimum);
    assert_eq!(model.root(), folder.path());
    assert_eq!(model.class_name(), Some("StableDiffusionPipeline"));
    for role in [GraphRole::TextEncoder, GraphRole::Unet, GraphRole::VaeDecoder, GraphRole::VaeEncoder] {
        assert_eq!(model.graph(role), Some(folder.path().join(role.name()).join("model.onnx").as_path()));
    }
    assert_eq!(model.graph(GraphRole::SafetyChecker), None);
    assert_eq!(model.tokenizer(), folder.path().join("tokenizer"));

    let vae = model.vae();
    assert_eq!((vae.scaling_factor, vae.shift_factor), (0.18215, 0.0));
    assert_eq!((vae.latent_channels, vae.spatial_factor), (Some(4), 8));
    assert_eq!((&vae.latents_mean, &vae.latents_std), (&None, &None));

    let unet = model.unet();
    assert_eq!(unet.sample_size, Some((64, 64)));
    assert_eq!((unet.in_channels, unet.cross_attention_dim), (Some(4), Some(768)));
    assert_eq!(unet.time_cond_proj_dim, None);

    let text = model.text_encoder();
    assert_eq!((text.hidden_size, text.vocab_size), (Some(768), Some(49408)));
    assert_eq!(model.family(), "stable-diffusion-1");

    // optimum's runtime takes the scheduler's config as it is.
    assert_eq!(model.scheduler().class_name.as_deref(), Some("DDIMScheduler"));
    assert_eq!(model.scheduler().config.get("steps_offset"), Some(&json!(1)));
    assert_eq!(model.defaults(), GenerationDefaults::default());
}

#[test]
fn optimum_layout_keeps_the_scheduler_config_as_it_is() {
    let folder = Folder::optimum().with(
        "scheduler/scheduler_config.json",
        r#"{"_class_name": "DDIMScheduler", "steps_offset": 0, "clip_sample": true}"#,
    );
    let config = &open(&folder).scheduler().config.clone();
    assert_eq!(config.get("steps_offset"), Some(&json!(0)));
    assert_eq!(config.get("clip_sample"), Some(&json!(true)));
}

#[test]
fn ort_class_names_without_sub_configs_are_optimums() {
    for class in
        ["ORTStableDiffusionPipeline", "ORTStableDiffusionImg2ImgPipeline", "ORTStableDiffusionInpaintPipeline"]
    {
        let folder = Folder::legacy(class);
        let model = open(&folder);
        assert_eq!(model.layout(), Layout::Optimum, "{class}");
        assert_eq!(model.scheduler().config.get("steps_offset"), Some(&json!(0)), "{class}");
    }
}

#[test]
fn legacy_layout_has_the_pipelines_constants_and_rewrites_the_scheduler() {
    for class in [
        "OnnxStableDiffusionPipeline",
        "StableDiffusionOnnxPipeline",
        "OnnxStableDiffusionImg2ImgPipeline",
        "OnnxStableDiffusionInpaintPipelineLegacy",
        // Hand-edited: the original class, but legacy components and no configs.
        "StableDiffusionPipeline",
    ] {
        let folder = Folder::legacy(class);
        let model = open(&folder);
        assert_eq!(model.layout(), Layout::LegacyDiffusers, "{class}");
        assert_eq!(model.class_name(), Some(class));
        let vae = model.vae();
        assert_eq!((vae.scaling_factor, vae.shift_factor, vae.spatial_factor), (0.18215, 0.0, 8));
        assert_eq!((vae.latent_channels, vae.latent_channels_or_default()), (None, 4));
        assert_eq!(model.scheduler().class_name.as_deref(), Some("PNDMScheduler"));
        assert_eq!(model.scheduler().config.get("steps_offset"), Some(&json!(1)));
        assert_eq!(model.scheduler().config.get("clip_sample"), Some(&json!(false)));
        assert_eq!(model.scheduler().config.get("skip_prk_steps"), Some(&json!(true)));
        assert!(has_note(&model, "rewritten: steps_offset = 1, clip_sample = false"));
        assert!(has_note(&model, "Without a vae_encoder/"));
        assert!(model.graph(GraphRole::SafetyChecker).is_some());
        assert_eq!((model.unet().sample_size, model.family()), (None, "stable-diffusion-1"));
    }
}

#[test]
fn bare_folders_without_any_json() {
    let folder = Folder::bare().without("tokenizer/vocab.json").with("tokenizer/tokenizer.json", "{}");
    let model = open(&folder);
    assert_eq!((model.layout(), model.class_name()), (Layout::Bare, None));
    let scheduler = model.scheduler();
    assert_eq!(scheduler.class_name.as_deref(), Some("PNDMScheduler"));
    let expected = json!({
        "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "num_train_timesteps": 1000,
        "prediction_type": "epsilon", "timestep_spacing": "leading", "steps_offset": 1, "set_alpha_to_one": false,
        "skip_prk_steps": true, "clip_sample": false
    });
    assert_eq!(Some(&scheduler.config), expected.as_object());
    assert!(has_note(&model, "no scheduler/scheduler_config.json"));
    assert_eq!((model.vae().scaling_factor, model.vae().spatial_factor), (0.18215, 8));
}

#[test]
fn bare_folders_without_configs_are_legacy_ones_without_an_index() {
    let scheduler =
        r#"{"_class_name": "PNDMScheduler", "skip_prk_steps": true, "steps_offset": 0, "clip_sample": true}"#;
    let legacy = Folder::bare().with("scheduler/scheduler_config.json", scheduler);
    let model = open(&legacy);
    assert_eq!(model.layout(), Layout::Bare);
    let expected = json!({"_class_name": "PNDMScheduler", "skip_prk_steps": true, "steps_offset": 1,
        "clip_sample": false});
    assert_eq!(Some(&model.scheduler().config), expected.as_object());
    assert!(has_note(&model, "rewritten: steps_offset = 1, clip_sample = false"));

    // One config beside any graph is optimum's hand, and its runtime rewrites nothing.
    for role in GraphRole::ALL {
        let folder = Folder::bare()
            .with("scheduler/scheduler_config.json", scheduler)
            .with(&format!("{}/config.json", role.name()), "{}");
        let model = open(&folder);
        assert_eq!(model.layout(), Layout::Bare, "{role:?}");
        assert_eq!(model.scheduler().config.get("steps_offset"), Some(&json!(0)), "{role:?}");
        assert_eq!(model.scheduler().config.get("clip_sample"), Some(&json!(true)), "{role:?}");
        assert!(!has_note(&model, "rewritten"), "{role:?}");
    }
}

#[test]
fn broken_graphs_that_nobody_needs_are_passed_over() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    for role in [GraphRole::VaeEncoder, GraphRole::SafetyChecker] {
        for (content, part) in [("", "the file is empty"), (pointer, "Git LFS pointer")] {
            let model = open(&Folder::optimum().with(&format!("{}/model.onnx", role.name()), content));
            assert_eq!(model.graph(role), None);
            assert!(model.graph(GraphRole::Unet).is_some());
            let note = model.notes().iter().find(|note| note.contains("cannot be used")).unwrap();
            assert!(note.starts_with(&format!("{}/ is passed over", role.name())) && note.contains(part), "{note}");
            assert_eq!(has_note(&model, "Without a vae_encoder/"), role == GraphRole::VaeEncoder);
            assert!(!has_note(&model, "There is a safety_checker/"));
        }
    }
}

#[test]
fn stable_diffusion_2_by_its_context_width() {
    let unet = ("unet/config.json", r#"{"in_channels": 4, "cross_attention_dim": 1024}"#);
    let text = ("text_encoder/config.json", r#"{"hidden_size": 1024}"#);
    let whole = Folder::optimum().with(unet.0, unet.1).with(text.0, text.1);
    // Either config is enough.
    let by_unet = Folder::optimum().with(unet.0, unet.1).without("text_encoder/config.json");
    let by_text = Folder::optimum().with(text.0, text.1).without("unet/config.json");
    for folder in [whole, by_unet, by_text] {
        let model = open(&folder);
        assert_eq!(model.family(), "stable-diffusion-2");
        assert!(has_note(&model, "Recognised Stable Diffusion 2.x, layout optimum"));
        assert!(has_note(&model, "context width 1024 is Stable Diffusion 2's"));
        assert!(has_note(&model, "not tested yet"));
    }
    // Neither another width nor none makes it one.
    for folder in [Folder::optimum(), Folder::bare()] {
        let model = open(&folder);
        assert_eq!(model.family(), "stable-diffusion-1");
        assert!(has_note(&model, "Recognised Stable Diffusion 1.x") && !has_note(&model, "Stable Diffusion 2"));
    }
}

#[test]
fn sizes_up_to_what_a_request_may_ask_for() {
    let folder = Folder::optimum()
        .with("unet/config.json", r#"{"sample_size": [1024, 8]}"#)
        .with("model_index.json", r#"{"libdiffusion": {"width": 8192, "height": 8}}"#);
    let model = open(&folder);
    assert_eq!(model.unet().sample_size, Some((1024, 8)));
    assert_eq!((model.defaults().width, model.defaults().height), (Some(8192), Some(8)));
}

#[test]
fn values_that_nobody_reads_are_not_checked() {
    let folder = Folder::optimum()
        .with("unet/config.json", r#"{"out_channels": "?", "class_embed_type": 1, "num_class_embeds": -1}"#)
        .with(
            "text_encoder/config.json",
            r#"{"eos_token_id": [], "bos_token_id": {}, "pad_token_id": -7, "num_hidden_layers": 0,
            "max_position_embeddings": "?"}"#,
        )
        .with(
            "vae_decoder/config.json",
            r#"{"force_upcast": 1, "sample_size": 0, "latent_channels": 4, "scaling_factor": 0.5,
            "block_out_channels": [8, 8]}"#,
        );
    assert_eq!(open(&folder).vae().scaling_factor, 0.5);
}

#[test]
fn the_autoencoders_missing_facts_come_from_the_vae_folder_beside() {
    let folder = Folder::optimum()
        .without("vae_encoder")
        .with("vae_decoder/config.json", r#"{"latent_channels": 4, "block_out_channels": [32, 64, 64]}"#)
        .with("vae/config.json", r#"{"scaling_factor": 0.9, "latent_channels": 16, "block_out_channels": [1]}"#)
        .with("vae/diffusion_pytorch_model.safetensors", "weights");
    let model = open(&folder);
    let vae = model.vae();
    // What the nearer file states holds; 2^(3-1) = 4 from it.
    assert_eq!((vae.scaling_factor, vae.latent_channels, vae.spatial_factor), (0.9, Some(4), 4));
    assert!(has_note(&model, "vae_decoder/config.json and vae/config.json"));
}

#[test]
fn a_broken_vae_folder_that_nobody_needs_is_no_error() {
    open(&Folder::optimum().with("vae/config.json", "{"));
}

#[test]
fn a_missing_scaling_factor_is_the_familys_and_not_the_spatial_factor() {
    let folder = Folder::optimum()
        .without("vae_encoder")
        .with("vae_decoder/config.json", r#"{"block_out_channels": [128, 256, 512, 512], "scaling_factor": null}"#);
    assert_eq!(open(&folder).vae().scaling_factor, 0.18215);
}

#[test]
fn latents_statistics_and_odd_but_legal_types() {
    let folder = Folder::optimum()
        .with(
            "vae_decoder/config.json",
            r#"{"scaling_factor": 1, "shift_factor": -0.5, "latent_channels": 4.0, "block_out_channels": [8],
            "latents_mean": [0, 1.5, -2, 0.25], "latents_std": [1, 2, 3, 4.5]}"#,
        )
        .with("unet/config.json", r#"{"sample_size": [32, 48], "cross_attention_dim": [768, 768], "in_channels": 4}"#)
        .with(
            "text_encoder/config.json",
            r#"{"text_config": {"hidden_size": 768, "eos_token_id": [], "pad_token_id": -1}}"#,
        );
    let model = open(&folder);
    let vae = model.vae();
    assert_eq!((vae.scaling_factor, vae.shift_factor, vae.spatial_factor), (1.0, -0.5, 1));
    assert_eq!(vae.latents_mean.as_deref(), Some(&[0.0, 1.5, -2.0, 0.25][..]));
    assert_eq!(vae.latents_std.as_deref(), Some(&[1.0, 2.0, 3.0, 4.5][..]));
    assert_eq!(model.unet().sample_size, Some((32, 48)));
    assert_eq!(model.unet().cross_attention_dim, Some(768));
    assert_eq!(model.text_encoder().hidden_size, Some(768));
}

#[test]
fn the_makers_defaults() {
    let folder = Folder::optimum().with(
        "model_index.json",
        r#"{"_class_name": "StableDiffusionPipeline",
        "libdiffusion": {"width": 128, "height": 96, "steps": 20, "guidance": 4, "mood": "calm"}}"#,
    );
    let model = open(&folder);
    let expected = GenerationDefaults { width: Some(128), height: Some(96), steps: Some(20), guidance: Some(4.0) };
    assert_eq!(model.defaults(), expected);
    assert!(has_note(&model, "\"libdiffusion.mood\""));
}

#[test]
fn json_with_a_byte_order_mark() {
    let folder = Folder::optimum().with("unet/config.json", "\u{FEFF}{\"sample_size\": 16}");
    assert_eq!(open(&folder).unet().sample_size, Some((16, 16)));
}

#[test]
fn pythons_minus_infinity_as_diffusers_writes_it() {
    let folder = Folder::optimum().with(
        "scheduler/scheduler_config.json",
        "{\"_class_name\": \"DPMSolverMultistepScheduler\", \"lambda_min_clipped\": -Infinity,\n\
         \"note\": \"NaN \\\" Infinity\", \"solver_order\": 2}",
    );
    let model = open(&folder);
    let config = &model.scheduler().config;
    // Every class that has the key takes -infinity as its default.
    assert_eq!(config.get("lambda_min_clipped"), None);
    assert_eq!(config.get("note"), Some(&json!("NaN \" Infinity")));
    assert_eq!(config.get("solver_order"), Some(&json!(2)));
    // As in diffusers, the class is the one that model_index.json names.
    assert_eq!(model.scheduler().class_name.as_deref(), Some("DDIMScheduler"));
    assert!(has_note(&model, "DPMSolverMultistepScheduler"));
}

#[test]
fn a_class_name_with_flax_in_front_and_none_in_the_index() {
    let folder = Folder::bare().with("scheduler/scheduler_config.json", r#"{"_class_name": "FlaxDDIMScheduler"}"#);
    assert_eq!(open(&folder).scheduler().class_name.as_deref(), Some("DDIMScheduler"));
}

#[test]
fn the_only_graph_of_a_folder_under_another_name() {
    let folder = Folder::bare().without("unet/model.onnx").with("unet/model_fp16.ONNX", "graph");
    let model = open(&folder);
    assert_eq!(model.graph(GraphRole::Unet), Some(folder.path().join("unet/model_fp16.ONNX").as_path()));
    assert!(has_note(&model, "model_fp16.ONNX"));
}

#[test]
fn a_controlnet_beside_a_named_stable_diffusion_is_passed_over() {
    let model = open(&Folder::optimum().with("controlnet/model.onnx", "graph"));
    assert!(has_note(&model, "controlnet/ is passed over"));
}

#[test]
fn a_path_relative_to_the_working_directory_or_with_a_slash_at_the_end() {
    let folder = Folder::bare();
    let slashed = format!("{}/", folder.path().display());
    assert!(ModelFolder::open(slashed.as_ref()).is_ok());
    assert!(ModelFolder::open(&folder.path().join("unet/..")).is_ok());
}

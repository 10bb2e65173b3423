//! Every layout that is read, and the exact facts that come out of it.

use diffusion::model::{Family, GenerationDefaults, GraphRole, Layout, ModelFolder, Task, TextArchitecture};
use serde_json::json;

use crate::build::Folder;
use crate::graphs::{ANY, graph, unet};

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
    assert_eq!(model.tokenizer(GraphRole::TextEncoder), Some(folder.path().join("tokenizer").as_path()));
    assert_eq!(model.tokenizer(GraphRole::Unet), None);

    let vae = model.vae();
    assert_eq!((vae.scaling_factor, vae.shift_factor), (0.18215, 0.0));
    assert_eq!((vae.latent_channels, vae.spatial_factor), (Some(4), 8));
    assert_eq!((&vae.latents_mean, &vae.latents_std), (&None, &None));

    let unet = model.denoiser();
    assert_eq!(unet.sample_size, Some((64, 64)));
    assert_eq!((unet.in_channels, unet.cross_attention_dim), (Some(4), Some(768)));
    assert_eq!(unet.time_cond_proj_dim, None);

    let text = model.text_encoder(GraphRole::TextEncoder);
    assert_eq!((text.hidden_size, text.vocab_size), (Some(768), Some(49408)));
    assert_eq!(model.family(), Family::StableDiffusion1);

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
        assert_eq!((model.denoiser().sample_size, model.family()), (None, Family::StableDiffusion1));
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
    for role in [GraphRole::TextEncoder, GraphRole::Unet, GraphRole::VaeDecoder, GraphRole::SafetyChecker] {
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
        assert_eq!(model.family(), Family::StableDiffusion2);
        assert!(has_note(&model, "Recognised Stable Diffusion 2.x, layout optimum"));
        assert!(has_note(&model, "its context is 1024 wide"));
    }
    // Neither another width nor none makes it one.
    for folder in [Folder::optimum(), Folder::bare()] {
        let model = open(&folder);
        assert_eq!(model.family(), Family::StableDiffusion1);
        assert!(has_note(&model, "Recognised Stable Diffusion 1.x") && !has_note(&model, "Stable Diffusion 2"));
    }
}

#[test]
fn sizes_up_to_what_a_request_may_ask_for() {
    let folder = Folder::optimum()
        .with("unet/config.json", r#"{"sample_size": [1024, 8]}"#)
        .with("model_index.json", r#"{"libdiffusion": {"width": 8192, "height": 8}}"#);
    let model = open(&folder);
    assert_eq!(model.denoiser().sample_size, Some((1024, 8)));
    assert_eq!((model.defaults().width, model.defaults().height), (Some(8192), Some(8)));
}

#[test]
fn values_that_nobody_reads_are_not_checked() {
    let folder = Folder::optimum()
        .with("unet/config.json", r#"{"act_fn": 7, "class_embed_type": 1, "mid_block_type": -1}"#)
        .with(
            "text_encoder/config.json",
            r#"{"eos_token_id": [], "bos_token_id": {}, "pad_token_id": -7, "hidden_act": 0}"#,
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
    assert_eq!(model.denoiser().sample_size, Some((32, 48)));
    assert_eq!(model.denoiser().cross_attention_dim, Some(768));
    assert_eq!(model.text_encoder(GraphRole::TextEncoder).hidden_size, Some(768));
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
    assert_eq!(open(&folder).denoiser().sample_size, Some((16, 16)));
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
fn what_lies_where_a_controlnet_should_be_is_passed_over() {
    let model = open(&Folder::optimum().with("controlnet/model.onnx", "graph"));
    assert!(model.sides().is_empty() && has_note(&model, "controlnet/ is passed over"));
    // As in folders that keep a UNet with inputs for residuals there.
    let model = open(&Folder::bare().with("controlnet/model.onnx", unet(4, 768, &["down_block_0"])));
    assert!(model.sides().is_empty() && has_note(&model, "neither a ControlNet, which has"));
}

#[test]
fn controlnets_and_adapters_are_found_in_the_order_of_their_names() {
    let net = unet(4, 768, &["controlnet_cond"]);
    let adapter = graph(&[("image", &[ANY, 3, ANY, ANY])], &[], Vec::new());
    let folder = Folder::bare()
        .with("adapter/model.onnx", adapter)
        .with("controlnet_2/net.onnx", net.clone())
        .with("controlnet/b/model.onnx", net.clone())
        .with("controlnet/a/model.onnx", net.clone())
        .with("controlnet/a/config.json", r#"{"global_pool_conditions": true}"#)
        .with("cnet/model.onnx", net);
    let model = open(&folder);
    let found: Vec<_> = model
        .sides()
        .iter()
        .map(|side| (side.role, side.graph.strip_prefix(folder.path()).unwrap().to_str().unwrap(), side.pooled))
        .collect();
    let expected = [
        (GraphRole::ControlNet, "controlnet_2/net.onnx", false),
        (GraphRole::ControlNet, "controlnet/a/model.onnx", true),
        (GraphRole::ControlNet, "controlnet/b/model.onnx", false),
        (GraphRole::ControlNet, "cnet/model.onnx", false),
        (GraphRole::Adapter, "adapter/model.onnx", false),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_path_relative_to_the_working_directory_or_with_a_slash_at_the_end() {
    let folder = Folder::bare();
    let slashed = format!("{}/", folder.path().display());
    assert!(ModelFolder::open(slashed.as_ref()).is_ok());
    assert!(ModelFolder::open(&folder.path().join("unet/..")).is_ok());
}

/// optimum's folder for a family, with the graphs in `roles` and nothing in their configs.
fn of_class(class_name: &str, roles: &[&str]) -> Folder {
    let index = format!("{{\"_class_name\": \"{class_name}\"}}");
    let vae = r#"{"block_out_channels": [1, 1, 1, 1]}"#;
    let start = Folder::new().with("model_index.json", index).with("vae_decoder/config.json", vae);
    roles.iter().fold(start.with("vae_decoder/model.onnx", "graph"), |folder, role| {
        let folder = folder.with(&format!("{role}/model.onnx"), "graph").with(&format!("{role}/config.json"), "{}");
        match role.strip_prefix("text_encoder") {
            Some(suffix) => folder.with(&format!("tokenizer{suffix}/tokenizer.json"), "{}"),
            None => folder,
        }
    })
}

#[test]
fn every_family_by_its_classes() {
    let cases: [(&str, &[&str], Family, Task); 12] = [
        (
            "StableDiffusionXLPipeline",
            &["text_encoder", "text_encoder_2", "unet"],
            Family::StableDiffusionXl,
            Task::TextToImage,
        ),
        (
            "ORTStableDiffusionXLImg2ImgPipeline",
            &["text_encoder", "text_encoder_2", "unet"],
            Family::StableDiffusionXl,
            Task::TextToImage,
        ),
        (
            "StableDiffusionXLImg2ImgPipeline",
            &["text_encoder_2", "unet"],
            Family::StableDiffusionXlRefiner,
            Task::TextToImage,
        ),
        (
            "ORTStableDiffusion3Pipeline",
            &["text_encoder", "text_encoder_2", "transformer"],
            Family::StableDiffusion3,
            Task::TextToImage,
        ),
        (
            "StableDiffusion3Pipeline",
            &["text_encoder", "text_encoder_2", "text_encoder_3", "transformer"],
            Family::StableDiffusion3,
            Task::TextToImage,
        ),
        ("ORTFluxPipeline", &["text_encoder", "text_encoder_2", "transformer"], Family::Flux, Task::TextToImage),
        ("FluxPipeline", &["text_encoder", "text_encoder_2", "transformer"], Family::Flux, Task::TextToImage),
        ("StableDiffusionUpscalePipeline", &["text_encoder", "unet"], Family::Upscaler, Task::TextToImage),
        ("OnnxStableDiffusionUpscalePipeline", &["text_encoder", "unet"], Family::Upscaler, Task::TextToImage),
        ("ORTLatentConsistencyModelPipeline", &["text_encoder", "unet"], Family::StableDiffusion1, Task::TextToImage),
        ("OnnxStableDiffusionInpaintPipeline", &["text_encoder", "unet"], Family::StableDiffusion1, Task::Inpaint),
        ("StableDiffusionInstructPix2PixPipeline", &["text_encoder", "unet"], Family::StableDiffusion1, Task::Edit),
    ];
    for (class, roles, family, task) in cases {
        let folder = of_class(class, roles);
        let model = open(&folder);
        assert_eq!((model.family(), model.task()), (family, task), "{class}");
        assert!(has_note(&model, &format!("Recognised {}, layout", family.title())), "{class}");
        for role in model.roles_needed() {
            assert_eq!(model.graph(*role), Some(folder.path().join(role.name()).join("model.onnx").as_path()));
        }
        assert!(model.graph(model.denoiser_role()).is_some(), "{class}");
        for role in family.text_roles() {
            assert_eq!(model.tokenizer(*role).is_some(), model.graph(*role).is_some(), "{class} {role:?}");
        }
        assert_eq!(model.low_res_scheduler().is_some(), family == Family::Upscaler, "{class}");
    }
}

#[test]
fn the_autoencoders_constants_are_the_familys() {
    let two = ["text_encoder", "text_encoder_2", "unet"];
    let transformer = ["text_encoder", "text_encoder_2", "transformer"];
    for (class, roles, scale, shift, channels, factor) in [
        ("StableDiffusionPipeline", &two[..], 0.18215, 0.0, 4, 8),
        ("StableDiffusionXLPipeline", &two[..], 0.13025, 0.0, 4, 8),
        ("StableDiffusion3Pipeline", &transformer[..], 1.5305, 0.0609, 16, 8),
        ("FluxPipeline", &transformer[..], 0.3611, 0.1159, 16, 8),
        ("StableDiffusionUpscalePipeline", &two[..], 0.08333, 0.0, 4, 4),
    ] {
        let folder = of_class(class, roles).without("vae_decoder/config.json");
        let model = open(&folder);
        let vae = model.vae();
        assert_eq!((vae.scaling_factor, vae.shift_factor), (scale, shift), "{class}");
        assert_eq!((vae.latent_channels_or_default(), vae.spatial_factor), (channels, factor), "{class}");
        assert!(has_note(&model, &format!("scaling factor {scale}")), "{class}");
        // A stated scale without a shift has none.
        let folder = folder.with("vae_decoder/config.json", r#"{"scaling_factor": 0.5}"#);
        assert_eq!((open(&folder).vae().scaling_factor, open(&folder).vae().shift_factor), (0.5, 0.0), "{class}");
    }
}

#[test]
fn tasks_by_the_denoisers_channels() {
    for (class, channels, task) in [
        ("StableDiffusionPipeline", 4, Task::TextToImage),
        ("StableDiffusionPipeline", 8, Task::Edit),
        ("StableDiffusionInpaintPipeline", 9, Task::Inpaint),
        ("OnnxStableDiffusionInpaintPipeline", 4, Task::TextToImage),
        ("StableDiffusionUpscalePipeline", 7, Task::TextToImage),
    ] {
        let folder = of_class(class, &["text_encoder", "unet"])
            .with("unet/config.json", format!("{{\"in_channels\": {channels}}}"));
        assert_eq!(open(&folder).task(), task, "{class} {channels}");
    }
    let folder = of_class("FluxPipeline", &["text_encoder", "text_encoder_2", "transformer"])
        .with("transformer/config.json", r#"{"in_channels": 64, "guidance_embeds": true}"#);
    let model = open(&folder);
    assert_eq!((model.task(), model.denoiser().guidance_embeds), (Task::TextToImage, Some(true)));
}

#[test]
fn the_facts_of_stable_diffusion_3_and_its_t5() {
    let folder = of_class(
        "StableDiffusion3Pipeline",
        &["text_encoder", "text_encoder_2", "text_encoder_3", "transformer"],
    )
    .with(
        "transformer/config.json",
        r#"{"sample_size": 128, "patch_size": 2, "in_channels": 16, "out_channels": 16, "joint_attention_dim": 4096,
            "pooled_projection_dim": 2048, "pos_embed_max_size": 192}"#,
    )
    .with(
        "text_encoder_2/config.json",
        r#"{"architectures": ["CLIPTextModelWithProjection"], "hidden_size": 1280, "num_hidden_layers": 32,
            "projection_dim": 1280, "max_position_embeddings": 77}"#,
    )
    .with(
        "text_encoder_3/config.json",
        r#"{"model_type": "t5", "d_model": 4096, "num_layers": 24, "vocab_size": 32128}"#,
    );
    let model = open(&folder);
    let denoiser = model.denoiser();
    assert_eq!(
        (denoiser.sample_size, denoiser.patch_size, denoiser.context_width()),
        (Some((128, 128)), Some(2), Some(4096))
    );
    assert_eq!((denoiser.pooled_projection_dim, denoiser.pos_embed_max_size), (Some(2048), Some(192)));
    let second = model.text_encoder(GraphRole::TextEncoder2);
    assert_eq!((second.architecture, second.projection_dim), (Some(TextArchitecture::Clip), Some(1280)));
    assert_eq!((second.num_hidden_layers, second.max_position_embeddings), (Some(32), Some(77)));
    let third = model.text_encoder(GraphRole::TextEncoder3);
    assert_eq!((third.architecture, third.hidden_size), (Some(TextArchitecture::T5), Some(4096)));
    assert_eq!((third.num_hidden_layers, third.vocab_size), (Some(24), Some(32128)));
    // Without a config it is what the family has there.
    assert_eq!(model.text_encoder(GraphRole::TextEncoder).architecture, Some(TextArchitecture::Clip));
    assert_eq!(model.text_encoder(GraphRole::Transformer).architecture, None);
}

#[test]
fn the_pipelines_settings() {
    let folder = of_class("StableDiffusionXLImg2ImgPipeline", &["text_encoder_2", "unet"]).with(
        "model_index.json",
        r#"{"_class_name": "StableDiffusionXLImg2ImgPipeline", "requires_aesthetics_score": true,
        "force_zeros_for_empty_prompt": false, "max_noise_level": 350}"#,
    );
    let settings = open(&folder).settings();
    assert_eq!(settings.requires_aesthetics_score, Some(true));
    assert_eq!(settings.force_zeros_for_empty_prompt, Some(false));
    assert_eq!((settings.is_distilled, settings.max_noise_level), (None, Some(350)));
}

//! The committed random-weight models, whose folders diffusers and optimum themselves wrote.

use std::fs;
use std::path::{Path, PathBuf};

use diffusion::model::cascade::CascadeFolder;
use diffusion::model::{Family, GraphRole, Layout, ModelFolder, Task};
use serde_json::json;

/// Every `tiny-…` folder with its layout.
const MODELS: [(&str, Layout); 5] = [
    ("tiny-legacy", Layout::LegacyDiffusers),
    ("tiny-legacy-fp16", Layout::LegacyDiffusers),
    ("tiny-optimum", Layout::Optimum),
    ("tiny-optimum-fp16", Layout::Optimum),
    ("tiny-static", Layout::Optimum),
];

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

/// Every committed `tiny-…` folder is read as what its name says, whoever added it.
#[test]
fn every_tiny_folder_is_what_its_name_says() {
    let names = fs::read_dir(models()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut count = 0;
    for name in names.filter(|name| name.starts_with("tiny-")) {
        // What has several stages is described by its manifest (tests/cascade_manifests.rs).
        if CascadeFolder::open(&models().join(&name)).unwrap().is_some() {
            continue;
        }
        let model = ModelFolder::open(&models().join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let family = match name.trim_start_matches("tiny-") {
            // Tiny text encoders have neither 768 nor 1024 for their width, which is all that tells 2.x from 1.x.
            rest if rest.starts_with("sd2") => model.family(),
            rest if rest.starts_with("xl-refiner") => Family::StableDiffusionXlRefiner,
            rest if rest.starts_with("xl") => Family::StableDiffusionXl,
            rest if rest.starts_with("sd3") => Family::StableDiffusion3,
            rest if rest.starts_with("flux") => Family::Flux,
            rest if rest.starts_with("variation") => Family::ImageVariation,
            rest if rest.starts_with("upscale") => Family::Upscaler,
            _ => Family::StableDiffusion1,
        };
        let task = match name.as_str() {
            name if name.contains("inpaint") => Task::Inpaint,
            name if name.contains("pix2pix") => Task::Edit,
            name if name.contains("depth") => Task::Depth,
            _ => Task::TextToImage,
        };
        assert_eq!((model.family(), model.task()), (family, task), "{name}: {:?}", model.notes());
        count += 1;
    }
    assert!(count >= MODELS.len());
}

#[test]
fn every_one_opens_with_the_facts_it_was_made_with() {
    for (name, layout) in MODELS {
        let root = models().join(name);
        let model = ModelFolder::open(&root).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(model.layout(), layout, "{name}");
        for role in [GraphRole::TextEncoder, GraphRole::Unet, GraphRole::VaeDecoder, GraphRole::VaeEncoder] {
            assert_eq!(model.graph(role), Some(root.join(role.name()).join("model.onnx").as_path()), "{name}");
        }
        assert_eq!(model.graph(GraphRole::SafetyChecker), None, "{name}");
        assert!(model.tokenizer(GraphRole::TextEncoder).unwrap().join("vocab.json").is_file(), "{name}");

        let scheduler = model.scheduler();
        assert_eq!(scheduler.class_name.as_deref(), Some("PNDMScheduler"), "{name}");
        for (key, value) in
            [("steps_offset", json!(1)), ("clip_sample", json!(false)), ("beta_schedule", json!("scaled_linear"))]
        {
            assert_eq!(scheduler.config.get(key), Some(&value), "{name} {key}");
        }

        // The legacy layout has no config that could say so: the pipeline's constants, and the graphs' word.
        let has_configs = layout == Layout::Optimum;
        // The optimum ones were made with a scale that is nobody's constant, so that it must come from the config.
        let scale = if has_configs { 0.3 } else { 0.18215 };
        assert_eq!((model.vae().scaling_factor, model.vae().spatial_factor), (scale, 8), "{name}");
        assert_eq!(model.denoiser().sample_size, has_configs.then_some((8, 8)), "{name}");
        // What the legacy layout has no config for is read from the graph.
        let denoiser = model.denoiser();
        assert_eq!((denoiser.cross_attention_dim, denoiser.in_channels), (Some(32), Some(4)), "{name}");
        assert_eq!(denoiser.levels, Some(2), "{name}");
        assert_eq!(model.vae().latent_channels, has_configs.then_some(4), "{name}");
        assert_eq!(model.text_encoder(GraphRole::TextEncoder).hidden_size, has_configs.then_some(32), "{name}");
        assert_eq!(model.text_encoder(GraphRole::TextEncoder).vocab_size, has_configs.then_some(714), "{name}");
        assert_eq!(model.family(), Family::StableDiffusion1, "{name}");
    }
}

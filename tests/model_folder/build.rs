//! Model folders built in a temporary place, file by file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder of its own below the system's temporary one, removed at the end.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// An empty folder.
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("model folder {}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// The files that text-to-image needs and no JSON at all.
    pub fn bare() -> Self {
        Self::new()
            .with("text_encoder/model.onnx", "graph")
            .with("unet/model.onnx", "graph")
            .with("vae_decoder/model.onnx", "graph")
            .with("tokenizer/vocab.json", "{}")
            .with("tokenizer/merges.txt", "#version: 0.2")
    }

    /// What `optimum-cli export onnx` writes for Stable Diffusion 1.5, numbers included.
    pub fn optimum() -> Self {
        let vae = r#"{"_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512],
            "force_upcast": true, "latent_channels": 4, "latents_mean": null, "sample_size": 512,
            "scaling_factor": 0.18215, "shift_factor": null}"#;
        Self::bare()
            .with(
                "model_index.json",
                r#"{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35.2",
                "feature_extractor": [null, null], "safety_checker": [null, null],
                "scheduler": ["diffusers", "DDIMScheduler"], "unet": ["diffusers", "UNet2DConditionModel"],
                "vae": ["diffusers", "AutoencoderKL"]}"#,
            )
            .with("vae_encoder/model.onnx", "graph")
            .with("vae_encoder/config.json", vae)
            .with("vae_decoder/config.json", vae)
            .with(
                "unet/config.json",
                r#"{"sample_size": 64, "in_channels": 4, "out_channels": 4, "cross_attention_dim": 768,
                "time_cond_proj_dim": null, "addition_embed_type": null}"#,
            )
            .with(
                "text_encoder/config.json",
                r#"{"hidden_size": 768, "max_position_embeddings": 77, "vocab_size": 49408, "num_hidden_layers": 12,
                "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}"#,
            )
            .with(
                "scheduler/scheduler_config.json",
                r#"{"_class_name": "DDIMScheduler", "beta_start": 0.00085, "steps_offset": 1, "clip_sample": false}"#,
            )
    }

    /// What diffusers' own converter wrote in 2022: no config beside the graphs.
    pub fn legacy(class_name: &str) -> Self {
        let index = format!(
            r#"{{"_class_name": "{class_name}", "scheduler": ["diffusers", "PNDMScheduler"],
            "unet": ["diffusers", "OnnxRuntimeModel"], "text_encoder": ["diffusers", "OnnxRuntimeModel"]}}"#
        );
        Self::bare()
            .with("model_index.json", &index)
            .with("unet/weights.pb", "weights")
            .with("safety_checker/model.onnx", "graph")
            .with(
                "scheduler/scheduler_config.json",
                r#"{"_class_name": "PNDMScheduler", "beta_schedule": "scaled_linear", "skip_prk_steps": true,
                "steps_offset": 0, "clip_sample": true}"#,
            )
    }

    /// The folder with the file `name` (over)written.
    pub fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The folder without the file or sub-folder `name`.
    pub fn without(self, name: &str) -> Self {
        let path = self.path.join(name);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that is left behind is no reason to fail a test.
        let _ = fs::remove_dir_all(&self.path);
    }
}

//! The schedule that each family was trained with, for folders without a scheduler's config.

use serde_json::{Map, Value, json};

use super::denoiser::DenoiserConfig;
use super::family::Family;

/// Latents of the pictures of 768 pixels that Stable Diffusion 2's v-prediction models were trained on.
const SAMPLE_SIZE_V: usize = 96;

/// A scheduler's class and config.
pub(super) struct Schedule {
    /// diffusers' class that the family was published with.
    pub(super) class: &'static str,
    /// The keys of a `scheduler_config.json` that says how it was trained.
    pub(super) config: Map<String, Value>,
    /// What else people should know about the choice, completing "There is no …, so …".
    pub(super) words: String,
}

impl Schedule {
    /// What `family` was trained with, as the published models' `scheduler_config.json` have it.
    ///
    /// Stable Diffusion 1.x's is also what diffusers gives to a single-file checkpoint, which has no scheduler config
    /// either (`SCHEDULER_DEFAULT_CONFIG` in `loaders/single_file_utils.py`). Classes' own defaults would be wrong
    /// here, since those are the DDPM paper's (linear, 0.0001 to 0.02) and belong to no latent model.
    ///
    /// What a model predicts cannot be read from its graph. A 2.x UNet that was trained on 96x96 latents is taken for
    /// one that predicts v, as all published ones of that size do.
    pub(super) fn of(family: Family, denoiser: &DenoiserConfig) -> Self {
        let title = family.title();
        let usual = format!("the schedule is the one {title} was trained with");
        let predicts_v = denoiser.sample_size == Some((SAMPLE_SIZE_V, SAMPLE_SIZE_V));
        let (class, changes, words) = match family {
            Family::StableDiffusion1 | Family::StableDiffusion2 | Family::StableDiffusionXl
                if denoiser.time_cond_proj_dim.is_some() =>
            {
                let changes = json!({"original_inference_steps": 50, "set_alpha_to_one": true});
                ("LCMScheduler", changes, format!("{usual}, and the model is distilled for LCM"))
            }
            Family::StableDiffusion2 if predicts_v => {
                let words = format!("{usual}, and as its UNet was trained on 96x96 latents it is taken to predict v");
                ("DDIMScheduler", json!({"prediction_type": "v_prediction"}), words)
            }
            Family::StableDiffusion1 | Family::StableDiffusion2 | Family::ImageVariation => {
                ("PNDMScheduler", json!({}), usual)
            }
            Family::StableDiffusionXl | Family::StableDiffusionXlRefiner => {
                ("EulerDiscreteScheduler", json!({"interpolation_type": "linear", "use_karras_sigmas": false}), usual)
            }
            Family::Upscaler => {
                let changes = json!({"beta_start": 0.0001, "beta_end": 0.02, "prediction_type": "v_prediction"});
                ("DDIMScheduler", changes, usual)
            }
            Family::StableDiffusion3 => return Self::flow(json!({"shift": 3.0}), usual),
            Family::Flux if denoiser.guidance_embeds == Some(false) => {
                let words = format!("{usual}: as its graph takes no guidance it is taken for schnell, shift 1");
                return Self::flow(json!({"shift": 1.0, "use_dynamic_shifting": false}), words);
            }
            Family::Flux => {
                let config = json!({
                    "shift": 3.0, "use_dynamic_shifting": true, "base_shift": 0.5, "max_shift": 1.15,
                    "base_image_seq_len": 256, "max_image_seq_len": 4096
                });
                return Self::flow(config, format!("{usual}: dev's, with a shift that grows with the picture"));
            }
        };
        let mut config = trained();
        config.extend(object(changes));
        Self { class, config, words }
    }

    fn flow(config: Value, words: String) -> Self {
        let mut config = object(config);
        config.insert("num_train_timesteps".to_owned(), Value::from(1000));
        Self { class: "FlowMatchEulerDiscreteScheduler", config, words }
    }
}

/// diffusers' default config for checkpoints that come without one.
fn trained() -> Map<String, Value> {
    object(json!({
        "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "num_train_timesteps": 1000,
        "prediction_type": "epsilon", "timestep_spacing": "leading", "steps_offset": 1, "set_alpha_to_one": false,
        "skip_prk_steps": true, "clip_sample": false
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

//! Which family of models a folder belongs to, from its pipeline class or from its sub-folders.

use std::path::Path;

use super::configs::UnetConfig;
use super::inventory::Inventory;
use super::vae::VaeConfig;
use crate::error::{Error, Result};

/// The pipeline classes that draw text-to-image with Stable Diffusion 1.x's graphs, without their prefixes.
///
/// The last two are of a widely used community pipeline for long prompts; its graphs are the same.
const STABLE_DIFFUSION_1: [&str; 6] = [
    "StableDiffusionPipeline",
    "StableDiffusionImg2ImgPipeline",
    "StableDiffusionInpaintPipeline",
    "StableDiffusionInpaintPipelineLegacy",
    "StableDiffusionLongPromptWeightingPipeline",
    "StableDiffusionPipelineSafe",
];

/// Parts of class names and the families they mean; the first that fits decides.
const BY_CLASS: [(&str, &str); 22] = [
    ("ControlNet", "a ControlNet model"),
    ("T2IAdapter", "a T2I-Adapter model"),
    ("AdapterPipeline", "a T2I-Adapter model"),
    ("StableDiffusionXL", "Stable Diffusion XL"),
    ("StableDiffusion3", "Stable Diffusion 3"),
    ("StableDiffusionUpscale", "Stable Diffusion's x4 upscaler"),
    ("StableDiffusionLatentUpscale", "Stable Diffusion's latent upscaler"),
    ("StableDiffusionInstructPix2Pix", "InstructPix2Pix"),
    ("StableDiffusionDepth2Img", "Stable Diffusion 2's depth-to-image model"),
    ("StableVideoDiffusion", "Stable Video Diffusion"),
    ("LatentConsistencyModel", "a latent consistency model"),
    ("StableCascade", "Stable Cascade"),
    ("Wuerstchen", "Würstchen"),
    ("UnCLIP", "an unCLIP model"),
    ("Kandinsky", "Kandinsky"),
    ("Flux", "Flux"),
    ("PixArt", "PixArt"),
    ("Sana", "Sana"),
    ("QwenImage", "Qwen-Image"),
    ("LDMTextToImage", "latent diffusion"),
    ("GLIDE", "GLIDE"),
    ("IFPipeline", "DeepFloyd IF"),
];

/// Sub-folders that Stable Diffusion 1.x does not have and the families they mean; the first that is there and
/// not empty decides.
const BY_FOLDER: [(&str, &str); 9] = [
    ("text_encoder_3", "Stable Diffusion 3"),
    ("transformer", "a diffusion transformer, such as Stable Diffusion 3 or Flux"),
    ("text_encoder_2", "Stable Diffusion XL"),
    ("controlnet", "a ControlNet model"),
    ("cnet", "a ControlNet model"),
    ("prior", "a model with a prior, such as unCLIP or Kandinsky"),
    ("movq", "Kandinsky"),
    ("vqvae", "latent diffusion with a VQ autoencoder"),
    ("vqgan", "Würstchen or Stable Cascade"),
];

/// A ControlNet beside graphs whose index says Stable Diffusion 1.x is an extra, not another family.
const EXTRAS: [&str; 2] = ["controlnet", "cnet"];

/// What every refusal ends with.
const READS: &str = "this version reads Stable Diffusion 1.x only";

/// Width of the context in Stable Diffusion 2.x, whose text encoder is OpenCLIP's ViT-H (`context_dim` in
/// Stability-AI/stablediffusion, `configs/stable-diffusion/v2-inference.yaml`); 768 in 1.x, with CLIP's ViT-L.
const CONTEXT_WIDTH_2: usize = 1024;

/// The families whose graphs this version runs. The pipeline class is the same for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    StableDiffusion1,
    /// Runs, but nothing has compared its pictures with the originals' yet.
    StableDiffusion2,
}

impl Family {
    /// By the width of the context, where a config states it; 1.x is what the family began with, and what the
    /// legacy layout, which has no configs, was made for.
    pub(super) fn by_context_width(width: Option<usize>) -> Self {
        if width == Some(CONTEXT_WIDTH_2) { Self::StableDiffusion2 } else { Self::StableDiffusion1 }
    }

    /// As `info` and `inspect` show it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::StableDiffusion1 => "stable-diffusion-1",
            Self::StableDiffusion2 => "stable-diffusion-2",
        }
    }

    /// As sentences for people have it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::StableDiffusion1 => "Stable Diffusion 1.x",
            Self::StableDiffusion2 => "Stable Diffusion 2.x",
        }
    }

    /// What people should know before they trust a picture.
    pub(super) fn caution(self) -> Option<String> {
        match self {
            Self::StableDiffusion1 => None,
            Self::StableDiffusion2 => Some(format!(
                "Its context width {CONTEXT_WIDTH_2} is Stable Diffusion 2's; this version is made for Stable \
                 Diffusion 1.x, and 2.x is not tested yet."
            )),
        }
    }
}

/// Whether the class is one of a pipeline of diffusers' own ONNX support, as `OnnxStableDiffusionPipeline` or,
/// before diffusers 0.6, `StableDiffusionOnnxPipeline`.
pub(super) fn is_legacy_class(class_name: &str) -> bool {
    class_name.starts_with("Onnx") || class_name.contains("OnnxPipeline")
}

/// Refuses every family but Stable Diffusion 1.x. Returns the extra folders that are passed over.
///
/// # Errors
/// [`Error::Unsupported`] with what was recognised, and by what.
pub(super) fn check(root: &Path, class_name: Option<&str>, inventory: &Inventory) -> Result<Vec<&'static str>> {
    let is_named = match class_name {
        Some(class_name) => check_class(root, class_name)?,
        None => false,
    };
    let mut passed_over = Vec::new();
    for (folder, family) in BY_FOLDER {
        if !inventory.is_filled(folder) {
            continue;
        }
        if is_named && EXTRAS.contains(&folder) {
            passed_over.push(folder);
            continue;
        }
        return Err(unsupported(root, family, &format!("it has a sub-folder {folder}/")));
    }
    Ok(passed_over)
}

/// Refuses a UNet whose input is more than the latents, or that takes more than time and context.
///
/// # Errors
/// [`Error::Unsupported`] with what such a UNet is made for.
pub(super) fn check_unet(root: &Path, unet: &UnetConfig, vae: &VaeConfig) -> Result<()> {
    if unet.addition_embed_type.as_deref() == Some("text_time") {
        let evidence = "\"addition_embed_type\" in unet/config.json is \"text_time\"";
        return Err(unsupported(root, "Stable Diffusion XL", evidence));
    }
    let (Some(inputs), latents) = (unet.in_channels, vae.latent_channels_or_default()) else { return Ok(()) };
    if inputs == latents {
        return Ok(());
    }
    let family = match inputs.checked_sub(latents) {
        // Mask and masked image; a second image; depth; a low-resolution RGB image.
        Some(extra) if extra == latents + 1 => "an inpainting model",
        Some(extra) if extra == latents => "an image-editing model such as InstructPix2Pix",
        Some(1) => "a depth-to-image model",
        Some(3) => "an upscaler",
        _ => "a UNet that does not fit its autoencoder",
    };
    let evidence = format!("unet/config.json states {inputs} input channels, where the latents have {latents}");
    Err(unsupported(root, family, &evidence))
}

/// `true` when the class is one that we read.
fn check_class(root: &Path, class_name: &str) -> Result<bool> {
    // Its own graph always takes nine channels, and the legacy layout has no config that could say so.
    if class_name == "OnnxStableDiffusionInpaintPipeline" {
        return Err(unsupported(root, "an inpainting model", &class_evidence(class_name)));
    }
    if STABLE_DIFFUSION_1.contains(&plain_class(class_name).as_str()) {
        return Ok(true);
    }
    match BY_CLASS.iter().find(|(part, _)| class_name.contains(part)) {
        Some((_, family)) => Err(unsupported(root, family, &class_evidence(class_name))),
        None => Err(Error::Unsupported(format!(
            "the model at \"{}\" is of a pipeline class that is not known here, \"{class_name}\" in model_index.json; \
             {READS} (StableDiffusionPipeline, ORTStableDiffusionPipeline, OnnxStableDiffusionPipeline and the like)",
            root.display()
        ))),
    }
}

fn class_evidence(class_name: &str) -> String {
    format!("model_index.json names the class {class_name}")
}

fn unsupported(root: &Path, family: &str, evidence: &str) -> Error {
    Error::Unsupported(format!("the model at \"{}\" is {family} ({evidence}); {READS}", root.display()))
}

/// The class without what optimum (`ORT…`), diffusers (`Onnx…`, `…OnnxPipeline`) and JAX (`Flax…`) add to it.
fn plain_class(class_name: &str) -> String {
    let plain = ["ORT", "Onnx", "Flax"].iter().find_map(|prefix| class_name.strip_prefix(prefix));
    plain.unwrap_or(class_name).replace("OnnxPipeline", "Pipeline")
}

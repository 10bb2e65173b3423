//! Which family of models a folder belongs to: by its pipeline class, its configs, or its sub-folders.

use std::path::Path;

use super::denoiser::DenoiserConfig;
use super::evidence::Evidence;
use super::family::{Family, Task};
use super::index;
use super::inventory::Inventory;
use super::layout::GraphRole;
use super::places;
use super::text_config::TextEncoderConfig;
use super::vae::VaeConfig;
use crate::error::{Error, Result};

use Family::{Flux, ImageVariation, StableDiffusion1, StableDiffusion3, StableDiffusionXl, Upscaler};
use Task::{Depth, Edit, Inpaint, TextToImage};

/// The pipeline classes that are read, without the prefixes of their exporters, and what each was made for.
///
/// A class that serves for both 4 and 9 channels stands with [`TextToImage`]; the denoiser itself tells. 2.x has
/// 1.x's classes, and the refiner has Stable Diffusion XL's: configs and graphs tell these apart.
const CLASSES: [(&str, Family, Task); 40] = [
    ("StableDiffusionPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionImg2ImgPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionInpaintPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionInpaintPipelineLegacy", StableDiffusion1, TextToImage),
    ("StableDiffusionPAGPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionSAGPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionPipelineSafe", StableDiffusion1, TextToImage),
    // Of a widely used community pipeline for long prompts; its graphs are the same.
    ("StableDiffusionLongPromptWeightingPipeline", StableDiffusion1, TextToImage),
    ("LatentConsistencyModelPipeline", StableDiffusion1, TextToImage),
    ("LatentConsistencyModelImg2ImgPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionInstructPix2PixPipeline", StableDiffusion1, Edit),
    ("StableDiffusionDepth2ImgPipeline", StableDiffusion1, Depth),
    ("StableDiffusionControlNetPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionControlNetImg2ImgPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionControlNetInpaintPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionAdapterPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionGLIGENPipeline", StableDiffusion1, TextToImage),
    ("StableDiffusionImageVariationPipeline", ImageVariation, TextToImage),
    ("StableDiffusionUpscalePipeline", Upscaler, TextToImage),
    ("StableDiffusionXLPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLImg2ImgPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLInpaintPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLPAGPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLPAGImg2ImgPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLPAGInpaintPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLLongPromptWeightingPipeline", StableDiffusionXl, TextToImage),
    ("SDXLLongPromptWeightingPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLInstructPix2PixPipeline", StableDiffusionXl, Edit),
    ("StableDiffusionXLControlNetPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLControlNetImg2ImgPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLControlNetInpaintPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusionXLAdapterPipeline", StableDiffusionXl, TextToImage),
    ("StableDiffusion3Pipeline", StableDiffusion3, TextToImage),
    ("StableDiffusion3Img2ImgPipeline", StableDiffusion3, TextToImage),
    ("StableDiffusion3InpaintPipeline", StableDiffusion3, TextToImage),
    ("StableDiffusion3PAGPipeline", StableDiffusion3, TextToImage),
    ("FluxPipeline", Flux, TextToImage),
    ("FluxImg2ImgPipeline", Flux, TextToImage),
    ("FluxInpaintPipeline", Flux, TextToImage),
    ("FluxWithCFGPipeline", Flux, TextToImage),
];

/// diffusers' own ONNX inpainting class; its graph always takes nine channels, and its folder has no config that
/// could say so.
const LEGACY_INPAINT: &str = "OnnxStableDiffusionInpaintPipeline";

/// Parts of the names of classes that are not read, and what they are; the first that fits decides.
const REFUSED_CLASSES: [(&str, &str); 18] = [
    ("ControlNet", "a ControlNet model of another kind"),
    ("StableDiffusionLatentUpscale", "Stable Diffusion's latent upscaler"),
    ("StableVideoDiffusion", "Stable Video Diffusion"),
    ("StableCascade", "Stable Cascade"),
    ("Wuerstchen", "Würstchen"),
    ("UnCLIP", "an unCLIP model"),
    ("Kandinsky", "Kandinsky"),
    ("FluxFill", "Flux Fill"),
    ("FluxKontext", "Flux Kontext"),
    ("FluxControl", "a Flux control model"),
    ("FluxPriorRedux", "Flux Redux"),
    ("Flux2", "Flux.2"),
    ("PixArt", "PixArt"),
    ("Sana", "Sana"),
    ("QwenImage", "Qwen-Image"),
    ("LDMTextToImage", "latent diffusion"),
    ("GLIDE", "GLIDE"),
    ("IFPipeline", "DeepFloyd IF"),
];

/// Sub-folders of models that are not read; the first that is there and not empty decides.
const REFUSED_FOLDERS: [(&str, &str); 4] = [
    ("prior", "a model with a prior, such as unCLIP or Kandinsky"),
    ("movq", "Kandinsky"),
    ("vqvae", "latent diffusion with a VQ autoencoder"),
    ("vqgan", "Würstchen or Stable Cascade"),
];

/// What every refusal ends with.
const READS: &str = "this version reads Stable Diffusion 1.x, 2.x, XL (and its refiner), 3 and 3.5, Flux.1, latent \
                     consistency models, InstructPix2Pix, image variations, depth models and the x4 upscaler";

/// Width of the context in Stable Diffusion 2.x, whose text encoder is OpenCLIP's ViT-H (`context_dim` in
/// Stability-AI/stablediffusion, `configs/stable-diffusion/v2-inference.yaml`); 768 in 1.x, with CLIP's ViT-L.
const CONTEXT_WIDTH_2: usize = 1024;

/// Width of the refiner's context, that of its only text encoder (`context_dim` in Stability-AI/generative-models,
/// `configs/inference/sd_xl_refiner.yaml`); 2048 in the base model.
const CONTEXT_WIDTH_REFINER: usize = 1280;

/// How the class and the sub-folders name the model, before any config was read.
pub(super) struct Named {
    /// The family of the class or of the sub-folders; configs may tell it more exactly.
    pub(super) family: Family,
    /// What the class was made for.
    task: Task,
    /// What it was recognised by, completing "by".
    pub(super) evidence: String,
}

impl Named {
    /// Looks at the class first, then at the sub-folders.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with what was recognised, and by what.
    pub(super) fn of(root: &Path, class_name: Option<&str>, inventory: &Inventory) -> Result<Self> {
        let class = class_name.map(|class_name| by_class(root, class_name)).transpose()?;
        if let Some((folder, what)) = REFUSED_FOLDERS.into_iter().find(|(folder, _)| inventory.is_filled(folder)) {
            return Err(unsupported(root, what, &format!("it has a sub-folder {folder}/")));
        }
        Ok(match (class, class_name) {
            (Some((family, task)), Some(class_name)) => {
                Self { family, task, evidence: format!("the class {class_name} in {}", index::FILE) }
            }
            _ => Self { family: by_folders(inventory), task: TextToImage, evidence: "its sub-folders".to_owned() },
        })
    }

    /// The family that the graph and the configs state, and why it is another one than the name says.
    ///
    /// `denoiser` is complete with what the graph says; `evidence` is `None` where the graph cannot be read.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a graph whose inputs nothing here can feed.
    pub(super) fn refined(
        &self,
        root: &Path,
        evidence: Option<&Evidence>,
        denoiser: &DenoiserConfig,
        text: &TextEncoderConfig,
        inventory: &Inventory,
    ) -> Result<(Family, Option<String>)> {
        if let Some((what, input)) = evidence.and_then(|evidence| evidence.refused) {
            return Err(unsupported(root, what, &format!("its graph has the input \"{input}\"")));
        }
        let file = format!("{}/config.json", self.family.denoiser_role().name());
        let (family, mut why) = match evidence.map(|evidence| evidence.family) {
            Some(Some((family, input))) if family != self.family => {
                (family, Some(format!("its graph has the input \"{input}\"")))
            }
            Some(None) if !matches!(self.family, StableDiffusion1 | ImageVariation) => {
                (StableDiffusion1, Some(format!("its graph has none of the inputs of {}", self.family.title())))
            }
            None if self.family == StableDiffusion1 && denoiser.addition_embed_type.as_deref() == Some("text_time") => {
                (StableDiffusionXl, Some(format!("\"addition_embed_type\" is \"text_time\" in {file}")))
            }
            _ => (self.family, None),
        };
        let context = denoiser.cross_attention_dim;
        let refined = match family {
            StableDiffusion1 if text.hidden_size.or(context) == Some(CONTEXT_WIDTH_2) => {
                Some((Family::StableDiffusion2, format!("its context is {CONTEXT_WIDTH_2} wide")))
            }
            StableDiffusionXl if context == Some(CONTEXT_WIDTH_REFINER) => {
                Some((Family::StableDiffusionXlRefiner, format!("its context is {CONTEXT_WIDTH_REFINER} wide")))
            }
            StableDiffusionXl
                if !places::has(inventory, GraphRole::TextEncoder)
                    && places::has(inventory, GraphRole::TextEncoder2) =>
            {
                Some((Family::StableDiffusionXlRefiner, "it has a text_encoder_2/ but no text_encoder/".to_owned()))
            }
            _ => None,
        };
        let Some((refined, more)) = refined else { return Ok((family, why)) };
        why = Some(why.map(|why| format!("{why}, and {more}")).unwrap_or(more));
        Ok((refined, why))
    }

    /// What the denoiser's channels say that it was made for.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a number of channels that belongs to no task we know.
    pub(super) fn task(&self, root: &Path, family: Family, denoiser: &DenoiserConfig, vae: &VaeConfig) -> Result<Task> {
        let Some(stated) = denoiser.in_channels else { return Ok(self.task) };
        let latents = vae.latent_channels_or_default();
        // Flux packs squares of 2x2 latents into the channels.
        let inputs = match family {
            Flux => stated.is_multiple_of(4).then_some(stated / 4),
            _ => Some(stated),
        };
        let extra = inputs.and_then(|inputs| inputs.checked_sub(latents));
        match (family, extra) {
            (Upscaler, Some(3)) => return Ok(TextToImage),
            (_, Some(0)) if family != Upscaler => return Ok(TextToImage),
            (StableDiffusion1 | Family::StableDiffusion2 | StableDiffusionXl, Some(extra)) if extra == latents => {
                return Ok(Edit);
            }
            (StableDiffusion1 | Family::StableDiffusion2 | StableDiffusionXl, Some(extra)) if extra == latents + 1 => {
                return Ok(Inpaint);
            }
            (StableDiffusion1 | Family::StableDiffusion2 | StableDiffusionXl, Some(1)) => return Ok(Depth),
            _ => {}
        }
        let what = match extra {
            Some(3) => "an upscaler of another family",
            _ if family == Flux => "a Flux model that takes more than its latents, such as Fill, or damaged",
            _ => "of a denoiser that does not fit its autoencoder",
        };
        let evidence = format!(
            "its {} takes {stated} input channels, where the latents have {latents}",
            family.denoiser_role().name()
        );
        Err(unsupported(root, what, &evidence))
    }
}

/// Whether the class is one of a pipeline of diffusers' own ONNX support, as `OnnxStableDiffusionPipeline` or,
/// before diffusers 0.6, `StableDiffusionOnnxPipeline`.
pub(super) fn is_legacy_class(class_name: &str) -> bool {
    class_name.starts_with("Onnx") || class_name.contains("OnnxPipeline")
}

fn by_class(root: &Path, class_name: &str) -> Result<(Family, Task)> {
    if class_name == LEGACY_INPAINT {
        return Ok((StableDiffusion1, Inpaint));
    }
    let plain = plain_class(class_name);
    if let Some((_, family, task)) = CLASSES.iter().find(|(known, ..)| *known == plain) {
        return Ok((*family, *task));
    }
    match REFUSED_CLASSES.iter().find(|(part, _)| class_name.contains(part)) {
        Some((_, what)) => Err(unsupported(root, what, &format!("{} names the class {class_name}", index::FILE))),
        None => Err(Error::Unsupported(format!(
            "the model at \"{}\" is of a pipeline class that is not known here, \"{class_name}\" in model_index.json; \
             {READS} (StableDiffusionPipeline, ORTStableDiffusionXLPipeline, OnnxStableDiffusionPipeline and the like)",
            root.display()
        ))),
    }
}

/// What the names of folders and files alone tell.
fn by_folders(inventory: &Inventory) -> Family {
    let has = |role| places::has(inventory, role);
    let is_t5_second = inventory.has_t5_tokenizer(GraphRole::TextEncoder2) || places::has_t5(inventory);
    let has_text = GraphRole::TEXT.into_iter().any(has);
    if has(GraphRole::ImageEncoder) && has(GraphRole::Unet) && !has_text {
        return ImageVariation;
    }
    match (has(GraphRole::Transformer), has(GraphRole::TextEncoder3), has(GraphRole::TextEncoder2)) {
        (true, false, false) => Flux,
        (true, false, true) if is_t5_second && !places::has_t5(inventory) => Flux,
        (true, ..) | (_, true, _) => StableDiffusion3,
        (.., true) => StableDiffusionXl,
        _ => StableDiffusion1,
    }
}

fn unsupported(root: &Path, what: &str, evidence: &str) -> Error {
    Error::Unsupported(format!("the model at \"{}\" is {what} ({evidence}); {READS}", root.display()))
}

/// The class without what optimum (`ORT…`), diffusers (`Onnx…`, `…OnnxPipeline`) and JAX (`Flax…`) add to it.
fn plain_class(class_name: &str) -> String {
    let plain = ["ORT", "Onnx", "Flax"].iter().find_map(|prefix| class_name.strip_prefix(prefix));
    plain.unwrap_or(class_name).replace("OnnxPipeline", "Pipeline")
}

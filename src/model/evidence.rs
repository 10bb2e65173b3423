//! What the denoiser's graph itself tells: the family by its inputs, and sizes that no config states.

use std::path::Path;

use super::denoiser::DenoiserConfig;
use super::family::Family;
use crate::onnx::Signature;

/// Inputs that only one family's denoiser has; the first that is there decides (the
/// names are those of diffusers' modules, which every exporter keeps).
const BY_INPUT: [(&str, Family); 4] = [
    ("img_ids", Family::Flux),
    ("pooled_projections", Family::StableDiffusion3),
    ("time_ids", Family::StableDiffusionXl),
    ("class_labels", Family::Upscaler),
];

/// Inputs of denoisers that cannot be fed, and what such a graph is.
const REFUSED_INPUTS: [(&str, &str); 5] = [
    ("controlnet_conds", "a denoiser with a ControlNet built in"),
    ("controlnet_cond", "a ControlNet or a denoiser with one built in"),
    ("controlnet_images", "a denoiser with a ControlNet built in"),
    ("block_controlnet_hidden_states", "a denoiser that waits for a ControlNet's residuals"),
    ("encoder_attention_mask", "a Sana or PixArt transformer"),
];

/// What a picture or its latents are called as an input, by exporter: diffusers' UNets, its transformers, and the
/// exports of 2022.
const LATENTS: [&str; 3] = ["sample", "hidden_states", "latent_model_input"];

/// A picture's embedding as an input.
const IMAGE_EMBEDS: &str = "image_embeds";

/// What the context is called in every export.
const CONTEXT: &str = "encoder_hidden_states";

/// Width of the guidance embedding in every published latent consistency model (`time_cond_proj_dim`).
const GUIDANCE_WIDTH: usize = 256;

/// The most levels that resizing nodes are taken for; a graph with more of them resizes something else too.
const MAX_LEVELS: usize = 6;

/// What a denoiser's graph says about the model.
pub(super) struct Evidence {
    /// The family that has these inputs, with the input; `None` for a plain UNet, as Stable Diffusion 1.x and 2.x have.
    pub(super) family: Option<(Family, &'static str)>,
    /// What it is that cannot be fed, with the input.
    pub(super) refused: Option<(&'static str, &'static str)>,
    in_channels: Option<usize>,
    context_width: Option<usize>,
    pooled_width: Option<usize>,
    guidance_width: Option<usize>,
    levels: Option<usize>,
    has_guidance: bool,
}

/// Whether a picture's embedding takes the place of a prompt: one a row, where an IP-Adapter has a list of them.
fn is_kandinsky(graph: &Signature) -> bool {
    let shape = graph.input(IMAGE_EMBEDS).and_then(|input| input.shape.as_ref());
    shape.is_some_and(|shape| shape.len() < 3)
}

impl Evidence {
    /// Reads the graph at `path`; `None` for one that cannot be read, about which the runtime has more to say.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let graph = Signature::read(path)
            .inspect_err(|error| log::debug!("the family cannot be read from the graph: {error}"))
            .ok()?;
        // Something that is no denoiser is in its place; opening it says so.
        let latents = LATENTS.into_iter().find(|name| graph.input(name).is_some())?;
        graph.input(CONTEXT)?;
        let family = BY_INPUT.into_iter().find(|(input, _)| graph.input(input).is_some());
        let is_unet = family.is_none_or(|(_, family)| family.denoiser_role() == super::GraphRole::Unet);
        // Packed latents are [batch, places, channels], all others [batch, channels, height, width].
        let in_channels = match family {
            Some((_, Family::Flux)) => graph.width_of(latents),
            _ => graph.channels_of(latents),
        };
        // Every level of a UNet but the last doubles its picture once on the way up.
        let resized = graph.count(&["Resize", "Upsample"]);
        Some(Self {
            family: family.map(|(input, family)| (family, input)),
            refused: REFUSED_INPUTS
                .into_iter()
                .find(|(input, _)| graph.input(input).is_some())
                .map(|(input, what)| (what, input))
                .or_else(|| is_kandinsky(&graph).then_some(("a denoiser of Kandinsky's", IMAGE_EMBEDS))),
            in_channels,
            context_width: graph.width_of(CONTEXT),
            pooled_width: graph.width_of("pooled_projections"),
            guidance_width: graph
                .input("timestep_cond")
                .map(|_| graph.width_of("timestep_cond").unwrap_or(GUIDANCE_WIDTH)),
            levels: (is_unet && resized > 0).then_some(resized + 1).filter(|levels| *levels <= MAX_LEVELS),
            has_guidance: graph.input("guidance").is_some(),
        })
    }

    /// `config` with what the graph knows better, or alone.
    ///
    /// Channels and the guidance input are the graph's word whatever the config says; widths that both state are
    /// compared where the graphs are opened, so a config's stays here.
    pub(super) fn complete(&self, config: DenoiserConfig) -> DenoiserConfig {
        let is_transformer = self.family.is_some_and(|(family, _)| family.denoiser_role() != super::GraphRole::Unet);
        let (of_unet, of_transformer) = match is_transformer {
            true => (None, self.context_width),
            false => (self.context_width, None),
        };
        let is_flux = matches!(self.family, Some((Family::Flux, _)));
        DenoiserConfig {
            in_channels: self.in_channels.or(config.in_channels),
            cross_attention_dim: config.cross_attention_dim.or(of_unet),
            joint_attention_dim: config.joint_attention_dim.or(of_transformer),
            pooled_projection_dim: config.pooled_projection_dim.or(self.pooled_width),
            time_cond_proj_dim: config.time_cond_proj_dim.or(self.guidance_width),
            levels: config.levels.or(self.levels),
            guidance_embeds: if is_flux { Some(self.has_guidance) } else { config.guidance_embeds },
            ..config
        }
    }
}

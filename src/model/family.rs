//! The families of models, and what each of them cannot do without.

use super::layout::GraphRole;
use super::text_config::TextArchitecture;

/// A family of models: one way of assembling the conditioning and of running the denoiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Stable Diffusion 1.x: one CLIP of width 768. Latent consistency models belong here too.
    StableDiffusion1,
    /// Stable Diffusion 2.x: one OpenCLIP of width 1024.
    StableDiffusion2,
    /// Stable Diffusion XL: two CLIPs, sizes as conditioning.
    StableDiffusionXl,
    /// The refiner of Stable Diffusion XL: its second CLIP only, and an aesthetic score.
    StableDiffusionXlRefiner,
    /// Stable Diffusion 3 and 3.5: two CLIPs and T5, a transformer, flow matching.
    StableDiffusion3,
    /// Flux.1: CLIP's pooled output and T5, a transformer over packed latents, flow matching.
    Flux,
    /// Variations of a picture: Stable Diffusion 1.x with CLIP's embedding of it as the context, and no text encoder.
    ImageVariation,
    /// The x4 upscaler of Stable Diffusion 2: latents and a noised picture go in, with the noise's level.
    Upscaler,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 8] = [
        Self::StableDiffusion1,
        Self::StableDiffusion2,
        Self::StableDiffusionXl,
        Self::StableDiffusionXlRefiner,
        Self::StableDiffusion3,
        Self::Flux,
        Self::ImageVariation,
        Self::Upscaler,
    ];

    /// As `info` and `inspect` show it, and programs compare it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StableDiffusion1 => "stable-diffusion-1",
            Self::StableDiffusion2 => "stable-diffusion-2",
            Self::StableDiffusionXl => "stable-diffusion-xl",
            Self::StableDiffusionXlRefiner => "stable-diffusion-xl-refiner",
            Self::StableDiffusion3 => "stable-diffusion-3",
            Self::Flux => "flux",
            Self::ImageVariation => "stable-diffusion-image-variation",
            Self::Upscaler => "stable-diffusion-x4-upscaler",
        }
    }

    /// As sentences for people have it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::StableDiffusion1 => "Stable Diffusion 1.x",
            Self::StableDiffusion2 => "Stable Diffusion 2.x",
            Self::StableDiffusionXl => "Stable Diffusion XL",
            Self::StableDiffusionXlRefiner => "Stable Diffusion XL's refiner",
            Self::StableDiffusion3 => "Stable Diffusion 3",
            Self::Flux => "Flux",
            Self::ImageVariation => "Stable Diffusion's image variations",
            Self::Upscaler => "Stable Diffusion's x4 upscaler",
        }
    }

    /// The graph that denoises.
    pub const fn denoiser_role(self) -> GraphRole {
        match self {
            Self::StableDiffusion3 | Self::Flux => GraphRole::Transformer,
            _ => GraphRole::Unet,
        }
    }

    /// The graphs without which nothing can be drawn, in the order in which they run.
    ///
    /// [`GraphRole::TextEncoder3`] of Stable Diffusion 3 is not among them: without T5 its part of the context is
    /// zeros, as in diffusers' `StableDiffusion3Pipeline`.
    pub const fn roles_needed(self) -> &'static [GraphRole] {
        use GraphRole::{ImageEncoder, TextEncoder, TextEncoder2, Transformer, Unet, VaeDecoder};
        match self {
            Self::StableDiffusion1 | Self::StableDiffusion2 | Self::Upscaler => &[TextEncoder, Unet, VaeDecoder],
            Self::ImageVariation => &[ImageEncoder, Unet, VaeDecoder],
            Self::StableDiffusionXl => &[TextEncoder, TextEncoder2, Unet, VaeDecoder],
            Self::StableDiffusionXlRefiner => &[TextEncoder2, Unet, VaeDecoder],
            Self::StableDiffusion3 | Self::Flux => &[TextEncoder, TextEncoder2, Transformer, VaeDecoder],
        }
    }

    /// The text encoders that it has a use for, in the order in which their outputs are put together.
    pub const fn text_roles(self) -> &'static [GraphRole] {
        use GraphRole::{TextEncoder, TextEncoder2, TextEncoder3};
        match self {
            Self::StableDiffusion1 | Self::StableDiffusion2 | Self::Upscaler => &[TextEncoder],
            Self::ImageVariation => &[],
            Self::StableDiffusionXl | Self::Flux => &[TextEncoder, TextEncoder2],
            Self::StableDiffusionXlRefiner => &[TextEncoder2],
            Self::StableDiffusion3 => &[TextEncoder, TextEncoder2, TextEncoder3],
        }
    }

    /// What kind of text encoder it has in this place, if any.
    pub fn architecture(self, role: GraphRole) -> Option<TextArchitecture> {
        match (self, role) {
            (_, role) if !self.text_roles().contains(&role) => None,
            (_, GraphRole::TextEncoder3) | (Self::Flux, GraphRole::TextEncoder2) => Some(TextArchitecture::T5),
            _ => Some(TextArchitecture::Clip),
        }
    }

    /// The token that fills a CLIP's 77 places behind the text, where no tokenizer's config names it.
    ///
    /// The wrong one changes every picture a little. OpenAI's CLIP ends and pads with the same token; OpenCLIP's, in
    /// 2.x and as the second one everywhere, was trained with zeros, which is the token `!`.
    pub fn padding(self, role: GraphRole) -> &'static str {
        let is_open_clip = matches!(self, Self::StableDiffusion2 | Self::Upscaler) || role != GraphRole::TextEncoder;
        if is_open_clip { "!" } else { "<|endoftext|>" }
    }

    /// Whether the graph is of use to it at all; a folder may hold more.
    pub fn uses(self, role: GraphRole) -> bool {
        use GraphRole::{DepthEstimator, ImageEncoder, PreviewDecoder, SafetyChecker, VaeDecoder, VaeEncoder};
        let is_shared =
            matches!(role, VaeDecoder | VaeEncoder | SafetyChecker | PreviewDecoder | ImageEncoder | DepthEstimator);
        is_shared || role == self.denoiser_role() || self.text_roles().contains(&role)
    }
}

/// What the denoiser was made for, as the channels that go into it beside the latents tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// Nothing but the latents (4 channels of 4 latent ones). Draws from text, and from a picture by its noised
    /// latents. The upscaler's low-resolution picture belongs to its family and is no task of its own.
    TextToImage,
    /// Latents, a mask and the latents of the masked picture (9 of 4).
    Inpaint,
    /// Latents and the latents of the picture to change (8 of 4), as in InstructPix2Pix.
    Edit,
    /// Latents and how far away everything is (5 of 4).
    Depth,
}

impl Task {
    /// As `inspect` shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TextToImage => "text-to-image",
            Self::Inpaint => "inpaint",
            Self::Edit => "edit",
            Self::Depth => "depth",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_is_used() {
        for family in Family::ALL {
            for role in family.roles_needed() {
                assert!(family.uses(*role), "{family:?} {role:?}");
            }
            assert!(family.roles_needed().contains(&family.denoiser_role()));
            assert!(family.text_roles().iter().all(|role| family.uses(*role)));
        }
    }
}

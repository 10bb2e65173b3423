//! The names of things: the layouts we read, and the roles that graphs play in them.

/// How a model folder is laid out, and so whose rules fill in what its files do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// optimum's: a `model_index.json`, and a `config.json` beside every graph.
    ///
    /// The class is the original one (`StableDiffusionPipeline`, written by `optimum-cli export onnx`) or an
    /// `ORT…` one (written by `ORTStableDiffusionPipeline.save_pretrained`). Old versions left the sub-folders'
    /// configs out.
    Optimum,
    /// The one of diffusers' own `OnnxStableDiffusionPipeline` and its relatives: no `config.json` beside the
    /// graphs, and a pipeline that fixes the latents' scale and rewrites the scheduler's config.
    LegacyDiffusers,
    /// Folders with graphs in them and nothing that names a pipeline class. Without a `config.json` beside any
    /// graph it is taken for a legacy one that lost its index, and its scheduler's config is rewritten too.
    Bare,
}

impl Layout {
    /// A short name for people and for `inspect`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Optimum => "optimum",
            Self::LegacyDiffusers => "legacy diffusers",
            Self::Bare => "bare folders",
        }
    }
}

/// What a graph is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GraphRole {
    /// Token ids to the context that the UNet attends to.
    TextEncoder,
    /// The denoiser.
    Unet,
    /// Latents to pixels.
    VaeDecoder,
    /// Pixels to latents; only image-to-image needs it.
    VaeEncoder,
    /// Judges pictures; never needed.
    SafetyChecker,
}

impl GraphRole {
    /// Every role, those that text-to-image needs first.
    pub const ALL: [Self; 5] = [Self::TextEncoder, Self::Unet, Self::VaeDecoder, Self::VaeEncoder, Self::SafetyChecker];

    /// The name of the graph's folder in every layout, as `unet`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TextEncoder => "text_encoder",
            Self::Unet => "unet",
            Self::VaeDecoder => "vae_decoder",
            Self::VaeEncoder => "vae_encoder",
            Self::SafetyChecker => "safety_checker",
        }
    }

    /// Whether text-to-image is impossible without it.
    pub fn is_required(self) -> bool {
        matches!(self, Self::TextEncoder | Self::Unet | Self::VaeDecoder)
    }
}

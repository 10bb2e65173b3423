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
    /// An `engine/` folder of ONNX Runtime's scripts for CUDA: graphs only, with names of inputs and outputs of their own.
    Engine,
    /// All graphs in one folder, as `unet.onnx`, and nothing that says what they are.
    Flat,
    /// pyke's: all graphs in one folder, and a `pyke-diffusers.toml` or `diffusers.json` that names them.
    Pyke,
}

impl Layout {
    /// A short name for people and for `inspect`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Optimum => "optimum",
            Self::LegacyDiffusers => "legacy diffusers",
            Self::Bare => "bare folders",
            Self::Engine => "onnxruntime engine",
            Self::Flat => "flat files",
            Self::Pyke => "pyke",
        }
    }
}

/// What a graph is for. Which of them a model needs is its family's matter: [`super::Family::roles_needed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GraphRole {
    /// Token ids to the context that the denoiser attends to; CLIP.
    TextEncoder,
    /// The second one: OpenCLIP's bigG in Stable Diffusion XL and 3, T5 in Flux.
    TextEncoder2,
    /// The third one: T5 in Stable Diffusion 3.
    TextEncoder3,
    /// The denoiser, where it is a UNet.
    Unet,
    /// The denoiser, where it is a transformer.
    Transformer,
    /// Latents to pixels.
    VaeDecoder,
    /// Pixels to latents; only what starts from a picture needs it.
    VaeEncoder,
    /// Judges pictures; never needed.
    SafetyChecker,
    /// Latents to pixels, roughly and fast: what previews may be made with; never needed.
    PreviewDecoder,
    /// Looks at a picture beside the denoiser at every step, and tells it; there may be several.
    ControlNet,
    /// Makes feature maps of a picture for the denoiser, once; there may be several.
    Adapter,
    /// A picture to what CLIP sees in it.
    ImageEncoder,
    /// A picture to how near everything in it is.
    DepthEstimator,
}

impl GraphRole {
    /// Every role, in the order in which they run.
    pub const ALL: [Self; 13] = [
        Self::TextEncoder,
        Self::TextEncoder2,
        Self::TextEncoder3,
        Self::Unet,
        Self::Transformer,
        Self::VaeDecoder,
        Self::VaeEncoder,
        Self::SafetyChecker,
        Self::PreviewDecoder,
        Self::ControlNet,
        Self::Adapter,
        Self::ImageEncoder,
        Self::DepthEstimator,
    ];

    /// The text encoders among them.
    pub const TEXT: [Self; 3] = [Self::TextEncoder, Self::TextEncoder2, Self::TextEncoder3];

    /// The name of the graph's folder in most layouts, as `unet`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TextEncoder => "text_encoder",
            Self::TextEncoder2 => "text_encoder_2",
            Self::TextEncoder3 => "text_encoder_3",
            Self::Unet => "unet",
            Self::Transformer => "transformer",
            Self::VaeDecoder => "vae_decoder",
            Self::VaeEncoder => "vae_encoder",
            Self::SafetyChecker => "safety_checker",
            Self::PreviewDecoder => "vae_decoder_approx",
            Self::ControlNet => "controlnet",
            Self::Adapter => "adapter",
            Self::ImageEncoder => "image_encoder",
            Self::DepthEstimator => "depth_estimator",
        }
    }

    /// The folder of the tokenizer that feeds it; `None` for what is no text encoder.
    pub const fn tokenizer(self) -> Option<&'static str> {
        match self {
            Self::TextEncoder => Some("tokenizer"),
            Self::TextEncoder2 => Some("tokenizer_2"),
            Self::TextEncoder3 => Some("tokenizer_3"),
            _ => None,
        }
    }
}

//! One file a model family: how its conditioning is assembled and which stages run.

mod stable_diffusion;

pub(super) use stable_diffusion::StableDiffusion;

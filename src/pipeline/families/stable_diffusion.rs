//! Stable Diffusion 1.x and 2.x: one CLIP text encoder, one UNet over latents, one KL autoencoder (Rombach et al. 2022,
//! arXiv:2112.10752; diffusers `pipeline_stable_diffusion.py` for every convention), and the latent consistency models
//! distilled from it (Luo et al. 2023, arXiv:2310.04378).

use ndarray::{Array1, ArrayD};

use super::{Family, exactly};
use crate::denoise::{Branch, CONTEXT, Told};
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::pipeline::facts::check_context_width;
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::Plan;
use crate::pipeline::prompting::{Encoded, Layer, Prompts, Reading};

/// The embedded guidance scale of a model that was distilled for guidance.
const GUIDANCE: &str = "timestep_cond";
/// Its width where neither the graph nor a config states it (diffusers `LatentConsistencyModelPipeline`).
const GUIDANCE_WIDTH: usize = 256;

pub(super) struct StableDiffusion;

impl Family for StableDiffusion {
    fn readings(&self, _model: &Opened, _plan: &Plan) -> Vec<Reading> {
        vec![Reading::clip(GraphRole::TextEncoder, 0, Layer::Normed)]
    }

    fn told(&self, model: &Opened) -> Result<Vec<Told>> {
        let mut told = vec![context(model)?];
        told.extend(distilled(model));
        Ok(told)
    }

    fn condition(&self, model: &Opened, plan: &Plan, _prompts: &Prompts, read: Vec<Encoded>) -> Result<Branch> {
        let [Encoded { context, .. }] = exactly(read)?;
        Ok(with_guidance(Branch::default().with(CONTEXT, context.into_dyn()), model, plan))
    }

    fn is_guided(&self, plan: &Plan) -> bool {
        plan.settings.guidance > 1.0 && !plan.distilled
    }
}

/// The context's shape, once the text encoder is seen to fit the denoiser.
pub(super) fn context(model: &Opened) -> Result<Told> {
    let text = model
        .text(GraphRole::TextEncoder)
        .ok_or_else(|| Error::bad_model(model.folder.root(), "it has no text_encoder/model.onnx"))?;
    check_context_width(&model.folder, text, &model.denoiser)?;
    Ok((CONTEXT, vec![None, None]))
}

/// Whether the UNet is told the guidance scale.
pub(super) fn is_distilled(model: &Opened) -> bool {
    model.denoiser.input(GUIDANCE).is_some()
}

/// What a UNet that was distilled for guidance is told besides.
pub(super) fn distilled(model: &Opened) -> Option<Told> {
    is_distilled(model).then(|| (GUIDANCE, vec![guidance_width(model)]))
}

/// `branch` with the guidance scale, where the UNet was distilled for it.
pub(super) fn with_guidance(branch: Branch, model: &Opened, plan: &Plan) -> Branch {
    if !is_distilled(model) {
        return branch;
    }
    let width = guidance_width(model).unwrap_or(GUIDANCE_WIDTH);
    branch.with(GUIDANCE, guidance_embedding(plan.settings.guidance - 1.0, width))
}

fn guidance_width(model: &Opened) -> Option<usize> {
    let spec = model.denoiser.input(GUIDANCE)?;
    spec.shape.get(1).copied().flatten().or(model.folder.denoiser().time_cond_proj_dim)
}

/// `w` as sines and cosines (diffusers `get_guidance_scale_embedding`, after google-research/vdm `model_vdm.py`):
/// `1000·w · exp(−ln(10000)·i/(half−1))`, all sines first; an odd width ends with a zero.
fn guidance_embedding(w: f32, width: usize) -> ArrayD<f32> {
    let half = width / 2;
    let step = (10_000.0_f32).ln() / (half.max(2) - 1) as f32;
    let angle = |i: usize| w * 1000.0 * (-step * i as f32).exp();
    let sines = (0..half).map(|i| angle(i).sin());
    let cosines = (0..half).map(|i| angle(i).cos());
    let odd = (width % 2 == 1).then_some(0.0);
    Array1::from_iter(sines.chain(cosines).chain(odd)).into_dyn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guidance_embedding_is_sines_then_cosines() {
        let embedding = guidance_embedding(7.5, 6);
        let expected = [7500.0_f32, 7500.0 / 100.0, 7500.0 / 10_000.0];
        for (i, angle) in expected.into_iter().enumerate() {
            assert!((embedding[i] - angle.sin()).abs() < 1e-3, "{i}");
            assert!((embedding[i + 3] - angle.cos()).abs() < 1e-3, "{i}");
        }
        assert_eq!(guidance_embedding(1.0, 5)[4], 0.0);
    }
}

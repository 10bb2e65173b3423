//! Flux.1 dev and schnell: CLIP's pooled vector and T5's context, a transformer over packed latents that is told where each
//! of them lies, and flow matching (Black Forest Labs 2024; diffusers `pipeline_flux.py`).

use ndarray::{Array1, Array2, ArrayD, arr0};

use super::stable_diffusion_3::flow_skipped_steps;
use super::{Family, exactly};
use crate::denoise::{Branch, CONTEXT, Told};
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::Plan;
use crate::pipeline::prompting::{Encoded, Layer, Prompts, Reading};
use crate::scheduler::{self, SchedulerOptions};

const POOLED: &str = "pooled_projections";
/// Where each packed latent lies: zero, row, column.
const IMAGE_IDS: &str = "img_ids";
/// Where each token lies: nowhere.
const TEXT_IDS: &str = "txt_ids";
/// The scale that guidance was distilled for; dev only.
const GUIDANCE: &str = "guidance";
/// How many tokens T5 reads where a request does not say; what diffusers' pipeline has for both models.
const T5_TOKENS: usize = 512;
/// Latents along each side of a packed one.
const PACK: usize = 2;

pub(super) struct Flux;

impl Family for Flux {
    fn readings(&self, _model: &Opened, plan: &Plan) -> Vec<Reading> {
        let tokens = plan.request.max_tokens.map_or(T5_TOKENS, |tokens| tokens as usize);
        vec![Reading::clip(GraphRole::TextEncoder, 0, Layer::Normed), Reading::t5(GraphRole::TextEncoder2, 1, tokens)]
    }

    fn told(&self, model: &Opened) -> Result<Vec<Told>> {
        let mut told = vec![
            (CONTEXT, vec![None, None]),
            (POOLED, vec![None]),
            (IMAGE_IDS, vec![None, Some(3)]),
            (TEXT_IDS, vec![None, Some(3)]),
        ];
        if model.denoiser.input(GUIDANCE).is_some() {
            told.push((GUIDANCE, vec![]));
        }
        Ok(told)
    }

    fn condition(&self, model: &Opened, plan: &Plan, _prompts: &Prompts, read: Vec<Encoded>) -> Result<Branch> {
        let [Encoded { pooled, .. }, Encoded { context, .. }] = exactly(read)?;
        let Some(pooled) = pooled else {
            return Err(Error::bad_model(
                model.folder.root(),
                "its text_encoder gives no \"pooler_output\"; export it again with all its outputs",
            ));
        };
        let [_, _, height, width] = plan.latents;
        let text_ids = Array2::<f32>::zeros((context.nrows(), 3));
        let mut branch = Branch::default()
            .with(CONTEXT, context.into_dyn())
            .with(POOLED, pooled.into_dyn())
            .with(TEXT_IDS, text_ids.into_dyn())
            .with(IMAGE_IDS, image_ids(height / PACK, width / PACK)?);
        if model.denoiser.input(GUIDANCE).is_some() {
            branch = branch.with(GUIDANCE, arr0(plan.settings.guidance).into_dyn());
        }
        Ok(branch)
    }

    /// CLIP gives only its pooled vector, so its first chunk is all that is read; T5 reads the rest.
    fn context_texts(&self, _model: &Opened) -> Vec<(GraphRole, usize)> {
        Vec::new()
    }

    fn reads_prompt(&self, _model: &Opened, index: usize) -> bool {
        index < 2
    }

    /// schnell is told none.
    fn reads_guidance(&self, model: &Opened) -> bool {
        model.denoiser.input(GUIDANCE).is_some()
    }

    fn has_true_guidance(&self) -> bool {
        true
    }

    /// Guidance is distilled; the true one needs a negative prompt and a scale of its own, as in diffusers.
    fn is_guided(&self, plan: &Plan) -> bool {
        self.scale(plan) > 1.0 && plan.request.negative_prompt.is_some()
    }

    fn scale(&self, plan: &Plan) -> f32 {
        plan.request.true_guidance.unwrap_or(1.0)
    }

    fn skipped_steps(&self, steps: usize, strength: f64) -> usize {
        flow_skipped_steps(steps, strength)
    }

    fn timestep_scale(&self) -> f64 {
        1e-3
    }

    fn schedule(&self, options: &mut SchedulerOptions, plan: &Plan, model: &Opened) -> Result<()> {
        let packed = (plan.latents[2] / PACK) * (plan.latents[3] / PACK);
        options.mu = Some(scheduler::dynamic_shift(&model.folder.scheduler().config, packed)?);
        options.flow_sigmas = true;
        Ok(())
    }

    fn default_strength(&self, _masked: bool) -> f32 {
        0.6
    }

    fn latent_multiple(&self, _model: &Opened) -> usize {
        PACK
    }

    /// diffusers' `_pack_latents`: 2x2 latents become one of four times the channels.
    fn pack(&self, latents: ArrayD<f32>) -> Result<ArrayD<f32>> {
        let [n, c, h, w] = four(&latents)?;
        let apart = latents.to_shape([n, c, h / PACK, PACK, w / PACK, PACK]).map_err(|e| wrong(&e))?;
        let moved = apart.permuted_axes([0, 2, 4, 1, 3, 5]);
        let packed = moved.to_shape(([n, (h / PACK) * (w / PACK), c * PACK * PACK], ndarray::Order::RowMajor));
        Ok(packed.map_err(|e| wrong(&e))?.into_owned().into_dyn())
    }

    fn unpack(&self, packed: ArrayD<f32>, shape: [usize; 4]) -> Result<ArrayD<f32>> {
        let [n, c, h, w] = shape;
        let apart = packed.to_shape([n, h / PACK, w / PACK, c, PACK, PACK]).map_err(|e| wrong(&e))?;
        let moved = apart.permuted_axes([0, 3, 1, 4, 2, 5]);
        let latents = moved.to_shape(([n, c, h, w], ndarray::Order::RowMajor)).map_err(|e| wrong(&e))?;
        Ok(latents.into_owned().into_dyn())
    }
}

fn four(latents: &ArrayD<f32>) -> Result<[usize; 4]> {
    <[usize; 4]>::try_from(latents.shape())
        .map_err(|_| Error::Internal(format!("latents of shape {:?} cannot be packed", latents.shape())))
}

fn wrong(error: &ndarray::ShapeError) -> Error {
    Error::Internal(format!("latents cannot be packed: {error}"))
}

/// diffusers' `_prepare_latent_image_ids`.
fn image_ids(rows: usize, columns: usize) -> Result<ArrayD<f32>> {
    let ids: Array1<f32> =
        (0..rows).flat_map(|row| (0..columns).flat_map(move |column| [0.0, row as f32, column as f32])).collect();
    let ids = ids.into_shape_with_order([rows * columns, 3]).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(ids.into_dyn())
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;

    #[test]
    fn four_latents_become_one_and_four_again() {
        let shape = [2, 3, 4, 6];
        let latents = Array::from_iter((0..144).map(|v| v as f32)).into_shape_with_order(shape).unwrap().into_dyn();
        let packed = Flux.pack(latents.clone()).unwrap();
        assert_eq!(packed.shape(), [2, 6, 12]);
        // The first packed one holds the first 2x2 latents of each channel, row by row.
        let first: Vec<f32> = packed.iter().take(12).copied().collect();
        assert_eq!(first, [0.0, 1.0, 6.0, 7.0, 24.0, 25.0, 30.0, 31.0, 48.0, 49.0, 54.0, 55.0]);
        assert_eq!(Flux.unpack(packed, shape).unwrap(), latents);
    }

    #[test]
    fn ids_are_rows_and_columns() {
        let ids = image_ids(2, 3).unwrap();
        assert_eq!(ids.shape(), [6, 3]);
        assert_eq!(ids.iter().copied().skip(12).take(3).collect::<Vec<_>>(), [0.0, 1.0, 1.0]);
    }
}

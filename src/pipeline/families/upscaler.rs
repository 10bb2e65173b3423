//! Stable Diffusion's x4 upscaler: Stable Diffusion 2's text encoder, and a UNet that also sees the small picture and how
//! much noise it got (diffusers `pipeline_stable_diffusion_upscale.py`).

use ndarray::{ArrayD, arr0};
use serde_json::Map;

use super::{Family, exactly, stable_diffusion};
use crate::denoise::{Branch, CONTEXT, Told};
use crate::error::Result;
use crate::model::GraphRole;
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::Plan;
use crate::pipeline::prompting::{Encoded, Layer, Prompts, Reading};
use crate::scheduler;

/// The noise level, as a class.
const NOISE_LEVEL: &str = "class_labels";

pub(super) struct Upscaler;

impl Family for Upscaler {
    fn readings(&self, _model: &Opened, _plan: &Plan) -> Vec<Reading> {
        vec![Reading::clip(GraphRole::TextEncoder, 0, Layer::Normed)]
    }

    fn told(&self, model: &Opened) -> Result<Vec<Told>> {
        Ok(vec![stable_diffusion::context(model)?, (NOISE_LEVEL, vec![])])
    }

    fn condition(&self, _model: &Opened, plan: &Plan, _prompts: &Prompts, read: Vec<Encoded>) -> Result<Branch> {
        let [Encoded { context, .. }] = exactly(read)?;
        let level = plan.noise_level() as f32;
        Ok(Branch::default().with(CONTEXT, context.into_dyn()).with(NOISE_LEVEL, arr0(level).into_dyn()))
    }

    fn noised_picture(
        &self,
        model: &Opened,
        picture: ArrayD<f32>,
        noise: ArrayD<f32>,
        level: u32,
    ) -> Result<ArrayD<f32>> {
        let config = model.folder.low_res_scheduler().map(|file| &file.config);
        let [keep, add] = scheduler::forward_factors(config.unwrap_or(&Map::new()), level as usize)?;
        Ok(picture * keep as f32 + noise * add as f32)
    }
}

//! Stable Diffusion XL and its refiner: two CLIP text encoders side by side (the refiner has the second only), the second
//! one's pooled vector, and sizes as conditioning (Podell et al. 2023, arXiv:2307.01952; diffusers
//! `pipeline_stable_diffusion_xl.py` and `pipeline_stable_diffusion_xl_img2img.py`).

use ndarray::{Array1, ArrayD, Axis, concatenate};

use super::{Family, stable_diffusion};
use crate::denoise::{Branch, CONTEXT, Told};
use crate::error::{Error, Result};
use crate::model::{self, GraphRole};
use crate::pipeline::SizeConditioning;
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::Plan;
use crate::pipeline::prompting::{Encoded, Layer, Prompts, Reading};
use crate::scheduler::{AysModel, SchedulerOptions};

/// The pooled text.
const POOLED: &str = "text_embeds";
/// The sizes.
const SIZES: &str = "time_ids";
/// diffusers' defaults for the refiner.
const AESTHETIC_SCORE: f32 = 6.0;
const NEGATIVE_AESTHETIC_SCORE: f32 = 2.5;

pub(super) struct StableDiffusionXl;

impl Family for StableDiffusionXl {
    fn readings(&self, model: &Opened, _plan: &Plan) -> Vec<Reading> {
        let texts = self.context_texts(model).into_iter();
        texts.map(|(role, index)| Reading::clip(role, index, Layer::Penultimate)).collect()
    }

    fn told(&self, model: &Opened) -> Result<Vec<Told>> {
        let roles: Vec<GraphRole> = model.folder.family().text_roles().to_vec();
        let mut width = Some(0);
        let mut pooled = None;
        for role in roles {
            let text = model.text(role).ok_or_else(|| {
                Error::bad_model(model.folder.root(), format!("it has no {}/model.onnx", role.name()))
            })?;
            width = width.zip(text.width()).map(|(sum, own)| sum + own);
            pooled = text.pooled_width().or(pooled);
        }
        let mut told = vec![
            (CONTEXT, vec![None, width]),
            (POOLED, vec![pooled]),
            (SIZES, vec![Some(if has_aesthetic_score(model) { 5 } else { 6 })]),
        ];
        told.extend(stable_diffusion::distilled(model));
        Ok(told)
    }

    fn condition(&self, model: &Opened, plan: &Plan, prompts: &Prompts, read: Vec<Encoded>) -> Result<Branch> {
        let views: Vec<_> = read.iter().map(|encoded| encoded.context.view()).collect();
        let context = concatenate(Axis(1), &views).map_err(|e| {
            Error::bad_model(model.folder.root(), format!("its text encoders give different numbers of tokens: {e}"))
        })?;
        // The last encoder's is the one that counts.
        let Some(pooled) = read.into_iter().rev().find_map(|encoded| encoded.pooled) else {
            return Err(Error::bad_model(
                model.folder.root(),
                "its text_encoder_2 gives no \"text_embeds\"; export it again with its projection",
            ));
        };
        let (mut context, mut pooled) = (context.into_dyn(), pooled.into_dyn());
        if prompts.negative && !self.reads_negatives(model, plan) {
            context.fill(0.0);
            pooled.fill(0.0);
        }
        let wish = &plan.request.size_conditioning;
        let sizes = sizes(plan, wish, has_aesthetic_score(model), prompts.negative);
        let branch = Branch::default().with(CONTEXT, context).with(POOLED, pooled).with(SIZES, sizes);
        Ok(stable_diffusion::with_guidance(branch, model, plan))
    }

    fn is_guided(&self, plan: &Plan) -> bool {
        plan.settings.guidance > 1.0 && !plan.distilled
    }

    /// The second encoder reads the second prompt, but where it is the only one.
    fn context_texts(&self, model: &Opened) -> Vec<(GraphRole, usize)> {
        model.folder.family().text_roles().iter().enumerate().map(|(index, role)| (*role, index)).collect()
    }

    /// The refiner has one encoder, which reads the first prompt.
    fn reads_prompt(&self, model: &Opened, index: usize) -> bool {
        index < model.folder.family().text_roles().len()
    }

    /// diffusers: zeros only where no negative prompt was given at all; an empty one is encoded.
    fn reads_negatives(&self, model: &Opened, plan: &Plan) -> bool {
        plan.request.negative_prompt.is_some() || !forces_zeros(model)
    }

    /// A number is read where another one in its place would be told.
    fn unread_sizes(&self, model: &Opened, plan: &Plan, guided: bool) -> Vec<&'static str> {
        let (wish, aesthetic) = (&plan.request.size_conditioning, has_aesthetic_score(model));
        let unread = |other: &SizeConditioning| {
            [false, true]
                .into_iter()
                .filter(|negative| guided || !negative)
                .all(|negative| sizes(plan, wish, aesthetic, negative) == sizes(plan, other, aesthetic, negative))
        };
        wish.given().into_iter().filter(|(_, other)| unread(other)).map(|(name, _)| name).collect()
    }

    fn schedule(&self, options: &mut SchedulerOptions, _plan: &Plan, _model: &Opened) -> Result<()> {
        options.ays = AysModel::StableDiffusionXl;
        Ok(())
    }

    fn default_strength(&self, masked: bool) -> f32 {
        if masked { 0.9999 } else { 0.3 }
    }
}

/// The refiner is told how beautiful the result is to be, in place of how large. The graph decides where it can.
fn has_aesthetic_score(model: &Opened) -> bool {
    let fixed = model.denoiser.input(SIZES).and_then(|spec| spec.shape.get(1).copied().flatten());
    match fixed {
        Some(length) => length == 5,
        None => {
            let refiner = model.folder.family() == model::Family::StableDiffusionXlRefiner;
            model.folder.settings().requires_aesthetics_score.unwrap_or(refiner)
        }
    }
}

fn forces_zeros(model: &Opened) -> bool {
    let base = model.folder.family() == model::Family::StableDiffusionXl;
    model.folder.settings().force_zeros_for_empty_prompt.unwrap_or(base)
}

/// Heights before widths, as diffusers' `_get_add_time_ids` has them.
fn sizes(plan: &Plan, wish: &SizeConditioning, aesthetic: bool, negative: bool) -> ArrayD<f32> {
    let own = (plan.settings.width, plan.settings.height);
    let (mut original, mut target) = (wish.original.unwrap_or(own), wish.target.unwrap_or(own));
    let mut crop = wish.crop;
    // Without a mask or a picture diffusers takes the negative sizes only where both are given.
    let apart = wish.negative_original.is_some() && wish.negative_target.is_some();
    if negative && (apart || plan.request.start.picture.is_some() || plan.request.start.latents.is_some()) {
        original = wish.negative_original.unwrap_or(original);
        target = wish.negative_target.unwrap_or(target);
        // Its image-to-image pipelines take the positive crop beside a negative target.
        let from_picture = !(apart && plan.request.start.picture.is_none());
        crop = if aesthetic || !from_picture { wish.negative_crop } else { crop };
    }
    let score = match negative {
        false => wish.aesthetic_score.unwrap_or(AESTHETIC_SCORE),
        true => wish.negative_aesthetic_score.unwrap_or(NEGATIVE_AESTHETIC_SCORE),
    };
    let mut ids = vec![original.1 as f32, original.0 as f32, crop.1 as f32, crop.0 as f32];
    match aesthetic {
        true => ids.push(score),
        false => ids.extend([target.1 as f32, target.0 as f32]),
    }
    Array1::from_vec(ids).into_dyn()
}

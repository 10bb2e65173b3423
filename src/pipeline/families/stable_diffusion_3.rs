//! Stable Diffusion 3 and 3.5: two CLIPs and T5 in one context, zeros where T5 is left out, and flow matching (Esser et al.
//! 2024, arXiv:2403.03206; diffusers `pipeline_stable_diffusion_3.py`).

use ndarray::{Array2, Axis, concatenate, s};

use super::{Family, exactly};
use crate::denoise::{Branch, CONTEXT, Told};
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::Plan;
use crate::pipeline::prompting::{Encoded, Layer, Prompts, Reading};
use crate::scheduler::{self, SchedulerOptions};

/// The pooled text of both CLIPs.
const POOLED: &str = "pooled_projections";
/// The width of T5's part where neither a config nor a graph states it.
const CONTEXT_WIDTH: usize = 4096;
/// How many tokens T5 reads where a request does not say.
const T5_TOKENS: usize = 256;
/// How many tokens stand for T5 where it is left out: CLIP's `tokenizer_max_length`.
const ABSENT_TOKENS: usize = 77;

pub(super) struct StableDiffusion3;

impl Family for StableDiffusion3 {
    fn readings(&self, model: &Opened, plan: &Plan) -> Vec<Reading> {
        let clip = |role, index| Reading::clip(role, index, Layer::Penultimate);
        let mut readings = vec![clip(GraphRole::TextEncoder, 0), clip(GraphRole::TextEncoder2, 1)];
        if model.has_text(GraphRole::TextEncoder3) {
            let tokens = plan.request.max_tokens.map_or(T5_TOKENS, |tokens| tokens as usize);
            readings.push(Reading::t5(GraphRole::TextEncoder3, 2, tokens));
        }
        readings
    }

    fn told(&self, _model: &Opened) -> Result<Vec<Told>> {
        Ok(vec![(CONTEXT, vec![None, None]), (POOLED, vec![None])])
    }

    fn condition(&self, model: &Opened, _plan: &Plan, _prompts: &Prompts, mut read: Vec<Encoded>) -> Result<Branch> {
        let t5 = (read.len() > 2).then(|| read.remove(2).context);
        let [first, second] = exactly(read)?;
        let mismatch = |what: &str| Error::bad_model(model.folder.root(), what.to_owned());
        let clip = concatenate(Axis(1), &[first.context.view(), second.context.view()])
            .map_err(|_| mismatch("its two CLIP text encoders give different numbers of tokens"))?;
        let (Some(one), Some(two)) = (first.pooled, second.pooled) else {
            return Err(mismatch(
                "its text encoders give no \"text_embeds\"; export them again with their projections",
            ));
        };
        let pooled = concatenate(Axis(0), &[one.view(), two.view()]).map_err(|e| Error::Internal(e.to_string()))?;
        let t5 = t5.unwrap_or_else(|| Array2::zeros((ABSENT_TOKENS, context_width(model))));
        if clip.ncols() > t5.ncols() {
            return Err(mismatch("its CLIP text encoders together give a wider context than its transformer reads"));
        }
        let mut context = Array2::zeros((clip.nrows() + t5.nrows(), t5.ncols()));
        context.slice_mut(s![..clip.nrows(), ..clip.ncols()]).assign(&clip);
        context.slice_mut(s![clip.nrows().., ..]).assign(&t5);
        Ok(Branch::default().with(CONTEXT, context.into_dyn()).with(POOLED, pooled.into_dyn()))
    }

    fn context_texts(&self, _model: &Opened) -> Vec<(GraphRole, usize)> {
        vec![(GraphRole::TextEncoder, 0), (GraphRole::TextEncoder2, 1)]
    }

    fn reads_prompt(&self, model: &Opened, index: usize) -> bool {
        index < 2 || (index == 2 && model.has_text(GraphRole::TextEncoder3))
    }

    /// diffusers' `get_timesteps` of this pipeline, which does not cut the number of steps to a whole one first.
    fn skipped_steps(&self, steps: usize, strength: f64) -> usize {
        flow_skipped_steps(steps, strength)
    }

    fn schedule(&self, options: &mut SchedulerOptions, plan: &Plan, model: &Opened) -> Result<()> {
        let patch = model.folder.denoiser().patch_size.unwrap_or(2);
        let patches = (plan.latents[2] / patch) * (plan.latents[3] / patch);
        options.mu = Some(scheduler::dynamic_shift(&model.folder.scheduler().config, patches)?);
        Ok(())
    }

    fn default_strength(&self, _masked: bool) -> f32 {
        0.6
    }

    fn latent_multiple(&self, model: &Opened) -> usize {
        model.folder.denoiser().patch_size.unwrap_or(2)
    }
}

/// `⌊steps − steps · strength⌋`, as diffusers' flow-matching pipelines count it.
pub(super) fn flow_skipped_steps(steps: usize, strength: f64) -> usize {
    (steps as f64 - (steps as f64 * strength).min(steps as f64)).max(0.0) as usize
}

fn context_width(model: &Opened) -> usize {
    let fixed = model.denoiser.input(CONTEXT).and_then(|spec| spec.shape.get(2).copied().flatten());
    fixed.or(model.folder.denoiser().joint_attention_dim).unwrap_or(CONTEXT_WIDTH)
}

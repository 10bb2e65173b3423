//! Stable Diffusion's image variations: CLIP's embedding of a picture is the whole context (diffusers
//! `pipeline_stable_diffusion_image_variation.py`). `pipeline/conditions` looks at the picture and tells it.

use super::Family;
use crate::denoise::{Branch, CONTEXT, Told};
use crate::error::Result;
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::Plan;
use crate::pipeline::prompting::{Encoded, Prompts, Reading};

pub(super) struct ImageVariation;

impl Family for ImageVariation {
    fn told(&self, _model: &Opened) -> Result<Vec<Told>> {
        Ok(vec![(CONTEXT, vec![None, None])])
    }

    fn readings(&self, _model: &Opened, _plan: &Plan) -> Vec<Reading> {
        Vec::new()
    }

    fn condition(&self, _model: &Opened, _plan: &Plan, _prompts: &Prompts, _read: Vec<Encoded>) -> Result<Branch> {
        Ok(Branch::default())
    }

    fn reads_prompts(&self) -> bool {
        false
    }
}

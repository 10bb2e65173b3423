//! The road of models with one denoiser and one autoencoder: the Stable Diffusion family.

use std::sync::Arc;

use super::facts::{self, own_scheduler};
use super::families::{self, Family};
use super::opened::Opened;
use super::plan::Plan;
use super::turn::Turns;
use super::{Generated, Hires, Observer, PipelineInfo, PipelineOptions, Request, Upscale, draw, hires};
use crate::denoise;
use crate::error::{Error, Result};
use crate::model::ModelFolder;
use crate::runtime::{self, CancelToken};
use crate::scheduler::SchedulerKind;

/// An opened model of one stage.
pub(in crate::pipeline) struct Single {
    pub model: Opened,
    pub family: Box<dyn Family>,
    /// What the folder asks for, or why that cannot be; a request may still name another.
    own_scheduler: Result<SchedulerKind, String>,
}

impl Single {
    /// Opens the graphs of `folder`.
    ///
    /// # Errors
    /// As [`crate::Pipeline::open`].
    pub(in crate::pipeline) fn open(
        folder: ModelFolder,
        options: &PipelineOptions,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<(Self, PipelineInfo)> {
        let own_scheduler = own_scheduler(&folder);
        for note in folder.notes() {
            log::info!("{note}");
        }
        cancel.check()?;
        let runtime = runtime::initialize(options.ort_library.as_deref())?;
        let (model, report) = Opened::open(folder, options, observer, cancel)?;
        let family = families::of(&model);
        denoise::check(&model.denoiser, &family.told(&model)?, &model.conditions.filled())?;
        let info = facts::describe(&model, family.as_ref(), &own_scheduler, &runtime, report)?;
        Ok((Self { model, family, own_scheduler }, info))
    }

    /// Draws what `request` asks for, once it is this call's turn.
    ///
    /// # Errors
    /// As [`crate::Pipeline::generate`].
    pub(in crate::pipeline) fn generate(
        &self,
        info: &PipelineInfo,
        request: &Request,
        turns: &Turns,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Generated> {
        match &request.hires {
            None => {
                let plan = self.plan(info, request)?;
                let _turn = turns.take(cancel)?;
                draw::draw(&self.model, self.family.as_ref(), &plan, observer, cancel)
            }
            Some(hires) => self.generate_twice(info, request, hires, turns, observer, cancel),
        }
    }

    /// Draws small, then large. Both passes are planned before the first begins.
    fn generate_twice(
        &self,
        info: &PipelineInfo,
        request: &Request,
        hires: &Hires,
        turns: &Turns,
        observer: &mut dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Generated> {
        let mut small = self.plan(info, &hires::first(request, hires))?;
        small.decodes = hires.upscale == Upscale::Lanczos;
        let mut large = self.plan(info, &hires::second(request, hires, &small, &self.model, info)?)?;
        let _turn = turns.take(cancel)?;
        let family = self.family.as_ref();
        let first = draw::draw(&self.model, family, &small, observer, cancel)?;
        let latents = hires::enlarged(&self.model, &first, hires.upscale, &large, cancel)?;
        large.request.start.latents = Some(Arc::new(latents));
        let second = draw::draw(&self.model, family, &large, observer, cancel)?;
        Ok(hires::together(first, second, hires))
    }

    /// What `request` means to this model.
    ///
    /// # Errors
    /// As [`crate::Pipeline::generate`], before any work starts.
    pub(in crate::pipeline) fn plan(&self, info: &PipelineInfo, request: &Request) -> Result<Plan> {
        if !request.cascade.is_empty() {
            return Err(Error::Unsupported(format!(
                "the model at \"{}\" has one stage; stages, classes, embeddings and attributes are for models of several",
                info.folder.display()
            )));
        }
        Plan::new(&self.model, self.family.as_ref(), info, &self.own_scheduler, request)
    }

    /// What the prompts of `request`, which has nothing else, mean to this model.
    ///
    /// # Errors
    /// As [`crate::Pipeline::encode_prompt`].
    pub(in crate::pipeline) fn plan_prompts(&self, info: &PipelineInfo, request: &Request) -> Result<Plan> {
        Plan::of_prompts(&self.model, self.family.as_ref(), info, &self.own_scheduler, request)
    }

    /// What the folder says of its scheduler.
    pub(in crate::pipeline) fn scheduler_config(&self) -> &serde_json::Map<String, serde_json::Value> {
        &self.model.folder.scheduler().config
    }
}

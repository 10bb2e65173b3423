//! What the denoiser is told: prompts and pictures become guidance branches.

use std::sync::Arc;

use ndarray::ArrayD;

use super::conditioning::Conditioning;
use super::conditions::Looks;
use super::draw::{Drawing, Session};
use super::plan::Job;
use super::prompting::{Encoded, Prompting};
use super::script::Cue;
use super::{MemoryMode, Phase, report};
use crate::denoise::{Branch, Change, Guidance, Role};
use crate::error::{Error, Result};

/// What the prompts became.
pub(in crate::pipeline) struct Told {
    pub branches: Vec<Branch>,
    pub guidance: Guidance,
    /// Their calls are steps of the run, until its span is known.
    pub changes: Vec<Change>,
}

impl Drawing<'_> {
    /// What each guidance branch is told, and how their predictions become one.
    pub(in crate::pipeline) fn encode_prompts(&self, looks: &Looks, session: &mut Session<'_>) -> Result<Told> {
        let (plan, script) = (self.plan, &self.plan.script);
        let told = script.sets.iter().zip(self.read_prompts(session)?).map(|(prompts, read)| {
            let branch = self.family.condition(self.model, plan, prompts, read)?;
            Ok::<_, Error>(Arc::new(looks.tell(branch, prompts.negative)))
        });
        let told = told.collect::<Result<Vec<_>>>()?;
        let mut guidance = Guidance::off();
        let positive = script.positive.iter().map(|line| (Role::Positive(line.weight), &line.cues));
        let mut parts: Vec<(Role, &Vec<Cue>)> = positive.collect();
        if !script.negative.is_empty() {
            let negative = (Role::Negative, &script.negative);
            match plan.job {
                // diffusers' order: the instruction with the picture, the picture alone, neither.
                Job::Edit => parts.extend([(Role::Picture, &script.negative), negative]),
                _ => parts.insert(0, negative),
            }
            guidance.roles = parts.iter().map(|(role, _)| *role).collect();
            guidance.scale = self.family.scale(plan);
            guidance.image_scale = plan.image_guidance();
        }
        let mut branches = Vec::with_capacity(parts.len());
        let mut changes = Vec::new();
        for (branch, (_, cues)) in parts.iter().enumerate() {
            for cue in *cues {
                match cue.step {
                    0 => branches.push(told[cue.set].as_ref().clone()),
                    call => changes.push(Change { call, branch, told: Arc::clone(&told[cue.set]) }),
                }
            }
        }
        changes.sort_by_key(|change| change.call);
        Ok(Told { branches, guidance, changes })
    }

    /// What the text encoders make of each set of prompts, for each of the family's readings. One encoder reads all sets
    /// before the next one begins, so that each is opened once where only one may be open.
    pub(in crate::pipeline) fn read_prompts(&self, session: &mut Session<'_>) -> Result<Vec<Vec<Encoded>>> {
        let (model, plan, sets) = (self.model, self.plan, &self.plan.script.sets);
        let readings = self.family.readings(model, plan);
        let (mut done, all) = (0, readings.len() * sets.len());
        let mut read: Vec<Vec<Encoded>> = sets.iter().map(|_| Vec::with_capacity(readings.len())).collect();
        report(session.observer, Phase::EncodingText, done, all)?;
        for warning in plan.conditioning().map_or(&[][..], Conditioning::warnings) {
            session.warn(warning.clone());
        }
        for reading in readings {
            for (prompts, read) in sets.iter().zip(&mut read) {
                let known = plan.conditioning().and_then(|known| known.find(reading, prompts, plan.script.chunks));
                read.push(match known {
                    Some(known) => known.clone(),
                    None => Prompting { model, plan, session: &mut *session }.read(reading, prompts)?,
                });
                done += 1;
                report(session.observer, Phase::EncodingText, done, all)?;
            }
            if model.memory == MemoryMode::Low {
                model.release_text(reading.role);
            }
        }
        Ok(read)
    }
}

/// Gives the branches the channels that follow their samples: all the same, but that an edit's negative branch sees no
/// picture.
pub(in crate::pipeline) fn show_picture(branches: &mut [Branch], guidance: &Guidance, extra: Option<ArrayD<f32>>) {
    let Some(extra) = extra.map(|extra| extra.as_standard_layout().into_owned()) else { return };
    let edits = guidance.roles.contains(&Role::Picture);
    for (branch, role) in branches.iter_mut().zip(&guidance.roles) {
        let blind = edits && *role == Role::Negative;
        branch.extra = Some(if blind { ArrayD::zeros(extra.shape()) } else { extra.clone() });
    }
}

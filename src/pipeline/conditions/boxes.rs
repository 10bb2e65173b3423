//! Boxes with phrases: what belongs where in the picture (GLIGEN: Li et al. 2023, arXiv:2301.07093; diffusers
//! `pipeline_stable_diffusion_gligen.py`).

use ndarray::{Array1, Array2, arr0, s};

use super::{Looks, Run};
use crate::denoise::{Companion, Switch};
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::pipeline::opened::Opened;
use crate::pipeline::plan::{Plan, as_written};
use crate::pipeline::request::Request;
use crate::runtime::{CancelToken, Graph};
use crate::text::HiddenState;

/// The denoiser's inputs: `[batch, boxes, 4]`, `[batch, boxes, width]` and `[batch, boxes]`.
const BOXES: &str = "boxes";
const EMBEDDINGS: &str = "positive_embeddings";
const MASKS: &str = "masks";
/// What exporters call the input that is 1 where boxes count and 0 where the layers that read them are left out.
const GATES: [&str; 3] = ["gligen_gate", "fuser_gate", "gligen_enabled"];
/// How many boxes a denoiser takes that does not say: as many as it was trained with (`max_objs`).
const MOST: usize = 30;
/// The part of the run in which boxes count: diffusers' `gligen_scheduled_sampling_beta`.
const UNTIL: f32 = 0.3;

/// Where a denoiser takes boxes.
pub(super) struct Boxes {
    most: usize,
    width: Option<usize>,
    gate: Option<(String, usize)>,
}

impl Boxes {
    /// Finds the inputs by their names.
    ///
    /// # Errors
    /// [`Error::BadModel`] when some of them are missing.
    pub(super) fn find(denoiser: &Graph) -> Result<Option<Self>> {
        let Some(embeddings) = denoiser.input(EMBEDDINGS) else { return Ok(None) };
        let (Some(_), Some(_)) = (denoiser.input(BOXES), denoiser.input(MASKS)) else {
            return Err(Error::bad_model(
                denoiser.path(),
                format!("it has an input \"{EMBEDDINGS}\", but not both \"{BOXES}\" and \"{MASKS}\", as GLIGEN's has"),
            ));
        };
        let gate = GATES.iter().find_map(|name| denoiser.input(name));
        Ok(Some(Self {
            most: embeddings.shape.get(1).copied().flatten().unwrap_or(MOST),
            width: embeddings.shape.get(2).copied().flatten(),
            gate: gate.map(|spec| (spec.name.clone(), spec.shape.len())),
        }))
    }

    /// How many boxes there may be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// The denoiser's inputs.
    pub(super) fn inputs(&self) -> Vec<String> {
        let names = [BOXES, EMBEDDINGS, MASKS].map(str::to_owned);
        names.into_iter().chain(self.gate.iter().map(|(name, _)| name.clone())).collect()
    }

    pub(super) fn check(&self, request: &Request) -> Result<()> {
        if request.boxes.len() > self.most {
            return Err(Error::invalid(format!(
                "{} boxes are given; this model takes at most {}",
                request.boxes.len(),
                self.most
            )));
        }
        if self.gate.is_none() && request.boxes_until.is_some_and(|until| until < 1.0) {
            return Err(Error::Unsupported(format!(
                "boxes are to count for a part of the run only, but this model's denoiser has no input to leave them out \
                 with ({}); they count for all of it",
                GATES.join(", ")
            )));
        }
        Ok(())
    }

    /// Tells every branch where the boxes are and what they hold, and the negative ones that none of them counts.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a text encoder that does not give a phrase as one vector; whatever it says.
    pub(super) fn look(&self, model: &Opened, plan: &Plan, looks: &mut Looks, cancel: &CancelToken) -> Result<()> {
        let Some(text) = model.text(GraphRole::TextEncoder) else {
            return Err(Error::bad_model(
                model.folder.root(),
                "it has no text_encoder/model.onnx to read phrases with",
            ));
        };
        let width = self.width.or(text.pooled_width()).or(text.width()).ok_or_else(|| {
            Error::bad_model(model.folder.root(), "neither its denoiser nor its text encoder says how wide a phrase is")
        })?;
        let mut corners = Array2::<f32>::zeros((self.most, 4));
        let mut phrases = Array2::<f32>::zeros((self.most, width));
        let mut masks = Array1::<f32>::zeros(self.most);
        for (at, each) in plan.request.boxes.iter().enumerate() {
            let pooled = text.encode(&each.phrase, HiddenState::Last, cancel)?.pooled;
            let Some(pooled) = pooled.filter(|pooled| pooled.len() == width) else {
                return Err(Error::Unsupported(format!(
                    "the text encoder of the model at \"{}\" does not give a phrase as one vector of width {width} \
                     (\"pooler_output\"), which boxes need",
                    model.folder.root().display()
                )));
            };
            corners.slice_mut(s![at, ..]).assign(&Array1::from_iter(each.corners));
            phrases.slice_mut(s![at, ..]).assign(&pooled);
            masks[at] = 1.0;
        }
        for (negative, told) in looks.told.iter_mut().enumerate() {
            let counts = if negative == 1 { Array1::zeros(self.most) } else { masks.clone() };
            told.inputs.insert(BOXES.to_owned(), corners.clone().into_dyn());
            told.inputs.insert(EMBEDDINGS.to_owned(), phrases.clone().into_dyn());
            told.inputs.insert(MASKS.to_owned(), counts.into_dyn());
        }
        Ok(())
    }

    /// Who says at each call whether boxes count: for the first `⌊until · calls⌋`.
    pub(super) fn gate(&self, run: &Run<'_>) -> Option<Box<dyn Companion>> {
        let (name, rank) = self.gate.as_ref()?;
        let request = &run.plan.request;
        let until = as_written(request.boxes_until.unwrap_or(UNTIL));
        let count = if request.boxes.is_empty() { 0 } else { (until * run.span.len() as f64) as usize };
        let value = |value: f32| {
            let mut value = arr0(value).into_dyn();
            (0..*rank).for_each(|axis| value.insert_axis_inplace(ndarray::Axis(axis)));
            value
        };
        let calls = run.span.start..run.span.start + count;
        Some(Box::new(Switch::new(name.clone(), value(1.0), value(0.0), calls)))
    }
}

//! Pictures as prompts: CLIP's embeddings of them, for an IP-Adapter inside the UNet (Ye et al. 2023, arXiv:2308.06721;
//! diffusers `prepare_ip_adapter_image_embeds`), or as the whole context of a model that draws variations of a picture.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, IxDyn};

use super::late::LateGraph;
use super::{Looks, Run};
use crate::denoise::{CONTEXT, Companion, Switch};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::model::{Family, FeatureExtractor};
use crate::pipeline::opened::Opened;
use crate::pipeline::request::ConditionPicture;
use crate::runtime::{CancelToken, Graph, IoSpec};
use crate::tensor::Tensor;

/// The UNet's input for embeddings, `[batch, pictures, width]`, and the image encoder's output.
const EMBEDS: &str = "image_embeds";
/// The UNet's input for how much they count: one number, or one for each layer of attention.
const SCALE: &str = "ip_adapter_scale";

/// Where a denoiser takes embeddings of pictures.
pub(super) struct ImagePort {
    embeds: IoSpec,
    scale: Option<IoSpec>,
    /// Whether the embedding is all that the denoiser attends to, in the place of a prompt.
    is_context: bool,
}

impl ImagePort {
    /// Finds it by its names.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for embeddings of another rank.
    pub(super) fn find(denoiser: &Graph, family: Family) -> Result<Option<Self>> {
        let is_context = family == Family::ImageVariation;
        let Some(embeds) = denoiser.input(if is_context { CONTEXT } else { EMBEDS }) else { return Ok(None) };
        if embeds.shape.len() != 3 {
            return Err(Error::Unsupported(format!(
                "the denoiser at \"{}\" has an input \"{}\" that is {embeds}; this version fills [batch, pictures, \
                 width], one embedding a picture",
                denoiser.path().display(),
                embeds.name
            )));
        }
        let scale = denoiser.input(SCALE).filter(|_| !is_context).cloned();
        Ok(Some(Self { embeds: embeds.clone(), scale, is_context }))
    }

    /// The denoiser's inputs.
    pub(super) fn inputs(&self) -> Vec<String> {
        std::iter::once(&self.embeds).chain(&self.scale).map(|spec| spec.name.clone()).collect()
    }

    /// Whether a scale may be chosen; one of 0 leaves the pictures out.
    pub(super) fn is_adjustable(&self) -> bool {
        self.scale.is_some()
    }

    /// Whether several pictures may be given.
    pub(super) fn takes_many(&self) -> bool {
        !self.is_context && self.embeds.shape[1] != Some(1)
    }

    /// Tells the positive branches what CLIP sees in `pictures`, and the negative ones zeros.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another number of pictures than the graph was exported for; whatever the encoder
    /// says.
    pub(super) fn look(
        &self,
        encoder: &LateGraph,
        pictures: &[Arc<Image>],
        looks: &mut Looks,
        model: &Opened,
        cancel: &CancelToken,
    ) -> Result<()> {
        let fixed = self.embeds.shape[1].filter(|_| !self.is_context);
        let width = self.embeds.shape[2];
        let embeds = match (pictures, width) {
            ([], Some(width)) => ArrayD::zeros(IxDyn(&[fixed.unwrap_or(1), width])),
            ([], None) => {
                return Err(Error::invalid(format!(
                    "the model at \"{}\" needs a condition picture with the role \"image_prompt\", since its denoiser does \
                     not say how wide an embedding is",
                    model.folder.root().display()
                )));
            }
            _ => {
                if let Some(fixed) = fixed.filter(|fixed| *fixed != pictures.len()) {
                    return Err(Error::invalid(format!(
                        "{} condition pictures have the role \"image_prompt\", but the model's denoiser was exported for \
                         {fixed}",
                        pictures.len()
                    )));
                }
                embeddings(encoder, pictures, model, cancel)?
            }
        };
        if let Some(width) = width.filter(|width| *width != embeds.shape()[1]) {
            return Err(Error::bad_model(
                model.folder.root(),
                format!(
                    "its image encoder gives embeddings of width {}, but its denoiser takes width {width}",
                    embeds.shape()[1]
                ),
            ));
        }
        looks.told[1].inputs.insert(self.embeds.name.clone(), ArrayD::zeros(embeds.raw_dim()));
        looks.told[0].inputs.insert(self.embeds.name.clone(), embeds);
        Ok(())
    }

    /// Who says how much the pictures count: nothing without any.
    pub(super) fn strength(&self, condition: Option<&ConditionPicture>, run: &Run<'_>) -> Option<Box<dyn Companion>> {
        let spec = self.scale.as_ref()?;
        let shape: Vec<usize> = spec.shape.iter().map(|side| side.unwrap_or(1)).collect();
        let (scale, calls) = match condition {
            Some(condition) => (condition.scale, run.calls(condition.start, condition.end)),
            None => (0.0, 0..0),
        };
        let value = |value: f32| ArrayD::from_elem(IxDyn(&shape), value);
        Some(Box::new(Switch::new(spec.name.clone(), value(scale), value(0.0), calls)))
    }
}

/// What CLIP sees in each picture, `[pictures, width]`.
///
/// # Errors
/// [`Error::BadModel`] for a graph that is no image encoder; whatever it says.
fn embeddings(
    encoder: &LateGraph,
    pictures: &[Arc<Image>],
    model: &Opened,
    cancel: &CancelToken,
) -> Result<ArrayD<f32>> {
    let graph = encoder.get(cancel)?;
    let ([input], Some(_)) = (graph.inputs(), graph.output(EMBEDS)) else {
        return Err(Error::bad_model(
            graph.path(),
            format!("an image encoder takes a picture alone and has an output \"{EMBEDS}\"; this one does not"),
        ));
    };
    let FeatureExtractor { shortest_side, crop, mean, deviation } = FeatureExtractor::read(model.folder.root())?;
    let mut rows = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let batch = input.shape.first().copied().flatten().unwrap_or(1).max(1);
        let pixels = picture
            .for_vision(shortest_side, crop, mean, deviation)?
            .insert_axis(Axis(0))
            .select(Axis(0), &vec![0; batch]);
        let pixels = Tensor::F32(pixels.as_standard_layout().into_owned().into_dyn()).cast(input.dtype);
        let embeds = graph.run(&[(input.name.as_str(), pixels)], &[EMBEDS], cancel)?;
        let embeds = embeds.into_iter().next().map(Tensor::into_f32).filter(|values| values.ndim() == 2);
        let Some(embeds) = embeds.filter(|values| values.shape()[0] > 0) else {
            return Err(Error::bad_model(graph.path(), format!("its output \"{EMBEDS}\" is not [batch, width]")));
        };
        rows.push(embeds.index_axis_move(Axis(0), 0));
    }
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    ndarray::stack(Axis(0), &views).map_err(|e| Error::Internal(e.to_string()))
}

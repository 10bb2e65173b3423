//! The safety checker: a graph that judges finished pictures.

use std::sync::Arc;

use ndarray::{Array3, Array4, Axis};

use crate::error::{Error, Result};
use crate::image::{Image, PixelFormat};
use crate::model::FeatureExtractor;
use crate::pipeline::Safety;
use crate::runtime::{CancelToken, Graph, IoSpec};
use crate::tensor::Tensor;

/// What CLIP looks at.
const LOOKS_AT: &str = "clip_input";
/// The picture that the graph would paint black; nobody reads what it makes of it.
const PAINTS: &str = "images";
/// Whether it flags each picture.
const VERDICT: &str = "has_nsfw_concepts";
/// A blurred picture's standard deviation, as a part of its longer side: no face and no body is left at it.
const BLUR: f32 = 1.0 / 16.0;

/// The graph with how it wants to see pictures (diffusers `safety_checker.py`, `forward_onnx`).
pub(in crate::pipeline) struct Checker {
    graph: Arc<Graph>,
    eyes: FeatureExtractor,
}

impl Checker {
    /// # Errors
    /// [`Error::BadModel`] when the graph is no safety checker.
    pub(in crate::pipeline) fn new(graph: Arc<Graph>, eyes: FeatureExtractor) -> Result<Self> {
        let unknown = graph.inputs().iter().find(|input| ![LOOKS_AT, PAINTS].contains(&input.name.as_str()));
        if let Some(unknown) = unknown {
            return Err(Error::bad_model(
                graph.path(),
                format!("it has an input \"{}\"; a safety checker has \"{LOOKS_AT}\" and \"{PAINTS}\"", unknown.name),
            ));
        }
        for (name, there) in [(LOOKS_AT, graph.input(LOOKS_AT)), (VERDICT, graph.output(VERDICT))] {
            if there.is_none() {
                return Err(Error::bad_model(graph.path(), format!("it has no \"{name}\", as a safety checker has")));
            }
        }
        Ok(Self { graph, eyes })
    }

    /// Whether it flags `image`. One picture at a time, as diffusers' ONNX pipelines do.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::GraphFailed`]; [`Error::BadModel`] when the answer is none.
    pub(in crate::pipeline) fn flags(&self, image: &Image, cancel: &CancelToken) -> Result<bool> {
        let image = image.convert(PixelFormat::Rgb8)?;
        let mut inputs = Vec::with_capacity(2);
        for spec in self.graph.inputs() {
            let values = match spec.name.as_str() {
                LOOKS_AT => seen(&image, &self.eyes)?.insert_axis(Axis(0)),
                // [batch, height, width, colours], 0 to 1.
                _ => unit(&image)?.permuted_axes([1, 2, 0]).insert_axis(Axis(0)),
            };
            inputs.push((spec.name.as_str(), tensor(values, spec)));
        }
        let verdict = self.graph.run(&inputs, &[VERDICT], cancel)?.into_iter().next().map(Tensor::into_f32);
        match verdict.filter(|values| !values.is_empty()) {
            Some(values) => Ok(values.iter().any(|value| *value != 0.0)),
            None => Err(Error::bad_model(self.graph.path(), format!("its output \"{VERDICT}\" is empty"))),
        }
    }

    /// Gives the graph's memory back until it is needed again.
    pub(in crate::pipeline) fn release(&self) {
        self.graph.release();
    }
}

/// Looks at every picture; blurs what is flagged where that was asked for.
///
/// # Errors
/// As [`Checker::flags`].
pub(in crate::pipeline) fn check(
    checker: &Checker,
    images: &mut [Image],
    safety: Safety,
    cancel: &CancelToken,
) -> Result<Vec<Option<bool>>> {
    let mut flagged = Vec::with_capacity(images.len());
    for image in images {
        let flags = checker.flags(image, cancel)?;
        if flags && safety == Safety::Blur {
            *image = image.blurred(image.width().max(image.height()) as f32 * BLUR)?;
        }
        flagged.push(Some(flags));
    }
    Ok(flagged)
}

/// What CLIP sees of `image`: `[3, height, width]`.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub(in crate::pipeline) fn seen(image: &Image, eyes: &FeatureExtractor) -> Result<Array3<f32>> {
    let small = image.with_shorter_side(eyes.shortest_side)?;
    let (height, width) = eyes.crop;
    let (left, top) = ((small.width() - width) / 2, (small.height() - height) / 2);
    normalised(&small.cropped(left, top, width, height)?, eyes.mean, eyes.deviation)
}

/// `[3, height, width]`, each colour (0 to 1) less its mean and divided by its deviation.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub(in crate::pipeline) fn normalised(image: &Image, mean: [f32; 3], deviation: [f32; 3]) -> Result<Array3<f32>> {
    let mut values = unit(image)?;
    for ((mut plane, mean), deviation) in values.outer_iter_mut().zip(mean).zip(deviation) {
        plane.mapv_inplace(|value| (value - mean) / deviation);
    }
    Ok(values)
}

/// `[3, height, width]`, 0 to 1.
fn unit(image: &Image) -> Result<Array3<f32>> {
    Ok(image.to_chw()?.mapv_into(|value| (value + 1.0) / 2.0))
}

/// `values` as the graph's input takes it, once for each row of a fixed batch.
fn tensor(values: Array4<f32>, spec: &IoSpec) -> Tensor {
    let rows = spec.shape.first().copied().flatten().unwrap_or(1).max(1);
    Tensor::F32(values.select(Axis(0), &vec![0; rows]).as_standard_layout().into_owned().into_dyn()).cast(spec.dtype)
}

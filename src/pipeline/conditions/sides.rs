//! ControlNets and T2I-Adapters: what they look at, and who fills the UNet's inputs with what they make of it.

use std::sync::Arc;

use ndarray::{Array4, ArrayD, Axis};

use super::late::LateGraph;
use super::{Conditions, Kind, Run};
use crate::denoise::{CONDITION, Companion, ControlNet, ControlNets, Features};
use crate::error::{Error, Result};
use crate::image::{Image, Mask};
use crate::pipeline::request::ConditionPicture;
use crate::runtime::Graph;
use crate::tensor::Tensor;

/// One network beside the denoiser.
pub(super) struct Side {
    pub graph: LateGraph,
    pub pooled: bool,
}

impl Conditions {
    /// Who fills the inputs of ControlNets and adapters; those that no picture is given for, with zeros.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where nothing is given and nothing states how large the zeros must be; whatever the graphs
    /// say.
    pub(super) fn beside(&self, run: &Run<'_>) -> Result<Vec<Box<dyn Companion>>> {
        let mut companions: Vec<Box<dyn Companion>> = Vec::new();
        if !self.residuals.control.is_empty() {
            companions.push(self.control(run)?);
        }
        if !self.residuals.intra.is_empty() {
            companions.push(Box::new(self.features(run)?));
        }
        Ok(companions)
    }

    fn control(&self, run: &Run<'_>) -> Result<Box<dyn Companion>> {
        let inputs = self.residuals.control.clone();
        let mut given: Vec<(usize, &ConditionPicture)> = Vec::new();
        for condition in &run.plan.request.conditions {
            if let Some(Kind::Control(net)) = self.kind(condition) {
                given.push((net, condition));
            }
        }
        // As in a list of nets: the first of the model's decides for all whether they are pooled.
        given.sort_by_key(|(net, _)| *net);
        let mut nets = Vec::with_capacity(given.len());
        for (net, condition) in given {
            let side = &self.controls[net];
            let graph = side.graph.get(run.cancel)?;
            let colours = graph.input(CONDITION).and_then(|spec| spec.shape.get(1).copied().flatten());
            nets.push(ControlNet {
                condition: picture(condition, run, colours, &graph)?,
                graph,
                scale: condition.scale,
                calls: run.calls(condition.start, condition.end),
                pooled: side.pooled,
            });
        }
        let Some(first) = nets.first() else {
            return Ok(Box::new(Features::new(inputs.clone(), self.zeros(&inputs, false, run)?)));
        };
        let guess = run.plan.request.guess_mode || first.pooled;
        let told: Vec<&str> =
            run.branches.first().map(|branch| branch.inputs.keys().map(String::as_str).collect()).unwrap_or_default();
        Ok(Box::new(ControlNets::new(inputs, nets, run.negative(), guess, &told)?))
    }

    fn features(&self, run: &Run<'_>) -> Result<Features> {
        let inputs = self.residuals.intra.clone();
        let mut parts = Vec::new();
        for condition in &run.plan.request.conditions {
            let Some(Kind::Adapter(number)) = self.kind(condition) else { continue };
            let graph = self.adapters[number].graph.get(run.cancel)?;
            let mut maps = adapted(&graph, condition, run, inputs.len())?;
            maps.iter_mut().for_each(|map| map.mapv_inplace(|value| value * condition.scale));
            parts.push((maps, run.calls(condition.start, condition.end)));
        }
        let shapes = match parts.first() {
            Some((maps, _)) => maps.iter().map(|map: &ArrayD<f32>| map.shape().to_vec()).collect(),
            None => self.zeros(&inputs, true, run)?,
        };
        let mut features = Features::new(inputs, shapes);
        for (maps, calls) in parts {
            features.add(maps, calls)?;
        }
        Ok(features)
    }

    fn zeros(&self, inputs: &[String], intra: bool, run: &Run<'_>) -> Result<Vec<Vec<usize>>> {
        let [_, _, height, width] = run.plan.latents;
        super::residuals::shapes(run.denoiser, inputs, intra, run.model.folder.denoiser(), [height, width]).ok_or_else(
            || {
                let (what, role) = if intra { ("an adapter", "adapter") } else { ("a ControlNet", "controlnet") };
                Error::Unsupported(format!(
                    "the denoiser at \"{}\" has inputs for what {what} makes, whose sizes neither it nor a config states; \
                     give a condition picture with the role \"{role}\"",
                    run.denoiser.path().display()
                ))
            },
        )
    }
}

/// The maps that an adapter makes of its picture, each of one row.
fn adapted(graph: &Arc<Graph>, condition: &ConditionPicture, run: &Run<'_>, count: usize) -> Result<Vec<ArrayD<f32>>> {
    let ([input], true) = (graph.inputs(), graph.outputs().len() == count) else {
        return Err(Error::bad_model(
            graph.path(),
            format!(
                "an adapter of this model takes a picture and makes {count} feature maps, as many as its denoiser takes; \
                 this one takes {} and makes {}",
                graph.inputs().len(),
                graph.outputs().len()
            ),
        ));
    };
    let colours = input.shape.get(1).copied().flatten();
    let picture = picture(condition, run, colours, graph)?;
    let rows = input.shape.first().copied().flatten().unwrap_or(1).max(1);
    let picture = Tensor::F32(picture.select(Axis(0), &vec![0; rows])).cast(input.dtype);
    let names: Vec<&str> = graph.outputs().iter().map(|output| output.name.as_str()).collect();
    let maps = graph.run(&[(input.name.as_str(), picture)], &names, run.cancel)?;
    let one = |map: Tensor| {
        let map = map.into_f32();
        match map.ndim() == 4 && map.shape()[0] > 0 {
            true => Ok(map.index_axis_move(Axis(0), 0)),
            false => Err(Error::bad_model(graph.path(), "an adapter's outputs are [batch, channels, height, width]")),
        }
    };
    maps.into_iter().map(one).collect()
}

/// The picture of a condition at the size that is drawn, `[1, colours, height, width]`, 0 to 1 (diffusers'
/// `VaeImageProcessor` without normalisation, and `_preprocess_adapter_image`).
fn picture(condition: &ConditionPicture, run: &Run<'_>, colours: Option<usize>, graph: &Graph) -> Result<ArrayD<f32>> {
    let unit =
        |image: &Image| -> Result<_> { Ok(run.at_size(image)?.to_chw()?.mapv_into(|value| (value + 1.0) / 2.0)) };
    let values = match colours {
        None | Some(3) => unit(&condition.picture)?,
        Some(1) => unit(&Mask::from_grey(&condition.picture)?.to_image()?)?.select(Axis(0), &[0]),
        Some(other) => {
            return Err(Error::Unsupported(format!(
                "the graph at \"{}\" looks at pictures of {other} channels; this version gives it 3, or 1 for a grey one",
                graph.path().display()
            )));
        }
    };
    let values: Array4<f32> = values.insert_axis(Axis(0));
    Ok(values.as_standard_layout().into_owned().into_dyn())
}

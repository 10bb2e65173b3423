//! ControlNets: copies of a UNet's first half that look at a picture, and whose outputs the UNet adds to its own (Zhang
//! et al. 2023, arXiv:2302.05543; diffusers `models/controlnets/controlnet.py` and `pipeline_controlnet.py` for every
//! convention).

use std::ops::Range;
use std::sync::Arc;

use ndarray::{ArrayD, Axis, IxDyn, Slice};

use super::companion::{Call, Companion, Filled};
use super::denoiser::{is_shared, stacked};
use super::ports::Ports;
use crate::error::{Error, Result};
use crate::runtime::Graph;
use crate::tensor::Tensor;

/// The picture's input.
pub(crate) const CONDITION: &str = "controlnet_cond";
/// The strength's input; a net without it is multiplied afterwards.
const SCALE: &str = "conditioning_scale";

/// One ControlNet with what it looks at.
pub(crate) struct ControlNet {
    /// The graph. Its outputs are taken by their places: those of the way down, then the middle one.
    pub graph: Arc<Graph>,
    /// The picture, `[1, colours, height, width]`, 0 to 1.
    pub condition: ArrayD<f32>,
    /// What its outputs are multiplied by.
    pub scale: f32,
    /// The calls at which it takes part.
    pub calls: Range<usize>,
    /// Whether its outputs are means over the whole picture (`global_pool_conditions`).
    pub pooled: bool,
}

/// Every ControlNet of a generation; their outputs are added up.
pub(crate) struct ControlNets {
    inputs: Vec<String>,
    nets: Vec<ControlNet>,
    /// For each branch: whether it goes without.
    blind: Vec<bool>,
    /// Whether the outputs of the upper levels count less.
    guess: bool,
    /// Of one row, for each input; empty before the first run.
    shapes: Vec<Vec<usize>>,
    values: Vec<ArrayD<f32>>,
    version: u64,
}

/// The version of zeros.
const NOTHING: u64 = 0;

impl ControlNets {
    /// `inputs` are the denoiser's, in the order of the nets' outputs. `guess` is diffusers' guess mode, in which the
    /// branches that are `blind` go without.
    ///
    /// # Errors
    /// [`Error::BadModel`] for a graph that is no ControlNet of this denoiser; [`Error::Unsupported`] when it has an input
    /// that is not among those that the denoiser is `told`.
    pub(crate) fn new(
        inputs: Vec<String>,
        nets: Vec<ControlNet>,
        blind: Vec<bool>,
        guess: bool,
        told: &[&str],
    ) -> Result<Self> {
        for net in &nets {
            let (graph, ports) = (&net.graph, Ports::find(&net.graph)?);
            if graph.outputs().len() != inputs.len() {
                return Err(Error::bad_model(
                    graph.path(),
                    format!(
                        "a ControlNet of this model has {} outputs, as many as its denoiser has inputs for them; this one \
                         has {}",
                        inputs.len(),
                        graph.outputs().len()
                    ),
                ));
            }
            if graph.input(CONDITION).is_none() {
                return Err(Error::bad_model(
                    graph.path(),
                    format!("it has no input \"{CONDITION}\", as a ControlNet has"),
                ));
            }
            let timestep = ports.timestep.as_ref().map_or("", |timestep| &timestep.name);
            let own = [&ports.sample.name, timestep, CONDITION, SCALE];
            let unknown = graph.inputs().iter().map(|input| input.name.as_str());
            if let Some(unknown) = unknown.into_iter().find(|name| !own.contains(name) && !told.contains(name)) {
                return Err(Error::Unsupported(format!(
                    "the ControlNet at \"{}\" has an input \"{unknown}\" that this version cannot fill",
                    graph.path().display()
                )));
            }
        }
        Ok(Self { inputs, nets, blind, guess, shapes: Vec::new(), values: Vec::new(), version: NOTHING })
    }

    /// Zeros for `rows` rows.
    fn clear(&mut self, rows: usize) {
        let fits = self.values.len() == self.shapes.len() && self.values.iter().all(|values| values.shape()[0] == rows);
        if fits {
            self.values.iter_mut().for_each(|values| values.fill(0.0));
            return;
        }
        let of = |shape: &Vec<usize>| {
            let all: Vec<usize> = std::iter::once(rows).chain(shape.iter().copied()).collect();
            ArrayD::zeros(IxDyn(&all))
        };
        self.values = self.shapes.iter().map(of).collect();
    }
}

impl Companion for ControlNets {
    fn fill(&mut self, call: &Call<'_>) -> Result<Filled<'_>> {
        let is_blind = |branch: usize| self.guess && self.blind.get(branch).copied().unwrap_or(false);
        let places: Vec<usize> = (0..call.rows.len()).filter(|row| !is_blind(call.rows[*row].0)).collect();
        let seeing: Vec<(usize, usize)> = places.iter().map(|place| call.rows[*place]).collect();
        let takes_part = |net: &ControlNet| net.scale != 0.0 && net.calls.contains(&call.index);
        let mut made = Vec::new();
        // Only the nets themselves say how large their outputs are, so all run once.
        let unknown = self.shapes.is_empty();
        if unknown || (!seeing.is_empty() && self.nets.iter().any(takes_part)) {
            let rows = if seeing.is_empty() { call.rows } else { &seeing };
            for net in self.nets.iter().filter(|net| unknown || takes_part(net)) {
                made.push((takes_part(net) && !seeing.is_empty(), net.run(call, rows, self.guess)?));
            }
        }
        if unknown {
            self.shapes = largest(&made)?;
        }
        self.clear(call.rows.len());
        let mut version = NOTHING;
        for (_, outputs) in made.iter().filter(|(counts, _)| *counts) {
            for (sum, output) in self.values.iter_mut().zip(outputs) {
                for (place, row) in places.iter().zip(output.outer_iter()) {
                    let mut sum = sum.index_axis_mut(Axis(0), *place);
                    if row.broadcast(sum.raw_dim()).is_none() {
                        return Err(Error::Internal("ControlNets gave outputs of other shapes than before".into()));
                    }
                    sum += &row;
                }
            }
            version = self.version + 1;
        }
        if version != NOTHING {
            self.version = version;
        }
        Ok(Filled { version, inputs: &self.inputs, values: &self.values })
    }
}

/// The shapes of one row into which the outputs of all nets fit: those of a pooled net have a single place.
fn largest(made: &[(bool, Vec<ArrayD<f32>>)]) -> Result<Vec<Vec<usize>>> {
    let mut shapes: Vec<Vec<usize>> = Vec::new();
    for (_, outputs) in made {
        for (at, output) in outputs.iter().enumerate() {
            let row = &output.shape()[1..];
            match shapes.get_mut(at) {
                None => shapes.push(row.to_vec()),
                Some(shape) if shape.len() == row.len() => {
                    for (side, own) in shape.iter_mut().zip(row) {
                        if *side != *own && *side != 1 && *own != 1 {
                            return Err(Error::invalid(format!(
                                "two ControlNets of this request give outputs of the shapes {:?} and {row:?}; they are of \
                                 different models",
                                &output.shape()[1..]
                            )));
                        }
                        *side = (*side).max(*own);
                    }
                }
                Some(_) => return Err(Error::invalid("two ControlNets of this request are of different models")),
            }
        }
    }
    Ok(shapes)
}

impl ControlNet {
    /// Its outputs for `rows`, multiplied by its scale.
    fn run(&self, call: &Call<'_>, rows: &[(usize, usize)], guess: bool) -> Result<Vec<ArrayD<f32>>> {
        let ports = Ports::find(&self.graph)?;
        let names: Vec<&str> = self.graph.outputs().iter().map(|output| output.name.as_str()).collect();
        let per_call = ports.sample.shape.first().copied().flatten().unwrap_or(rows.len()).max(1);
        let mut all: Vec<ArrayD<f32>> = Vec::new();
        for own in rows.chunks(per_call) {
            let mut padded = own.to_vec();
            padded.resize(per_call, own[own.len() - 1]);
            let outputs = self.graph.run(&self.feeds(call, &ports, &padded)?, &names, call.cancel)?;
            for (at, output) in outputs.into_iter().map(Tensor::into_f32).enumerate() {
                if output.ndim() < 2 || output.shape()[0] != per_call {
                    return Err(Error::bad_model(
                        self.graph.path(),
                        format!(
                            "its output \"{}\" has the shape {:?} for {per_call} rows; a ControlNet's are [batch, channels, \
                             height, width]",
                            names[at],
                            output.shape()
                        ),
                    ));
                }
                let output = output.slice_axis(Axis(0), Slice::from(..own.len())).to_owned();
                match all.get_mut(at) {
                    None => all.push(output),
                    Some(before) => before
                        .append(Axis(0), output.view())
                        .map_err(|e| Error::Internal(format!("a ControlNet's outputs do not fit: {e}")))?,
                }
            }
        }
        let outer = if self.graph.input(SCALE).is_some() { 1.0 } else { self.scale };
        let count = all.len();
        for (at, output) in all.iter_mut().enumerate() {
            let factor = outer * if guess && !self.pooled { damping(at, count) } else { 1.0 };
            if factor != 1.0 {
                output.mapv_inplace(|value| value * factor);
            }
        }
        Ok(all)
    }

    fn feeds<'n>(
        &'n self,
        call: &Call<'_>,
        ports: &'n Ports,
        rows: &[(usize, usize)],
    ) -> Result<Vec<(&'n str, Tensor)>> {
        let mut feeds = Vec::with_capacity(self.graph.inputs().len());
        for spec in self.graph.inputs() {
            let name = spec.name.as_str();
            let values = if name == ports.sample.name {
                let pictures: Vec<usize> = rows.iter().map(|(_, picture)| *picture).collect();
                call.latents.select(Axis(0), &pictures)
            } else if ports.timestep.as_ref().is_some_and(|timestep| timestep.name == name) {
                let shape = if spec.shape.is_empty() { vec![] } else { vec![ports.timestep_len(rows.len())] };
                ArrayD::from_elem(IxDyn(&shape), call.timestep)
            } else if name == CONDITION {
                self.condition.select(Axis(0), &vec![0; rows.len()])
            } else if name == SCALE {
                ArrayD::from_elem(IxDyn(&vec![1; spec.shape.len()]), self.scale)
            } else {
                let row = rows.first().and_then(|(branch, _)| call.branches[*branch].inputs.get(name));
                let shared = row.is_some_and(|row| is_shared(&self.graph, name, row));
                stacked(call.branches, rows, name, shared)?
            };
            feeds.push((name, Tensor::F32(values).cast(spec.dtype)));
        }
        Ok(feeds)
    }
}

/// How much output `at` of `count` counts in guess mode: `torch.logspace(-1, 0, count)`, 0.1 for the first to 1 for the
/// middle one.
fn damping(at: usize, count: usize) -> f32 {
    10.0_f64.powf(at as f64 / (count.max(2) - 1) as f64 - 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guess_mode_damps_the_upper_levels() {
        let thirteen: Vec<f32> = (0..13).map(|at| damping(at, 13)).collect();
        assert!((thirteen[0] - 0.1).abs() < 1e-7 && thirteen[12] == 1.0);
        assert!((thirteen[6] - 0.1_f32.sqrt()).abs() < 1e-6, "{thirteen:?}");
    }

    #[test]
    fn pooled_outputs_fit_into_those_of_other_nets() {
        let output = |shape: &[usize]| ArrayD::zeros(IxDyn(shape));
        let made = [(true, vec![output(&[2, 8, 1, 1])]), (true, vec![output(&[2, 8, 4, 6])])];
        assert_eq!(largest(&made).unwrap(), [[8, 4, 6]]);
        assert!(largest(&[made[1].clone(), (true, vec![output(&[2, 8, 5, 6])])]).is_err());
    }
}

//! The denoiser: one graph that predicts from a noisy sample, its timestep and its conditioning.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::{ArrayD, IxDyn};

use super::branch::Branch;
use super::companion::{Call, Companion, Filled};
use super::ports::{Ports, unused, zeros};
use crate::error::{Error, Result};
use crate::runtime::{BoundGraph, CancelToken, Graph};
use crate::tensor::Tensor;

/// How many rows of the batch go into one graph call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    /// All rows at once, unless the graph fixes the batch in any of its inputs.
    Together,
    /// One row at a time: guidance becomes two calls, and the activations need half the memory.
    OneByOne,
}

/// A denoiser whose inputs stay bound for a whole generation.
///
/// A batch of rows (guidance branches × pictures, one branch's pictures after the other's) is cut into equal chunks,
/// each with its own bound inputs and output, so that the conditioning is written once and a step allocates nothing.
/// Each set of branches that is asked for has a binding of its own.
pub(crate) struct Denoiser {
    graph: Arc<Graph>,
    ports: Ports,
    batching: Batching,
    branches: Vec<Branch>,
    /// `[pictures, …]` of the latents.
    shape: Vec<usize>,
    /// What the timestep is multiplied with before the graph sees it.
    timestep_scale: f64,
    bindings: Vec<Binding>,
    companions: Vec<Box<dyn Companion>>,
    in_graph: Duration,
}

/// The rows of some branches.
struct Binding {
    which: Vec<usize>,
    chunks: Vec<Chunk>,
    /// `[rows, …]`, the predictions of the last call.
    output: ArrayD<f32>,
    rows_per_call: usize,
}

struct Chunk {
    graph: BoundGraph,
    /// Branch and picture of each row. Rows past the chunk's own fill a fixed batch; they repeat its last one and are
    /// thrown away.
    rows: Vec<(usize, usize)>,
    /// What is written into the graph's sample and timestep, and read from its output.
    samples: Vec<f32>,
    timesteps: Vec<f32>,
    predictions: Vec<f32>,
    /// The version of what each companion has filled in.
    filled: Vec<u64>,
    /// Whether they did so for the call that is about to run.
    is_filled: bool,
}

impl Denoiser {
    /// A denoiser over `graph` for latents of `shape` (`[pictures, …]`), told `branches`, all of the same shapes.
    /// `timestep_scale` is 1 for UNets; Flux's transformer wants thousandths.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the graph has no sample, timestep or output.
    pub(crate) fn new(
        graph: &Arc<Graph>,
        shape: &[usize],
        branches: Vec<Branch>,
        timestep_scale: f64,
        batching: Batching,
    ) -> Result<Self> {
        Self::over(graph, Ports::find(graph)?, shape, branches, timestep_scale, batching)
    }

    /// The same over a graph of gradients, whose output has the samples' shape.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the graph is none.
    pub(super) fn of_gradient(
        graph: &Arc<Graph>,
        shape: &[usize],
        told: Branch,
        timestep_scale: f64,
        batching: Batching,
    ) -> Result<Self> {
        Self::over(graph, Ports::of_gradient(graph)?, shape, vec![told], timestep_scale, batching)
    }

    fn over(
        graph: &Arc<Graph>,
        ports: Ports,
        shape: &[usize],
        branches: Vec<Branch>,
        timestep_scale: f64,
        batching: Batching,
    ) -> Result<Self> {
        if branches.is_empty() || shape.first().is_none_or(|pictures| *pictures == 0) {
            return Err(Error::Internal(format!("{} branches for latents of shape {shape:?}", branches.len())));
        }
        Ok(Self {
            ports,
            graph: Arc::clone(graph),
            batching,
            branches,
            shape: shape.to_vec(),
            timestep_scale,
            bindings: Vec::new(),
            companions: Vec::new(),
            in_graph: Duration::ZERO,
        })
    }

    /// Says how many channels the graph gives, where it does not say itself.
    pub(crate) fn gives(&mut self, channels: usize) {
        if let Some(size) = self.ports.output.shape.get_mut(1) {
            size.get_or_insert(channels);
        }
    }

    /// With those who fill some of its inputs before each call.
    #[must_use]
    pub(crate) fn beside(mut self, companions: Vec<Box<dyn Companion>>) -> Self {
        self.companions = companions;
        self
    }

    /// Predicts for the pictures of the branches `which`, in that order, at call `index` of the schedule. `samples` holds
    /// the scaled latents, `[pictures, …]`.
    ///
    /// The predictions (`[which × pictures, …]`) stay valid until the next call and may be changed in place.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when `cancel` was raised, also while the graph runs; [`Error::GraphFailed`];
    /// [`Error::InvalidArgument`] when a size does not fit the graph's fixed dimensions; [`Error::Unsupported`] when
    /// the graph has an input that nothing here fills.
    pub(crate) fn predict(
        &mut self,
        samples: &ArrayD<f32>,
        (index, timestep): (usize, f64),
        which: &[usize],
        cancel: &CancelToken,
    ) -> Result<&mut ArrayD<f32>> {
        let flat = samples.as_slice().ok_or_else(|| Error::Internal("latents are not contiguous".into()))?;
        let timestep = (timestep * self.timestep_scale) as f32;
        let at = match self.bindings.iter().position(|binding| binding.which == which) {
            Some(at) => at,
            None => {
                let binding = self.bind(samples, (index, timestep), which, cancel)?;
                self.bindings.push(binding);
                self.bindings.len() - 1
            }
        };
        let (branches, pictures) = (&self.branches, self.shape[0]);
        let Binding { chunks, output, rows_per_call, .. } = &mut self.bindings[at];
        let out_len = output.len() / output.shape()[0];
        let out = output.as_slice_mut().ok_or_else(|| Error::Internal("output is not contiguous".into()))?;
        for (chunk, target) in chunks.iter_mut().zip(out.chunks_mut(out_len * *rows_per_call)) {
            cancel.check()?;
            chunk.graph.ready(cancel)?;
            chunk.write(&self.ports, branches, flat, pictures, timestep)?;
            let started = Instant::now();
            if !std::mem::take(&mut chunk.is_filled) {
                let call = Call { index, timestep, latents: samples, rows: &chunk.rows, branches, cancel };
                for (companion, version) in self.companions.iter_mut().zip(&mut chunk.filled) {
                    let filled = companion.fill(&call)?;
                    if std::mem::replace(version, filled.version) != filled.version {
                        write_all(&mut chunk.graph, &filled)?;
                    }
                }
            }
            chunk.graph.run(cancel)?;
            self.in_graph += started.elapsed();
            chunk.graph.read_f32(&mut chunk.predictions)?;
            target.copy_from_slice(&chunk.predictions[..target.len()]);
        }
        Ok(output)
    }

    /// Tells branch `index` something else, of the same shapes; the channels that follow its sample stay.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when a shape is another one.
    pub(crate) fn tell(&mut self, index: usize, branch: &Branch) -> Result<()> {
        let Some(slot) = self.branches.get_mut(index) else {
            return Err(Error::Internal(format!("there is no guidance branch {index}")));
        };
        slot.inputs.clone_from(&branch.inputs);
        for binding in &mut self.bindings {
            for chunk in binding.chunks.iter_mut().filter(|c| c.rows.iter().any(|(b, _)| *b == index)) {
                for name in self.branches[index].inputs.keys() {
                    let shared = is_shared(&self.graph, name, &self.branches[index].inputs[name]);
                    let values = stacked(&self.branches, &chunk.rows, name, shared)?;
                    let flat = values.as_slice().ok_or_else(|| Error::Internal("an input is not contiguous".into()))?;
                    chunk.graph.write_f32(name, flat)?;
                }
            }
        }
        Ok(())
    }

    /// The time spent inside graph runs so far.
    #[must_use]
    pub(crate) fn time_in_graph(&self) -> Duration {
        self.in_graph
    }

    fn bind(
        &mut self,
        samples: &ArrayD<f32>,
        (index, timestep): (usize, f32),
        which: &[usize],
        cancel: &CancelToken,
    ) -> Result<Binding> {
        let pictures = self.shape[0];
        let rows: Vec<(usize, usize)> =
            which.iter().flat_map(|branch| (0..pictures).map(move |picture| (*branch, picture))).collect();
        let first = which
            .first()
            .and_then(|branch| self.branches.get(*branch))
            .ok_or_else(|| Error::Internal("no guidance branch was asked for".into()))?;
        let told = first.inputs.iter().map(|(name, row)| (name.as_str(), row.ndim()));
        let per_call = match (self.ports.fixed_rows(&self.graph, told), self.batching) {
            (Some(fixed), _) => fixed.max(1),
            (None, Batching::Together) => rows.len(),
            (None, Batching::OneByOne) => 1,
        };
        if self.shape.contains(&0) || self.ports.output.shape.get(1) == Some(&Some(0)) {
            return Err(Error::invalid(format!("latents of shape {:?} have nothing in them to draw", self.shape)));
        }
        let mut sample_shape = self.shape.clone();
        sample_shape[0] = per_call;
        let mut output_shape = sample_shape.clone();
        if let Some(extra) = &first.extra {
            sample_shape[1] += extra.shape()[1];
        }
        // A learned variance doubles the channels; everything else is the sample's.
        if let (4, Some(Some(channels))) = (output_shape.len(), self.ports.output.shape.get(1)) {
            output_shape[1] = *channels;
        }
        let names: Vec<&str> = first.names().map(String::as_str).collect();
        let mut chunks = Vec::new();
        for own in rows.chunks(per_call) {
            let mut padded = own.to_vec();
            padded.resize(per_call, own[own.len() - 1]);
            let timesteps = self.ports.timestep_len(per_call);
            let mut inputs = vec![(self.ports.sample.name.clone(), zeros(&sample_shape))];
            if let Some(timestep) = &self.ports.timestep {
                let shape = if timestep.shape.is_empty() { vec![] } else { vec![timesteps] };
                inputs.push((timestep.name.clone(), zeros(&shape)));
            }
            for name in &names {
                let shared = first.row(name, 0).is_some_and(|values| is_shared(&self.graph, name, values));
                inputs.push(((*name).to_owned(), Tensor::F32(stacked(&self.branches, &padded, name, shared)?)));
            }
            let mut filled = Vec::with_capacity(self.companions.len());
            for companion in &mut self.companions {
                let branches = &self.branches;
                let call = Call { index, timestep, latents: samples, rows: &padded, branches, cancel };
                let Filled { version, inputs: names, values } = companion.fill(&call)?;
                filled.push(version);
                inputs
                    .extend(names.iter().zip(values).map(|(name, values)| (name.clone(), Tensor::F32(values.clone()))));
            }
            let given: Vec<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
            let unused = unused(&self.graph, &self.ports, &given)?;
            inputs.extend(unused);
            let bound = self.graph.bind(inputs, &self.ports.output.name, &output_shape, cancel)?;
            chunks.push(Chunk {
                graph: bound,
                rows: padded,
                samples: vec![0.0; sample_shape.iter().product()],
                timesteps: vec![0.0; timesteps],
                predictions: vec![0.0; output_shape.iter().product()],
                filled,
                is_filled: true,
            });
        }
        output_shape[0] = rows.len();
        Ok(Binding { which: which.to_vec(), chunks, output: ArrayD::zeros(output_shape), rows_per_call: per_call })
    }
}

impl Chunk {
    fn write(
        &mut self,
        ports: &Ports,
        branches: &[Branch],
        latents: &[f32],
        pictures: usize,
        timestep: f32,
    ) -> Result<()> {
        let own = latents.len() / pictures;
        let row_len = self.samples.len() / self.rows.len();
        for ((branch, picture), row) in self.rows.iter().zip(self.samples.chunks_exact_mut(row_len)) {
            row[..own].copy_from_slice(&latents[picture * own..(picture + 1) * own]);
            if let Some(extra) = &branches[*branch].extra {
                let flat = extra.as_slice().ok_or_else(|| Error::Internal("channels are not contiguous".into()))?;
                let length = row_len - own;
                let start = if flat.len() == length { 0 } else { picture * length };
                let values = flat.get(start..start + length).ok_or_else(|| {
                    Error::Internal(format!("extra channels of shape {:?} do not fit the latents", extra.shape()))
                })?;
                row[own..].copy_from_slice(values);
            }
        }
        self.graph.write_f32(&ports.sample.name, &self.samples)?;
        if let Some(port) = &ports.timestep {
            self.timesteps.fill(timestep);
            self.graph.write_f32(&port.name, &self.timesteps)?;
        }
        Ok(())
    }
}

/// Writes what a companion says.
fn write_all(graph: &mut BoundGraph, filled: &Filled<'_>) -> Result<()> {
    for (name, values) in filled.inputs.iter().zip(filled.values) {
        let flat = values.as_slice().ok_or_else(|| Error::Internal("an input is not contiguous".into()))?;
        graph.write_f32(name, flat)?;
    }
    Ok(())
}

/// Whether the graph's input has no batch axis, and takes one row's values for all.
pub(super) fn is_shared(graph: &Graph, name: &str, row: &ArrayD<f32>) -> bool {
    graph.input(name).is_some_and(|spec| spec.shape.len() == row.ndim())
}

/// The input `name` of all `rows`.
pub(super) fn stacked(branches: &[Branch], rows: &[(usize, usize)], name: &str, shared: bool) -> Result<ArrayD<f32>> {
    let of = |(branch, picture): (usize, usize)| {
        branches[branch]
            .row(name, picture)
            .ok_or_else(|| Error::Internal(format!("a guidance branch has nothing for the input \"{name}\"")))
    };
    if shared {
        return of(rows[0]).map(|values| values.as_standard_layout().into_owned());
    }
    let row = of(rows[0])?.shape().to_vec();
    let mut all = Vec::with_capacity(rows.len() * row.iter().product::<usize>());
    for row_of in rows {
        let values = of(*row_of)?;
        if values.shape() != row {
            return Err(Error::Internal(format!(
                "guidance branches give \"{name}\" of shapes {row:?} and {:?}",
                values.shape()
            )));
        }
        all.extend(values.iter());
    }
    let shape: Vec<usize> = std::iter::once(rows.len()).chain(row).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), all).map_err(|e| Error::Internal(e.to_string()))
}

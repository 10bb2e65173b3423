//! The denoiser: one graph that predicts from a noisy sample, its timestep and its conditioning.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::{ArrayD, ArrayView3, ArrayViewD, Axis, IxDyn};

use crate::error::{Error, Result};
use crate::runtime::{BoundGraph, CancelToken, Graph, IoSpec};
use crate::tensor::Tensor;

const SAMPLE: &str = "sample";
const TIMESTEP: &str = "timestep";
const CONTEXT: &str = "encoder_hidden_states";

/// How many rows of the batch go into one graph call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    /// All rows at once, unless the graph's batch size is fixed.
    Together,
    /// One row at a time: guidance becomes two calls, and the activations need half the memory.
    OneByOne,
}

/// A UNet whose inputs stay bound for a whole generation.
///
/// A batch of rows (guidance branches × pictures) is cut into equal chunks, each with its own bound inputs and
/// output, so that the conditioning is written once and a step allocates nothing.
pub struct Denoiser {
    chunks: Vec<Chunk>,
    /// `[rows, channels, height, width]`, the predictions of the last call.
    output: ArrayD<f32>,
    /// Values of one picture's sample.
    sample_len: usize,
    rows_per_call: usize,
    in_graph: Duration,
}

struct Chunk {
    graph: BoundGraph,
    first_row: usize,
    /// Rows of the batch in this chunk; the graph may have more, which repeat the last one.
    rows: usize,
    /// What is written into the graph's `sample`, `timestep`, and read from its output.
    samples: Vec<f32>,
    timesteps: Vec<f32>,
    predictions: Vec<f32>,
}

impl Denoiser {
    /// Checks that `graph` is one that [`Denoiser::bind`] can fill, so that a wrong file is noticed when the model is
    /// opened. `tokens` is how many the text encoder gives.
    ///
    /// # Errors
    /// [`Error::BadModel`] when an input or the output is missing or has an impossible shape;
    /// [`Error::Unsupported`] for an input too many.
    pub fn check(graph: &Graph, tokens: usize) -> Result<()> {
        let (sample, timestep, context) =
            (required(graph, SAMPLE)?, required(graph, TIMESTEP)?, required(graph, CONTEXT)?);
        output_name(graph)?;
        unused_inputs(graph)?;
        let wrong = |spec: &IoSpec, wanted: &str| {
            Error::bad_model(graph.path(), format!("its input \"{}\" is {spec}, but {wanted}", spec.name))
        };
        let batch = |spec: &IoSpec| spec.shape.first().copied().flatten();
        if sample.shape.len() != 4 || sample.shape.contains(&Some(0)) {
            return Err(wrong(sample, "a UNet's sample is [batch, channels, height, width]"));
        }
        if timestep.shape.len() > 1 || batch(timestep) == Some(0) {
            return Err(wrong(timestep, "a timestep is one number, or one for each row of the batch"));
        }
        if context.shape.len() != 3 || context.shape[1].is_some_and(|fixed| fixed != tokens) {
            return Err(wrong(context, &format!("the text encoder gives [batch, {tokens}, width]")));
        }
        if let (Some(a), Some(b)) = (batch(sample), batch(context))
            && a != b
        {
            return Err(wrong(context, &format!("its \"{SAMPLE}\" has a fixed batch of {a}")));
        }
        Ok(())
    }

    /// Binds `graph` for samples of `sample_shape` (`[rows, channels, height, width]`) and their `context`
    /// (`[rows, tokens, width]`).
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the graph has an input that nothing here can fill;
    /// [`Error::InvalidArgument`] when a size does not fit the graph's fixed dimensions.
    pub fn bind(
        graph: &Arc<Graph>,
        sample_shape: [usize; 4],
        context: ArrayView3<'_, f32>,
        batching: Batching,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let [rows, channels, height, width] = sample_shape;
        if context.shape()[0] != rows || rows == 0 {
            return Err(Error::Internal(format!("{rows} samples with {} contexts", context.shape()[0])));
        }
        let sample = required(graph, SAMPLE)?;
        let timestep = required(graph, TIMESTEP)?;
        required(graph, CONTEXT)?;
        let output = output_name(graph)?;
        let out_channels = output.shape.get(1).copied().flatten().unwrap_or(channels);
        let per_call = match (sample.shape.first().copied().flatten(), batching) {
            (Some(fixed), _) => fixed.max(1),
            (None, Batching::Together) => rows,
            (None, Batching::OneByOne) => 1,
        };
        let chunks = (0..rows)
            .step_by(per_call)
            .map(|first_row| {
                let in_chunk = per_call.min(rows - first_row);
                let timesteps = timestep_len(timestep, sample, per_call);
                let timestep_shape = if timestep.shape.is_empty() { vec![] } else { vec![timesteps] };
                let mut inputs = vec![
                    (SAMPLE.to_owned(), zeros(&[per_call, channels, height, width])),
                    (TIMESTEP.to_owned(), zeros(&timestep_shape)),
                    (CONTEXT.to_owned(), Tensor::F32(rows_of(context.into_dyn(), first_row, in_chunk, per_call))),
                ];
                inputs.extend(unused_inputs(graph)?);
                let bound = graph.bind(inputs, &output.name, &[per_call, out_channels, height, width], cancel)?;
                Ok(Chunk {
                    graph: bound,
                    first_row,
                    rows: in_chunk,
                    samples: vec![0.0; per_call * channels * height * width],
                    timesteps: vec![0.0; timesteps],
                    predictions: vec![0.0; per_call * out_channels * height * width],
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            chunks,
            output: ArrayD::zeros(IxDyn(&[rows, out_channels, height, width])),
            sample_len: channels * height * width,
            rows_per_call: per_call,
            in_graph: Duration::ZERO,
        })
    }

    /// Predicts for every row. `samples` holds the pictures' scaled latents, `[pictures, channels, height,
    /// width]`; with guidance every picture stands for two rows, the unconditional branch first.
    ///
    /// The predictions (`[rows, …]`) stay valid until the next call and may be changed in place.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when `cancel` was raised, also while the graph runs; [`Error::GraphFailed`].
    pub fn predict(&mut self, samples: &ArrayD<f32>, timestep: f64, cancel: &CancelToken) -> Result<&mut ArrayD<f32>> {
        let flat = samples.as_slice().ok_or_else(|| Error::Internal("latents are not contiguous".into()))?;
        let out_len = self.output.len() / self.output.shape()[0];
        let out = self.output.as_slice_mut().ok_or_else(|| Error::Internal("output is not contiguous".into()))?;
        for (chunk, target) in self.chunks.iter_mut().zip(out.chunks_mut(out_len * self.rows_per_call)) {
            cancel.check()?;
            chunk.write(flat, self.sample_len, timestep)?;
            let started = Instant::now();
            chunk.graph.run(cancel)?;
            self.in_graph += started.elapsed();
            chunk.graph.read_f32(&mut chunk.predictions)?;
            target.copy_from_slice(&chunk.predictions[..target.len()]);
        }
        Ok(&mut self.output)
    }

    /// The time spent inside graph runs so far.
    #[must_use]
    pub fn time_in_graph(&self) -> Duration {
        self.in_graph
    }
}

impl Chunk {
    fn write(&mut self, pictures: &[f32], sample_len: usize, timestep: f64) -> Result<()> {
        let count = pictures.len() / sample_len;
        for (offset, row) in self.samples.chunks_exact_mut(sample_len).enumerate() {
            // Rows past the chunk's own fill a fixed batch; they repeat its last row and are thrown away.
            let picture = (self.first_row + offset.min(self.rows - 1)) % count;
            row.copy_from_slice(&pictures[picture * sample_len..(picture + 1) * sample_len]);
        }
        self.timesteps.fill(timestep as f32);
        self.graph.write_f32(SAMPLE, &self.samples)?;
        self.graph.write_f32(TIMESTEP, &self.timesteps)
    }
}

/// How many timesteps the graph wants: as many as its dimension says where that is fixed, one for each row where
/// it shares the sample's symbol for the batch, else one (what diffusers' ONNX pipelines feed).
fn timestep_len(timestep: &IoSpec, sample: &IoSpec, rows: usize) -> usize {
    match timestep.shape.first() {
        None => 1,
        Some(Some(fixed)) => *fixed,
        Some(None) => {
            let symbol = |spec: &IoSpec| spec.symbols.first().cloned().flatten();
            if symbol(timestep).is_some() && symbol(timestep) == symbol(sample) { rows } else { 1 }
        }
    }
}

fn required<'g>(graph: &'g Graph, name: &str) -> Result<&'g IoSpec> {
    graph.input(name).ok_or_else(|| {
        let found: Vec<_> = graph.inputs().iter().map(|i| i.name.as_str()).collect();
        Error::bad_model(
            graph.path(),
            format!("it has no input \"{name}\", which a Stable Diffusion UNet needs; its inputs are {found:?}"),
        )
    })
}

/// The prediction is the first output, unless one has a name that exporters give it.
fn output_name(graph: &Graph) -> Result<&IoSpec> {
    let known = ["out_sample", "noise_pred", "latent", "sample"];
    let named = graph.outputs().iter().find(|o| known.contains(&o.name.as_str()));
    named
        .or_else(|| graph.outputs().first())
        .ok_or_else(|| Error::bad_model(graph.path(), "it has no outputs; a UNet has one, the prediction"))
}

/// Inputs that an exporter left behind (`onnx::Shape_5` and the like) are fed zeros where their shape is fixed.
fn unused_inputs(graph: &Graph) -> Result<Vec<(String, Tensor)>> {
    let own = [SAMPLE, TIMESTEP, CONTEXT];
    let others = graph.inputs().iter().filter(|i| !own.contains(&i.name.as_str()));
    others
        .map(|input| {
            let shape: Option<Vec<usize>> = input.shape.iter().copied().collect();
            match shape {
                Some(shape) if input.name.starts_with("onnx::") => Ok((input.name.clone(), zeros(&shape))),
                _ => Err(Error::Unsupported(format!(
                    "the UNet at \"{}\" has an input \"{}\" that this version cannot fill; it fills sample, \
                     timestep and encoder_hidden_states",
                    graph.path().display(),
                    input.name
                ))),
            }
        })
        .collect()
}

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::F32(ArrayD::zeros(IxDyn(shape)))
}

/// `count` rows of `all` from `first` on, the last one repeated until there are `total`.
fn rows_of(all: ArrayViewD<'_, f32>, first: usize, count: usize, total: usize) -> ArrayD<f32> {
    let picked: Vec<usize> = (0..total).map(|i| first + i.min(count - 1)).collect();
    all.select(Axis(0), &picked)
}

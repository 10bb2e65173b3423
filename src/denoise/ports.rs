//! Which of a graph's inputs and outputs are the sample, the timestep and the prediction, and what else it wants.

use ndarray::{ArrayD, IxDyn};

use crate::error::{Error, Result};
use crate::runtime::{Graph, IoSpec};
use crate::tensor::Tensor;

/// What exporters call x_t: UNets, transformers, the exports of 2022.
const SAMPLES: [&str; 3] = ["sample", "hidden_states", "latent_model_input"];
/// What they call t.
const TIMESTEPS: [&str; 2] = ["timestep", "t"];
/// What they call the prediction; without one of these it is the first output.
const OUTPUTS: [&str; 5] = ["out_sample", "out_hidden_states", "noise_pred", "latent", "sample"];

/// One input that conditioning fills: its name, and the shape of one row where it is known.
pub(crate) type Told = (&'static str, Vec<Option<usize>>);

/// What a guidance graph's output is called; a graph with one output may call it otherwise.
const GRADIENT: &str = "grad";

/// The ends of a denoiser that every call uses.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    pub sample: IoSpec,
    /// A classifier of clean pictures has none.
    pub timestep: Option<IoSpec>,
    pub output: IoSpec,
}

impl Ports {
    /// Finds them by their names.
    ///
    /// # Errors
    /// [`Error::BadModel`] when one is missing or cannot be what its name says.
    pub fn find(graph: &Graph) -> Result<Self> {
        let (sample, timestep) = (any_of(graph, &SAMPLES)?, any_of(graph, &TIMESTEPS)?);
        let named = graph.outputs().iter().find(|o| OUTPUTS.contains(&o.name.as_str()));
        let output = named
            .or_else(|| graph.outputs().first())
            .ok_or_else(|| Error::bad_model(graph.path(), "it has no outputs; a denoiser has one, the prediction"))?;
        Self { sample: sample.clone(), timestep: Some(timestep.clone()), output: output.clone() }.checked(graph)
    }

    /// Those of a graph that gives the gradient of what guides with respect to the sample.
    ///
    /// # Errors
    /// [`Error::BadModel`] when it has no sample, no output `grad`, or one of another shape than the sample.
    pub fn of_gradient(graph: &Graph) -> Result<Self> {
        let sample = any_of(graph, &SAMPLES)?;
        let timestep = TIMESTEPS.iter().find_map(|name| graph.input(name)).cloned();
        let output = match (graph.output(GRADIENT), graph.outputs()) {
            (Some(named), _) => named,
            (None, [only]) => only,
            (None, outputs) => {
                let found: Vec<_> = outputs.iter().map(|o| o.name.as_str()).collect();
                return Err(Error::bad_model(
                    graph.path(),
                    format!(
                        "a guidance graph has the output \"{GRADIENT}\", but the outputs of this one are {found:?}"
                    ),
                ));
            }
        };
        let fits = |(a, b): (&Option<usize>, &Option<usize>)| a.is_none() || b.is_none() || a == b;
        if output.shape.len() != sample.shape.len() || !output.shape.iter().zip(&sample.shape).all(fits) {
            return Err(Error::bad_model(
                graph.path(),
                format!(
                    "its output \"{}\" is {output}, but a gradient has the shape of the input \"{}\", which is {sample}",
                    output.name, sample.name
                ),
            ));
        }
        Self { sample: sample.clone(), timestep, output: output.clone() }.checked(graph)
    }

    fn checked(self, graph: &Graph) -> Result<Self> {
        if !matches!(self.sample.shape.len(), 2..=4) || self.sample.shape.contains(&Some(0)) {
            return Err(wrong(
                graph,
                &self.sample,
                "a denoiser's sample is [batch, channels, height, width], [batch, tokens, channels] or [batch, width]",
            ));
        }
        if let Some(timestep) = self.timestep.as_ref().filter(|t| t.shape.len() > 1 || batch(t) == Some(0)) {
            return Err(wrong(graph, timestep, "a timestep is one number, or one for each row of the batch"));
        }
        Ok(self)
    }

    /// How many rows of the batch one call takes, where the graph fixes that anywhere: in its sample, its timestep, or one
    /// of what conditioning fills (`told`, names with the rank of one row).
    pub fn fixed_rows<'n>(&self, graph: &Graph, told: impl IntoIterator<Item = (&'n str, usize)>) -> Option<usize> {
        self.batches(graph, told).next().map(|(_, rows)| rows)
    }

    /// The inputs with a fixed batch, and how many rows each has.
    fn batches<'g, 'n>(
        &'g self,
        graph: &'g Graph,
        told: impl IntoIterator<Item = (&'n str, usize)>,
    ) -> impl Iterator<Item = (&'g IoSpec, usize)> {
        // What has no batch axis is the same for all rows, and so is a single timestep.
        let told = told.into_iter().filter_map(|(name, rank)| graph.input(name).filter(|spec| spec.shape.len() > rank));
        let timestep = self.timestep.as_ref().filter(|spec| batch(spec) != Some(1));
        std::iter::once(&self.sample).chain(timestep).chain(told).filter_map(|spec| Some((spec, batch(spec)?)))
    }

    /// How many timesteps the graph wants for `rows`: as many as its dimension says where that is fixed, one for each
    /// row where it shares the sample's symbol for the batch or belongs to a transformer, else one (what diffusers'
    /// ONNX pipelines feed).
    pub fn timestep_len(&self, rows: usize) -> usize {
        let Some(timestep) = &self.timestep else { return 0 };
        match timestep.shape.first() {
            None => 1,
            Some(Some(fixed)) => *fixed,
            Some(None) => {
                let symbol = |spec: &IoSpec| spec.symbols.first().cloned().flatten();
                let shared = symbol(timestep).is_some() && symbol(timestep) == symbol(&self.sample);
                if shared || self.sample.name == "hidden_states" { rows } else { 1 }
            }
        }
    }
}

/// Checks that the graph can be fed with what conditioning gives, so that a wrong file is noticed when the model is
/// opened. `filled` are the inputs that companions fill.
///
/// # Errors
/// [`Error::BadModel`] when an input is missing or has an impossible shape; [`Error::Unsupported`] for an input too
/// many.
pub(crate) fn check(graph: &Graph, told: &[(&str, Vec<Option<usize>>)], filled: &[String]) -> Result<()> {
    check_told(graph, &Ports::find(graph)?, told, filled)
}

/// [`check`] for a graph of gradients.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_gradient(graph: &Graph, told: &[(&str, Vec<Option<usize>>)]) -> Result<()> {
    check_told(graph, &Ports::of_gradient(graph)?, told, &[])
}

fn check_told(graph: &Graph, ports: &Ports, told: &[(&str, Vec<Option<usize>>)], filled: &[String]) -> Result<()> {
    for (name, row) in told {
        let spec = required(graph, name)?;
        let shape = if spec.shape.len() == row.len() { &spec.shape[..] } else { spec.shape.get(1..).unwrap_or(&[]) };
        // Only where the rows lie, which is the same for all, may be told without a batch; a prompt has one.
        let batched = spec.shape.len() > row.len() || !matches!(row.len(), 1 | 2) || name.ends_with("_ids");
        let fits = batched
            && !spec.shape.contains(&Some(0))
            && shape.len() == row.len()
            && shape.iter().zip(row).all(|(has, gives)| has.is_none() || gives.is_none() || has == gives);
        if !fits {
            let wanted: Vec<_> = row.iter().map(|d| d.map_or_else(|| "any".into(), |d| d.to_string())).collect();
            return Err(wrong(graph, spec, &format!("it is given [batch, {}]", wanted.join(", "))));
        }
    }
    let mut batches = ports.batches(graph, told.iter().map(|(name, row)| (*name, row.len())));
    if let Some((first, rows)) = batches.next()
        && let Some((other, _)) = batches.find(|(_, others)| *others != rows)
    {
        return Err(wrong(graph, other, &format!("its \"{}\" has a fixed batch of {rows}", first.name)));
    }
    let names: Vec<&str> = told.iter().map(|(name, _)| *name).chain(filled.iter().map(String::as_str)).collect();
    unused(graph, ports, &names)?;
    Ok(())
}

/// Checks that `graph` is a denoiser at all.
///
/// # Errors
/// [`Error::BadModel`] names what is missing.
pub(crate) fn check_ports(graph: &Graph) -> Result<()> {
    Ports::find(graph).map(drop)
}

/// Inputs that an exporter left behind (`onnx::Shape_5` and the like) are fed zeros where their shape is fixed.
///
/// # Errors
/// [`Error::Unsupported`] names the first that nothing fills.
pub(super) fn unused(graph: &Graph, ports: &Ports, told: &[&str]) -> Result<Vec<(String, Tensor)>> {
    let own: Vec<&str> = std::iter::once(&ports.sample).chain(&ports.timestep).map(|spec| spec.name.as_str()).collect();
    let others = graph.inputs().iter().filter(|i| !own.contains(&i.name.as_str()) && !told.contains(&i.name.as_str()));
    others
        .map(|input| {
            let shape: Option<Vec<usize>> = input.shape.iter().copied().collect();
            match shape {
                Some(shape) if input.name.starts_with("onnx::") => Ok((input.name.clone(), zeros(&shape))),
                _ => {
                    let fills: Vec<_> = own.iter().chain(told).copied().collect();
                    Err(Error::Unsupported(format!(
                        "the denoiser at \"{}\" has an input \"{}\" that this version cannot fill; it fills {}",
                        graph.path().display(),
                        input.name,
                        fills.join(", ")
                    )))
                }
            }
        })
        .collect()
}

pub(super) fn zeros(shape: &[usize]) -> Tensor {
    Tensor::F32(ArrayD::zeros(IxDyn(shape)))
}

fn batch(spec: &IoSpec) -> Option<usize> {
    spec.shape.first().copied().flatten()
}

fn wrong(graph: &Graph, spec: &IoSpec, wanted: &str) -> Error {
    Error::bad_model(graph.path(), format!("its input \"{}\" is {spec}, but {wanted}", spec.name))
}

fn any_of<'g>(graph: &'g Graph, names: &[&str]) -> Result<&'g IoSpec> {
    match names.iter().find_map(|name| graph.input(name)) {
        Some(spec) => Ok(spec),
        None => required(graph, names[0]),
    }
}

fn required<'g>(graph: &'g Graph, name: &str) -> Result<&'g IoSpec> {
    graph.input(name).ok_or_else(|| {
        let found: Vec<_> = graph.inputs().iter().map(|i| i.name.as_str()).collect();
        Error::bad_model(
            graph.path(),
            format!("it has no input \"{name}\", which a denoiser of its family needs; its inputs are {found:?}"),
        )
    })
}

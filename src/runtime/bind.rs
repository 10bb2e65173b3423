//! A graph whose inputs and output stay where they are from run to run: the denoiser's inner loop.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use ort::session::IoBinding;
use ort::value::DynTensor;

use super::cancel::CancelToken;
use super::capture::Resident;
use super::failure::guarded;
use super::graph::{Graph, SharedSession, turn};
use super::values::{read_f32, to_value, write_f32, zeros};
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

/// A graph with its inputs and one output bound to memory that is allocated once.
///
/// A step is: write what changed, run, read. No tensor is allocated on that way.
pub struct BoundGraph {
    // Declared before the graph, so that it is released before the session that it belongs to.
    binding: IoBinding,
    inputs: Vec<Bound>,
    output: Bound,
    /// What is bound in place of them where runs are captured.
    resident: Option<Resident>,
    /// The one that the binding was made for; the graph may have released it.
    session: SharedSession,
    graph: Arc<Graph>,
}

struct Bound {
    name: String,
    dtype: DType,
    elements: usize,
    /// Shares its memory with what is bound, or is copied there and back.
    value: DynTensor,
}

impl Graph {
    /// Binds all inputs, cast to the dtypes that the graph declares, and one output of the given shape.
    ///
    /// # Errors
    /// As [`Graph::run`]. An output shape that is not the graph's is noticed by the first run.
    pub fn bind(
        self: &Arc<Self>,
        inputs: Vec<(String, Tensor)>,
        output: &str,
        output_shape: &[usize],
        cancel: &CancelToken,
    ) -> Result<BoundGraph> {
        let inputs: Vec<(String, Tensor)> = inputs
            .into_iter()
            .map(|(name, tensor)| {
                let dtype = self.expect_input(&name)?.dtype;
                Ok((name, tensor.cast(dtype)))
            })
            .collect::<Result<_>>()?;
        self.check_inputs(inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)))?;
        let spec = self.expect_output(output)?;
        // What the graph declares for its outputs is often stale in older exports, and ONNX Runtime itself only warns
        // about it; so only the run decides whether the shape fits.
        guarded(|| {
            let failed = |error| self.failure(&error);
            let session = self.session(cancel)?;
            let mut binding = turn(&session).create_binding().map_err(failed)?;
            let bound = |name: String, dtype, elements, value: ort::Result<DynTensor>| {
                Ok::<_, Error>(Bound { name, dtype, elements, value: value.map_err(failed)? })
            };
            let mut kept = Vec::with_capacity(inputs.len());
            for (name, tensor) in inputs {
                let elements = tensor.shape().iter().product();
                kept.push(bound(name, tensor.dtype(), elements, to_value(&tensor))?);
            }
            let value = zeros(spec.dtype, output_shape);
            let mut output = bound(output.to_owned(), spec.dtype, output_shape.iter().product(), value)?;
            let tensors = kept.iter().map(|input| (&*input.name, &input.value));
            let mut resident = self.take_resident(&turn(&session), tensors, &output.value)?;
            match &mut resident {
                Some(resident) => {
                    for input in &kept {
                        resident.write(&input.name, &input.value).map_err(failed)?;
                    }
                    resident.bind(&mut binding, &output.name).map_err(failed)?;
                }
                None => {
                    for input in &kept {
                        binding.bind_input(&*input.name, &input.value).map_err(failed)?;
                    }
                    binding.bind_output(&*output.name, &mut output.value).map_err(failed)?;
                }
            }
            Ok(BoundGraph { binding, inputs: kept, output, resident, session, graph: Arc::clone(self) })
        })
    }
}

impl BoundGraph {
    /// The graph that is bound.
    #[must_use]
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// Replaces all values of a bound input, cast to its dtype (integers are truncated towards zero).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such input, or it has another number of elements.
    pub fn write_f32(&mut self, input: &str, values: &[f32]) -> Result<()> {
        let graph = &self.graph;
        let Some(bound) = self.inputs.iter_mut().find(|bound| bound.name == input) else {
            // Every input of the graph is bound, so this is an unknown name.
            graph.expect_input(input)?;
            return Err(Error::Internal(format!("the input \"{input}\" of {} is not bound", graph.name())));
        };
        check_length("input", bound, values.len(), graph)?;
        guarded(|| {
            write_f32(&mut bound.value, bound.dtype, values).map_err(|error| graph.failure(&error))?;
            if let Some(resident) = &mut self.resident {
                let _session = turn(&self.session);
                resident.write(input, &bound.value).map_err(|error| graph.failure(&error))?;
            } else if !graph.provider().shares_host_memory() {
                // Binding is when a provider copies an input into its device's memory; no run may go on meanwhile.
                let _session = turn(&self.session);
                self.binding.bind_input(&*bound.name, &bound.value).map_err(|error| graph.failure(&error))?;
            }
            Ok(())
        })
    }

    /// Runs the graph on what is bound; the output is replaced.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if `cancel` was raised before or meanwhile, after which the output is undefined
    /// and everything stays usable; [`Error::OutOfMemory`]; [`Error::GraphFailed`].
    pub fn run(&mut self, cancel: &CancelToken) -> Result<()> {
        cancel.check()?;
        guarded(|| {
            let mut session = turn(&self.session);
            let id = self.resident.as_ref().map(|resident| resident.id);
            self.graph.run_binding(&mut session, &self.binding, id, cancel).map(drop)?;
            match &self.resident {
                Some(resident) => resident.read(&mut self.output.value).map_err(|error| self.graph.failure(&error)),
                None => Ok(()),
            }
        })
    }

    /// Copies the output of the last run; zeros before the first.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `into` has another number of elements than the output.
    pub fn read_f32(&self, into: &mut [f32]) -> Result<()> {
        check_length("output", &self.output, into.len(), &self.graph)?;
        guarded(|| read_f32(&self.output.value, self.output.dtype, into).map_err(|error| self.graph.failure(&error)))
    }

    /// The output of the last run, in row-major order: borrowed where the graph gives float32, else converted.
    ///
    /// # Errors
    /// [`Error::GraphFailed`] if ONNX Runtime does not give access to its memory.
    pub fn output_f32(&self) -> Result<Cow<'_, [f32]>> {
        if self.output.dtype == DType::F32 {
            return guarded(|| {
                let values = self.output.value.try_extract_tensor::<f32>();
                Ok(Cow::Borrowed(values.map_err(|error| self.graph.failure(&error))?.1))
            });
        }
        let mut values = vec![0.0; self.output.elements];
        self.read_f32(&mut values)?;
        Ok(Cow::Owned(values))
    }
}

impl Drop for BoundGraph {
    fn drop(&mut self) {
        if let Some(resident) = self.resident.take() {
            self.graph.return_resident(resident, &self.session);
        }
    }
}

fn check_length(what: &str, bound: &Bound, given: usize, graph: &Graph) -> Result<()> {
    if bound.elements == given {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the {what} \"{}\" of {} is bound as {} {}, but {given} were given",
        bound.name,
        graph.name(),
        bound.elements,
        bound.dtype.name()
    )))
}

impl fmt::Debug for BoundGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundGraph")
            .field("graph", &self.graph)
            .field("output", &self.output.name)
            .finish_non_exhaustive()
    }
}

//! A graph whose inputs and output stay where they are from run to run: the denoiser's inner loop.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};

use ort::session::IoBinding;
use ort::value::DynTensor;

use super::cancel::CancelToken;
use super::capture::Resident;
use super::failure::guarded;
use super::graph::{Graph, LOOK_AGAIN, SharedSession, turn, turn_for};
use super::values::{read_f32, to_value, write_f32, zeros};
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

/// A graph with its inputs and one output bound to memory that is allocated once.
///
/// A step is: write what changed, run, read. No tensor is allocated on that way.
pub struct BoundGraph {
    bindings: Bindings,
    graph: Arc<Graph>,
}

/// Where what is bound is.
enum Bindings {
    Here(Box<Core>),
    /// With a run that was left; it comes from here when that ends.
    Away(Receiver<Box<Core>>),
}

/// All that a run needs, so that it can take it with it.
struct Core {
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
        self.not_inside()?;
        guarded(|| {
            let failed = |error| self.failure(&error);
            let session = self.session(cancel)?;
            let mut binding = turn_for(&session, cancel)?.create_binding().map_err(failed)?;
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
            let mut resident = self.take_resident(&*turn_for(&session, cancel)?, tensors, &output.value)?;
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
            let core = Core { binding, inputs: kept, output, resident, session, graph: Arc::clone(self) };
            Ok(BoundGraph { bindings: Bindings::Here(Box::new(core)), graph: Arc::clone(self) })
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
        let graph = Arc::clone(&self.graph);
        let core = self.core()?;
        let Some(bound) = core.inputs.iter_mut().find(|bound| bound.name == input) else {
            // Every input of the graph is bound, so this is an unknown name.
            graph.expect_input(input)?;
            return Err(Error::Internal(format!("the input \"{input}\" of {} is not bound", graph.name())));
        };
        check_length("input", bound, values.len(), &graph)?;
        guarded(|| {
            write_f32(&mut bound.value, bound.dtype, values).map_err(|error| graph.failure(&error))?;
            if let Some(resident) = &mut core.resident {
                let _session = turn(&core.session);
                resident.write(input, &bound.value).map_err(|error| graph.failure(&error))?;
            } else if !graph.provider().shares_host_memory() {
                // Binding is when a provider copies an input into its device's memory; no run may go on meanwhile.
                let _session = turn(&core.session);
                core.binding.bind_input(&*bound.name, &bound.value).map_err(|error| graph.failure(&error))?;
            }
            Ok(())
        })
    }

    /// Runs the graph on what is bound; the output is replaced.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if `cancel` was raised before or meanwhile, after which there is no output
    /// and everything stays usable; [`Error::OutOfMemory`]; [`Error::GraphFailed`].
    pub fn run(&mut self, cancel: &CancelToken) -> Result<()> {
        cancel.check()?;
        self.ready(cancel)?;
        let (back, returned) = mpsc::channel();
        let Bindings::Here(core) = std::mem::replace(&mut self.bindings, Bindings::Away(returned)) else {
            return Err(Error::Internal("what is bound was here a moment ago".to_owned()));
        };
        let elements = core.inputs.iter().map(|input| input.elements).sum();
        let mut lent = LentCore { core: Some(core), back };
        let outcome = self.graph.apart(elements, cancel, move |cancel| match &mut lent.core {
            Some(core) => core.run(cancel),
            None => Err(Error::Internal("a binding was lent without what is bound".to_owned())),
        });
        if let Bindings::Away(returned) = &self.bindings
            && let Ok(core) = returned.try_recv()
        {
            self.bindings = Bindings::Here(core);
        }
        outcome
    }

    /// Waits until this can be used again: after a cancel, a run may still be at its last operator.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if `cancel` is raised meanwhile.
    pub fn ready(&mut self, cancel: &CancelToken) -> Result<()> {
        while let Bindings::Away(returned) = &self.bindings {
            match returned.recv_timeout(LOOK_AGAIN) {
                Ok(core) => self.bindings = Bindings::Here(core),
                Err(RecvTimeoutError::Timeout) => cancel.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Internal(format!(
                        "what was bound of {} was lost with its run",
                        self.graph.name()
                    )));
                }
            }
        }
        Ok(())
    }

    /// What is bound, as soon as it is there.
    fn core(&mut self) -> Result<&mut Core> {
        self.ready(&CancelToken::new())?;
        match &mut self.bindings {
            Bindings::Here(core) => Ok(core),
            Bindings::Away(_) => Err(Error::Internal("what came back is away".to_owned())),
        }
    }

    /// The output of the last run.
    fn output(&self) -> Result<&Bound> {
        match &self.bindings {
            Bindings::Here(core) => Ok(&core.output),
            // Of a run that was cancelled there is none.
            Bindings::Away(_) => Err(Error::Cancelled),
        }
    }

    /// Copies the output of the last run; zeros before the first.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `into` has another number of elements than the output; [`Error::Cancelled`] where the
    /// last run was cancelled, and goes on still.
    pub fn read_f32(&self, into: &mut [f32]) -> Result<()> {
        let output = self.output()?;
        check_length("output", output, into.len(), &self.graph)?;
        guarded(|| read_f32(&output.value, output.dtype, into).map_err(|error| self.graph.failure(&error)))
    }

    /// The output of the last run, in row-major order: borrowed where the graph gives float32, else converted.
    ///
    /// # Errors
    /// [`Error::GraphFailed`] if ONNX Runtime does not give access to its memory; [`Error::Cancelled`] as in
    /// [`read_f32`](Self::read_f32).
    pub fn output_f32(&self) -> Result<Cow<'_, [f32]>> {
        let output = self.output()?;
        if output.dtype == DType::F32 {
            return guarded(|| {
                let values = output.value.try_extract_tensor::<f32>();
                Ok(Cow::Borrowed(values.map_err(|error| self.graph.failure(&error))?.1))
            });
        }
        let mut values = vec![0.0; output.elements];
        self.read_f32(&mut values)?;
        Ok(Cow::Owned(values))
    }
}

/// A [`Core`] that goes back to its binding whatever becomes of the run: also where that never begins, or panics.
struct LentCore {
    core: Option<Box<Core>>,
    back: Sender<Box<Core>>,
}

impl Drop for LentCore {
    fn drop(&mut self) {
        if let Some(core) = self.core.take() {
            // Nobody wants it back where the binding was dropped meanwhile.
            let _ = self.back.send(core);
        }
    }
}

impl Core {
    fn run(&mut self, cancel: &CancelToken) -> Result<()> {
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
}

impl Drop for Core {
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
            .field("output", &self.output().map(|output| &*output.name).ok())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ndarray::{ArrayD, IxDyn};

    use super::super::library::initialize;
    use super::super::lineage::Lineage;
    use super::super::options::GraphOptions;
    use super::*;

    fn graph() -> Arc<Graph> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let fetched = root.join("target/onnxruntime/1.28.0-cpu");
        initialize(std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched.as_path())).unwrap();
        let file = root.join("tests/golden/graphs/step_f32_i64.onnx");
        Arc::new(Graph::open("unet", &file, &GraphOptions::default(), &CancelToken::new()).unwrap())
    }

    fn inputs() -> Vec<(String, Tensor)> {
        let sample = Tensor::F32(ArrayD::zeros(IxDyn(&[1, 4, 2, 2])));
        vec![("sample".to_owned(), sample), ("timestep".to_owned(), Tensor::I64(ArrayD::from_elem(IxDyn(&[]), 3)))]
    }

    /// As where a cancel comes at the last moment, or the system gives no thread.
    #[test]
    fn what_is_bound_comes_back_from_a_run_that_never_begins() {
        let cancel = CancelToken::new();
        let mut bound = graph().bind(inputs(), "out_sample", &[1, 4, 2, 2], &cancel).unwrap();
        let (back, returned) = mpsc::channel();
        let Bindings::Here(core) = std::mem::replace(&mut bound.bindings, Bindings::Away(returned)) else {
            panic!("nothing was lent yet");
        };
        assert!(matches!(bound.output_f32(), Err(Error::Cancelled)));
        drop(LentCore { core: Some(core), back });
        bound.run(&cancel).unwrap();
        assert!(bound.output_f32().unwrap().iter().all(|sum| *sum == 3.0));
    }

    /// As in a log callback that draws with the pipeline whose run it is called from.
    #[test]
    fn a_graph_does_not_wait_for_its_own_run() {
        let (graph, cancel) = (graph(), CancelToken::new());
        let running = std::ptr::from_ref(&*graph).addr();
        Lineage::with(
            |here| here.running = running,
            || {
                let bound = graph.bind(inputs(), "out_sample", &[1, 4, 2, 2], &cancel);
                assert!(matches!(bound.map(drop), Err(Error::Busy(_))));
                let inputs = inputs();
                let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
                assert!(matches!(graph.run(&inputs, &["out_sample"], &cancel), Err(Error::Busy(_))));
            },
        );
    }
}

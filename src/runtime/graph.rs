//! One ONNX file, opened: named inputs in, named outputs out.

use std::borrow::Borrow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{IoBinding, RunOptions, Session, SessionOutputs};
use ort::value::DynTensor;

use super::aside::aside;
use super::assignment::{self, Assignment};
use super::auto::settle;
use super::cancel::CancelToken;
use super::capture::{self, GRAPH_ID, NO_CAPTURE, Resident};
use super::external_data;
use super::failure::{guarded, run_failure};
use super::lineage::Lineage;
use super::memory;
use super::options::GraphOptions;
use super::provider::Provider;
use super::source::GraphSource;
use super::spec::{Io, IoSpec};
use super::values::{from_value, to_value};
use crate::onnx::Model;
use crate::tensor::{DType, Tensor};
use crate::{Error, Result};

/// One ONNX session: shared by the graph and by what is bound to it, used by one of them at a time.
pub(super) type SharedSession = Arc<Mutex<Session>>;

/// An ONNX graph that is open, or was and is opened again by the next run.
///
/// It may be shared by threads; runs take turns, since ONNX Runtime's providers do not all allow more.
pub struct Graph {
    name: String,
    path: PathBuf,
    provider: Provider,
    assignment: Option<Assignment>,
    inputs: Io,
    outputs: Io,
    /// Outlives every session, which may use memory of it: sessions are let go when this is dropped, before its fields.
    source: GraphSource,
    options: GraphOptions,
    /// Tensors on the device that no binding uses just now, all of the session that is open.
    residents: Mutex<Vec<Resident>>,
    /// How many of them there ever were.
    resident_count: AtomicUsize,
    /// Up to how many elements of its inputs runs are [quick](QUICK); 0 where that is not known.
    quick: AtomicUsize,
    session: Mutex<Option<SharedSession>>,
}

impl Graph {
    /// Opens the ONNX file at `path`. `name` (as `unet`) is what errors call it.
    ///
    /// Loads ONNX Runtime by [`initialize`](super::initialize) with no explicit path if that has not happened.
    /// The file is checked first: that it is whole, and that the weight files it names lie in its own folder.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadModel`], [`Error::Unsupported`] (an operator that this ONNX Runtime lacks),
    /// [`Error::ProviderUnavailable`], [`Error::OutOfMemory`], [`Error::RuntimeMissing`], and
    /// [`Error::Cancelled`] if `cancel` was raised before or meanwhile.
    pub fn open(name: &str, path: &Path, options: &GraphOptions, cancel: &CancelToken) -> Result<Self> {
        cancel.check()?;
        let (name, path, options) = (name.to_owned(), path.to_owned(), options.clone());
        let work = move |cancel: &CancelToken| {
            external_data::check(&path, &Model::open(&path)?.external_tensors())?;
            Self::open_source(&name, &path, GraphSource::file(&path, [])?, &options, cancel)
        };
        aside(cancel, work, || Ok(()))
    }

    /// Opens `source`, which was made from the file at `path`; that one is what errors name. Comes to its end when it does:
    /// whoever waits for it does so through [`aside`].
    ///
    /// # Errors
    /// As [`Graph::open`].
    pub(crate) fn open_source(
        name: &str,
        path: &Path,
        source: GraphSource,
        options: &GraphOptions,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let options = settle(options.clone())?.0;
        let session = source.open(path, &options, cancel)?;
        let assignment = assignment::read(&session);
        assignment::judge(name, &options, assignment.as_ref())?;
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            assignment,
            provider: options.provider,
            inputs: Io::read(session.inputs()),
            outputs: Io::read(session.outputs()),
            source,
            options,
            residents: Mutex::default(),
            resident_count: AtomicUsize::new(0),
            quick: AtomicUsize::new(0),
            session: Mutex::new(Some(Arc::new(Mutex::new(session)))),
        })
    }

    /// Gives back the memory: weights, activations, everything but the graph's names and shapes. The next run or
    /// binding opens it again; what is bound now keeps its own hold until it is dropped.
    pub fn release(&self) {
        let mut slot = self.slot();
        let released = slot.take();
        self.residents().clear();
        drop(slot);
        if released.is_some() {
            drop(released);
            memory::trim();
        }
    }

    /// The name it was opened under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it was opened from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The inputs in the graph's order, without those whose element type has no [`DType`].
    #[must_use]
    pub fn inputs(&self) -> &[IoSpec] {
        &self.inputs.known
    }

    /// The outputs in the graph's order, without those whose element type has no [`DType`].
    #[must_use]
    pub fn outputs(&self) -> &[IoSpec] {
        &self.outputs.known
    }

    /// The input of that name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&IoSpec> {
        self.inputs.get(name)
    }

    /// The output of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&IoSpec> {
        self.outputs.get(name)
    }

    /// Runs the graph once: `inputs` by name in any order, each with the dtype, rank and fixed sizes that the
    /// graph declares; the tensors in the order of `outputs`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an input that is missing, unknown or does not fit, or an unknown output;
    /// [`Error::Cancelled`] if `cancel` was raised before or meanwhile (the graph stays usable, though the next run may have
    /// to wait for the end of one operator); [`Error::OutOfMemory`] and [`Error::GraphFailed`] for what goes wrong inside.
    pub fn run<T: Borrow<Tensor>>(
        self: &Arc<Self>,
        inputs: &[(&str, T)],
        outputs: &[&str],
        cancel: &CancelToken,
    ) -> Result<Vec<Tensor>> {
        cancel.check()?;
        self.check_inputs(inputs.iter().map(|(name, tensor)| (*name, tensor.borrow())))?;
        outputs.iter().try_for_each(|name| self.expect_output(name).map(drop))?;
        self.not_inside()?;
        let session = self.session(cancel)?;
        let to_value = |(name, tensor): &(&str, T)| {
            let value = to_value((*tensor).borrow()).map_err(|error| self.failure(&error))?;
            Ok(((*name).to_owned(), value))
        };
        let inputs = guarded(|| inputs.iter().map(to_value).collect::<Result<Vec<_>>>())?;
        let outputs: Vec<String> = outputs.iter().map(|name| (*name).to_owned()).collect();
        let graph = Arc::clone(self);
        let elements = inputs.iter().map(|(_, value)| value.shape().num_elements()).sum();
        self.apart(elements, cancel, move |cancel| {
            let outcome = guarded(|| graph.run_here(&session, &inputs, &outputs, cancel));
            // Before the graph, which may be the last hold on what the session was opened from.
            drop(session);
            outcome
        })
    }

    fn run_here(
        &self,
        session: &SharedSession,
        inputs: &[(String, DynTensor)],
        outputs: &[String],
        cancel: &CancelToken,
    ) -> Result<Vec<Tensor>> {
        let failed = |error| self.failure(&error);
        let mut session = turn(session);
        let mut binding = session.create_binding().map_err(failed)?;
        for (name, value) in inputs {
            binding.bind_input(name.as_str(), value).map_err(failed)?;
        }
        let host = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput);
        let host = host.map_err(failed)?;
        for name in outputs {
            binding.bind_output_to_device(name.as_str(), &host).map_err(failed)?;
        }
        let results = self.run_binding(&mut session, &binding, None, cancel)?;
        let take = |name: &String| {
            let value = results.get(name.as_str()).ok_or_else(|| self.lacks_output(name))?;
            from_value(value).map_err(failed)?.ok_or_else(|| self.lacks_output(name))
        };
        outputs.iter().map(take).collect()
    }

    /// Does `work`, a run, where a cancel can leave it: ONNX Runtime looks at its flag between two operators, and attention
    /// takes half a second of a processor at 512². Other providers run it on this thread: theirs are shorter, and what they
    /// keep (handles, captured graphs) belongs to a thread.
    ///
    /// `elements` is how large all inputs are together. What was quick at that size is run on this thread, too: a thread of
    /// its own costs some milliseconds where others spin for all cores, a tenth of a step of the demo model.
    pub(super) fn apart<T: Send + 'static>(
        &self,
        elements: usize,
        cancel: &CancelToken,
        work: impl FnOnce(&CancelToken) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.not_inside()?;
        let running = std::ptr::from_ref(self).addr();
        let work = move |cancel: &CancelToken| Lineage::with(|here| here.running = running, || work(cancel));
        let is_quick = elements <= self.quick.load(Ordering::Relaxed);
        let started = Instant::now();
        let outcome = match self.provider.is_cpu() && !is_quick {
            true => aside(cancel, work, || Ok(())),
            false => work(cancel),
        };
        match started.elapsed() < QUICK {
            true if outcome.is_ok() => drop(self.quick.fetch_max(elements, Ordering::Relaxed)),
            // Also where it was cancelled: it would have taken longer still.
            false if is_quick => self.quick.store(0, Ordering::Relaxed),
            _ => {}
        }
        outcome
    }

    /// That this is not called from inside of a run of this graph, whose end it would wait for.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub(super) fn not_inside(&self) -> Result<()> {
        if Lineage::here().running == std::ptr::from_ref(self).addr() {
            let name = &self.name;
            return Err(Error::Busy(format!(
                "{name} is running and has called back; it cannot run again before that returns"
            )));
        }
        Ok(())
    }

    /// Runs what is bound, so that `cancel` can stop it. `resident` is the number of the tensors that are bound where
    /// they stay from run to run, so that the run may be captured.
    pub(super) fn run_binding<'b, 's: 'b>(
        &self,
        session: &'s mut Session,
        binding: &'b IoBinding,
        resident: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<SessionOutputs<'b>> {
        let mut options = RunOptions::new().map_err(|error| self.failure(&error))?;
        if self.options.trim && self.provider.is_cpu() {
            options.set("memory.enable_memory_arena_shrinkage", "cpu:0").map_err(|error| self.failure(&error))?;
        }
        if capture::device(&self.options).is_some() {
            let id = resident.map_or_else(|| NO_CAPTURE.to_owned(), |id| id.to_string());
            options.set(GRAPH_ID, id).map_err(|error| self.failure(&error))?;
        }
        let registration = cancel.register_run(options)?;
        let Some(options) = registration.run_options() else {
            return Err(Error::Internal("a run was registered without options".to_owned()));
        };
        let _inside = registration.enter();
        session.run_binding_with_options(binding, options).map_err(|error| match registration.was_stopped() {
            true => Error::Cancelled,
            false => self.failure(&error),
        })
    }

    /// The session, opened again if it was released.
    pub(super) fn session(&self, cancel: &CancelToken) -> Result<SharedSession> {
        let mut slot = self.slot();
        if let Some(session) = &*slot {
            return Ok(Arc::clone(session));
        }
        let (source, path, options) = (self.source.clone(), self.path.clone(), self.options.clone());
        // A session that is left goes before what it was opened from.
        let work = move |cancel: &CancelToken| Ok((source.open(&path, &options, cancel)?, source));
        let (session, _) = aside(cancel, work, || Ok(()))?;
        Ok(Arc::clone(slot.insert(Arc::new(Mutex::new(session)))))
    }

    /// Tensors on the device for a binding of these, from before or new, where runs are captured.
    pub(super) fn take_resident<'t>(
        &self,
        session: &Session,
        inputs: impl ExactSizeIterator<Item = (&'t str, &'t DynTensor)> + Clone,
        output: &DynTensor,
    ) -> Result<Option<Resident>> {
        let Some(device) = capture::device(&self.options) else { return Ok(None) };
        let mut free = self.residents();
        if let Some(index) = free.iter().position(|resident| resident.fits(inputs.clone(), output)) {
            return Ok(Some(free.swap_remove(index)));
        }
        let number = i32::try_from(self.options.device_id).unwrap_or(i32::MAX);
        let id = self.resident_count.fetch_add(1, Ordering::Relaxed);
        let made = Resident::allocate(session, (device, number), id, inputs, output);
        made.map(Some).map_err(|error| self.failure(&error))
    }

    /// Keeps what [`take_resident`](Self::take_resident) gave for the next binding, unless its session is gone.
    pub(super) fn return_resident(&self, resident: Resident, session: &SharedSession) {
        // One lock after the other, as in `release`: what goes in is of the session that is there.
        let slot = self.slot();
        if slot.as_ref().is_some_and(|open| Arc::ptr_eq(open, session)) {
            self.residents().push(resident);
        }
    }

    fn residents(&self) -> MutexGuard<'_, Vec<Resident>> {
        self.residents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self) -> MutexGuard<'_, Option<SharedSession>> {
        // Nothing in it can be half-made: a handle is there or not.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The execution provider that the graph was opened on; never [`Provider::Auto`].
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Which of its nodes run where; `None` if this ONNX Runtime does not say.
    #[must_use]
    pub fn assignment(&self) -> Option<&Assignment> {
        self.assignment.as_ref()
    }

    /// What it was opened with, with [`Provider::Auto`] replaced by what it became.
    #[must_use]
    pub fn options(&self) -> &GraphOptions {
        &self.options
    }

    pub(super) fn failure<R>(&self, error: &ort::Error<R>) -> Error {
        run_failure(&self.name, error)
    }

    /// Checks names, types, ranks and fixed sizes, and that no input is missing.
    pub(super) fn check_inputs<'t>(&self, given: impl Iterator<Item = (&'t str, &'t Tensor)> + Clone) -> Result<()> {
        for (index, (name, tensor)) in given.clone().enumerate() {
            let spec = self.expect_input(name)?;
            self.check_fit(spec, tensor.dtype(), tensor.shape())?;
            if given.clone().take(index).any(|(other, _)| other == name) {
                return Err(Error::invalid(format!("the input \"{name}\" of {} was given twice", self.name)));
            }
        }
        let required = self.inputs.known.iter().map(|spec| spec.name.as_str());
        let foreign = self.inputs.foreign.iter().map(|(name, _)| name.as_str());
        match required.chain(foreign).find(|name| !given.clone().any(|(other, _)| other == *name)) {
            None => Ok(()),
            Some(name) => {
                // An input that cannot be given at all deserves the better sentence.
                self.expect_input(name)?;
                Err(Error::invalid(format!("the input \"{name}\" of {} is missing", self.name)))
            }
        }
    }

    fn check_fit(&self, spec: &IoSpec, dtype: DType, shape: &[usize]) -> Result<()> {
        if dtype == spec.dtype && spec.accepts(shape) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "the input \"{}\" of {} is {} {shape:?}, but the graph wants {spec}",
            spec.name,
            self.name,
            dtype.name()
        )))
    }

    /// The input of that name, or why there is none.
    pub(super) fn expect_input(&self, name: &str) -> Result<&IoSpec> {
        expect(&self.inputs, "input", name, &self.name)
    }

    /// The output of that name, or why there is none.
    pub(super) fn expect_output(&self, name: &str) -> Result<&IoSpec> {
        expect(&self.outputs, "output", name, &self.name)
    }

    fn lacks_output(&self, name: &str) -> Error {
        Error::GraphFailed { graph: self.name.clone(), message: format!("it gave no tensor for its output \"{name}\"") }
    }
}

fn expect<'i>(io: &'i Io, what: &str, name: &str, graph: &str) -> Result<&'i IoSpec> {
    io.get(name).ok_or_else(|| match io.foreign(name) {
        Some(kind) => {
            Error::Unsupported(format!("the {what} \"{name}\" of {graph} is a {kind}, which cannot be carried"))
        }
        None => Error::invalid(format!("{graph} has no {what} \"{name}\": it has {}", io.names())),
    })
}

/// Whoever cancels may wait so long: no operator of a run that took less can take longer.
const QUICK: Duration = Duration::from_millis(60);

/// How often who waits for a session looks whether it was cancelled.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The session, once no other thread runs it: one that was cancelled may be at its last operator.
///
/// # Errors
/// [`Error::Cancelled`] while it waits.
pub(super) fn turn_for<'s>(session: &'s SharedSession, cancel: &CancelToken) -> Result<MutexGuard<'s, Session>> {
    loop {
        match session.try_lock() {
            Ok(turn) => return Ok(turn),
            Err(TryLockError::Poisoned(turn)) => return Ok(turn.into_inner()),
            Err(TryLockError::WouldBlock) => {
                cancel.check()?;
                thread::sleep(LOOK_AGAIN);
            }
        }
    }
}

/// The session, once no other thread runs it.
pub(super) fn turn(session: &SharedSession) -> MutexGuard<'_, Session> {
    // A panic inside a run leaves the session as ONNX Runtime left it, which is usable after any failure.
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Graph {
    fn drop(&mut self) {
        // So that what the session held goes back to the system, and not only to the allocator.
        self.release();
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("name", &self.name).field("path", &self.path).finish_non_exhaustive()
    }
}

//! All graphs of a model, side by side.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::edit::Edit;
use super::graph::{Checked, OpenOptions, Opened};
use crate::runtime::{CancelToken, Lineage, STACK, aside};
use crate::{Error, Result};

/// How often the caller's token is looked at while graphs are being opened.
const LOOK: Duration = Duration::from_millis(10);

/// A graph to be opened.
#[derive(Debug, Clone)]
pub struct GraphFile {
    /// What errors call it, as `unet`.
    pub name: String,
    /// The ONNX file.
    pub path: PathBuf,
    /// How to open it.
    pub options: OpenOptions,
    /// What is changed in it, in this order.
    pub edits: Vec<Edit>,
}

/// Opens `files` on a thread of their own, which is left when `cancel` is raised: the caller is free within some milliseconds.
///
/// # Errors
/// As [`open_all`].
pub(crate) fn open_aside(files: Vec<GraphFile>, one_by_one: bool, cancel: &CancelToken) -> Result<Vec<Opened>> {
    aside(cancel, move |cancel| open_all(&files, one_by_one, cancel, |_| Ok(())), || Ok(()))
}

/// Opens `files`, in their order. `one_by_one` keeps the memory that opening takes to that of one graph; otherwise
/// each has a thread. `done` is called on this thread with how many are open, and its error ends the work. Parts of that
/// cannot be interrupted: whoever may have to leave it does it [`aside`].
///
/// # Errors
/// As [`Graph::open`](crate::runtime::Graph::open) of the first that fails; all files are looked at before any is
/// opened, so that a damaged one does not cost the time that the others take.
pub fn open_all(
    files: &[GraphFile],
    one_by_one: bool,
    cancel: &CancelToken,
    mut done: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<Opened>> {
    let mut checked = Vec::with_capacity(files.len());
    for file in files {
        cancel.check()?;
        checked.push(Checked::read(&file.path)?);
    }
    let open = |file: &GraphFile, checked: Checked<'_>, cancel: &CancelToken| {
        let started = Instant::now();
        let opened = checked.open(&file.name, &file.options, &file.edits, cancel)?;
        cancel.check()?;
        log::info!(
            "{} is open on {} after {:?} (cache: {})",
            file.name,
            opened.graph.provider().name(),
            started.elapsed(),
            opened.preparation.cache.name()
        );
        Ok::<_, Error>(opened)
    };
    if one_by_one {
        let mut opened = Vec::with_capacity(files.len());
        for (file, checked) in files.iter().zip(checked) {
            let one = open(file, checked, cancel)?;
            one.graph.release();
            opened.push(one);
            done(opened.len())?;
        }
        return Ok(opened);
    }
    // One of their own, so that an error or the observer can stop the others without the caller's token.
    let inner = CancelToken::new();
    let mut places: Vec<Option<Result<Opened>>> = files.iter().map(|_| None).collect();
    let (mut count, mut first) = (0, None);
    let lineage = Lineage::handed_on();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for (index, (file, checked)) in files.iter().zip(checked).enumerate() {
            let (sender, open, inner) = (sender.clone(), &open, &inner);
            // A receiver that is gone has no use for it; it is never gone before all have sent.
            let work = move || {
                lineage.take_over();
                drop(sender.send((index, open(file, checked, inner))));
            };
            if let Err(error) = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work) {
                first = Some(Error::OutOfMemory(format!("the system gives no thread: {error}")));
                break;
            }
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok((index, Ok(opened))) => {
                    places[index] = Some(Ok(opened));
                    count += 1;
                    if first.is_none() {
                        first = done(count).err();
                    }
                }
                Ok((_, Err(error))) => {
                    first.get_or_insert(error);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if (first.is_some() || cancel.is_cancelled()) && !inner.is_cancelled() {
                inner.cancel();
            }
        }
    });
    if let Some(error) = first {
        return Err(error);
    }
    let missing = || Err(Error::Internal("a thread that opened a graph ended early".to_owned()));
    places.into_iter().map(|place| place.unwrap_or_else(missing)).collect()
}

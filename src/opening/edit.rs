//! Changes to a graph that its user needs, before the ones that only make it faster.

use std::fmt;
use std::sync::Arc;

use crate::Result;
use crate::onnx::Model;
use crate::prepare::wrap_convolutions;

type Change = dyn Fn(&mut Model) -> Result<Option<String>> + Send + Sync;

/// A change to a graph, made when it is opened: another output, say.
#[derive(Clone)]
pub struct Edit {
    key: String,
    needed: bool,
    change: Arc<Change>,
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("key", &self.key).field("needed", &self.needed).finish_non_exhaustive()
    }
}

impl Edit {
    /// `change` edits a graph and says what it did; `None` means that it did nothing, and must leave the graph as it
    /// was. `key` stands for all that the change depends on besides the graph: of two changes with the same key, one
    /// finds in the cache what the other stored.
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        change: impl Fn(&mut Model) -> Result<Option<String>> + Send + Sync + 'static,
    ) -> Self {
        Self { key: key.into(), needed: false, change: Arc::new(change) }
    }

    /// Convolutions wrap around along the height, the width or both, so that pictures tile
    /// ([`wrap_convolutions`](crate::prepare::wrap_convolutions)); needed.
    #[must_use]
    pub fn wrapping(height: bool, width: bool) -> Self {
        let key = format!("convolutions wrap around (height {height}, width {width}), version 1");
        Self::new(key, move |model| wrap_convolutions(model, height, width)).needed()
    }

    /// The same, for a graph that is of no use without the change: if it fails, so does opening. Otherwise the graph is
    /// opened without it, as it is where preparing graphs is switched off.
    #[must_use]
    pub fn needed(self) -> Self {
        Self { needed: true, ..self }
    }
}

/// What [`Edit`]s did to a graph.
#[derive(Debug, Default)]
pub(super) struct Edited {
    /// The keys of those that changed it.
    pub keys: Vec<String>,
    /// Whether it must not be opened without them.
    pub needed: bool,
    pub done: Vec<String>,
    pub left: Vec<String>,
}

impl Edited {
    /// Applies `edits` to `model`, which errors call `name`; only those that are needed unless it is to be `prepared`.
    ///
    /// # Errors
    /// That of the first needed one that fails.
    pub(super) fn by(edits: &[Edit], prepared: bool, model: &mut Model, name: &str) -> Result<Self> {
        let mut edited = Self::default();
        for edit in edits.iter().filter(|edit| prepared || edit.needed) {
            match (edit.change)(model) {
                Ok(Some(done)) => {
                    edited.keys.push(edit.key.clone());
                    edited.needed |= edit.needed;
                    edited.done.push(done);
                }
                Ok(None) => {}
                Err(error) if edit.needed => return Err(error),
                Err(error) => {
                    log::warn!("{name} is opened without a change to it ({}): {error}", edit.key);
                    edited.left.push(format!("no {}: {error}", edit.key));
                }
            }
        }
        Ok(edited)
    }

    /// Whether the graph is as it was.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

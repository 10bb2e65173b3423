//! A graph that is opened when a request needs it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::opening::{self, GraphFile, OpenOptions};
use crate::runtime::{CancelToken, Graph};

/// Where a graph is, how it is opened, and what it became.
pub(super) struct LateGraph {
    role: GraphRole,
    path: PathBuf,
    options: OpenOptions,
    made: Mutex<Option<Arc<Graph>>>,
}

impl LateGraph {
    pub(super) fn new(role: GraphRole, path: &Path, options: OpenOptions) -> Self {
        Self { role, path: path.to_path_buf(), options, made: Mutex::default() }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The graph, opened now if it was not yet.
    ///
    /// # Errors
    /// As [`crate::Pipeline::open`].
    pub(super) fn get(&self, cancel: &CancelToken) -> Result<Arc<Graph>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made {
            return Ok(Arc::clone(made));
        }
        let (name, path, options) = (self.role.name().to_owned(), self.path.clone(), self.options.clone());
        let file = GraphFile { name, path, options, edits: Vec::new() };
        let opened = opening::open_aside(vec![file], false, cancel)?;
        let graph = opened.into_iter().next().ok_or_else(|| Error::Internal("nothing was opened".into()))?.graph;
        Ok(Arc::clone(made.insert(Arc::new(graph))))
    }

    /// Gives its memory back until it is needed again.
    pub(super) fn release(&self) {
        if let Some(made) = &*self.made.lock().unwrap_or_else(PoisonError::into_inner) {
            made.release();
        }
    }
}

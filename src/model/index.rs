//! `model_index.json`: the pipeline's class, and which class each component is of.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::fields::Fields;
use super::json;
use crate::error::Result;

/// The file's name in every layout that has it.
pub(super) const FILE: &str = "model_index.json";

/// The model's index; empty when the folder has none.
pub(super) struct Index {
    path: PathBuf,
    map: Map<String, Value>,
    exists: bool,
    class_name: Option<String>,
}

impl Index {
    /// Reads the index of the model at `root`.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let read = json::read_object(&path)?;
        let exists = read.is_some();
        let map = read.unwrap_or_default();
        let class_name = Fields::new(&path, &map).text("_class_name")?.map(str::to_owned);
        Ok(Self { path, map, exists, class_name })
    }

    /// Whether the folder has one.
    pub(super) fn exists(&self) -> bool {
        self.exists
    }

    /// The pipeline's class, as `ORTStableDiffusionPipeline`.
    pub(super) fn class_name(&self) -> Option<&str> {
        self.class_name.as_deref()
    }

    /// The class of a component: the second item of its `[library, class]`, where both are strings.
    pub(super) fn component_class(&self, component: &str) -> Result<Option<&str>> {
        let fields = self.fields();
        let Some(value) = fields.get(component) else { return Ok(None) };
        match value.as_array().map(Vec::as_slice) {
            // [null, null] is how diffusers writes a component that was left out.
            Some([_, Value::Null]) => Ok(None),
            Some([_, Value::String(class)]) => Ok(Some(class)),
            _ => Err(fields.bad(component, value, "a list of two: the library's and the class's name")),
        }
    }

    /// Its keys, with types checked on access.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.path, &self.map)
    }
}

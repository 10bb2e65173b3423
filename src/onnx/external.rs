//! Tensors whose values lie in another file: which ones there are, and leaving large ones where they lie.

use std::collections::HashMap;
use std::path::{Component, Path};

use bytes::Bytes;

use super::Model;
use super::proto::{DataLocation, GraphProto, NodeProto, SparseTensorProto, StringStringEntryProto, TensorProto};
use crate::files::OpenFile;
use crate::{Error, Result};

/// A tensor whose values lie in another file, as the graph says it; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalTensor {
    /// The tensor's name; may be empty.
    pub name: String,
    /// The file, relative to the graph's folder.
    pub location: String,
    /// Where in the file, in bytes.
    pub offset: String,
    /// How many bytes; `None` means up to the end.
    pub length: Option<String>,
}

/// Smaller tensors stay in the graph, in bytes: ONNX Runtime reads shapes, axes and scalars while it infers shapes,
/// and there it reads no other file.
pub(super) const STAYS_BELOW: usize = 1024;

/// Larger tensors are weights, which stay where they are; smaller ones are what passes want to know.
const SMALL: usize = 16 * 1024;

impl Model {
    /// Brings tensors of at most 16 KiB, that an exporter put into another file, into the model: initializers of the main
    /// graph and its `Constant` nodes. What cannot be read, or lies outside the model's folder, stays as it is. Returns
    /// how many there were.
    pub fn embed_small(&mut self) -> usize {
        let folder = self.origin().parent().unwrap_or(Path::new("")).to_owned();
        let mut files = HashMap::new();
        let Some(graph) = self.proto.graph.as_mut() else { return 0 };
        let constants = graph.node.iter_mut().filter(|node| node.op() == "Constant");
        let constants = constants.flat_map(|node| &mut node.attribute).filter_map(|attribute| attribute.t.as_mut());
        let mut count = 0;
        for tensor in graph.initializer.iter_mut().chain(constants).filter(|tensor| is_external(tensor)) {
            if let Some(bytes) = read_small(tensor, &folder, &mut files) {
                tensor.raw_data = Some(bytes);
                tensor.external_data.clear();
                tensor.data_location = None;
                count += 1;
            }
        }
        count
    }

    /// Everything that the model wants to read from other files: initializers, constants, those of subgraphs and of
    /// functions.
    #[must_use]
    pub fn external_tensors(&self) -> Vec<ExternalTensor> {
        let mut found = Vec::new();
        self.proto.graph.iter().for_each(|graph| visit_graph(graph, &mut found));
        self.proto.functions.iter().for_each(|function| visit_nodes(&function.node, &mut found));
        found
    }

    /// Replaces the file names of tensors that lie in other files: `name` gives the new one.
    pub(crate) fn rename_external(&mut self, name: &dyn Fn(&str) -> Option<String>) {
        let mut rename = |tensor: &mut TensorProto| {
            for entry in &mut tensor.external_data {
                if entry.key.as_deref() == Some("location")
                    && let Some(new) = entry.value.as_deref().and_then(name)
                {
                    entry.value = Some(new);
                }
            }
        };
        self.proto.graph.iter_mut().for_each(|graph| change_graph(graph, &mut rename));
        self.proto.functions.iter_mut().for_each(|function| change_nodes(&mut function.node, &mut rename));
    }

    /// Leaves the large tensors of the main graph in the file that the model was read from, so that
    /// [`to_bytes`](Self::to_bytes) gives a small model that names them there. `location` is that file's path as seen
    /// from the folder in which the small model will lie (for ONNX Runtime: its file name, beside it).
    ///
    /// Tensors below 1 KiB, tensors in typed fields (`float_data`), and tensors that an edit put in stay in the
    /// model. Returns how many bytes were left out.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty `location`.
    pub fn externalise(&mut self, location: &str) -> Result<u64> {
        if location.is_empty() {
            return Err(Error::invalid("the file that keeps a model's tensors must have a name"));
        }
        let start = self.source.as_ptr() as usize;
        let mut moved = 0;
        for tensor in self.proto.graph.iter_mut().flat_map(|graph| &mut graph.initializer) {
            let Some(raw) = tensor.raw_data.as_ref().filter(|raw| raw.len() >= STAYS_BELOW) else { continue };
            // A tensor that was decoded from the file is a slice of it, so its address gives its place in the file.
            let offset = (raw.as_ptr() as usize).wrapping_sub(start);
            if offset.checked_add(raw.len()).is_none_or(|end| end > self.source.len()) {
                continue;
            }
            let length = raw.len();
            let entry =
                |key: &str, value: String| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) };
            tensor.external_data = vec![
                entry("location", location.to_owned()),
                entry("offset", offset.to_string()),
                entry("length", length.to_string()),
            ];
            tensor.data_location = Some(DataLocation::External.into());
            tensor.raw_data = None;
            moved += length as u64;
        }
        Ok(moved)
    }
}

/// Whether the tensor's values lie in another file.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location() == DataLocation::External || !tensor.external_data.is_empty()
}

/// The bytes of a small external tensor. `files` keeps those that are open.
fn read_small(tensor: &TensorProto, folder: &Path, files: &mut HashMap<String, Option<OpenFile>>) -> Option<Bytes> {
    let value = |key: &str| {
        let entry = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key))?;
        entry.value.as_deref()
    };
    let location = value("location")?;
    let offset: u64 = value("offset").map_or(Some(0), |offset| offset.parse().ok())?;
    let length: usize = value("length")?.parse().ok()?;
    let inside = Path::new(location).components().all(|part| matches!(part, Component::Normal(_)));
    if length > SMALL || !inside || location.contains([':', '\\']) {
        return None;
    }
    let open = || OpenFile::open(&folder.join(location)).ok();
    let file = files.entry(location.to_owned()).or_insert_with(open).as_mut()?;
    file.read_at(offset, length).ok()
}

// Recursion is safe: prost refuses messages that are nested more than 100 deep.
fn visit_graph(graph: &GraphProto, found: &mut Vec<ExternalTensor>) {
    visit_tensors(&graph.initializer, found);
    visit_sparse(&graph.sparse_initializer, found);
    visit_nodes(&graph.node, found);
}

fn visit_nodes(nodes: &[NodeProto], found: &mut Vec<ExternalTensor>) {
    for attribute in nodes.iter().flat_map(|node| &node.attribute) {
        visit_tensors(attribute.t.as_slice(), found);
        visit_tensors(&attribute.tensors, found);
        visit_sparse(attribute.sparse_tensor.as_slice(), found);
        visit_sparse(&attribute.sparse_tensors, found);
        attribute.g.iter().chain(&attribute.graphs).for_each(|graph| visit_graph(graph, found));
    }
}

fn visit_sparse(tensors: &[SparseTensorProto], found: &mut Vec<ExternalTensor>) {
    for tensor in tensors {
        visit_tensors(tensor.values.as_slice(), found);
        visit_tensors(tensor.indices.as_slice(), found);
    }
}

pub(super) fn change_graph(graph: &mut GraphProto, change: &mut dyn FnMut(&mut TensorProto)) {
    graph.initializer.iter_mut().for_each(&mut *change);
    graph.sparse_initializer.iter_mut().for_each(|sparse| change_sparse(sparse, change));
    change_nodes(&mut graph.node, change);
}

pub(super) fn change_nodes(nodes: &mut [NodeProto], change: &mut dyn FnMut(&mut TensorProto)) {
    for attribute in nodes.iter_mut().flat_map(|node| &mut node.attribute) {
        attribute.t.iter_mut().chain(&mut attribute.tensors).for_each(&mut *change);
        attribute.sparse_tensor.iter_mut().chain(&mut attribute.sparse_tensors).for_each(|s| change_sparse(s, change));
        attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(|graph| change_graph(graph, change));
    }
}

fn change_sparse(sparse: &mut SparseTensorProto, change: &mut dyn FnMut(&mut TensorProto)) {
    sparse.values.iter_mut().chain(&mut sparse.indices).for_each(change);
}

fn visit_tensors(tensors: &[TensorProto], found: &mut Vec<ExternalTensor>) {
    for tensor in tensors.iter().filter(|tensor| is_external(tensor)) {
        let value = |key: &str| {
            let entry = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key))?;
            entry.value.clone()
        };
        found.push(ExternalTensor {
            name: tensor.name.clone().unwrap_or_default(),
            location: value("location").unwrap_or_default(),
            offset: value("offset").unwrap_or_else(|| "0".to_owned()),
            length: value("length"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tensors_come_back_into_the_model_and_others_stay() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/unet/model.onnx");
        let whole = Model::open(&path).unwrap();
        let mut small = whole.clone();
        small.externalise("model.onnx").unwrap();
        let outside = small.external_tensors().len();
        let embedded = small.embed_small();
        assert!(embedded > 5 && small.external_tensors().len() == outside - embedded, "{embedded} of {outside}");
        for (old, new) in whole.graph().unwrap().initializer.iter().zip(&small.graph().unwrap().initializer) {
            assert_eq!(is_external(new), old.raw_data.as_ref().is_some_and(|raw| raw.len() > SMALL), "{:?}", new.name);
            assert!(is_external(new) || new.raw_data == old.raw_data, "{:?}", new.name);
        }
        // What leads out of the folder, or beyond the end of the file, is left for the check of external data to refuse.
        for (key, value) in [("location", "../unet/model.onnx"), ("offset", "99999999999"), ("length", "-1")] {
            let mut model = whole.clone();
            model.externalise("model.onnx").unwrap();
            let external = model.proto.graph.iter_mut().flat_map(|graph| &mut graph.initializer);
            for entry in external.flat_map(|tensor| &mut tensor.external_data).filter(|e| e.key.as_deref() == Some(key))
            {
                entry.value = Some(value.to_owned());
            }
            assert_eq!(model.embed_small(), 0, "{key}");
        }
    }

    #[test]
    fn tensors_that_stay_in_their_file_are_found_there_again() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/unet/model.onnx");
        let file = std::fs::read(&path).unwrap();
        let whole = Model::open(&path).unwrap();
        let mut small = whole.clone();
        // A tensor of our own lies in no file, so it stays.
        let own = TensorProto { name: Some("own".into()), raw_data: Some(vec![1; 4096].into()), ..Default::default() };
        small.proto.graph.as_mut().unwrap().initializer.push(own.clone());
        let moved = small.externalise("model.onnx").unwrap();
        let bytes = small.to_bytes();
        assert_eq!(small.proto.graph.as_ref().unwrap().initializer.last(), Some(&own));
        assert!(moved > 15_000_000 && bytes.len() < 1_000_000, "{moved} {}", bytes.len());

        let again = Model::parse(Bytes::from(bytes), &path).unwrap();
        assert!(again.external_tensors().len() > 50);
        for (old, new) in whole.graph().unwrap().initializer.iter().zip(&again.graph().unwrap().initializer) {
            let raw = old.raw_data.as_ref().unwrap();
            let number = |key: &str| {
                let entry = new.external_data.iter().find(|e| e.key.as_deref() == Some(key)).unwrap();
                entry.value.as_ref().unwrap().parse::<usize>().unwrap()
            };
            assert_eq!((&old.name, &old.dims, old.data_type), (&new.name, &new.dims, new.data_type));
            match is_external(new) {
                true => assert_eq!(&file[number("offset")..][..number("length")], &raw[..], "{:?}", old.name),
                false => assert!(raw.len() < STAYS_BELOW && new.raw_data.as_ref() == Some(raw), "{:?}", old.name),
            }
        }
        assert!(small.externalise("").is_err());
        assert_eq!(small.externalise("model.onnx").unwrap(), 0);
    }
}

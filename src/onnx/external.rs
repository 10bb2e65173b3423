//! Tensors whose values lie in another file: which ones there are, and leaving large ones where they lie.

use super::Model;
use super::proto::{DataLocation, GraphProto, NodeProto, SparseTensorProto, StringStringEntryProto, TensorProto};
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
const STAYS_BELOW: usize = 1024;

impl Model {
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

fn change_graph(graph: &mut GraphProto, change: &mut dyn FnMut(&mut TensorProto)) {
    graph.initializer.iter_mut().for_each(&mut *change);
    graph.sparse_initializer.iter_mut().for_each(|sparse| change_sparse(sparse, change));
    change_nodes(&mut graph.node, change);
}

fn change_nodes(nodes: &mut [NodeProto], change: &mut dyn FnMut(&mut TensorProto)) {
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
    use std::path::Path;

    use bytes::Bytes;

    use super::*;

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

//! Tensors whose values lie in files that are in memory: brought into the model, without a copy.

use std::collections::HashMap;

use bytes::Bytes;

use super::Model;
use super::external::{change_graph, change_nodes, is_external};
use super::proto::TensorProto;
use crate::files;
use crate::{Error, Result};

impl Model {
    /// Makes every tensor that lies in another file a slice of that file's bytes. The model and its files were handed over
    /// in memory; the check of external data has been passed.
    ///
    /// # Errors
    /// [`Error::BadModel`] for a tensor that is not there whole.
    pub(crate) fn embed_from_memory(&mut self) -> Result<()> {
        let origin = self.origin().to_owned();
        let mut open: HashMap<String, Option<Bytes>> = HashMap::new();
        let mut missing = None;
        let mut embed = |tensor: &mut TensorProto| {
            if !is_external(tensor) {
                return;
            }
            let value = |key: &str| {
                let entry = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key))?;
                entry.value.as_deref()
            };
            let location = value("location").unwrap_or_default().to_owned();
            let file = open.entry(location).or_insert_with_key(|name| files::in_memory(&origin.with_file_name(name)));
            let slice = || {
                let file = file.as_ref()?;
                let offset: usize = value("offset").map_or(Some(0), |offset| offset.parse().ok())?;
                let length =
                    value("length").map_or_else(|| file.len().checked_sub(offset), |length| length.parse().ok());
                let end = offset.checked_add(length?).filter(|end| *end <= file.len())?;
                Some(file.slice(offset..end))
            };
            match slice() {
                Some(bytes) => {
                    tensor.raw_data = Some(bytes);
                    tensor.external_data.clear();
                    tensor.data_location = None;
                }
                None => missing = missing.take().or_else(|| Some(tensor.name.clone().unwrap_or_default())),
            }
        };
        self.proto.graph.iter_mut().for_each(|graph| change_graph(graph, &mut embed));
        self.proto.functions.iter_mut().for_each(|function| change_nodes(&mut function.node, &mut embed));
        match missing {
            None => Ok(()),
            Some(name) => Err(Error::bad_model(
                self.origin(),
                format!("the values of the tensor \"{name}\" are not in the files that were handed over with it"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::ModelFiles;

    #[test]
    fn tensors_become_slices_of_the_files_in_memory() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/unet/model.onnx");
        let whole = Model::open(&path).unwrap();
        let mut small = whole.clone();
        small.externalise("weights.bin").unwrap();
        let weights = Bytes::from(std::fs::read(&path).unwrap());
        let mut files = ModelFiles::new();
        files.add("unet/model.onnx", small.to_bytes()).unwrap();
        files.add("unet/weights.bin", weights.clone()).unwrap();
        let mounted = files.mount();
        let mut model = Model::open(&mounted.root().join("unet/model.onnx")).unwrap();
        assert!(model.external_tensors().len() > 50);
        model.embed_from_memory().unwrap();
        assert!(model.external_tensors().is_empty());
        for (old, new) in whole.graph().unwrap().initializer.iter().zip(&model.graph().unwrap().initializer) {
            let (old, new) = (old.raw_data.as_ref().unwrap(), new.raw_data.as_ref().unwrap());
            assert_eq!(old, new);
            assert!(new.len() < 1024 || weights.as_ptr_range().contains(&new.as_ptr()), "a copy");
        }
        let mut lone = ModelFiles::new();
        lone.add("unet/model.onnx", small.to_bytes()).unwrap();
        let mounted = lone.mount();
        let mut model = Model::open(&mounted.root().join("unet/model.onnx")).unwrap();
        assert!(model.embed_from_memory().unwrap_err().to_string().contains("handed over"));
    }
}

//! A whole ONNX file: its graph, its operator sets, and the bytes that it came from.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use prost::Message;

use super::file;
use super::proto::{GraphProto, ModelProto, OperatorSetIdProto};
use crate::{Error, Result};

/// An ONNX model: everything of its file, with the weights left where they are.
///
/// Weights inside the file are slices of its memory map; cloning a model copies no weights.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) proto: ModelProto,
    /// The encoded bytes that `proto` came from; embedded tensors point into them.
    pub(super) source: Bytes,
    origin: PathBuf,
}

impl Model {
    /// Reads the ONNX file at `path`, which stays mapped for as long as a tensor of the model needs it. It must not
    /// be shortened meanwhile. Files of external weights are not opened.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that is not there or cannot be read, [`Error::BadModel`] for one that is not a
    /// whole ONNX file.
    pub fn open(path: &Path) -> Result<Self> {
        Self::parse(file::map(path)?, path)
    }

    /// Reads an ONNX file's bytes. `origin` is what errors call them; nothing is read from it.
    ///
    /// # Errors
    /// [`Error::BadModel`] for bytes that are not a whole ONNX file.
    pub fn parse(bytes: Bytes, origin: &Path) -> Result<Self> {
        let proto = ModelProto::decode(bytes.clone()).map_err(|error| {
            Error::bad_model(origin, format!("it is not a whole ONNX file ({error}); copy or export the graph again"))
        })?;
        match (&proto.graph, proto.ir_version) {
            (Some(_), Some(1..)) => Ok(Self { proto, source: bytes, origin: origin.to_owned() }),
            _ => Err(Error::bad_model(origin, "it is not an ONNX file: it holds no graph; export the graph again")),
        }
    }

    /// The model as an ONNX file. Embedded tensors are copied, so do
    /// [`externalise`](Self::externalise) first for a model with large ones.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.proto.encode_to_vec()
    }

    /// The whole message.
    #[must_use]
    pub fn proto(&self) -> &ModelProto {
        &self.proto
    }

    /// The main graph. To change it, use an [`Editor`](super::Editor).
    ///
    /// # Errors
    /// [`Error::Internal`]: a model without a graph was refused when it was read.
    pub fn graph(&self) -> Result<&GraphProto> {
        self.proto.graph.as_ref().ok_or_else(|| Error::Internal("a model lost its graph".to_owned()))
    }

    /// The file it was read from, or what [`parse`](Self::parse) was told.
    #[must_use]
    pub fn origin(&self) -> &Path {
        &self.origin
    }

    /// The version of the operator set `domain` (`""` means ONNX's own), if the model imports it.
    #[must_use]
    pub fn opset(&self, domain: &str) -> Option<i64> {
        let find = |set: &&OperatorSetIdProto| same_domain(set.domain.as_deref().unwrap_or(""), domain);
        self.proto.opset_import.iter().find(find)?.version
    }

    /// Imports the operator set `domain` in at least `version`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the model imports an older version: raising it would change what its nodes mean.
    pub fn require_opset(&mut self, domain: &str, version: i64) -> Result<()> {
        match self.opset(domain) {
            Some(present) if present >= version => Ok(()),
            Some(present) => Err(Error::Unsupported(format!(
                "the graph \"{}\" imports version {present} of the operators \"{domain}\", but {version} is needed",
                self.origin.display()
            ))),
            None => {
                let set = OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) };
                self.proto.opset_import.push(set);
                Ok(())
            }
        }
    }
}

/// Whether two domains are the same; ONNX's own is called `""` or `ai.onnx`.
pub(super) fn same_domain(a: &str, b: &str) -> bool {
    let plain = |domain| matches!(domain, "" | "ai.onnx");
    a == b || (plain(a) && plain(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo").join(name)
    }

    #[test]
    fn opsets_are_found_under_both_names_and_never_raised() {
        let mut model = Model::open(&demo("unet/model.onnx")).unwrap();
        assert_eq!(model.opset(""), Some(18));
        assert_eq!(model.opset("ai.onnx"), Some(18));
        assert_eq!(model.opset("com.microsoft"), None);
        model.require_opset("", 17).unwrap();
        model.require_opset("com.microsoft", 1).unwrap();
        model.require_opset("com.microsoft", 1).unwrap();
        assert_eq!(model.proto().opset_import.len(), 2);
        assert!(model.require_opset("", 19).unwrap_err().to_string().contains("imports version 18"));
    }

    #[test]
    fn weights_are_not_copied() {
        let model = Model::open(&demo("vae_decoder/model.onnx")).unwrap();
        let inside = model.source.as_ptr_range();
        let tensors = &model.graph().unwrap().initializer;
        let raw: Vec<_> = tensors.iter().filter_map(|t| t.raw_data.as_ref()).filter(|b| !b.is_empty()).collect();
        assert!(raw.len() > 20);
        assert!(raw.iter().all(|bytes| inside.contains(&bytes.as_ptr())));
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let whole = Bytes::from(std::fs::read(demo("text_encoder/model.onnx")).unwrap());
        for length in (0..whole.len()).step_by(997) {
            let error = Model::parse(whole.slice(..length), Path::new("here")).unwrap_err();
            assert!(matches!(error, Error::BadModel { .. }), "{length}: {error}");
        }
    }
}

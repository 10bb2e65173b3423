//! The denoiser and the decoder of a model once more, with convolutions that wrap around.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Seamless;
use crate::autoencoder::Decoder;
use crate::error::{Error, Result};
use crate::model::{GraphRole, ModelFolder};
use crate::opening::{self, Edit, GraphFile, OpenOptions};
use crate::runtime::{CancelToken, Graph};

/// Both graphs of one way to tile.
pub(in crate::pipeline) struct Wrapped {
    pub denoiser: Arc<Graph>,
    pub decoder: Decoder,
}

/// Those that were asked for so far: each is opened at the first request that tiles so, and is then kept.
pub(in crate::pipeline) struct AllWrapped {
    denoiser: OpenOptions,
    decoder: OpenOptions,
    made: Mutex<BTreeMap<Seamless, Arc<Wrapped>>>,
}

impl AllWrapped {
    /// `denoiser` and `decoder` say how the two graphs are opened.
    pub(in crate::pipeline) fn new(denoiser: OpenOptions, decoder: OpenOptions) -> Self {
        Self { denoiser, decoder, made: Mutex::default() }
    }

    /// The graphs for `seamless`, opened now if they were not yet, and `closed` again until they run; `None` for ordinary
    /// pictures.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for graphs without convolutions that pad; as [`crate::Pipeline::open`].
    pub(in crate::pipeline) fn get(
        &self,
        folder: &ModelFolder,
        seamless: Seamless,
        closed: bool,
        cancel: &CancelToken,
    ) -> Result<Option<Arc<Wrapped>>> {
        let [height, width] = seamless.axes();
        if seamless == Seamless::Off {
            return Ok(None);
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.get(&seamless) {
            return Ok(Some(Arc::clone(made)));
        }
        let edit = Edit::wrapping(height, width);
        let mut files = Vec::new();
        for (role, options) in [(folder.denoiser_role(), &self.denoiser), (GraphRole::VaeDecoder, &self.decoder)] {
            let path = folder
                .graph(role)
                .ok_or_else(|| Error::bad_model(folder.root(), format!("it has no {}/model.onnx", role.name())))?;
            let (name, path, options) = (role.name().to_owned(), path.to_owned(), options.clone());
            files.push(GraphFile { name, path, options, edits: vec![edit.clone()] });
        }
        let opened = opening::open_aside(files, closed, cancel)?;
        let graphs: Vec<_> = opened.into_iter().map(|opened| Arc::new(opened.graph)).collect();
        let Ok([denoiser, decoder]) = <[Arc<Graph>; 2]>::try_from(graphs) else {
            return Err(Error::Internal("two graphs were opened, but not two are there".into()));
        };
        let wrapped = Arc::new(Wrapped { denoiser, decoder: Decoder::new(decoder, folder.vae())? });
        made.insert(seamless, Arc::clone(&wrapped));
        Ok(Some(wrapped))
    }

    /// Gives back what is open.
    pub(in crate::pipeline) fn release(&self) {
        for wrapped in self.made.lock().unwrap_or_else(PoisonError::into_inner).values() {
            wrapped.denoiser.release();
            wrapped.decoder.release();
        }
    }
}

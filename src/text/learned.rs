//! Textual inversion (Gal et al. 2022, arXiv:2208.01618): words that were learned from pictures, kept as rows for a text
//! encoder's embedding table.
//!
//! Files are safetensors in one of three forms: diffusers' (one tensor, named by its token), that of trainers which
//! follow AUTOMATIC1111's webui (`emb_params`), and Stable Diffusion XL's (`clip_l` and `clip_g`, one for each encoder).

use std::path::{Path, PathBuf};

use ndarray::Array2;
use safetensors::tensor::TensorView;
use safetensors::{SafeTensorError, SafeTensors};

use crate::error::{Error, Result};
use crate::files;
use crate::model::GraphRole;
use crate::model::constants::floats;

/// The most bytes of a file: sixteen times what 1024 vectors of the widest encoder take.
const MAX_BYTES: u64 = 64 << 20;
/// The most vectors of one word; what was ever trained has 75 and fewer, as many as a chunk has room for.
const MAX_VECTORS: usize = 1024;
/// The longest token, in bytes.
const MAX_TOKEN_BYTES: usize = 256;

/// A learned word: how it is written in a prompt, and what it means to each text encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LearnedWord {
    /// Where it is from.
    pub path: PathBuf,
    /// How prompts write it.
    pub token: String,
    rows: Rows,
}

/// `[vectors, width]` each.
#[derive(Debug, Clone, PartialEq)]
enum Rows {
    /// For a model's only, or first, CLIP text encoder.
    Plain(Array2<f32>),
    /// For CLIP-L and for OpenCLIP's bigG, as far as they are there.
    Pair(Option<Array2<f32>>, Option<Array2<f32>>),
}

impl LearnedWord {
    /// Reads the file at `path`. Without a `token` it is the tensor's name, or for names that every file has
    /// (`emb_params`, `clip_l`, `clip_g`) the file's, as in the webui.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::InvalidArgument`] for a file that is too large, damaged, or not an embedding, for values
    /// that are not finite, and for a token that cannot be written.
    pub(crate) fn read(path: &Path, token: Option<&str>) -> Result<Self> {
        let wrong = |what: String| Error::invalid(format!("the embedding at \"{}\" {what}", path.display()));
        let bytes = files::read(path, MAX_BYTES + 1).map_err(|e| Error::io("cannot open", path, e))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(wrong(format!("has more than {} MiB, so it is something else", MAX_BYTES >> 20)));
        }
        let not_one = |e: SafeTensorError| {
            wrong(format!(
                "is not a sound safetensors file ({e}); other formats (.pt, .bin) have to be converted to it"
            ))
        };
        let file = SafeTensors::deserialize(&bytes).map_err(not_one)?;
        let mut names = file.names();
        names.sort_unstable();
        let rows = |name: &str| -> Result<Array2<f32>> {
            let view = file.tensor(name).map_err(not_one)?;
            values(&view).map_err(|what| wrong(format!("has a tensor \"{name}\" {what}")))
        };
        let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (own, rows) = match names.as_slice() {
            ["emb_params"] => (stem(), Rows::Plain(rows("emb_params")?)),
            ["clip_g", "clip_l"] => (stem(), Rows::Pair(Some(rows("clip_l")?), Some(rows("clip_g")?))),
            ["clip_l"] => (stem(), Rows::Pair(Some(rows("clip_l")?), None)),
            ["clip_g"] => (stem(), Rows::Pair(None, Some(rows("clip_g")?))),
            [name] => ((*name).to_owned(), Rows::Plain(rows(name)?)),
            others => {
                let first: Vec<_> = others.iter().take(4).collect();
                return Err(wrong(format!(
                    "has {} tensors ({first:?} …); an embedding has one, \"emb_params\" or one named by its token, or \
                     \"clip_l\" and \"clip_g\"",
                    others.len()
                )));
            }
        };
        let token = token.map_or(own, str::to_owned);
        if token.is_empty() || token.len() > MAX_TOKEN_BYTES || token.trim() != token {
            return Err(wrong(format!(
                "has no usable token: it is to be 1 to {MAX_TOKEN_BYTES} bytes without blanks at its ends; give it another"
            )));
        }
        Ok(Self { path: path.to_owned(), token, rows })
    }

    /// The vectors (`[vectors, width]`) for the text encoder `role`; `first` says that it is the model's first CLIP.
    pub(crate) fn rows(&self, role: GraphRole, first: bool) -> Option<&Array2<f32>> {
        match &self.rows {
            Rows::Plain(rows) => Some(rows).filter(|_| first),
            Rows::Pair(l, _) if role == GraphRole::TextEncoder => l.as_ref(),
            Rows::Pair(_, g) if role == GraphRole::TextEncoder2 => g.as_ref(),
            Rows::Pair(..) => None,
        }
    }

    /// Refuses a model without one of the text encoders that the word was learned for; it has the CLIPs `roles`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub(crate) fn check(&self, roles: &[GraphRole]) -> Result<()> {
        let Rows::Pair(l, g) = &self.rows else { return Ok(()) };
        for (rows, role) in [(l, GraphRole::TextEncoder), (g, GraphRole::TextEncoder2)] {
            if rows.is_some() && !roles.contains(&role) {
                return Err(Error::invalid(format!(
                    "the embedding at \"{}\" is for Stable Diffusion XL or 3: it has vectors for a CLIP {}, which this \
                     model has not",
                    self.path.display(),
                    role.name()
                )));
            }
        }
        Ok(())
    }
}

/// The finite values of a tensor of one or two axes; otherwise what is wrong with it.
fn values(view: &TensorView<'_>) -> Result<Array2<f32>, String> {
    let (vectors, width) = match *view.shape() {
        [width] => (1, width),
        [vectors, width] => (vectors, width),
        ref shape => return Err(format!("of shape {shape:?}; an embedding's is [width] or [vectors, width]")),
    };
    if !(1..=MAX_VECTORS).contains(&vectors) || width == 0 {
        return Err(format!("of shape {:?}; allowed are 1 to {MAX_VECTORS} vectors", view.shape()));
    }
    let values = floats(view)?;
    if !values.iter().all(|value| value.is_finite()) {
        return Err("with values that are NaN or infinite".to_owned());
    }
    Array2::from_shape_vec((vectors, width), values).map_err(|e| format!("that cannot be read: {e}"))
}

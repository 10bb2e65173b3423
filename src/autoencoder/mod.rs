//! Latents to pixels and back.

mod colors;
mod encoder;
mod scale;
mod tiling;
mod vq;

use std::sync::Arc;

use ndarray::{Array3, ArrayD, ArrayView3, Axis, Ix3};

pub(crate) use colors::LatentColors;
pub(crate) use encoder::{Encoder, Posterior};
use scale::Scale;
pub(crate) use tiling::Cut;
use tiling::Tiles;
pub use vq::Codebook;

use crate::error::{Error, Result};
use crate::model::VaeConfig;
use crate::runtime::{CancelToken, Graph};
use crate::tensor::{DType, Tensor};

/// The decoder half of a KL autoencoder (Rombach et al. 2022, arXiv:2112.10752, §3.1).
pub(crate) struct Decoder {
    graph: Arc<Graph>,
    input: String,
    input_dtype: DType,
    output: String,
    scale: Scale,
    tiles: Tiles,
}

impl Decoder {
    /// A decoder over `graph`, with the factors of `config`.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the graph does not have exactly one input.
    pub(crate) fn new(graph: Arc<Graph>, config: &VaeConfig) -> Result<Self> {
        let [input] = graph.inputs() else {
            let found: Vec<_> = graph.inputs().iter().map(|i| i.name.as_str()).collect();
            return Err(Error::bad_model(graph.path(), format!("a VAE decoder has one input, this has {found:?}")));
        };
        let Some(output) = graph.outputs().first() else {
            return Err(Error::bad_model(graph.path(), "a VAE decoder has one output, this has none"));
        };
        let (input, input_dtype, output) = (input.name.clone(), input.dtype, output.name.clone());
        Ok(Self { graph, input, input_dtype, output, scale: Scale::new(config), tiles: Tiles::new(config) })
    }

    /// Channels, height and width of the latents, where the graph fixes them.
    pub(crate) fn fixed_latent(&self) -> [Option<usize>; 3] {
        let shape = self.graph.inputs().first().map(|input| input.shape.as_slice());
        [1, 2, 3].map(|axis| shape.and_then(|s| s.get(axis).copied().flatten()))
    }

    /// The picture of one latent (`[channels, height, width]`): `[3, height·f, width·f]`, nominally −1 to 1.
    ///
    /// One at a time, as the legacy pipelines do: the activations of a full-size decoder are what fills memory.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::GraphFailed`], and [`Error::BadModel`] when what comes out is no picture.
    pub(crate) fn decode(&self, latent: Array3<f32>, cancel: &CancelToken) -> Result<Array3<f32>> {
        self.run(self.scale.undo(latent, self.graph.path())?, cancel)
    }

    /// Whether a latent (`[channels, height, width]`) is decoded in tiles where `cut` are. Graphs for one size only never
    /// do that.
    pub(crate) fn cuts(&self, latent: &Array3<f32>, cut: Cut) -> bool {
        let (_, height, width) = latent.dim();
        self.fixed_latent()[1..].iter().all(Option::is_none) && self.tiles.are_for(cut, (height, width))
    }

    /// As [`decode`](Self::decode), in overlapping tiles, so that the memory does not grow with the picture: `place` is
    /// given each of its pixels once, a part (`[3, height, width]`) with the row and the column of its first one.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and those of `place`.
    pub(crate) fn decode_tiled(
        &self,
        latent: Array3<f32>,
        place: impl FnMut(usize, usize, ArrayView3<'_, f32>) -> Result<()>,
        cancel: &CancelToken,
    ) -> Result<()> {
        let latent = self.scale.undo(latent, self.graph.path())?;
        self.tiles.decode(latent.view(), self.graph.path(), |tile| self.run(tile, cancel), place)
    }

    /// Gives the graph's memory back until it is needed again.
    pub(crate) fn release(&self) {
        self.graph.release();
    }

    /// One run of the graph.
    fn run(&self, latent: Array3<f32>, cancel: &CancelToken) -> Result<Array3<f32>> {
        let batch = self.graph.inputs().first().and_then(|i| i.shape.first().copied().flatten()).unwrap_or(1);
        let batched = latent.into_dyn().insert_axis(Axis(0)).select(Axis(0), &vec![0; batch.max(1)]);
        let inputs = [(self.input.as_str(), Tensor::F32(batched).cast(self.input_dtype))];
        let outputs = self.graph.run(&inputs, &[&self.output], cancel)?;
        let decoded: Option<ArrayD<f32>> = outputs.into_iter().next().map(Tensor::into_f32);
        let picture = decoded.filter(|d| d.ndim() == 4 && d.shape()[0] > 0 && d.shape()[1] == 3);
        let picture = picture.map(|d| d.index_axis_move(Axis(0), 0)).and_then(|d| d.into_dimensionality::<Ix3>().ok());
        picture.ok_or_else(|| {
            Error::bad_model(
                self.graph.path(),
                "a VAE decoder's output is [batch, 3, height, width], this one's is not",
            )
        })
    }
}

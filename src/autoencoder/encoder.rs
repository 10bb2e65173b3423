//! Pixels to latents: the encoder half of a KL autoencoder.

use std::sync::Arc;

use ndarray::{Array3, ArrayD, Axis, Ix3};

use super::scale::Scale;
use super::tiling::{Cut, Tiles};
use crate::error::{Error, Result};
use crate::model::VaeConfig;
use crate::runtime::{CancelToken, Graph};
use crate::tensor::{DType, Tensor};

/// What newer exports call the mean and the logarithm of the variance, one after the other along the channels.
const PARAMETERS: &str = "latent_parameters";

/// The encoder half of a KL autoencoder (Rombach et al. 2022, arXiv:2112.10752, §3.1).
pub(crate) struct Encoder {
    graph: Arc<Graph>,
    input: String,
    input_dtype: DType,
    output: String,
    scale: Scale,
    tiles: Tiles,
    spatial_factor: usize,
    latent_channels: usize,
}

/// The distribution of the latents of one picture, not yet scaled.
pub(crate) struct Posterior {
    /// `[1, channels, height, width]`.
    mean: ArrayD<f32>,
    /// The standard deviation; `None` where the graph has drawn already.
    deviation: Option<ArrayD<f32>>,
}

impl Encoder {
    /// An encoder over `graph`, with the factors of `config`.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the graph does not have exactly one input.
    pub(crate) fn new(graph: Arc<Graph>, config: &VaeConfig) -> Result<Self> {
        let [input] = graph.inputs() else {
            let found: Vec<_> = graph.inputs().iter().map(|i| i.name.as_str()).collect();
            return Err(Error::bad_model(graph.path(), format!("a VAE encoder has one input, this has {found:?}")));
        };
        let named = graph.outputs().iter().find(|output| output.name == PARAMETERS);
        let Some(output) = named.or_else(|| graph.outputs().first()) else {
            return Err(Error::bad_model(graph.path(), "a VAE encoder has one output, this has none"));
        };
        let (input, input_dtype, output) = (input.name.clone(), input.dtype, output.name.clone());
        let latent_channels = config.latent_channels_or_default();
        Ok(Self {
            graph,
            input,
            input_dtype,
            output,
            scale: Scale::new(config),
            tiles: Tiles::new(config),
            spatial_factor: config.spatial_factor,
            latent_channels,
        })
    }

    /// The distribution of the latents of `picture` (`[3, height, width]`, −1 to 1), in overlapping tiles where `cut`
    /// says so and the graph takes other sizes than one. Where the graph draws its own noise, the tiles' draws are what is
    /// blended, so that there is less of it where they meet.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::GraphFailed`]; [`Error::BadModel`] when what comes out are no latents;
    /// [`Error::Numeric`] when they are not finite.
    pub(crate) fn encode(&self, picture: Array3<f32>, cut: Cut, cancel: &CancelToken) -> Result<Posterior> {
        let (_, height, width) = picture.dim();
        let input = self.graph.inputs().first();
        let fixed = input.is_some_and(|input| input.shape.iter().skip(2).any(Option::is_some));
        let size = (height.div_ceil(self.spatial_factor), width.div_ceil(self.spatial_factor));
        let encoded = match !fixed && self.tiles.are_for(cut, size) {
            true => self.tiles.encode(picture.view(), self.graph.path(), |tile| self.run(tile, cancel))?,
            false => self.run(picture, cancel)?,
        };
        self.posterior(encoded.into_dyn().insert_axis(Axis(0)))
    }

    /// One run of the graph: what it says of one picture, `[channels, height, width]`.
    fn run(&self, picture: Array3<f32>, cancel: &CancelToken) -> Result<Array3<f32>> {
        let batch = self.graph.inputs().first().and_then(|i| i.shape.first().copied().flatten()).unwrap_or(1);
        let batched = picture.into_dyn().insert_axis(Axis(0)).select(Axis(0), &vec![0; batch.max(1)]);
        let inputs = [(self.input.as_str(), Tensor::F32(batched).cast(self.input_dtype))];
        let outputs = self.graph.run(&inputs, &[&self.output], cancel)?;
        let encoded = outputs
            .into_iter()
            .next()
            .map(Tensor::into_f32)
            .filter(|latents| latents.ndim() == 4 && latents.shape()[0] > 0)
            .and_then(|latents| latents.index_axis_move(Axis(0), 0).into_dimensionality::<Ix3>().ok());
        let Some(encoded) = encoded else {
            return Err(Error::bad_model(
                self.graph.path(),
                "a VAE encoder's output is [batch, channels, height, width], this one's is not",
            ));
        };
        if !encoded.iter().all(|v| v.is_finite()) {
            return Err(Error::Numeric(format!(
                "the VAE encoder at \"{}\" gave NaN or infinity; use a float32 export of it",
                self.graph.path().display()
            )));
        }
        Ok(encoded)
    }

    /// What `encoded` (`[1, channels, height, width]`) means.
    fn posterior(&self, encoded: ArrayD<f32>) -> Result<Posterior> {
        let channels = encoded.shape()[1];
        // The name decides; without a known one, twice the latents' channels do.
        let parameters = self.output == PARAMETERS || channels == self.latent_channels * 2;
        if !parameters {
            return Ok(Posterior { mean: encoded, deviation: None });
        }
        if !channels.is_multiple_of(2) {
            return Err(Error::bad_model(
                self.graph.path(),
                format!("its output \"{}\" has {channels} channels, which are not a mean and a variance", self.output),
            ));
        }
        let (mean, log_variance) = encoded.view().split_at(Axis(1), channels / 2);
        // diffusers `DiagonalGaussianDistribution`: the logarithm is cut at -30 and 20.
        let deviation = log_variance.mapv(|v| (0.5 * v.clamp(-30.0, 20.0)).exp());
        Ok(Posterior { mean: mean.to_owned(), deviation: Some(deviation) })
    }

    /// Latents as the denoiser knows them: shifted and scaled.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the config has statistics for another number of channels.
    pub(crate) fn scaled(&self, latents: ArrayD<f32>) -> Result<ArrayD<f32>> {
        self.scale.apply(latents, self.graph.path())
    }

    /// Gives the graph's memory back until it is needed again.
    pub(crate) fn release(&self) {
        self.graph.release();
    }
}

impl Posterior {
    /// `[1, channels, height, width]`.
    pub(crate) fn shape(&self) -> &[usize] {
        self.mean.shape()
    }

    /// Whether drawing needs noise. If not, the graph drew from the distribution itself, with noise that no seed decides.
    pub(crate) fn is_distribution(&self) -> bool {
        self.deviation.is_some()
    }

    /// The most likely latents.
    pub(crate) fn mode(&self) -> ArrayD<f32> {
        self.mean.clone()
    }

    /// Latents drawn with `noise` (`[n, channels, height, width]`, standard normal): as many as it has rows.
    pub(crate) fn sample(&self, noise: &ArrayD<f32>) -> ArrayD<f32> {
        match &self.deviation {
            Some(deviation) => deviation * noise + &self.mean,
            None => self.mean.clone(),
        }
    }
}

//! Vector quantisation: latents as the nearest codes of a codebook.
//!
//! Van den Oord et al. 2017 (arXiv:1711.00937, §3.1). A latent diffusion model over a VQ autoencoder runs on latents that
//! are not quantised yet; its decoder begins with this step (latent-diffusion `VQModelInterface.decode`), which does not
//! export where it is written as `torch.cdist` (diffusers `VectorQuantizer`).

use ndarray::{Array2, Array3, ArrayView3};

use crate::error::{Error, Result};

/// The codes that an autoencoder's latents are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Codebook {
    /// `[codes, channels]`.
    codes: Array2<f32>,
    /// The square of each code's norm.
    squares: Vec<f64>,
}

impl Codebook {
    /// A codebook of `[codes, channels]` ([`crate::model::read_matrix`]).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for no codes, no channels, more than 2³² codes, or values that are NaN or infinite.
    pub fn new(codes: Array2<f32>) -> Result<Self> {
        if codes.is_empty() || u32::try_from(codes.nrows()).is_err() {
            return Err(Error::invalid(format!(
                "a codebook of shape {:?} is none; it has one code or more, of one channel or more",
                codes.shape()
            )));
        }
        if !codes.iter().all(|value| value.is_finite()) {
            return Err(Error::invalid("the codebook holds values that are NaN or infinite"));
        }
        let codes = codes.as_standard_layout().into_owned();
        let squares = codes.rows().into_iter().map(|code| code.iter().map(|v| f64::from(*v).powi(2)).sum()).collect();
        Ok(Self { codes, squares })
    }

    /// How many codes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.nrows()
    }

    /// Never: a codebook has one code or more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// How many channels the latents have.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.codes.ncols()
    }

    /// The code that is nearest to each place of `latents`, `[channels, height, width]`: its number in `[height, width]`.
    /// Of several that are equally near it is the first.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another number of channels.
    pub fn nearest(&self, latents: ArrayView3<'_, f32>) -> Result<Array2<u32>> {
        let (channels, height, width) = latents.dim();
        if channels != self.channels() {
            return Err(Error::invalid(format!(
                "latents of {channels} channels cannot be quantised with codes of {}",
                self.channels()
            )));
        }
        let mut place = vec![0.0; channels];
        let codes = self.codes.as_slice().unwrap_or_default();
        Ok(Array2::from_shape_fn((height, width), |(y, x)| {
            place.iter_mut().enumerate().for_each(|(c, value)| *value = f64::from(latents[[c, y, x]]));
            // ‖z − e‖² = ‖z‖² + ‖e‖² − 2·z·e, whose first part is the same for all codes.
            let distances = codes.chunks_exact(channels).zip(&self.squares).map(|(code, square)| {
                square - 2.0 * code.iter().zip(&place).map(|(e, z)| f64::from(*e) * z).sum::<f64>()
            });
            let first = (0_u32, f64::INFINITY);
            (0_u32..).zip(distances).fold(first, |best, found| if found.1 < best.1 { found } else { best }).0
        }))
    }

    /// `latents` (`[channels, height, width]`) with the nearest code at each place.
    ///
    /// # Errors
    /// As [`Codebook::nearest`].
    pub fn quantized(&self, latents: ArrayView3<'_, f32>) -> Result<Array3<f32>> {
        let nearest = self.nearest(latents)?;
        Ok(Array3::from_shape_fn(latents.dim(), |(c, y, x)| self.codes[[nearest[[y, x]] as usize, c]]))
    }

    /// The latents (`[channels, height, width]`) of code numbers (`[height, width]`), as an autoregressive model or
    /// [`Codebook::nearest`] gives them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a number that the codebook does not have.
    pub fn lookup(&self, numbers: &Array2<u32>) -> Result<Array3<f32>> {
        if let Some(beyond) = numbers.iter().find(|number| **number as usize >= self.len()) {
            return Err(Error::invalid(format!(
                "there is no code {beyond} in a codebook of {}; allowed are 0 to {}",
                self.len(),
                self.len() - 1
            )));
        }
        let (height, width) = numbers.dim();
        let code = |(c, y, x)| self.codes[[numbers[[y, x]] as usize, c]];
        Ok(Array3::from_shape_fn((self.channels(), height, width), code))
    }
}

//! Embeddings as vectors: what can be done with them before a model is told.
//!
//! Ramesh et al. 2022 (arXiv:2204.06125, "unCLIP", §3 and §4) blend, interpolate and turn CLIP's; Preechakul et al. 2022
//! (arXiv:2111.15640, "diffusion autoencoders", §5.2) move those of a semantic encoder along directions.

use ndarray::{Array2, ArrayD, ArrayViewD, Axis};

use super::slerp::{cosine, dot, shares};
use crate::error::{Error, Result};

/// A picture or a text as one vector, as a projection of CLIP or a semantic encoder gives it: one or more finite values.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// The embedding of these values.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where there are none; [`Error::Numeric`] where one is NaN or infinite.
    pub fn new(values: Vec<f32>) -> Result<Self> {
        if values.is_empty() {
            return Err(Error::invalid("an embedding has one value or more, this one has none"));
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                Err(Error::Numeric(format!("value {at} of an embedding is {}, which is no number", values[at])))
            }
            None => Ok(Self(values)),
        }
    }

    /// The embeddings in a graph's output: the rows of `[embeddings, width]`, or the one of `[width]`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another shape; as [`Embedding::new`].
    pub fn rows(array: ArrayViewD<'_, f32>) -> Result<Vec<Self>> {
        match array.ndim() {
            1 => Ok(vec![Self::new(array.iter().copied().collect())?]),
            2 => array.axis_iter(Axis(0)).map(|row| Self::new(row.iter().copied().collect())).collect(),
            _ => Err(Error::invalid(format!(
                "embeddings have the shape [width] or [embeddings, width], these have {:?}",
                array.shape()
            ))),
        }
    }

    /// `[embeddings, width]`: what [`Embedding::rows`] takes apart.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for none, or for different widths.
    pub fn stack(embeddings: &[Self]) -> Result<Array2<f32>> {
        let Some(first) = embeddings.first() else {
            return Err(Error::invalid("no embeddings were given; one or more are needed"));
        };
        let mut values = Vec::with_capacity(embeddings.len().saturating_mul(first.width()));
        for embedding in embeddings {
            first.check(embedding)?;
            values.extend_from_slice(&embedding.0);
        }
        Array2::from_shape_vec((embeddings.len(), first.width()), values).map_err(|e| Error::Internal(e.to_string()))
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The values, as a graph's input of one row: `[1, width]`.
    #[must_use]
    pub fn into_row(self) -> ArrayD<f32> {
        ndarray::Array1::from_vec(self.0).insert_axis(Axis(0)).into_dyn()
    }

    /// How many values it has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// Its length: the root of the sum of squares.
    #[must_use]
    pub fn norm(&self) -> f64 {
        dot(self.0.iter().copied(), self.0.iter().copied()).sqrt()
    }

    /// The scalar product, by which CLIP compares pictures with texts.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another width.
    pub fn dot(&self, other: &Self) -> Result<f64> {
        self.check(other)?;
        Ok(dot(self.0.iter().copied(), other.0.iter().copied()))
    }

    /// The cosine of the angle to `other`, −1 to 1.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another width, or where either is zero.
    pub fn cosine(&self, other: &Self) -> Result<f64> {
        self.check(other)?;
        let cosine = cosine(self.0.iter().copied(), other.0.iter().copied());
        // The rounding of long sums may lead beyond 1.
        cosine.is_finite().then(|| cosine.clamp(-1.0, 1.0)).ok_or_else(no_direction)
    }

    /// The same direction with the norm 1.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where all values are zero.
    pub fn normalized(&self) -> Result<Self> {
        let norm = self.norm();
        if norm == 0.0 {
            return Err(no_direction());
        }
        self.map(|value| value / norm)
    }

    /// Along the straight line, from this one (at 0) to `to` (at 1) or beyond.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another width; [`Error::Numeric`] where the values become too large.
    pub fn lerp(&self, to: &Self, at: f32) -> Result<Self> {
        self.mixed(to, [1.0 - f64::from(at), f64::from(at)])
    }

    /// Along the arc, from this one (at 0) to `to` (at 1): [`super::slerp`] for vectors, whose angle is that of the
    /// normalised ones. Nearly parallel and nearly opposite ones are mixed along the line.
    ///
    /// # Errors
    /// As [`Embedding::lerp`].
    pub fn slerp(&self, to: &Self, at: f32) -> Result<Self> {
        self.check(to)?;
        self.mixed(to, shares(cosine(self.0.iter().copied(), to.0.iter().copied()), f64::from(at)))
    }

    /// `Σ weight · embedding`: several pictures and texts as one (diffusers `KandinskyPriorPipeline.interpolate`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for none, for different widths, or a weight that is not finite; [`Error::Numeric`]
    /// where the values become too large.
    pub fn weighted_sum(parts: &[(&Self, f32)]) -> Result<Self> {
        let Some((first, _)) = parts.first() else {
            return Err(Error::invalid("no embeddings were given; one or more are needed"));
        };
        let mut sums = vec![0.0; first.width()];
        for (embedding, weight) in parts {
            first.check(embedding)?;
            if !weight.is_finite() {
                return Err(Error::invalid(format!("an embedding's weight is {weight}; it must be a number")));
            }
            sums.iter_mut().zip(&embedding.0).for_each(|(sum, v)| *sum += f64::from(*v) * f64::from(*weight));
        }
        Self::new(sums.into_iter().map(|sum| sum as f32).collect())
    }

    /// What leads from the text `base` to this one, with the norm 1: `z_d` of unCLIP's §4.3.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another width, or where both are the same.
    pub fn difference(&self, base: &Self) -> Result<Self> {
        self.check(base)?;
        let apart: Vec<_> = self.0.iter().zip(&base.0).map(|(to, from)| f64::from(*to) - f64::from(*from)).collect();
        let norm = apart.iter().map(|value| value * value).sum::<f64>().sqrt();
        if norm == 0.0 {
            return Err(Error::invalid("the two texts have the same embedding, so there is no difference to go along"));
        }
        Self::new(apart.into_iter().map(|value| (value / norm) as f32).collect())
    }

    /// This picture turned towards the difference of two texts (unCLIP's §4.3, which has `at` from 0.25 to 0.5): from it,
    /// at 0, along the arc to the direction of `difference`, at 1. The picture's norm stays what it is; the paper's is 1.
    ///
    /// # Errors
    /// As [`Embedding::lerp`]; [`Error::InvalidArgument`] for a difference of zeros.
    pub fn turned_towards(&self, difference: &Self, at: f32) -> Result<Self> {
        self.check(difference)?;
        let norm = difference.norm();
        if norm == 0.0 {
            return Err(no_direction());
        }
        let cosine = cosine(self.0.iter().copied(), difference.0.iter().copied());
        let [own, other] = shares(cosine, f64::from(at));
        self.mixed(difference, [own, other * self.norm() / norm])
    }

    /// Moved by `amount` along `direction`: `z + amount · √width · w / ‖w‖`, for a `z` that is scaled to the statistics of
    /// its kind ([`super::Statistics`]) (diffae `experiment_classifier.py` and `manipulate.ipynb`).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another width, or a direction of zeros; [`Error::Numeric`] where the values become
    /// too large.
    pub fn moved(&self, direction: &Self, amount: f32) -> Result<Self> {
        let norm = direction.norm();
        if norm == 0.0 {
            return Err(no_direction());
        }
        self.mixed(direction, [1.0, f64::from(amount) * (self.width() as f64).sqrt() / norm])
    }

    /// The places of `candidates` by their scalar products with this one, the largest first: unCLIP draws two pictures
    /// of a text in CLIP's space, and keeps the one that is nearer to the text (§2.2).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for different widths.
    pub fn ranked(&self, candidates: &[Self]) -> Result<Vec<usize>> {
        let scores = candidates.iter().map(|candidate| self.dot(candidate)).collect::<Result<Vec<_>>>()?;
        let mut order: Vec<_> = (0..candidates.len()).collect();
        // Stable: of equals the first stays the first.
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        Ok(order)
    }

    fn mixed(&self, other: &Self, shares: [f64; 2]) -> Result<Self> {
        self.check(other)?;
        let mix = |(a, b): (&f32, &f32)| (f64::from(*a) * shares[0] + f64::from(*b) * shares[1]) as f32;
        Self::new(self.0.iter().zip(&other.0).map(mix).collect())
    }

    fn map(&self, change: impl Fn(f64) -> f64) -> Result<Self> {
        Self::new(self.0.iter().map(|value| change(f64::from(*value)) as f32).collect())
    }

    fn check(&self, other: &Self) -> Result<()> {
        if self.width() == other.width() {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "embeddings of {} and of {} values cannot be combined; they must come from the same encoder",
            self.width(),
            other.width()
        )))
    }
}

fn no_direction() -> Error {
    Error::invalid("an embedding that is zero everywhere has no direction")
}

//! Weighted sums of arrays: all that a solver's step is, once its coefficients are known.

use std::collections::VecDeque;

use ndarray::{ArrayD, ArrayViewD, Zip};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::prediction::Mix;

/// One summand: a coefficient and an array of the sample's shape.
pub(super) type Term<'a> = (f64, ArrayViewD<'a, f32>);

/// `x = own * x + sum of terms`, in one pass, with float64 sums rounded once.
///
/// Every term must have the shape of `x`; [`super::calls::Calls::enter`] sees to it.
pub(super) fn combine(x: &mut ArrayD<f32>, own: f64, terms: &[Term<'_>]) {
    let w = f64::from;
    match terms {
        [] => x.mapv_inplace(|x| (own * w(x)) as f32),
        [(p, a)] => Zip::from(x).and(a).for_each(|x, &a| *x = (own * w(*x) + p * w(a)) as f32),
        [(p, a), (q, b)] => {
            Zip::from(x).and(a).and(b).for_each(|x, &a, &b| *x = (own * w(*x) + p * w(a) + q * w(b)) as f32);
        }
        [(p, a), (q, b), (r, c)] => {
            Zip::from(x)
                .and(a)
                .and(b)
                .and(c)
                .for_each(|x, &a, &b, &c| *x = (own * w(*x) + p * w(a) + q * w(b) + r * w(c)) as f32);
        }
        [(p, a), (q, b), (r, c), (s, d)] => {
            Zip::from(x).and(a).and(b).and(c).and(d).for_each(|x, &a, &b, &c, &d| {
                *x = (own * w(*x) + p * w(a) + q * w(b) + r * w(c) + s * w(d)) as f32;
            });
        }
        [first @ .., last] => {
            combine(x, own, first);
            combine(x, 1.0, std::slice::from_ref(last));
        }
    }
}

/// `target = mix.sample * sample + mix.output * output`.
pub(super) fn mix_into(target: &mut ArrayD<f32>, mix: Mix, sample: &ArrayD<f32>, output: &ArrayViewD<'_, f32>) {
    Zip::from(target)
        .and(sample)
        .and(output)
        .for_each(|t, &x, &y| *t = (mix.sample * f64::from(x) + mix.output * f64::from(y)) as f32);
}

/// The forward process: `signal * original + noise_level * noise`.
pub(super) fn noised(original: &ArrayD<f32>, signal: f64, noise: &ArrayD<f32>, level: f64) -> Result<ArrayD<f32>> {
    if original.shape() != noise.shape() {
        return Err(Error::invalid(format!(
            "the noise has shape {:?}, but the sample that it is added to has {:?}",
            noise.shape(),
            original.shape()
        )));
    }
    let mut result = original.clone();
    combine(&mut result, signal, &[(level, noise.view())]);
    Ok(result)
}

/// Standard normal noise of `shape`, from `source`.
pub(super) fn draw(source: &mut dyn NoiseSource, shape: &[usize]) -> Result<ArrayD<f32>> {
    let noise = source.normal(shape);
    if noise.shape() == shape {
        Ok(noise)
    } else {
        Err(Error::Internal(format!("the noise source returned shape {:?} for {shape:?}", noise.shape())))
    }
}

/// An array that is allocated once and then written over: zero-filled the first time.
pub(super) fn buffer<'a>(slot: &'a mut Option<ArrayD<f32>>, like: &ArrayD<f32>) -> &'a mut ArrayD<f32> {
    slot.get_or_insert_with(|| ArrayD::zeros(like.raw_dim()))
}

/// The newest few arrays of a multistep solver; the oldest one's memory is written over.
pub(super) struct History {
    arrays: VecDeque<ArrayD<f32>>,
    capacity: usize,
}

impl History {
    pub(super) fn new(capacity: usize) -> Self {
        Self { arrays: VecDeque::with_capacity(capacity), capacity: capacity.max(1) }
    }

    pub(super) fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Makes room for a newest array of `like`'s shape, whose old content is to be overwritten.
    pub(super) fn push(&mut self, like: &ArrayD<f32>) -> &mut ArrayD<f32> {
        let reused = if self.arrays.len() >= self.capacity { self.arrays.pop_back() } else { None };
        self.arrays.push_front(reused.unwrap_or_else(|| ArrayD::zeros(like.raw_dim())));
        &mut self.arrays[0]
    }

    /// The array of `age` pushes ago as a summand.
    pub(super) fn term(&self, coefficient: f64, age: usize) -> Result<Term<'_>> {
        let array = self.arrays.get(age).ok_or_else(|| Error::Internal(format!("no solver history of age {age}")))?;
        Ok((coefficient, array.view()))
    }
}

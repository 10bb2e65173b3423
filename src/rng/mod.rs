//! Seeded noise that repeats other programs' noise bit for bit.

use ndarray::ArrayD;

/// Where normally distributed noise comes from.
///
/// Schedulers that add noise at every step and the start of a generation draw from the same source, in the
/// order in which diffusers draws, so that one seed means one picture.
pub trait NoiseSource: Send {
    /// Draws one array of standard normal values of the given shape (row-major, as torch lays it out).
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32>;
}

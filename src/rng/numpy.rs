//! NumPy's `RandomState`.
//!
//! Source: NumPy `numpy/random/src/legacy/legacy-distributions.c` (`legacy_gauss`, Marsaglia's polar method) and
//! `numpy/random/src/mt19937/mt19937.h` (`mt19937_next_double`).

use super::mt19937::Mt19937;

/// `numpy.random.RandomState(seed)`, seen through `randn`.
#[derive(Debug, Clone)]
pub struct RandomState {
    mt: Mt19937,
    /// The second value of the last polar pair.
    spare: Option<f64>,
}

impl RandomState {
    /// Seeds as `RandomState(seed)` does for a whole number.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self { mt: Mt19937::new(seed), spare: None }
    }

    /// The next standard normal value.
    pub fn standard_normal(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        loop {
            let x1 = 2.0 * self.uniform() - 1.0;
            let x2 = 2.0 * self.uniform() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.spare = Some(f * x1);
                return f * x2;
            }
        }
    }

    /// Uniform in [0, 1), 53 random bits out of two words.
    fn uniform(&mut self) -> f64 {
        let high = f64::from(self.mt.next_u32() >> 5);
        let low = f64::from(self.mt.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }
}

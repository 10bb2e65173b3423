//! The quantile function of the symmetric beta distribution, for beta-spaced sigmas.

/// The `p`-quantile of Beta(a, a), 0 < a < 1, for p in 0..=1; other `p` are clamped.
///
/// The incomplete beta integral is its power series `x^a sum (1-a)_n x^n / (n! (a+n))` (DLMF 8.17.7 with
/// 15.2.1), which converges by a factor of at least 2 a term on x <= 1/2; symmetry gives the other half and the
/// complete integral. There the integral is concave, so Newton's method from the right reaches the root from the left
/// without ever overshooting again.
pub(super) fn symmetric_beta_quantile(p: f64, a: f64) -> f64 {
    let p = p.clamp(0.0, 1.0);
    if p > 0.5 {
        return 1.0 - symmetric_beta_quantile(1.0 - p, a);
    }
    if p <= 0.0 {
        return 0.0;
    }
    let target = p * 2.0 * incomplete(0.5, a);
    // The series' first term alone; all the others are positive, so this is at or above the root.
    let mut x = (a * target).powf(1.0 / a).min(0.5);
    for _ in 0..60 {
        let density = (x * (1.0 - x)).powf(a - 1.0);
        let step = (incomplete(x, a) - target) / density;
        x = (x - step).clamp(f64::MIN_POSITIVE, 0.5);
        if step.abs() <= x * 1e-16 {
            break;
        }
    }
    x
}

fn incomplete(x: f64, a: f64) -> f64 {
    let mut coefficient = 1.0;
    let mut sum = 1.0 / a;
    for n in 1..200 {
        let n = f64::from(n);
        coefficient *= (n - a) / n * x;
        let term = coefficient / (a + n);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    x.powf(a) * sum
}

#[cfg(test)]
mod tests {
    use super::symmetric_beta_quantile;

    /// Values of `scipy.stats.beta.ppf(p, 0.6, 0.6)`.
    #[test]
    fn agrees_with_scipy() {
        for (p, expected) in SCIPY {
            let got = symmetric_beta_quantile(p, 0.6);
            assert!((got - expected).abs() <= 1e-13 * expected.max(1e-3), "{p}: {got} is not {expected}");
        }
    }

    #[test]
    fn ends_and_nonsense_stay_inside() {
        assert_eq!(symmetric_beta_quantile(0.0, 0.6), 0.0);
        assert_eq!(symmetric_beta_quantile(1.0, 0.6), 1.0);
        assert_eq!(symmetric_beta_quantile(-3.0, 0.6), 0.0);
        assert!(symmetric_beta_quantile(1e-300, 0.6) >= 0.0);
    }

    const SCIPY: [(f64, f64); 9] = [
        (1e-06, 1.8558824624053043e-10),
        (0.001, 1.855873851745199e-05),
        (0.05, 0.012554456873611399),
        (0.1111111111111111, 0.04709181754904242),
        (0.25, 0.17568037865269498),
        (0.4999, 0.49986127490549975),
        (0.6, 0.6372990092467856),
        (0.8888888888888888, 0.9529081824509575),
        (0.999, 0.9999814412614826),
    ];
}

//! The three transforms of Winograd's minimal filtering in one dimension, on vectors.
//!
//! F(2, 3) and F(4, 3) make 2 and 4 outputs of a filter of 3 from 4 and 6 inputs with 4 and 6 products (S. Winograd,
//! Arithmetic Complexity of Computations, 1980; A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks,
//! 2015). F(2, 3) interpolates at 0, ±1 and ∞. F(4, 3) does at 0, ±3/4, ±3/2 and ∞: of the points whose factors are
//! exact in binary, those with about the least error (1.3·10⁻⁶ of the output's deviation for 320 channels, against
//! 2.4·10⁻⁶ at the usual 0, ±1, ±2 and 0.2·10⁻⁶ without any transform).

use pulp::Simd;

/// Bᵀ·d, for N = 4 or 6 inputs.
#[inline(always)]
pub(super) fn input<S: Simd, const N: usize>(simd: S, d: [S::f32s; N]) -> [S::f32s; N] {
    let mut out = d;
    if N == 4 {
        out[0] = simd.sub_f32s(d[0], d[2]);
        out[1] = simd.add_f32s(d[1], d[2]);
        out[2] = simd.sub_f32s(d[2], d[1]);
        out[3] = simd.sub_f32s(d[1], d[3]);
        return out;
    }
    let times = |factor: f32, x| simd.mul_f32s(simd.splat_f32s(factor), x);
    let fma = |factor: f32, x, y| simd.mul_add_e_f32s(simd.splat_f32s(factor), x, y);
    out[0] = fma(81.0 / 64.0, d[0], fma(-45.0 / 16.0, d[2], d[4]));
    let (even, odd) = (fma(-9.0 / 4.0, d[2], d[4]), fma(-27.0 / 16.0, d[1], times(3.0 / 4.0, d[3])));
    out[1] = simd.add_f32s(even, odd);
    out[2] = simd.sub_f32s(even, odd);
    let (even, odd) = (fma(-9.0 / 16.0, d[2], d[4]), fma(-27.0 / 32.0, d[1], times(3.0 / 2.0, d[3])));
    out[3] = simd.add_f32s(even, odd);
    out[4] = simd.sub_f32s(even, odd);
    out[5] = fma(81.0 / 64.0, d[1], fma(-45.0 / 16.0, d[3], d[5]));
    out
}

/// G·g, for N = 4 or 6.
#[inline(always)]
pub(super) fn weight<S: Simd, const N: usize>(simd: S, g: [S::f32s; 3]) -> [S::f32s; N] {
    let times = |factor: f32, x| simd.mul_f32s(simd.splat_f32s(factor), x);
    let fma = |factor: f32, x, y| simd.mul_add_e_f32s(simd.splat_f32s(factor), x, y);
    let mut out = [g[0]; N];
    out[N - 1] = g[2];
    if N == 4 {
        let (even, odd) = (times(0.5, simd.add_f32s(g[0], g[2])), times(0.5, g[1]));
        out[1] = simd.add_f32s(even, odd);
        out[2] = simd.sub_f32s(even, odd);
        return out;
    }
    out[0] = times(64.0 / 81.0, g[0]);
    let (even, odd) = (fma(-128.0 / 243.0, g[0], times(-8.0 / 27.0, g[2])), times(-32.0 / 81.0, g[1]));
    out[1] = simd.add_f32s(even, odd);
    out[2] = simd.sub_f32s(even, odd);
    let (even, odd) = (fma(32.0 / 243.0, g[0], times(8.0 / 27.0, g[2])), times(16.0 / 81.0, g[1]));
    out[3] = simd.add_f32s(even, odd);
    out[4] = simd.sub_f32s(even, odd);
    out
}

/// Aᵀ·m, for N = 4 and M = 2, or N = 6 and M = 4.
#[inline(always)]
pub(super) fn output<S: Simd, const N: usize, const M: usize>(simd: S, m: [S::f32s; N]) -> [S::f32s; M] {
    let mut out = [m[0]; M];
    if N == 4 {
        out[0] = simd.add_f32s(m[0], simd.add_f32s(m[1], m[2]));
        out[1] = simd.sub_f32s(simd.sub_f32s(m[1], m[2]), m[3]);
        return out;
    }
    let times = |factor: f32, x| simd.mul_f32s(simd.splat_f32s(factor), x);
    let fma = |factor: f32, x, y| simd.mul_add_e_f32s(simd.splat_f32s(factor), x, y);
    let (near, near_odd) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (far, far_odd) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    out[0] = simd.add_f32s(m[0], simd.add_f32s(near, far));
    out[1] = fma(3.0 / 4.0, near_odd, times(3.0 / 2.0, far_odd));
    out[2] = fma(9.0 / 16.0, near, times(9.0 / 4.0, far));
    out[3] = fma(27.0 / 64.0, near_odd, fma(27.0 / 8.0, far_odd, m[5]));
    out
}

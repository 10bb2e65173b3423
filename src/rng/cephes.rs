//! Single-precision `log`, `sin` and `cos` that repeat torch's, bit for bit.
//!
//! torch's vectorised normal fill uses the polynomials of S. Moshier's Cephes library (`logf.c`, `sinf.c`) in
//! AVX2 registers. Its last bits are visible in every picture's noise, so they are repeated here: the same
//! coefficients, the same order of operations, and a fused multiply-add wherever torch's builds have one.
//! A libm's correctly rounded values would differ in some last bits.

/// Natural logarithm of a normal, positive `x`.
///
/// Source: Cephes `logf.c`, in the order of operations of PyTorch's `aten/src/ATen/native/cpu/avx_mathfun.h`.
pub(super) fn ln(x: f32) -> f32 {
    const POLYNOMIAL: [f32; 9] = [
        7.037_683_6e-2,
        -1.151_461e-1,
        1.167_699_84e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_4e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ];
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const LN2_HIGH: f32 = 0.693_359_4;

    // x = m * 2^e with m in [sqrt(1/2), sqrt(2))
    let bits = x.to_bits();
    let mut e = ((bits >> 23) as i32 - 126) as f32;
    let mut m = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
    if m < std::f32::consts::FRAC_1_SQRT_2 {
        e -= 1.0;
        m = (m - 1.0) + m;
    } else {
        m -= 1.0;
    }
    let z = m * m;
    let mut y = POLYNOMIAL[0];
    for coefficient in &POLYNOMIAL[1..] {
        y = y.mul_add(m, *coefficient);
    }
    y *= m;
    y = y.mul_add(z, e * LN2_LOW);
    y = z.mul_add(-0.5, y);
    e.mul_add(LN2_HIGH, m + y)
}

/// Sine and cosine of `x` radians, for `x` from 0 to a few turns.
///
/// Source: Cephes `sinf.c`, in the order of operations of PyTorch's `aten/src/ATen/native/cpu/avx_mathfun.h`.
pub(super) fn sin_cos(x: f32) -> (f32, f32) {
    const FOUR_OVER_PI: f32 = 1.273_239_5;
    // pi/4 in three parts, so that the reduction loses nothing
    const MINUS_PI_4: [f32; 3] = [-0.785_156_25, -2.418_756_5e-4, -3.774_895e-8];
    const SIN: [f32; 3] = [-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1];
    const COS: [f32; 3] = [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2];

    let octant = ((x * FOUR_OVER_PI) as u32 + 1) & !1;
    let turns = octant as f32;
    let x = MINUS_PI_4.into_iter().fold(x, |x, part| turns.mul_add(part, x));
    let z = x * x;

    let mut cos = COS[0].mul_add(z, COS[1]).mul_add(z, COS[2]) * z;
    cos = cos.mul_add(z, -(z * 0.5)) + 1.0;
    let mut sin = SIN[0].mul_add(z, SIN[1]).mul_add(z, SIN[2]) * z;
    sin = sin.mul_add(x, x);

    if octant & 2 != 0 {
        std::mem::swap(&mut sin, &mut cos);
    }
    let negative_sin = octant & 4 != 0;
    let negative_cos = octant.wrapping_sub(2) & 4 == 0;
    (if negative_sin { -sin } else { sin }, if negative_cos { -cos } else { cos })
}

//! The weights' transform and the products, for a group of output channels.

use pulp::Simd;

use super::{DEPTH, GROUP, Panels, points};

/// The filters, with the place in the kernel first: [9, outputs, inputs].
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    pub values: &'a [f32],
    pub outputs: usize,
    pub inputs: usize,
}

/// So many floats lie between the rows of transformed weights: an odd number of cache lines apart, so that the rows of
/// one product do not push each other out of the cache.
pub(super) const ROW: usize = DEPTH + 16;

/// Transforms the filters of `outputs` for the channels `inputs` into [points, GROUP, ROW].
#[inline(always)]
pub(super) fn transform<S: Simd, const N: usize>(
    simd: S,
    weights: Weights<'_>,
    outputs: std::ops::Range<usize>,
    inputs: std::ops::Range<usize>,
    transformed: &mut [f32],
) {
    let lanes = S::F32_LANES;
    for (row, output) in outputs.enumerate() {
        let taps: [&[f32]; 9] = std::array::from_fn(|tap| {
            &weights.values[(tap * weights.outputs + output) * weights.inputs + inputs.start..][..inputs.len()]
        });
        for at in (0..inputs.len()).step_by(lanes) {
            let count = lanes.min(inputs.len() - at);
            let g: [S::f32s; 9] = std::array::from_fn(|tap| match count == lanes {
                true => S::as_simd_f32s(&taps[tap][at..at + lanes]).0[0],
                false => simd.partial_load_f32s(&taps[tap][at..at + count]),
            });
            let mut half = [[g[0]; 3]; N];
            for j in 0..3 {
                let column = points::weight::<S, N>(simd, [g[j], g[3 + j], g[6 + j]]);
                (0..N).for_each(|i| half[i][j] = column[i]);
            }
            for (i, half) in half.into_iter().enumerate() {
                for (j, value) in points::weight::<S, N>(simd, half).into_iter().enumerate() {
                    let place = ((i * N + j) * GROUP + row) * ROW + at;
                    S::as_mut_simd_f32s(&mut transformed[place..place + lanes]).0[0] = value;
                }
            }
        }
    }
}

/// For each point and panel of `panels`: `products` [points, panels, GROUP, tiles] += weights · pictures, over the
/// channels `inputs`. With `fresh`, what was in `products` is not read.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "three matrices and what part of them")]
pub(super) fn multiply<S: Simd, const N: usize, const V: usize>(
    simd: S,
    weights: &[f32],
    rows: usize,
    pictures: &[f32],
    panels: Panels,
    part: std::ops::Range<usize>,
    (inputs, all_inputs): (std::ops::Range<usize>, usize),
    products: &mut [f32],
) {
    let tiles = panels.tiles;
    let depth = inputs.len();
    let fresh = inputs.start == 0;
    for point in 0..N * N {
        let weights = &weights[point * GROUP * ROW..][..GROUP * ROW];
        for (index, panel) in part.clone().enumerate() {
            let first = (point * panels.count + panel) * all_inputs + inputs.start;
            let picture = &pictures[first * tiles..][..depth * tiles];
            let products = &mut products[(point * part.len() + index) * GROUP * tiles..][..GROUP * tiles];
            // 8 rows of 2 or 3 vectors fill 32 registers, 4 rows fill 16. Rows beyond `rows` are computed from what
            // was left in the buffer, and never read.
            let step = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
            for row in (0..rows).step_by(step) {
                let (weights, products) = (&weights[row * ROW..], &mut products[row * tiles..]);
                if S::REGISTER_COUNT >= 32 {
                    block::<S, 8, V>(simd, weights, picture, depth, products, fresh);
                } else {
                    block::<S, 4, V>(simd, weights, picture, depth, products, fresh);
                }
            }
        }
    }
}

/// R rows of V vectors, all of them in registers: `products` [R, V] += `weights` [R, depth] · `picture` [depth, V].
#[inline(always)]
fn block<S: Simd, const R: usize, const V: usize>(
    simd: S,
    weights: &[f32],
    picture: &[f32],
    depth: usize,
    products: &mut [f32],
    fresh: bool,
) {
    let products = &mut S::as_mut_simd_f32s(products).0[..R * V];
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    if !fresh {
        sums.iter_mut().zip(products.chunks_exact(V)).for_each(|(sums, row)| sums.copy_from_slice(row));
    }
    let rows: [&[f32]; R] = std::array::from_fn(|row| &weights[row * ROW..][..depth]);
    for (k, picture) in S::as_simd_f32s(picture).0.chunks_exact(V).enumerate().take(depth) {
        let picture: [S::f32s; V] = std::array::from_fn(|v| picture[v]);
        for (sums, row) in sums.iter_mut().zip(rows) {
            #[expect(unsafe_code, reason = "a check for each of 8 rows costs a tenth of the whole")]
            // SAFETY: k < depth, which is the length of every row.
            let weight = simd.splat_f32s(unsafe { *row.get_unchecked(k) });
            for (sum, picture) in sums.iter_mut().zip(picture) {
                *sum = simd.mul_add_e_f32s(weight, picture, *sum);
            }
        }
    }
    sums.iter().zip(products.chunks_exact_mut(V)).for_each(|(sums, row)| row.copy_from_slice(sums));
}

//! `a · gelu(b)` for rows that hold a and b side by side.

use pulp::Arch;

use super::math::gelu;
use super::memory::Shared;
use super::pool::Pool;

/// How many elements of output a unit of work makes, about.
const UNIT: usize = 1 << 14;

/// For each row [a, b] of `input`, 2·`width` wide: `a · gelu(b)` into the row of `output`, `width` wide.
pub(super) fn geglu<P: Pool>(input: &[f32], width: usize, output: &mut [f32], pool: &P) -> ort::Result<()> {
    if width == 0 {
        return Ok(());
    }
    let arch = Arch::new();
    let rows = output.len() / width;
    let per = (UNIT / width).max(1);
    let output = Shared::new(output);
    pool.each(rows.div_ceil(per), &|unit| {
        let count = per.min(rows - unit * per);
        #[expect(unsafe_code, reason = "units write disjoint rows")]
        // SAFETY: these rows are this unit's alone.
        let output = unsafe { output.part(unit * per * width, count * width) };
        let input = &input[unit * per * 2 * width..][..count * 2 * width];
        arch.dispatch(
            #[inline(always)]
            || {
                for (input, output) in input.chunks_exact(2 * width).zip(output.chunks_exact_mut(width)) {
                    let (a, b) = input.split_at(width);
                    for ((a, b), output) in a.iter().zip(b).zip(output) {
                        *output = *a * gelu(*b);
                    }
                }
            },
        );
    })
}

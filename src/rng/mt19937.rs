//! The Mersenne Twister MT19937, the core of torch's CPU generator and of NumPy's `RandomState`.
//!
//! Source: M. Matsumoto, T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
//! pseudo-random number generator", ACM TOMACS 8(1), 1998; seeding as in their revision of 2002.

/// Words of state.
const N: usize = 624;
/// The distance of the recurrence's middle word.
const M: usize = 397;

/// A Mersenne Twister. One draw is one 32-bit word.
#[derive(Clone)]
pub(super) struct Mt19937 {
    state: [u32; N],
    /// The next word of `state` to give out; `N` when the state has to be renewed first.
    next: usize,
}

impl std::fmt::Debug for Mt19937 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mt19937").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Mt19937 {
    /// Seeds by the linear recurrence of 2002 (`init_genrand`).
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [0; N];
        let mut word = seed;
        for (j, slot) in (0_u32..).zip(&mut state) {
            if j > 0 {
                word = 1_812_433_253_u32.wrapping_mul(word ^ (word >> 30)).wrapping_add(j);
            }
            *slot = word;
        }
        Self { state, next: N }
    }

    /// The next word, uniform over all 32-bit values.
    pub(super) fn next_u32(&mut self) -> u32 {
        if self.next >= N {
            self.renew();
            self.next = 0;
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// Two words as one, the first drawn on top.
    pub(super) fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        (high << 32) | u64::from(self.next_u32())
    }

    fn renew(&mut self) {
        for j in 0..N {
            let y = (self.state[j] & 0x8000_0000) | (self.state[(j + 1) % N] & 0x7fff_ffff);
            let twist = if y & 1 == 0 { 0 } else { 0x9908_b0df };
            self.state[j] = self.state[(j + M) % N] ^ (y >> 1) ^ twist;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C++'s `std::mt19937` is required to give this as its 10000th word (ISO C++ [rand.predef]).
    #[test]
    fn the_standard_check_value() {
        let mut mt = Mt19937::new(5489);
        for _ in 0..9_999 {
            mt.next_u32();
        }
        assert_eq!(mt.next_u32(), 4_123_659_995);
    }
}

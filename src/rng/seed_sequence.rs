//! NumPy's `SeedSequence`: seeds for the nodes of a tree out of one number.
//!
//! Source: NumPy `numpy/random/bit_generator.pyx`; the mixing is M. E. O'Neill's `seed_seq_fe`
//! (<https://www.pcg-random.org/posts/developing-a-seed_seq-alternative.html>).

/// Constants of the hash that fills the pool.
const INIT_A: u32 = 0x43b0_d7e5;
const MULT_A: u32 = 0x931e_8875;
/// Constants of the hash that reads it.
const INIT_B: u32 = 0x8b51_f9dd;
const MULT_B: u32 = 0x58f3_8ded;
const MIX_LEFT: u32 = 0xca01_f9dd;
const MIX_RIGHT: u32 = 0x4973_f715;

/// `SeedSequence(entropy, spawn_key=…, pool_size=POOL).generate_state(COUNT)`, 32-bit words.
///
/// `POOL` is at least 4, as NumPy demands; numbers may be of any size up to 64 bits.
pub(super) fn generate_state<const POOL: usize, const COUNT: usize>(entropy: u64, spawn_key: &[u64]) -> [u32; COUNT] {
    let mut words = words_of(entropy);
    if !spawn_key.is_empty() {
        // So that (entropy, key) never is another entropy with a shorter key.
        words.resize(words.len().max(POOL), 0);
        words.extend(spawn_key.iter().flat_map(|&number| words_of(number)));
    }
    let mut constant = INIT_A;
    let mut hash = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(MULT_A);
        fold(value.wrapping_mul(constant))
    };
    let mut pool: [u32; POOL] = std::array::from_fn(|i| hash(words.get(i).copied().unwrap_or(0)));
    for from in 0..POOL {
        for to in (0..POOL).filter(|&to| to != from) {
            pool[to] = mix(pool[to], hash(pool[from]));
        }
    }
    for &word in words.iter().skip(POOL) {
        for slot in &mut pool {
            *slot = mix(*slot, hash(word));
        }
    }
    let mut constant = INIT_B;
    std::array::from_fn(|i| {
        let value = pool[i % POOL] ^ constant;
        constant = constant.wrapping_mul(MULT_B);
        fold(value.wrapping_mul(constant))
    })
}

/// The 32-bit words of a number, lowest first; one for 0.
fn words_of(number: u64) -> Vec<u32> {
    let (low, high) = ((number & 0xffff_ffff) as u32, (number >> 32) as u32);
    if high == 0 { vec![low] } else { vec![low, high] }
}

fn fold(value: u32) -> u32 {
    value ^ (value >> 16)
}

fn mix(x: u32, y: u32) -> u32 {
    fold(MIX_LEFT.wrapping_mul(x).wrapping_sub(MIX_RIGHT.wrapping_mul(y)))
}

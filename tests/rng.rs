//! The generators against torch's, NumPy's and Philox's own numbers (`tests/golden/rng.json`), by bit patterns.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by panicking")]

use diffusion::Error;
use diffusion::rng::philox::philox4x32_10;
use diffusion::rng::{Generator, NoiseSource, RandomState, RngKind};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    torch_cpu: Vec<Case>,
    torch_cpu_scalar: Vec<Case>,
    numpy: Vec<Case>,
    philox: Philox,
}

#[derive(Deserialize)]
struct Case {
    seed: String,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    shape: Vec<usize>,
    bits: String,
}

#[derive(Deserialize)]
struct Philox {
    blocks: Vec<Block>,
    published_seed_0: Vec<f64>,
    tolerance_abs: f64,
    normal: Vec<Case>,
}

#[derive(Deserialize)]
struct Block {
    counter: [u32; 4],
    key: [u32; 2],
    out: [u32; 4],
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/rng.json")).unwrap()
}

/// The big-endian words of a golden value, `digits` hexadecimal digits each.
fn words(bits: &str, digits: usize) -> Vec<u64> {
    assert_eq!(bits.len() % digits, 0);
    (0..bits.len()).step_by(digits).map(|at| u64::from_str_radix(&bits[at..at + digits], 16).unwrap()).collect()
}

/// Distance in units in the last place.
fn ulps32(a: f32, b: f32) -> u64 {
    let ordered = |v: f32| {
        let bits = i64::from(v.to_bits() & 0x7fff_ffff);
        if v.is_sign_negative() { -bits } else { bits }
    };
    ordered(a).abs_diff(ordered(b))
}

/// What comparing a list of cases found.
#[derive(Debug, Default)]
struct Found {
    cases: usize,
    values: usize,
    unequal: usize,
    worst_ulps: u64,
    worst_abs: f64,
}

fn compare(kind: RngKind, cases: &[Case]) -> Found {
    let mut found = Found::default();
    for case in cases {
        let mut generator = Generator::new(kind, case.seed.parse().unwrap()).unwrap();
        for call in &case.calls {
            let ours = generator.normal(&call.shape);
            assert_eq!(ours.shape(), call.shape);
            let theirs = words(&call.bits, 8);
            assert_eq!(ours.len(), theirs.len());
            for (&a, b) in ours.iter().zip(theirs) {
                let b = f32::from_bits(u32::try_from(b).unwrap());
                found.values += 1;
                found.unequal += usize::from(a.to_bits() != b.to_bits());
                found.worst_ulps = found.worst_ulps.max(ulps32(a, b));
                found.worst_abs = found.worst_abs.max(f64::from((a - b).abs()));
            }
        }
        found.cases += 1;
    }
    found
}

/// torch on x86-64, its vectorised path: bit for bit.
///
/// The draws of fewer than 16 go through libm's double-precision `log1p`, `sin` and `cos`; rounded to float32, a
/// libm other than glibc may move a value across a rounding boundary, hence 1 ulp rather than 0 elsewhere.
#[test]
fn torch_cpu_equals_torch() {
    let found = compare(RngKind::TorchCpu, &golden().torch_cpu);
    let allowed = u64::from(!cfg!(all(target_os = "linux", target_env = "gnu")));
    assert!(found.worst_ulps <= allowed, "{found:?}");
    assert!(found.cases >= 90 && found.values >= 9_900, "not every case was run: {found:?}");
}

/// torch without AVX2 computes the same numbers by libm's float32 functions; torch differs from itself there.
///
/// The measure is absolute: angles near 2 pi have float32 steps of 4.8e-7, which a radius of up to 5 multiplies;
/// where sin or cos is nearly zero that is many units in the last place.
#[test]
fn torch_cpu_is_close_to_torch_without_vectors() {
    let found = compare(RngKind::TorchCpu, &golden().torch_cpu_scalar);
    assert!(found.worst_abs <= 2.5e-6, "{found:?}");
    assert!(found.cases >= 90 && found.values >= 9_900, "not every case was run: {found:?}");
}

#[test]
fn philox_equals_its_reference() {
    let golden = golden().philox;
    assert!(golden.blocks.len() >= 3);
    for block in &golden.blocks {
        assert_eq!(philox4x32_10(block.counter, block.key), block.out);
    }
    // Both round the float64 value of the same float32 arguments; libms may differ in its last bit.
    let found = compare(RngKind::TorchCuda, &golden.normal);
    assert!(found.worst_ulps <= 1, "{found:?}");
    assert!(found.worst_abs <= golden.tolerance_abs, "{found:?}");
    assert!(found.cases >= 32 && found.values > 4_000, "not every case was run: {found:?}");

    let ours = Generator::new(RngKind::TorchCuda, 0).unwrap().normal(&[4]);
    assert_eq!(golden.published_seed_0.len(), 4);
    for (&a, b) in ours.iter().zip(golden.published_seed_0) {
        assert!((f64::from(a) - b).abs() <= golden.tolerance_abs, "{a} {b}");
    }
}

#[test]
fn numpy_equals_numpy() {
    let (mut cases, mut values) = (0, 0);
    for case in golden().numpy {
        let seed: u64 = case.seed.parse().unwrap();
        let mut double = RandomState::new(u32::try_from(seed).unwrap());
        let mut single = Generator::new(RngKind::Numpy, seed).unwrap();
        for call in &case.calls {
            let theirs = words(&call.bits, 16);
            let ours = single.normal(&call.shape);
            assert_eq!(ours.len(), theirs.len());
            for (&rounded, bits) in ours.iter().zip(theirs) {
                let (a, b) = (double.standard_normal(), f64::from_bits(bits));
                // NumPy and we call the same libm `log`; 1 ulp is for another libm than the golden's.
                assert!(a.to_bits().abs_diff(b.to_bits()) <= 1, "seed {seed}: {a} {b}");
                assert!(ulps32(rounded, b as f32) <= 1, "seed {seed}: {rounded} {b}");
                values += 1;
            }
        }
        cases += 1;
    }
    assert!(cases >= 43 && values > 1_000, "not every case was run: {cases} {values}");
}

#[test]
fn seeds_that_a_kind_cannot_take_are_refused() {
    let refused = Generator::new(RngKind::Numpy, 1 << 32).unwrap_err();
    assert!(matches!(refused, Error::InvalidArgument(_)));
    assert_eq!(
        refused.to_string(),
        "seed 4294967296 is too large for the random number generator \"numpy\": allowed is 0 to 4294967295"
    );
    for kind in [RngKind::TorchCpu, RngKind::TorchCuda] {
        assert!(Generator::new(kind, u64::MAX).is_ok());
    }
    let unknown = RngKind::parse("Torch").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "unknown random number generator \"Torch\"; allowed are: torch-cpu, torch-cuda, numpy"
    );
}

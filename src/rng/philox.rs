//! torch's CUDA generator: Philox-4x32-10, counter-based.
//!
//! Sources: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11 (the block function);
//! cuRAND's `_curand_box_muller` (uniforms to normals); PyTorch `aten/src/ATen/native/cuda/DistributionTemplates.h`
//! (what the counter's words mean); `stable-diffusion-webui` `modules/rng_philox.py` (the source called "NV").
//!
//! On a GPU the numbers depend on the launch once a draw has more elements than the GPU has resident threads.
//! Here every element has a thread of its own, whatever the size, as in A1111's "NV": the same on every machine.

use std::f64::consts::PI;

/// One Philox-4x32 block of ten rounds: 128 counter bits and 64 key bits to 128 random bits.
#[must_use]
pub fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let wide = |a: u32, b: u32| {
        let product = u64::from(a) * u64::from(b);
        ((product >> 32) as u32, product as u32)
    };
    let ([mut c0, mut c1, mut c2, mut c3], [mut k0, mut k1]) = (counter, key);
    for _ in 0..10 {
        let (high0, low0) = wide(c0, 0xd251_1f53);
        let (high1, low1) = wide(c2, 0xcd9e_8d57);
        [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
        k0 = k0.wrapping_add(0x9e37_79b9);
        k1 = k1.wrapping_add(0xbb67_ae85);
    }
    [c0, c1, c2, c3]
}

/// `torch.Generator("cuda")` after `manual_seed`, seen through `torch.randn(..., dtype=torch.float32)`.
#[derive(Debug, Clone)]
pub struct TorchCuda {
    key: [u32; 2],
    /// How many draws were made; torch's own offset is four times that.
    draws: u64,
}

impl TorchCuda {
    /// Seeds the generator; all 64 bits count.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: words(seed), draws: 0 }
    }

    /// One draw of `out.len()` standard normal values.
    ///
    /// A GPU's `logf` and `sincosf` are approximations; these are the rounded exact values, so that a GPU's noise
    /// is met to about 1e-6.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        if out.is_empty() {
            return; // torch launches nothing and keeps its offset
        }
        let [draw_low, draw_high] = words(self.draws);
        for (index, value) in (0_u64..).zip(out) {
            let [index_low, index_high] = words(index);
            let [x, y, ..] = philox4x32_10([draw_low, draw_high, index_low, index_high], self.key);
            *value = box_muller(x, y);
        }
        self.draws = self.draws.wrapping_add(1);
    }
}

/// The low and the high half.
fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// The first of cuRAND's two normal values: float32 uniforms in (0, 1], one fused multiply-add each.
fn box_muller(x: u32, y: u32) -> f32 {
    const TO_UNIT: f32 = 1.0 / 4_294_967_296.0;
    const TO_ANGLE: f32 = (2.0 * PI / 4_294_967_296.0) as f32;
    let u = (x as f32).mul_add(TO_UNIT, TO_UNIT / 2.0);
    let angle = (y as f32).mul_add(TO_ANGLE, TO_ANGLE / 2.0);
    let radius = (-2.0 * f64::from(u).ln()).sqrt();
    (radius * f64::from(angle).sin()) as f32
}

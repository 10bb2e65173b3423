//! DPM-Solver++ (2S) for the stochastic differential equation: the midpoint in log sigma, with fresh noise in both
//! halves that comes from one Brownian motion.
//!
//! Source: Lu et al., arXiv 2211.01095, as in k-diffusion `sample_dpmpp_sde`; diffusers `scheduling_dpmsolver_sde.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::{BrownianTree, NoiseSource};

use super::calls::Calls;
use super::combine::{buffer, combine, mix_into};
use super::config::Config;
use super::noise_schedule::{BetaDefaults, ZeroSnr};
use super::prediction::{EPSILON, VELOCITY};
use super::sigma_space::{SigmaClass, SigmaSpace, add_noise, ancestral_parts, interleaved, scale_input};
use super::timesteps::Counting;
use super::{Scheduler, SchedulerOptions};

const DPM_SDE: SigmaClass = SigmaClass {
    betas: BetaDefaults { range: (0.00085, 0.012), extra: None, zero_snr: ZeroSnr::Absent },
    predictions: &[EPSILON, VELOCITY],
    spreads: true,
    karras_limits: false,
    karras_rounded: false,
    euler_fields: false,
    counting: Counting::Double,
};

pub(super) struct DpmSde {
    space: SigmaSpace,
    timesteps: Vec<f64>,
    /// `noise_sampler_seed`; without it the generation's own seeds are the noise's, where diffusers takes one from
    /// torch's global generator, which no pipeline seeds. As in k-diffusion, a seed for each picture grows a tree for each.
    seed: Option<u64>,
    noise: Option<BrownianTree>,
    calls: Calls,
    start: Option<ArrayD<f32>>,
    x0: Option<ArrayD<f32>>,
}

impl DpmSde {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let space = SigmaSpace::read(config, &DPM_SDE, options)?;
        let seed = match config.get("noise_sampler_seed") {
            None => None,
            Some(value) => Some(value.as_u64().ok_or_else(|| {
                config.refuse("noise_sampler_seed", value, "null or a whole number from 0 to 18446744073709551615")
            })?),
        };
        let mut timesteps = Vec::with_capacity(2 * space.timesteps.len());
        for (i, &t) in space.timesteps.iter().enumerate() {
            timesteps.push(t);
            if i + 1 < space.timesteps.len() {
                timesteps.push(space.table.timestep_of((space.sigma(i) * space.sigma(i + 1)).sqrt()));
            }
        }
        let calls = Calls::new(timesteps.len(), 2);
        Ok(Self { space, timesteps, seed, noise: None, calls, start: None, x0: None })
    }

    /// Where the solver step of call `index` begins and ends, and its midpoint.
    fn sigmas_around(&self, index: usize) -> (f64, f64, f64) {
        let (from, to) = (self.space.sigma(index / 2), self.space.sigma(index / 2 + 1));
        (from, (from * to).sqrt(), to)
    }

    /// Standard normal noise for the step of call `index`: the Brownian increment over its sigmas, by its deviation.
    fn increment(&mut self, index: usize, sample: &ArrayD<f32>, source: &dyn NoiseSource) -> Result<ArrayD<f32>> {
        if self.noise.is_none() {
            let positive = || self.space.sigmas.iter().copied().filter(|&sigma| sigma > 0.0);
            let (min, max) = (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
            let seeds = self.seed.map_or_else(|| source.seeds(), |seed| vec![seed]);
            self.noise = Some(BrownianTree::new(min, max, sample.shape(), &seeds)?);
        }
        // The times are rounded where diffusers rounds them, because the tree cuts them to six decimals and a motion
        // over another millionth is visibly another one.
        let (from, _, to) = self.sigmas_around(index);
        let time = |sigma: f64| -(sigma.ln() as f32);
        let sigma = |time: f32| f64::from(f64::from(-time).exp() as f32);
        let (start, end) = (time(from), time(to));
        let end = if index.is_multiple_of(2) { start + (end - start) * 0.5 } else { end };
        let (from, to) = (sigma(start), sigma(end));
        let tree = self.noise.as_mut().ok_or_else(|| Error::Internal("no Brownian tree".to_owned()))?;
        let mut noise = tree.increment(from, to)?;
        let deviation = (from - to).abs().sqrt();
        if deviation > 0.0 {
            combine(&mut noise, 1.0 / deviation, &[]);
        }
        Ok(noise)
    }
}

impl Scheduler for DpmSde {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        let mut sigmas = interleaved(&self.space.sigmas);
        sigmas.pop();
        sigmas
    }

    fn init_noise_sigma(&self) -> f64 {
        self.space.init_noise_sigma()
    }

    fn order(&self) -> usize {
        2
    }

    fn scale_model_input(&self, index: usize, sample: &mut ArrayD<f32>) {
        let (from, middle, _) = self.sigmas_around(index);
        scale_input(sample, if index.is_multiple_of(2) { from } else { middle });
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let (from, middle, to) = self.sigmas_around(index);
        let first = index.is_multiple_of(2);
        let x0_mix = self.space.prediction.x0_sigma_space(if first { from } else { middle });
        mix_into(buffer(&mut self.x0, sample), x0_mix, sample, &output);
        if to == 0.0 {
            // The last step, one of Euler's, ends at x0.
            if let Some(x0) = &self.x0 {
                sample.assign(x0);
            }
            return Ok(());
        }
        let fresh = self.increment(index, sample, noise)?;
        let start = buffer(&mut self.start, sample);
        if first {
            start.assign(sample);
        } else {
            sample.assign(start);
        }
        let (down, up) = ancestral_parts(from, if first { middle } else { to });
        let ratio = down / from;
        if let Some(x0) = &self.x0 {
            combine(sample, ratio, &[(1.0 - ratio, x0.view()), (up, fresh.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        add_noise(original, noise, self.space.sigma(index.div_ceil(2)))
    }
}

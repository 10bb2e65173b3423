//! Improved pseudo linear multistep: Adams-Bashforth of orders 1 to 4 on a schedule of its own, without a start-up.
//!
//! For models that predict the velocity and take times from 1 down to 0 (Dance Diffusion); a Stable Diffusion UNet
//! expects times up to 999 and draws nothing sensible with it, in diffusers too. Source: Liu et al.,
//! arXiv 2202.09778, equation 12; diffusers `scheduling_ipndm.py`.

use std::f32::consts::PI;

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::{History, combine, mix_into, noised};
use super::config::{Config, UNIT};
use super::noise_schedule::linspace_f32;
use super::prediction::Mix;

pub(super) struct Ipndm {
    timesteps: Vec<f64>,
    /// The level of each call, and the last one.
    levels: Vec<Level>,
    calls: Calls,
    slopes: History,
}

/// x = alpha x0 + beta eps.
#[derive(Debug, Clone, Copy)]
struct Level {
    alpha: f64,
    beta: f64,
}

impl Ipndm {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        config.integer("num_train_timesteps", 1000, 1, 1_000_000)?;
        let betas: Vec<f32> = match config.floats("trained_betas", &UNIT)? {
            // As in diffusers, such a table is the whole schedule, however many steps are asked for.
            Some(betas) if betas.len() >= 2 => betas.into_iter().map(|beta| beta as f32).collect(),
            Some(betas) => {
                return Err(Error::invalid(format!(
                    "the scheduler configuration has {} trained_betas; {} needs 2 or more, one for each step and one \
                     for the end",
                    betas.len(),
                    config.class()
                )));
            }
            None => linspace_f32(1.0, 0.0, steps + 1).into_iter().map(beta_of).collect(),
        };
        let alpha = |beta: f32| (1.0 - beta * beta).sqrt();
        let timesteps: Vec<f64> =
            betas.iter().map(|&beta| f64::from(beta.atan2(alpha(beta)) / PI * 2.0)).take(betas.len() - 1).collect();
        let level = |&beta: &f32| Level { alpha: f64::from(alpha(beta)), beta: f64::from(beta) };
        let levels = betas.iter().map(level).collect();
        let calls = Calls::new(timesteps.len(), 1);
        Ok(Self { timesteps, levels, calls, slopes: History::new(4) })
    }

    fn level(&self, index: usize) -> Result<Level> {
        self.levels.get(index).copied().ok_or_else(|| Error::invalid(format!("the scheduler has no step {index}")))
    }
}

/// sin² of a quarter turn's share, rounded as torch rounds it: cancellations below make the last bit visible.
fn beta_of(share: f32) -> f32 {
    let sine = f64::from(share * PI / 2.0).sin() as f32;
    sine * sine
}

impl Scheduler for Ipndm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn scale_model_input(&self, _index: usize, _sample: &mut ArrayD<f32>) {}

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let (from, to) = (self.level(index)?, self.level(index + 1)?);
        mix_into(self.slopes.push(sample), Mix { sample: from.beta, output: from.alpha }, sample, &output);
        let weights: &[f64] = match self.slopes.len() {
            0 | 1 => &[1.0],
            2 => &[1.5, -0.5],
            3 => &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
            _ => &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
        };
        // The noise estimate is taken out at the old level and put back in at the new one.
        // There is no signal at the first level; 1e-8 is diffusers' guard against the division.
        let own = to.alpha / from.alpha.max(1e-8);
        let of_noise = to.beta - own * from.beta;
        let terms = weights
            .iter()
            .enumerate()
            .map(|(age, &weight)| self.slopes.term(of_noise * weight, age))
            .collect::<Result<Vec<_>>>()?;
        combine(sample, own, &terms);
        Ok(())
    }

    /// alpha x0 + beta noise; diffusers' class has no `add_noise`, but this is the x that its `step` takes apart.
    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let level = self.level(index)?;
        noised(original, level.alpha, noise, level.beta)
    }
}

//! Pseudo numerical methods for diffusion models: a Runge-Kutta start (PRK), then linear multistep (PLMS).
//!
//! Source: Liu et al., arXiv 2202.09778, algorithm 2 and equation 9; diffusers `scheduling_pndm.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::Scheduler;
use super::calls::Calls;
use super::combine::{History, buffer, combine, noised};
use super::config::Config;
use super::discrete::check_steps;
use super::noise_schedule::{BetaDefaults, NoiseSchedule, ZeroSnr};
use super::prediction::{EPSILON, Prediction, VELOCITY};
use super::timesteps::{Counting, Spacing, spaced};

/// Model calls of the Runge-Kutta start: three rounds of four.
const PRK_CALLS: usize = 12;

pub(super) struct Pndm {
    schedule: NoiseSchedule,
    timesteps: Vec<f64>,
    /// How many calls, from the loop's first on, are Runge-Kutta's.
    prk_calls: usize,
    /// Trained timesteps between two steps.
    stride: i64,
    final_alpha: f64,
    prediction: Prediction,
    calls: Calls,
    outputs: History,
    /// Where a step began that takes several calls.
    start: Option<ArrayD<f32>>,
    /// The combined prediction of the present step.
    combined: Option<ArrayD<f32>>,
}

impl Pndm {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        let betas = BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Absent };
        let schedule = NoiseSchedule::read(config, &betas)?;
        let spacing = Spacing::read(config, Spacing::Leading)?;
        let offset = config.integer("steps_offset", 0, -1_000_000, 1_000_000)?;
        let train = schedule.train_timesteps();
        check_steps(config, steps, train)?;
        let skip_prk = config.flag("skip_prk_steps", false)?;
        let final_alpha = if config.flag("set_alpha_to_one", false)? { 1.0 } else { schedule.first_alpha_cumprod() };
        let plain = spaced(spacing, Counting::Whole, steps, train, train, offset)?;
        let stride = (train / steps) as i64;
        let timesteps = if skip_prk { plms_timesteps(&plain) } else { prk_timesteps(&plain, stride / 2)? };
        for &t in &timesteps {
            schedule.alpha_cumprod(t as i64)?;
        }
        let calls = Calls::new(timesteps.len(), 1);
        Ok(Self {
            schedule,
            timesteps,
            prk_calls: if skip_prk { 0 } else { PRK_CALLS },
            stride,
            final_alpha,
            prediction: Prediction::read(config, &[EPSILON, VELOCITY])?,
            calls,
            outputs: History::new(4),
            start: None,
            combined: None,
        })
    }

    fn timestep(&self, index: usize) -> i64 {
        self.timesteps.get(index).map_or(0, |&t| t as i64)
    }

    /// One call of Runge-Kutta's, whose `combined` is replaced by the prediction to step with. Returns the
    /// timesteps from and to which the step goes, from `start`.
    fn prk(&mut self, index: usize, made: usize, output: &ArrayViewD<'_, f32>, sample: &ArrayD<f32>) -> (i64, i64) {
        let half = if made.is_multiple_of(2) { self.stride / 2 } else { 0 };
        let combined = buffer(&mut self.combined, sample);
        match made % 4 {
            0 => {
                self.outputs.push(sample).assign(output);
                buffer(&mut self.start, sample).assign(sample);
                combined.assign(output);
                combine(combined, 1.0 / 6.0, &[]);
            }
            1 | 2 => combine(combined, 1.0, &[(1.0 / 3.0, output.view())]),
            _ => combine(combined, 1.0, &[(1.0 / 6.0, output.view())]),
        }
        (self.timestep(made / 4 * 4), self.timestep(index) - half)
    }

    /// One call of the linear multistep method's; fills `combined` and `start` and returns the timesteps.
    fn plms(
        &mut self,
        index: usize,
        made: usize,
        output: &ArrayViewD<'_, f32>,
        sample: &ArrayD<f32>,
    ) -> Result<(i64, i64)> {
        let here = self.timestep(index);
        if made != 1 {
            self.outputs.push(sample).assign(output);
        }
        let combined = buffer(&mut self.combined, sample);
        let start = buffer(&mut self.start, sample);
        if made == 1 && self.outputs.len() == 1 {
            // The second call repeats the first step with the mean of both predictions, from where it began.
            combined.assign(output);
            combine(combined, 0.5, &[self.outputs.term(0.5, 0)?]);
            return Ok((here + self.stride, here));
        }
        start.assign(sample);
        let weights: &[f64] = match self.outputs.len() {
            0 | 1 => &[1.0],
            2 => &[1.5, -0.5],
            3 => &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
            _ => &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
        };
        let terms =
            weights.iter().enumerate().map(|(age, &w)| self.outputs.term(w, age)).collect::<Result<Vec<_>>>()?;
        combined.fill(0.0);
        combine(combined, 0.0, &terms);
        Ok((here, here - self.stride))
    }

    /// The factors of the sample and of the predicted noise; equation 9 of the paper.
    fn transfer(&self, from: i64, to: i64) -> Result<(f64, f64)> {
        let here = self.schedule.alpha_cumprod(from)?;
        let there = if to < 0 { self.final_alpha } else { self.schedule.alpha_cumprod(to)? };
        let denominator = here * (1.0 - there).sqrt() + (here * (1.0 - here) * there).sqrt();
        let (own, noise) = ((there / here).sqrt(), -(there - here) / denominator);
        let epsilon = self.prediction.epsilon(here.sqrt(), (1.0 - here).sqrt());
        Ok((own + noise * epsilon.sample, noise * epsilon.output))
    }
}

/// Descending timesteps whose second is visited twice.
fn plms_timesteps(plain: &[f64]) -> Vec<f64> {
    let mut timesteps = plain.to_vec();
    if let Some(&second) = plain.get(1) {
        timesteps.insert(1, second);
    }
    timesteps
}

/// Twelve Runge-Kutta timesteps over the first four, then the rest.
fn prk_timesteps(plain: &[f64], half: i64) -> Result<Vec<f64>> {
    let [a, b, c, d, ..] = *plain else {
        return Err(Error::invalid(format!(
            "PNDMScheduler needs at least 4 steps for its Runge-Kutta start, not {}; \
             or set skip_prk_steps in the scheduler configuration",
            plain.len()
        )));
    };
    let between = |t: f64| t + half as f64;
    let mut timesteps = vec![a, between(b), between(b), b, b, between(c), between(c), c, c];
    timesteps.extend([between(d), between(d), d]);
    timesteps.extend(plain.iter().skip(3));
    Ok(timesteps)
}

impl Scheduler for Pndm {
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
        // Counted from where the loop began, also for image-to-image; so diffusers does it.
        let made = self.calls.made_before();
        let runge_kutta = made < self.prk_calls;
        let (from, to) =
            if runge_kutta { self.prk(index, made, &output, sample) } else { self.plms(index, made, &output, sample)? };
        let (own, noise) = self.transfer(from, to)?;
        if let Some(start) = &self.start {
            sample.assign(start);
        }
        if runge_kutta && made % 4 != 3 {
            combine(sample, own, &[(noise, output)]);
        } else if let Some(combined) = &self.combined {
            combine(sample, own, &[(noise, combined.view())]);
        }
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let alpha = self.schedule.alpha_cumprod(self.timestep(index))?;
        noised(original, alpha.sqrt(), noise, (1.0 - alpha).sqrt())
    }
}

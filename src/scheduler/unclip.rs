//! Karlo's ancestral sampling, as diffusers' unCLIP pipelines run it.
//!
//! Source: Ramesh et al., arXiv 2204.06125; diffusers `scheduling_unclip.py` and `pipelines/unclip`, which pass each
//! step the next timestep. The posterior is DDPM's; its betas are differences of float32 cumulative alphas, rounded
//! where torch rounds them: at the noisiest step of a cosine schedule that is 5 % of 1 − β, and decides the result.

use ndarray::{ArrayD, ArrayViewD, Zip};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{Term, buffer, combine, draw, mix_into, noised};
use super::config::Config;
use super::discrete::check_steps;
use super::noise_schedule::{BetaDefaults, BetaSchedule, NoiseSchedule, ZeroSnr};
use super::prediction::{EPSILON, Prediction, SAMPLE};
use super::threshold::Clipping;
use super::{Scheduler, Steerable, Steering};

pub(super) struct UnClip {
    timesteps: Vec<f64>,
    steps: Vec<Step>,
    prediction: Prediction,
    clipping: Clipping,
    /// Whether the denoiser predicts where between the two fixed variances its own lies.
    learned: bool,
    calls: Calls,
    x0: Option<ArrayD<f32>>,
}

/// The float32 numbers of one step.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The cumulative alpha.
    alpha: f32,
    /// The mean's share of the sample.
    own: f32,
    /// The mean's share of x0.
    from_x0: f32,
    /// β̃ and β; the last step, at which nothing is drawn, has those of the one before.
    variances: [f32; 2],
}

impl UnClip {
    pub(super) fn new(config: &Config<'_>, steps: usize) -> Result<Self> {
        let only = [("squaredcos_cap_v2", BetaSchedule::Cosine)];
        let shape = config.choice("beta_schedule", BetaSchedule::Cosine, &only)?;
        let betas = BetaDefaults { range: (0.0001, 0.02), extra: None, zero_snr: ZeroSnr::Absent };
        let schedule = NoiseSchedule::read_with(config, &betas, shape)?;
        let train = schedule.train_timesteps();
        check_steps(config, steps, train)?;
        if steps < 2 {
            return Err(Error::invalid(format!(
                "{steps} steps are not possible with {}, which goes from the last trained timestep to the first; 2 to \
                 {train} are",
                config.class()
            )));
        }
        // numpy's arange times a quotient, rounded half to even.
        let stride = (train - 1) as f64 / (steps - 1) as f64;
        let timesteps: Vec<usize> =
            (0..steps).rev().map(|step| (step as f64 * stride).round_ties_even() as usize).collect();
        let below = timesteps.iter().skip(1).map(|&t| Some(t)).chain([None]);
        let mut made: Vec<Step> = Vec::with_capacity(steps);
        for (&t, below) in timesteps.iter().zip(below) {
            let mut step = Step::new(&schedule, t, below)?;
            if let (0, Some(before)) = (t, made.last()) {
                step.variances = before.variances;
            }
            made.push(step);
        }
        let learned = config.choice("variance_type", false, &[("fixed_small_log", false), ("learned_range", true)])?;
        Ok(Self {
            calls: Calls::new(timesteps.len(), 1),
            timesteps: timesteps.into_iter().map(|t| t as f64).collect(),
            steps: made,
            prediction: Prediction::read(config, &[EPSILON, SAMPLE])?,
            clipping: Clipping::read_range(config, true)?,
            learned,
            x0: None,
        })
    }

    fn at(&self, index: usize) -> Result<Step> {
        self.steps.get(index).copied().ok_or_else(|| Error::invalid(format!("there is no step {index}")))
    }
}

impl Step {
    fn new(schedule: &NoiseSchedule, t: usize, below: Option<usize>) -> Result<Self> {
        let level = |t: usize| schedule.alpha_cumprod(i64::try_from(t).unwrap_or(i64::MAX)).map(|alpha| alpha as f32);
        let alpha = level(t)?;
        let to = below.map_or(Ok(1.0), level)?;
        let beta = if below.map_or(0, |below| below + 1) == t { schedule.beta(t)? } else { 1.0 - alpha / to };
        let small = (1.0 - to) / (1.0 - alpha) * beta;
        Ok(Self {
            alpha,
            own: (1.0 - beta).sqrt() * (1.0 - to) / (1.0 - alpha),
            from_x0: to.sqrt() * beta / (1.0 - alpha),
            variances: [small.max(1e-20), beta],
        })
    }

    /// Multiplies with the variance's `power`-th power: the noise with ½, a gradient with 1.
    fn scale(self, values: &mut ArrayD<f32>, predicted: Option<&ArrayViewD<'_, f32>>, power: f64) {
        let [low, high] = self.variances.map(|variance| f64::from(variance).ln());
        match predicted {
            None => combine(values, (power * low).exp(), &[]),
            Some(predicted) => Zip::from(values).and(predicted).for_each(|n, &v| {
                let share = (f64::from(v) + 1.0) / 2.0;
                *n = (f64::from(*n) * (power * (share * high + (1.0 - share) * low)).exp()) as f32;
            }),
        }
    }
}

impl Scheduler for UnClip {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    fn scale_model_input(&self, _index: usize, _sample: &mut ArrayD<f32>) {}

    fn takes(&self) -> Steerable {
        Steerable { known: true, gradient: true }
    }

    fn step(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        self.step_steered(index, model_output, sample, noise, &Steering::default())
    }

    fn step_steered(
        &mut self,
        index: usize,
        model_output: ArrayViewD<'_, f32>,
        sample: &mut ArrayD<f32>,
        noise: &mut dyn NoiseSource,
        steering: &Steering<'_>,
    ) -> Result<()> {
        steering.check(self.takes(), sample.shape())?;
        let output = self.calls.enter(index, model_output, sample, self.learned)?;
        let predicted = output.variance.as_ref();
        let step = self.at(index)?;
        if self.learned && predicted.is_none() {
            return Err(Error::invalid(
                "the scheduler configuration has variance_type = \"learned_range\", but the model's output has no more \
                 channels than the sample",
            ));
        }
        let (signal, level) = (f64::from(step.alpha.sqrt()), f64::from((1.0 - step.alpha).sqrt()));
        let x0 = buffer(&mut self.x0, sample);
        mix_into(x0, self.prediction.x0(signal, level), sample, &output.mean);
        steering.put_known(x0);
        self.clipping.apply(x0);

        let (fresh, shift);
        let mut terms: Vec<Term<'_>> = vec![(f64::from(step.from_x0), x0.view())];
        if self.timesteps.get(index).is_some_and(|&t| t > 0.0) {
            let mut drawn = draw(noise, sample.shape())?;
            step.scale(&mut drawn, predicted, 0.5);
            fresh = drawn;
            terms.push((1.0, fresh.view()));
        }
        if let Some(gradient) = steering.gradient {
            let mut scaled = gradient.clone();
            step.scale(&mut scaled, predicted, 1.0);
            shift = scaled;
            terms.push((1.0, shift.view()));
        }
        combine(sample, f64::from(step.own), &terms);
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let alpha = self.at(index)?.alpha;
        noised(original, f64::from(alpha.sqrt()), noise, f64::from((1.0 - alpha).sqrt()))
    }
}

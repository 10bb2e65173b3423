//! SA-Solver: a stochastic Adams predictor (Bashforth) and corrector (Moulton), each of orders 1 to 4.
//!
//! Source: Xue et al., arXiv 2309.05019, equations 14 and 17; diffusers `scheduling_sasolver.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Result;
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{History, buffer, combine, draw, mix_into, noised};
use super::config::Config;
use super::dpm_formulas::learned_variance;
use super::multistep::{Family, Level, Multistep};
use super::prediction::{EPSILON, FLOW, Mix, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;
use super::{Scheduler, SchedulerOptions};

pub(super) struct SaSolver {
    schedule: Multistep,
    predictor_order: usize,
    corrector_order: usize,
    lower_order_final: bool,
    /// `algorithm_type` "data_prediction": x0 is integrated, not epsilon.
    predict_x0: bool,
    learned_variance: bool,
    prediction: Prediction,
    clipping: Clipping,
    calls: Calls,
    outputs: History,
    /// This call's converted output, until it joins the history.
    converted: Option<ArrayD<f32>>,
    /// The x0 that thresholding looks at when epsilon is integrated.
    x0: Option<ArrayD<f32>>,
    /// Where the latest predictor began, its noise, and what the corrector after it is to use.
    last: Option<ArrayD<f32>>,
    last_noise: Option<ArrayD<f32>>,
    next_corrector_order: usize,
}

/// The factors of a step: of the sample where it begins, of the outputs (newest first) and of the noise.
struct Factors {
    own: f64,
    outputs: Vec<f64>,
    noise: f64,
}

impl SaSolver {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let predictor_order = config.integer("predictor_order", 2, 1, 4)? as usize;
        let corrector_order = config.integer("corrector_order", 2, 1, 4)? as usize;
        let predict_x0 =
            config.choice("algorithm_type", true, &[("data_prediction", true), ("noise_prediction", false)])?;
        if config.get("tau_func").is_some() {
            return Err(crate::Error::Unsupported(
                "the scheduler configuration has a tau_func, which is a Python function; only null can be used, which \
                 is 1 for timesteps from 200 to 800 and else 0"
                    .to_owned(),
            ));
        }
        let allowed = [EPSILON, SAMPLE, VELOCITY, FLOW];
        let prediction = Prediction::read(config, if predict_x0 { &allowed } else { &allowed[..3] })?;
        let schedule = Multistep::read(config, Family::SaSolver, options)?;
        let calls = Calls::new(schedule.timesteps.len(), 1);
        Ok(Self {
            schedule,
            predictor_order,
            corrector_order,
            lower_order_final: config.flag("lower_order_final", true)?,
            predict_x0,
            learned_variance: learned_variance(config)?,
            prediction,
            clipping: Clipping::read_dynamic(config)?,
            calls,
            outputs: History::new(predictor_order.max(corrector_order - 1)),
            converted: None,
            x0: None,
            last: None,
            last_noise: None,
            next_corrector_order: 1,
        })
    }

    /// diffusers' default `tau_func`: how much of the diffusion's noise the step from call `index` has.
    fn tau(&self, index: usize) -> f64 {
        let inside = self.schedule.timesteps.get(index).is_some_and(|t| (200.0..=800.0).contains(t));
        if inside { 1.0 } else { 0.0 }
    }

    /// The factors of the step from point `begin` to the next one, with outputs at the `order` points that end at
    /// `newest`: at `begin` for the predictor, at the point after it for the corrector.
    fn factors(&self, begin: usize, newest: usize, order: usize) -> Result<Factors> {
        let (from, to) = (self.schedule.level(begin)?, self.schedule.level(begin + 1)?);
        let nodes = (0..order)
            .map(|back| Ok(self.schedule.level(newest.saturating_sub(back))?.lambda))
            .collect::<Result<Vec<f64>>>()?;
        let h = to.lambda - from.lambda;
        let tau2 = self.tau(begin).powi(2);
        let rate = if self.predict_x0 { 1.0 + tau2 } else { -1.0 };
        let mut outputs: Vec<f64> = (0..order).map(|which| integral(&nodes, which, from.lambda, h, rate)).collect();
        if self.predict_x0 && order == 2 && h != 0.0 {
            // A term of the third order in h that diffusers adds, as UniPC does, for few steps.
            let exact = (h * rate + (-rate * h).exp_m1()) / (rate * rate);
            let extra =
                if newest == begin { (h * h / 2.0 - exact) / (nodes[0] - nodes[1]) } else { h / 2.0 - exact / h };
            if extra.is_finite() {
                outputs[0] += extra;
                outputs[1] -= extra;
            }
        }
        // The integrals are relative to the end of the step, e^(rate (lambda - lambda_t)): no large exponentials.
        Ok(if self.predict_x0 {
            outputs.iter_mut().for_each(|c| *c *= rate * to.alpha);
            Factors {
                own: (-tau2 * h).exp() * to.sigma / from.sigma,
                outputs,
                noise: to.sigma * (-(-2.0 * tau2 * h).exp_m1()).max(0.0).sqrt(),
            }
        } else {
            outputs.iter_mut().for_each(|c| *c *= -(1.0 + tau2) * to.sigma);
            Factors {
                own: to.alpha / from.alpha,
                outputs,
                noise: tau2.sqrt() * to.sigma * (2.0 * h).exp_m1().max(0.0).sqrt(),
            }
        })
    }

    /// Fills `converted` with what is integrated, x0 or epsilon.
    fn convert(&mut self, level: Level, output: &ArrayViewD<'_, f32>, sample: &ArrayD<f32>) {
        let noise_level = if self.prediction == Prediction::Flow { level.raw } else { level.sigma };
        let x0_mix = self.prediction.x0(level.alpha, noise_level);
        let converted = buffer(&mut self.converted, sample);
        if self.predict_x0 {
            mix_into(converted, x0_mix, sample, output);
            self.clipping.apply(converted);
        } else if matches!(self.clipping, Clipping::Off) {
            mix_into(converted, self.prediction.epsilon(level.alpha, level.sigma), sample, output);
        } else {
            let x0 = buffer(&mut self.x0, sample);
            mix_into(x0, x0_mix, sample, output);
            self.clipping.apply(x0);
            let back = Mix { sample: 1.0 / level.sigma, output: -level.alpha / level.sigma };
            mix_into(converted, back, sample, &x0.view());
        }
    }

    /// Replaces `sample`, which the latest predictor made, by the corrector's.
    fn correct(&self, index: usize, sample: &mut ArrayD<f32>) -> Result<()> {
        let (Some(last), Some(noise), Some(converted)) = (&self.last, &self.last_noise, &self.converted) else {
            return Ok(());
        };
        let order = self.next_corrector_order;
        let factors = self.factors(index - 1, index, order)?;
        let mut terms = vec![(factors.noise, noise.view())];
        for (i, &factor) in factors.outputs.iter().enumerate() {
            terms.push(if i == 0 { (factor, converted.view()) } else { self.outputs.term(factor, i - 1)? });
        }
        sample.assign(last);
        combine(sample, factors.own, &terms);
        Ok(())
    }
}

/// The integral, from `start` over a length of `h`, of `e^(rate (x - start - h))` times the Lagrange polynomial that
/// is 1 at node `which` and 0 at the others; for a negative rate, of `e^(-x) / e^(-start - h)`, the same expression.
///
/// With u = (x - start) / h the polynomial's coefficients in u are multiplied by moments of the exponential. Nodes
/// are 1 in h apart or so, hence u is of the order of 1 and nothing cancels as it would in powers of x itself.
fn integral(nodes: &[f64], which: usize, start: f64, h: f64, rate: f64) -> f64 {
    let at = |k: usize| (nodes[k] - start) / h;
    let mut polynomial = vec![1.0];
    for k in (0..nodes.len()).filter(|&k| k != which) {
        let gap = at(which) - at(k);
        if h == 0.0 || gap == 0.0 {
            // Two points at one place, as rounded timesteps can make: the newest output alone is all that is defined.
            polynomial = vec![if which == 0 { 1.0 } else { 0.0 }];
            break;
        }
        let mut product = vec![0.0; polynomial.len() + 1];
        for (power, &coefficient) in polynomial.iter().enumerate() {
            product[power] -= coefficient * at(k) / gap;
            product[power + 1] += coefficient / gap;
        }
        polynomial = product;
    }
    let moments = moments(rate * h, polynomial.len());
    h * polynomial.iter().zip(moments).map(|(c, m)| c * m).sum::<f64>()
}

/// `integral from 0 to 1 of u^k e^(z (u - 1)) du` for k below `count`.
fn moments(z: f64, count: usize) -> Vec<f64> {
    if z.abs() < 0.5 {
        // The recurrence below would cancel. Series of e^(z (u - 1)) around u = 1: sum of (-z)^n B(k + 1, n + 1) / n!.
        let series = |k: usize| {
            let (mut sum, mut term) = (0.0, 1.0 / (k + 1) as f64);
            for n in 0..24 {
                sum += term;
                term *= -z / (k + n + 2) as f64;
            }
            sum
        };
        return (0..count).map(series).collect();
    }
    let mut moments = Vec::with_capacity(count);
    let mut moment = -(-z).exp_m1() / z;
    for k in 1..=count {
        moments.push(moment);
        moment = (1.0 - k as f64 * moment) / z;
    }
    moments
}

impl Scheduler for SaSolver {
    fn timesteps(&self) -> &[f64] {
        &self.schedule.timesteps
    }

    fn sigmas(&self) -> Vec<f64> {
        self.schedule.sigmas.clone()
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
        noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, self.learned_variance)?.mean;
        self.convert(self.schedule.level(index)?, &output, sample);
        self.correct(index, sample)?;
        if let Some(converted) = &self.converted {
            self.outputs.push(sample).assign(converted);
        }
        let left = self.schedule.timesteps.len().saturating_sub(index).max(1);
        let (mut predictor, mut corrector) = (self.predictor_order, self.corrector_order);
        if self.lower_order_final {
            (predictor, corrector) = (predictor.min(left), corrector.min(left + 1));
        }
        predictor = predictor.min(self.outputs.len());
        self.next_corrector_order = corrector.min(self.outputs.len() + 1);

        let factors = self.factors(index, index, predictor)?;
        buffer(&mut self.last, sample).assign(sample);
        let fresh = draw(noise, sample.shape())?;
        let mut terms = vec![(factors.noise, fresh.view())];
        for (age, &factor) in factors.outputs.iter().enumerate() {
            terms.push(self.outputs.term(factor, age)?);
        }
        combine(sample, factors.own, &terms);
        self.last_noise = Some(fresh);
        Ok(())
    }

    /// At the trained level of the timestep, not at the (perhaps Karras) sigma of the call, as in diffusers.
    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        let timestep = self.schedule.timesteps.get(index).copied().unwrap_or(-1.0);
        let alpha = self.schedule.trained.alpha_cumprod(timestep as i64)?;
        noised(original, alpha.sqrt(), noise, (1.0 - alpha).sqrt())
    }
}

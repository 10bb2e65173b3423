//! UniPC: a unified predictor and corrector of orders 1 to 3.
//!
//! Source: Zhao et al., arXiv 2302.04867, algorithms 1 and 2; diffusers `scheduling_unipc_multistep.py`.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::rng::NoiseSource;

use super::calls::Calls;
use super::combine::{History, Term, buffer, combine, mix_into};
use super::config::Config;
use super::multistep::{Family, Level, Multistep};
use super::prediction::{EPSILON, FLOW, Prediction, SAMPLE, VELOCITY};
use super::threshold::Clipping;
use super::{Scheduler, SchedulerOptions};

pub(super) struct UniPc {
    schedule: Multistep,
    solver_order: usize,
    /// `solver_type` "bh1" instead of "bh2".
    bh1: bool,
    predict_x0: bool,
    lower_order_final: bool,
    disable_corrector: Vec<i64>,
    prediction: Prediction,
    clipping: Clipping,
    calls: Calls,
    outputs: History,
    /// This call's converted output, until it joins the history.
    converted: Option<ArrayD<f32>>,
    /// The sample that the latest predictor began from, and that predictor's order.
    last: Option<ArrayD<f32>>,
    last_order: usize,
}

/// The factors of one predictor or corrector step.
struct Factors {
    /// Of the sample where the step begins.
    own: f64,
    /// Of the outputs, newest first.
    outputs: Vec<f64>,
    /// Of the output where the step ends; 0 for a predictor.
    end: f64,
}

impl UniPc {
    pub(super) fn new(config: &Config<'_>, options: &SchedulerOptions) -> Result<Self> {
        let bh1 = config.choice(
            "solver_type",
            false,
            &[("bh1", true), ("bh2", false), ("midpoint", false), ("heun", false), ("logrho", false)],
        )?;
        let solver_order = config.integer("solver_order", 2, 1, 3)? as usize;
        let predict_x0 = config.flag("predict_x0", true)?;
        let lower_order_final = config.flag("lower_order_final", true)?;
        if config.get("solver_p").is_some() {
            return Err(Error::Unsupported(
                "the scheduler configuration has a solver_p, another predictor within UniPC; only null can be used"
                    .to_owned(),
            ));
        }
        let schedule = Multistep::read(config, Family::UniPc, options)?;
        let whole_to_zero = schedule.ends_at_zero() && (bh1 || !predict_x0 || (!lower_order_final && solver_order > 1));
        if whole_to_zero {
            return Err(Error::invalid(
                "UniPC can end at a sigma of zero only with predict_x0 = true, solver_type = \"bh2\" and \
                 lower_order_final = true (or solver_order = 1), because the last step is infinitely long; \
                 set final_sigmas_type = \"sigma_min\" in the scheduler configuration",
            ));
        }
        let allowed = [EPSILON, SAMPLE, VELOCITY, FLOW];
        let prediction = Prediction::read(config, if predict_x0 { &allowed } else { &allowed[..3] })?;
        let calls = Calls::new(schedule.timesteps.len(), 1);
        Ok(Self {
            schedule,
            solver_order,
            bh1,
            predict_x0,
            lower_order_final,
            disable_corrector: config.integers("disable_corrector")?,
            prediction,
            clipping: Clipping::read_dynamic(config)?,
            calls,
            outputs: History::new(solver_order),
            converted: None,
            last: None,
            last_order: 1,
        })
    }

    /// The factors of the step from point `begin` to the next one; outputs at `begin` and at `order - 1` points
    /// before it are known, and, for the corrector, the output at the end.
    fn factors(&self, begin: usize, order: usize, corrector: bool) -> Result<Factors> {
        let (from, to) = (self.schedule.level(begin)?, self.schedule.level(begin + 1)?);
        let h = to.lambda - from.lambda;
        let mut places = Vec::with_capacity(order);
        for back in 1..order {
            places.push((self.schedule.level(begin.saturating_sub(back))?.lambda - from.lambda) / h);
        }
        places.push(1.0);
        let (own, scale) =
            if self.predict_x0 { (to.sigma / from.sigma, to.alpha) } else { (to.alpha / from.alpha, to.sigma) };
        let signed = if self.predict_x0 { -h } else { h };
        let growth = signed.exp_m1();
        let unit = if self.bh1 { signed } else { growth };
        let mut outputs = vec![0.0; order];
        if h == 0.0 || places.contains(&0.0) {
            // Two points at one place, as rounded timesteps can make: the first-order step is all that is defined.
            outputs[0] = -scale * growth;
            return Ok(Factors { own, outputs, end: 0.0 });
        }
        let known = match (corrector, order) {
            (false, 1) => Vec::new(),
            (true, 1) | (false, 2) => vec![0.5],
            (false, _) => solve(&places[..order - 1], signed, unit),
            (true, _) => solve(&places, signed, unit),
        };
        // The sum of rho (m_k - m_0) / place, times -scale * unit, on top of the first-order step.
        let mut newest = -scale * growth;
        for (i, (&rho, &place)) in known.iter().zip(&places).enumerate().take(order - 1) {
            let factor = -scale * unit * rho / place;
            if let Some(output) = outputs.get_mut(i + 1) {
                *output = factor;
            }
            newest -= factor;
        }
        let end = if corrector { -scale * unit * known.last().copied().unwrap_or(0.0) } else { 0.0 };
        outputs[0] = newest - end;
        Ok(Factors { own, outputs, end })
    }

    fn history_terms(&self, factors: &Factors) -> Result<Vec<Term<'_>>> {
        factors.outputs.iter().enumerate().map(|(age, &factor)| self.outputs.term(factor, age)).collect()
    }

    /// Replaces `sample`, which the latest predictor made, by the corrector's.
    fn correct(&self, index: usize, sample: &mut ArrayD<f32>) -> Result<()> {
        let disabled = i64::try_from(index).is_ok_and(|i| self.disable_corrector.contains(&(i - 1)));
        let (Some(last), Some(converted)) = (&self.last, &self.converted) else { return Ok(()) };
        if index == 0 || disabled {
            return Ok(());
        }
        let factors = self.factors(index - 1, self.last_order, true)?;
        let mut terms = self.history_terms(&factors)?;
        terms.push((factors.end, converted.view()));
        sample.assign(last);
        combine(sample, factors.own, &terms);
        Ok(())
    }

    fn convert(&mut self, level: Level, output: &ArrayViewD<'_, f32>, sample: &ArrayD<f32>) {
        let noise_level = if self.prediction == Prediction::Flow { level.raw } else { level.sigma };
        let converted = buffer(&mut self.converted, sample);
        if self.predict_x0 {
            mix_into(converted, self.prediction.x0(level.alpha, noise_level), sample, output);
            self.clipping.apply(converted);
        } else {
            mix_into(converted, self.prediction.epsilon(level.alpha, level.sigma), sample, output);
        }
    }
}

/// Solves `sum over j of places[j]^(i-1) rho_j = i! phi_{i+1}(h) / B(h)`, i = 1.., the paper's equation 5.
fn solve(places: &[f64], h: f64, unit: f64) -> Vec<f64> {
    let n = places.len();
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
    let mut phi = h.exp_m1() / h - 1.0;
    let mut factorial = 1.0;
    for i in 0..n {
        let mut row: Vec<f64> = places.iter().map(|place| place.powi(i as i32)).collect();
        row.push(phi * factorial / unit);
        rows.push(row);
        factorial *= (i + 2) as f64;
        phi = phi / h - 1.0 / factorial;
    }
    eliminate(rows)
}

/// Gauss elimination with pivots; each row ends with its right-hand side.
fn eliminate(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for column in 0..n {
        let size = |row: &Vec<f64>| row[column].abs();
        let pivot = (column..n).max_by(|&a, &b| size(&rows[a]).total_cmp(&size(&rows[b]))).unwrap_or(column);
        rows.swap(column, pivot);
        let top = rows[column].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|&(i, _)| i != column) {
            let factor = row[column] / top[column];
            row.iter_mut().zip(&top).for_each(|(entry, above)| *entry -= factor * above);
        }
    }
    (0..n).map(|i| rows[i][n] / rows[i][i]).collect()
}

impl Scheduler for UniPc {
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
        _noise: &mut dyn NoiseSource,
    ) -> Result<()> {
        let output = self.calls.enter(index, model_output, sample, false)?.mean;
        let level = self.schedule.level(index)?;
        self.convert(level, &output, sample);
        self.correct(index, sample)?;
        if let Some(converted) = &self.converted {
            self.outputs.push(sample).assign(converted);
        }
        buffer(&mut self.last, sample).assign(sample);

        let left = self.schedule.timesteps.len().saturating_sub(index).max(1);
        let order = if self.lower_order_final { self.solver_order.min(left) } else { self.solver_order };
        self.last_order = order.min(self.outputs.len());
        let factors = self.factors(index, self.last_order, false)?;
        combine(sample, factors.own, &self.history_terms(&factors)?);
        Ok(())
    }

    fn add_noise(&self, original: &ArrayD<f32>, noise: &ArrayD<f32>, index: usize) -> Result<ArrayD<f32>> {
        self.schedule.add_noise(original, noise, index)
    }
}

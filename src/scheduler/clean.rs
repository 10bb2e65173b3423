//! What a denoiser's output says about the clean sample, whatever the scheduler.

use ndarray::{ArrayD, IxDyn};
use serde_json::{Map, Value};

use super::config::Config;
use super::prediction::{EPSILON, FLOW, Prediction, SAMPLE, VELOCITY};
use super::{Scheduler, SchedulerKind};
use crate::error::{Error, Result};

/// How x0 follows from a noisy sample and the denoiser's output.
///
/// Every scheduler's sample is `signal · x0 + level · noise` in its own scale, and its `add_noise` says what the two
/// are; the rest is the prediction type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CleanSample(Prediction);

impl CleanSample {
    /// For a scheduler of this kind and configuration.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an unknown prediction type; [`Error::Unsupported`] for EDM, whose outputs are
    /// scaled in another way.
    pub(crate) fn of(kind: SchedulerKind, config: &Map<String, Value>) -> Result<Self> {
        if matches!(kind, SchedulerKind::EdmEuler | SchedulerKind::EdmDpmpp2M) {
            return Err(Error::Unsupported(format!(
                "a clean sample cannot be had from a prediction alone with the scheduler {}, so neither dynamic \
                 thresholding nor guidance by a gradient",
                kind.name()
            )));
        }
        if is_flow(kind, config) {
            return Ok(Self(Prediction::Flow));
        }
        let names = [EPSILON, VELOCITY, SAMPLE, ("original_sample", Prediction::Sample), FLOW];
        Prediction::read(&Config::new(config, kind.class_name()), &names).map(Self)
    }

    /// The factors of the sample (in the scheduler's scale, before [`Scheduler::scale_model_input`]) and of the output
    /// whose sum is x0 at call `index`.
    ///
    /// # Errors
    /// As [`Scheduler::add_noise`].
    pub(crate) fn factors(self, scheduler: &dyn Scheduler, index: usize) -> Result<[f64; 2]> {
        let (zero, one) = (ArrayD::zeros(IxDyn(&[1])), ArrayD::ones(IxDyn(&[1])));
        let signal = f64::from(scheduler.add_noise(&one, &zero, index)?[[0]]);
        let level = f64::from(scheduler.add_noise(&zero, &one, index)?[[0]]);
        let norm = signal.hypot(level);
        Ok(match self.0 {
            Prediction::Epsilon => [1.0 / signal, -level / signal],
            Prediction::Sample => [0.0, 1.0],
            // v = α ε − σ x0 of the sample scaled to variance 1.
            Prediction::Velocity => [signal / (norm * norm), -level / norm],
            Prediction::Flow => [1.0, -level],
        })
    }

    /// What a gradient ∇ log p(y | x), by the sample as the denoiser sees it, is multiplied with before it is added to
    /// the output at call `index`: ε loses its level times the gradient by the sample itself, and all else follows
    /// (Dhariwal and Nichol, arXiv 2105.05233, equation 14). Infinite where the sample is pure noise and the output is
    /// not.
    ///
    /// # Errors
    /// As [`Scheduler::add_noise`].
    pub(crate) fn gradient_factor(self, scheduler: &dyn Scheduler, index: usize) -> Result<f64> {
        let (zero, one) = (ArrayD::zeros(IxDyn(&[1])), ArrayD::ones(IxDyn(&[1])));
        let signal = f64::from(scheduler.add_noise(&one, &zero, index)?[[0]]);
        let level = f64::from(scheduler.add_noise(&zero, &one, index)?[[0]]);
        let mut seen = one;
        scheduler.scale_model_input(index, &mut seen);
        // The gradient by the sample is that by what the denoiser sees, times the scaling.
        let (noise, clean) = (-level, level * level / signal);
        let norm = signal.hypot(level);
        let output = match self.0 {
            Prediction::Epsilon => noise,
            Prediction::Sample => clean,
            Prediction::Velocity => (signal * noise - level * clean) / norm,
            Prediction::Flow => noise - clean,
        };
        Ok(output * f64::from(seen[[0]]))
    }
}

/// Whether the denoiser predicts the direction of a flow, noise − x0.
pub(crate) fn is_flow(kind: SchedulerKind, config: &Map<String, Value>) -> bool {
    matches!(kind, SchedulerKind::FlowEuler | SchedulerKind::FlowHeun | SchedulerKind::FlowLcm)
        || config.get("prediction_type").and_then(Value::as_str) == Some(FLOW.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Generator, NoiseSource, RngKind};
    use crate::scheduler::{SchedulerOptions, create};

    /// A denoiser that knows x0 predicts exactly this; whatever the scheduler, x0 must come back.
    #[test]
    fn x0_comes_back_from_a_perfect_prediction_in_every_scale() {
        let clean = Generator::new(RngKind::TorchCpu, 1).unwrap().normal(&[2, 4, 4]);
        let noise = Generator::new(RngKind::TorchCpu, 2).unwrap().normal(&[2, 4, 4]);
        for kind in [
            SchedulerKind::Ddim,
            SchedulerKind::Pndm,
            SchedulerKind::Euler,
            SchedulerKind::Heun,
            SchedulerKind::Dpmpp2M,
            SchedulerKind::UniPc,
        ] {
            for (name, prediction) in [EPSILON, VELOCITY, SAMPLE] {
                let config: Map<String, Value> =
                    [("prediction_type".to_owned(), Value::String(name.to_owned()))].into_iter().collect();
                let scheduler = match create(kind, &config, &SchedulerOptions::new(10)) {
                    Ok(scheduler) => scheduler,
                    // PNDM takes no prediction of x0.
                    Err(_) => continue,
                };
                let rule = CleanSample::of(kind, &config).unwrap();
                for index in [0, 4, 9] {
                    let sample = scheduler.add_noise(&clean, &noise, index).unwrap();
                    // Signal and level, scaled to variance 1, measured on the arrays themselves.
                    let (x, c, n) =
                        (f64::from(sample[[0, 0, 0]]), f64::from(clean[[0, 0, 0]]), f64::from(noise[[0, 0, 0]]));
                    let (x1, c1, n1) =
                        (f64::from(sample[[1, 2, 3]]), f64::from(clean[[1, 2, 3]]), f64::from(noise[[1, 2, 3]]));
                    let level = (x * c1 - x1 * c) / (n * c1 - n1 * c);
                    let signal = (x - level * n) / c;
                    let norm = signal.hypot(level);
                    let output = match prediction {
                        Prediction::Epsilon => noise.clone(),
                        Prediction::Sample => clean.clone(),
                        _ => &noise * (signal / norm) as f32 - &clean * (level / norm) as f32,
                    };
                    let [own, told] = rule.factors(scheduler.as_ref(), index).unwrap();
                    let back = &sample * own as f32 + &output * told as f32;
                    let worst = (&back - &clean).iter().fold(0.0_f32, |w, d| w.max(d.abs()));
                    assert!(worst < 2e-3, "{} {name} {index}: {worst}", kind.name());
                }
            }
        }
    }

    #[test]
    fn flow_models_are_recognised_and_their_x0_is_a_straight_line_away() {
        let config = Map::new();
        assert!(is_flow(SchedulerKind::FlowEuler, &config) && !is_flow(SchedulerKind::Euler, &config));
        let scheduler = create(SchedulerKind::FlowEuler, &config, &SchedulerOptions::new(4)).unwrap();
        let rule = CleanSample::of(SchedulerKind::FlowEuler, &config).unwrap();
        let sigma = scheduler.sigmas()[2];
        let [own, told] = rule.factors(scheduler.as_ref(), 2).unwrap();
        assert!(own == 1.0 && (told + sigma).abs() < 1e-6);
        assert!(CleanSample::of(SchedulerKind::EdmEuler, &config).is_err());
    }
}

//! Noise levels that the user lists, one by one.

use crate::error::{Error, Result};

use super::config::Config;
use super::kind::SchedulerKind;

/// The largest number that a list may have; far above every trained noise level and timestep.
const LARGEST: f64 = 1e6;

/// The noise levels of a generation, listed by the user. The steps are then as many as the list says.
///
/// Both lists are strictly descending. The fields of the configuration that would spread the levels anew
/// (`use_karras_sigmas` and its siblings) are then off, but for `flow_euler` and `flow_lcm`, whose classes spread and
/// shift listed levels too.
#[derive(Debug, Clone, PartialEq)]
pub enum CustomSchedule {
    /// diffusers' `set_timesteps(sigmas=…)`, which `euler`, `flow_euler` and `flow_lcm` have.
    ///
    /// For `euler` noise levels above 0 and, one entry more than steps, where the last step ends, which may be 0.
    /// For the other two levels above 0 up to 1, one a step, before their shift.
    Sigmas(Vec<f64>),
    /// diffusers' `set_timesteps(timesteps=…)`, one a step, which `euler`, `heun`, `ddpm`, `lcm`, `tcd`, `dpmpp_2m`,
    /// `dpmpp_2m_sde`, `dpmpp_2s`, `flow_euler` and `flow_lcm` have.
    ///
    /// From 0 to below `num_train_timesteps`, whole for all but `euler` and `heun`; for `flow_euler` and `flow_lcm` any
    /// numbers above 0 up to `num_train_timesteps`.
    Timesteps(Vec<f64>),
}

impl CustomSchedule {
    /// How many steps `kind` makes of the list.
    #[must_use]
    pub fn steps(&self, kind: SchedulerKind) -> usize {
        match self {
            Self::Sigmas(listed) if kind == SchedulerKind::Euler => listed.len().saturating_sub(1),
            Self::Sigmas(listed) | Self::Timesteps(listed) => listed.len(),
        }
    }

    /// Checks what can be checked without a scheduler.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty list, a number that is not from 0 to 1000000, and numbers that do not
    /// descend; the sentence says which.
    pub fn validate(&self) -> Result<()> {
        let (what, listed) = self.parts();
        if listed.is_empty() {
            return Err(Error::invalid(format!("the list of {what} is empty; one entry or more is needed")));
        }
        if let Some((place, value)) = listed.iter().enumerate().find(|(_, v)| !(0.0..=LARGEST).contains(*v)) {
            return Err(Error::invalid(format!(
                "entry {} of the {what} is {value}; allowed are numbers from 0 to {LARGEST}",
                place + 1
            )));
        }
        match listed.windows(2).position(|pair| pair[0] <= pair[1]) {
            None => Ok(()),
            Some(place) => Err(Error::invalid(format!(
                "entry {} of the {what} is {}, after {}; each must be lower than the one before",
                place + 2,
                listed[place + 1],
                listed[place]
            ))),
        }
    }

    /// Checks that `kind`'s class can be given such a list.
    pub(super) fn check(&self, kind: SchedulerKind) -> Result<()> {
        self.validate()?;
        let (what, _) = self.parts();
        let able: Vec<_> = SchedulerKind::ALL.into_iter().filter(|&kind| self.suits(kind)).collect();
        if !able.contains(&kind) {
            let names: Vec<_> = able.into_iter().map(SchedulerKind::name).collect();
            return Err(Error::invalid(format!(
                "the scheduler {} cannot be given {what}; those that can are {}",
                kind.name(),
                names.join(", ")
            )));
        }
        if let (Self::Sigmas(listed), SchedulerKind::Euler) = (self, kind)
            && listed.len() < 2
        {
            return Err(Error::invalid(
                "the list of sigmas has one entry; euler needs two or more, the last of which is where it ends",
            ));
        }
        Ok(())
    }

    fn parts(&self) -> (&'static str, &[f64]) {
        match self {
            Self::Sigmas(listed) => ("sigmas", listed),
            Self::Timesteps(listed) => ("timesteps", listed),
        }
    }

    fn suits(&self, kind: SchedulerKind) -> bool {
        use SchedulerKind as Kind;
        match kind {
            Kind::Euler | Kind::FlowEuler | Kind::FlowLcm => true,
            Kind::Heun | Kind::Ddpm | Kind::Lcm | Kind::Tcd | Kind::Dpmpp2M | Kind::Dpmpp2MSde | Kind::Dpmpp2S => {
                matches!(self, Self::Timesteps(_))
            }
            _ => false,
        }
    }
}

/// Which of the listed timesteps a class takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    /// Trained ones.
    Whole,
    /// Those between trained ones too.
    Fractional,
}

/// The listed timesteps, once they are seen to be among the `train` trained ones.
pub(super) fn trained(config: &Config<'_>, listed: &[f64], train: usize, which: Listed) -> Result<Vec<f64>> {
    let wrong = |t: &&f64| **t > train as f64 - 1.0 || (which == Listed::Whole && t.fract() != 0.0);
    match listed.iter().find(wrong) {
        None => Ok(listed.to_vec()),
        Some(t) => Err(Error::invalid(format!(
            "{t} is listed as a timestep; {} can take {}numbers from 0 to {}",
            config.class(),
            if which == Listed::Whole { "whole " } else { "" },
            train.saturating_sub(1)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::CustomSchedule::{Sigmas, Timesteps};
    use super::*;
    use crate::scheduler::{SchedulerOptions, SigmaSchedule, create};

    fn refusal(kind: SchedulerKind, config: &Value, options: &SchedulerOptions) -> String {
        match create(kind, config.as_object().unwrap(), options) {
            Ok(_) => panic!("{} accepted {options:?}", kind.name()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn bad_lists_get_a_sentence() {
        for (custom, kind, words) in [
            (Sigmas(vec![]), SchedulerKind::Euler, "empty"),
            (Timesteps(vec![]), SchedulerKind::Ddpm, "empty"),
            (Sigmas(vec![1.0, f64::NAN]), SchedulerKind::Euler, "entry 2 of the sigmas is NaN"),
            (Sigmas(vec![f64::INFINITY, 1.0]), SchedulerKind::Euler, "from 0 to 1000000"),
            (Sigmas(vec![1.0, -0.5]), SchedulerKind::FlowEuler, "-0.5"),
            (Timesteps(vec![5.0, 7.0]), SchedulerKind::Heun, "entry 2 of the timesteps is 7, after 5"),
            (Timesteps(vec![5.0, 5.0]), SchedulerKind::Lcm, "lower than the one before"),
            (Sigmas(vec![3.0]), SchedulerKind::Euler, "two or more"),
            (Timesteps(vec![1000.0, 3.0]), SchedulerKind::Euler, "numbers from 0 to 999"),
            (Timesteps(vec![500.5]), SchedulerKind::Ddpm, "whole numbers from 0 to 999"),
            (Timesteps(vec![1000.0]), SchedulerKind::Dpmpp2M, "DPMSolverMultistepScheduler"),
            (Sigmas(vec![1.5]), SchedulerKind::FlowEuler, "above 0 up to 1"),
            (Sigmas(vec![0.5, 0.0]), SchedulerKind::FlowLcm, "above 0 up to 1"),
            (Timesteps(vec![1000.5]), SchedulerKind::FlowEuler, "up to 1000"),
            (Timesteps(vec![3.0]), SchedulerKind::Ddim, "those that can are ddpm, euler, heun"),
            (Sigmas(vec![3.0, 0.0]), SchedulerKind::Heun, "heun cannot be given sigmas"),
            (Sigmas(vec![3.0, 0.0]), SchedulerKind::EdmEuler, "euler, flow_euler, flow_lcm"),
        ] {
            let options = SchedulerOptions { custom: Some(custom), ..SchedulerOptions::new(4) };
            let error = refusal(kind, &json!({}), &options);
            assert!(error.contains(words), "{words}: {error}");
        }
    }

    #[test]
    fn a_list_stands_alone() {
        let custom = Some(Timesteps(vec![900.0, 400.0, 3.0]));
        let both = SchedulerOptions {
            custom: custom.clone(),
            sigmas: Some(SigmaSchedule::Karras),
            ..SchedulerOptions::new(3)
        };
        assert!(refusal(SchedulerKind::Euler, &json!({}), &both).contains("karras"));
        let alone = SchedulerOptions { custom, ..SchedulerOptions::new(50) };
        let flow = json!({"use_flow_sigmas": true, "prediction_type": "flow_prediction"});
        assert!(refusal(SchedulerKind::Dpmpp2M, &flow, &alone).contains("use_flow_sigmas"));
        let continuous = json!({"timestep_type": "continuous", "prediction_type": "v_prediction"});
        assert!(refusal(SchedulerKind::Euler, &continuous, &alone).contains("continuous"));
        // The list says how many steps, and the configuration's spread is off.
        let karras = json!({"use_karras_sigmas": true, "use_lu_lambdas": true}).as_object().unwrap().clone();
        for kind in [SchedulerKind::Euler, SchedulerKind::Dpmpp2M, SchedulerKind::Dpmpp2S] {
            let scheduler = create(kind, &karras, &alone).unwrap();
            assert_eq!(scheduler.timesteps(), [900.0, 400.0, 3.0]);
        }
    }

    /// What is left of a list is its cleanest part, as in `LatentConsistencyModelImg2ImgPipeline`; in diffusers the
    /// last of these steps leaves noise in the picture (`num_inference_steps` stays that of the whole list), here none.
    #[test]
    fn strength_leaves_out_the_noisiest() {
        let options = |strength| SchedulerOptions {
            custom: Some(Timesteps(vec![999.0, 759.0, 499.0, 259.0])),
            strength,
            ..SchedulerOptions::new(4)
        };
        for kind in [SchedulerKind::Lcm, SchedulerKind::Tcd] {
            let scheduler = create(kind, &Map::new(), &options(0.6)).unwrap();
            assert_eq!(scheduler.timesteps(), [499.0, 259.0]);
            assert!(refusal(kind, &json!({}), &options(0.2)).contains("at least 0.25"));
        }
    }
}

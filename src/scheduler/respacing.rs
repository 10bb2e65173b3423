//! Which of the trained timesteps OpenAI's diffusion code keeps, and the process that is left.
//!
//! Source: `space_timesteps` and `SpacedDiffusion` of guided-diffusion (`guided_diffusion/respace.py`) and of GLIDE
//! (`glide_text2im/respace.py`), which adds "fast27"; Nichol and Dhariwal, arXiv 2102.09672, section 4.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

use super::SchedulerOptions;
use super::config::Config;
use super::noise_schedule::{BetaDefaults, train_timesteps, trained_alphas};

/// The field of a scheduler's configuration that asks for this.
const KEY: &str = "timestep_respacing";
/// What the field may be, for the sentences.
const ALLOWED: &str =
    "\"\" (all), \"N\" steps, \"a,b,c\" steps of equal parts, \"ddimN\" steps of one stride, or \"fast27\"";

/// How the kept timesteps are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Spec {
    /// All of them.
    All,
    /// So many of each of equal parts.
    Sections(Vec<usize>),
    /// So many, a whole stride apart.
    Strided(usize),
    /// GLIDE's 27 steps of its upsampler.
    Fast27,
}

impl Spec {
    /// The configuration's own; `None` where it has none, and the class of diffusers counts its steps.
    fn read(config: &Config<'_>) -> Result<Option<Self>> {
        let Some(value) = config.get(KEY) else { return Ok(None) };
        let spec = match value {
            Value::String(words) => Self::parse(words.trim()),
            Value::Number(number) => {
                number.as_u64().and_then(|count| usize::try_from(count).ok()).map(|count| Self::Sections(vec![count]))
            }
            _ => None,
        };
        spec.map(Some).ok_or_else(|| config.refuse(KEY, value, ALLOWED))
    }

    fn parse(words: &str) -> Option<Self> {
        let number = |word: &str| word.trim().parse::<usize>().ok();
        match words {
            "" => Some(Self::All),
            "fast27" => Some(Self::Fast27),
            _ => match words.strip_prefix("ddim") {
                Some(count) => number(count).map(Self::Strided),
                None => words.split(',').map(number).collect::<Option<_>>().map(Self::Sections),
            },
        }
    }

    /// The same way of choosing, with `steps` of them. Parts of their own cannot be had with another number.
    fn with_steps(&self, steps: usize) -> Self {
        match self {
            Self::Strided(_) => Self::Strided(steps),
            Self::All | Self::Sections(_) | Self::Fast27 => Self::Sections(vec![steps]),
        }
    }

    /// The kept ones of `train` timesteps, ascending.
    fn timesteps(&self, train: usize) -> Result<Vec<usize>> {
        let kept = match self {
            Self::All => (0..train).collect(),
            Self::Sections(counts) => sections(train, counts)?,
            Self::Strided(count) => strided(train, *count)?,
            Self::Fast27 => {
                let mut kept = sections(train, &[10, 10, 3, 2, 2])?;
                // GLIDE: "Help reduce DDIM artifacts from noisiest timesteps."
                kept.retain(|&t| t + 1 != train);
                kept.push(train.saturating_sub(3));
                kept
            }
        };
        let kept: std::collections::BTreeSet<usize> = kept.into_iter().collect();
        if kept.is_empty() {
            return Err(Error::invalid(format!("a {KEY} of no steps was asked for; 1 or more are needed")));
        }
        Ok(kept.into_iter().collect())
    }
}

/// `counts[i]` timesteps of the i-th of equal parts, from its first to its last.
fn sections(train: usize, counts: &[usize]) -> Result<Vec<usize>> {
    let (per_part, extra) = (train / counts.len().max(1), train % counts.len().max(1));
    let mut kept = Vec::new();
    let mut start = 0;
    for (part, &count) in counts.iter().enumerate() {
        let size = per_part + usize::from(part < extra);
        if size < count {
            return Err(Error::invalid(match counts.len() {
                1 => format!(
                    "{count} steps were asked for, but the model was trained with {train}; allowed are 1 to {train}"
                ),
                parts => format!(
                    "part {} of the {parts} of {KEY} has {size} timesteps, of which {count} cannot be kept; the model \
                     was trained with {train}",
                    part + 1
                ),
            }));
        }
        let stride = if count <= 1 { 1.0 } else { (size - 1) as f64 / (count - 1) as f64 };
        // Added up, and rounded half to even, as Python does it: a product would round elsewhere for many counts.
        let mut place = 0.0_f64;
        for _ in 0..count {
            kept.push(start + place.round_ties_even() as usize);
            place += stride;
        }
        start += size;
    }
    Ok(kept)
}

/// Every so-many-th timestep from 0 on, by the smallest stride that gives `count` of them.
fn strided(train: usize, count: usize) -> Result<Vec<usize>> {
    match (1..train).find(|&stride| train.div_ceil(stride) == count) {
        Some(stride) => Ok((0..train).step_by(stride).collect()),
        None => {
            let possible = |steps: &usize| (1..train).any(|stride| train.div_ceil(stride) == *steps);
            let near: Vec<String> = (1..count)
                .rev()
                .find(possible)
                .into_iter()
                .chain((count + 1..=train).find(possible))
                .map(|steps| steps.to_string())
                .collect();
            let near = if near.is_empty() { "none".to_owned() } else { near.join(" and ") };
            Err(Error::invalid(format!(
                "no whole stride through {train} timesteps makes {count} steps, as {KEY} \"ddim{count}\" wants; the \
                 nearest possible are {}",
                near
            )))
        }
    }
}

/// How many steps `timestep_respacing` gives in a `scheduler_config.json`; `None` where it says nothing about it.
///
/// This is the model's own number of steps: [`SchedulerOptions::steps`] of this number make exactly its timesteps, and
/// every other number makes others, in the same manner where that has one.
///
/// # Errors
/// [`Error::InvalidArgument`] for a value that is no such specification, or an impossible one.
pub fn respaced_steps(config: &Map<String, Value>) -> Result<Option<usize>> {
    let config = Config::new(config, "timestep respacing");
    match Spec::read(&config)? {
        Some(spec) => Ok(Some(spec.timesteps(train_timesteps(&config)?)?.len())),
        None => Ok(None),
    }
}

/// One step of the process that is left, by the cumulative alphas around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// The original index, which the denoiser is told.
    pub(super) timestep: usize,
    /// Here.
    pub(super) alpha: f64,
    /// One step nearer to the clean sample; 1 at the first.
    pub(super) below: f64,
}

/// The steps that `config` and `options` keep, ascending; `None` where the configuration has no `timestep_respacing`.
///
/// `listed` are timesteps that the options name themselves, which win. The table of cumulative alphas is float64
/// throughout, as in `gaussian_diffusion.py`.
pub(super) fn kept(
    config: &Config<'_>,
    defaults: &BetaDefaults,
    options: &SchedulerOptions,
    listed: impl FnOnce() -> Result<Option<Vec<i64>>>,
) -> Result<Option<Vec<Kept>>> {
    let Some(spec) = Spec::read(config)? else { return Ok(None) };
    let alphas = trained_alphas(config, defaults)?;
    let timesteps = match listed()? {
        Some(mut listed) => {
            listed.sort_unstable();
            listed.dedup();
            listed.into_iter().filter_map(|t| usize::try_from(t).ok()).collect()
        }
        None => match spec.timesteps(alphas.len()) {
            Ok(own) if own.len() == options.steps => own,
            _ => spec.with_steps(options.steps).timesteps(alphas.len())?,
        },
    };
    let at = |place: Option<usize>| place.and_then(|place| timesteps.get(place)).and_then(|&t| alphas.get(t).copied());
    let steps = timesteps.iter().enumerate().map(|(place, &timestep)| {
        let alpha = at(Some(place)).ok_or_else(|| Error::Internal(format!("no timestep {timestep}")))?;
        let below = at(place.checked_sub(1)).unwrap_or(1.0);
        Ok(Kept { timestep, alpha, below })
    });
    steps.collect::<Result<_>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timesteps(train: usize, words: &str) -> Result<Vec<usize>> {
        Spec::parse(words).ok_or_else(|| Error::invalid("no specification"))?.timesteps(train)
    }

    #[test]
    fn fast27_is_glides_table() {
        let mut expected: Vec<usize> = (0..10).map(|i| (i as f64 * 199.0 / 9.0).round_ties_even() as usize).collect();
        expected.extend((0..10).map(|i| 200 + (i as f64 * 199.0 / 9.0).round_ties_even() as usize));
        expected.extend([400, 500, 599, 600, 799, 800, 997]);
        assert_eq!(timesteps(1000, "fast27").unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_spaced_says_why() {
        let sentence = |words| timesteps(1000, words).unwrap_err().to_string();
        assert!(
            sentence("ddim37").contains("ddim37") && sentence("ddim37").contains("36 and 38"),
            "{}",
            sentence("ddim37")
        );
        assert!(sentence("1001").contains("1 to 1000"));
        assert!(sentence("10,501").contains("part 2 of the 2"));
        assert!(sentence("0").contains("no steps") && sentence("ddim0").contains("nearest"));
        assert_eq!(timesteps(1000, "ddim1000").unwrap().len(), 1000);
        assert_eq!(timesteps(1000, "").unwrap().len(), 1000);
        for words in ["fast", "ddim", "ten", "1,,2", "-5", "2.5"] {
            assert_eq!(Spec::parse(words), None, "{words}");
        }
    }

    #[test]
    fn the_number_of_steps_can_be_asked_for() {
        let config = |respacing: Value| {
            [("timestep_respacing".to_owned(), respacing)].into_iter().collect::<Map<String, Value>>()
        };
        assert_eq!(respaced_steps(&Map::new()).unwrap(), None);
        assert_eq!(respaced_steps(&config(Value::Null)).unwrap(), None);
        for (spec, steps) in [("fast27", 27), ("100", 100), ("ddim25", 25), ("10,15,20", 45), ("", 1000)] {
            assert_eq!(respaced_steps(&config(spec.into())).unwrap(), Some(steps));
        }
        assert_eq!(respaced_steps(&config(50.into())).unwrap(), Some(50));
        let error = respaced_steps(&config(true.into())).unwrap_err().to_string();
        assert!(error.contains("timestep_respacing") && error.contains("fast27"), "{error}");
    }
}

//! The training noise schedule: betas, and the table of cumulative alphas that every solver steps along.

use crate::error::{Error, Result};

use super::config::{Config, FRACTION, UNIT};
use super::timesteps::linspace;

/// More trained timesteps than this are taken for damage.
const MAX_TRAIN_TIMESTEPS: i64 = 1_000_000;

/// What the schedulers' constructors differ in.
pub(super) struct BetaDefaults {
    /// Class defaults of `beta_start` and `beta_end`.
    pub(super) range: (f64, f64),
    /// Names of `beta_schedule` beyond the three that every class has.
    pub(super) extra: Option<(&'static str, BetaSchedule)>,
    /// Does the class have `rescale_betas_zero_snr`, and what becomes of its zero?
    pub(super) zero_snr: ZeroSnr,
}

/// How a class treats `rescale_betas_zero_snr`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ZeroSnr {
    /// The class has no such field.
    Absent,
    /// The last cumulative alpha becomes exactly zero.
    Exact,
    /// The last cumulative alpha becomes 2^-24, so that its sigma is finite (4096).
    Floored,
}

/// The shape of the betas between `beta_start` and `beta_end`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BetaSchedule {
    /// `linear`
    Linear,
    /// `scaled_linear`: linear in the square root; latent diffusion.
    ScaledLinear,
    /// `squaredcos_cap_v2`: Nichol and Dhariwal's cosine.
    Cosine,
    /// `exp`: alpha-bar falls as exp(-12 t).
    Exponential,
    /// `sigmoid`: GeoDiff.
    Sigmoid,
}

/// A model's training schedule.
///
/// The table is float32, rounded exactly where torch rounds it: `1 - alphas_cumprod` at small t has only three
/// digits left in float32, so a float64 table would give a visibly different smallest sigma.
pub(super) struct NoiseSchedule {
    betas: Vec<f32>,
    alphas_cumprod: Vec<f32>,
    train_timesteps: usize,
    /// Which betas were asked for; DPM-Solver rounds its timesteps differently for the cosine.
    pub(super) shape: BetaSchedule,
}

impl NoiseSchedule {
    /// Reads `num_train_timesteps`, `beta_*`, `trained_betas` and `rescale_betas_zero_snr`.
    ///
    /// Source: diffusers `scheduling_ddim.py` and the constructors of its siblings.
    pub(super) fn read(config: &Config<'_>, defaults: &BetaDefaults) -> Result<Self> {
        Self::read_with(config, defaults, BetaSchedule::Linear)
    }

    /// The same for a class whose `beta_schedule` has another default than "linear".
    pub(super) fn read_with(config: &Config<'_>, defaults: &BetaDefaults, default: BetaSchedule) -> Result<Self> {
        let Betas { train_timesteps, range: (start, end), shape, listed } = Betas::read(config, defaults, default)?;
        let mut betas = match listed {
            Some(betas) => betas.into_iter().map(|beta| beta as f32).collect(),
            None => betas_of(shape, start, end, train_timesteps),
        };
        let rescale = defaults.zero_snr != ZeroSnr::Absent && config.flag("rescale_betas_zero_snr", false)?;
        if rescale {
            rescale_to_zero_snr(&mut betas);
        }
        let mut alphas_cumprod = cumulative_alphas(&betas);
        if rescale
            && defaults.zero_snr == ZeroSnr::Floored
            && let Some(last) = alphas_cumprod.last_mut()
        {
            *last = 2f32.powi(-24);
        }
        Ok(Self { betas, alphas_cumprod, train_timesteps, shape })
    }

    /// `num_train_timesteps`.
    pub(super) fn train_timesteps(&self) -> usize {
        self.train_timesteps
    }

    /// The cumulative alpha at an integer timestep.
    ///
    /// # Errors
    /// A timestep outside the table, which a large `steps_offset` makes.
    pub(super) fn alpha_cumprod(&self, timestep: i64) -> Result<f64> {
        let entry = usize::try_from(timestep).ok().and_then(|t| self.alphas_cumprod.get(t));
        entry.map(|&alpha| f64::from(alpha)).ok_or_else(|| {
            Error::invalid(format!(
                "timestep {timestep} is not among the {} that the model was trained with; \
                 use fewer steps or a smaller steps_offset",
                self.alphas_cumprod.len()
            ))
        })
    }

    /// The beta of an integer timestep, float32 as in torch.
    ///
    /// # Errors
    /// As [`NoiseSchedule::alpha_cumprod`].
    pub(super) fn beta(&self, timestep: usize) -> Result<f32> {
        let beta = self.betas.get(timestep).copied();
        beta.ok_or_else(|| Error::Internal(format!("no beta at timestep {timestep} of {}", self.betas.len())))
    }

    /// The cumulative alpha at timestep 0.
    pub(super) fn first_alpha_cumprod(&self) -> f64 {
        self.alphas_cumprod.first().map_or(1.0, |&alpha| f64::from(alpha))
    }

    /// Noise level over signal level, `sqrt((1 - a) / a)`, for each trained timestep; float32 as in torch.
    pub(super) fn sigmas(&self) -> Vec<f32> {
        self.alphas_cumprod.iter().map(|&alpha| ((1.0 - alpha) / alpha).sqrt()).collect()
    }

    /// Half log signal-to-noise ratio of each trained timestep; float32 as in torch.
    pub(super) fn lambdas(&self) -> Vec<f32> {
        self.alphas_cumprod.iter().map(|&alpha| alpha.sqrt().ln() - (1.0 - alpha).sqrt().ln()).collect()
    }
}

/// What a configuration says about its betas.
struct Betas {
    train_timesteps: usize,
    range: (f64, f64),
    shape: BetaSchedule,
    /// `trained_betas`, one or more for each timestep.
    listed: Option<Vec<f64>>,
}

impl Betas {
    fn read(config: &Config<'_>, defaults: &BetaDefaults, default: BetaSchedule) -> Result<Self> {
        let train_timesteps = train_timesteps(config)?;
        let start = config.float("beta_start", defaults.range.0, &FRACTION)?;
        let end = config.float("beta_end", defaults.range.1, &FRACTION)?;
        let mut table = vec![
            ("linear", BetaSchedule::Linear),
            ("scaled_linear", BetaSchedule::ScaledLinear),
            ("squaredcos_cap_v2", BetaSchedule::Cosine),
        ];
        table.extend(defaults.extra);
        let shape = config.choice("beta_schedule", default, &table)?;
        let listed = config.floats("trained_betas", &UNIT)?;
        match &listed {
            Some(betas) if betas.len() < train_timesteps => Err(Error::invalid(format!(
                "the scheduler configuration has {} trained_betas for num_train_timesteps = {train_timesteps}; there \
                 must be one for each timestep",
                betas.len()
            ))),
            _ => Ok(Self { train_timesteps, range: (start, end), shape, listed }),
        }
    }
}

/// `num_train_timesteps`.
pub(super) fn train_timesteps(config: &Config<'_>) -> Result<usize> {
    let count = config.integer("num_train_timesteps", 1000, 1, MAX_TRAIN_TIMESTEPS)?;
    Ok(usize::try_from(count).unwrap_or(1))
}

/// The cumulative alphas of all trained timesteps in float64, as OpenAI's and CompVis' code has them
/// (guided-diffusion `gaussian_diffusion.py`, `get_named_beta_schedule`).
///
/// # Errors
/// [`Error::InvalidArgument`] for a field that is not allowed, and for `rescale_betas_zero_snr`, which that code does
/// not know.
pub(super) fn trained_alphas(config: &Config<'_>, defaults: &BetaDefaults) -> Result<Vec<f64>> {
    let Betas { train_timesteps: count, range: (start, end), shape, listed } =
        Betas::read(config, defaults, BetaSchedule::Linear)?;
    if config.flag("rescale_betas_zero_snr", false)? {
        return Err(Error::invalid(
            "the scheduler configuration has rescale_betas_zero_snr = true beside timestep_respacing, whose process \
             has no timestep without signal; only one of them can be used",
        ));
    }
    let betas: Vec<f64> = match (listed, shape) {
        (Some(betas), _) => betas.into_iter().take(count).collect(),
        (None, BetaSchedule::Linear) => linspace(start, end, count),
        (None, BetaSchedule::ScaledLinear) => {
            linspace(start.sqrt(), end.sqrt(), count).into_iter().map(|root| root * root).collect()
        }
        (None, BetaSchedule::Cosine) => betas_for_alpha_bar(count, cosine),
        (None, BetaSchedule::Exponential) => betas_for_alpha_bar(count, exponential),
        (None, BetaSchedule::Sigmoid) => {
            linspace(-6.0, 6.0, count).into_iter().map(|v| (end - start) / (1.0 + (-v).exp()) + start).collect()
        }
    };
    let mut product = 1.0;
    let alphas = betas.into_iter().map(|beta| {
        product *= 1.0 - beta;
        product
    });
    Ok(alphas.collect())
}

fn cosine(t: f64) -> f64 {
    ((t + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2)
}

fn exponential(t: f64) -> f64 {
    (-12.0 * t).exp()
}

fn as_f32(betas: Vec<f64>) -> Vec<f32> {
    betas.into_iter().map(|beta| beta as f32).collect()
}

fn betas_of(shape: BetaSchedule, start: f64, end: f64, count: usize) -> Vec<f32> {
    match shape {
        BetaSchedule::Linear => linspace_f32(start as f32, end as f32, count),
        BetaSchedule::ScaledLinear => {
            linspace_f32(start.sqrt() as f32, end.sqrt() as f32, count).into_iter().map(|v| v * v).collect()
        }
        BetaSchedule::Cosine => as_f32(betas_for_alpha_bar(count, cosine)),
        BetaSchedule::Exponential => as_f32(betas_for_alpha_bar(count, exponential)),
        BetaSchedule::Sigmoid => linspace_f32(-6.0, 6.0, count)
            .into_iter()
            .map(|v| (1.0 / (1.0 + (-v).exp())) * (end - start) as f32 + start as f32)
            .collect(),
    }
}

/// `torch.linspace` in float32: counted from both ends (ATen `RangeFactoriesKernel.cpp`), with the fused
/// multiplication and addition that torch's compiled kernel uses. The last bit matters: from it comes, over the
/// largest sigma's logarithm, whether a cut-off first timestep is 998 or 999.
pub(super) fn linspace_f32(start: f32, end: f32, count: usize) -> Vec<f32> {
    if count < 2 {
        return vec![start; count];
    }
    let step = (end - start) / (count - 1) as f32;
    let value = |i: usize| {
        if i < count / 2 { step.mul_add(i as f32, start) } else { (-step).mul_add((count - i - 1) as f32, end) }
    };
    (0..count).map(value).collect()
}

/// diffusers `betas_for_alpha_bar`: betas whose alphas multiply up to `alpha_bar(t)`, at most 0.999 each.
fn betas_for_alpha_bar(count: usize, alpha_bar: impl Fn(f64) -> f64) -> Vec<f64> {
    let at = |i: usize| alpha_bar(i as f64 / count as f64);
    (0..count).map(|i| (1.0 - at(i + 1) / at(i)).min(0.999)).collect()
}

/// The running product of `1 - beta`: float32 factors, accumulated in float64 as `torch.cumprod` does on a CPU.
fn cumulative_alphas(betas: &[f32]) -> Vec<f32> {
    let mut product = 1f64;
    let step = |&beta: &f32| {
        product *= f64::from(1.0 - beta);
        product as f32
    };
    betas.iter().map(step).collect()
}

/// Shifts and scales the betas so that the last timestep has no signal left.
///
/// Source: Lin et al., arXiv 2305.08891, algorithm 1; diffusers `rescale_zero_terminal_snr`.
fn rescale_to_zero_snr(betas: &mut [f32]) {
    let mut roots: Vec<f32> = cumulative_alphas(betas).into_iter().map(f32::sqrt).collect();
    let (Some(&first), Some(&last)) = (roots.first(), roots.last()) else { return };
    let scale = first / (first - last);
    for root in &mut roots {
        *root = (*root - last) * scale;
    }
    let mut previous = None;
    for (beta, root) in betas.iter_mut().zip(roots) {
        let alpha_bar = root * root;
        *beta = 1.0 - previous.map_or(alpha_bar, |before: f32| alpha_bar / before);
        previous = Some(alpha_bar);
    }
}

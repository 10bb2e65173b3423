//! What the autoencoder's config says, and the family's constants for what it does not.

use std::path::{Path, PathBuf};

use super::family::Family;
use super::fields::Fields;
use super::json;
use crate::error::{Error, Result};

/// Scales farther from 1 than this are damage, and would leave float32's range in the latents.
const MAX_SCALE: f64 = 1.0e6;

/// More levels than any autoencoder has; 2^(levels-1) stays small.
const MAX_LEVELS: usize = 12;

/// No autoencoder was trained on larger pictures.
const MAX_SAMPLE: usize = 1 << 16;

/// What holds for a family's autoencoder where no config says otherwise.
///
/// The numbers are those of the published models' `vae/config.json` (`scaling_factor`, `shift_factor`,
/// `latent_channels`, levels); the upscaler's scale is also in diffusers' `OnnxStableDiffusionUpscalePipeline`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Constants {
    scaling_factor: f64,
    shift_factor: f64,
    latent_channels: usize,
    spatial_factor: usize,
}

impl Constants {
    const fn of(family: Family) -> Self {
        let (scaling_factor, shift_factor, latent_channels, spatial_factor) = match family {
            Family::StableDiffusion1 | Family::StableDiffusion2 | Family::ImageVariation => (0.18215, 0.0, 4, 8),
            Family::StableDiffusionXl | Family::StableDiffusionXlRefiner => (0.13025, 0.0, 4, 8),
            Family::StableDiffusion3 => (1.5305, 0.0609, 16, 8),
            Family::Flux => (0.3611, 0.1159, 16, 8),
            Family::Upscaler => (0.08333, 0.0, 4, 4),
        };
        Self { scaling_factor, shift_factor, latent_channels, spatial_factor }
    }
}

/// The autoencoder's facts, from its own config or from the constants of the family.
#[derive(Clone, Debug, PartialEq)]
pub struct VaeConfig {
    /// What latents are multiplied with after encoding, and divided by before decoding. Above 0.
    ///
    /// Missing: the family's constant, as 0.18215 for Stable Diffusion 1.x. optimum's `ORTVaeDecoder` falls back on
    /// 2^(levels-1) here, which is the spatial factor and a bug.
    pub scaling_factor: f64,
    /// What is subtracted before that multiplication, and added after the division. Missing: the family's constant,
    /// 0 but for Stable Diffusion 3 and Flux.
    pub shift_factor: f64,
    /// Channels of the latents, where a config states them; the graph says the rest.
    pub latent_channels: Option<usize>,
    /// Channels of the latents in this family: 4, or 16 in Stable Diffusion 3 and Flux.
    pub family_channels: usize,
    /// Pixels per latent along each side: 2^(levels-1), with `len(block_out_channels)` levels. Missing: 8, and 4 for
    /// the upscaler.
    pub spatial_factor: usize,
    /// Per-channel mean of the latents, one number a channel, where the model normalises with it.
    pub latents_mean: Option<Vec<f64>>,
    /// Per-channel standard deviation of the latents, each above 0.
    pub latents_std: Option<Vec<f64>>,
    /// The pictures that it was trained on, in pixels along each side.
    pub sample_size: Option<usize>,
}

impl VaeConfig {
    const DEFAULT_TRAINED: usize = 64;

    /// Reads the configs in `folders`, the nearest to the graph first, and says in sentences where the facts come from.
    ///
    /// `scaling_factor` is what another file than those states.
    pub(super) fn read(
        root: &Path,
        folders: &[PathBuf],
        family: Family,
        scaling_factor: Option<f64>,
    ) -> Result<(Self, Vec<String>)> {
        let mut stated = Stated { scaling_factor, ..Stated::default() };
        let mut files = Vec::new();
        for folder in folders {
            // What lies farther away is read only for what the nearer files leave open, so that a broken
            // file that nobody needs is no error.
            if stated.is_enough() {
                break;
            }
            let path = folder.join("config.json");
            if let Some(map) = json::read_object(&path)? {
                stated = stated.or(Stated::read(&path, Fields::new(&path, &map))?);
                files.push(path.strip_prefix(root).unwrap_or(&path).display().to_string());
            }
        }
        let notes = vec![stated.sentence(&files, family)];
        Ok((stated.with_constants(Constants::of(family)), notes))
    }

    /// The side of the latents that it was trained on (`AutoencoderKL`: `sample_size / 2^(levels-1)`). Missing: 64, that
    /// of Stable Diffusion 1.x.
    pub fn trained(&self) -> usize {
        self.sample_size.map_or(Self::DEFAULT_TRAINED, |pixels| pixels / self.spatial_factor)
    }

    /// [`Self::latent_channels`], or as many as the family has.
    pub fn latent_channels_or_default(&self) -> usize {
        self.latent_channels.unwrap_or(self.family_channels)
    }
}

/// What the config files say, before constants fill the gaps.
#[derive(Default)]
struct Stated {
    scaling_factor: Option<f64>,
    shift_factor: Option<f64>,
    latent_channels: Option<usize>,
    levels: Option<usize>,
    latents_mean: Option<Vec<f64>>,
    latents_std: Option<Vec<f64>>,
    sample_size: Option<usize>,
}

impl Stated {
    fn read(path: &Path, fields: Fields<'_>) -> Result<Self> {
        let stated = Self {
            scaling_factor: fields.number("scaling_factor", 1.0 / MAX_SCALE..=MAX_SCALE)?,
            shift_factor: fields.number("shift_factor", -MAX_SCALE..=MAX_SCALE)?,
            latent_channels: fields.size("latent_channels")?,
            levels: fields.sizes("block_out_channels", MAX_LEVELS)?.map(|channels| channels.len()),
            latents_mean: fields.numbers("latents_mean", -MAX_SCALE..=MAX_SCALE)?,
            latents_std: fields.numbers("latents_std", 1.0 / MAX_SCALE..=MAX_SCALE)?,
            // A number or a pair, of which diffusers takes the first; and a mere hint, so whatever else is no error.
            sample_size: fields.size_pair("sample_size", MAX_SAMPLE).ok().flatten().map(|(height, _)| height),
        };
        stated.check_lengths(path)?;
        Ok(stated)
    }

    /// One mean and one deviation a channel, wherever the channels are stated.
    fn check_lengths(&self, path: &Path) -> Result<()> {
        let Some(channels) = self.latent_channels else { return Ok(()) };
        for (key, list) in [("latents_mean", &self.latents_mean), ("latents_std", &self.latents_std)] {
            if let Some(list) = list
                && list.len() != channels
            {
                return Err(Error::bad_model(
                    path,
                    format!(
                        "\"{key}\" has {} numbers, but it must have one for each of the {channels} latent channels",
                        list.len()
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Whether everything is known that a constant would otherwise stand in for.
    fn is_enough(&self) -> bool {
        self.scaling_factor.is_some() && self.latent_channels.is_some() && self.levels.is_some()
    }

    fn or(self, other: Self) -> Self {
        Self {
            scaling_factor: self.scaling_factor.or(other.scaling_factor),
            shift_factor: self.shift_factor.or(other.shift_factor),
            latent_channels: self.latent_channels.or(other.latent_channels),
            levels: self.levels.or(other.levels),
            latents_mean: self.latents_mean.or(other.latents_mean),
            latents_std: self.latents_std.or(other.latents_std),
            sample_size: self.sample_size.or(other.sample_size),
        }
    }

    fn with_constants(self, constants: Constants) -> VaeConfig {
        // A config that states a scale and no shift has none: the key is younger than Stable Diffusion 1.x.
        let shift = if self.scaling_factor.is_some() { 0.0 } else { constants.shift_factor };
        VaeConfig {
            scaling_factor: self.scaling_factor.unwrap_or(constants.scaling_factor),
            shift_factor: self.shift_factor.unwrap_or(shift),
            latent_channels: self.latent_channels,
            family_channels: constants.latent_channels,
            // At most MAX_LEVELS levels, so the shift cannot overflow.
            spatial_factor: self.levels.map_or(constants.spatial_factor, |levels| 1 << (levels - 1)),
            latents_mean: self.latents_mean,
            latents_std: self.latents_std,
            sample_size: self.sample_size,
        }
    }

    fn sentence(&self, files: &[String], family: Family) -> String {
        let held = Constants::of(family);
        let mut constants = Vec::new();
        if self.scaling_factor.is_none() {
            constants.push(format!("scaling factor {}", held.scaling_factor));
            if self.shift_factor.is_none() && held.shift_factor != 0.0 {
                constants.push(format!("shift {}", held.shift_factor));
            }
        }
        if self.levels.is_none() {
            constants.push(format!("spatial factor {}", held.spatial_factor));
        }
        let (source, title) = (files.join(" and "), family.title());
        if files.is_empty() {
            return format!(
                "No config describes the autoencoder, so the constants of {title} hold: {}.",
                constants.join(", ")
            );
        }
        if constants.is_empty() {
            return format!("The autoencoder's facts come from {source}.");
        }
        format!(
            "The autoencoder's facts come from {source}; what it leaves open follows {title}: {}.",
            constants.join(", ")
        )
    }
}

//! The inputs by which a UNet takes what networks beside it made, and how large they are.

use crate::error::{Error, Result};
use crate::model::DenoiserConfig;
use crate::runtime::{Graph, IoSpec};

/// What exporters call the way down's inputs: before and behind the number.
const DOWN: [(&str, &str); 6] = [
    ("down_block_additional_residuals.", ""),
    ("down_block_additional_residuals_", ""),
    ("down_block_additional_residual.", ""),
    ("down_block_additional_residual_", ""),
    ("down_block_", "_additional_residual"),
    ("down_block_", ""),
];
/// What they call the middle's.
const MID: &str = "mid_block_additional_residual";
/// What they call an adapter's.
const INTRA: [(&str, &str); 4] = [
    ("down_intrablock_additional_residuals.", ""),
    ("down_intrablock_additional_residuals_", ""),
    ("down_intrablock_additional_residual.", ""),
    ("down_intrablock_additional_residual_", ""),
];

/// The UNet's inputs of both kinds.
#[derive(Debug, Default)]
pub(super) struct Residuals {
    /// Those of ControlNets, in the order of their outputs: the way down's, then the middle's.
    pub control: Vec<String>,
    /// Those of adapters, the highest level first.
    pub intra: Vec<String>,
}

impl Residuals {
    /// Finds them by their names.
    ///
    /// # Errors
    /// [`Error::BadModel`] when one of a row is missing.
    pub(super) fn find(unet: &Graph) -> Result<Self> {
        let mut control = row(unet, &DOWN)?;
        let mid = unet.input(MID).map(|spec| spec.name.clone());
        if mid.is_some() == control.is_empty() {
            return Err(Error::bad_model(
                unet.path(),
                format!(
                    "it has inputs for a ControlNet's outputs on the way down or in the middle (\"{MID}\"), but not for \
                     both"
                ),
            ));
        }
        control.extend(mid);
        Ok(Self { control, intra: row(unet, &INTRA)? })
    }
}

/// The inputs of one row, in the order of their numbers.
fn row(unet: &Graph, names: &[(&str, &str)]) -> Result<Vec<String>> {
    let number = |name: &str| {
        let digits = names.iter().find_map(|(before, behind)| name.strip_prefix(before)?.strip_suffix(behind));
        digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?.parse::<usize>().ok()
    };
    let mut found: Vec<(usize, &str)> =
        unet.inputs().iter().filter_map(|input| Some((number(&input.name)?, input.name.as_str()))).collect();
    found.sort_unstable();
    match found.iter().enumerate().find(|(place, (number, _))| place != number) {
        Some((place, (_, name))) => Err(Error::bad_model(
            unet.path(),
            format!("it has an input \"{name}\", but none of the same kind with the number {place}"),
        )),
        None => Ok(found.into_iter().map(|(_, name)| name.to_owned()).collect()),
    }
}

/// The level of each of the `count` inputs of ControlNets in a UNet of `levels`: the first convolution, then each level's
/// layers and what it hands down, then the middle (diffusers `UNet2DConditionModel.forward`). `None` where they do not
/// add up.
fn control_levels(count: usize, levels: usize) -> Option<Vec<usize>> {
    let layers = (count.checked_sub(1)? / levels.max(1)).checked_sub(1)?;
    let mut found = vec![0];
    for level in 0..levels {
        found.extend(std::iter::repeat_n(level, layers));
        if level + 1 < levels {
            found.push(level + 1);
        }
    }
    found.push(levels.checked_sub(1)?);
    (found.len() == count && layers > 0).then_some(found)
}

/// The shapes of one row (`[channels, height, width]`) of the inputs `names`, for latents of `size`; `intra` tells an
/// adapter's from ControlNets'. `None` where neither graph nor config knows.
pub(super) fn shapes(
    unet: &Graph,
    names: &[String],
    intra: bool,
    config: &DenoiserConfig,
    size: [usize; 2],
) -> Option<Vec<Vec<usize>>> {
    let levels = match (intra, config.levels) {
        (false, Some(levels)) => control_levels(names.len(), levels),
        (true, Some(levels)) if levels == names.len() => Some((0..levels).collect()),
        _ => None,
    };
    let fixed = |spec: &IoSpec, axis: usize| spec.shape.get(axis).copied().flatten();
    let shape = |(place, name): (usize, &String)| {
        let spec = unet.input(name).filter(|spec| spec.shape.len() == 4)?;
        let level = levels.as_ref().map(|levels| levels[place]);
        // What a level hands down has its own width still.
        let width = |level: usize| {
            let widths = config.widths.as_ref()?;
            let handed_down = !intra && place > 0 && levels.as_ref()?[place - 1] < level && place + 1 < names.len();
            widths.get(if handed_down { level - 1 } else { level }).copied()
        };
        let channels = fixed(spec, 1).or_else(|| width(level?))?;
        let side = |axis: usize| {
            let halved = |level: usize| (0..level).fold(size[axis - 2], |side, _| side.div_ceil(2));
            fixed(spec, axis).or_else(|| level.map(halved))
        };
        Some(vec![channels, side(2)?, side(3)?])
    };
    names.iter().enumerate().map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_unets_have_the_levels_that_their_inputs_say() {
        // Stable Diffusion 1.x has twelve on the way down, Stable Diffusion XL nine.
        assert_eq!(control_levels(13, 4).unwrap(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]);
        assert_eq!(control_levels(10, 3).unwrap(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
        for (count, levels) in [(0, 4), (1, 0), (12, 4), (3, 4)] {
            assert_eq!(control_levels(count, levels), None, "{count} of {levels}");
        }
    }
}

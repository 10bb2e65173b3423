//! What latents look like, without a decoder: a linear map to red, green and blue.

use ndarray::{Array3, ArrayView3};

use crate::model::Family;

/// A fit of an autoencoder's pictures to its latents, a colour a latent.
///
/// The idea is that of a thread in Hugging Face's forum ("Decoding latents to RGB without upscaling", 23204): the
/// channels of these autoencoders are nearly colours. The numbers are those that ComfyUI publishes in
/// `comfy/latent_formats.py` (`latent_rgb_factors` and `latent_rgb_factors_bias`, 2025), for latents as the denoiser
/// knows them and colours from −1 to 1. They belong to the published autoencoder of each family; another one of the
/// same channels gives colours that mean less.
#[derive(Debug, PartialEq)]
pub(crate) struct LatentColors {
    /// Red, green and blue of each channel.
    factors: &'static [[f32; 3]],
    bias: [f32; 3],
}

const SD: LatentColors = LatentColors {
    factors: &[
        [0.3512, 0.2297, 0.3227],
        [0.3250, 0.4974, 0.2350],
        [-0.2829, 0.1762, 0.2721],
        [-0.2120, -0.2616, -0.7177],
    ],
    bias: [0.0; 3],
};

const SDXL: LatentColors = LatentColors {
    factors: &[
        [0.3651, 0.4232, 0.4341],
        [-0.2533, -0.0042, 0.1068],
        [0.1076, 0.1111, -0.0362],
        [-0.3165, -0.2492, -0.2188],
    ],
    bias: [0.1084, -0.0175, -0.0011],
};

const UPSCALER: LatentColors = LatentColors {
    factors: &[
        [-0.2340, -0.3863, -0.3257],
        [0.0994, 0.0885, -0.0908],
        [-0.2833, -0.2349, -0.3741],
        [0.2523, -0.0055, -0.1651],
    ],
    bias: [0.0; 3],
};

const SD3: LatentColors = LatentColors {
    factors: &[
        [-0.0922, -0.0175, 0.0749],
        [0.0311, 0.0633, 0.0954],
        [0.1994, 0.0927, 0.0458],
        [0.0856, 0.0339, 0.0902],
        [0.0587, 0.0272, -0.0496],
        [-0.0006, 0.1104, 0.0309],
        [0.0978, 0.0306, 0.0427],
        [-0.0042, 0.1038, 0.1358],
        [-0.0194, 0.0020, 0.0669],
        [-0.0488, 0.0130, -0.0268],
        [0.0922, 0.0988, 0.0951],
        [-0.0278, 0.0524, -0.0542],
        [0.0332, 0.0456, 0.0895],
        [-0.0069, -0.0030, -0.0810],
        [-0.0596, -0.0465, -0.0293],
        [-0.1448, -0.1463, -0.1189],
    ],
    bias: [0.2394, 0.2135, 0.1925],
};

const FLUX: LatentColors = LatentColors {
    factors: &[
        [-0.0346, 0.0244, 0.0681],
        [0.0034, 0.0210, 0.0687],
        [0.0275, -0.0668, -0.0433],
        [-0.0174, 0.0160, 0.0617],
        [0.0859, 0.0721, 0.0329],
        [0.0004, 0.0383, 0.0115],
        [0.0405, 0.0861, 0.0915],
        [-0.0236, -0.0185, -0.0259],
        [-0.0245, 0.0250, 0.1180],
        [0.1008, 0.0755, -0.0421],
        [-0.0515, 0.0201, 0.0011],
        [0.0428, -0.0012, -0.0036],
        [0.0817, 0.0765, 0.0749],
        [-0.1264, -0.0522, -0.1103],
        [-0.0280, -0.0881, -0.0499],
        [-0.1262, -0.0982, -0.0778],
    ],
    bias: [-0.0329, -0.0718, -0.0851],
};

impl LatentColors {
    /// Those of a family's autoencoder; `None` for latents of another number of channels, whose colours nobody knows.
    pub(crate) fn of(family: Family, channels: usize) -> Option<&'static Self> {
        let colors = match family {
            Family::StableDiffusion1 | Family::StableDiffusion2 | Family::ImageVariation => &SD,
            Family::StableDiffusionXl | Family::StableDiffusionXlRefiner => &SDXL,
            Family::StableDiffusion3 => &SD3,
            Family::Flux => &FLUX,
            Family::Upscaler => &UPSCALER,
        };
        (colors.factors.len() == channels).then_some(colors)
    }

    /// The colours of `latent` (`[channels, height, width]`, as the denoiser knows it): `[3, height, width]`, nominally
    /// −1 to 1.
    pub(crate) fn paint(&self, latent: ArrayView3<'_, f32>) -> Array3<f32> {
        let (_, height, width) = latent.dim();
        Array3::from_shape_fn((3, height, width), |(color, y, x)| {
            let shares =
                self.factors.iter().enumerate().map(|(channel, factors)| factors[color] * latent[[channel, y, x]]);
            shares.sum::<f32>() + self.bias[color]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_colors_for_its_own_channels_only() {
        for family in Family::ALL {
            let channels = if matches!(family, Family::StableDiffusion3 | Family::Flux) { 16 } else { 4 };
            assert!(LatentColors::of(family, channels).is_some() && LatentColors::of(family, channels + 1).is_none());
        }
    }

    #[test]
    fn a_colour_is_the_sum_of_its_channels_shares() {
        let latent = Array3::from_shape_fn((4, 1, 2), |(channel, _, x)| if x == 0 { channel as f32 } else { 0.0 });
        let painted = SDXL.paint(latent.view());
        let red = 0.1084 - 0.2533 + 2.0 * 0.1076 - 3.0 * 0.3165;
        assert!((painted[[0, 0, 0]] - red).abs() < 1e-6, "{}", painted[[0, 0, 0]]);
        assert_eq!((painted[[0, 0, 1]], painted[[1, 0, 1]], painted[[2, 0, 1]]), (0.1084, -0.0175, -0.0011));
    }
}

//! The manifests of diffusers' pipeline classes: one JSON file a class, in the format that anyone can write.

use std::path::Path;

use serde_json::Value;

use super::manifest::Manifest;
use crate::error::{Error, Result};
use crate::model::json;

/// The classes, without the prefix `ORT`, each with its manifest and the folder of the autoencoder whose levels say how
/// many pixels a latent is.
const CLASSES: [(&str, &str, Option<&str>); 11] = [
    ("IFPipeline", include_str!("deepfloyd.json"), None),
    ("StableUnCLIPPipeline", include_str!("stable_unclip.json"), Some("vae_decoder")),
    ("StableUnCLIPImg2ImgPipeline", include_str!("stable_unclip.json"), Some("vae_decoder")),
    ("DiTPipeline", include_str!("dit.json"), Some("vae_decoder")),
    ("LDMPipeline", include_str!("ldm_plain.json"), Some("vqvae_decoder")),
    ("LDMSuperResolutionPipeline", include_str!("ldm_super.json"), None),
    ("LDMTextToImagePipeline", include_str!("ldm_text.json"), Some("vae_decoder")),
    ("UnCLIPPipeline", include_str!("karlo.json"), None),
    ("UnCLIPImageVariationPipeline", include_str!("karlo.json"), None),
    ("KandinskyV22CombinedPipeline", include_str!("kandinsky22.json"), Some("movq_decoder")),
    ("KandinskyV22Img2ImgCombinedPipeline", include_str!("kandinsky22.json"), Some("movq_decoder")),
];

/// What stands for pixels per latent, for its square, and for what sides must be multiples of, so that the UNet can
/// halve the latents as often as it does.
const FACTOR: &str = "FACTOR";
const SQUARE: &str = "SQUARE";
const MULTIPLE: &str = "MULTIPLE";

/// The manifest of a pipeline class; `None` where it is not one of a cascade.
///
/// # Errors
/// [`Error::BadModel`] where the autoencoder's config does not say how many levels it has; [`Error::Internal`] where a
/// manifest of our own cannot be read.
pub(super) fn manifest(class: &str, root: &Path) -> Result<Option<Manifest>> {
    let plain = class.strip_prefix("ORT").unwrap_or(class);
    let Some((_, text, autoencoder)) = CLASSES.iter().find(|(known, ..)| *known == plain) else { return Ok(None) };
    let mut text = (*text).to_owned();
    if let Some(folder) = autoencoder {
        let factor = halvings(&root.join(folder).join("config.json"))?;
        if text.contains(MULTIPLE) {
            let multiple = factor * halvings(&root.join("unet").join("config.json"))?;
            text = text.replace(MULTIPLE, &multiple.to_string());
        }
        text = text.replace(SQUARE, &(factor * factor).to_string()).replace(FACTOR, &factor.to_string());
    }
    serde_json::from_str(&text).map(Some).map_err(|e| Error::Internal(format!("the manifest of {class}: {e}")))
}

/// Every level but the last halves what it sees: `2^(levels − 1)`, as diffusers' pipelines compute it.
fn halvings(path: &Path) -> Result<usize> {
    let config = json::read_object(path)?.unwrap_or_default();
    let levels = config.get("block_out_channels").and_then(Value::as_array).map(Vec::len);
    match levels.filter(|levels| (1..=8).contains(levels)) {
        Some(levels) => Ok(1 << (levels - 1)),
        None => Err(Error::bad_model(path, "\"block_out_channels\" must be a list of 1 to 8 numbers, one a level")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manifest_of_our_own_is_sound() {
        for (class, text, _) in CLASSES {
            let text = text.replace(SQUARE, "64").replace(FACTOR, "8").replace(MULTIPLE, "16");
            let manifest: Manifest = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{class}: {e}"));
            manifest.check_references().unwrap_or_else(|e| panic!("{class}: {e}"));
            let again: Manifest = serde_json::from_value(serde_json::to_value(&manifest).unwrap()).unwrap();
            assert_eq!(again, manifest, "{class}");
        }
    }
}

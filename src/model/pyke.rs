//! pyke's `pyke-diffusers.toml`, and the `diffusers.json` that it was before: which file of a flat folder is what.

use std::path::{Component, Path};

use serde_json::{Map, Value};

use super::fields::Fields;
use super::json;
use crate::error::{Error, Result};
use crate::files::{self, Kind};

/// The config's name since April 2023 and before.
pub(super) const FILES: [&str; 2] = ["pyke-diffusers.toml", "diffusers.json"];

/// The largest config that is read. Real ones are a kilobyte.
const MAX_BYTES: u64 = 1 << 20;

/// What the config says. Paths are as they stand there, relative to the folder and inside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PykeConfig {
    /// The config's name.
    pub(super) file: &'static str,
    /// Graphs by the names of their roles.
    pub(super) graphs: Vec<(super::GraphRole, String)>,
    /// The latents' scale.
    pub(super) scaling_factor: Option<f64>,
}

impl PykeConfig {
    /// Reads the config in `root`; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::BadModel`] for one that is broken or names files outside of the folder, [`Error::Unsupported`] for one
    /// of another pipeline than Stable Diffusion.
    pub(super) fn read(root: &Path) -> Result<Option<Self>> {
        for file in FILES {
            let path = root.join(file);
            let map = match file.ends_with(".toml") {
                true => read_toml(&path)?,
                false => json::read_object(&path)?,
            };
            if let Some(map) = map {
                return Self::parse(file, Fields::new(&path, &map), &path).map(Some);
            }
        }
        Ok(None)
    }

    fn parse(file: &'static str, fields: Fields<'_>, path: &Path) -> Result<Self> {
        use super::GraphRole::{SafetyChecker, TextEncoder, Unet, VaeDecoder, VaeEncoder};
        match fields.text("pipeline")? {
            Some("stable-diffusion") => {}
            other => {
                return Err(Error::Unsupported(format!(
                    "the model at \"{}\" is of pyke's pipeline \"{}\"; this version reads its stable-diffusion only",
                    path.display(),
                    other.unwrap_or("(none named)")
                )));
            }
        }
        let mut graphs = Vec::new();
        for (role, section, key) in [
            (TextEncoder, "text-encoder", "path"),
            (Unet, "unet", "path"),
            (VaeDecoder, "vae", "decoder"),
            (VaeEncoder, "vae", "encoder"),
            (SafetyChecker, "safety-checker", "path"),
        ] {
            let Some(section) = fields.object(section)? else { continue };
            let Some(name) = section.text(key)? else { continue };
            let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
            if !is_inside || name.is_empty() {
                return Err(section.bad(key, &Value::from(name), "the path of a file inside the folder"));
            }
            graphs.push((role, name.to_owned()));
        }
        let scaling_factor = match fields.object("vae")? {
            Some(vae) => vae.number("scale-factor", 1.0e-6..=1.0e6)?,
            None => None,
        };
        Ok(Self { file, graphs, scaling_factor })
    }
}

/// The TOML file as the JSON object that says the same.
fn read_toml(path: &Path) -> Result<Option<Map<String, Value>>> {
    let Ok(kind) = files::kind(path) else { return Ok(None) };
    if !matches!(kind, Kind::File(..=MAX_BYTES)) {
        return Err(Error::bad_model(path, "it must be a TOML file of at most 1 MB"));
    }
    let bytes = files::read(path, MAX_BYTES).map_err(|error| Error::io("cannot read", path, error))?;
    let text = str::from_utf8(&bytes).map_err(|error| {
        let offset = error.valid_up_to();
        Error::bad_model(path, format!("it is not UTF-8 (the first bad byte is at offset {offset}), as TOML must be"))
    })?;
    let map = toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
        let place = place.map(|line| format!(" at line {line}")).unwrap_or_default();
        Error::bad_model(path, format!("its TOML is broken{place}: {}", error.message()))
    })?;
    Ok(Some(map))
}

//! Where a model's parts lie, by the names that exporters give them.

use std::path::PathBuf;

use super::family::Family;
use super::inventory::Inventory;
use super::layout::GraphRole;
use super::site::is_variant;
use super::text_config::TextArchitecture;
use crate::error::{Error, Result};

/// What exporters call the folder of a role, or its file where all files lie in one folder; the first that is there is
/// taken. `clip` to `vae` are those of ONNX Runtime's scripts and, with `.opt`, of the folders that Black Forest Labs
/// and Stability AI publish; `vae` is also diffusers' name for the upscaler's decoder.
const NAMES: [(GraphRole, &[&str]); 11] = [
    (GraphRole::TextEncoder, &["text_encoder", "clip", "clip.opt", "clip_l", "clip_l.opt"]),
    (GraphRole::TextEncoder2, &["text_encoder_2", "clip2", "clip2.opt", "clip_g", "clip_g.opt"]),
    (GraphRole::TextEncoder3, &["text_encoder_3"]),
    (GraphRole::Unet, &["unet", "unetxl", "unet.opt", "unetxl.opt"]),
    (GraphRole::Transformer, &["transformer", "transformer.opt"]),
    (GraphRole::VaeDecoder, &["vae_decoder", "vae_decoder.opt", "vae", "vae.opt"]),
    (GraphRole::VaeEncoder, &["vae_encoder", "vae_encoder.opt"]),
    (GraphRole::SafetyChecker, &["safety_checker"]),
    (
        GraphRole::PreviewDecoder,
        &["vae_decoder_approx", "taesd_decoder", "taesdxl_decoder", "taesd3_decoder", "taef1_decoder"],
    ),
    (GraphRole::ImageEncoder, &["image_encoder"]),
    (GraphRole::DepthEstimator, &["depth_estimator"]),
];

/// What the same exporters call T5, which is another role in each family.
const T5: [&str; 2] = ["t5", "t5.opt"];

/// What ONNX Runtime's scripts append to a role's name, for a model that was changed (`get_cached_model_name` in its
/// `engine_builder.py`).
const SUFFIXES: [&str; 4] = ["_inpaint", "_lcm", "_lcm-lora", "_lcm_inpaint"];

/// The names of a role in every family.
pub(super) fn usual(role: GraphRole) -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter(move |(named, _)| *named == role).flat_map(|(_, names)| names.iter().copied())
}

/// The names of a role in this family.
pub(super) fn names(role: GraphRole, family: Family) -> Vec<&'static str> {
    let known = NAMES.iter().find(|(named, _)| *named == role).map_or(&[][..], |(_, names)| names);
    let is_t5 = family.architecture(role) == Some(TextArchitecture::T5);
    known.iter().copied().chain(T5.into_iter().filter(|_| is_t5)).collect()
}

/// Whether anything of that role is there, in a folder or as a file.
pub(super) fn has(inventory: &Inventory, role: GraphRole) -> bool {
    let known = NAMES.iter().find(|(named, _)| *named == role).map_or(&[][..], |(_, names)| names);
    known.iter().any(|name| inventory.is_filled(name) || inventory.has_file(&format!("{name}.onnx")))
}

/// Whether T5 is there under its own name.
pub(super) fn has_t5(inventory: &Inventory) -> bool {
    T5.iter().any(|name| inventory.is_filled(name))
}

/// A graph that was found.
pub(super) struct Place {
    /// The file.
    pub(super) graph: PathBuf,
    /// The folders that may have its `config.json`, the nearest first; none for a file among others.
    pub(super) folders: Vec<PathBuf>,
    /// What people should know about the choice.
    pub(super) note: Option<String>,
}

/// The graph with this role, checked to be one.
///
/// `variant` is the sub-folder of the denoiser that was asked for.
///
/// # Errors
/// [`Error::Io`] when it cannot be read; [`Error::BadModel`] when it is empty or a Git LFS pointer, or when several
/// variants are there and none was chosen.
pub(super) fn find(
    inventory: &Inventory,
    role: GraphRole,
    family: Family,
    variant: Option<&str>,
) -> Result<Option<Place>> {
    let names = names(role, family);
    for name in &names {
        if let Some(place) = in_folder(inventory, role, name, variant.filter(|_| role == family.denoiser_role()))? {
            return Ok(Some(place));
        }
        let file = format!("{name}.onnx");
        if inventory.has_file(&file) {
            return Ok(Some(Place { graph: inventory.checked(&file)?, folders: Vec::new(), note: None }));
        }
    }
    let changed = names.iter().flat_map(|name| SUFFIXES.iter().map(move |suffix| format!("{name}{suffix}")));
    let changed: Vec<_> = changed.filter(|name| inventory.is_filled(name)).collect();
    match changed.as_slice() {
        [] => Ok(None),
        [only] => Ok(in_folder(inventory, role, only, None)?.map(|place| Place {
            note: place.note.or_else(|| Some(format!("{only}/ is taken for {}/.", role.name()))),
            ..place
        })),
        [_, _, ..] => Err(Error::bad_model(
            inventory.root(),
            format!("it has {}, and which of them is meant cannot be known; keep one", changed.join(", ")),
        )),
    }
}

/// The graph in the folder `name`, or in one of its variants.
fn in_folder(inventory: &Inventory, role: GraphRole, name: &str, variant: Option<&str>) -> Result<Option<Place>> {
    let outer = inventory.root().join(name);
    if let (None, Some(file)) = (variant, inventory.graph_name(name)) {
        let note =
            (file != "model.onnx").then(|| format!("{name}/ has no model.onnx; its only graph, {file}, is taken."));
        let others = inventory.variants(name);
        let variants = (!others.is_empty()).then(|| variants_note(inventory, name, &others));
        let note = match (note, variants) {
            (Some(note), Some(variants)) => Some(format!("{note} {variants}")),
            (note, variants) => note.or(variants),
        };
        let graph = inventory.checked(&format!("{name}/{file}"))?;
        return Ok(Some(Place { graph, folders: vec![outer], note }));
    }
    let variants = inventory.variants(name);
    let chosen = match (variant, variants.as_slice()) {
        (Some(variant), there) => there.iter().find(|name| **name == variant).copied(),
        (None, [only]) => Some(*only),
        (None, []) => None,
        (None, several) => {
            return Err(Error::bad_model(
                &outer,
                format!(
                    "it has no model.onnx of its own but several variants, {}; {}",
                    several.join(", "),
                    how_to_choose(inventory, name, several, "the one that you mean")
                ),
            ));
        }
    };
    let Some(chosen) = chosen else { return Ok(None) };
    let Some(file) = inventory.graph_name(&format!("{name}/{chosen}")) else { return Ok(None) };
    let graph = inventory.checked(&format!("{name}/{chosen}/{file}"))?;
    let note = match variant {
        Some(_) => format!("The variant {chosen} of {}/ is the one that was opened.", role.name()),
        None => format!("{name}/ has no model.onnx; its only variant, {chosen}, is taken."),
    };
    Ok(Some(Place { graph, folders: vec![outer.join(chosen), outer], note: Some(note) }))
}

fn variants_note(inventory: &Inventory, name: &str, variants: &[&str]) -> String {
    format!("{name}/ has variants too: {}; {}.", variants.join(", "), how_to_choose(inventory, name, variants, "one"))
}

/// How another variant is drawn with: the denoiser's by its path, the others' only in the place of what is there, since
/// one path can name one variant.
fn how_to_choose(inventory: &Inventory, name: &str, variants: &[&str], which: &str) -> String {
    let folder = inventory.root().join(name);
    let by_path = variants.iter().map(|variant| folder.join(variant)).find(|path| is_variant(path));
    match by_path {
        Some(path) => format!("open {which} by its path, as \"{}\"", path.display()),
        None => format!(
            "no path chooses among those of {name}/; to draw with one, put its files into \"{}\"",
            folder.display()
        ),
    }
}

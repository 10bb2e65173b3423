//! A model folder, read and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::configs::{TextEncoderConfig, UnetConfig};
use super::defaults::{GenerationDefaults, MAX_SIDE};
use super::family::{self, Family};
use super::index::{self, Index};
use super::inventory::Inventory;
use super::layout::{GraphRole, Layout};
use super::scheduler_file::SchedulerFile;
use super::vae::VaeConfig;
use crate::error::{Error, Result};

/// The tokenizer's folder in every layout.
const TOKENIZER: &str = "tokenizer";

/// What a model folder holds, read once and checked; plain data from then on.
///
/// No graph was opened: what the graphs themselves say (element types, ranks, static sizes) is for `runtime` to
/// find out, and has the last word.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    root: PathBuf,
    family: Family,
    layout: Layout,
    class_name: Option<String>,
    graphs: BTreeMap<GraphRole, PathBuf>,
    tokenizer: PathBuf,
    scheduler: SchedulerFile,
    vae: VaeConfig,
    unet: UnetConfig,
    text_encoder: TextEncoderConfig,
    defaults: GenerationDefaults,
    notes: Vec<String>,
}

impl ModelFolder {
    /// Reads the Stable Diffusion 1.x model in the folder `path`, in optimum's or the legacy diffusers layout, or
    /// in bare folders (`unet/`, `vae_decoder/`, `text_encoder/`, `tokenizer/`) without a `model_index.json`.
    ///
    /// Stable Diffusion 2.x has the same pipeline class and opens too, with a note that it is not tested yet.
    ///
    /// # Errors
    /// - [`Error::Io`]: the folder is not there, or it or a file in it cannot be read.
    /// - [`Error::BadModel`]: it is no folder, something is missing, or a JSON file is broken, too large or
    ///   states values that cannot be.
    /// - [`Error::Unsupported`]: it is a model of another family.
    pub fn open(path: &Path) -> Result<Self> {
        let inventory = Inventory::take(path)?;
        let index = Index::read(path)?;
        // Before missing files: what an SDXL folder lacks in order to be SD 1.x helps nobody.
        let passed_over = family::check(path, index.class_name(), &inventory)?;
        let (graphs, broken) = find_graphs(&inventory)?;
        let layout = recognise(index.class_name(), &index, &inventory)?;

        let (vae, vae_notes) = VaeConfig::read(path)?;
        let unet = UnetConfig::read(&path.join(GraphRole::Unet.name()))?;
        family::check_unet(path, &unet, &vae)?;
        let text_encoder = TextEncoderConfig::read(&path.join(GraphRole::TextEncoder.name()))?;
        check_widths(path, &unet, &text_encoder)?;
        check_trained_size(path, &unet, &vae)?;
        let family = Family::by_context_width(text_encoder.hidden_size.or(unet.cross_attention_dim));
        // Without its index a legacy folder is a bare one; its scheduler's config is as wrong as it was before.
        let is_legacy = match layout {
            Layout::LegacyDiffusers => true,
            Layout::Bare => !inventory.has_graph_configs(),
            Layout::Optimum => false,
        };
        let (scheduler, scheduler_notes) = SchedulerFile::read(path, is_legacy, index.component_class("scheduler")?)?;
        let (defaults, default_notes) = GenerationDefaults::read(index.fields(), &vae)?;

        let mut notes = vec![recognised_sentence(family, layout, &index)];
        notes.extend(family.caution());
        notes.extend(graph_sentences(&graphs, &broken));
        notes.extend(
            passed_over.into_iter().map(|folder| {
                format!("The sub-folder {folder}/ is passed over: this version draws without ControlNet.")
            }),
        );
        notes.extend(vae_notes.into_iter().chain(scheduler_notes).chain(default_notes));

        Ok(Self {
            root: path.to_path_buf(),
            family,
            layout,
            class_name: index.class_name().map(str::to_owned),
            graphs,
            tokenizer: path.join(TOKENIZER),
            scheduler,
            vae,
            unet,
            text_encoder,
            defaults,
            notes,
        })
    }

    /// The folder, as it was given to [`Self::open`].
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The family: `stable-diffusion-1`, or `stable-diffusion-2` where a config states 2.x's context width.
    ///
    /// In a folder without configs only the graphs could tell, and it counts as 1.
    pub fn family(&self) -> &'static str {
        self.family.name()
    }

    /// How the folder is laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The pipeline's class in `model_index.json`, as it stands there.
    pub fn class_name(&self) -> Option<&str> {
        self.class_name.as_deref()
    }

    /// The file of the graph with this role. Never `None` where [`GraphRole::is_required`]; an optional graph
    /// that is empty, a Git LFS pointer or unreadable counts as missing, and [`Self::notes`] says so.
    pub fn graph(&self, role: GraphRole) -> Option<&Path> {
        self.graphs.get(&role).map(PathBuf::as_path)
    }

    /// The tokenizer's folder; it has `tokenizer.json`, or `vocab.json` and `merges.txt`.
    pub fn tokenizer(&self) -> &Path {
        &self.tokenizer
    }

    /// The scheduler's class and config.
    pub fn scheduler(&self) -> &SchedulerFile {
        &self.scheduler
    }

    /// The autoencoder's facts.
    pub fn vae(&self) -> &VaeConfig {
        &self.vae
    }

    /// The denoiser's facts.
    pub fn unet(&self) -> &UnetConfig {
        &self.unet
    }

    /// The text encoder's facts.
    pub fn text_encoder(&self) -> &TextEncoderConfig {
        &self.text_encoder
    }

    /// What the model's makers recommend, from the key `libdiffusion` of `model_index.json`.
    pub fn defaults(&self) -> GenerationDefaults {
        self.defaults
    }

    /// What was recognised and why, one sentence each, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// A graph that text-to-image can do without, and what is wrong with its file.
type Broken = Vec<(GraphRole, Error)>;

/// The graphs by role and the broken ones that nobody needs, or an error with the complete list of what is missing.
fn find_graphs(inventory: &Inventory) -> Result<(BTreeMap<GraphRole, PathBuf>, Broken)> {
    let mut graphs = BTreeMap::new();
    let mut broken = Broken::new();
    let mut missing = Vec::new();
    for role in GraphRole::ALL {
        match inventory.graph(role) {
            Ok(Some(path)) => {
                graphs.insert(role, path);
            }
            Ok(None) if role.is_required() => missing.push(format!("{}/model.onnx", role.name())),
            Ok(None) => {}
            Err(error) if role.is_required() => return Err(error),
            Err(error) => broken.push((role, error)),
        }
    }
    let has_tokenizer = inventory.has(TOKENIZER, "tokenizer.json")
        || (inventory.has(TOKENIZER, "vocab.json") && inventory.has(TOKENIZER, "merges.txt"));
    if !has_tokenizer {
        missing.push(format!("{TOKENIZER}/vocab.json with merges.txt (or tokenizer.json)"));
    }
    if missing.is_empty() { Ok((graphs, broken)) } else { Err(inventory.missing(&missing)) }
}

/// The layout, from the class where there is one.
fn recognise(class_name: Option<&str>, index: &Index, inventory: &Inventory) -> Result<Layout> {
    let Some(class_name) = class_name else { return Ok(Layout::Bare) };
    if family::is_legacy_class(class_name) {
        return Ok(Layout::LegacyDiffusers);
    }
    // A hand-edited legacy folder: the original class, but components of the legacy kind and no config beside
    // any graph. optimum 1.8 to 1.22 wrote such components too, under its own class names.
    let is_legacy_component = index.component_class(GraphRole::Unet.name())? == Some("OnnxRuntimeModel");
    if is_legacy_component && !inventory.has_graph_configs() && !class_name.starts_with("ORT") {
        return Ok(Layout::LegacyDiffusers);
    }
    Ok(Layout::Optimum)
}

/// The context that the text encoder makes must be the one that the UNet attends to.
fn check_widths(root: &Path, unet: &UnetConfig, text_encoder: &TextEncoderConfig) -> Result<()> {
    match (text_encoder.hidden_size, unet.cross_attention_dim) {
        (Some(made), Some(wanted)) if made != wanted => Err(Error::bad_model(
            root,
            format!(
                "the text encoder does not fit the UNet: text_encoder/config.json states \"hidden_size\" {made}, \
                 unet/config.json states \"cross_attention_dim\" {wanted}, and they must be equal"
            ),
        )),
        _ => Ok(()),
    }
}

/// No request may ask for more than [`MAX_SIDE`], so no model may have it as its default.
fn check_trained_size(root: &Path, unet: &UnetConfig, vae: &VaeConfig) -> Result<()> {
    let Some((height, width)) = unet.sample_size else { return Ok(()) };
    let factor = vae.spatial_factor;
    // At most 2^13 latents times 2^11 pixels each.
    let (height_px, width_px) = (height * factor, width * factor);
    if height_px.max(width_px) <= MAX_SIDE {
        return Ok(());
    }
    Err(Error::bad_model(
        root.join(GraphRole::Unet.name()).join("config.json"),
        format!(
            "\"sample_size\" is {height} high and {width} wide, which at the autoencoder's {factor} pixels per latent \
             is {height_px} by {width_px} pixels, but at most {MAX_SIDE} a side can be drawn"
        ),
    ))
}

fn recognised_sentence(family: Family, layout: Layout, index: &Index) -> String {
    let (family, name) = (family.title(), layout.name());
    match index.class_name() {
        Some(class) => {
            format!("Recognised {family}, layout {name}, by the class {class} in {}.", index::FILE)
        }
        None if index.exists() => {
            format!("Recognised {family}, layout {name}, by its sub-folders; {} names no class.", index::FILE)
        }
        None => {
            format!("Recognised {family}, layout {name}, by its sub-folders; there is no {}.", index::FILE)
        }
    }
}

fn graph_sentences(graphs: &BTreeMap<GraphRole, PathBuf>, broken: &Broken) -> Vec<String> {
    let mut notes = Vec::new();
    for (role, path) in graphs {
        if let Some(file) = path.file_name().and_then(|name| name.to_str())
            && file != "model.onnx"
        {
            notes.push(format!("{}/ has no model.onnx; its only graph, {file}, is taken.", role.name()));
        }
    }
    for (role, error) in broken {
        let why = match error {
            Error::BadModel { message, .. } => message.clone(),
            other => other.to_string(),
        };
        notes.push(format!("{}/ is passed over, since its graph cannot be used: {why}.", role.name()));
    }
    if !graphs.contains_key(&GraphRole::VaeEncoder) {
        notes.push("Without a vae_encoder/, pictures cannot be the starting point.".to_owned());
    }
    if graphs.contains_key(&GraphRole::SafetyChecker) {
        notes.push("There is a safety_checker/.".to_owned());
    }
    notes
}

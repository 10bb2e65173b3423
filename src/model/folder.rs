//! A model folder, read and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::configs::{TextEncoderConfig, UnetConfig};
use super::defaults::GenerationDefaults;
use super::family;
use super::index::{self, Index};
use super::inventory::Inventory;
use super::layout::{GraphRole, Layout};
use super::scheduler_file::SchedulerFile;
use super::vae::VaeConfig;
use crate::error::{Error, Result};

/// The tokenizer's folder in every layout.
const TOKENIZER: &str = "tokenizer";

/// The side, in pixels, that Stable Diffusion 1.x draws when nothing says otherwise: the default of diffusers'
/// `OnnxStableDiffusionPipeline`, whose layout states no sample size.
const DEFAULT_SIDE: usize = 512;

/// What a model folder holds, read once and checked; plain data from then on.
///
/// No graph was opened: what the graphs themselves say (element types, ranks, static sizes) is for `runtime` to
/// find out, and has the last word.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    root: PathBuf,
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
        let graphs = find_graphs(&inventory)?;

        let layout = recognise(index.class_name(), &index, &inventory)?;
        let mut notes = vec![recognised_sentence(layout, &index)];
        notes.extend(graph_sentences(&graphs));
        notes.extend(
            passed_over.into_iter().map(|folder| {
                format!("The sub-folder {folder}/ is passed over: this version draws without ControlNet.")
            }),
        );

        let (vae, vae_notes) = VaeConfig::read(path)?;
        let unet = UnetConfig::read(&path.join(GraphRole::Unet.name()))?;
        family::check_unet(path, &unet, &vae)?;
        let text_encoder = TextEncoderConfig::read(&path.join(GraphRole::TextEncoder.name()))?;
        check_widths(path, &unet, &text_encoder)?;
        let (scheduler, scheduler_notes) = SchedulerFile::read(path, layout, index.component_class("scheduler")?)?;
        let (defaults, default_notes) = GenerationDefaults::read(index.fields(), &vae)?;
        notes.extend(vae_notes.into_iter().chain(scheduler_notes).chain(default_notes));

        Ok(Self {
            root: path.to_path_buf(),
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

    /// How the folder is laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The pipeline's class in `model_index.json`, as it stands there.
    pub fn class_name(&self) -> Option<&str> {
        self.class_name.as_deref()
    }

    /// The file of the graph with this role. Never `None` where [`GraphRole::is_required`].
    pub fn graph(&self, role: GraphRole) -> Option<&Path> {
        self.graphs.get(&role).map(PathBuf::as_path)
    }

    /// The file of the graph with this role, or the sentence that says that the model has none.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the folder has no such graph.
    pub fn require(&self, role: GraphRole) -> Result<&Path> {
        self.graph(role).ok_or_else(|| Error::bad_model(&self.root, format!("{}/model.onnx is missing", role.name())))
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

    /// Width and height, in pixels, to draw when the caller names none: the makers' recommendation, else the
    /// size that the UNet was trained on (`sample_size` × spatial factor, as diffusers does), else 512 × 512.
    pub fn default_size(&self) -> (usize, usize) {
        let trained = self.unet.sample_size.map(|(height, width)| {
            let factor = self.vae.spatial_factor;
            (width * factor, height * factor)
        });
        let (width, height) = trained.unwrap_or((DEFAULT_SIDE, DEFAULT_SIDE));
        (self.defaults.width.unwrap_or(width), self.defaults.height.unwrap_or(height))
    }

    /// What was recognised and why, one sentence each, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// The graphs by role, and a complete list of what is missing when one is needed.
fn find_graphs(inventory: &Inventory) -> Result<BTreeMap<GraphRole, PathBuf>> {
    let mut graphs = BTreeMap::new();
    let mut missing = Vec::new();
    for role in GraphRole::ALL {
        match inventory.graph(role)? {
            Some(path) => {
                graphs.insert(role, path);
            }
            None if role.is_required() => missing.push(format!("{}/model.onnx", role.name())),
            None => {}
        }
    }
    let has_tokenizer = inventory.has(TOKENIZER, "tokenizer.json")
        || (inventory.has(TOKENIZER, "vocab.json") && inventory.has(TOKENIZER, "merges.txt"));
    if !has_tokenizer {
        missing.push(format!("{TOKENIZER}/vocab.json with merges.txt (or tokenizer.json)"));
    }
    if missing.is_empty() { Ok(graphs) } else { Err(inventory.missing(&missing)) }
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
    let has_configs = GraphRole::ALL.iter().any(|role| inventory.has(role.name(), "config.json"));
    if is_legacy_component && !has_configs && !class_name.starts_with("ORT") {
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

fn recognised_sentence(layout: Layout, index: &Index) -> String {
    let name = layout.name();
    match index.class_name() {
        Some(class) => {
            format!("Recognised Stable Diffusion 1.x, layout {name}, by the class {class} in {}.", index::FILE)
        }
        None if index.exists() => {
            format!(
                "Recognised Stable Diffusion 1.x, layout {name}, by its sub-folders; {} names no class.",
                index::FILE
            )
        }
        None => {
            format!("Recognised Stable Diffusion 1.x, layout {name}, by its sub-folders; there is no {}.", index::FILE)
        }
    }
}

fn graph_sentences(graphs: &BTreeMap<GraphRole, PathBuf>) -> Vec<String> {
    let mut notes = Vec::new();
    for (role, path) in graphs {
        if let Some(file) = path.file_name().and_then(|name| name.to_str())
            && file != "model.onnx"
        {
            notes.push(format!("{}/ has no model.onnx; its only graph, {file}, is taken.", role.name()));
        }
    }
    if !graphs.contains_key(&GraphRole::VaeEncoder) {
        notes.push("There is no vae_encoder/, so pictures cannot be the starting point.".to_owned());
    }
    if graphs.contains_key(&GraphRole::SafetyChecker) {
        notes.push("There is a safety_checker/.".to_owned());
    }
    notes
}

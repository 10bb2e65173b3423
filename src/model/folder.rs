//! A model folder, read and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::defaults::{GenerationDefaults, MAX_SIDE};
use super::denoiser::DenoiserConfig;
use super::detect::{self, Named};
use super::evidence::Evidence;
use super::family::{Family, Task};
use super::index::{self, Index};
use super::inventory::Inventory;
use super::layout::{GraphRole, Layout};
use super::scheduler_file::SchedulerFile;
use super::settings::PipelineSettings;
use super::text_config::{TextArchitecture, TextEncoderConfig};
use super::vae::VaeConfig;
use crate::error::{Error, Result};

/// What a model folder holds, read once and checked; plain data from then on.
///
/// No graph was opened: what the graphs themselves say (element types, ranks, static sizes) is for `runtime` to
/// find out, and has the last word.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    root: PathBuf,
    family: Family,
    task: Task,
    layout: Layout,
    class_name: Option<String>,
    graphs: BTreeMap<GraphRole, PathBuf>,
    tokenizers: BTreeMap<GraphRole, PathBuf>,
    scheduler: SchedulerFile,
    low_res_scheduler: Option<SchedulerFile>,
    vae: VaeConfig,
    denoiser: DenoiserConfig,
    /// Of every text encoder, there or not: what is not there has an empty config.
    text_encoders: [TextEncoderConfig; 3],
    settings: PipelineSettings,
    defaults: GenerationDefaults,
    notes: Vec<String>,
}

impl ModelFolder {
    /// Reads the model in the folder `path`, in optimum's or the legacy diffusers layout, or in bare folders
    /// (`unet/`, `vae_decoder/`, `text_encoder/`, `tokenizer/`) without a `model_index.json`.
    ///
    /// # Errors
    /// - [`Error::Io`]: the folder is not there, or it or a file in it cannot be read.
    /// - [`Error::BadModel`]: it is no folder, something is missing, or a JSON file is broken, too large or
    ///   states values that cannot be.
    /// - [`Error::Unsupported`]: it is a model of another family than [`Family`] has.
    pub fn open(path: &Path) -> Result<Self> {
        let inventory = Inventory::take(path)?;
        let index = Index::read(path)?;
        // Before missing files: what a folder of an unknown family lacks in order to be another one helps nobody.
        let named = Named::of(path, index.class_name(), &inventory)?;
        let denoiser = DenoiserConfig::read(&path.join(named.family.denoiser_role().name()))?;
        let mut text_encoders = read_text_configs(path)?;
        let graph = inventory.graph(named.family.denoiser_role()).ok().flatten();
        let evidence = graph.as_deref().and_then(Evidence::read);
        let stated = denoiser.context_width();
        let denoiser = match &evidence {
            Some(evidence) => evidence.complete(denoiser),
            None => denoiser,
        };
        let [first, ..] = &text_encoders;
        let (family, refinement) = named.refined(path, evidence.as_ref(), &denoiser, first, &inventory)?;
        for (config, role) in text_encoders.iter_mut().zip(GraphRole::TEXT) {
            config.architecture = config.architecture.or_else(|| usual_architecture(family, role));
        }
        let found = find_graphs(&inventory, family)?;
        let layout = recognise(index.class_name(), &index, &inventory)?;

        let (vae, vae_notes) = VaeConfig::read(path, family)?;
        let task = named.task(path, family, &denoiser, &vae)?;
        check_widths(path, family, stated, &text_encoders)?;
        check_trained_size(path, family, &denoiser, &vae)?;
        // Without its index a legacy folder is a bare one; its scheduler's config is as wrong as it was before.
        let is_legacy = match layout {
            Layout::LegacyDiffusers => true,
            Layout::Bare => !inventory.has_graph_configs(),
            Layout::Optimum => false,
        };
        let (scheduler, scheduler_notes) = SchedulerFile::read(path, is_legacy, index.component_class("scheduler")?)?;
        let (low_res_scheduler, low_res_notes) = match family {
            Family::Upscaler => {
                let (file, notes) = SchedulerFile::read_low_res(path, index.component_class("low_res_scheduler")?)?;
                (Some(file), notes)
            }
            _ => (None, Vec::new()),
        };
        let settings = PipelineSettings::read(index.fields())?;
        let (defaults, default_notes) = GenerationDefaults::read(index.fields(), &vae)?;

        let mut notes = vec![recognised_sentence(family, layout, &named, refinement, &index)];
        notes.extend(task_sentence(task));
        notes.extend(found.notes(family));
        notes.extend(
            named.passed_over.iter().map(|folder| {
                format!("The sub-folder {folder}/ is passed over: this version draws without ControlNet.")
            }),
        );
        notes.extend(vae_notes.into_iter().chain(scheduler_notes).chain(low_res_notes).chain(default_notes));

        Ok(Self {
            root: path.to_path_buf(),
            family,
            task,
            layout,
            class_name: index.class_name().map(str::to_owned),
            graphs: found.graphs,
            tokenizers: found.tokenizers,
            scheduler,
            low_res_scheduler,
            vae,
            denoiser,
            text_encoders,
            settings,
            defaults,
            notes,
        })
    }

    /// The folder, as it was given to [`Self::open`].
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The family that it belongs to.
    pub fn family(&self) -> Family {
        self.family
    }

    /// What its denoiser was made for.
    pub fn task(&self) -> Task {
        self.task
    }

    /// How the folder is laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The pipeline's class in `model_index.json`, as it stands there.
    pub fn class_name(&self) -> Option<&str> {
        self.class_name.as_deref()
    }

    /// The file of the graph with this role. Never `None` for [`Self::roles_needed`]; an optional graph
    /// that is empty, a Git LFS pointer or unreadable counts as missing, and [`Self::notes`] says so.
    pub fn graph(&self, role: GraphRole) -> Option<&Path> {
        self.graphs.get(&role).map(PathBuf::as_path)
    }

    /// The graphs without which this model draws nothing, in the order in which they run; all of them are there.
    pub fn roles_needed(&self) -> &'static [GraphRole] {
        self.family.roles_needed()
    }

    /// The role of the graph that denoises: [`GraphRole::Unet`] or [`GraphRole::Transformer`].
    pub fn denoiser_role(&self) -> GraphRole {
        self.family.denoiser_role()
    }

    /// The folder of the tokenizer for a text encoder: it has `tokenizer.json`, or `vocab.json` and `merges.txt`, or
    /// `spiece.model`. Never `None` for a text encoder that has its graph.
    pub fn tokenizer(&self, role: GraphRole) -> Option<&Path> {
        self.tokenizers.get(&role).map(PathBuf::as_path)
    }

    /// The scheduler's class and config.
    pub fn scheduler(&self) -> &SchedulerFile {
        &self.scheduler
    }

    /// The scheduler that noises the low-resolution picture: of [`Family::Upscaler`] always, of others never.
    pub fn low_res_scheduler(&self) -> Option<&SchedulerFile> {
        self.low_res_scheduler.as_ref()
    }

    /// The autoencoder's facts.
    pub fn vae(&self) -> &VaeConfig {
        &self.vae
    }

    /// The denoiser's facts.
    pub fn denoiser(&self) -> &DenoiserConfig {
        &self.denoiser
    }

    /// A text encoder's facts; empty for one that is not there and for what is no text encoder.
    pub fn text_encoder(&self, role: GraphRole) -> &TextEncoderConfig {
        const NONE: &TextEncoderConfig = &TextEncoderConfig::EMPTY;
        GraphRole::TEXT.iter().position(|text| *text == role).and_then(|at| self.text_encoders.get(at)).unwrap_or(NONE)
    }

    /// The pipeline's settings in `model_index.json`.
    pub fn settings(&self) -> PipelineSettings {
        self.settings
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

fn read_text_configs(root: &Path) -> Result<[TextEncoderConfig; 3]> {
    let [one, two, three] = GraphRole::TEXT.map(|role| TextEncoderConfig::read(&root.join(role.name())));
    Ok([one?, two?, three?])
}

/// What the family has in this place.
fn usual_architecture(family: Family, role: GraphRole) -> Option<TextArchitecture> {
    if !family.text_roles().contains(&role) {
        return None;
    }
    match (family, role) {
        (_, GraphRole::TextEncoder3) | (Family::Flux, GraphRole::TextEncoder2) => Some(TextArchitecture::T5),
        _ => Some(TextArchitecture::Clip),
    }
}

/// The graphs and tokenizers that were found.
struct Found {
    graphs: BTreeMap<GraphRole, PathBuf>,
    tokenizers: BTreeMap<GraphRole, PathBuf>,
    /// Graphs that the family can do without, and what is wrong with their files.
    broken: Vec<(GraphRole, Error)>,
}

/// The graphs by role and the broken ones that nobody needs, or an error with the complete list of what is missing.
fn find_graphs(inventory: &Inventory, family: Family) -> Result<Found> {
    let mut found = Found { graphs: BTreeMap::new(), tokenizers: BTreeMap::new(), broken: Vec::new() };
    let mut missing = Vec::new();
    let needed = family.roles_needed();
    for role in GraphRole::ALL.into_iter().filter(|role| family.uses(*role)) {
        match inventory.graph(role) {
            Ok(Some(path)) => {
                found.graphs.insert(role, path);
            }
            Ok(None) if needed.contains(&role) => missing.push(format!("{}/model.onnx", role.name())),
            Ok(None) => {}
            Err(error) if needed.contains(&role) => return Err(error),
            Err(error) => found.broken.push((role, error)),
        }
    }
    for role in family.text_roles().iter().filter(|role| needed.contains(role) || found.graphs.contains_key(role)) {
        let Some(folder) = role.tokenizer() else { continue };
        if inventory.has_tokenizer(folder) {
            found.tokenizers.insert(*role, inventory.root().join(folder));
        } else {
            let files = match usual_architecture(family, *role) {
                Some(TextArchitecture::T5) => "tokenizer.json (or spiece.model)",
                _ => "vocab.json with merges.txt (or tokenizer.json)",
            };
            missing.push(format!("{folder}/{files}"));
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(inventory.missing(family, &missing)) }
}

/// The layout, from the class where there is one.
fn recognise(class_name: Option<&str>, index: &Index, inventory: &Inventory) -> Result<Layout> {
    let Some(class_name) = class_name else { return Ok(Layout::Bare) };
    if detect::is_legacy_class(class_name) {
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

/// The context that the text encoders make must be the one that the denoiser attends to: `wanted`, as its config
/// states it. What only the graphs say is compared where they are opened.
fn check_widths(
    root: &Path,
    family: Family,
    wanted: Option<usize>,
    text_encoders: &[TextEncoderConfig; 3],
) -> Result<()> {
    let [first, second, third] = text_encoders.each_ref().map(|config| config.hidden_size);
    // Which encoders' widths add up to the context, and the key that states it.
    let (made, who) = match family {
        Family::StableDiffusion1 | Family::StableDiffusion2 | Family::Upscaler => (first, "text_encoder"),
        Family::StableDiffusionXl => {
            (first.zip(second).map(|(first, second)| first + second), "text_encoder and text_encoder_2")
        }
        Family::StableDiffusionXlRefiner | Family::Flux => (second, "text_encoder_2"),
        Family::StableDiffusion3 => (third, "text_encoder_3"),
    };
    let (denoiser_name, key) = match family.denoiser_role() {
        GraphRole::Transformer => ("transformer", "joint_attention_dim"),
        _ => ("UNet", "cross_attention_dim"),
    };
    let files = who.split(" and ").map(|name| format!("{name}/config.json")).collect::<Vec<_>>().join(" and ");
    match (made, wanted) {
        (Some(made), Some(wanted)) if made != wanted => Err(Error::bad_model(
            root,
            format!(
                "the text encoder does not fit the {denoiser_name}: {files} {} \"hidden_size\" {made}{}, {}/config.json \
                 states \"{key}\" {wanted}, and they must be equal",
                if who.contains(" and ") { "state" } else { "states" },
                if who.contains(" and ") { " together" } else { "" },
                family.denoiser_role().name(),
            ),
        )),
        _ => Ok(()),
    }
}

/// No request may ask for more than [`MAX_SIDE`], so no model may have it as its default.
fn check_trained_size(root: &Path, family: Family, denoiser: &DenoiserConfig, vae: &VaeConfig) -> Result<()> {
    let Some((height, width)) = denoiser.sample_size else { return Ok(()) };
    let factor = vae.spatial_factor;
    // At most 2^13 latents times 2^11 pixels each.
    let (height_px, width_px) = (height * factor, width * factor);
    if height_px.max(width_px) <= MAX_SIDE {
        return Ok(());
    }
    Err(Error::bad_model(
        root.join(family.denoiser_role().name()).join("config.json"),
        format!(
            "\"sample_size\" is {height} high and {width} wide, which at the autoencoder's {factor} pixels per latent \
             is {height_px} by {width_px} pixels, but at most {MAX_SIDE} a side can be drawn"
        ),
    ))
}

fn recognised_sentence(
    family: Family,
    layout: Layout,
    named: &Named,
    refinement: Option<String>,
    index: &Index,
) -> String {
    let (family, name, evidence) = (family.title(), layout.name(), &named.evidence);
    let refinement = refinement.map(|why| format!(", and {why}")).unwrap_or_default();
    let no_class = match index.class_name() {
        Some(_) => String::new(),
        None if index.exists() => format!("; {} names no class", index::FILE),
        None => format!("; there is no {}", index::FILE),
    };
    format!("Recognised {family}, layout {name}, by {evidence}{refinement}{no_class}.")
}

fn task_sentence(task: Task) -> Option<String> {
    match task {
        Task::TextToImage => None,
        Task::Inpaint => {
            Some("Its denoiser is made for inpainting: it takes a mask and the masked picture.".to_owned())
        }
        Task::Edit => Some("Its denoiser is made for editing: it takes the picture to change.".to_owned()),
    }
}

impl Found {
    fn notes(&self, family: Family) -> Vec<String> {
        let mut notes = Vec::new();
        for (role, path) in &self.graphs {
            if let Some(file) = path.file_name().and_then(|name| name.to_str())
                && file != "model.onnx"
            {
                notes.push(format!("{}/ has no model.onnx; its only graph, {file}, is taken.", role.name()));
            }
        }
        for (role, error) in &self.broken {
            let why = match error {
                Error::BadModel { message, .. } => message.clone(),
                other => other.to_string(),
            };
            notes.push(format!("{}/ is passed over, since its graph cannot be used: {why}.", role.name()));
        }
        if !self.graphs.contains_key(&GraphRole::VaeEncoder) {
            notes.push("Without a vae_encoder/, pictures cannot be the starting point.".to_owned());
        }
        if family == Family::StableDiffusion3 && !self.graphs.contains_key(&GraphRole::TextEncoder3) {
            notes.push("Without a text_encoder_3/, T5's part of the context is zeros.".to_owned());
        }
        if self.graphs.contains_key(&GraphRole::SafetyChecker) {
            notes.push("There is a safety_checker/.".to_owned());
        }
        notes
    }
}

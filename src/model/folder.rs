//! A model folder, read and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::defaults::{GenerationDefaults, MAX_SIDE};
use super::denoiser::DenoiserConfig;
use super::detect::{self, Named};
use super::evidence::Evidence;
use super::family::{Family, Task};
use super::finder::{Finder, Found};
use super::index::{self, Index};
use super::inventory::Inventory;
use super::layout::{GraphRole, Layout};
use super::places::Place;
use super::pyke::PykeConfig;
use super::scheduler_file::SchedulerFile;
use super::schedules::Schedule;
use super::settings::PipelineSettings;
use super::sides::SideGraph;
use super::site::Site;
use super::text_config::TextEncoderConfig;
use super::tokenizers::TokenizerPlace;
use super::usual::UsualSettings;
use super::vae::VaeConfig;
use crate::error::{Error, Result};
use crate::files;

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
    tokenizers: BTreeMap<GraphRole, TokenizerPlace>,
    scheduler: SchedulerFile,
    low_res_scheduler: Option<SchedulerFile>,
    vae: VaeConfig,
    denoiser: DenoiserConfig,
    /// Of every text encoder, there or not: what is not there has an empty config.
    text_encoders: [TextEncoderConfig; 3],
    settings: PipelineSettings,
    defaults: GenerationDefaults,
    usual: UsualSettings,
    sides: Vec<SideGraph>,
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
        let site = Site::of(path)?;
        let path = site.root.as_path();
        let inventory = Inventory::take(path)?;
        let index = Index::read(path)?;
        let pyke = if index.exists() { None } else { PykeConfig::read(path)? };
        // Before missing files: what a folder of an unknown family lacks in order to be another one helps nobody.
        let named = Named::of(path, index.class_name(), &inventory)?;
        let finder = Finder { inventory: &inventory, site: &site, pyke: pyke.as_ref() };
        let place = finder.graph(named.family, named.family.denoiser_role()).ok().flatten();
        let denoiser = DenoiserConfig::read(&config_folder(path, place.as_ref(), named.family.denoiser_role()))?;
        let evidence = place.as_ref().and_then(|place| Evidence::read(&place.graph));
        let stated = denoiser.context_width();
        let denoiser = match &evidence {
            Some(evidence) => evidence.complete(denoiser),
            None => denoiser,
        };
        let first = read_text_config(path, &finder, named.family, GraphRole::TextEncoder)?;
        let (family, refinement) = named.refined(path, evidence.as_ref(), &denoiser, &first, &inventory)?;
        let found = finder.all(family)?;
        let text_encoders = [
            read_text_config(path, &finder, family, GraphRole::TextEncoder)?,
            read_text_config(path, &finder, family, GraphRole::TextEncoder2)?,
            read_text_config(path, &finder, family, GraphRole::TextEncoder3)?,
        ];
        let layout = recognise(&site, pyke.as_ref(), &index, &inventory, &found)?;

        let scale = pyke.as_ref().and_then(|pyke| pyke.scaling_factor);
        let (vae, vae_notes) = VaeConfig::read(path, &found.vae_folders(path), family, scale)?;
        let task = named.task(path, family, &denoiser, &vae)?;
        check_widths(path, family, stated, &text_encoders)?;
        check_trained_size(path, family, &denoiser, &vae)?;
        let is_of_legacy_family =
            matches!(family, Family::StableDiffusion1 | Family::StableDiffusion2 | Family::Upscaler);
        // Without its index a legacy folder is a bare one; its scheduler's config is as wrong as it was before.
        let is_legacy = match layout {
            Layout::LegacyDiffusers => true,
            Layout::Bare | Layout::Flat => is_of_legacy_family && !inventory.has_graph_configs(),
            Layout::Optimum | Layout::Engine | Layout::Pyke => false,
        };
        let usual_schedule = Schedule::of(family, &denoiser);
        let (scheduler, scheduler_notes) =
            SchedulerFile::read(path, is_legacy, index.component_class("scheduler")?, usual_schedule)?;
        let (low_res_scheduler, low_res_notes) = match family {
            Family::Upscaler => {
                let (file, notes) = SchedulerFile::read_low_res(path, index.component_class("low_res_scheduler")?)?;
                (Some(file), notes)
            }
            _ => (None, Vec::new()),
        };
        let settings = PipelineSettings::read(index.fields())?;
        let (defaults, default_notes) = GenerationDefaults::read(index.fields(), &vae)?;
        let usual = UsualSettings::of(family, task, &denoiser, &vae);

        let mut notes = vec![recognised_sentence(family, layout, &named, refinement, &index, pyke.as_ref())];
        notes.extend(task_sentence(task));
        notes.extend(found.notes(family));
        let (sides, side_notes) = SideGraph::all(&inventory);
        notes.extend(side_notes);
        notes.extend(vae_notes.into_iter().chain(scheduler_notes).chain(low_res_notes).chain(default_notes));

        Ok(Self {
            root: path.to_path_buf(),
            family,
            task,
            layout,
            class_name: index.class_name().map(str::to_owned),
            graphs: found.places.into_iter().map(|(role, place)| (role, place.graph)).collect(),
            tokenizers: found.tokenizers,
            scheduler,
            low_res_scheduler,
            vae,
            denoiser,
            text_encoders,
            settings,
            defaults,
            usual,
            sides,
            notes,
        })
    }

    /// The folder that holds the graphs: the one given to [`Self::open`], or the one around or below it that does.
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
        self.tokenizers.get(&role).map(|place| place.folder.as_path())
    }

    /// The token that a text for this encoder is padded with, whatever the tokenizer's own files say: where they say
    /// nothing (a folder without configs), or were made for another encoder. `None`: the tokenizer's files know.
    pub fn padding(&self, role: GraphRole) -> Option<&'static str> {
        self.tokenizers.get(&role).and_then(|place| place.padding)
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

    /// What such a model is usually drawn with, where [`Self::defaults`] say nothing.
    pub fn usual(&self) -> UsualSettings {
        self.usual
    }

    /// The ControlNets and adapters that lie in the folder, in the order of their folders' names.
    pub fn sides(&self) -> &[SideGraph] {
        &self.sides
    }

    /// What was recognised and why, one sentence each, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// The config of a text encoder, with the architecture that the family has there where none is stated.
fn read_text_config(root: &Path, finder: &Finder<'_>, family: Family, role: GraphRole) -> Result<TextEncoderConfig> {
    let place = finder.graph(family, role).ok().flatten();
    let config = TextEncoderConfig::read(&config_folder(root, place.as_ref(), role))?;
    Ok(TextEncoderConfig { architecture: config.architecture.or_else(|| family.architecture(role)), ..config })
}

/// The folder whose `config.json` describes a graph.
fn config_folder(root: &Path, place: Option<&Place>, role: GraphRole) -> PathBuf {
    let folders = place.map_or(&[][..], |place| place.folders.as_slice());
    let with_config = folders.iter().find(|folder| files::exists(&folder.join("config.json")));
    with_config.or(folders.first()).cloned().unwrap_or_else(|| root.join(role.name()))
}

/// The layout, from the class where there is one.
fn recognise(
    site: &Site,
    pyke: Option<&PykeConfig>,
    index: &Index,
    inventory: &Inventory,
    found: &Found,
) -> Result<Layout> {
    let Some(class_name) = index.class_name() else {
        let is_flat = found.places.values().all(|place| place.folders.is_empty());
        return Ok(match (pyke, site.is_engine, is_flat) {
            (Some(_), ..) => Layout::Pyke,
            (None, true, _) => Layout::Engine,
            (None, false, true) => Layout::Flat,
            (None, false, false) => Layout::Bare,
        });
    };
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
        Family::ImageVariation => (None, "image_encoder"),
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
    pyke: Option<&PykeConfig>,
) -> String {
    let (family, name, evidence) = (family.title(), layout.name(), &named.evidence);
    let refinement = refinement.map(|why| format!(", and {why}")).unwrap_or_default();
    let no_class = match (index.class_name(), pyke) {
        (Some(_), _) => String::new(),
        (None, Some(pyke)) => format!("; {} names its files", pyke.file),
        _ if index.exists() => format!("; {} names no class", index::FILE),
        _ => format!("; there is no {}", index::FILE),
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
        Task::Depth => Some("Its denoiser keeps to a depth map.".to_owned()),
    }
}

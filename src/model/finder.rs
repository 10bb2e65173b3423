//! Every part of a model that its family has a use for, or the list of what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::family::Family;
use super::inventory::Inventory;
use super::layout::GraphRole;
use super::places::{self, Place};
use super::pyke::PykeConfig;
use super::site::Site;
use super::tokenizers::{self, TokenizerPlace};
use crate::error::{Error, Result};
use crate::files;
use crate::onnx::Signature;

/// What text encoders are fed that take embeddings for token ids, as pyke's exports do.
const EMBEDDINGS: [&str; 2] = ["input_embeddings", "inputs_embeds"];

/// Where to look.
pub(super) struct Finder<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) site: &'a Site,
    pub(super) pyke: Option<&'a PykeConfig>,
}

/// What was found.
pub(super) struct Found {
    pub(super) places: BTreeMap<GraphRole, Place>,
    pub(super) tokenizers: BTreeMap<GraphRole, TokenizerPlace>,
    /// Graphs that the family can do without, and what is wrong with their files.
    broken: Vec<(GraphRole, Error)>,
}

impl Finder<'_> {
    /// The graph of this role, where there is one.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; [`Error::BadModel`] when it is empty or a Git LFS pointer, or when several
    /// variants are there and none was chosen.
    pub(super) fn graph(&self, family: Family, role: GraphRole) -> Result<Option<Place>> {
        let Some(pyke) = self.pyke else {
            return places::find(self.inventory, role, family, self.site.variant.as_deref());
        };
        let named = pyke.graphs.iter().find(|(named, _)| *named == role);
        let there = named.filter(|(_, file)| files::is_file(&self.inventory.root().join(file)));
        let Some((_, file)) = there else { return Ok(None) };
        Ok(Some(Place { graph: self.inventory.checked(file)?, folders: Vec::new(), note: None }))
    }

    /// The graphs by role and the broken ones that nobody needs, or an error with the complete list of what is missing.
    pub(super) fn all(&self, family: Family) -> Result<Found> {
        let mut found = Found { places: BTreeMap::new(), tokenizers: BTreeMap::new(), broken: Vec::new() };
        let mut missing = Vec::new();
        let needed = family.roles_needed();
        for role in GraphRole::ALL.into_iter().filter(|role| family.uses(*role)) {
            match self.graph(family, role) {
                Ok(Some(place)) => {
                    found.places.insert(role, place);
                }
                Ok(None) if needed.contains(&role) => missing.push(self.usual_name(role)),
                Ok(None) => {}
                Err(error) if needed.contains(&role) => return Err(error),
                Err(error) => found.broken.push((role, error)),
            }
        }
        self.check_split_decoder(&missing)?;
        for role in family.text_roles() {
            let Some(place) = found.places.get(role).map(|place| place.graph.as_path()) else {
                if needed.contains(role)
                    && let Err(words) = tokenizers::find(self.inventory, family, *role, &self.site.elsewhere)
                {
                    missing.push(words);
                }
                continue;
            };
            check_takes_ids(place)?;
            match tokenizers::find(self.inventory, family, *role, &self.site.elsewhere) {
                Ok(tokenizer) => {
                    found.tokenizers.insert(*role, tokenizer);
                }
                Err(words) => missing.push(words),
            }
        }
        if missing.is_empty() { Ok(found) } else { Err(self.inventory.missing(family, &missing)) }
    }

    /// The file of a role as most layouts, or pyke's config, have it.
    fn usual_name(&self, role: GraphRole) -> String {
        let of_pyke = self.pyke.and_then(|pyke| pyke.graphs.iter().find(|(named, _)| *named == role));
        of_pyke.map_or_else(|| format!("{}/model.onnx", role.name()), |(_, file)| file.clone())
    }

    /// The exports of 2022 have the first layer of the decoder in a graph of its own.
    fn check_split_decoder(&self, missing: &[String]) -> Result<()> {
        const FIRST: &str = "post_quant_conv.onnx";
        if missing.is_empty() || !self.inventory.has_file(FIRST) {
            return Ok(());
        }
        Err(Error::Unsupported(format!(
            "the model at \"{}\" has its decoder in two graphs, of which {FIRST} is the first, as the exports of 2022 \
             did; export it again in one",
            self.inventory.root().display()
        )))
    }
}

/// Refuses a text encoder whose embeddings lie outside of it.
fn check_takes_ids(graph: &Path) -> Result<()> {
    let Ok(signature) = Signature::read(graph) else { return Ok(()) };
    match EMBEDDINGS.iter().find(|name| signature.input(name).is_some()) {
        Some(name) => Err(Error::Unsupported(format!(
            "the text encoder \"{}\" takes embeddings (\"{name}\") where this version feeds token ids, as pyke's exports \
             with a text_embeddings.bin do; export the text encoder again with token ids as its input",
            graph.display()
        ))),
        None => Ok(()),
    }
}

impl Found {
    /// The folders whose `config.json` may describe the autoencoder, the nearest to the graph first.
    ///
    /// The last one belongs to a PyTorch autoencoder that some repositories keep beside the graphs; its weights are of
    /// no use here, its config is the same one.
    pub(super) fn vae_folders(&self, root: &Path) -> Vec<PathBuf> {
        let of = |role: GraphRole| self.places.get(&role).map_or(&[][..], |place| place.folders.as_slice());
        let mut folders: Vec<PathBuf> =
            of(GraphRole::VaeDecoder).iter().chain(of(GraphRole::VaeEncoder)).cloned().collect();
        folders.extend([GraphRole::VaeDecoder.name(), GraphRole::VaeEncoder.name(), "vae"].map(|name| root.join(name)));
        let mut seen = BTreeSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders
    }

    /// What people should know about the choice of files.
    pub(super) fn notes(&self, family: Family) -> Vec<String> {
        let mut notes: Vec<String> = self.places.values().filter_map(|place| place.note.clone()).collect();
        notes.extend(self.tokenizers.values().filter_map(|place| place.note.clone()));
        for (role, error) in &self.broken {
            let why = match error {
                Error::BadModel { message, .. } => message.clone(),
                other => other.to_string(),
            };
            notes.push(format!("{}/ is passed over, since its graph cannot be used: {why}.", role.name()));
        }
        if !self.places.contains_key(&GraphRole::VaeEncoder) {
            notes.push("Without a vae_encoder/, pictures cannot be the starting point.".to_owned());
        }
        if family == Family::StableDiffusion3 && !self.places.contains_key(&GraphRole::TextEncoder3) {
            notes.push("Without a text_encoder_3/, T5's part of the context is zeros.".to_owned());
        }
        if self.places.contains_key(&GraphRole::SafetyChecker) {
            notes.push("There is a safety_checker/.".to_owned());
        }
        notes
    }
}

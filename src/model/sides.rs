//! Networks that lie beside a denoiser and look at a picture: ControlNets and T2I-Adapters, in the model's folder or
//! anywhere else.

use std::path::{Path, PathBuf};

use super::fields::Fields;
use super::inventory::Inventory;
use super::json;
use super::layout::GraphRole;
use crate::error::{Error, Result};
use crate::files;
use crate::onnx::Signature;

/// What exporters call the folders; each may also have a number behind it, or numbered folders in it.
const FOLDERS: [&str; 5] = ["controlnet", "cnet", "adapter", "t2i_adapter", "t2iadapter"];
/// The most of one kind that a folder is looked through for.
const MOST: usize = 16;
/// What only a ControlNet has; its outputs are taken by their places.
const CONDITION: &str = "controlnet_cond";

/// A network beside the denoiser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideGraph {
    /// [`GraphRole::ControlNet`] or [`GraphRole::Adapter`].
    pub role: GraphRole,
    /// The ONNX file.
    pub graph: PathBuf,
    /// Whether a ControlNet's outputs are means over the whole picture (`global_pool_conditions` of its config).
    pub pooled: bool,
}

impl SideGraph {
    /// Reads what lies at `path`: an ONNX file, or a folder with one, and perhaps a `config.json` beside it. The graph's
    /// inputs say what it is: a ControlNet has `controlnet_cond`, a T2I-Adapter nothing but a picture.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read; [`Error::BadModel`] when it is neither.
    pub fn read(path: &Path) -> Result<Self> {
        let graph = if files::is_folder(path) { graph_in(path)? } else { path.to_path_buf() };
        let signature = Signature::read(&graph)?;
        let role = match signature.inputs() {
            inputs if inputs.iter().any(|input| input.name == CONDITION) => GraphRole::ControlNet,
            [picture] if picture.shape.as_ref().is_none_or(|shape| shape.len() == 4) => GraphRole::Adapter,
            inputs => {
                let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
                return Err(Error::bad_model(
                    &graph,
                    format!(
                        "it is neither a ControlNet, which has an input \"{CONDITION}\", nor a T2I-Adapter, which takes a \
                         picture alone; its inputs are {names:?}"
                    ),
                ));
            }
        };
        let config = graph.with_file_name("config.json");
        let map = json::read_object(&config)?.unwrap_or_default();
        let pooled = Fields::new(&config, &map).flag("global_pool_conditions")?.unwrap_or(false);
        Ok(Self { role, graph, pooled })
    }

    /// Every one in the model's folder, in the order of their names, and sentences about those that are passed over.
    pub(super) fn all(inventory: &Inventory) -> (Vec<Self>, Vec<String>) {
        let (mut found, mut notes) = (Vec::new(), Vec::new());
        for folder in FOLDERS {
            let numbered = (2..=MOST).map(|number| format!("{folder}_{number}"));
            let inner = inventory.variants(folder).into_iter().map(|name| format!("{folder}/{name}"));
            for name in std::iter::once(folder.to_owned()).chain(numbered).chain(inner) {
                let Some(file) = inventory.graph_name(&name) else { continue };
                match Self::read(&inventory.root().join(&name).join(file)) {
                    Ok(side) => found.push(side),
                    Err(error) => {
                        let why = match error {
                            Error::BadModel { message, .. } => message,
                            other => other.to_string(),
                        };
                        notes.push(format!("The sub-folder {name}/ is passed over: {why}."));
                    }
                }
            }
        }
        (found, notes)
    }
}

/// `model.onnx` in the folder, or the only graph there.
fn graph_in(folder: &Path) -> Result<PathBuf> {
    let usual = folder.join("model.onnx");
    if files::is_file(&usual) {
        return Ok(usual);
    }
    let mut graphs = files::list(folder).map_err(|error| Error::io("cannot list the folder", folder, error))?;
    graphs.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    match (graphs.pop(), graphs.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(Error::bad_model(folder, "it has no model.onnx, as the folder of a ControlNet or an adapter has")),
    }
}

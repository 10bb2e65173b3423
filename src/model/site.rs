//! Which folder the graphs lie in, and where else the rest of the model may be.

use std::path::{Path, PathBuf};

use super::layout::GraphRole;
use super::{index, places, pyke};
use crate::error::{Error, Result};
use crate::files;

/// ONNX Runtime's scripts keep their graphs in `ORT_CUDA/<model>/engine/`, and the tokenizers in
/// `torch_model/<model>/` beside it (`get_engine_paths` in its `engine_builder.py`).
const ENGINES: &str = "ORT_CUDA";
const ENGINE: &str = "engine";
const TORCH: &str = "torch_model";

/// Where a model lies.
pub(super) struct Site {
    /// The folder that the graphs' own folders lie in.
    pub(super) root: PathBuf,
    /// The sub-folder of the denoiser that was opened by its path.
    pub(super) variant: Option<String>,
    /// Whether it is an engine folder of ONNX Runtime's scripts.
    pub(super) is_engine: bool,
    /// Folders that may have the tokenizers, after the root itself.
    pub(super) elsewhere: Vec<PathBuf>,
}

impl Site {
    /// Looks at `path`: a model folder, one of its denoiser's variants, or a folder of ONNX Runtime's scripts at any
    /// level from the one that has `ORT_CUDA/` down to `engine/`.
    ///
    /// # Errors
    /// [`Error::BadModel`] when several engines lie there.
    pub(super) fn of(path: &Path) -> Result<Self> {
        if let Some((root, variant)) = variant(path) {
            return Ok(Self { root, variant: Some(variant), is_engine: false, elsewhere: Vec::new() });
        }
        // The names of "." and of its parents are known only from the whole path.
        let whole = files::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let engine = match engines(&whole).as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            [first, ..] => {
                return Err(Error::bad_model(
                    path,
                    format!("it has several models in it; open one by its path, as \"{}\"", first.display()),
                ));
            }
        };
        let named = whole.file_name().is_some_and(|name| name == ENGINE).then(|| path.to_path_buf());
        let Some(root) = engine.or(named) else {
            return Ok(Self { root: path.to_path_buf(), variant: None, is_engine: false, elsewhere: Vec::new() });
        };
        let elsewhere = beside_engine(&root);
        Ok(Self { root, variant: None, is_engine: true, elsewhere })
    }
}

/// Whether [`Site::of`] takes `path` for a denoiser's variant.
pub(super) fn is_variant(path: &Path) -> bool {
    variant(path).is_some()
}

/// The model folder and the variant's name, when `path` is `<model>/unet/<variant>` with a graph in it.
fn variant(path: &Path) -> Option<(PathBuf, String)> {
    let path = files::absolute(path).ok()?;
    let folder = path.parent()?;
    let root = folder.parent()?;
    let of = |role: GraphRole| folder.file_name().is_some_and(|name| name == role.name());
    let is_denoiser = of(GraphRole::Unet) || of(GraphRole::Transformer);
    // A decoder beside the denoiser is what tells a variant from a model in a folder that happens to be called unet.
    let has_model =
        files::is_file(&path.join("model.onnx")) && files::is_folder(&root.join(GraphRole::VaeDecoder.name()));
    (is_denoiser && has_model).then(|| Some((root.to_path_buf(), path.file_name()?.to_str()?.to_owned())))?
}

/// The engine folders below `path`; none where it is a model itself, whatever lies beside that.
fn engines(path: &Path) -> Vec<PathBuf> {
    let is_model = std::iter::once(index::FILE).chain(pyke::FILES).any(|file| files::is_file(&path.join(file)))
        || [GraphRole::Unet, GraphRole::Transformer]
            .into_iter()
            .flat_map(places::usual)
            .any(|name| files::is_folder(&path.join(name)) || files::is_file(&path.join(format!("{name}.onnx"))));
    if is_model {
        return Vec::new();
    }
    let direct = path.join(ENGINE);
    if has_graphs(&direct) {
        return vec![direct];
    }
    let parent = match path.file_name() {
        Some(name) if name == ENGINES => path.to_path_buf(),
        _ => path.join(ENGINES),
    };
    let mut found: Vec<PathBuf> =
        sub_folders(&parent).into_iter().map(|model| model.join(ENGINE)).filter(|engine| has_graphs(engine)).collect();
    found.sort();
    found
}

/// The folders around `<work>/ORT_CUDA/<model>/engine` that may have its tokenizers.
fn beside_engine(engine: &Path) -> Vec<PathBuf> {
    let Ok(engine) = files::absolute(engine) else { return Vec::new() };
    let mut folders = Vec::new();
    let Some(model) = engine.parent() else { return folders };
    folders.push(model.to_path_buf());
    let work = model.parent().and_then(Path::parent);
    let (Some(work), Some(short)) = (work, model.file_name().and_then(|name| name.to_str())) else { return folders };
    for publisher in sub_folders(&work.join(TORCH)) {
        let is_it = |folder: &PathBuf| {
            // `short_name` in the scripts' `diffusion_models.py`.
            let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.replace("stable-diffusion", "sd") == short
        };
        folders.extend(sub_folders(&publisher).into_iter().filter(is_it));
    }
    folders
}

/// Whether a sub-folder has a graph in it.
fn has_graphs(folder: &Path) -> bool {
    sub_folders(folder).iter().any(|folder| {
        let paths = files::list(folder).unwrap_or_default();
        paths.iter().any(|path| path.extension().is_some_and(|extension| extension == "onnx"))
    })
}

fn sub_folders(folder: &Path) -> Vec<PathBuf> {
    let mut paths = files::list(folder).unwrap_or_default();
    paths.retain(|path| files::is_folder(path));
    paths
}

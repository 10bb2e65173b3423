//! Where each text encoder's tokenizer lies, and what pads its texts.

use std::path::{Path, PathBuf};

use super::family::Family;
use super::inventory::Inventory;
use super::layout::GraphRole;
use super::text_config::TextArchitecture;
use crate::files;

/// The tokenizer of one text encoder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TokenizerPlace {
    /// The folder with its files.
    pub(super) folder: PathBuf,
    /// What pads a text, where the folder's own files do not say or are those of another encoder.
    pub(super) padding: Option<&'static str>,
    /// What people should know about the choice.
    pub(super) note: Option<String>,
}

/// The tokenizer for `role`, in its own folder, beside the graphs, or `elsewhere`; or the words for what is missing.
pub(super) fn find(
    inventory: &Inventory,
    family: Family,
    role: GraphRole,
    elsewhere: &[PathBuf],
) -> Result<TokenizerPlace, String> {
    let is_t5 = family.architecture(role) == Some(TextArchitecture::T5);
    let name = role.tokenizer().unwrap_or("tokenizer");
    let padding = |folder: &Path| {
        let says =
            ["tokenizer_config.json", "special_tokens_map.json"].iter().any(|file| files::is_file(&folder.join(file)));
        (!is_t5 && !says).then(|| family.padding(role))
    };
    let own = own_folder(inventory, name, role, elsewhere);
    if let Some((folder, note)) = own {
        let padding = padding(&folder);
        let unsaid = padding.map(|token| {
            format!("{name} has no config, so texts are padded with \"{token}\", as in {}.", family.title())
        });
        let note = match (note, unsaid) {
            (Some(note), Some(unsaid)) => Some(format!("{note} {unsaid}")),
            (note, unsaid) => note.or(unsaid),
        };
        return Ok(TokenizerPlace { folder, padding, note });
    }
    // Both CLIPs of a family split words alike; only what pads them differs.
    if !is_t5
        && role != GraphRole::TextEncoder
        && let Some((folder, _)) = own_folder(inventory, "tokenizer", GraphRole::TextEncoder, elsewhere)
    {
        let token = family.padding(role);
        let note = Some(format!("There is no {name}/, so tokenizer/ is used for both, padded with \"{token}\"."));
        return Ok(TokenizerPlace { folder, padding: Some(token), note });
    }
    Err(match () {
        () if inventory.has(name, "model.onnx") => format!(
            "{name}/vocab.json with merges.txt (its tokenizer is a graph for onnxruntime-extensions, which is not read)"
        ),
        () if is_t5 => format!("{name}/tokenizer.json (or spiece.model)"),
        () => format!("{name}/vocab.json with merges.txt (or tokenizer.json)"),
    })
}

/// The folder that has the tokenizer called `name`, with a note where that is not the usual one.
fn own_folder(
    inventory: &Inventory,
    name: &str,
    role: GraphRole,
    elsewhere: &[PathBuf],
) -> Option<(PathBuf, Option<String>)> {
    if inventory.has_tokenizer(name) {
        return Some((inventory.root().join(name), None));
    }
    let has = |folder: &Path| {
        let has = |file| files::is_file(&folder.join(file));
        has("tokenizer.json") || has("spiece.model") || (has("vocab.json") && has("merges.txt"))
    };
    if role == GraphRole::TextEncoder && has(inventory.root()) {
        return Some((inventory.root().to_path_buf(), None));
    }
    let folder = elsewhere.iter().map(|folder| folder.join(name)).find(|folder| has(folder))?;
    let note = format!("The {name} is the one in \"{}\".", folder.display());
    Some((folder, Some(note)))
}

//! Reading a model folder without any configuration of our own.
//!
//! A model is a folder of ONNX graphs and JSON files that belong together. This room recognises which
//! layout and which family it is, finds the graphs, reads every config once, and checks all of it, so that the
//! rest of the crate sees plain typed facts. Of the denoiser's graph it reads names and sizes, to know the family where
//! no file names it; element types, ranks and static sizes of what runs are read from the opened graphs by `runtime`.
//!
//! The one entry is [`ModelFolder::open`]. Every bad input gives one sentence that names the file, what is in
//! it, and what is allowed.

pub mod cascade;
pub(crate) mod constants;
mod defaults;
mod denoiser;
mod depth_extractor;
mod detect;
mod evidence;
mod family;
mod feature_extractor;
mod fields;
mod finder;
mod folder;
mod index;
mod inventory;
mod json;
mod layout;
mod places;
mod pyke;
mod scheduler_file;
mod schedules;
mod settings;
mod sides;
mod site;
mod text_config;
mod tokenizers;
mod usual;
mod vae;

pub use constants::{read_array, read_matrix, read_vector};
pub use defaults::GenerationDefaults;
pub use denoiser::DenoiserConfig;
pub use depth_extractor::DepthExtractor;
pub use family::{Family, Task};
pub use feature_extractor::FeatureExtractor;
pub use folder::ModelFolder;
pub use layout::{GraphRole, Layout};
pub use scheduler_file::SchedulerFile;
pub use settings::PipelineSettings;
pub use sides::SideGraph;
pub use text_config::{TextArchitecture, TextEncoderConfig};
pub use usual::UsualSettings;
pub use vae::VaeConfig;

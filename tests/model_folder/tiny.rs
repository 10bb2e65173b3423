//! The committed random-weight models, which diffusers and optimum themselves wrote.

use std::fs;
use std::path::Path;

use diffusion::model::{GraphRole, ModelFolder};

#[test]
fn every_committed_model_opens() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    let Ok(entries) = fs::read_dir(&models) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("tiny-")) {
        let model = ModelFolder::open(&entry.path()).unwrap_or_else(|error| panic!("{error}"));
        for role in GraphRole::ALL.into_iter().filter(|role| role.is_required()) {
            assert!(model.require(role).unwrap().is_file());
        }
        assert!(model.scheduler().class_name.is_some());
    }
}

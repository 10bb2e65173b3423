//! What a request would have to give for a value to be computed.

use std::collections::BTreeSet;

use super::opened::Cascade;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::model::cascade::{Operation, Source};

impl Cascade {
    /// Checks that the request gives all that the value `name` is made of, before any work starts.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names what is missing.
    pub(super) fn check_available(&self, plan: &Plan, name: &str) -> Result<()> {
        let missing = self.missing(plan, name);
        if missing.is_empty() {
            return Ok(());
        }
        let list = missing.into_iter().collect::<Vec<_>>().join(", and ");
        Err(Error::invalid(format!(
            "the model at \"{}\" needs {list}; the request gives none",
            self.folder.root.display()
        )))
    }

    /// Whether the request gives all that the value `name` is made of.
    pub(super) fn is_available(&self, plan: &Plan, name: &str) -> bool {
        self.missing(plan, name).is_empty()
    }

    /// The same without what is handed in for the value itself.
    pub(super) fn can_be_made(&self, plan: &Plan, name: &str) -> bool {
        self.missing_for(plan, name).is_empty()
    }

    /// What is missing, in words.
    fn missing(&self, plan: &Plan, name: &str) -> BTreeSet<String> {
        match plan.embeddings.contains_key(name) {
            true => BTreeSet::new(),
            false => self.missing_for(plan, name),
        }
    }

    fn missing_for(&self, plan: &Plan, name: &str) -> BTreeSet<String> {
        let of_all = |names: Vec<&str>| names.into_iter().flat_map(|name| self.missing(plan, name)).collect();
        match self.folder.manifest.source(name) {
            None | Some(Source::Text(..) | Source::Constant(_)) => BTreeSet::new(),
            Some(Source::Class(classes)) => match plan.classes.contains_key(name) {
                true => BTreeSet::new(),
                false => {
                    let count = classes.count.fixed().unwrap_or(0);
                    BTreeSet::from([format!("a class (\"{name}\", 0 to {})", count.saturating_sub(1))])
                }
            },
            Some(Source::Picture(role)) => match plan.given.contains_key(name) {
                true => of_all(Source::Picture(role).inputs()),
                false => {
                    let given = role.same_as.as_deref().unwrap_or(name);
                    BTreeSet::from([format!("a picture for \"{given}\"")])
                }
            },
            Some(Source::Layout(_)) => match plan.layouts.contains_key(name) {
                true => BTreeSet::new(),
                false => BTreeSet::from([format!("boxes (\"{name}\"), whose phrases are the names of classes")]),
            },
            Some(Source::Operation(Operation::FirstOf { of })) => {
                let ways: Vec<BTreeSet<String>> = of.iter().map(|way| self.missing(plan, way)).collect();
                match ways.iter().any(BTreeSet::is_empty) {
                    true => BTreeSet::new(),
                    false => {
                        let ways = ways.into_iter().map(|way| way.into_iter().collect::<Vec<_>>().join(" and "));
                        let ways: BTreeSet<String> = ways.collect();
                        BTreeSet::from([ways.into_iter().collect::<Vec<_>>().join(", or ")])
                    }
                }
            }
            Some(Source::Negative(_)) if plan.negative().is_none() => BTreeSet::from(["a negative prompt".to_owned()]),
            Some(Source::Stage(stage) | Source::Negative(stage)) => of_all(stage.needs()),
            Some(source) => of_all(source.inputs()),
        }
    }
}

//! Which of a request's words the value that is drawn is made of.

use std::collections::BTreeSet;

use super::opened::Cascade;
use super::plan::Plan;
use crate::model::cascade::{Operation, Source};

/// The names of everything that one value is made of.
pub(super) struct Reached(BTreeSet<String>);

impl Reached {
    /// Of the value `name`: of several ways the one that is taken, of what a stage may use what the request gives.
    pub(super) fn from(cascade: &Cascade, plan: &Plan, name: &str) -> Self {
        let mut reached = Self(BTreeSet::new());
        reached.add(cascade, plan, name);
        reached
    }

    /// Whether the value `name` is among them, or an output of the graph `name`.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether any field of the text `name` is among them.
    pub(super) fn holds_text(&self, name: &str) -> bool {
        [".ids", ".mask", ".length"].iter().any(|field| self.0.contains(&format!("{name}{field}")))
    }

    fn add(&mut self, cascade: &Cascade, plan: &Plan, name: &str) {
        if !self.0.insert(name.to_owned()) {
            return;
        }
        let manifest = &cascade.folder.manifest;
        // What is handed in is not computed, but perhaps for an unconditional branch that is told something else.
        let computed_anew = manifest.stages.iter().any(|stage| {
            let replaced = stage.null.contains_key(name);
            !replaced && cascade.differs(name, stage) && cascade.can_be_made(plan, name)
        });
        if plan.embeddings.contains_key(name) && !computed_anew {
            return;
        }
        let names = match manifest.source(name) {
            None => Vec::new(),
            Some(Source::Operation(Operation::FirstOf { of })) => {
                of.iter().map(String::as_str).find(|way| cascade.is_available(plan, way)).into_iter().collect()
            }
            Some(Source::Stage(stage) | Source::Negative(stage)) => {
                self.0.insert(stage.name.clone());
                let used = stage.may_use().into_iter().filter(|value| cascade.is_available(plan, value));
                stage.needs().into_iter().chain(used).collect()
            }
            Some(Source::Picture(role)) => {
                self.0.extend(role.same_as.clone());
                Source::Picture(role).inputs()
            }
            Some(source) => source.inputs(),
        };
        names.into_iter().for_each(|name| self.add(cascade, plan, name));
    }
}

//! Parts of a manifest that a folder may leave out, and what goes with them.

use std::collections::BTreeSet;
use std::path::Path;

use super::manifest::{Manifest, Operation};
use super::references::Source;
use crate::files;

impl Manifest {
    /// Takes out every optional part whose files are not in `root`, and all that cannot be made without it. Of several
    /// ways to make a value those that are left stay; pictures that nothing looks at any more go too.
    pub(super) fn prune(&mut self, root: &Path) {
        let mut gone = BTreeSet::new();
        let texts =
            self.texts.iter().filter(|(_, text)| text.optional && !files::is_folder(&root.join(&text.tokenizer)));
        gone.extend(texts.map(|(name, _)| name.clone()));
        let constants = self
            .constants
            .iter()
            .filter(|(_, constant)| constant.optional && !files::is_file(&root.join(&constant.file)));
        gone.extend(constants.map(|(name, _)| name.clone()));
        let has_graph = |folder: &str| files::is_file(&root.join(folder).join("model.onnx"));
        let graphs =
            self.graphs.iter().filter(|(name, node)| node.optional && !has_graph(node.path.as_deref().unwrap_or(name)));
        gone.extend(graphs.map(|(name, _)| name.clone()));
        let stages = self.stages.iter().filter(|stage| stage.optional && !has_graph(&stage.denoiser));
        gone.extend(stages.map(|stage| stage.name.clone()));
        while self.take_out(&mut gone) {}
        if !gone.is_empty() {
            self.drop_unreached();
        }
        self.embeddings.retain(|name| !gone.contains(owner(name)));
        let mut used: BTreeSet<String> = self.used().into_iter().map(str::to_owned).collect();
        let shown = self.pictures.iter().filter(|(name, _)| used.contains(*name));
        let shared: Vec<String> = shown.filter_map(|(_, role)| role.same_as.clone()).collect();
        used.extend(shared);
        self.pictures.retain(|name, _| used.contains(name));
        if self.main.as_ref().is_some_and(|main| gone.contains(main)) {
            self.main = None;
        }
    }

    /// Takes out what is in `gone` and adds what cannot be made without it; whether there was anything new.
    fn take_out(&mut self, gone: &mut BTreeSet<String>) -> bool {
        let is_gone = |name: &str| gone.contains(owner(name));
        let mut more = BTreeSet::new();
        for (name, operation) in &mut self.values {
            if let Operation::FirstOf { of } = operation {
                of.retain(|way| !is_gone(way));
                if of.is_empty() {
                    more.insert(name.clone());
                }
            } else if operation.inputs().into_iter().any(is_gone) {
                more.insert(name.clone());
            }
        }
        more.extend(
            self.graphs
                .iter()
                .filter(|(_, node)| node.inputs.values().any(|value| is_gone(value)))
                .map(|(n, _)| n.clone()),
        );
        for stage in &mut self.stages {
            if stage.needs().into_iter().any(is_gone) {
                more.insert(stage.name.clone());
            }
            for optional in [&mut stage.from, &mut stage.start] {
                optional.take_if(|value| is_gone(value));
            }
            stage.keep.take_if(|keep| is_gone(&keep.picture) || is_gone(&keep.mask));
        }
        let new = more.iter().any(|name| !gone.contains(name));
        gone.extend(more);
        self.texts.retain(|name, _| !gone.contains(name));
        self.constants.retain(|name, _| !gone.contains(name));
        self.graphs.retain(|name, _| !gone.contains(name));
        self.values.retain(|name, _| !gone.contains(name));
        self.stages.retain(|stage| !gone.contains(&stage.name));
        new
    }

    /// Takes out the operations and graphs that only something taken out has read.
    fn drop_unreached(&mut self) {
        let mut reached: BTreeSet<String> = BTreeSet::new();
        let stages = self.stages.iter().map(|stage| stage.name.as_str());
        let roots = stages.chain(self.embeddings.iter().map(String::as_str)).chain([self.picture.of.as_str()]);
        let mut open: Vec<&str> = roots.collect();
        while let Some(value) = open.pop() {
            if reached.insert(value.to_owned())
                && let Some(source) = self.source(value)
            {
                open.extend(source.inputs());
            }
        }
        let owners: BTreeSet<String> = reached.iter().map(|value| owner(value).to_owned()).collect();
        self.values.retain(|name, _| owners.contains(name));
        self.graphs.retain(|name, _| owners.contains(name));
    }

    /// Every value that something names.
    fn used(&self) -> Vec<&str> {
        let graphs = self.graphs.iter().flat_map(|(name, node)| Source::Graph(name, node, "").inputs());
        let values = self.values.values().flat_map(Operation::inputs);
        let stages = self.stages.iter().flat_map(|stage| Source::Stage(stage).inputs());
        let pictures = self.pictures.values().flat_map(|role| Source::Picture(role).inputs());
        let handed_out = self.embeddings.iter().map(String::as_str).chain([self.picture.of.as_str()]);
        graphs.chain(values).chain(stages).chain(pictures).chain(handed_out).collect()
    }
}

/// What makes a value: the part of its name before the dot.
fn owner(name: &str) -> &str {
    name.split_once('.').map_or(name, |(owner, _)| owner)
}

//! Changing a graph: nodes and values by name, with who makes and who uses each value kept up to date.

use std::collections::{HashMap, HashSet};

use super::proto::{NodeProto, TensorProto, ValueInfoProto};
use super::{Model, order, scope};
use crate::{Error, Result};

/// A node of an [`Editor`]: stays the same while other nodes come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

/// The main graph of a [`Model`], opened for changes.
///
/// Nothing changes in the model before [`finish`](Self::finish). Values are known by their names, of which each has
/// one maker: a node, an initializer, or an input of the graph.
#[derive(Debug)]
pub struct Editor<'m> {
    model: &'m mut Model,
    nodes: Vec<Option<NodeProto>>,
    producers: HashMap<String, NodeId>,
    /// Who uses a value, subgraphs included; each node once, in the order of their numbers.
    consumers: HashMap<String, Vec<NodeId>>,
    inputs: HashSet<String>,
    outputs: HashSet<String>,
    /// Where in the model's list each initializer lies that is still there.
    kept: HashMap<String, usize>,
    added: Vec<TensorProto>,
    added_outputs: Vec<ValueInfoProto>,
    /// Every name that was ever in use, those inside subgraphs too.
    names: HashSet<String>,
}

impl<'m> Editor<'m> {
    /// Opens the main graph of `model`.
    ///
    /// # Errors
    /// [`Error::BadModel`] for a graph in which a value has two makers or none, or a node needs its own result.
    pub fn new(model: &'m mut Model) -> Result<Self> {
        let graph = model.graph()?;
        let origin = model.origin().to_owned();
        let bad = |message: String| Error::bad_model(&origin, message);
        let names = |infos: &[ValueInfoProto]| infos.iter().filter_map(|info| info.name.clone()).collect();
        let (inputs, outputs) = (names(&graph.input), names(&graph.output));
        let mut kept = HashMap::new();
        for (index, tensor) in graph.initializer.iter().enumerate() {
            let name = tensor.name.clone().unwrap_or_default();
            if let Some(first) = kept.insert(name, index) {
                let name = graph.initializer[first].name.as_deref().unwrap_or("");
                return Err(bad(format!("its graph has two initializers \"{name}\"")));
            }
        }
        let sparse = graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref()?.name.clone());
        let mut all: HashSet<String> = kept.keys().cloned().chain(sparse).collect();
        all.extend(graph.input.iter().chain(&graph.output).filter_map(|info| info.name.clone()));
        let nodes = graph.node.clone();
        nodes.iter().for_each(|node| scope::all_names(node, &mut all));
        let mut editor = Editor {
            model,
            nodes: Vec::with_capacity(nodes.len()),
            producers: HashMap::new(),
            consumers: HashMap::new(),
            inputs,
            outputs,
            kept,
            added: Vec::new(),
            added_outputs: Vec::new(),
            names: all,
        };
        for node in nodes {
            if let Some(name) = editor.taken(&node) {
                return Err(bad(format!("the value \"{name}\" of its graph is made twice")));
            }
            editor.place(node);
        }
        if let Some(name) = editor.without_maker() {
            return Err(bad(format!("nothing makes the value \"{name}\" of its graph")));
        }
        editor.order()?;
        Ok(editor)
    }

    /// The nodes, each after all that it needs.
    ///
    /// # Errors
    /// [`Error::BadModel`] if edits made a node need its own result.
    pub fn order(&self) -> Result<Vec<NodeId>> {
        let alive: Vec<_> = (0..self.nodes.len()).map(NodeId).filter(|id| self.node(*id).is_some()).collect();
        let captured: HashMap<_, _> =
            alive.iter().filter_map(|id| Some((*id, scope::captured(self.node(*id)?)))).collect();
        let needs = |id: NodeId| -> Vec<&str> {
            let own = self.node(id).into_iter().flat_map(|node| node.input.iter());
            own.chain(&captured[&id]).map(String::as_str).filter(|name| !name.is_empty()).collect()
        };
        order::sort(&alive, needs, &self.producers).map_err(|id| {
            let node = self.node(id).map_or_else(String::new, describe);
            Error::bad_model(self.model.origin(), format!("{node} of its graph needs its own result"))
        })
    }

    /// The node, if it is still there.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&NodeProto> {
        self.nodes.get(id.0)?.as_ref()
    }

    /// The node that makes `value`; `None` for inputs, initializers and unknown names.
    #[must_use]
    pub fn producer(&self, value: &str) -> Option<NodeId> {
        self.producers.get(value).copied()
    }

    /// The node that makes `value`, itself.
    #[must_use]
    pub fn maker(&self, value: &str) -> Option<&NodeProto> {
        self.node(self.producer(value)?)
    }

    /// The nodes that use `value`, each once; a node counts as using what its subgraphs use.
    #[must_use]
    pub fn consumers(&self, value: &str) -> &[NodeId] {
        self.consumers.get(value).map_or(&[], Vec::as_slice)
    }

    /// Whether `value` is an input of the graph.
    #[must_use]
    pub fn is_input(&self, value: &str) -> bool {
        self.inputs.contains(value)
    }

    /// Whether `value` is an output of the graph.
    #[must_use]
    pub fn is_output(&self, value: &str) -> bool {
        self.outputs.contains(value)
    }

    /// The initializer of that name.
    #[must_use]
    pub fn initializer(&self, name: &str) -> Option<&TensorProto> {
        match self.kept.get(name) {
            Some(index) => self.model.proto.graph.as_ref()?.initializer.get(*index),
            None => self.added.iter().find(|tensor| tensor.name.as_deref() == Some(name)),
        }
    }

    /// All initializers that are there.
    pub fn initializers(&self) -> impl Iterator<Item = &TensorProto> {
        let old = self.model.proto.graph.iter().flat_map(|graph| &graph.initializer);
        let kept = old.filter(|tensor| self.kept.contains_key(tensor.name.as_deref().unwrap_or("")));
        kept.chain(&self.added)
    }

    /// The model as it was before the edits.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.model
    }

    /// A name that nothing has, `prefix` itself if it is free.
    #[must_use]
    pub fn fresh_name(&mut self, prefix: &str) -> String {
        let mut name = prefix.to_owned();
        let mut number = 0u64;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{prefix}_{number}");
        }
        name
    }

    /// Adds a node. Where among the others it will stand is seen to by [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`Error::Internal`] if one of its outputs already has a maker.
    pub fn add_node(&mut self, node: NodeProto) -> Result<NodeId> {
        match self.taken(&node) {
            Some(name) => Err(Error::Internal(format!("an edit would make the value \"{name}\" twice"))),
            None => Ok(self.place(node)),
        }
    }

    /// Adds an initializer.
    ///
    /// # Errors
    /// [`Error::Internal`] if it has no name, or something else has it.
    pub fn add_initializer(&mut self, tensor: TensorProto) -> Result<()> {
        let name = tensor.name.as_deref().unwrap_or("");
        if name.is_empty() || self.has_maker(name) {
            return Err(Error::Internal(format!("an edit would make the value \"{name}\" twice")));
        }
        self.names.insert(name.to_owned());
        self.added.push(tensor);
        Ok(())
    }

    /// Lets the graph give out one value more, behind those that it gives out already. Something must make the value
    /// before [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`Error::Internal`] if it has no name, or is given out already.
    pub fn add_output(&mut self, value: ValueInfoProto) -> Result<()> {
        let name = value.name.clone().unwrap_or_default();
        if name.is_empty() || !self.outputs.insert(name.clone()) {
            return Err(Error::Internal(format!("an edit would give out the value \"{name}\" twice")));
        }
        self.added_outputs.push(value);
        Ok(())
    }

    /// Takes a node out, and gives it back; its outputs have no maker from then on.
    pub fn remove_node(&mut self, id: NodeId) -> Option<NodeProto> {
        let node = self.nodes.get_mut(id.0)?.take()?;
        node.output.iter().for_each(|name| {
            self.producers.remove(name);
        });
        for name in uses(&node) {
            self.forget_use(&name, id);
        }
        Some(node)
    }

    /// Takes out the initializer of that name; `false` if there is none.
    pub fn remove_initializer(&mut self, name: &str) -> bool {
        let added = self.added.len();
        self.added.retain(|tensor| tensor.name.as_deref() != Some(name));
        self.kept.remove(name).is_some() || self.added.len() < added
    }

    /// Lets everything that uses `old` use `new` instead, in subgraphs too; gives the number of nodes that did. The
    /// graph's outputs keep their names and so their makers: to replace one, remove its maker and add another node
    /// that makes the same name.
    pub fn replace_uses(&mut self, old: &str, new: &str) -> usize {
        if old == new {
            return 0;
        }
        let users = self.consumers.remove(old).unwrap_or_default();
        for id in &users {
            if let Some(node) = self.nodes.get_mut(id.0).and_then(Option::as_mut) {
                scope::rename_uses(node, old, new);
            }
            note_use(&mut self.consumers, new, *id);
        }
        users.len()
    }

    /// Takes out every node of which nothing leads to an output of the graph, and then every initializer that
    /// nothing uses; gives the number of nodes.
    pub fn remove_dead(&mut self) -> usize {
        let mut open: Vec<NodeId> = (0..self.nodes.len()).map(NodeId).collect();
        let mut count = 0;
        while let Some(id) = open.pop() {
            let Some(node) = self.node(id) else { continue };
            if node.output.iter().any(|name| self.is_output(name) || !self.consumers(name).is_empty()) {
                continue;
            }
            let makers: Vec<_> = uses(node).iter().filter_map(|name| self.producer(name)).collect();
            self.remove_node(id);
            count += 1;
            open.extend(makers);
        }
        let unused = |name: &str| {
            !self.consumers.contains_key(name) && !self.outputs.contains(name) && !self.inputs.contains(name)
        };
        let old: Vec<_> = self.kept.keys().filter(|name| unused(name)).cloned().collect();
        let new: Vec<_> = self.added.iter().filter_map(|t| t.name.clone()).filter(|name| unused(name)).collect();
        old.iter().chain(&new).for_each(|name| {
            self.remove_initializer(name);
        });
        count
    }

    /// Writes the graph back into the model, with its nodes in an order in which they can run.
    ///
    /// # Errors
    /// [`Error::BadModel`] if a node needs its own result, [`Error::Internal`] if an edit left a value that is used
    /// without a maker; the model is unchanged then.
    pub fn finish(mut self) -> Result<()> {
        let order = self.order()?;
        if let Some(name) = self.without_maker() {
            return Err(Error::Internal(format!("after the edits nothing makes the value \"{name}\"")));
        }
        let nodes: Vec<_> = order.iter().filter_map(|id| self.nodes.get_mut(id.0)?.take()).collect();
        let Some(graph) = self.model.proto.graph.as_mut() else {
            return Err(Error::Internal("a model lost its graph".to_owned()));
        };
        graph.node = nodes;
        graph.initializer.retain(|tensor| self.kept.contains_key(tensor.name.as_deref().unwrap_or("")));
        graph.initializer.append(&mut self.added);
        graph.output.append(&mut self.added_outputs);
        let (producers, kept) = (&self.producers, &self.kept);
        let exists = |name: &str| producers.contains_key(name) || kept.contains_key(name);
        graph.value_info.retain(|info| info.name.as_deref().is_some_and(exists));
        Ok(())
    }

    /// The output of `node` that has another maker already, or the one that it names twice.
    fn taken<'n>(&self, node: &'n NodeProto) -> Option<&'n str> {
        let outputs = || node.output.iter().map(String::as_str).filter(|name| !name.is_empty());
        let twice = |(index, name): &(usize, &str)| outputs().take(*index).any(|other| other == *name);
        outputs().enumerate().find(|found| self.has_maker(found.1) || twice(found)).map(|(_, name)| name)
    }

    /// A value that is used and that nothing makes, the first by name.
    fn without_maker(&self) -> Option<&String> {
        let used = self.consumers.keys().chain(&self.outputs);
        used.filter(|name| !self.has_maker(name) && !self.is_sparse(name)).min()
    }

    fn has_maker(&self, name: &str) -> bool {
        self.producers.contains_key(name) || self.inputs.contains(name) || self.initializer(name).is_some()
    }

    fn is_sparse(&self, name: &str) -> bool {
        let graph = self.model.proto.graph.iter();
        let mut tensors = graph.flat_map(|graph| &graph.sparse_initializer).filter_map(|sparse| sparse.values.as_ref());
        tensors.any(|values| values.name.as_deref() == Some(name))
    }

    fn place(&mut self, node: NodeProto) -> NodeId {
        let id = NodeId(self.nodes.len());
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            self.names.insert(name.clone());
            self.producers.insert(name.clone(), id);
        }
        for name in uses(&node) {
            note_use(&mut self.consumers, &name, id);
        }
        self.nodes.push(Some(node));
        id
    }

    fn forget_use(&mut self, name: &str, id: NodeId) {
        if let Some(users) = self.consumers.get_mut(name) {
            users.retain(|user| *user != id);
            if users.is_empty() {
                self.consumers.remove(name);
            }
        }
    }
}

fn note_use(consumers: &mut HashMap<String, Vec<NodeId>>, name: &str, id: NodeId) {
    let users = consumers.entry(name.to_owned()).or_default();
    if let Err(place) = users.binary_search(&id) {
        users.insert(place, id);
    }
}

/// What a node uses, itself and in its subgraphs.
fn uses(node: &NodeProto) -> Vec<String> {
    let mut names = scope::captured(node);
    names.extend(node.input.iter().filter(|name| !name.is_empty()).cloned());
    names
}

fn describe(node: &NodeProto) -> String {
    format!("the node \"{}\" ({})", node.name.as_deref().unwrap_or(""), node.op_type.as_deref().unwrap_or(""))
}

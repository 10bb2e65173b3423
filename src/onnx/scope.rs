//! What subgraphs (of `If`, `Loop`, `Scan`) use of the graph around them.

use std::collections::HashSet;

use super::proto::{GraphProto, NodeProto};

/// The subgraphs that a node carries.
fn subgraphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
    node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
}

/// The names that the node's subgraphs use without defining them; sorted, each once.
pub(super) fn captured(node: &NodeProto) -> Vec<String> {
    let mut names = Vec::new();
    subgraphs(node).for_each(|graph| free_names(graph, &mut names));
    names.sort_unstable();
    names.dedup();
    names
}

// Recursion is safe: prost refuses messages that are nested more than 100 deep.
fn free_names(graph: &GraphProto, free: &mut Vec<String>) {
    let inputs = graph.input.iter().filter_map(|input| input.name.as_deref());
    let tensors = graph.initializer.iter().filter_map(|tensor| tensor.name.as_deref());
    let sparse = graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref()?.name.as_deref());
    let made = graph.node.iter().flat_map(|node| node.output.iter().map(String::as_str));
    let own: HashSet<&str> = inputs.chain(tensors).chain(sparse).chain(made).collect();
    let mut used: Vec<String> = graph.output.iter().filter_map(|output| output.name.clone()).collect();
    for node in &graph.node {
        used.extend(node.input.iter().filter(|name| !name.is_empty()).cloned());
        subgraphs(node).for_each(|inner| free_names(inner, &mut used));
    }
    free.extend(used.into_iter().filter(|name| !own.contains(name.as_str())));
}

/// Puts `new` in the place of `old` in the node's inputs and in what its subgraphs use.
pub(super) fn rename_uses(node: &mut NodeProto, old: &str, new: &str) {
    node.input.iter_mut().filter(|name| *name == old).for_each(|name| new.clone_into(name));
    for attribute in &mut node.attribute {
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            let mut free = Vec::new();
            free_names(graph, &mut free);
            if !free.iter().any(|name| name == old) {
                continue;
            }
            graph.node.iter_mut().for_each(|inner| rename_uses(inner, old, new));
            let outputs = graph.output.iter_mut().filter_map(|output| output.name.as_mut());
            outputs.filter(|name| *name == old).for_each(|name| new.clone_into(name));
        }
    }
}

/// Every name that the node and its subgraphs mention.
pub(super) fn all_names(node: &NodeProto, names: &mut HashSet<String>) {
    names.extend(node.input.iter().chain(&node.output).cloned());
    for graph in subgraphs(node) {
        names.extend(graph.input.iter().chain(&graph.output).filter_map(|info| info.name.clone()));
        names.extend(graph.initializer.iter().filter_map(|tensor| tensor.name.clone()));
        graph.node.iter().for_each(|inner| all_names(inner, names));
    }
}

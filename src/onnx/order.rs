//! The order in which nodes stand: each after all that it needs.

use std::collections::HashMap;

use super::NodeId;

/// Puts `nodes` so that each stands after the makers of what it uses. Where that leaves a choice they keep the order in
/// which they come, so that a file that was in order stays as it was. `Err` names a node that needs its own result.
pub(super) fn sort<'n>(
    nodes: &[NodeId],
    needs: impl Fn(NodeId) -> Vec<&'n str>,
    producer: &HashMap<String, NodeId>,
) -> Result<Vec<NodeId>, NodeId> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Open,
        Done,
    }
    let mut states: HashMap<NodeId, State> = HashMap::with_capacity(nodes.len());
    let mut order = Vec::with_capacity(nodes.len());
    // Depth first with our own stack: graphs are thousands of nodes deep.
    let mut stack: Vec<NodeId> = Vec::new();
    for start in nodes {
        stack.push(*start);
        while let Some(node) = stack.last().copied() {
            match states.get(&node) {
                Some(State::Done) => {
                    stack.pop();
                }
                Some(State::Open) => {
                    // Everything that it needs has been placed above it on the stack and is gone by now.
                    stack.pop();
                    states.insert(node, State::Done);
                    order.push(node);
                }
                None => {
                    states.insert(node, State::Open);
                    for maker in needs(node).into_iter().rev().filter_map(|name| producer.get(name)) {
                        match states.get(maker) {
                            Some(State::Open) => return Err(*maker),
                            Some(State::Done) => {}
                            None => stack.push(*maker),
                        }
                    }
                }
            }
        }
    }
    Ok(order)
}

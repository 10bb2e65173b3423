//! Which of a text encoder's outputs is what.
//!
//! Exports name them in two ways: transformers' (`last_hidden_state`, `hidden_states.0` … `.N`, `pooler_output` or,
//! with a projection, `text_embeds`; what optimum and diffusers write), and that of onnxruntime's demo scripts
//! (`text_embeddings`, which is the last state of a plain encoder and the pooled vector of a projecting one, and
//! `hidden_states`, the penultimate state alone).

/// No text encoder has as many layers; a larger number in a name is something else.
const MOST_STATES: usize = 1024;
/// What exports call the states.
pub(super) const STATES_PREFIX: &str = "hidden_states.";
/// What opening calls the states that it puts through the final norm.
pub(super) const NORMED_PREFIX: &str = "hidden_states_normed.";

/// Which of a text encoder's states becomes the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum HiddenState {
    /// `last_hidden_state`: the last layer's, behind the final norm.
    Last,
    /// `hidden_states[-k]` of transformers, without the final norm: 1 is the last layer's, 2 the penultimate one, which
    /// SDXL takes.
    FromEnd(usize),
    /// `final_layer_norm(hidden_states[-k])`, which Stable Diffusion 1 and 2 take with `clip_skip = k - 1` (diffusers
    /// `StableDiffusionPipeline.encode_prompt`); 1 is [`HiddenState::Last`].
    NormedFromEnd(usize),
}

/// The outputs of one encoder, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outputs {
    pub last: Option<String>,
    pub pooled: Option<String>,
    penultimate: Option<String>,
    /// `hidden_states.i` at `i`: the embeddings, then each layer's.
    states: Vec<Option<String>>,
    /// `hidden_states_normed.i` at `i`, which opening adds.
    normed: Vec<Option<String>>,
}

impl Outputs {
    /// From each output's name and rank.
    pub(super) fn of<'o>(outputs: impl IntoIterator<Item = (&'o str, usize)>) -> Self {
        let mut found = Self::default();
        let (mut text_embeds, mut embeddings, mut pooler, mut other) = (None, None, None, None);
        for (name, rank) in outputs {
            let own = Some(name.to_owned());
            let numbered = |prefix: &str| name.strip_prefix(prefix)?.parse::<usize>().ok().filter(|i| *i < MOST_STATES);
            match (name, rank) {
                ("last_hidden_state", _) => found.last = own,
                ("text_embeds", 2) => text_embeds = own,
                ("text_embeddings", 2) => embeddings = own,
                ("pooler_output", 2) => pooler = own,
                ("hidden_states", 3) => found.penultimate = own,
                (_, 3) => {
                    if let Some(index) = numbered(STATES_PREFIX) {
                        put(&mut found.states, index, name);
                    } else if let Some(index) = numbered(NORMED_PREFIX) {
                        put(&mut found.normed, index, name);
                    } else if name == "text_embeddings" || other.is_none() {
                        other = own;
                    }
                }
                _ => {}
            }
        }
        found.last = found.last.take().or(other);
        found.pooled = text_embeds.or(embeddings).or(pooler);
        found
    }

    /// The output that is `state`.
    pub(super) fn of_state(&self, state: HiddenState) -> Option<&str> {
        match state {
            HiddenState::Last | HiddenState::NormedFromEnd(1) => self.last.as_deref(),
            HiddenState::FromEnd(2) if self.states.is_empty() => self.penultimate.as_deref(),
            HiddenState::FromEnd(k) => self.at(&self.states, k),
            HiddenState::NormedFromEnd(k) => self.at(&self.normed, k),
        }
    }

    /// How many states the encoder gives out, the embeddings and the last layer's included; 0 where it has none.
    pub(super) fn state_count(&self) -> usize {
        self.states.len()
    }

    /// Whether the graph gives out states behind the final norm besides the last.
    pub(super) fn has_normed(&self) -> bool {
        !self.normed.is_empty()
    }

    fn at<'o>(&self, list: &'o [Option<String>], from_end: usize) -> Option<&'o str> {
        // Both lists are counted by the plain states, which end with the last layer's.
        let index = self.states.len().checked_sub(from_end).filter(|_| from_end > 0)?;
        list.get(index)?.as_deref()
    }
}

fn put(list: &mut Vec<Option<String>>, index: usize, name: &str) {
    if list.len() <= index {
        list.resize(index + 1, None);
    }
    list[index] = Some(name.to_owned());
}

#[cfg(test)]
mod tests {
    use super::HiddenState::{FromEnd, Last, NormedFromEnd};
    use super::*;

    #[test]
    fn transformers_names() {
        let plain = Outputs::of([("last_hidden_state", 3), ("pooler_output", 2)]);
        assert_eq!(plain.of_state(Last), Some("last_hidden_state"));
        assert_eq!(plain.of_state(NormedFromEnd(1)), Some("last_hidden_state"));
        assert_eq!(plain.pooled.as_deref(), Some("pooler_output"));
        assert_eq!([FromEnd(1), FromEnd(2), NormedFromEnd(2)].map(|state| plain.of_state(state)), [None; 3]);

        let mut names: Vec<_> = (0..=12).rev().map(|i| (format!("hidden_states.{i}"), 3)).collect();
        names.extend([("pooler_output", 2), ("last_hidden_state", 3), ("text_embeds", 2)].map(|(n, r)| (n.into(), r)));
        let sdxl = Outputs::of(names.iter().map(|(name, rank)| (name.as_str(), *rank)));
        assert_eq!(sdxl.of_state(FromEnd(1)), Some("hidden_states.12"));
        assert_eq!(sdxl.of_state(FromEnd(2)), Some("hidden_states.11"));
        assert_eq!(sdxl.of_state(FromEnd(13)), Some("hidden_states.0"));
        assert_eq!([FromEnd(0), FromEnd(14), FromEnd(usize::MAX)].map(|state| sdxl.of_state(state)), [None; 3]);
        assert_eq!(sdxl.pooled.as_deref(), Some("text_embeds"));
        assert_eq!(sdxl.state_count(), 13);
    }

    #[test]
    fn the_demo_scripts_names() {
        let first = Outputs::of([("text_embeddings", 3), ("hidden_states", 3)]);
        assert_eq!(first.of_state(Last), Some("text_embeddings"));
        assert_eq!(first.of_state(FromEnd(2)), Some("hidden_states"));
        assert_eq!(first.pooled, None);
        let second = Outputs::of([("text_embeddings", 2), ("hidden_states", 3)]);
        assert_eq!(second.of_state(Last), None);
        assert_eq!(second.of_state(FromEnd(2)), Some("hidden_states"));
        assert_eq!(second.pooled.as_deref(), Some("text_embeddings"));
    }

    #[test]
    fn names_that_nobody_knows() {
        let own = Outputs::of([("x", 2), ("y", 3), ("z", 3), ("hidden_states.99999999999", 3)]);
        assert_eq!(own.of_state(Last), Some("y"));
        assert_eq!((own.pooled.as_deref(), own.state_count()), (None, 0));
        assert_eq!(Outputs::of([]), Outputs::default());
    }
}

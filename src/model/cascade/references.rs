//! What a manifest's names mean, and whether each means something.

use std::collections::{BTreeMap, BTreeSet};

use super::dimension::{Base, Dimension};
use super::manifest::{
    Classes, Constant, Factor, GraphNode, Layout, Manifest, Null, Operation, PictureRole, Stage, Text,
};

/// The numbers of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// The tokens.
    Ids,
    /// 1 for each real token, 0 for what fills up.
    Mask,
    /// How many real tokens.
    Length,
}

/// What makes a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source<'m> {
    /// A prompt as numbers.
    Text(&'m Text, TextField),
    /// A label.
    Class(&'m Classes),
    /// A picture that a request gives.
    Picture(&'m PictureRole),
    /// Boxes as tokens.
    Layout(&'m Layout),
    /// A tensor out of a file.
    Constant(&'m Constant),
    /// An output of a graph: the node's name, the node, the output's name.
    Graph(&'m str, &'m GraphNode, &'m str),
    /// An operation.
    Operation(&'m Operation),
    /// A denoising loop.
    Stage(&'m Stage),
    /// What a denoising loop draws beside, for the negative prompt.
    Negative(&'m Stage),
}

/// The most ways in which values may need each other: many times what any model has.
const MAX_WAYS: u64 = 100_000;
/// The most values that need each other in a row: what recursion may rely on.
const MAX_DEPTH: usize = 64;

/// The word for the prompt in what the unconditional branch is told.
pub const PROMPT: &str = "prompt";

impl Manifest {
    /// What makes the value `name`; `None` if nothing does.
    #[must_use]
    pub fn source<'m>(&'m self, name: &'m str) -> Option<Source<'m>> {
        if let Some((text, field)) = name.rsplit_once('.')
            && let Some(text) = self.texts.get(text)
        {
            let field = match field {
                "ids" => TextField::Ids,
                "mask" => TextField::Mask,
                "length" => TextField::Length,
                _ => return None,
            };
            return Some(Source::Text(text, field));
        }
        if let Some((node, output)) = name.split_once('.')
            && let Some((node, graph)) = self.graphs.get_key_value(node)
        {
            return (!output.is_empty()).then_some(Source::Graph(node, graph, output));
        }
        if let Some(stage) = name.strip_suffix(".negative").and_then(|stage| self.stage(stage)) {
            return stage.negative_too.then_some(Source::Negative(stage));
        }
        let class = self.classes.get(name).map(Source::Class);
        class
            .or_else(|| self.pictures.get(name).map(Source::Picture))
            .or_else(|| self.layouts.get(name).map(Source::Layout))
            .or_else(|| self.constants.get(name).map(Source::Constant))
            .or_else(|| self.values.get(name).map(Source::Operation))
            .or_else(|| self.stage(name).map(Source::Stage))
    }

    /// The stage of that name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The stage that a request's own steps, guidance and scheduler mean.
    #[must_use]
    pub fn main_stage(&self) -> Option<&Stage> {
        match &self.main {
            Some(name) => self.stage(name),
            None => self.stages.first(),
        }
    }

    /// The outputs of the graph `node` that something needs, each once.
    #[must_use]
    pub fn outputs_of<'m>(&'m self, node: &str) -> Vec<&'m str> {
        let named = self.references().into_iter().filter_map(|(_, value)| value.split_once('.'));
        let mut outputs: Vec<&str> = named.filter(|(own, _)| *own == node).map(|(_, output)| output).collect();
        outputs.sort_unstable();
        outputs.dedup();
        outputs
    }

    /// Whether the value `name` is made of what a stage has drawn.
    #[must_use]
    pub fn is_drawn(&self, name: &str) -> bool {
        match self.source(name) {
            Some(Source::Stage(_) | Source::Negative(_)) => true,
            Some(source) => source.inputs().into_iter().any(|input| self.is_drawn(input)),
            None => false,
        }
    }

    /// Whether the value `name` is what the stage `stage` has drawn, through operations and other stages and no graph.
    #[must_use]
    pub fn shows(&self, name: &str, stage: &str) -> bool {
        name == stage
            || match self.source(name) {
                Some(Source::Graph(..)) | None => false,
                Some(source) => source.inputs().into_iter().any(|input| self.shows(input, stage)),
            }
    }

    /// Every value that something in the manifest names, with what names it.
    fn references(&self) -> Vec<(String, &str)> {
        let mut all = Vec::new();
        for (name, graph) in &self.graphs {
            all.extend(
                graph.inputs.iter().map(|(input, value)| (format!("the input \"{input}\" of {name}"), &**value)),
            );
        }
        for (name, operation) in &self.values {
            all.extend(operation.inputs().into_iter().map(|value| (format!("the value {name}"), value)));
        }
        for stage in &self.stages {
            all.extend(stage.needs().into_iter().map(|value| (format!("the stage {}", stage.name), value)));
            all.extend(stage.may_use().into_iter().map(|value| (format!("the stage {}", stage.name), value)));
        }
        for (name, role) in &self.pictures {
            let sides = role.size.iter().flatten().filter_map(value_of);
            all.extend(sides.map(|value| (format!("the size of the picture {name}"), value)));
        }
        all.push(("the picture".to_owned(), &*self.picture.of));
        all.extend(self.embeddings.iter().map(|value| ("the list of embeddings".to_owned(), &**value)));
        all
    }

    /// Checks that every name means one thing, that every reference leads to a value, and that nothing needs itself.
    ///
    /// # Errors
    /// A sentence that names both ends.
    pub(super) fn check_references(&self) -> Result<(), String> {
        self.check_names()?;
        for (who, value) in self.references() {
            if self.source(value).is_none() {
                return Err(format!("{who} names \"{value}\", which nothing makes; there are: {}", self.names()));
            }
        }
        if let Some(main) = &self.main
            && self.stage(main).is_none()
        {
            return Err(format!("\"main\" is \"{main}\", and there is no such stage"));
        }
        let mut done = BTreeMap::new();
        let mut way = Vec::new();
        let stages = self.stages.iter().map(|stage| stage.name.as_str());
        let own = self.values.keys().map(String::as_str).chain(stages);
        for value in own.chain(self.references().into_iter().map(|(_, value)| value)) {
            let ways = self.ways(value, &mut way, &mut done)?;
            if ways > MAX_WAYS {
                return Err(format!(
                    "the value {value} leads to others in {ways} ways; allowed are at most {MAX_WAYS}, so that nothing is \
                     asked for without end"
                ));
            }
        }
        Ok(())
    }

    /// In how many ways the value `name` leads to what it is made of in the end.
    fn ways<'m>(
        &'m self,
        name: &'m str,
        way: &mut Vec<&'m str>,
        done: &mut BTreeMap<&'m str, u64>,
    ) -> Result<u64, String> {
        if let Some(ways) = done.get(name) {
            return Ok(*ways);
        }
        if let Some(start) = way.iter().position(|other| *other == name) {
            return Err(format!("the value {name} needs itself: {} -> {name}", way[start..].join(" -> ")));
        }
        if way.len() >= MAX_DEPTH {
            return Err(format!("the value {name} is the last of more than {MAX_DEPTH} that need each other in a row"));
        }
        way.push(name);
        let mut ways = 1_u64;
        if let Some(source) = self.source(name) {
            for input in source.inputs() {
                ways = ways.saturating_add(self.ways(input, way, done)?);
            }
        }
        way.pop();
        done.insert(name, ways);
        Ok(ways)
    }

    fn check_names(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let kinds = [
            self.texts.keys().collect::<Vec<_>>(),
            self.classes.keys().collect(),
            self.pictures.keys().collect(),
            self.layouts.keys().collect(),
            self.constants.keys().collect(),
            self.graphs.keys().collect(),
            self.values.keys().collect(),
            self.stages.iter().map(|stage| &stage.name).collect(),
        ];
        for name in kinds.into_iter().flatten() {
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!("\"{name}\" is no name for a value: letters, digits and _ are allowed"));
            }
            if !seen.insert(name) {
                return Err(format!("the name \"{name}\" stands for two things; each needs one of its own"));
            }
        }
        for (name, role) in &self.pictures {
            let Some(other) = &role.same_as else { continue };
            if self.pictures.get(other).is_none_or(|other| other.same_as.is_some()) {
                return Err(format!(
                    "the picture {name} is to be that of \"{other}\"; it must name another picture that a request gives"
                ));
            }
        }
        if self.stages.is_empty() {
            return Err("there is no stage, so nothing would be drawn".to_owned());
        }
        Ok(())
    }

    /// All names, for a sentence.
    fn names(&self) -> String {
        let texts =
            self.texts.keys().flat_map(|text| [".ids", ".mask", ".length"].map(|field| format!("{text}{field}")));
        let graphs = self.graphs.keys().map(|graph| format!("{graph}.OUTPUT"));
        let given = self.classes.keys().chain(self.pictures.keys()).chain(self.layouts.keys());
        let plain = given.chain(self.constants.keys()).chain(self.values.keys());
        let plain = plain.chain(self.stages.iter().map(|stage| &stage.name)).cloned();
        texts.chain(graphs).chain(plain).collect::<Vec<_>>().join(", ")
    }
}

impl<'m> Source<'m> {
    /// The values that it may be made of; of [`Operation::FirstOf`] and of what a stage may use, only some are needed.
    #[must_use]
    pub fn inputs(self) -> Vec<&'m str> {
        match self {
            Self::Text(..) | Self::Class(_) | Self::Layout(_) | Self::Constant(_) => Vec::new(),
            Self::Picture(role) => role.size.iter().flatten().filter_map(value_of).collect(),
            Self::Graph(_, node, _) => node.inputs.values().map(String::as_str).collect(),
            Self::Operation(operation) => operation.inputs(),
            Self::Stage(stage) | Self::Negative(stage) => [stage.needs(), stage.may_use()].concat(),
        }
    }
}

impl Stage {
    /// The values without which it cannot run.
    #[must_use]
    pub fn needs(&self) -> Vec<&str> {
        let guide = self.guide.iter().flat_map(|guide| guide.inputs.values());
        let sides = self.sample.iter().filter_map(value_of);
        let towards = self.candidates.iter().map(|candidates| &candidates.towards);
        let values = self.inputs.values().chain(&self.concat).chain(guide).chain(towards);
        let null = self.null.values().filter_map(|null| match null {
            Null::Word(word) if !is_word(word) => Some(&**word),
            _ => None,
        });
        let replaced = self.null.keys().map(String::as_str).filter(|name| *name != PROMPT);
        // Noise has nothing to be inverted.
        let inverted = self.from.as_deref().filter(|_| self.invert.is_some());
        values.map(String::as_str).chain(sides).chain(null).chain(replaced).chain(inverted).collect()
    }

    /// The values that it uses where they can be computed.
    #[must_use]
    pub fn may_use(&self) -> Vec<&str> {
        let keep = self.keep.iter().flat_map(|keep| [&keep.picture, &keep.mask]);
        self.from.iter().chain(&self.start).chain(keep).map(String::as_str).collect()
    }
}

/// Whether it is one of the words for what the unconditional branch is told, and no value's name.
fn is_word(word: &str) -> bool {
    ["zeros", "null", "negative", "empty"].contains(&word)
}

impl Operation {
    /// The values that it is made of.
    #[must_use]
    pub fn inputs(&self) -> Vec<&str> {
        match self {
            Self::FirstOf { of } | Self::Concat { of, .. } | Self::Multiply { of } => {
                of.iter().map(String::as_str).collect()
            }
            Self::Affine { of, subtract, divide, multiply, add } => {
                let factors = [subtract, divide, multiply, add].into_iter().flatten();
                let values = factors.filter_map(|factor| match factor {
                    Factor::Value(value) if !value.starts_with("config:") => Some(value.as_str()),
                    Factor::Value(_) => None,
                    Factor::Number(_) => None,
                });
                std::iter::once(of.as_str()).chain(values).collect()
            }
            Self::Resize { of, size, .. } => {
                std::iter::once(of.as_str()).chain(size.iter().filter_map(value_of)).collect()
            }
            Self::EightBit { of }
            | Self::Clamp { of, .. }
            | Self::L2Normalize { of }
            | Self::LargerHole { of }
            | Self::Noise { of, .. }
            | Self::Reshape { of, .. } => vec![of],
            Self::PadLeft { of, count, .. } | Self::OneHot { of, count } => {
                std::iter::once(of.as_str()).chain(value_of(count)).collect()
            }
            Self::NoiseLevel { .. } => Vec::new(),
            Self::Fill { shape, .. } => shape.iter().filter_map(value_of).collect(),
            Self::Vq { of, codebook } => vec![of, codebook],
            Self::NoiseAugment { of, mean, std, .. } => vec![of, mean, std],
            Self::Edit { of, mean, std, directions } => {
                [of, mean, std].into_iter().chain(directions.values()).map(String::as_str).collect()
            }
        }
    }
}

impl Operation {
    /// The sizes that it names.
    #[must_use]
    pub fn sizes(&self) -> Vec<&Dimension> {
        match self {
            Self::Resize { size, .. } => size.iter().collect(),
            Self::NoiseLevel { .. } => Vec::new(),
            Self::Fill { shape, .. } => shape.iter().collect(),
            Self::PadLeft { count, .. } | Self::OneHot { count, .. } => vec![count],
            _ => Vec::new(),
        }
    }

    /// The same, to be filled in.
    pub(super) fn sizes_mut(&mut self) -> Vec<&mut Dimension> {
        match self {
            Self::Resize { size, .. } => size.iter_mut().collect(),
            Self::NoiseLevel { .. } => Vec::new(),
            Self::Fill { shape, .. } => shape.iter_mut().collect(),
            Self::PadLeft { count, .. } | Self::OneHot { count, .. } => vec![count],
            _ => Vec::new(),
        }
    }
}

/// The value whose height or width it follows from.
fn value_of(dimension: &Dimension) -> Option<&str> {
    match &dimension.base {
        Base::HeightOf(value) | Base::WidthOf(value) => Some(value),
        _ => None,
    }
}

//! Whether the parts of a cascade fit together, as far as their graphs and the manifest state sizes.

use crate::denoise;
use crate::error::Result;
use crate::model::cascade::{Dimension, Operation, Preparation, Source, Stage, TextField};
use crate::runtime::Graph;

use super::opened::Cascade;

/// What x_t and t are called; they are not the manifest's to fill.
const OWN: [&str; 5] = ["sample", "hidden_states", "latent_model_input", "timestep", "t"];

/// The sizes of one row of a value; `None` where only a run will tell.
type Shape = Vec<Option<usize>>;

impl Cascade {
    /// Checks every graph's inputs: that the manifest fills each, and with values of a shape that fits.
    ///
    /// # Errors
    /// [`Error::BadModel`] that names both ends.
    pub(super) fn check_shapes(&self) -> Result<()> {
        let manifest = &self.folder.manifest;
        for (name, node) in &manifest.graphs {
            let graph = self.graph(node.path.as_deref().unwrap_or(name))?;
            let fed = node.inputs.iter().map(|(input, value)| (input.as_str(), value.as_str()));
            self.check_fed(name, graph, fed, &[])?;
            for output in manifest.outputs_of(name) {
                if graph.output(output).is_none() {
                    let there: Vec<_> = graph.outputs().iter().map(|output| output.name.as_str()).collect();
                    return Err(self.folder.bad(format!(
                        "something needs {name}.{output}, but the graph {} has the outputs {}",
                        graph.name(),
                        there.join(", ")
                    )));
                }
            }
        }
        for stage in &manifest.stages {
            let denoisers = std::iter::once(&stage.denoiser).chain(&stage.last_denoiser);
            for name in denoisers {
                let graph = self.graph(name)?;
                let fed = stage.inputs.iter().map(|(input, value)| (input.as_str(), value.as_str()));
                let who = format!("{} of the stage {}", name, stage.name);
                self.check_fed(&who, graph, fed, &OWN)?;
                self.check_channels(stage, graph)?;
            }
            if let Some(guide) = &stage.guide {
                let graph = self.graph(&guide.graph)?;
                let fed = guide.inputs.iter().map(|(input, value)| (input.as_str(), value.as_str()));
                self.check_fed(&format!("the gradient {}", guide.graph), graph, fed, &OWN)?;
                let told = guide.inputs.iter().filter_map(|(input, value)| {
                    let own = || graph.input(input).and_then(|spec| spec.shape.get(1..)).map(<[_]>::to_vec);
                    Some((input.as_str(), self.shape(value).or_else(own)?))
                });
                denoise::check_gradient(graph, &told.collect::<Vec<_>>())?;
            }
            self.check_start(stage)?;
        }
        match self.shape(&manifest.picture.of) {
            Some(shape) if shape.len() != 3 || shape[0].is_some_and(|channels| channels != 3) => {
                Err(self.folder.bad(format!(
                    "the picture \"{}\" is {}, and a picture is [3, height, width]",
                    manifest.picture.of,
                    self.shape_in_words(&manifest.picture.of)
                )))
            }
            _ => Ok(()),
        }
    }

    fn check_fed<'m>(
        &self,
        who: &str,
        graph: &Graph,
        fed: impl Iterator<Item = (&'m str, &'m str)> + Clone,
        own: &[&str],
    ) -> Result<()> {
        for (input, value) in fed.clone() {
            let Some(spec) = graph.input(input) else {
                let there: Vec<_> = graph.inputs().iter().map(|input| input.name.as_str()).collect();
                return Err(self.folder.bad(format!(
                    "the input \"{input}\" of {who} is to be {value}, but its graph has the inputs {}",
                    there.join(", ")
                )));
            };
            let Some(shape) = self.shape(value) else { continue };
            // A denoiser reads several rows at once, so that all it is told needs an axis for them.
            let is_denoiser = !own.is_empty();
            let rows = match spec.shape.len().checked_sub(shape.len()) {
                Some(0) if !is_denoiser => Some(&spec.shape[..]),
                Some(1) => Some(&spec.shape[1..]),
                _ => None,
            };
            let fits = rows.is_some_and(|rows| {
                rows.iter().zip(&shape).all(|(has, gives)| has.is_none() || gives.is_none() || has == gives)
            });
            if !fits {
                return Err(self.folder.bad(format!(
                    "the input \"{input}\" of {who} is {spec}, but the value {value} that it gets is {}",
                    words(&shape)
                )));
            }
        }
        let hungry = graph.inputs().iter().find(|spec| {
            let name = spec.name.as_str();
            !own.contains(&name) && !name.starts_with("onnx::") && !fed.clone().any(|(input, _)| input == name)
        });
        match hungry {
            None => Ok(()),
            Some(spec) => Err(self.folder.bad(format!(
                "the graph of {who} has an input \"{}\" ({spec}) that the manifest does not fill",
                spec.name
            ))),
        }
    }

    /// The sample with what follows it must be what the denoiser reads.
    fn check_channels(&self, stage: &Stage, graph: &Graph) -> Result<()> {
        let sample = ["sample", "hidden_states", "latent_model_input"].iter().find_map(|name| graph.input(name));
        let (Some(sample), Some(mut channels)) = (sample, stage.sample.first().and_then(Dimension::fixed)) else {
            return Ok(());
        };
        let own = channels;
        for value in &stage.concat {
            let Some(more) = self.shape(value).and_then(|shape| shape.first().copied().flatten()) else {
                return Ok(());
            };
            channels = channels.saturating_add(more);
        }
        if sample.shape.len() != stage.sample.len() + 1 {
            return Err(self.folder.bad(format!(
                "the stage {} draws samples of {} sizes, but its denoiser {} reads {sample}",
                stage.name,
                stage.sample.len(),
                graph.name()
            )));
        }
        match sample.shape.get(1) {
            Some(Some(wanted)) if *wanted != channels => Err(self.folder.bad(format!(
                "the denoiser {} of the stage {} reads {wanted} channels, but its sample has {own} and {} follow",
                graph.name(),
                stage.name,
                channels - own
            ))),
            _ => Ok(()),
        }
    }

    /// What a stage starts from must have its sample's shape.
    fn check_start(&self, stage: &Stage) -> Result<()> {
        let sample = self.sample_shape(stage);
        for value in stage
            .from
            .iter()
            .chain(&stage.start)
            .chain(stage.keep.iter().map(|keep| &keep.picture))
            .chain(stage.candidates.iter().map(|candidates| &candidates.towards))
        {
            let Some(shape) = self.shape(value) else { continue };
            let fits = shape.len() == sample.len()
                && shape.iter().zip(&sample).all(|(has, gives)| has.is_none() || gives.is_none() || has == gives);
            if !fits {
                return Err(self.folder.bad(format!(
                    "the stage {} draws {}, but the value {value} that it starts from, keeps or is compared with is {}",
                    stage.name,
                    words(&sample),
                    words(&shape)
                )));
            }
        }
        Ok(())
    }

    fn sample_shape(&self, stage: &Stage) -> Shape {
        stage.sample.iter().map(Dimension::fixed).collect()
    }

    /// The sizes of one row of the value `name`, as far as they are known without running anything.
    pub(super) fn shape(&self, name: &str) -> Option<Shape> {
        let manifest = &self.folder.manifest;
        match manifest.source(name)? {
            Source::Text(text, TextField::Ids | TextField::Mask) => Some(vec![Some(text.length)]),
            Source::Text(_, TextField::Length) | Source::Class(_) => Some(Vec::new()),
            Source::Picture(role) => {
                let channels = match role.prepare {
                    Preparation::Plain | Preparation::Clip => 3,
                    Preparation::Mask | Preparation::Labels => 1,
                };
                let sides = match (role.prepare, self.eyes(name), &role.size) {
                    (Preparation::Clip, Some(eyes), _) => [Some(eyes.crop.0 as usize), Some(eyes.crop.1 as usize)],
                    (_, _, Some([height, width])) => [height.fixed(), width.fixed()],
                    _ => [None, None],
                };
                Some(vec![Some(channels), sides[0], sides[1]])
            }
            Source::Layout(layout) => Some(vec![Some(super::layouts::tokens(layout).length())]),
            Source::Constant(_) => self.constant(name).map(|values| values.shape().iter().copied().map(Some).collect()),
            Source::Graph(node_name, node, output) => {
                let graph = self.graph(node.path.as_deref().unwrap_or(node_name)).ok()?;
                graph.output(output).and_then(|spec| spec.shape.get(1..)).map(<[_]>::to_vec)
            }
            Source::Operation(operation) => self.shape_of(operation),
            Source::Stage(stage) | Source::Negative(stage) => Some(self.sample_shape(stage)),
        }
    }

    fn shape_of(&self, operation: &Operation) -> Option<Shape> {
        match operation {
            // Which way is taken is the request's matter; ways of several shapes are found by who reads them.
            Operation::FirstOf { of } => of.iter().find_map(|way| self.shape(way)),
            Operation::Affine { of, .. }
            | Operation::EightBit { of }
            | Operation::Clamp { of, .. }
            | Operation::Vq { of, .. }
            | Operation::LargerHole { of }
            | Operation::Noise { of, .. }
            | Operation::L2Normalize { of }
            | Operation::Edit { of, .. } => self.shape(of),
            Operation::Resize { of, size: [height, width], .. } => {
                let channels = self.shape(of)?.first().copied()?;
                Some(vec![channels, height.fixed(), width.fixed()])
            }
            Operation::Concat { of, axis } => {
                let mut whole = self.shape(of.first()?)?;
                for part in &of[1..] {
                    let more = self.shape(part)?;
                    let (sum, part) = (whole.get_mut(*axis)?, more.get(*axis)?);
                    *sum = sum.zip(*part).map(|(a, b)| a.saturating_add(b));
                }
                Some(whole)
            }
            Operation::Multiply { of } => of
                .iter()
                .filter_map(|factor| self.shape(factor))
                .max_by_key(|shape| (shape.len(), shape.first().copied().flatten())),
            Operation::NoiseAugment { of, .. } => {
                self.shape(of).map(|shape| shape.iter().map(|size| size.map(|size| size.saturating_mul(2))).collect())
            }
            Operation::PadLeft { of, count, .. } => {
                let mut shape = self.shape(of)?;
                let first = shape.first_mut()?;
                *first = first.zip(count.fixed()).map(|(size, count)| size.saturating_add(count));
                Some(shape)
            }
            Operation::OneHot { of, count } => {
                let shape = self.shape(of)?;
                Some([vec![count.fixed()], shape.get(1..)?.to_vec()].concat())
            }
            Operation::NoiseLevel { .. } => Some(Vec::new()),
            Operation::Fill { shape, .. } => Some(shape.iter().map(Dimension::fixed).collect()),
            Operation::Reshape { shape, .. } => Some(shape.iter().map(|size| usize::try_from(*size).ok()).collect()),
        }
    }

    /// Whether a row of this shape can be the value `name`.
    pub(super) fn accepts(&self, name: &str, shape: &[usize]) -> bool {
        self.shape(name).is_none_or(|known| {
            known.len() == shape.len()
                && known.iter().zip(shape).all(|(known, given)| known.is_none_or(|known| known == *given))
        })
    }

    /// The value's shape for a sentence.
    pub(super) fn shape_in_words(&self, name: &str) -> String {
        self.shape(name).map_or_else(|| "a vector".to_owned(), |shape| words(&shape))
    }

    /// Height and width of the pictures, where every picture has them.
    pub(super) fn drawn_size(&self) -> Option<(usize, usize)> {
        if let Some(sizes) = self.folder.manifest.sizes.as_ref().filter(|sizes| sizes.fixed) {
            return sizes.height.fixed().zip(sizes.width.fixed());
        }
        match self.shape(&self.folder.manifest.picture.of)?.as_slice() {
            [_, Some(height), Some(width)] => Some((*height, *width)),
            _ => None,
        }
    }
}

fn words(shape: &[Option<usize>]) -> String {
    let sizes: Vec<_> =
        shape.iter().map(|size| size.map_or_else(|| "any".to_owned(), |size| size.to_string())).collect();
    match sizes.is_empty() {
        true => "one number".to_owned(),
        false => format!("[{}]", sizes.join(", ")),
    }
}

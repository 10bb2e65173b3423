//! What a graph says about one of its inputs or outputs.

use std::fmt;

use ort::value::{Outlet, ValueType};

use super::values::dtype_of;
use crate::tensor::DType;

/// What a graph declares about one of its inputs or outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IoSpec {
    /// Its name in the graph.
    pub name: String,
    /// Its element type.
    pub dtype: DType,
    /// Its dimensions; `None` where the graph leaves one open. Empty for a scalar.
    pub shape: Vec<Option<usize>>,
    /// The names that the graph gives to open dimensions, as `batch`.
    pub symbols: Vec<Option<String>>,
}

impl IoSpec {
    /// Whether a tensor of this shape fits: the same rank, and the same size wherever the graph fixes one.
    #[must_use]
    pub fn accepts(&self, shape: &[usize]) -> bool {
        shape.len() == self.shape.len()
            && self.shape.iter().zip(shape).all(|(wanted, given)| wanted.is_none_or(|wanted| wanted == *given))
    }
}

/// As `float16 [1, 4, height, width]`.
impl fmt::Display for IoSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self
            .shape
            .iter()
            .enumerate()
            .map(|(axis, size)| match (size, self.symbols.get(axis)) {
                (Some(size), _) => size.to_string(),
                (None, Some(Some(symbol))) => symbol.clone(),
                (None, _) => "any".to_owned(),
            })
            .collect();
        write!(f, "{} [{}]", self.dtype.name(), sizes.join(", "))
    }
}

/// The inputs or outputs of a graph: those we can carry, and by name what the others are.
#[derive(Debug, Default)]
pub(super) struct Io {
    pub known: Vec<IoSpec>,
    /// Name and type of what has no [`DType`]; an error only for those who use it.
    pub foreign: Vec<(String, String)>,
}

impl Io {
    pub(super) fn read(outlets: &[Outlet]) -> Self {
        let mut io = Self::default();
        for outlet in outlets {
            match spec(outlet) {
                Some(spec) => io.known.push(spec),
                None => io.foreign.push((outlet.name().to_owned(), outlet.dtype().to_string())),
            }
        }
        io
    }

    pub(super) fn get(&self, name: &str) -> Option<&IoSpec> {
        self.known.iter().find(|spec| spec.name == name)
    }

    pub(super) fn foreign(&self, name: &str) -> Option<&str> {
        self.foreign.iter().find(|(other, _)| other == name).map(|(_, kind)| kind.as_str())
    }

    /// All names, for a sentence.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> =
            self.known.iter().map(|spec| &*spec.name).chain(self.foreign.iter().map(|(name, _)| &**name)).collect();
        names.join(", ")
    }
}

fn spec(outlet: &Outlet) -> Option<IoSpec> {
    let ValueType::Tensor { ty, shape, dimension_symbols } = outlet.dtype() else { return None };
    Some(IoSpec {
        name: outlet.name().to_owned(),
        dtype: dtype_of(*ty)?,
        shape: shape.iter().map(|size| usize::try_from(*size).ok()).collect(),
        symbols: dimension_symbols.iter().map(|name| Some(name.clone()).filter(|name| !name.is_empty())).collect(),
    })
}

//! What the unconditional branch of a stage is told.

use ndarray::ArrayD;

use super::Rows;
use super::evaluation::Evaluation;
use super::opened::Cascade;
use crate::error::Result;
use crate::model::cascade::{Null, PROMPT, Source, Stage};

impl Cascade {
    /// Whether the value `name` is another one in the unconditional branch of `stage`.
    pub(super) fn differs(&self, name: &str, stage: &Stage) -> bool {
        if stage.null.contains_key(name) {
            return true;
        }
        match self.folder.manifest.source(name) {
            Some(Source::Text(..)) => stage.null.contains_key(PROMPT),
            // A stage's result is one, whoever looks at it.
            Some(Source::Stage(_) | Source::Negative(_)) | None => false,
            Some(source) => source.inputs().into_iter().any(|input| self.differs(input, stage)),
        }
    }
}

impl Evaluation<'_> {
    /// What replaces the value `name`.
    pub(super) fn replacement(&mut self, name: &str, null: &Null) -> Result<Rows> {
        let filled = |rows: Rows, with: f32| {
            Rows::each(rows.rows().iter().map(|row| ArrayD::from_elem(row.shape(), with)).collect())
        };
        match null {
            Null::Number(number) => Ok(filled(self.told(name)?, *number)),
            Null::Word(word) if word == "zeros" => Ok(filled(self.told(name)?, 0.0)),
            Null::Word(word) if word == "null" => {
                let label = match self.cascade.folder.manifest.source(name) {
                    Some(Source::Class(classes)) => classes.null.as_ref().and_then(|null| null.fixed()),
                    _ => None,
                };
                let label = label.ok_or_else(|| {
                    self.cascade.folder.bad(format!("\"{name}\" is to be its null class, but it has none (\"null\")"))
                })?;
                Ok(Rows::same(ndarray::arr0(label as f32).into_dyn()))
            }
            Null::Word(other) => self.told(other),
        }
    }
}

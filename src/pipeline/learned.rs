//! Textual inversion: the words of a pipeline's embedding files, put into tokenizers and text encoders at opening.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ndarray::Array2;
use xxhash_rust::xxh3::Xxh3;

use super::options::EmbeddingFile;
use crate::error::{Error, Result};
use crate::model::{GraphRole, ModelFolder, TextArchitecture};
use crate::opening::Edit;
use crate::text::appending;
use crate::text::learned::LearnedWord;
use crate::text::tokenizer::ClipTokenizer;

/// What each text encoder learns.
#[derive(Default)]
pub(super) struct Learned {
    words: BTreeMap<GraphRole, Lesson>,
}

#[derive(Default)]
struct Lesson {
    words: Vec<Word>,
    /// The number of the first new row of the embedding table, known when the graph is opened.
    first: Arc<OnceLock<usize>>,
}

struct Word {
    /// For errors.
    what: String,
    token: String,
    rows: Array2<f32>,
}

impl Learned {
    /// Reads `files` for the CLIP text encoders of `folder`.
    ///
    /// # Errors
    /// As [`LearnedWord::read`]; [`Error::InvalidArgument`] also for two files with one token, and for one that was
    /// learned for other text encoders; [`Error::Unsupported`] for a model without a CLIP.
    pub(super) fn read(files: &[EmbeddingFile], folder: &ModelFolder) -> Result<Self> {
        let is_clip = |role: &GraphRole| folder.family().architecture(*role) == Some(TextArchitecture::Clip);
        let roles: Vec<GraphRole> = GraphRole::TEXT.into_iter().filter(is_clip).collect();
        let mut learned = Self::default();
        let mut tokens: BTreeMap<String, &EmbeddingFile> = BTreeMap::new();
        for file in files {
            let word = LearnedWord::read(&file.path, file.token.as_deref())?;
            word.check(&roles)?;
            if let Some(other) = tokens.insert(word.token.clone(), file) {
                return Err(Error::invalid(format!(
                    "the embeddings at \"{}\" and \"{}\" have the same token \"{}\"; give one of them another",
                    other.path.display(),
                    file.path.display(),
                    word.token
                )));
            }
            for (number, role) in roles.iter().enumerate() {
                if let Some(rows) = word.rows(*role, number == 0) {
                    let what = format!("the embedding at \"{}\"", word.path.display());
                    let word = Word { what, token: word.token.clone(), rows: rows.clone() };
                    learned.words.entry(*role).or_default().words.push(word);
                }
            }
        }
        Ok(learned)
    }

    /// The change of the graph of `role`, if it learns anything.
    pub(super) fn edit(&self, role: GraphRole) -> Option<Edit> {
        let Lesson { words, first } = self.words.get(&role)?;
        let mut hash = Xxh3::new();
        for word in words {
            hash.update(format!("{:?}", word.rows.dim()).as_bytes());
            word.rows.iter().for_each(|value| hash.update(&value.to_le_bytes()));
        }
        let key = format!("learned words, version 1, {:032x}", hash.digest128());
        let rows = words.iter().map(|word| (word.what.clone(), word.rows.clone())).collect();
        Some(Edit::new(key, appending(rows, Arc::clone(first))).needed())
    }

    /// Tells the tokenizer of `role` the words, once its graph is opened.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a token that it has already.
    pub(super) fn teach(&self, role: GraphRole, tokenizer: &mut ClipTokenizer) -> Result<()> {
        let Some(Lesson { words, first }) = self.words.get(&role) else { return Ok(()) };
        let mut next = *first.get().ok_or_else(|| Error::Internal(format!("{} learned nothing", role.name())))?;
        for word in words {
            let number = |id: usize| u32::try_from(id).map_err(|_| Error::Internal("too many tokens".into()));
            let end = next + word.rows.nrows();
            tokenizer.learn(&word.token, number(next)?..number(end)?).map_err(|what| {
                Error::invalid(format!("the token \"{}\" of {} {what}; give it another", word.token, word.what))
            })?;
            next = end;
        }
        Ok(())
    }
}

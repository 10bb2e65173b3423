//! Prompts to embeddings, through a CLIP-style text encoder graph.

use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, ArrayD, Axis, IxDyn};

use crate::error::{Error, Result};
use crate::runtime::{CancelToken, Graph};
use crate::tensor::{DType, Tensor};
use crate::text::tokenizer::ClipTokenizer;

/// How many encoded prompts are kept; a host that draws many pictures changes the prompt, seldom both.
const CACHED_PROMPTS: usize = 8;

/// One encoded prompt.
#[derive(Debug, Clone)]
pub(crate) struct TextEmbedding {
    /// `[tokens, width]`.
    pub context: Arc<Array2<f32>>,
    /// The words that did not fit the encoder, if any.
    pub lost: Option<String>,
}

/// A tokenizer with its encoder, and the prompts it encoded last.
pub(crate) struct TextEncoder {
    graph: Arc<Graph>,
    tokenizer: ClipTokenizer,
    input: String,
    input_dtype: DType,
    output: String,
    cache: Mutex<Vec<(String, TextEmbedding)>>,
}

impl TextEncoder {
    /// An encoder over `graph`.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the graph has no `input_ids`, needs further inputs, or when its fixed length is
    /// not the tokenizer's.
    pub(crate) fn new(graph: Arc<Graph>, tokenizer: ClipTokenizer) -> Result<Self> {
        let names: Vec<_> = graph.inputs().iter().map(|i| i.name.as_str()).collect();
        let Some(ids) = graph.input("input_ids").filter(|_| names.len() == 1) else {
            return Err(Error::bad_model(
                graph.path(),
                format!("a CLIP text encoder has one input, \"input_ids\"; this has {names:?}"),
            ));
        };
        if let Some(Some(length)) = ids.shape.get(1)
            && *length != tokenizer.max_length()
        {
            return Err(Error::bad_model(
                graph.path(),
                format!("it reads {length} tokens, but the tokenizer makes {}", tokenizer.max_length()),
            ));
        }
        let named = graph.outputs().iter().find(|o| o.name == "last_hidden_state");
        let Some(output) = named.or_else(|| graph.outputs().first()) else {
            return Err(Error::bad_model(graph.path(), "a text encoder has an output, this has none"));
        };
        let (input, input_dtype, output) = (ids.name.clone(), ids.dtype, output.name.clone());
        Ok(Self { graph, tokenizer, input, input_dtype, output, cache: Mutex::default() })
    }

    /// Gives the graph's memory back until a prompt comes that is not in the cache.
    pub(crate) fn release(&self) {
        self.graph.release();
    }

    /// How many tokens each prompt becomes.
    pub(crate) fn tokens(&self) -> usize {
        self.tokenizer.max_length()
    }

    /// The embeddings' width, where the graph states it.
    pub(crate) fn width(&self) -> Option<usize> {
        self.graph.outputs().iter().find(|o| o.name == self.output)?.shape.get(2).copied().flatten()
    }

    /// Encodes `prompt`, or takes it from the cache.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::GraphFailed`], [`Error::BadModel`] for an output of the wrong shape, and
    /// [`Error::Numeric`] when it is not finite.
    pub(crate) fn encode(&self, prompt: &str, cancel: &CancelToken) -> Result<TextEmbedding> {
        if let Some(found) = self.cached(prompt) {
            return Ok(found);
        }
        let encoding = self.tokenizer.encode(prompt)?;
        let length = encoding.ids.len();
        let batch = self.graph.inputs().first().and_then(|i| i.shape.first().copied().flatten()).unwrap_or(1).max(1);
        let ids: Vec<i64> = encoding.ids.iter().map(|&id| i64::from(id)).cycle().take(batch * length).collect();
        let ids = ArrayD::from_shape_vec(IxDyn(&[batch, length]), ids).map_err(|e| Error::Internal(e.to_string()))?;
        let outputs = self.graph.run(
            &[(self.input.as_str(), Tensor::I64(ids).cast(self.input_dtype))],
            &[&self.output],
            cancel,
        )?;
        let hidden = outputs.into_iter().next().map(Tensor::into_f32).filter(|h| h.ndim() == 3);
        let context = hidden
            .map(|h| h.index_axis_move(Axis(0), 0))
            .and_then(|h| h.into_dimensionality().ok())
            .ok_or_else(|| Error::bad_model(self.graph.path(), "its output is not [batch, tokens, width]"))?;
        if !context.iter().all(|v: &f32| v.is_finite()) {
            return Err(Error::Numeric(format!(
                "the text encoder at \"{}\" gave NaN or infinity; use a float32 export of it",
                self.graph.path().display()
            )));
        }
        let embedding = TextEmbedding { context: Arc::new(context), lost: encoding.lost };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.truncate(CACHED_PROMPTS - 1);
        cache.insert(0, (prompt.to_owned(), embedding.clone()));
        Ok(embedding)
    }

    fn cached(&self, prompt: &str) -> Option<TextEmbedding> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.iter().find(|(text, _)| text == prompt).map(|(_, embedding)| embedding.clone())
    }
}

//! Prompts to embeddings, through a text encoder graph.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array1, Array2, ArrayD, Axis, Dimension, IxDyn};

use super::any::AnyTokenizer;
use super::outputs::{HiddenState, Outputs};
use super::tokenizer::ClipTokenizer;
use crate::error::{Error, Result};
use crate::runtime::{CancelToken, Graph, IoSpec};
use crate::tensor::{DType, Tensor};

/// How many float32 values of encoded prompts are kept: 32 MiB, which is more than a hundred of CLIP's and four of
/// T5-XXL's longest.
const CACHED_VALUES: usize = 8 << 20;

/// One encoded prompt.
#[derive(Debug, Clone)]
pub(crate) struct TextEmbedding {
    /// `[tokens, width]`.
    pub context: Arc<Array2<f32>>,
    /// The whole prompt as one vector: `text_embeds` where the encoder projects, else `pooler_output`.
    pub pooled: Option<Arc<Array1<f32>>>,
    /// The words that did not fit the encoder, if any.
    pub lost: Option<String>,
}

/// A tokenizer with its encoder, and the prompts it encoded last.
pub(crate) struct TextEncoder {
    graph: Arc<Graph>,
    tokenizer: AnyTokenizer,
    input: IoSpec,
    /// Fed with ones: diffusers attends to the padding too.
    mask: Option<IoSpec>,
    outputs: Outputs,
    /// The newest first.
    cache: Mutex<VecDeque<Cached>>,
}

struct Cached {
    ids: Vec<i64>,
    hidden: HiddenState,
    embedding: TextEmbedding,
}

impl TextEncoder {
    /// An encoder over `graph`, whose outputs [`HiddenState`] and [`TextEmbedding::pooled`] choose from by name.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the graph has no `input_ids`, needs further inputs than an `attention_mask`, has no
    /// output, or when its fixed length is not the tokenizer's.
    pub(crate) fn new(graph: Arc<Graph>, tokenizer: impl Into<AnyTokenizer>) -> Result<Self> {
        let tokenizer = tokenizer.into();
        let mask = graph.input("attention_mask").cloned();
        let names: Vec<_> = graph.inputs().iter().map(|i| i.name.as_str()).collect();
        let Some(input) = graph.input("input_ids").filter(|_| names.len() == 1 + usize::from(mask.is_some())).cloned()
        else {
            return Err(Error::bad_model(
                graph.path(),
                format!(
                    "a text encoder has one input, \"input_ids\", or an \"attention_mask\" too; this has {names:?}"
                ),
            ));
        };
        if let (Some(Some(length)), AnyTokenizer::Clip(tokenizer)) = (input.shape.get(1), &tokenizer)
            && *length != tokenizer.max_length()
        {
            return Err(Error::bad_model(
                graph.path(),
                format!("it reads {length} tokens, but the tokenizer makes {}", tokenizer.max_length()),
            ));
        }
        if graph.outputs().is_empty() {
            return Err(Error::bad_model(graph.path(), "a text encoder has an output, this has none"));
        }
        let outputs = Outputs::of(graph.outputs().iter().map(|o| (o.name.as_str(), o.shape.len())));
        Ok(Self { graph, tokenizer, input, mask, outputs, cache: Mutex::default() })
    }

    /// Gives the graph's memory back until a prompt comes that is not in the cache.
    pub(crate) fn release(&self) {
        self.graph.release();
    }

    /// CLIP's tokenizer, which cuts long prompts into chunks; `None` for another one's.
    pub(crate) fn clip_tokenizer(&self) -> Option<&ClipTokenizer> {
        match &self.tokenizer {
            AnyTokenizer::Clip(tokenizer) => Some(tokenizer.as_ref()),
            _ => None,
        }
    }

    /// How many tokens each prompt becomes.
    pub(crate) fn tokens(&self) -> usize {
        self.tokenizer.max_length()
    }

    /// The context's width, where the graph states it.
    pub(crate) fn width(&self) -> Option<usize> {
        let state = [HiddenState::Last, HiddenState::FromEnd(2)].into_iter().find_map(|s| self.outputs.of_state(s))?;
        self.graph.output(state)?.shape.get(2).copied().flatten()
    }

    /// The pooled vector's width, where there is one and the graph states it.
    pub(crate) fn pooled_width(&self) -> Option<usize> {
        self.graph.output(self.outputs.pooled.as_deref()?)?.shape.get(1).copied().flatten()
    }

    /// Whether the graph gives out `hidden`.
    #[cfg_attr(not(test), expect(dead_code, reason = "the model families ask for it in the next commits"))]
    pub(crate) fn has_hidden(&self, hidden: HiddenState) -> bool {
        self.outputs.of_state(hidden).is_some()
    }

    /// Encodes `prompt`, cut or padded to [`tokens`](Self::tokens), or takes it from the cache.
    ///
    /// # Errors
    /// As [`encode_ids`](Self::encode_ids).
    pub(crate) fn encode(&self, prompt: &str, hidden: HiddenState, cancel: &CancelToken) -> Result<TextEmbedding> {
        let encoding = self.tokenizer.encode(prompt)?;
        let ids: Vec<i64> = encoding.ids.iter().map(|&id| i64::from(id)).collect();
        Ok(TextEmbedding { lost: encoding.lost, ..self.encode_ids(&ids, hidden, cancel)? })
    }

    /// As [`encode`](Self::encode), cut or padded to `length` tokens where the tokenizer is not CLIP's.
    ///
    /// # Errors
    /// As [`encode_ids`](Self::encode_ids).
    pub(crate) fn encode_to(&self, prompt: &str, length: usize, cancel: &CancelToken) -> Result<TextEmbedding> {
        let encoding = self.tokenizer.encode_to(prompt, length)?;
        let ids: Vec<i64> = encoding.ids.iter().map(|&id| i64::from(id)).collect();
        Ok(TextEmbedding { lost: encoding.lost, ..self.encode_ids(&ids, HiddenState::Last, cancel)? })
    }

    /// The number of tokens that the graph was exported for, if only one.
    pub(crate) fn fixed_tokens(&self) -> Option<usize> {
        self.input.shape.get(1).copied().flatten()
    }

    /// Encodes one row of [`tokens`](Self::tokens) token numbers, the beginning, the end and the padding included.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the graph does not give out `hidden`; [`Error::Cancelled`],
    /// [`Error::GraphFailed`], [`Error::BadModel`] for an output of the wrong shape, [`Error::Numeric`] when it is not
    /// finite, and [`Error::Internal`] for another count of `ids`.
    pub(crate) fn encode_ids(&self, ids: &[i64], hidden: HiddenState, cancel: &CancelToken) -> Result<TextEmbedding> {
        if let Some(found) = self.cached(ids, hidden) {
            return Ok(found);
        }
        let state = self.outputs.of_state(hidden).ok_or_else(|| self.lacks(hidden))?;
        // T5 takes any number of tokens, CLIP has as many positions as its tokenizer fills.
        let fixed = self.clip_tokenizer().map(ClipTokenizer::max_length).or(self.fixed_tokens());
        if fixed.is_some_and(|fixed| fixed != ids.len()) || ids.is_empty() {
            return Err(Error::Internal(format!("{} tokens for an encoder of {}", ids.len(), self.tokens())));
        }
        let mut inputs = vec![(self.input.name.as_str(), self.rows(ids, self.input.dtype)?)];
        if let Some(mask) = &self.mask {
            inputs.push((mask.name.as_str(), self.rows(&vec![1; ids.len()], mask.dtype)?));
        }
        let names: Vec<&str> = std::iter::once(state).chain(self.outputs.pooled.as_deref()).collect();
        let mut results = self.graph.run(&inputs, &names, cancel)?.into_iter();
        let mut next = || results.next().map(Tensor::into_f32);
        let context = self.first_row(next(), "[batch, tokens, width]")?;
        let pooled = match self.outputs.pooled {
            Some(_) => Some(Arc::new(self.first_row(next(), "[batch, width]")?)),
            None => None,
        };
        let embedding = TextEmbedding { context: Arc::new(context), pooled, lost: None };
        self.remember(Cached { ids: ids.to_vec(), hidden, embedding: embedding.clone() });
        Ok(embedding)
    }

    /// `ids` as often as the graph has rows.
    fn rows(&self, ids: &[i64], dtype: DType) -> Result<Tensor> {
        let batch = self.input.shape.first().copied().flatten().unwrap_or(1).max(1);
        let values = ids.iter().copied().cycle().take(batch * ids.len()).collect();
        let rows = ArrayD::from_shape_vec(IxDyn(&[batch, ids.len()]), values);
        Ok(Tensor::I64(rows.map_err(|e| Error::Internal(e.to_string()))?).cast(dtype))
    }

    /// The first of `values`' rows, checked; `expected` is the shape that `values` should have.
    fn first_row<D: Dimension>(&self, values: Option<ArrayD<f32>>, expected: &str) -> Result<ndarray::Array<f32, D>> {
        let row = values
            .filter(|values| values.shape().first().is_some_and(|rows| *rows > 0))
            .and_then(|values| values.index_axis_move(Axis(0), 0).into_dimensionality::<D>().ok())
            .ok_or_else(|| Error::bad_model(self.graph.path(), format!("an output of it is not {expected}")))?;
        if row.iter().all(|v| v.is_finite()) {
            return Ok(row);
        }
        Err(Error::Numeric(format!(
            "the text encoder at \"{}\" gave NaN or infinity; use a float32 export of it",
            self.graph.path().display()
        )))
    }

    fn cached(&self, ids: &[i64], hidden: HiddenState) -> Option<TextEmbedding> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let at = cache.iter().position(|entry| entry.hidden == hidden && entry.ids == ids)?;
        let entry = cache.remove(at)?;
        let embedding = entry.embedding.clone();
        cache.push_front(entry);
        Some(embedding)
    }

    fn remember(&self, entry: Cached) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.push_front(entry);
        let mut values = 0;
        let kept = cache.iter().take_while(|entry| {
            values += entry.embedding.context.len();
            values <= CACHED_VALUES
        });
        let kept = kept.count().max(1);
        cache.truncate(kept);
    }

    fn lacks(&self, hidden: HiddenState) -> Error {
        let count = self.outputs.state_count();
        let path = self.graph.path().display();
        let (from_end, what) = match hidden {
            HiddenState::Last => {
                return Error::Unsupported(format!(
                    "the text encoder at \"{path}\" has no output \"last_hidden_state\"; export it again with that \
                     output"
                ));
            }
            HiddenState::FromEnd(k) => (k, "hidden state"),
            HiddenState::NormedFromEnd(k) => (k, "CLIP skip"),
        };
        if count > 0 && from_end > count {
            return Error::Unsupported(format!(
                "the text encoder at \"{path}\" has {} layers, so it has no hidden state {from_end} from the end; at \
                 most {count} can be asked for, so take a smaller clip skip",
                count - 1
            ));
        }
        Error::Unsupported(format!(
            "this {what} ({from_end} from the end) needs the layers of the text encoder at \"{path}\", which gives out its \
             last one only; they were not found in it, or not looked for (preparing graphs is off, or it is a float16 \
             one on the CPU); export it again with \"output_hidden_states\" set in its config.json, as optimum does for \
             SDXL"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::runtime::{self, GraphOptions};

    fn encoder(graph: &str) -> TextEncoder {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let fetched = root.join("target/onnxruntime/1.28.0-cpu");
        runtime::initialize(std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched.as_path())).unwrap();
        let path = root.join("tests/models").join(graph).join("model.onnx");
        let graph = Graph::open("text encoder", &path, &GraphOptions::default(), &CancelToken::new()).unwrap();
        let tokenizer = ClipTokenizer::open(&root.join("tests/models/tiny-optimum/tokenizer")).unwrap();
        TextEncoder::new(Arc::new(graph), tokenizer).unwrap()
    }

    #[test]
    fn each_state_comes_from_its_output() {
        let encoder = encoder("attention/sdxl_text_2");
        let cancel = CancelToken::new();
        let ids: Vec<i64> =
            encoder.clip_tokenizer().unwrap().encode("a red house").unwrap().ids.into_iter().map(i64::from).collect();
        let row = ArrayD::from_shape_vec(IxDyn(&[1, ids.len()]), ids.clone()).unwrap();
        let value = |name: &str| {
            let outputs = encoder.graph.run(&[("input_ids", Tensor::I64(row.clone()))], &[name], &cancel).unwrap();
            outputs.into_iter().next().unwrap().into_f32().index_axis_move(Axis(0), 0)
        };
        let pooled = value("text_embeds");
        let names = ["last_hidden_state", "hidden_states.2", "hidden_states.1", "hidden_states.0"];
        let states = [HiddenState::Last, HiddenState::FromEnd(1), HiddenState::FromEnd(2), HiddenState::FromEnd(3)];
        let mut seen = Vec::new();
        for (hidden, name) in states.into_iter().zip(names) {
            assert!(encoder.has_hidden(hidden));
            let got = encoder.encode("a red house", hidden, &cancel).unwrap();
            assert_eq!(got.context.as_ref().clone().into_dyn(), value(name), "{name}");
            assert_eq!(got.pooled.unwrap().as_ref().clone().into_dyn(), pooled);
            let cached = encoder.encode_ids(&ids, hidden, &cancel).unwrap();
            assert!(Arc::ptr_eq(&got.context, &cached.context), "the same numbers are encoded once");
            assert!(!seen.contains(&got.context), "{name} is another state");
            seen.push(got.context);
        }
        assert_eq!((encoder.width(), encoder.pooled_width()), (Some(16), Some(pooled.len())));
        let error = encoder.encode("", HiddenState::FromEnd(4), &cancel).unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)) && error.to_string().contains("at most 3"), "{error}");
    }

    #[test]
    fn t5_goes_through_the_same_encoder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/tiny-sd3");
        encoder("tiny-sd3/text_encoder"); // ONNX Runtime is loaded
        let path = root.join("text_encoder_3/model.onnx");
        let graph = Graph::open("text encoder", &path, &GraphOptions::default(), &CancelToken::new()).unwrap();
        let tokenizer = crate::text::t5::T5Tokenizer::open(&root.join("tokenizer_3"), 40).unwrap();
        let t5 = TextEncoder::new(Arc::new(graph), tokenizer).unwrap();
        assert!(t5.clip_tokenizer().is_none());
        let encode = |text: &str| t5.encode(text, HiddenState::Last, &CancelToken::new()).unwrap();
        let (red, blue) = (encode("a red house"), encode("a blue house"));
        assert_eq!((red.context.nrows(), Some(red.context.ncols())), (40, t5.width()));
        assert!(red.pooled.is_none() && red.context != blue.context);
    }

    #[test]
    fn what_an_export_lacks_is_said() {
        let encoder = encoder("tiny-optimum/text_encoder");
        let cancel = CancelToken::new();
        assert!(encoder.has_hidden(HiddenState::Last) && !encoder.has_hidden(HiddenState::FromEnd(2)));
        let error = encoder.encode("", HiddenState::FromEnd(2), &cancel).unwrap_err().to_string();
        assert!(error.contains("output_hidden_states"), "{error}");
        assert!(encoder.encode_ids(&[1, 2, 3], HiddenState::Last, &cancel).is_err());
        let long = encoder.encode(&"a red house ".repeat(60), HiddenState::Last, &cancel).unwrap();
        assert!(long.lost.unwrap().contains("red house"));
        assert_eq!(long.context.dim(), (77, 32));
    }

    #[test]
    fn the_cache_forgets_the_oldest() {
        let encoder = encoder("tiny-optimum/text_encoder");
        let (ids, wide) = (|n: i64| vec![n], Arc::new(Array2::zeros((1, CACHED_VALUES / 2))));
        let embedding = TextEmbedding { context: wide, pooled: None, lost: None };
        for n in 0..3 {
            let entry = Cached { ids: ids(n), hidden: HiddenState::Last, embedding: embedding.clone() };
            encoder.remember(entry);
            assert!(encoder.cached(&ids(0), HiddenState::Last).is_some(), "it was just used");
        }
        assert!(encoder.cached(&ids(1), HiddenState::Last).is_none());
        assert!(encoder.cached(&ids(2), HiddenState::Last).is_some());
        assert!(encoder.cached(&ids(2), HiddenState::FromEnd(2)).is_none());
    }
}

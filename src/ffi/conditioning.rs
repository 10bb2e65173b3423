//! Conditionings: prompts that are read once and drawn from often.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use ndarray::{ArrayD, Ix1, Ix2};

use super::cancel::diffusion_cancel_token;
use super::embedding::{diffusion_embedding, give};
use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, shared, write_out};
use super::pipeline::{at, diffusion_pipeline, token_or_new};
use super::progress::{HostObserver, diffusion_progress_callback};
use super::request::diffusion_request;
use super::status::{Failure, diffusion_status};
use super::text::c_string;
use crate::pipeline::{Conditioning, EncodedText};

/// What a pipeline's text encoders made of prompts, for any number of requests to that pipeline. It never changes; threads
/// may share it. It does not keep the pipeline open.
pub struct diffusion_conditioning {
    _private: [u8; 0],
}

bind!(diffusion_conditioning, ConditioningData, "conditioning");

/// What stands behind a conditioning handle.
pub(super) struct ConditioningData {
    pub(super) conditioning: Arc<Conditioning>,
    /// Encoder and text.
    texts: Vec<[CString; 2]>,
}

impl ConditioningData {
    fn new(conditioning: Conditioning) -> Self {
        let texts = conditioning.texts().map(|text| [c_string(text.encoder), c_string(text.text)]).collect();
        Self { conditioning: Arc::new(conditioning), texts }
    }

    fn text(&self, index: i64) -> Result<EncodedText<'_>, Failure> {
        let count = self.texts.len();
        usize::try_from(index).ok().and_then(|at| self.conditioning.texts().nth(at)).ok_or_else(|| {
            Failure::invalid(format!("there is no text {index}; the conditioning has {count}, counted from 0"))
        })
    }
}

/// Reads the request's prompts, for diffusion_request_set_conditioning() of as many requests as one likes: with any seed,
/// size, steps, scheduler and guidance. Of the request only the prompts count, their syntax, clip skip and the most tokens;
/// and the steps, for prompts that change while they are drawn: what a request with other steps needs besides is read then.
///
/// Blocks; `cancel` and `progress` are as in diffusion_pipeline_generate(). On success `*conditioning` is the caller's, to be
/// given back with diffusion_conditioning_destroy().
///
/// Errors: as of diffusion_pipeline_generate(); UNSUPPORTED for a model that reads no prompts, and for one of several stages,
/// whose texts' embeddings diffusion_pipeline_embed() gives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_encode_prompt(
    pipeline: *const diffusion_pipeline,
    request: *const diffusion_request,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
    conditioning: *mut *mut diffusion_conditioning,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let open = Arc::clone(unsafe { shared(pipeline) }?);
        // SAFETY: by contract.
        let request = unsafe { shared(request) }?.clone();
        check_out(conditioning, "conditioning out-parameter")?;
        // SAFETY: by contract.
        let cancel = unsafe { token_or_new(cancel) };
        let mut observer = HostObserver { callback: progress, user_data };
        let read = open.pipeline.encode_prompt(&request, &mut observer, &cancel)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(conditioning, create(ConditioningData::new(read))) };
        Ok(())
    })
}

/// Gives the conditioning back; NULL does nothing. Requests that have it keep what they need.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_destroy(conditioning: *mut diffusion_conditioning) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(conditioning) };
        Ok(())
    });
}

/// How many texts were read, each once for every text encoder that reads it. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_count(conditioning: *const diffusion_conditioning) -> u32 {
    // SAFETY: by contract.
    value(0, || Ok(u32::try_from(unsafe { shared(conditioning) }?.texts.len()).unwrap_or(u32::MAX)))
}

/// Who read text `index`, counted from 0, such as "text_encoder_2"; empty past the last.
///
/// Borrowed, as is the next one's: it lives until diffusion_conditioning_destroy(); never NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_encoder(
    conditioning: *const diffusion_conditioning,
    index: i64,
) -> *const c_char {
    value(c"".as_ptr(), || {
        // SAFETY: by contract.
        Ok(at(&unsafe { shared(conditioning) }?.texts, index).map_or(c"".as_ptr(), |[encoder, _]| encoder.as_ptr()))
    })
}

/// Text `index` itself, counted from 0; empty past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_text(
    conditioning: *const diffusion_conditioning,
    index: i64,
) -> *const c_char {
    value(c"".as_ptr(), || {
        // SAFETY: by contract.
        Ok(at(&unsafe { shared(conditioning) }?.texts, index).map_or(c"".as_ptr(), |[_, text]| text.as_ptr()))
    })
}

/// Whether text `index` says what the picture should not show: 1 or 0; 0 past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_is_negative(
    conditioning: *const diffusion_conditioning,
    index: i64,
) -> i32 {
    // SAFETY: by contract.
    value(0, || Ok(unsafe { shared(conditioning) }?.text(index).map_or(0, |text| i32::from(text.is_negative))))
}

/// What the encoder made of text `index`: `[tokens, width]`. On success `*states` is a copy and the caller's, to be given
/// back with diffusion_embedding_destroy(): two of them may be mixed and handed to diffusion_conditioning_with_states().
///
/// Errors: INVALID_ARGUMENT when there is no such text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_states(
    conditioning: *const diffusion_conditioning,
    index: i64,
    states: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(conditioning) }?;
        check_out(states, "states out-parameter")?;
        let values = data.text(index)?.context.clone().into_dyn();
        // SAFETY: by contract, and checked above.
        unsafe { give(states, values) };
        Ok(())
    })
}

/// Text `index` as one vector, `[1, width]`. On success `*pooled` is a copy and the caller's, to be given back with
/// diffusion_embedding_destroy().
///
/// Errors: INVALID_ARGUMENT when there is no such text; UNSUPPORTED where its encoder gives no such vector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_pooled(
    conditioning: *const diffusion_conditioning,
    index: i64,
    pooled: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(conditioning) }?;
        check_out(pooled, "pooled out-parameter")?;
        let text = data.text(index)?;
        let values = text.pooled.ok_or_else(|| {
            crate::Error::Unsupported(format!("the encoder {} gives no vector of a whole text", text.encoder))
        })?;
        // SAFETY: by contract, and checked above.
        unsafe { give(pooled, values.clone().insert_axis(ndarray::Axis(0)).into_dyn()) };
        Ok(())
    })
}

/// The same conditioning with other numbers for text `index`, of the shapes that diffusion_conditioning_states() and
/// diffusion_conditioning_pooled() give: a mix of two prompts, say. What is NULL stays. On success `*changed` is the
/// caller's, to be given back with diffusion_conditioning_destroy().
///
/// Errors: INVALID_ARGUMENT for another shape or no such text; NUMERIC for numbers that are not finite.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_conditioning_with_states(
    conditioning: *const diffusion_conditioning,
    index: i64,
    states: *const diffusion_embedding,
    pooled: *const diffusion_embedding,
    changed: *mut *mut diffusion_conditioning,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let data = unsafe { shared(conditioning) }?;
        check_out(changed, "changed out-parameter")?;
        data.text(index)?;
        // SAFETY: by contract.
        let (states, pooled) = unsafe { (values_of(states)?, values_of(pooled)?) };
        let states = states.map(|values| {
            let shape = values.shape().to_vec();
            values.into_dimensionality::<Ix2>().map_err(|_| wrong_shape("states", &shape, "[tokens, width]"))
        });
        let pooled = pooled.map(|values| {
            let shape = values.shape().to_vec();
            match shape.as_slice() {
                [1, _] => values.index_axis_move(ndarray::Axis(0), 0).into_dimensionality::<Ix1>().ok(),
                _ => None,
            }
            .ok_or_else(|| wrong_shape("vector of the whole text", &shape, "[1, width]"))
        });
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let made = data.conditioning.with_states(at, states.transpose()?, pooled.transpose()?)?;
        // SAFETY: by contract, and checked above.
        unsafe { write_out(changed, create(ConditioningData::new(made))) };
        Ok(())
    })
}

fn wrong_shape(what: &str, shape: &[usize], allowed: &str) -> Failure {
    Failure::invalid(format!("the {what} have the shape {shape:?}; allowed is {allowed}"))
}

/// An embedding's numbers; `None` for NULL.
///
/// # Safety
/// `embedding` is NULL or a live handle.
unsafe fn values_of(embedding: *const diffusion_embedding) -> Result<Option<ArrayD<f32>>, Failure> {
    match embedding.is_null() {
        true => Ok(None),
        // SAFETY: promised by the caller.
        false => Ok(Some(unsafe { shared(embedding) }?.values.as_ref().clone())),
    }
}

//! Embeddings: what a model makes of a picture or a text, taken out, mixed, and handed back.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ndarray::{ArrayD, Axis, IxDyn};

use super::cancel::diffusion_cancel_token;
use super::guard::{guard, value};
use super::handle::{bind, check_out, create, destroy, shared, write_out};
use super::pipeline::{diffusion_pipeline, token_or_new};
use super::progress::{HostObserver, diffusion_progress_callback};
use super::request::diffusion_request;
use super::status::{Failure, diffusion_status};
use super::text::name;
use crate::Error;
use crate::tensor::{Embedding, slerp};

/// The most numbers of an embedding that a host may make: 256 MiB.
const MAX_VALUES: usize = 1 << 26;
/// The most sizes of one.
const MAX_RANK: usize = 8;

/// Numbers that a model understands: the code of a picture or of a text, the noise that a picture comes from, latents. It
/// never changes; threads may share it.
pub struct diffusion_embedding {
    _private: [u8; 0],
}

bind!(diffusion_embedding, EmbeddingData, "embedding");

/// Its numbers, `[rows, ...]`.
pub(super) struct EmbeddingData {
    pub(super) values: Arc<ArrayD<f32>>,
    shape: Vec<i64>,
}

impl EmbeddingData {
    fn new(values: ArrayD<f32>) -> Self {
        let shape = values.shape().iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect();
        Self { values: Arc::new(values.as_standard_layout().into_owned()), shape }
    }
}

/// Hands a new embedding to the caller.
///
/// # Safety
/// `out` passed [`check_out`].
pub(super) unsafe fn give(out: *mut *mut diffusion_embedding, values: ArrayD<f32>) {
    // SAFETY: promised by the caller.
    unsafe { write_out(out, create(EmbeddingData::new(values))) };
}

/// Computes one of the values that the model lists as embeddings, such as "image_embeds" of a picture, or "x_T", the noise
/// that it comes from; diffusion_pipeline_info_json() lists them under "cascade". What it is made of comes from the
/// request, as for a picture; what is not needed for it need not be there.
///
/// Blocks; `cancel` and `progress` are as in diffusion_pipeline_generate(). On success `*embedding` is the caller's, to be
/// given back with diffusion_embedding_destroy(); its first size is 1, or the request's count where pictures differ.
///
/// Errors: as of diffusion_pipeline_generate(); UNSUPPORTED for a model of one stage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_pipeline_embed(
    pipeline: *const diffusion_pipeline,
    request: *const diffusion_request,
    value_name: *const c_char,
    value_length: usize,
    cancel: *const diffusion_cancel_token,
    progress: diffusion_progress_callback,
    user_data: *mut c_void,
    embedding: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        // SAFETY: by contract.
        let open = Arc::clone(unsafe { shared(pipeline) }?);
        // SAFETY: by contract.
        let request = unsafe { shared(request) }?.clone();
        // SAFETY: by contract.
        let value_name = unsafe { name(value_name, value_length, "embedding's name") }?.to_owned();
        check_out(embedding, "embedding out-parameter")?;
        // SAFETY: by contract.
        let cancel = unsafe { token_or_new(cancel) };
        let mut observer = HostObserver { callback: progress, user_data };
        let values = open.pipeline.embed(&request, &value_name, &mut observer, &cancel)?;
        // SAFETY: by contract, and checked above.
        unsafe { give(embedding, values) };
        Ok(())
    })
}

/// Makes an embedding of the host's own numbers, which are copied: `rank` sizes in `shape`, the first of them the rows, the
/// last the innermost; 1 to 8 of them, each 1 or more, with `count` numbers in all. NaN and infinite numbers are refused.
/// On success `*embedding` is the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_create(
    values: *const f32,
    count: usize,
    shape: *const i64,
    rank: usize,
    embedding: *mut *mut diffusion_embedding,
) -> diffusion_status {
    guard(|| {
        check_out(embedding, "embedding out-parameter")?;
        if values.is_null() || shape.is_null() {
            return Err(Failure::Null(if values.is_null() { "values" } else { "shape" }));
        }
        if !(1..=MAX_RANK).contains(&rank) || !(1..=MAX_VALUES).contains(&count) {
            return Err(Failure::invalid(format!(
                "an embedding of {rank} sizes and {count} numbers cannot be made; allowed are 1 to {MAX_RANK} sizes and 1 \
                 to {MAX_VALUES} numbers"
            )));
        }
        // SAFETY: not NULL, within the limits above, and the rest is promised by the caller.
        let (values, shape) =
            unsafe { (std::slice::from_raw_parts(values, count), std::slice::from_raw_parts(shape, rank)) };
        let sizes: Option<Vec<usize>> = shape
            .iter()
            .map(|size| usize::try_from(*size).ok().filter(|size| (1..=MAX_VALUES).contains(size)))
            .collect();
        let made = sizes.and_then(|sizes| ArrayD::from_shape_vec(IxDyn(&sizes), values.to_vec()).ok());
        let made = made.ok_or_else(|| {
            Failure::invalid(format!(
                "{count} numbers do not have the shape {shape:?}; their sizes' product must be {count}"
            ))
        })?;
        if let Some(at) = made.iter().position(|value| !value.is_finite()) {
            return Err(Error::Numeric(format!("number {at} of the embedding is NaN or infinite")).into());
        }
        // SAFETY: by contract, and checked above.
        unsafe { give(embedding, made) };
        Ok(())
    })
}

/// Gives the embedding back; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_destroy(embedding: *mut diffusion_embedding) {
    value((), || {
        // SAFETY: by contract.
        unsafe { destroy(embedding) };
        Ok(())
    });
}

/// Its numbers, row by row; they live until diffusion_embedding_destroy(). NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_values(embedding: *const diffusion_embedding) -> *const f32 {
    // SAFETY: by contract.
    value(std::ptr::null(), || Ok(unsafe { shared(embedding) }?.values.as_ptr()))
}

/// How many numbers it has; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_count(embedding: *const diffusion_embedding) -> usize {
    // SAFETY: by contract.
    value(0, || Ok(unsafe { shared(embedding) }?.values.len()))
}

/// How many sizes it has; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_rank(embedding: *const diffusion_embedding) -> usize {
    // SAFETY: by contract.
    value(0, || Ok(unsafe { shared(embedding) }?.shape.len()))
}

/// Its sizes, diffusion_embedding_rank() of them; they live until diffusion_embedding_destroy(). NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_shape(embedding: *const diffusion_embedding) -> *const i64 {
    // SAFETY: by contract.
    value(std::ptr::null(), || Ok(unsafe { shared(embedding) }?.shape.as_ptr()))
}

/// Two embeddings of one shape, row by row.
///
/// # Safety
/// Both are NULL or live handles; `out` is NULL or points to memory for a pointer.
unsafe fn mixed(
    one: *const diffusion_embedding,
    other: *const diffusion_embedding,
    out: *mut *mut diffusion_embedding,
    mix: impl Fn(&ArrayD<f32>, &ArrayD<f32>) -> Result<ArrayD<f32>, Failure>,
) -> diffusion_status {
    guard(|| {
        check_out(out, "embedding out-parameter")?;
        // SAFETY: promised by the caller.
        let (one, other) = unsafe { (&shared(one)?.values, &shared(other)?.values) };
        if one.shape() != other.shape() {
            return Err(Failure::invalid(format!(
                "embeddings of the shapes {:?} and {:?} cannot be mixed; they must have the same",
                one.shape(),
                other.shape()
            )));
        }
        if one.ndim() < 2 {
            return Err(Failure::invalid(format!(
                "embeddings of the shape {:?} have no rows to mix; give one of [rows, width]",
                one.shape()
            )));
        }
        let mut rows = Vec::with_capacity(one.shape()[0]);
        for (one, other) in one.outer_iter().zip(other.outer_iter()) {
            rows.push(mix(&one.to_owned(), &other.to_owned())?.insert_axis(Axis(0)));
        }
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        let all = ndarray::concatenate(Axis(0), &views).map_err(|e| Failure::invalid(e.to_string()))?;
        if let Some(at) = all.iter().position(|value| !value.is_finite()) {
            return Err(Error::Numeric(format!("number {at} of the mixed embedding is too large for a float")).into());
        }
        // SAFETY: promised by the caller, and checked above.
        unsafe { give(out, all) };
        Ok(())
    })
}

fn share(at: f32) -> Result<f32, Failure> {
    match at.is_finite() && at.abs() <= 100.0 {
        true => Ok(at),
        false => Err(Failure::invalid(format!("the place between two embeddings is {at}; allowed are -100 to 100"))),
    }
}

/// The embedding at `at` (0 to 1, and beyond) on the straight line from `from` to `to`, row by row: what diffusion
/// autoencoders' codes want. On success `*embedding` is the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_lerp(
    from: *const diffusion_embedding,
    to: *const diffusion_embedding,
    at: f32,
    embedding: *mut *mut diffusion_embedding,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        mixed(from, to, embedding, |from, to| {
            let at = share(at)?;
            Ok(from * (1.0 - at) + to * at)
        })
    }
}

/// The embedding at `at` (0 to 1, and beyond) on the arc from `from` to `to`, row by row, over all numbers of a row as one
/// vector: what CLIP's embeddings and noise want. On success `*embedding` is the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_slerp(
    from: *const diffusion_embedding,
    to: *const diffusion_embedding,
    at: f32,
    embedding: *mut *mut diffusion_embedding,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { mixed(from, to, embedding, |from, to| Ok(slerp(from, to, share(at)?))) }
}

/// `weight_one` times `one` plus `weight_other` times `other`, row by row: several pictures and texts as one, as Kandinsky
/// mixes them. On success `*embedding` is the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_weighted_sum(
    one: *const diffusion_embedding,
    weight_one: f32,
    other: *const diffusion_embedding,
    weight_other: f32,
    embedding: *mut *mut diffusion_embedding,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe { mixed(one, other, embedding, |one, other| Ok(one * share(weight_one)? + other * share(weight_other)?)) }
}

/// The direction from the text embedding `before` to the text embedding `after`, of length 1, row by row: turned towards
/// it by diffusion_embedding_turn(), a picture's embedding changes as the texts do (DALL-E 2's text differences). On
/// success `*embedding` is the caller's.
///
/// Errors: INVALID_ARGUMENT where both are the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_difference(
    before: *const diffusion_embedding,
    after: *const diffusion_embedding,
    embedding: *mut *mut diffusion_embedding,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        mixed(before, after, embedding, |before, after| {
            let (before, after) = (vector(before)?, vector(after)?);
            Ok(shaped(after.difference(&before)?))
        })
    }
}

/// `picture` turned towards `difference` by the part `at` (0.25 to 0.5 are usual) of the angle between them, its length
/// kept, row by row. On success `*embedding` is the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_embedding_turn(
    picture: *const diffusion_embedding,
    difference: *const diffusion_embedding,
    at: f32,
    embedding: *mut *mut diffusion_embedding,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        mixed(picture, difference, embedding, |picture, difference| {
            Ok(shaped(vector(picture)?.turned_towards(&vector(difference)?, share(at)?)?))
        })
    }
}

fn vector(row: &ArrayD<f32>) -> Result<Embedding, Failure> {
    match row.ndim() {
        1 => Ok(Embedding::new(row.iter().copied().collect())?),
        _ => Err(Failure::invalid(format!(
            "rows of the shape {:?} are no vectors, as CLIP's embeddings are",
            row.shape()
        ))),
    }
}

fn shaped(row: Embedding) -> ArrayD<f32> {
    row.into_row().index_axis_move(Axis(0), 0)
}

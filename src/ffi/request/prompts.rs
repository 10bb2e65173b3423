//! What the picture should show and should not, and how that is read.

use std::ffi::c_char;
use std::sync::Arc;

use super::{change, diffusion_request, named, whole};
use crate::ffi::conditioning::diffusion_conditioning;
use crate::ffi::handle::shared;
use crate::ffi::status::{Failure, diffusion_status};
use crate::ffi::text::{length_of, utf8};
use crate::pipeline::{MAX_CLIP_SKIP, MAX_PROMPT_BYTES, MAX_TOKENS, PromptSyntax};

/// The caller's prompt as a copy; NULL with 0 is none.
///
/// # Safety
/// `prompt` is NULL or points to `length` readable bytes.
unsafe fn prompt_of(prompt: *const c_char, length: usize, what: &'static str) -> Result<Option<String>, Failure> {
    // SAFETY: promised by the caller.
    let text = unsafe { utf8(prompt, length, MAX_PROMPT_BYTES, what) }?;
    Ok((!prompt.is_null()).then(|| text.to_owned()))
}

/// What the picture should show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: empty.
///
/// What does not fit the model's text encoder is cut off, and diffusion_result_warning() names it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_prompt(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.prompt = prompt_of(prompt, prompt_length, "prompt")?.unwrap_or_default();
            Ok(())
        })
    }
}

/// Prompts that diffusion_pipeline_encode_prompt() read, in place of the request's own, which must not be set beside it, nor
/// their syntax, clip skip and most tokens. Default, also with NULL: none.
///
/// The request keeps what it needs: the conditioning may be destroyed at once. Only the pipeline that read it takes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_conditioning(
    request: *mut diffusion_request,
    conditioning: *const diffusion_conditioning,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.conditioning = match conditioning.is_null() {
                true => None,
                false => Some(Arc::clone(&shared(conditioning)?.conditioning)),
            };
            Ok(())
        })
    }
}

/// As diffusion_request_set_prompt(), for a text that ends with NUL. NULL is an error here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_prompt_cstr(
    request: *mut diffusion_request,
    prompt: *const c_char,
) -> diffusion_status {
    // SAFETY: by contract; the length was just counted.
    unsafe {
        change(request, |request| {
            request.prompt = prompt_of(prompt, length_of(prompt, "prompt")?, "prompt")?.unwrap_or_default();
            Ok(())
        })
    }
}

/// What the second text encoder reads (Stable Diffusion XL and 3, Flux); limits as for the prompt. Default, also with
/// NULL and 0: the prompt. Models without one do not look at it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_prompt_2(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.prompt_2 = prompt_of(prompt, prompt_length, "second prompt")?;
            Ok(())
        })
    }
}

/// What the third text encoder reads (Stable Diffusion 3); limits as for the prompt. Default, also with NULL and 0: the
/// prompt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_prompt_3(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.prompt_3 = prompt_of(prompt, prompt_length, "third prompt")?;
            Ok(())
        })
    }
}

/// What the picture should not show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: none, which
/// most models see as the empty text; Stable Diffusion XL may have been trained to see zeros there. Has no effect
/// where guidance is 1 or less.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_prompt(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.negative_prompt = prompt_of(prompt, prompt_length, "negative prompt")?;
            Ok(())
        })
    }
}

/// As diffusion_request_set_negative_prompt(), for a text that ends with NUL. NULL is an error here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_prompt_cstr(
    request: *mut diffusion_request,
    prompt: *const c_char,
) -> diffusion_status {
    // SAFETY: by contract; the length was just counted.
    unsafe {
        change(request, |request| {
            let length = length_of(prompt, "negative prompt")?;
            request.negative_prompt = prompt_of(prompt, length, "negative prompt")?;
            Ok(())
        })
    }
}

/// The second text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
/// prompt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_prompt_2(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.negative_prompt_2 = prompt_of(prompt, prompt_length, "second negative prompt")?;
            Ok(())
        })
    }
}

/// The third text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
/// prompt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_negative_prompt_3(
    request: *mut diffusion_request,
    prompt: *const c_char,
    prompt_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.negative_prompt_3 = prompt_of(prompt, prompt_length, "third negative prompt")?;
            Ok(())
        })
    }
}

/// What characters in prompts mean, by one of the names of diffusion_prompt_syntax_name(). Default, also with NULL and
/// 0: "plain", every character is text, as in diffusers.
///
/// "webui" is the syntax of AUTOMATIC1111's webui: (weights:1.2), [from:to:0.5], [this|that], BREAK, AND, and prompts
/// of any length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_syntax(
    request: *mut diffusion_request,
    syntax: *const c_char,
    syntax_length: usize,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.syntax = named(syntax, syntax_length, "prompt syntax", PromptSyntax::parse)?.unwrap_or_default();
            Ok(())
        })
    }
}

/// How many of CLIP's last layers are left out, 0 (the default) to 11, as diffusers counts them; the webui's number is
/// one more. Models whose text encoder does not give its layers out are changed so that it does, if that is possible.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_clip_skip(
    request: *mut diffusion_request,
    layers: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.clip_skip = whole(layers, 0..=MAX_CLIP_SKIP, "clip skip")?;
            Ok(())
        })
    }
}

/// How many tokens a T5 encoder reads (Stable Diffusion 3, Flux), 1 to 512. Default: what diffusers' pipeline of the
/// model's family has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diffusion_request_set_max_tokens(
    request: *mut diffusion_request,
    tokens: i64,
) -> diffusion_status {
    // SAFETY: by contract.
    unsafe {
        change(request, |request| {
            request.max_tokens = Some(whole(tokens, 1..=MAX_TOKENS, "max tokens")?);
            Ok(())
        })
    }
}

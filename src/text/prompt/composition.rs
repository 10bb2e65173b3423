//! Several prompts in one: `a cat AND a dog :1.2`.
//!
//! The meaning is that of `get_multicond_prompt_list` in `modules/prompt_parser.py` of AUTOMATIC1111's webui 1.10,
//! after Liu et al., "Compositional Visual Generation with Composable Diffusion Models", 2022.

use std::sync::LazyLock;

use regex::Regex;

use super::emphasis::shortened;
use crate::error::{Error, Result};

/// How many prompts `AND` may join: the denoiser runs once for each in every step.
const MAX_PROMPTS: usize = 64;

/// The prompts that the word `AND`, in capitals, separates, without the blanks at their ends, and their weights: the
/// number after a colon at the end, 1 without one. `AND` separates inside of brackets too.
///
/// # Errors
/// [`Error::InvalidArgument`] for more than [`MAX_PROMPTS`], or a weight beyond a float32.
pub(super) fn split(text: &str) -> Result<Vec<(&str, f32)>> {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, and every test compiles it")]
    static AND: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bAND\b").expect("a pattern"));
    let prompts = AND.split(text).take(MAX_PROMPTS + 1).map(weighted).collect::<Result<Vec<_>>>()?;
    if prompts.len() > MAX_PROMPTS {
        return Err(Error::invalid(format!(
            "AND joins more than {MAX_PROMPTS} prompts; at most {MAX_PROMPTS} are allowed"
        )));
    }
    Ok(prompts)
}

fn weighted(prompt: &str) -> Result<(&str, f32)> {
    let prompt = prompt.trim_end();
    let Some((text, number)) = prompt.rsplit_once(':') else { return Ok((prompt, 1.0)) };
    let number = number.trim_start();
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    // Rust reads "inf" and exponents too; here these are text.
    if !digits.chars().all(|c| c == '.' || c.is_ascii_digit()) {
        return Ok((prompt, 1.0));
    }
    let Ok(weight) = number.parse::<f32>() else { return Ok((prompt, 1.0)) };
    if !weight.is_finite() {
        return Err(Error::invalid(format!(
            "the weight {} of a prompt that AND joins is beyond 3.4e38; sensible ones are about 0.5 to 1.5",
            shortened(number)
        )));
    }
    Ok((text.trim_end(), weight))
}

//! Prompts: tokenizers and text encoders.

mod added_tokens;
mod clean;
pub(crate) mod encoder;
pub mod tokenizer;
mod vocabulary;

//! Prompts: tokenizers and text encoders.

mod clean;
pub(crate) mod encoder;
pub mod tokenizer;
mod vocabulary;

//! Prompts: their syntax, tokenizers and text encoders.

mod added_tokens;
mod any;
mod clean;
mod embedding_table;
pub(crate) mod encoder;
pub mod layout_tokens;
pub(crate) mod learned;
mod outputs;
pub mod prompt;
mod sentencepiece;
mod states;
pub mod t5;
pub mod tokenizer;
mod vocabulary;

pub(crate) use any::AnyTokenizer;
pub(crate) use embedding_table::appending;
pub(crate) use outputs::HiddenState;
pub(crate) use states::{expose_float32_states, expose_states};

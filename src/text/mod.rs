//! Prompts: their syntax, tokenizers and text encoders.

mod added_tokens;
mod any;
pub mod bert;
mod clean;
mod embedding_table;
pub(crate) mod encoder;
mod encoding;
mod framed;
pub mod gpt2;
mod kind;
pub mod layout_tokens;
pub(crate) mod learned;
mod outputs;
pub mod prompt;
mod sentencepiece;
mod states;
pub mod t5;
pub mod tokenizer;
mod vocabulary;
pub mod xlm_roberta;

pub use any::{AnyTokenizer, TokenizerOptions};
pub(crate) use embedding_table::appending;
pub use kind::TokenizerKind;
pub(crate) use outputs::HiddenState;
pub(crate) use states::{expose_float32_states, expose_states};

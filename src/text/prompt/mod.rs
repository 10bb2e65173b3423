//! The prompt syntax of AUTOMATIC1111's webui, for callers who ask for it, and prompts of any length.
//!
//! Without it a prompt is plain text and means what it means in diffusers. With it:
//!
//! | written | means | where |
//! |---|---|---|
//! | `(x)` `[x]` `(x:1.3)` `\(` | more, less, this much of x; a bracket | [`pieces`] |
//! | `BREAK` | what follows starts a new chunk | [`pieces`], [`chunk`] |
//! | `[from:to:when]` `[a\|b]` | the prompt changes from step to step | [`parse`] |
//! | `a AND b :1.2` | several prompts, each with its own weight in the guidance | [`parse`] |
//!
//! A request's prompt goes through [`parse`] once, which gives the texts to encode and says when each is used; each
//! text goes through [`chunk`], its chunks through the text encoder one by one, and the result through
//! [`apply_weights`].

mod chunks;
mod composition;
mod editing;
mod emphasis;
mod schedule;
mod weights;

pub use chunks::{Chunk, chunk, empty_chunk, pad_chunks};
pub use emphasis::{Piece, pieces, without_syntax};
pub use schedule::{Part, Schedule, Steps, SubPrompt, parse, parse_negative};
pub use weights::apply_weights;

/// How many brackets may be open at once.
const MAX_DEPTH: usize = 256;

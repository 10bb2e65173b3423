//! Model folders: what is recognised, what is read from them, and how each bad one is refused.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests state what they expect by panicking, their helpers too")]

#[path = "model_folder/build.rs"]
mod build;
#[path = "model_folder/exporters.rs"]
mod exporters;
#[path = "model_folder/graphs.rs"]
mod graphs;
#[path = "model_folder/layouts.rs"]
mod layouts;
#[path = "model_folder/refusals.rs"]
mod refusals;
#[path = "model_folder/tiny.rs"]
mod tiny;

//! The C ABI: one file an object, every body inside one guard.
//!
//! What holds for every function here, so that no file repeats it:
//!
//! - It calls the public Rust API and nothing below it; what is peculiar to C is dealt with in this room.
//! - Handles are zero-sized types that only ever stand behind a pointer ([`handle`]), so a change of the Rust type
//!   behind one changes no ABI.
//! - Out-parameters come last and are written only when everything else has succeeded.
//! - Enumerations and counts come in as fixed-width integers and are checked; text comes in as pointer and length.
//! - `SAFETY` comments say "by contract" for what the head of the header demands of the caller: a pointer is NULL or
//!   points to a live object of its type, a length tells the truth, and an object without `const` is used by one
//!   thread at a time.
//!
//! A new function: write it in its object's file with a doc comment that says units, range, default, ownership,
//! threads and errors, then run `UPDATE_HEADER=1 cargo test --test header` and commit the header with it.

#![expect(unsafe_code, reason = "the C boundary reads and writes through the caller's pointers")]
#![expect(non_camel_case_types, reason = "types carry their C names, so that code and header read alike")]

#[cfg(panic = "abort")]
compile_error!("the C boundary turns panics into a status, so it needs panic = \"unwind\"");

mod buffer;
mod cancel;
mod cascade;
mod conditioning;
mod embedding;
mod estimate;
mod generate;
mod guard;
mod handle;
mod image;
mod job;
mod latents;
mod log;
mod model_files;
mod names;
mod options;
mod picture;
mod pipeline;
mod polling;
mod progress;
mod request;
mod result;
mod runtime;
mod status;
mod stepper;
mod text;
mod timings;
mod version;

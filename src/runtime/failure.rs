//! ONNX Runtime's failures, as this crate's errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ort::ErrorCode;

use crate::{Error, Result};

/// Runs `call` and turns a panic of the `ort` crate into an error. None is known on the roads we take; this is
/// the belt to those braces.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Error::Internal(format!("the binding to ONNX Runtime panicked: {text}")))
    })
}

/// Why a graph could not be opened.
pub(super) fn open_failure<R>(path: &Path, error: &ort::Error<R>) -> Error {
    let message = clean(error.message());
    match error.code() {
        ErrorCode::ModelLoadCanceled => Error::Cancelled,
        _ if is_out_of_memory(&message) => {
            Error::OutOfMemory(format!("opening the graph \"{}\": {message}", path.display()))
        }
        ErrorCode::NotImplemented => Error::Unsupported(format!(
            "the graph \"{}\" uses something that this ONNX Runtime does not have: {message}",
            path.display()
        )),
        ErrorCode::ExecutionProviderFailure | ErrorCode::DeviceReset => Error::ProviderUnavailable(format!(
            "the execution provider failed on the graph \"{}\": {message}",
            path.display()
        )),
        _ => Error::bad_model(path, message),
    }
}

/// Why a graph failed while it ran.
pub(super) fn run_failure<R>(graph: &str, error: &ort::Error<R>) -> Error {
    let message = clean(error.message());
    if is_out_of_memory(&message) {
        return Error::OutOfMemory(format!("running the graph {graph}: {message}"));
    }
    Error::GraphFailed { graph: graph.to_owned(), message }
}

/// ONNX Runtime has no code for it: the providers put it in words.
fn is_out_of_memory(message: &str) -> bool {
    const SIGNS: [&str; 6] =
        ["bad_alloc", "bad allocation", "Failed to allocate memory", "out of memory", "OUT_OF_MEMORY", "OUTOFMEMORY"];
    SIGNS.iter().any(|sign| message.contains(sign))
}

/// ONNX Runtime's words without the places in its source code that it puts before them, on one line.
pub(super) fn clean(message: &str) -> String {
    let mut text = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((head, rest)) = text.split_once(" failed:")
        && head.starts_with("Load model from ")
    {
        text = rest.to_owned();
    }
    while let Some((start, end)) = source_location(&text) {
        text.replace_range(start..end, "");
    }
    text.trim().trim_end_matches('.').to_owned()
}

/// The range of one `/path/file.cc:123 some::Function(args) ` in a text.
fn source_location(text: &str) -> Option<(usize, usize)> {
    let mark = [".cc:", ".h:", ".cpp:", ".cu:"].iter().filter_map(|mark| Some(text.find(mark)? + mark.len())).min()?;
    let start = text.get(..mark)?.rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let after = text.get(mark..)?;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let mut end = mark + digits;
    // The function's signature follows; it ends with its arguments in brackets.
    let signature = text.get(end..)?.trim_start();
    if let Some(open) = signature.find('(')
        && signature.get(..open).is_some_and(|name| name.contains("::"))
    {
        let mut depth = 0_i32;
        for (index, c) in signature.char_indices().skip_while(|(index, _)| *index < open) {
            depth += i32::from(c == '(') - i32::from(c == ')');
            if depth == 0 {
                end = text.len() - signature.len() + index + 1;
                break;
            }
        }
    }
    let rest = text.get(end..)?;
    Some((start, end + (rest.len() - rest.trim_start().len())))
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn places_in_the_source_code_go_and_the_reason_stays() {
        assert_eq!(
            clean(
                "Load model from /a b/m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:180 \
                 onnxruntime::Model::Model(ModelProto&&, const PathString&, const logging::Logger&) \
                 ModelProto does not have a graph.\n"
            ),
            "ModelProto does not have a graph"
        );
        assert_eq!(clean("Load model from m.onnx failed:Protobuf parsing failed."), "Protobuf parsing failed");
        assert_eq!(clean("plain words"), "plain words");
        assert_eq!(clean("ends with a.cc:12"), "ends with");
        assert_eq!(clean(".cc:"), "");
    }
}

//! Which nodes of a graph run on which provider, as ONNX Runtime decided when it opened it, and whether that is what
//! was asked for.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};

use ort::AsPointer;
use ort::session::Session;
use ort::sys::OrtStatusPtr;

use super::options::GraphOptions;
use super::provider::{Provider, our_name};
use super::providers::Fallback;
use crate::{Error, Result};

/// The session option that makes ONNX Runtime keep what [`read`] asks for.
pub(super) const RECORD: (&str, &str) = ("session.record_ep_graph_assignment_info", "1");

/// Which nodes of a graph run where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    /// Nodes by provider, under our names where we have one.
    pub nodes: BTreeMap<String, usize>,
    /// The operators of those nodes that run on the CPU, with how many there are of each.
    pub cpu_operators: BTreeMap<String, usize>,
}

impl Assignment {
    /// The operators that fell back to the CPU from another provider. Arithmetic on shapes does not count: providers
    /// with a memory of their own leave it to the CPU on purpose, since the host needs its results.
    #[must_use]
    pub fn fallen(&self) -> BTreeMap<&str, usize> {
        let counts = self.cpu_operators.iter().map(|(operator, count)| (operator.as_str(), *count));
        counts.filter(|(operator, _)| !SHAPE_ARITHMETIC.contains(operator)).collect()
    }

    fn total(&self) -> usize {
        self.nodes.values().sum()
    }
}

/// What exporters compute shapes with: `Shape`, what picks from and puts together small integer vectors, and the
/// arithmetic on them.
const SHAPE_ARITHMETIC: [&str; 26] = [
    "Shape",
    "Size",
    "Constant",
    "ConstantOfShape",
    "Range",
    "Gather",
    "Slice",
    "Concat",
    "Squeeze",
    "Unsqueeze",
    "Reshape",
    "Cast",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Mod",
    "Floor",
    "Ceil",
    "Min",
    "Max",
    "Equal",
    "Less",
    "Greater",
    "Where",
    "ReduceProd",
];

/// Where the nodes of an open session run; `None` if this ONNX Runtime does not say.
pub(super) fn read(session: &Session) -> Option<Assignment> {
    let mut found = Assignment::default();
    let api = ort::api();
    #[expect(unsafe_code, reason = "the `ort` crate has no safe call for this")]
    // SAFETY: the session is open and borrowed for as long as this goes on. ONNX Runtime gives arrays and texts that the
    // session owns; lengths are those that it wrote, and nothing of it is kept.
    unsafe {
        for subgraph in list(|items, count| (api.Session_GetEpGraphAssignmentInfo)(session.ptr(), items, count))? {
            let provider = text(|out| (api.EpAssignedSubgraph_GetEpName)(subgraph, out))?;
            let provider = our_name(&provider);
            for node in list(|items, count| (api.EpAssignedSubgraph_GetNodes)(subgraph, items, count))? {
                *found.nodes.entry(provider.to_owned()).or_default() += 1;
                if provider == Provider::Cpu.name() {
                    let operator = text(|out| (api.EpAssignedNode_GetOperatorType)(node, out))?;
                    *found.cpu_operators.entry(operator).or_default() += 1;
                }
            }
        }
    }
    Some(found).filter(|found| !found.nodes.is_empty())
}

/// The pointers of an array that ONNX Runtime owns.
///
/// # Safety
/// On success `get` writes an array and its length, or leaves both as they are.
#[expect(unsafe_code, reason = "reads an array that ONNX Runtime gave")]
unsafe fn list<T>(get: impl FnOnce(*mut *const *const T, *mut usize) -> OrtStatusPtr) -> Option<Vec<*const T>> {
    let (mut items, mut count) = (std::ptr::null(), 0);
    // SAFETY: the status was just returned by ONNX Runtime and is used once.
    unsafe { ort::Error::result_from_status(get(&mut items, &mut count)) }.ok()?;
    if items.is_null() || count == 0 {
        return Some(Vec::new());
    }
    // SAFETY: by contract.
    Some(unsafe { std::slice::from_raw_parts(items, count) }.to_vec())
}

/// A copy of a text that ONNX Runtime owns.
///
/// # Safety
/// On success `get` writes a pointer to a NUL-terminated text, or leaves it as it is.
#[expect(unsafe_code, reason = "reads a text that ONNX Runtime gave")]
unsafe fn text(get: impl FnOnce(*mut *const c_char) -> OrtStatusPtr) -> Option<String> {
    let mut out = std::ptr::null();
    // SAFETY: the status was just returned by ONNX Runtime and is used once.
    unsafe { ort::Error::result_from_status(get(&mut out)) }.ok()?;
    if out.is_null() {
        return None;
    }
    // SAFETY: by contract.
    Some(unsafe { CStr::from_ptr(out) }.to_string_lossy().into_owned())
}

/// Says loudly when a part of the graph `name` fell back to the CPU, or refuses it, as `options` want.
pub(super) fn judge(name: &str, options: &GraphOptions, found: Option<&Assignment>) -> Result<()> {
    if options.provider.is_cpu() {
        return Ok(());
    }
    let provider = options.provider.name();
    let Some(found) = found else {
        return match options.fallback {
            Fallback::Warn => Ok(()),
            Fallback::Refuse => Err(Error::ProviderUnavailable(format!(
                "this ONNX Runtime does not say which nodes of {name} run on {provider}, so a fall back to the CPU \
                 cannot be ruled out; allow it with fallback \"warn\""
            ))),
        };
    };
    let fallen = found.fallen();
    if fallen.is_empty() {
        return Ok(());
    }
    let operators: Vec<String> = fallen.iter().map(|(operator, count)| format!("{operator} ({count})")).collect();
    let sentence = format!(
        "{} of the {} nodes of {name} run on the CPU and not on {provider}: {}",
        fallen.values().sum::<usize>(),
        found.total(),
        operators.join(", ")
    );
    match options.fallback {
        Fallback::Warn => {
            log::warn!("{sentence}");
            Ok(())
        }
        Fallback::Refuse => Err(Error::ProviderUnavailable(format!("{sentence}; fallback \"warn\" allows it"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cpu: &[(&str, usize)]) -> Assignment {
        let cpu_operators: BTreeMap<_, _> = cpu.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let on_cpu = cpu_operators.values().sum();
        Assignment { nodes: [("cuda".to_owned(), 90), ("cpu".to_owned(), on_cpu)].into(), cpu_operators }
    }

    #[test]
    fn only_what_is_no_arithmetic_on_shapes_is_a_fall_back() {
        let mut options = GraphOptions { provider: Provider::Cuda, ..GraphOptions::default() };
        let (shapes, real) = (found(&[("Shape", 9), ("Gather", 4)]), found(&[("Shape", 9), ("NonZero", 1)]));
        options.fallback = Fallback::Refuse;
        judge("unet", &options, Some(&shapes)).unwrap();
        let said = judge("unet", &options, Some(&real)).unwrap_err().to_string();
        assert!(said.starts_with("1 of the 100 nodes of unet run on the CPU and not on cuda: NonZero (1);"), "{said}");
        assert!(judge("unet", &options, None).unwrap_err().to_string().contains("does not say"));
        options.fallback = Fallback::Warn;
        judge("unet", &options, Some(&real)).unwrap();
        judge("unet", &options, None).unwrap();
        let cpu = GraphOptions { fallback: Fallback::Refuse, provider: Provider::Cpu, ..GraphOptions::default() };
        judge("unet", &cpu, Some(&real)).unwrap();
    }
}

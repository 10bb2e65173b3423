//! How many threads a graph may use.

use std::thread::available_parallelism;

/// The threads for a session: `asked`, or where that is 0 one for each physical core that this process may use.
///
/// Hyper-threads of one core share its multipliers, so more threads than cores slow a graph down. ONNX
/// Runtime's own default looks at the whole machine and pins its threads; in a container or under `taskset`
/// that is too many. `None` leaves the choice to ONNX Runtime.
pub(super) fn intra_threads(asked: u32) -> Option<usize> {
    if asked > 0 {
        return usize::try_from(asked).ok();
    }
    let logical = available_parallelism().ok()?.get();
    Some(physical_cores()?.clamp(1, logical))
}

/// The physical cores behind the logical ones that this process is allowed on.
#[cfg(target_os = "linux")]
fn physical_cores() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let mut cores = std::collections::BTreeSet::new();
    for cpu in parse_cpu_list(allowed)? {
        let siblings = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
        // A virtual machine may hide its topology; then each logical processor counts as a core.
        let core = std::fs::read_to_string(siblings).ok().and_then(|list| parse_cpu_list(&list)?.first().copied());
        cores.insert(core.unwrap_or(cpu));
    }
    Some(cores.len())
}

/// Elsewhere ONNX Runtime's own default is the number of physical cores, which is what is wanted.
#[cfg(not(target_os = "linux"))]
fn physical_cores() -> Option<usize> {
    None
}

/// The numbers of a kernel list as `0-3,8,10-11`.
#[cfg(any(target_os = "linux", test))]
fn parse_cpu_list(list: &str) -> Option<Vec<usize>> {
    let mut cpus = Vec::new();
    for part in list.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cpus.extend(first.trim().parse::<usize>().ok()?..=last.trim().parse().ok()?);
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_lists() {
        assert_eq!(parse_cpu_list("\t0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(parse_cpu_list("5"), Some(vec![5]));
        assert_eq!(parse_cpu_list("a-3"), None);
    }

    #[test]
    fn a_number_that_was_asked_for_is_kept_and_zero_stays_within_the_machine() {
        assert_eq!(intra_threads(7), Some(7));
        if let Some(threads) = intra_threads(0) {
            assert!(threads >= 1 && threads <= available_parallelism().unwrap().get());
        }
    }
}

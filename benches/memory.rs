//! Opens a model, draws one picture and destroys everything, again and again in one process, and says how much
//! memory stays after each round: whether memory goes back, and whether anything grows.
//!
//! ```text
//! cargo bench --bench memory -- [--rounds 30] [--pipelines 1] [--cache-dir DIR] [the options of generate.rs]
//! ```
//! With several pipelines of the same folder, "with N open" says what weights that are mapped from a cache save: it
//! counts pages that they share once. Beside it stands what `estimate_memory` says of the folder: "opened" is the first
//! pipeline, before it draws.
//! States figures and fails nothing. Growth is counted from the third round on: the first two also pay for what a
//! process sets up once (the runtime's environment, the allocator's pools).

#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

mod common;

use common::{Args, parse, peak_memory, proportional_memory, resident_memory};
use diffusion::{CancelToken, Error, Pipeline, estimate_memory};
use serde_json::json;

/// Rounds that set things up once for the process.
const SETTLING: usize = 2;

/// Gives the memory with the first pipeline open and nothing drawn, and while all are open and have drawn, pages that they
/// share counted once.
fn round(args: &Args) -> Result<[u64; 2], Error> {
    let cancel = CancelToken::new();
    let open = || Pipeline::open(&args.model, &args.options, &mut (), &cancel);
    let mut pipelines = vec![open()?];
    let opened = resident_memory().unwrap_or_default();
    for _ in 1..args.pipelines {
        pipelines.push(open()?);
    }
    for pipeline in &pipelines {
        pipeline.generate(&args.request, &mut (), &cancel)?;
    }
    Ok([opened, proportional_memory().unwrap_or_default()])
}

fn main() -> Result<(), String> {
    let mut args = parse(30)?;
    args.request.steps = args.request.steps.or(Some(2));
    let before = resident_memory().ok_or("this system does not say how much memory a process has resident")?;
    let estimate = estimate_memory(&args.model, &args.options).map_err(|e| e.to_string())?;
    let (mut after, mut open, mut opened) = (vec![], 0, 0);
    for index in 0..args.rounds {
        let [first, all] = round(&args).map_err(|e| e.to_string())?;
        (opened, open) = (if index == 0 { first } else { opened }, open.max(all));
        let bytes = resident_memory().unwrap_or_default();
        if !args.json {
            println!("round {:>3}: {:.1} MB", index + 1, bytes as f64 / 1e6);
        }
        after.push(bytes);
    }
    let settled = after.get(SETTLING.min(after.len() - 1)).copied().unwrap_or_default();
    let last = after.last().copied().unwrap_or_default();
    let growth = last as i64 - settled as i64;
    if args.json {
        let model = args.model.file_name().map(|n| n.to_string_lossy().into_owned());
        println!(
            "{}",
            json!({
                "model": model, "rounds": args.rounds, "resident_bytes_before": before,
                "resident_bytes_after_round": after, "growth_bytes": growth, "peak_memory_bytes": peak_memory(),
                "pipelines": args.pipelines, "open_bytes": open, "opened_bytes": opened,
                "estimated_open_bytes": estimate.open, "estimated_opening_bytes": estimate.opening,
            })
        );
        return Ok(());
    }
    println!(
        "\nbefore the first: {:.1} MB; with {} open: at most {:.1} MB; peak: {:.1} MB\nfrom round {} to round {}: {:+.2} MB",
        before as f64 / 1e6,
        args.pipelines,
        open as f64 / 1e6,
        peak_memory().unwrap_or_default() as f64 / 1e6,
        SETTLING.min(after.len() - 1) + 1,
        after.len(),
        growth as f64 / 1e6
    );
    println!(
        "opened: {:.1} MB more than before; estimated: {:.1} MB, while opening {:.1} MB",
        opened.saturating_sub(before) as f64 / 1e6,
        estimate.open as f64 / 1e6,
        estimate.opening as f64 / 1e6
    );
    Ok(())
}

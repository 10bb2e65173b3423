//! Times one model from opening to pixels, says how much of the loop is this library's own, and how long a
//! cancellation takes to arrive.
//!
//! ```text
//! cargo bench --bench generate -- [--model DIR] [--width N] [--height N] [--steps N] [--guidance G]
//!                                 [--rounds N] [--cancels N] [--threads N] [--memory MODE]
//!                                 [--provider NAME] [--ort-library FILE] [--json]
//! ```
//! Times are medians over the rounds, with the smallest and the largest beside them. Peak memory is that of the
//! whole process and covers every round.

#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

mod common;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{Args, parse, peak_memory, spread};
use diffusion::{CancelToken, Error, Flow, Phase, Pipeline, Progress, Request};
use serde_json::json;

/// From the call of `cancel`, at different moments of the second denoiser evaluation, until `generate` is back.
/// A cancellation that found the work done already counts for nothing.
fn cancellations(pipeline: &Pipeline, args: &Args, step: Duration) -> Result<Vec<Duration>, String> {
    // Three evaluations, so that the one that is cancelled is neither the first nor the last.
    let request = Request { steps: Some(args.request.steps.unwrap_or(3).max(3)), ..args.request.clone() };
    let mut latencies = vec![];
    for index in 0..args.cancels {
        let wait = step.mul_f64((index as f64 + 0.5) / args.cancels as f64);
        let token = CancelToken::new();
        let (first_done, begun) = mpsc::channel();
        let (outcome, returned, cancelled) = std::thread::scope(|scope| {
            let token = &token;
            let canceller = scope.spawn(move || {
                begun.recv().ok()?;
                std::thread::sleep(wait);
                let now = Instant::now();
                token.cancel();
                Some(now)
            });
            let mut observer = move |progress: &Progress| {
                if progress.phase == Phase::Denoising && progress.step == 1 {
                    // The other side is gone only if it panicked, which the join below reports.
                    let _ = first_done.send(());
                }
                Flow::Continue
            };
            let outcome = pipeline.generate(&request, &mut observer, token);
            let returned = Instant::now();
            drop(observer); // and with it the sender, so that the other side never waits in vain
            (outcome, returned, canceller.join().ok().flatten())
        });
        match (outcome, cancelled) {
            (Err(Error::Cancelled), Some(at)) => latencies.push(returned.saturating_duration_since(at)),
            (Ok(_), _) => {}
            (Err(error), _) => return Err(error.to_string()),
        }
    }
    Ok(latencies)
}

fn main() -> Result<(), String> {
    let args = parse(5)?;
    let cancel = CancelToken::new();
    let told = |e: Error| e.to_string();
    let pipeline = Pipeline::open(&args.model, &args.options, &mut (), &cancel).map_err(told)?;
    let (mut text, mut first, mut steps, mut decode, mut total) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut loop_time, mut in_graphs) = (Duration::ZERO, Duration::ZERO);
    let mut settings = None;
    for round in 0..args.rounds {
        // A new prompt each round, so that a cache of encoded prompts does not hide the encoder's time.
        let request = Request { prompt: format!("{} {round}", args.request.prompt), ..args.request.clone() };
        let result = pipeline.generate(&request, &mut (), &cancel).map_err(told)?;
        let timings = result.timings;
        text.push(timings.text);
        first.extend(timings.denoise.first().copied());
        steps.extend(timings.denoise.iter().skip(1).copied());
        decode.push(timings.decode);
        total.push(timings.total);
        loop_time += timings.denoise.iter().sum::<Duration>();
        in_graphs += timings.denoise_in_graphs;
        settings = Some(result.settings);
    }
    let peak = peak_memory();
    let overhead = 100.0 * (loop_time.saturating_sub(in_graphs)).as_secs_f64() / loop_time.as_secs_f64();
    let mut sorted = steps.clone();
    sorted.sort();
    let step = sorted.get(sorted.len() / 2).or(first.first()).copied().unwrap_or_default();
    let cancelled = cancellations(&pipeline, &args, step)?;
    let told_of = cancelled.len();
    let mut rows = vec![
        ("open", spread(vec![pipeline.open_time()])),
        ("text", spread(text)),
        ("first step", spread(first)),
        ("step", spread(steps)),
        ("decode", spread(decode)),
        ("total", spread(total)),
        ("cancel to return", spread(cancelled)),
    ];
    rows.retain(|(_, [_, median, _])| median.is_finite());
    if args.json {
        let table: serde_json::Map<String, _> =
            rows.iter().map(|(name, [min, median, max])| ((*name).into(), json!([min, median, max]))).collect();
        let model = args.model.file_name().map(|n| n.to_string_lossy().into_owned());
        let object = json!({
            "model": model, "settings": settings, "rounds": args.rounds, "cancels": told_of,
            "ms_min_median_max": table, "loop_overhead_percent": overhead, "peak_memory_bytes": peak,
        });
        println!("{object}");
        return Ok(());
    }
    if let Some(s) = settings {
        println!("{}: {}x{}, {} steps, {}, {} rounds\n", s.model, s.width, s.height, s.steps, s.scheduler, args.rounds);
    }
    println!("| ms | median | min | max |\n|---|---|---|---|");
    for (name, [min, median, max]) in rows {
        println!("| {name} | {median:.2} | {min:.2} | {max:.2} |");
    }
    println!("\nloop overhead: {overhead:.3} % of the time a step");
    println!("cancellations during a step: {told_of} of {}", args.cancels);
    match peak {
        Some(bytes) => println!("peak memory: {:.0} MB", bytes as f64 / 1e6),
        None => println!("peak memory: not measured on this system"),
    }
    Ok(())
}

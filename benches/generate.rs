//! Times one model from opening to pixels, and says how much of the loop is this library's own.
//!
//! ```text
//! cargo bench --bench generate -- [--model DIR] [--width N] [--height N] [--steps N] [--guidance G]
//!                                 [--rounds N] [--threads N] [--memory speed|low] [--json]
//! ```
//! Times are medians over the rounds, with the smallest and the largest beside them. Peak memory is that of the
//! whole process and covers every round.

#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

use std::path::PathBuf;
use std::time::Duration;

use diffusion::{CancelToken, MemoryMode, Pipeline, PipelineOptions, Request};
use serde_json::json;

struct Args {
    model: PathBuf,
    request: Request,
    options: PipelineOptions,
    rounds: usize,
    json: bool,
}

fn parse() -> Result<Args, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut args = Args {
        model: root.join("models/demo"),
        request: Request { seed: Some(1), ..Request::new("a red house on a snowy field at night, with two trees") },
        options: PipelineOptions::default(),
        rounds: 5,
        json: false,
    };
    let beside = root.join("target/onnxruntime/1.28.0-cpu");
    if std::env::var_os("ORT_DYLIB_PATH").is_none() && beside.exists() {
        args.options.ort_library = Some(beside);
    }
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        fn number<T: std::str::FromStr>(text: String) -> Result<T, String> {
            text.parse().map_err(|_| format!("\"{text}\" is not a number"))
        }
        match word.as_str() {
            "--bench" => {}
            "--model" => args.model = value()?.into(),
            "--width" => args.request.width = Some(number(value()?)?),
            "--height" => args.request.height = Some(number(value()?)?),
            "--steps" => args.request.steps = Some(number(value()?)?),
            "--guidance" => args.request.guidance = Some(number(value()?)?),
            "--rounds" => args.rounds = number::<usize>(value()?)?.max(1),
            "--threads" => args.options.threads = number(value()?)?,
            "--memory" => args.options.memory = MemoryMode::parse(&value()?).map_err(|e| e.to_string())?,
            "--json" => args.json = true,
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(args)
}

/// Smallest, median and largest, in milliseconds.
fn spread(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort();
    let ms = |d: Option<&Duration>| d.map_or(f64::NAN, |d| d.as_secs_f64() * 1e3);
    [ms(times.first()), ms(times.get(times.len() / 2)), ms(times.last())]
}

/// The most memory this process ever had resident, in bytes, where the system says it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn main() -> Result<(), String> {
    let args = parse()?;
    let cancel = CancelToken::new();
    let told = |e: diffusion::Error| e.to_string();
    let pipeline = Pipeline::open(&args.model, &args.options, &mut (), &cancel).map_err(told)?;
    let (mut text, mut first, mut steps, mut decode, mut total) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut loop_time, mut in_graphs) = (Duration::ZERO, Duration::ZERO);
    let mut settings = None;
    for round in 0..args.rounds {
        // A new prompt each round, so that the text encoder's cache does not hide its time.
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
    let overhead = 100.0 * (loop_time.saturating_sub(in_graphs)).as_secs_f64() / loop_time.as_secs_f64();
    let rows = [
        ("open", spread(vec![pipeline.open_time()])),
        ("text", spread(text)),
        ("first step", spread(first)),
        ("step", spread(steps)),
        ("decode", spread(decode)),
        ("total", spread(total)),
    ];
    let peak = peak_memory();
    if args.json {
        let table: serde_json::Map<String, _> =
            rows.iter().map(|(name, [min, median, max])| ((*name).into(), json!([min, median, max]))).collect();
        let object = json!({
            "model": args.model, "settings": settings, "rounds": args.rounds, "ms_min_median_max": table,
            "loop_overhead_percent": overhead, "peak_memory_bytes": peak,
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
    match peak {
        Some(bytes) => println!("peak memory: {:.0} MB", bytes as f64 / 1e6),
        None => println!("peak memory: not measured on this system"),
    }
    Ok(())
}

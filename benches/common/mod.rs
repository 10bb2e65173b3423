//! What the benches share: their command line, the model they run on, what the system says about this process.

#![allow(dead_code, reason = "each bench uses its own part of this")]

use std::path::PathBuf;
use std::time::Duration;

use diffusion::{CacheChoice, MemoryMode, PipelineOptions, Provider, Request};

/// What to run. Every bench takes the same options.
pub struct Args {
    /// The model folder.
    pub model: PathBuf,
    /// What to draw.
    pub request: Request,
    /// How to open the model.
    pub options: PipelineOptions,
    /// How often.
    pub rounds: usize,
    /// How many pipelines of the model are open at once, where a bench can do that.
    pub pipelines: usize,
    /// Cancellations to time.
    pub cancels: usize,
    /// One JSON object instead of a table.
    pub json: bool,
}

/// Reads the command line; `rounds` is the bench's own default.
pub fn parse(rounds: usize) -> Result<Args, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut args = Args {
        model: root.join("models/demo"),
        request: Request { seed: Some(1), ..Request::new("a red house on a snowy field at night, with two trees") },
        options: PipelineOptions::default(),
        rounds,
        pipelines: 1,
        cancels: 9,
        json: false,
    };
    let beside = root.join("target/onnxruntime/1.28.0-cpu");
    if std::env::var_os("ORT_DYLIB_PATH").is_none() && beside.exists() {
        args.options.ort_library = Some(beside);
    }
    let told = |e: diffusion::Error| e.to_string();
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
            "--cancels" => args.cancels = number(value()?)?,
            "--threads" => args.options.threads = number(value()?)?,
            "--memory" => args.options.memory = MemoryMode::parse(&value()?).map_err(told)?,
            "--provider" => args.options.provider = Provider::parse(&value()?).map_err(told)?,
            "--ort-library" => args.options.ort_library = Some(value()?.into()),
            "--cache-dir" => args.options.cache = CacheChoice::At(value()?.into()),
            "--prepare" => match value()?.as_str() {
                "on" => args.options.prepare = true,
                "off" => args.options.prepare = false,
                other => return Err(format!("--prepare is \"{other}\"; allowed are on and off")),
            },
            "--pipelines" => args.pipelines = number::<usize>(value()?)?.max(1),
            "--json" => args.json = true,
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(args)
}

/// Smallest, median and largest, in milliseconds; NaN where there is nothing.
pub fn spread(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort();
    let ms = |d: Option<&Duration>| d.map_or(f64::NAN, |d| d.as_secs_f64() * 1e3);
    [ms(times.first()), ms(times.get(times.len() / 2)), ms(times.last())]
}

/// The most memory this process ever had resident, in bytes, where the system says it.
pub fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

/// The memory this process has resident now, in bytes, where the system says it.
pub fn resident_memory() -> Option<u64> {
    status("VmRSS:")
}

/// The same with pages that are mapped several times counted once: what the system would get back, as long as no other
/// process has the same files mapped.
pub fn proportional_memory() -> Option<u64> {
    kibibytes("/proc/self/smaps_rollup", "Pss:")
}

fn status(name: &str) -> Option<u64> {
    kibibytes("/proc/self/status", name)
}

fn kibibytes(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|l| l.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

//! What the autoencoder's memory is for a whole picture of 768² and for a larger one in tiles, each in a process of its own.
//!
//! ```text
//! models/tools/make_sd15_random.py DIR --tiny --full-vae
//! cargo bench --bench tiling -- --model DIR [--width 2048] [--height 2048] [--threads N] [--memory MODE] [--cache-dir DIR]
//!                               [--provider NAME] [--ort-library FILE] [--json]
//! ```
//! The denoiser is in the way of a decoding, so a folder with a tiny one is enough; the autoencoder should have its real
//! size. A process counts from the moment when the pictures are handed to the autoencoder until it has done one: its peak
//! then, and what it had resident before (the other graphs, unless `--memory low`). Only Linux lets a process forget its peak;
//! elsewhere there are no figures. States figures and fails nothing.

#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

mod common;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Args, parse, peak_memory, resident_memory};
use diffusion::{CancelToken, Error, Flow, Image, Phase, Pipeline, PixelFormat, Progress, Request, Start, Tiling};
use serde_json::{Value, json};

/// Names the case that a child process measures.
const CASE: &str = "LIBDIFFUSION_BENCH_TILING";
/// The side of the whole picture that the larger one is compared with.
const WHOLE: u32 = 768;
/// The larger picture, unless the command line says another.
const LARGE: u32 = 2048;

/// One thing that the autoencoder does.
#[derive(Clone, Copy, PartialEq)]
struct Case {
    encodes: bool,
    width: u32,
    height: u32,
    tiling: Tiling,
}

impl Case {
    fn all(width: u32, height: u32) -> Vec<Self> {
        let whole = Self { encodes: false, width: WHOLE, height: WHOLE, tiling: Tiling::Off };
        let tiled = Self { width, height, tiling: Tiling::On, ..whole };
        // Twice the area of the first, to see how memory grows where nothing is cut.
        let growing = Self { width: WHOLE * 2, ..whole };
        let decodes = [whole, growing, tiled];
        decodes.into_iter().chain(decodes.map(|case| Self { encodes: true, ..case })).collect()
    }

    fn name(self) -> String {
        let (what, how) = match (self.encodes, self.tiling) {
            (false, Tiling::On) => ("decode", "in tiles"),
            (true, Tiling::On) => ("encode", "in tiles"),
            (false, _) => ("decode", "whole"),
            (true, _) => ("encode", "whole"),
        };
        format!("{what} {}x{} {how}", self.width, self.height)
    }

    /// The picture's bytes as 8-bit red, green and blue.
    fn picture_bytes(self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * 3
    }
}

/// Forgets the peak, so that the next one is that of what follows.
fn forget_peak() -> Result<(), String> {
    std::fs::write("/proc/self/clear_refs", "5").map_err(|e| format!("this system does not forget a peak: {e}"))
}

/// Runs `case` in this process: memory before it, its peak, and how long it took.
fn measure(case: Case, args: &Args) -> Result<Value, String> {
    let told = |e: Error| e.to_string();
    let cancel = CancelToken::new();
    let pipeline = Pipeline::open(&args.model, &args.options, &mut (), &cancel).map_err(told)?;
    let (width, height) = (case.width as usize, case.height as usize);
    let pixels: Vec<u8> =
        (0..width * height).flat_map(|i| [i % 251, i / width % 241, i % 239].map(|v| v as u8)).collect();
    let picture = Image::from_pixels(&pixels, case.width, case.height, width * 3, PixelFormat::Rgb8).map_err(told)?;
    drop(pixels);
    let request = Request {
        width: Some(case.width),
        height: Some(case.height),
        steps: Some(1),
        guidance: Some(1.0),
        tiling: case.tiling,
        start: match case.encodes {
            true => Start { picture: Some(Arc::new(picture)), strength: Some(1.0), ..Start::default() },
            false => Start::default(),
        },
        ..args.request.clone()
    };
    let phase = if case.encodes { Phase::EncodingImage } else { Phase::Decoding };
    let (mut begun, mut figures) = (None, None);
    let mut watch = |progress: &Progress| {
        if progress.phase == phase && progress.step == 0 {
            begun = Some((forget_peak(), resident_memory(), Instant::now()));
        } else if progress.phase == phase
            && let Some((forgotten, before, at)) = begun.take()
        {
            figures = Some((forgotten, before, peak_memory(), at.elapsed()));
            return Flow::Stop;
        }
        Flow::Continue
    };
    match pipeline.generate(&request, &mut watch, &cancel) {
        Ok(_) | Err(Error::Cancelled) => {}
        Err(error) => return Err(error.to_string()),
    }
    let (forgotten, before, peak, time): (_, _, _, Duration) = figures.ok_or("the autoencoder was not asked")?;
    forgotten?;
    Ok(json!({ "before": before, "peak": peak, "seconds": time.as_secs_f64() }))
}

/// Runs `case` in a process of its own, with this one's command line.
fn spawn(index: usize) -> Result<Value, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let arguments = std::env::args().skip(1);
    let output = Command::new(own).args(arguments).env(CASE, index.to_string()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).map_err(|e| format!("a child process said {text:?}: {e}"))
}

fn main() -> Result<(), String> {
    let args = parse(1)?;
    let cases = Case::all(args.request.width.unwrap_or(LARGE), args.request.height.unwrap_or(LARGE));
    if let Ok(index) = std::env::var(CASE) {
        let case = index.parse().ok().and_then(|index: usize| cases.get(index)).ok_or("no such case")?;
        println!("{}", measure(*case, &args)?);
        return Ok(());
    }
    let measured = (0..cases.len()).map(spawn).collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<_> = cases.iter().zip(&measured).map(|(case, figures)| (case.name(), case, figures)).collect();
    if args.json {
        let list: Vec<_> = rows
            .iter()
            .map(|(name, case, figures)| json!({ "case": name, "picture": case.picture_bytes(), "figures": figures }))
            .collect();
        println!("{}", json!({ "memory": args.options.memory.name(), "rows": list }));
        return Ok(());
    }
    let bytes = |figures: &Value, name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    println!("memory mode {}\n", args.options.memory.name());
    println!("| case | before, MB | peak, MB | of the 768² one | beyond it, MB | picture (8-bit RGB), MB | s |");
    println!("|---|---|---|---|---|---|---|");
    for (name, case, figures) in &rows {
        let first = rows.iter().find(|(_, other, _)| other.encodes == case.encodes).map_or(figures, |(_, _, f)| f);
        let (peak, whole) = (bytes(figures, "peak"), bytes(first, "peak"));
        println!(
            "| {name} | {:.0} | {:.0} | {:.3} | {:+.0} | {:.1} | {:.1} |",
            bytes(figures, "before") / 1e6,
            peak / 1e6,
            peak / whole,
            (peak - whole) / 1e6,
            case.picture_bytes() as f64 / 1e6,
            bytes(figures, "seconds")
        );
    }
    Ok(())
}

//! What leaving denoiser calls out is worth: time, and distance from the full result, over thresholds and schedules.
//!
//! ```text
//! cargo bench --bench reuse -- [--model DIR] [--width N] [--height N] [--steps N] [--guidance G] [--rounds N]
//!                              [--threads N] [--memory MODE] [--provider NAME] [--ort-library FILE] [--json]
//! ```
//! Each setting draws one picture a round, each round another seed; the first round is drawn once before, unmeasured.
//! What is left out is counted in evaluations of one guidance branch, of which a call has two where it is guided. Times are
//! those of the loop (`Timings::denoise`) summed over the rounds. Distances are of 8-bit values: PSNR over
//! all rounds together, and the mean of the differences. `benches/plot_reuse.py` makes a plot of the JSON object.

#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

mod common;

use std::time::Duration;

use common::parse;
use diffusion::pipeline::Reuse;
use diffusion::{CancelToken, Error, Image, Pipeline, PixelFormat, Request};
use serde_json::json;

/// What is compared: a group that a plot joins by a line, the setting's words, and the setting.
fn settings() -> Vec<(&'static str, String, Reuse)> {
    let off = Reuse::default;
    let mut all = vec![("off", "off".to_owned(), off())];
    for threshold in [0.02_f32, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5] {
        all.push(("threshold", format!("threshold {threshold}"), Reuse { threshold, ..off() }));
    }
    for negative_every in [2, 3, 5] {
        all.push(("negative every", format!("negative every {negative_every}"), Reuse { negative_every, ..off() }));
    }
    for negative_until in [0.8_f32, 0.6, 0.4] {
        all.push(("negative until", format!("negative until {negative_until}"), Reuse { negative_until, ..off() }));
    }
    for threshold in [0.05_f32, 0.1] {
        let reuse = Reuse { threshold, negative_every: 2, ..off() };
        all.push(("both", format!("threshold {threshold}, negative every 2"), reuse));
    }
    all
}

/// What one setting drew.
#[derive(Default)]
struct Drawn {
    images: Vec<Image>,
    time: Duration,
    calls: u32,
    skipped_calls: u32,
    skipped_negatives: u32,
}

/// Mean square and mean amount of the differences between the pictures' values.
fn differences(one: &[Image], other: &[Image]) -> (f64, f64) {
    let (mut square, mut amount, mut count) = (0.0, 0.0, 0_usize);
    for (one, other) in one.iter().zip(other) {
        for (a, b) in one.pixels().iter().zip(other.pixels()) {
            let difference = f64::from(a.abs_diff(*b));
            square += difference * difference;
            amount += difference;
            count += 1;
        }
    }
    (square / count.max(1) as f64, amount / count.max(1) as f64)
}

fn main() -> Result<(), String> {
    let args = parse(3)?;
    let cancel = CancelToken::new();
    let told = |e: Error| e.to_string();
    let pipeline = Pipeline::open(&args.model, &args.options, &mut (), &cancel).map_err(told)?;
    let base = Request { format: PixelFormat::Rgb8, ..args.request.clone() };
    // Both sets of branches once, so that no setting pays for the first run of a shape.
    let warm = Reuse { negative_every: 2, ..Reuse::default() };
    pipeline.generate(&Request { reuse: warm, ..base.clone() }, &mut (), &cancel).map_err(told)?;

    let settings = settings();
    let mut all: Vec<Drawn> = settings.iter().map(|_| Drawn::default()).collect();
    let mut about = None;
    for round in 0..args.rounds {
        for ((_, _, reuse), drawn) in settings.iter().zip(&mut all) {
            let seed = base.seed.map(|seed| seed + round as u64);
            let request = Request { reuse: *reuse, seed, ..base.clone() };
            let mut result = pipeline.generate(&request, &mut (), &cancel).map_err(told)?;
            drawn.time += result.timings.denoise.iter().sum::<Duration>();
            drawn.calls += result.timings.denoise.len() as u32;
            drawn.skipped_calls += result.timings.skipped_calls;
            drawn.skipped_negatives += result.timings.skipped_negatives;
            drawn.images.append(&mut result.images);
            about = Some(result.settings);
        }
    }
    let Some(full) = all.first() else { return Err("nothing was measured".into()) };
    let rows: Vec<_> = settings
        .iter()
        .zip(&all)
        .map(|((group, name, _), drawn)| {
            let (square, amount) = differences(&drawn.images, &full.images);
            let psnr = (square > 0.0).then(|| 10.0 * (255.0 * 255.0 / square).log10());
            let speed_up = full.time.as_secs_f64() / drawn.time.as_secs_f64();
            (group, name, drawn, speed_up, psnr, amount)
        })
        .collect();
    if args.json {
        let list: Vec<_> = rows
            .iter()
            .map(|(group, name, drawn, speed_up, psnr, amount)| {
                json!({
                    "group": group, "name": name, "ms": drawn.time.as_secs_f64() * 1e3, "calls": drawn.calls,
                    "skipped_calls": drawn.skipped_calls, "skipped_negatives": drawn.skipped_negatives,
                    "speed_up": speed_up, "psnr": psnr, "mean_levels": amount,
                })
            })
            .collect();
        println!("{}", json!({"settings": about, "rounds": args.rounds, "rows": list}));
        return Ok(());
    }
    if let Some(s) = &about {
        println!(
            "{}: {}x{}, {} steps, {}, guidance {}, {} rounds\n",
            s.model, s.width, s.height, s.steps, s.scheduler, s.guidance, args.rounds
        );
    }
    println!(
        "| setting | calls left out | without negative | evaluations left out | loop, ms | speed-up | PSNR, dB | mean grey \
         levels |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let branches = if about.is_some_and(|settings| settings.guidance > 1.0) { 2 } else { 1 };
    for (_, name, drawn, speed_up, psnr, amount) in rows {
        let psnr = psnr.map_or("equal".to_owned(), |psnr| format!("{psnr:.1}"));
        println!(
            "| {name} | {} of {} | {} | {:.0} % | {:.0} | {speed_up:.2} | {psnr} | {amount:.2} |",
            drawn.skipped_calls,
            drawn.calls,
            drawn.skipped_negatives,
            100.0 * f64::from(branches * drawn.skipped_calls + drawn.skipped_negatives)
                / f64::from((branches * drawn.calls).max(1)),
            drawn.time.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

//! How long a cancel takes to arrive, in each phase of a job: from the call of `cancel` until the job has ended and its
//! pipeline is free, in milliseconds.
//!
//! ```text
//! cargo bench --bench cancel -- [--model DIR] [--width N] [--height N] [--cancels N] [--threads N] [--memory MODE]
//!                               [--provider NAME] [--ort-library FILE] [--cache-dir DIR] [--json]
//! ```
//! Each phase is timed once, undisturbed; then cancels come at moments spread over it, `--cancels` of them (9). A cancel
//! that finds its phase over already counts for nothing; a phase that the model does not have is left out.
//!
//! With `--cache-dir`, opening is measured twice: from what DIR keeps (filled by a first opening), and into empty folders
//! made below it, where preparing and storing are cancelled too; they take the room of the model, one at a time.

#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Args, parse, spread};
use diffusion::{
    CacheChoice, Error, Flow, Image, Job, JobQueue, JobState, JobWatch, Phase, Pipeline, PipelineOptions, PixelFormat,
    Progress, Request, Start,
};
use serde_json::json;

/// How often a job is asked whether its phase has begun.
const LOOK: Duration = Duration::from_micros(200);

/// What was measured of one phase.
struct Row {
    name: String,
    /// How long the phase takes when nobody cancels it; of denoising, one step.
    took: Duration,
    latencies: Vec<Duration>,
}

/// Cancels `job`, and waits for its end. `None` where that came before.
fn cancelled(job: &JobWatch) -> Option<Duration> {
    let now = Instant::now();
    job.cancel();
    (job.wait(None) == JobState::Cancelled).then(|| now.elapsed())
}

/// Moments spread over `took`, as many as there are cancels.
fn moments(args: &Args, took: Duration) -> impl Iterator<Item = Duration> {
    let cancels = args.cancels;
    (0..cancels).map(move |index| took.mul_f64((index as f64 + 0.5) / cancels as f64))
}

/// Cancels openings with options that `options` makes anew each time; what it holds lives as long as the opening.
fn opening<H>(
    args: &Args,
    name: &str,
    mut options: impl FnMut() -> Result<(PipelineOptions, H), String>,
) -> Result<Row, String> {
    let told = |error: Error| error.to_string();
    let mut open = || {
        let (options, hold) = options()?;
        Ok::<_, String>((Pipeline::open_job(&args.model, &options).map_err(told)?, hold))
    };
    let (job, hold) = open()?;
    job.wait(None);
    let took = job.elapsed();
    drop(job.take().map_err(told)?);
    drop(hold);
    let mut latencies = Vec::new();
    for moment in moments(args, took) {
        let (job, hold) = open()?;
        sleep(moment);
        latencies.extend(cancelled(&job));
        drop(job);
        drop(hold);
    }
    Ok(Row { name: name.to_owned(), took, latencies })
}

/// Every report of one undisturbed generation, with its time.
fn reports(pipeline: &Pipeline, request: &Request) -> Result<Vec<(Progress, Instant)>, Error> {
    let mut seen = Vec::new();
    let mut observer = |progress: &Progress| {
        seen.push((*progress, Instant::now()));
        Flow::Continue
    };
    pipeline.generate(request, &mut observer, &diffusion::CancelToken::new())?;
    Ok(seen)
}

/// Cancels generations while they are in `phase`, which begins with its report of `step`.
fn drawing(
    args: &Args,
    queue: &JobQueue,
    request: &Request,
    seen: &[(Progress, Instant)],
    (phase, step): (Phase, u32),
) -> Result<Option<Row>, String> {
    let begins = |progress: &Progress| progress.phase == phase && progress.step >= step;
    let Some(place) = seen.iter().position(|(progress, _)| begins(progress)) else { return Ok(None) };
    let Some(next) = seen.get(place + 1) else { return Ok(None) };
    let took = next.1 - seen[place].1;
    let mut latencies = Vec::new();
    for (number, moment) in moments(args, took).enumerate() {
        // Another prompt each time, so that the text encoder has something to do.
        let request = Request { prompt: format!("{} {number}", request.prompt), ..request.clone() };
        let job: Job<_> = queue.start(&request).map_err(|error| error.to_string())?;
        while !job.state().is_done() && !job.progress().is_some_and(|progress| begins(&progress)) {
            sleep(LOOK);
        }
        sleep(moment);
        let in_time = job.progress().is_some_and(|progress| progress.phase == phase);
        latencies.extend(cancelled(&job).filter(|_| in_time));
    }
    Ok(Some(Row { name: phase.name().to_owned(), took, latencies }))
}

fn main() -> Result<(), String> {
    let args = parse(1)?;
    let told = |error: Error| error.to_string();
    let pipeline = Arc::new(
        Pipeline::open_job(&args.model, &args.options)
            .and_then(|job| {
                job.wait(None);
                job.take()
            })
            .map_err(told)?,
    );
    let (width, height) = (pipeline.info().default_width, pipeline.info().default_height);
    let (width, height) = (args.request.width.unwrap_or(width), args.request.height.unwrap_or(height));
    // Three evaluations, so that the one that is cancelled is neither the first nor the last.
    let request = Request { steps: Some(3), width: Some(width), height: Some(height), ..args.request.clone() };
    let queue = JobQueue::new(Arc::clone(&pipeline));

    let mut rows = Rows::begin(&args, (width, height));
    let seen = reports(&pipeline, &request).map_err(told)?;
    for (phase, step) in [(Phase::EncodingText, 0), (Phase::Denoising, 1), (Phase::Decoding, 0)] {
        drawing(&args, &queue, &request, &seen, (phase, step))?.into_iter().for_each(|row| rows.add(row));
    }
    let grey = vec![127; width as usize * height as usize * 3];
    let grey = Image::from_pixels(&grey, width, height, width as usize * 3, PixelFormat::Rgb8).map_err(told)?;
    let start = Start { picture: Some(Arc::new(grey)), strength: Some(1.0), ..Start::default() };
    let from_picture = Request { start, ..request.clone() };
    // The first run opens the encoder, which is not what is measured; a model that takes no pictures says so.
    if reports(&pipeline, &from_picture).is_ok() {
        let seen = reports(&pipeline, &from_picture).map_err(told)?;
        let row = drawing(&args, &queue, &from_picture, &seen, (Phase::EncodingImage, 0))?;
        row.into_iter().for_each(|row| rows.add(row));
    }
    drop((queue, pipeline));

    rows.add(opening(&args, "opening", || Ok((args.options.clone(), ())))?);
    if let CacheChoice::At(folder) = &args.options.cache {
        let empty = || {
            let place =
                tempfile::Builder::new().prefix("bench-cancel-").tempdir_in(folder).map_err(|e| e.to_string())?;
            let cache = CacheChoice::At(PathBuf::from(place.path()));
            Ok((PipelineOptions { cache, ..args.options.clone() }, place))
        };
        rows.add(opening(&args, "opening and storing", empty)?);
    }
    rows.end();
    Ok(())
}

/// Says each row when it is known, since a large model takes minutes for one; as JSON, all of them at the end.
struct Rows {
    cancels: usize,
    json: Option<serde_json::Value>,
}

impl Rows {
    fn begin(args: &Args, (width, height): (u32, u32)) -> Self {
        let model = args.model.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !args.json {
            println!("{model}: {width}x{height}, from cancel to a free pipeline\n");
            println!("| phase | takes, ms | cancels | median, ms | min | max |\n|---|---|---|---|---|---|");
        }
        let json = args.json.then(|| json!({"model": model, "width": width, "height": height, "phases": {}}));
        Self { cancels: args.cancels, json }
    }

    fn add(&mut self, row: Row) {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let Row { name, took, latencies } = row;
        let count = latencies.len();
        let [min, median, max] = spread(latencies);
        match &mut self.json {
            Some(json) => {
                json["phases"][name] =
                    json!({"took_ms": ms(took), "cancels": count, "latency_ms_min_median_max": [min, median, max]});
            }
            None => {
                println!(
                    "| {name} | {:.1} | {count} of {} | {median:.2} | {min:.2} | {max:.2} |",
                    ms(took),
                    self.cancels
                );
            }
        }
    }

    fn end(self) {
        if let Some(json) = self.json {
            println!("{json}");
        }
    }
}

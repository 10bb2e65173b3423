//! Jobs on a real model: what they draw, what they are told, what a cancel leaves behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{generate, open, options, sentence, tiny};
use diffusion::{
    CacheChoice, CancelToken, Error, Generated, Image, Job, JobQueue, JobState, Phase, Pipeline, PipelineOptions,
    PixelFormat, PreviewMode, Previews, Request, Start,
};

fn request(seed: u64) -> Request {
    Request { steps: Some(2), seed: Some(seed), ..Request::new("a red house") }
}

/// One that no test waits for.
fn long() -> Request {
    Request { steps: Some(900), count: 4, ..request(1) }
}

fn queue(pipeline: &Arc<Pipeline>) -> JobQueue {
    JobQueue::new(Arc::clone(pipeline))
}

/// Polls until the job is in `phase` and `step` parts of it are done.
fn reach(job: &Job<Generated>, phase: Phase, step: u32) {
    while !job.progress().is_some_and(|now| now.phase == phase && now.step >= step) {
        assert!(!job.wait(Some(Duration::from_millis(1))).is_done(), "it ended before {phase:?}: {:?}", job.error());
    }
}

#[test]
fn a_job_draws_what_the_blocking_call_draws() {
    let pipeline = Arc::new(open(&tiny("tiny-optimum")).unwrap());
    let queue = queue(&pipeline);
    let jobs: Vec<_> = (0..3).map(|seed| queue.start(&request(seed)).unwrap()).collect();
    for (seed, job) in (0..).zip(&jobs) {
        assert_eq!(job.wait(None), JobState::Finished);
        assert_eq!(job.take().unwrap().images, generate(&pipeline, &request(seed)).unwrap().images, "seed {seed}");
    }
}

#[test]
fn a_model_of_several_stages_is_drawn_and_cancelled_too() {
    let pipeline = Arc::new(open(&tiny("tiny-ldm-text")).unwrap());
    let queue = queue(&pipeline);
    let drawn = queue.start(&request(1)).unwrap();
    assert_eq!(drawn.wait(None), JobState::Finished);
    let wanted = generate(&pipeline, &request(1)).unwrap().images;
    assert_eq!(drawn.take().unwrap().images, wanted);
    let cancelled = queue.start(&Request { steps: Some(900), ..request(1) }).unwrap();
    reach(&cancelled, Phase::Denoising, 1);
    cancelled.cancel();
    assert_eq!(cancelled.wait(None), JobState::Cancelled);
    assert_eq!(generate(&pipeline, &request(1)).unwrap().images, wanted);
}

#[test]
fn a_cancel_in_each_phase_ends_the_job_and_leaves_the_pipeline_as_it_was() {
    let pipeline = Arc::new(open(&tiny("tiny-optimum")).unwrap());
    let wanted = generate(&pipeline, &request(5)).unwrap().images;
    let queue = queue(&pipeline);
    let grey = Image::from_pixels(&[127; 64 * 64 * 3], 64, 64, 64 * 3, PixelFormat::Rgb8).unwrap();
    let start = Start { picture: Some(Arc::new(grey)), strength: Some(1.0), ..Start::default() };
    let from_picture = Request { start, ..long() };
    let many = Request { steps: Some(1), count: 64, ..request(1) };
    for (phase, step, request) in [
        (Phase::EncodingText, 0, long()),
        (Phase::EncodingImage, 0, from_picture),
        (Phase::Denoising, 0, long()),
        (Phase::Denoising, 3, long()),
        // One of 64 pictures is decoded.
        (Phase::Decoding, 1, many),
    ] {
        let job = queue.start(&request).unwrap();
        // What is quickly over may have been passed by then; a later phase does as well.
        while !job
            .progress()
            .is_some_and(|now| now.phase as i32 > phase as i32 || (now.phase == phase && now.step >= step))
        {
            assert!(!job.wait(Some(Duration::from_micros(50))).is_done(), "{phase:?}: {:?}", job.error());
        }
        job.cancel();
        assert_eq!(job.wait(None), JobState::Cancelled, "{phase:?}");
        assert!(matches!(job.take(), Err(Error::Cancelled)));
        assert_eq!(generate(&pipeline, &crate::request(5)).unwrap().images, wanted, "after a cancel in {phase:?}");
    }
}

#[test]
fn a_blocking_call_and_jobs_take_turns() {
    let pipeline = Arc::new(open(&tiny("tiny-optimum")).unwrap());
    let queue = queue(&pipeline);
    let running = queue.start(&long()).unwrap();
    reach(&running, Phase::Denoising, 1);
    std::thread::scope(|scope| {
        let blocking = scope.spawn(|| generate(&pipeline, &request(2)).unwrap());
        assert!(!blocking.is_finished() && running.state() == JobState::Running);
        running.cancel();
        assert_eq!(blocking.join().unwrap().images.len(), 1);
    });
    assert_eq!(running.state(), JobState::Cancelled);
}

#[test]
fn what_a_request_alone_cannot_be_is_refused_and_what_the_model_cannot_do_fails() {
    let pipeline = Arc::new(open(&tiny("tiny-optimum")).unwrap());
    let queue = queue(&pipeline);
    let never = Request { count: 99, ..request(1) };
    assert!(sentence(queue.start(&never).map(drop)).contains("count is 99"));
    let odd = queue.start(&Request { width: Some(67), ..request(1) }).unwrap();
    assert_eq!(odd.wait(None), JobState::Failed);
    assert_eq!(odd.progress(), None, "before any work");
    let said = sentence(odd.take());
    assert_eq!(said, sentence(generate(&pipeline, &Request { width: Some(67), ..request(1) })));
    assert_eq!(sentence(odd.take()), said);
}

#[test]
fn the_options_say_how_many_may_wait() {
    let one = PipelineOptions { job_queue: 1, ..options() };
    let pipeline = Pipeline::open(&tiny("tiny-optimum"), &one, &mut (), &CancelToken::new()).unwrap();
    let queue = JobQueue::new(Arc::new(pipeline));
    let (running, waiting) = (queue.start(&long()).unwrap(), queue.start(&request(1)).unwrap());
    assert!(matches!(queue.start(&request(1)), Err(Error::Busy(_))));
    drop(running);
    assert_eq!(waiting.wait(None), JobState::Finished);
    let endless = PipelineOptions { job_queue: 1025, ..options() };
    assert!(sentence(Pipeline::open_job(&tiny("tiny-optimum"), &endless).map(drop)).contains("0 to 1024"));
}

#[test]
fn previews_are_there_while_it_draws() {
    let pipeline = Arc::new(open(&tiny("tiny-optimum")).unwrap());
    let queue = queue(&pipeline);
    let request = Request { count: 2, previews: Some(Previews::new(PreviewMode::Linear)), ..long() };
    let job = queue.start(&request).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        assert!(!job.state().is_done());
        if let Some(preview) = job.preview(1)
            && seen.last().is_none_or(|(number, _)| *number < preview.number)
        {
            assert!(preview.number <= job.preview_number() && preview.step > 0 && preview.steps >= 900);
            seen.push((preview.number, preview.image));
        }
    }
    assert!(seen[0].1 != seen[2].1, "it shows something else each time");
    assert_eq!((seen[0].1.width(), seen[0].1.height()), (8, 8));
}

#[test]
fn jobs_keep_their_pipeline_and_dropping_the_last_of_all_waits_for_the_end() {
    let pipeline = Arc::new(open(&tiny("tiny-optimum")).unwrap());
    let queue = queue(&pipeline);
    let open_still = Arc::downgrade(&pipeline);
    let (running, waiting) = (queue.start(&long()).unwrap(), queue.start(&request(1)).unwrap());
    reach(&running, Phase::Denoising, 1);
    drop((pipeline, queue));
    assert!(open_still.upgrade().is_some() && running.state() == JobState::Running);
    drop(running);
    assert_eq!(waiting.wait(None), JobState::Finished);
    drop(waiting);
    assert!(open_still.upgrade().is_none(), "the thread has ended, and with it the last hold on the pipeline");
}

#[test]
fn opening_is_a_job_too() {
    let job = Pipeline::open_job(&tiny("tiny-optimum"), &options()).unwrap();
    assert_eq!(job.wait(None), JobState::Finished);
    let last = job.progress().unwrap();
    assert_eq!((last.phase, last.step, last.steps), (Phase::Opening, 3, 3));
    let pipeline = job.take().unwrap();
    assert_eq!(generate(&pipeline, &request(1)).unwrap().images.len(), 1);
    let missing = Pipeline::open_job(&tiny("no-such-model"), &options()).unwrap();
    assert_eq!(missing.wait(None), JobState::Failed);
    assert!(sentence(missing.take().map(drop)).contains("no-such-model"));
}

#[test]
fn a_cancelled_opening_leaves_nothing_half_made_in_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cached = PipelineOptions { cache: CacheChoice::At(folder.path().to_owned()), ..options() };
    for spins in [0, 1, 10, 100, 1000, 10_000, 100_000] {
        let job = Pipeline::open_job(&tiny("tiny-optimum"), &cached).unwrap();
        for _ in 0..spins {
            std::hint::spin_loop();
        }
        job.cancel();
        let state = job.wait(None);
        assert!(matches!(state, JobState::Cancelled | JobState::Finished), "{:?}", job.error());
        assert!(matches!(job.take(), Err(Error::Cancelled)) == (state == JobState::Cancelled));
    }
    let half_made = || {
        let made = std::fs::read_dir(folder.path().join("graphs")).into_iter().flatten();
        let names = made.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("making-")).collect::<Vec<_>>()
    };
    // What did not stop within a moment was left, and comes to its end alone.
    let until = Instant::now() + Duration::from_secs(60);
    while !half_made().is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(half_made(), Vec::<String>::new());
    let job = Pipeline::open_job(&tiny("tiny-optimum"), &cached).unwrap();
    assert_eq!(job.wait(None), JobState::Finished);
}

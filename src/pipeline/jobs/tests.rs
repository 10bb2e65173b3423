//! The line and its thread, with work that the tests hold in their hands; no model is opened.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::job::Job;
use super::line::Worker;
use super::ticket::JobState;
use crate::error::{Error, Result};
use crate::image::{Image, PixelFormat};
use crate::pipeline::{Flow, Observer, Phase, Preview, Progress};
use crate::runtime::CancelToken;

type Work = Box<dyn FnOnce(&mut dyn Observer, &CancelToken) -> Result<u32> + Send>;

/// Work that says when it has begun and goes on when it is told to, or ends as soon as it is cancelled.
fn held() -> (Work, Receiver<()>, Sender<u32>) {
    let ((begun, begins), (go, goes)) = (channel(), channel());
    let work = move |_: &mut dyn Observer, cancel: &CancelToken| {
        begun.send(()).unwrap();
        loop {
            match goes.recv_timeout(Duration::from_millis(1)) {
                Ok(made) => return Ok(made),
                Err(_) => cancel.check()?,
            }
        }
    };
    (Box::new(work), begins, go)
}

fn quick(made: u32) -> impl FnOnce(&mut dyn Observer, &CancelToken) -> Result<u32> + Send + 'static {
    move |_, _| Ok(made)
}

#[test]
fn jobs_run_one_after_the_other_in_the_order_of_their_starts() {
    let worker = Worker::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (work, begins, go) = held();
    let first = worker.start(9, work).unwrap();
    begins.recv().unwrap();
    let later: Vec<Job<u32>> = (0..5)
        .map(|number| {
            let order = Arc::clone(&order);
            let note = move |_: &mut dyn Observer, _: &CancelToken| {
                order.lock().unwrap().push(number);
                Ok(number)
            };
            worker.start(9, note).unwrap()
        })
        .collect();
    assert_eq!((first.state(), first.queue_position()), (JobState::Running, 0));
    let places: Vec<_> = later.iter().map(|job| job.queue_position()).collect();
    assert_eq!(places, [1, 2, 3, 4, 5]);
    assert!(later.iter().all(|job| job.wait(Some(Duration::ZERO)) == JobState::Queued && job.elapsed().is_zero()));
    later[1].cancel();
    assert_eq!((later[1].state(), later[2].queue_position()), (JobState::Cancelled, 2), "who leaves makes room");
    go.send(7).unwrap();
    for job in &later {
        job.wait(None);
    }
    assert_eq!(first.take().unwrap(), 7);
    assert_eq!(*order.lock().unwrap(), [0, 2, 3, 4], "the cancelled one never ran");
}

#[test]
fn a_full_line_refuses_and_a_cancelled_or_finished_job_makes_room() {
    let worker = Worker::new();
    let (work, begins, go) = held();
    let running = worker.start(1, work).unwrap();
    // Whether or not the thread has begun: one runs and one waits.
    let waiting = worker.start(1, quick(2)).unwrap();
    let full = worker.start(1, quick(3)).map(drop).unwrap_err();
    assert!(matches!(&full, Error::Busy(text) if text.contains("2 unfinished jobs")), "{full}");
    begins.recv().unwrap();
    assert!(worker.start(1, quick(3)).is_err());
    waiting.cancel();
    let waiting = worker.start(1, quick(4)).unwrap();
    go.send(1).unwrap();
    running.wait(None);
    assert!(worker.start(1, quick(5)).is_ok(), "whoever hears that one is done finds its place free");
    assert_eq!(waiting.wait(None), JobState::Finished);
    assert_eq!(waiting.take().unwrap(), 4);
}

#[test]
fn a_cancel_is_never_lost_and_the_line_goes_on() {
    let worker = Worker::new();
    let (work, begins, _go) = held();
    let job = worker.start(3, work).unwrap();
    begins.recv().unwrap();
    job.cancel();
    job.cancel();
    assert_eq!(job.wait(None), JobState::Cancelled);
    assert!(matches!(job.take(), Err(Error::Cancelled)));
    assert!(matches!(job.take(), Err(Error::Cancelled)), "again and again");
    // Cancelled after the work's last look: it ends as cancelled all the same.
    let ((begun, begins), (go, goes)) = (channel(), channel());
    let made = Arc::new(());
    let inside = Arc::clone(&made);
    let deaf = move |_: &mut dyn Observer, _: &CancelToken| {
        begun.send(()).unwrap();
        goes.recv().map_err(|error| Error::Internal(error.to_string()))?;
        Ok(inside)
    };
    let deaf = worker.start(3, deaf).unwrap();
    begins.recv().unwrap();
    deaf.cancel();
    assert_eq!(deaf.state(), JobState::Running, "it is being stopped");
    go.send(()).unwrap();
    assert_eq!(deaf.wait(None), JobState::Cancelled);
    assert_eq!(Arc::strong_count(&made), 1, "what it made is given up");
    let last = worker.start(3, quick(8)).unwrap();
    assert_eq!(last.wait(None), JobState::Finished);
    last.cancel();
    assert_eq!(last.state(), JobState::Finished, "what is done stays");
    assert_eq!(last.take().unwrap(), 8);
    assert!(matches!(last.take(), Err(Error::InvalidArgument(_))), "twice");
}

#[test]
fn errors_and_panics_are_told_as_often_as_they_are_asked_for() {
    let worker = Worker::new();
    let (work, begins, go) = held();
    let first = worker.start(3, work).unwrap();
    begins.recv().unwrap();
    assert!(matches!(first.take(), Err(Error::Busy(_))), "not done yet");
    go.send(1).unwrap();
    let io = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such thing");
    let failing = worker.start::<u32>(3, move |_, _| Err(Error::io("cannot read", "x.json", io()))).unwrap();
    assert_eq!(failing.wait(None), JobState::Failed);
    for _ in 0..2 {
        let error = failing.take().unwrap_err().to_string();
        assert_eq!(error, "cannot read \"x.json\": no such thing");
        assert_eq!(failing.error().unwrap().to_string(), error);
    }
    let panicking = worker.start::<u32>(3, |_, _| panic!("the moon fell")).unwrap();
    assert_eq!(panicking.wait(None), JobState::Failed);
    assert!(panicking.error().unwrap().to_string().contains("the moon fell"));
    assert_eq!(worker.start(3, quick(2)).unwrap().wait(None), JobState::Finished, "the thread lives");
}

#[test]
fn reports_and_previews_are_there_for_whoever_polls_and_a_cancel_stops_at_the_next_one() {
    let worker = Worker::new();
    let ((begun, begins), (go, goes)) = (channel(), channel::<()>());
    let work = move |observer: &mut dyn Observer, _: &CancelToken| {
        let image = Image::from_pixels(&[9; 12], 2, 2, 6, PixelFormat::Rgb8)?;
        let progress = Progress { phase: Phase::Denoising, step: 1, steps: 4 };
        assert_eq!(observer.progress(&progress), Flow::Continue);
        for index in [0, 1, 0] {
            let preview = Preview { index, step: 1, steps: 4, image: image.clone() };
            assert_eq!(observer.preview(&preview), Flow::Continue);
        }
        begun.send(()).unwrap();
        goes.recv().unwrap();
        match observer.progress(&progress) {
            Flow::Stop => Err(Error::Cancelled),
            Flow::Continue => Ok(()),
        }
    };
    let job = worker.start(0, work).unwrap();
    begins.recv().unwrap();
    assert_eq!(job.progress(), Some(Progress { phase: Phase::Denoising, step: 1, steps: 4 }));
    assert_eq!(job.preview_number(), 3);
    let (first, second) = (job.preview(0).unwrap(), job.preview(1).unwrap());
    assert_eq!((first.number, second.number, first.step, first.steps), (3, 2, 1, 4));
    assert_eq!((first.image.width(), job.preview(2).is_none()), (2, true));
    job.cancel();
    go.send(()).unwrap();
    assert_eq!(job.wait(None), JobState::Cancelled);
    assert_eq!(job.preview_number(), 3, "what was seen stays");
}

#[test]
fn dropping_cancels_and_the_last_to_go_waits_for_the_thread() {
    let worker = Worker::new();
    let (work, begins, _go) = held();
    let job = worker.start(1, work).unwrap();
    begins.recv().unwrap();
    let ended = Arc::new(Mutex::new(false));
    let end = Arc::clone(&ended);
    let waiting = worker.start(1, move |_, _| {
        *end.lock().unwrap() = true;
        Ok(())
    });
    assert!(worker.has_work());
    let line = Arc::downgrade(&worker.line);
    drop(worker);
    drop(job);
    // Nothing cancels this one, so it is done although its queue is gone.
    let waiting = waiting.unwrap();
    assert_eq!(waiting.wait(None), JobState::Finished);
    assert!(*ended.lock().unwrap());
    drop(waiting);
    assert!(line.upgrade().is_none(), "the thread held the line until its end");
}

"""Drawing in the background."""

import asyncio
import time

import pytest
from conftest import DEMO

import libdiffusion
from libdiffusion import Cancelled, InvalidArgument, JobState, Phase

LONG = {"seed": 1, "steps": 1000}


def test_a_job_draws_what_generate_draws(pipeline, house):
    job = pipeline.start("a red house", seed=2, steps=3)
    assert job.wait() and job.done and job.poll() is JobState.FINISHED
    assert (job.result().image.array == house.image.array).all()
    assert job.result() is job.result(), "as often as one likes"
    assert job.progress.phase is Phase.DECODING and job.progress.step == job.progress.steps
    assert job.elapsed > 0 and job.error == "" and job.queue_position == 0
    assert repr(job) == "<Job FINISHED>" and job.preview() is None


def test_polling_cancelling_and_previews(pipeline):
    job = pipeline.start("a red house", previews="linear", **LONG)
    waiting = pipeline.start("a boat", seed=1, steps=1)
    while job.preview_number == 0:
        assert not job.wait(0.01)
    assert job.preview().array.shape[2] == 3 and job.progress.phase is Phase.DENOISING
    assert waiting.poll() is JobState.QUEUED and waiting.progress is None
    with pytest.raises(TimeoutError):
        job.result(timeout=0)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    assert job.poll() is JobState.CANCELLED
    assert waiting.result().image.width == 128, "the pipeline goes on with the next"


def test_errors_of_jobs(pipeline):
    with pytest.raises(InvalidArgument, match="strength"):
        pipeline.start("a house", strength=0.5)
    job = pipeline.start("a house", width=100)
    for _ in range(2):
        with pytest.raises(InvalidArgument, match="multiple") as caught:
            job.result()
    assert job.poll() is JobState.FAILED and job.error == str(caught.value)


def test_a_full_queue_is_busy():
    pipeline = libdiffusion.Pipeline(DEMO, job_queue=0)
    job = pipeline.start("a house", **LONG)
    with pytest.raises(libdiffusion.Busy):
        pipeline.start("a boat")
    del job  # cancels


def test_awaiting():
    async def draw():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        pipeline = await libdiffusion.Pipeline.start_open(DEMO)
        results = await asyncio.gather(*(pipeline.start("a house", seed=seed, steps=2) for seed in (1, 2)))
        assert [result.seed for result in results] == [1, 2] and ticks > 3

        long = pipeline.start("a house", **LONG)

        async def wait():
            return await long

        task = asyncio.create_task(wait())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert long.wait(60) and long.poll() is JobState.CANCELLED
        ticking.cancel()

    asyncio.run(draw())


def test_opening_that_fails():
    job = libdiffusion.Pipeline.start_open("no such folder")
    with pytest.raises(libdiffusion.Error, match="no such folder"):
        job.result()


def test_a_forgotten_job_is_cancelled(pipeline):
    job = pipeline.start("a house", **LONG)
    del job
    start = time.monotonic()
    pipeline.generate("a house", seed=1, steps=1)
    assert time.monotonic() - start < 30

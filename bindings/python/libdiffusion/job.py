"""Work that goes on while the program does something else."""

from __future__ import annotations

import asyncio
import ctypes
import threading
import time
from typing import Callable, Generic, TypeVar

from ._abi import JobState, Phase
from ._library import Handle, created, library, text
from .errors import known
from .image import Image
from .progress import Progress

Made = TypeVar("Made")

# How long one wait of a main thread lasts before it looks for Ctrl-C, and how long an awaiting one sleeps; seconds.
SLICE = 0.1
TICK = 0.01


class Job(Generic[Made]):
    """Work on a thread of the library: of Pipeline.start() and its sisters. It needs nothing of what started it.

        job = pipeline.start("a red house", seed=2)
        while not job.wait(0.1):
            print(job.progress)
        job.result().image.save("house.png")

    Or, in a coroutine: `result = await pipeline.start("a red house", seed=2)`; where the task is cancelled, so is the job.
    A job that nobody has any more is cancelled.
    """

    def __init__(self, handle: Handle, kind: str, make: Callable[[Handle], Made]):
        """For this package."""
        self._as_parameter_ = handle
        self._kind = kind
        self._make = make
        self._lock = threading.Lock()
        self._made: Made | None = None

    def poll(self) -> JobState:
        """Where it is on its way, without waiting."""
        return known(JobState, library().job_poll(self))

    @property
    def done(self) -> bool:
        """Whether it is finished, failed or cancelled."""
        return self.poll() in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it is done, or for `timeout` seconds; whether it is done. Ctrl-C ends the waiting, not the job."""
        lib = library()
        state = ctypes.c_int32()
        end = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            left = SLICE if end is None else min(SLICE, end - time.monotonic())
            if left <= 0:
                return False
            lib.job_wait(self, max(1, round(left * 1000)), ctypes.byref(state))
        return True

    def result(self, timeout: float | None = None) -> Made:
        """Waits, and gives what it made; raises what went wrong, Cancelled, or TimeoutError. As often as one likes."""
        if not self.wait(timeout):
            raise TimeoutError(f"the job is not done after {timeout} seconds")
        with self._lock:
            if self._made is None:
                self._made = self._make(created(self._kind, f"job_take_{self._kind}", self))
            return self._made

    def cancel(self) -> None:
        """Stops it as soon as can be, in the middle of a graph too. Any thread; never waits."""
        library().job_cancel(self)

    @property
    def progress(self) -> Progress | None:
        """How far it is; None before the first report. Previews are in preview()."""
        phase, step, steps = ctypes.c_int32(), ctypes.c_uint32(), ctypes.c_uint32()
        library().job_progress(self, ctypes.byref(phase), ctypes.byref(step), ctypes.byref(steps))
        return None if phase.value < 0 else Progress(known(Phase, phase.value), step.value, steps.value)

    @property
    def queue_position(self) -> int:
        """How many jobs of the pipeline come before it; 0 once it is next, runs, or is done."""
        return library().job_queue_position(self)

    @property
    def elapsed(self) -> float:
        """For how many seconds it has been running, or did."""
        return library().job_elapsed_milliseconds(self) / 1000

    @property
    def preview_number(self) -> int:
        """How many previews there were; where it is another number than last time, there is a new one."""
        return library().job_preview_number(self)

    def preview(self, index: int = 0) -> Image | None:
        """The newest preview of a picture, where the setting `previews` asks for them; None before the first."""
        if self.preview_number == 0:
            return None
        return Image._owned(created("image", "job_preview", self, index))

    @property
    def error(self) -> str:
        """Why it failed or was cancelled; empty for one that did not."""
        return text(library().job_error_message(self))

    async def _wait(self) -> Made:
        try:
            while not self.done:
                await asyncio.sleep(TICK)
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self.result()

    def __await__(self):
        return self._wait().__await__()

    def __repr__(self) -> str:
        state = self.poll()
        return f"<Job {getattr(state, 'name', state)}>"
